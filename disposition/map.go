package disposition

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/outdial/outdial"
	"github.com/outdial/outdial/dialer"
)

// ErrMap means that a Map cannot be built as asked.
var ErrMap = errors.New("disposition map")

// maxLabel is the longest code, alias or label, in bytes.
const maxLabel = 100

// MapConfig is what a host adds to the canonical map. The zero value adds nothing.
type MapConfig struct {
	// Rules are codes of the host's own. One of a canonical code may change its label,
	// and nothing else: what do_not_call means is not for a host to say.
	Rules []Rule
	// Aliases are a host's labels, each with the code, or another alias, that it stands
	// for. Labels are compared without regard to case and to surrounding space.
	Aliases map[string]string
}

// Map is the one table of what dispositions do. The zero value is the canonical map.
// A Map does not change once it is built and is safe for concurrent use.
type Map struct {
	rules   []Rule
	aliases map[string]Code
}

// NewMap builds a map and checks it: every code has an effect that exists, every alias
// ends at a code, none goes round in a circle, and none has two meanings. Errors match
// ErrMap.
func NewMap(cfg MapConfig) (Map, error) {
	m := Map{rules: slices.Clone(canonical), aliases: map[string]Code{}}
	for _, rule := range cfg.Rules {
		if err := m.add(rule); err != nil {
			return Map{}, err
		}
	}
	named := make(map[string]string, len(cfg.Aliases))
	for _, alias := range slices.Sorted(maps.Keys(cfg.Aliases)) {
		key := folded(alias)
		switch _, twice := named[key]; {
		case key == "" || len(alias) > maxLabel:
			return Map{}, fmt.Errorf("%w: alias %q is empty or longer than %d bytes", ErrMap, alias, maxLabel)
		case twice:
			return Map{}, fmt.Errorf("%w: alias %q stands there twice", ErrMap, alias)
		case m.find(Code(key)) >= 0:
			return Map{}, fmt.Errorf("%w: alias %q is a code", ErrMap, alias)
		}
		named[key] = folded(cfg.Aliases[alias])
	}
	for _, alias := range slices.Sorted(maps.Keys(named)) {
		code, err := m.follow(alias, named)
		if err != nil {
			return Map{}, err
		}
		m.aliases[alias] = code
	}
	return m, nil
}

func (m *Map) add(rule Rule) error {
	switch {
	case string(rule.Code) != folded(string(rule.Code)) || rule.Code == "" || len(rule.Code) > maxLabel || len(rule.Label) > maxLabel:
		return fmt.Errorf("%w: code %q must be lower case, and no longer than %d bytes", ErrMap, rule.Code, maxLabel)
	case slices.ContainsFunc(canonical, func(c Rule) bool { return c.Code == rule.Code }):
		at := m.find(rule.Code)
		label := rule.Label
		if rule.Label = ""; rule != (Rule{Code: rule.Code, Effect: m.rules[at].Effect}) && rule != (Rule{Code: rule.Code}) {
			return fmt.Errorf("%w: code %q is canonical, and only its label can be changed", ErrMap, rule.Code)
		}
		m.rules[at].Label = label
		return nil
	case m.find(rule.Code) >= 0:
		return fmt.Errorf("%w: code %q stands there twice", ErrMap, rule.Code)
	case !slices.Contains(Effects(), rule.Effect):
		return fmt.Errorf("%w: code %q has no effect that there is: %q", ErrMap, rule.Code, rule.Effect)
	case rule.CoolDown < 0, rule.Effect != EffectRetry && (rule.CoolDown != 0 || rule.Outcome != ""):
		return fmt.Errorf("%w: code %q: a retry alone has a cool-down and an outcome, and none is negative", ErrMap, rule.Code)
	}
	if rule.Label == "" {
		rule.Label = string(rule.Code)
	}
	m.rules = append(m.rules, rule)
	return nil
}

// follow returns the code that an alias ends at.
func (m *Map) follow(alias string, named map[string]string) (Code, error) {
	seen := []string{}
	for at := alias; ; at = named[at] {
		if i := m.find(Code(at)); i >= 0 {
			return m.rules[i].Code, nil
		}
		if slices.Contains(seen, at) {
			return "", fmt.Errorf("%w: alias %q goes round in a circle: %s", ErrMap, alias, strings.Join(append(seen, at), ", "))
		}
		seen = append(seen, at)
		if _, ok := named[at]; !ok {
			return "", fmt.Errorf("%w: alias %q ends at %q, which is no code", ErrMap, alias, at)
		}
	}
}

func folded(label string) string { return strings.ToLower(strings.TrimSpace(label)) }

// find returns where the rule of a code stands, or -1.
func (m Map) find(code Code) int {
	return slices.IndexFunc(m.all(), func(rule Rule) bool { return rule.Code == code })
}

func (m Map) all() []Rule {
	if m.rules == nil {
		return canonical
	}
	return m.rules
}

// Rules returns the rule of every code, canonical ones first, in the order of the
// table. An empty Outcome of a retry is filled in.
func (m Map) Rules() []Rule {
	rules := slices.Clone(m.all())
	for i := range rules {
		rules[i] = rules[i].filled()
	}
	return rules
}

func (r Rule) filled() Rule {
	if r.Effect == EffectRetry && r.Outcome == "" {
		r.Outcome = dialer.Outcome(r.Code)
	}
	return r
}

// Aliases returns the labels that stand for a code, sorted.
func (m Map) Aliases(code Code) []string {
	var labels []string
	for _, alias := range slices.Sorted(maps.Keys(m.aliases)) {
		if m.aliases[alias] == code {
			labels = append(labels, alias)
		}
	}
	return labels
}

// Resolve returns the rule that a label stands for: a code or an alias. An unknown
// label is an error matching outdial.ErrInvalid.
func (m Map) Resolve(label string) (Rule, error) {
	key := folded(label)
	code := Code(key)
	if alias, ok := m.aliases[key]; ok {
		code = alias
	}
	if at := m.find(code); at >= 0 {
		return m.all()[at].filled(), nil
	}
	return Rule{}, outdial.Invalid("disposition", "is not known")
}

// String returns the map as a table in Markdown.
func (m Map) String() string {
	var table strings.Builder
	table.WriteString("| code | button | effect | cool-down | aliases |\n|---|---|---|---|---|\n")
	for _, rule := range m.Rules() {
		coolDown := ""
		if rule.Effect == EffectRetry {
			coolDown = shortly(dialer.RetryPolicy{}.CoolDown(rule.Outcome, rule.CoolDown))
		}
		fmt.Fprintf(&table, "| `%s` | %s | %s | %s | %s |\n",
			rule.Code, rule.Label, rule.Effect, coolDown, strings.Join(m.Aliases(rule.Code), ", "))
	}
	return table.String()
}

// shortly is a duration without the units that are zero.
func shortly(d time.Duration) string {
	text := d.String()
	if strings.HasSuffix(text, "m0s") {
		text = strings.TrimSuffix(text, "0s")
	}
	if strings.HasSuffix(text, "h0m") {
		text = strings.TrimSuffix(text, "0m")
	}
	return text
}
