package disposition

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

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
	for i, rule := range cfg.Rules {
		if slices.ContainsFunc(cfg.Rules[:i], func(other Rule) bool { return other.Code == rule.Code }) {
			return Map{}, fmt.Errorf("%w: code %q stands there twice", ErrMap, rule.Code)
		}
		var err error
		if m.rules, err = add(m.rules, rule); err != nil {
			return Map{}, err
		}
	}
	named := make(map[string]string, len(cfg.Aliases))
	for _, alias := range slices.Sorted(maps.Keys(cfg.Aliases)) {
		key := folded(alias)
		switch _, twice := named[key]; {
		case key == "" || !printable(alias):
			return Map{}, fmt.Errorf("%w: alias %q is empty, longer than %d bytes or not one line of text", ErrMap, alias, maxLabel)
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

// add appends a host's rule to the rules, or gives a canonical one its label.
func add(rules []Rule, rule Rule) ([]Rule, error) {
	at := slices.IndexFunc(rules, func(known Rule) bool { return known.Code == rule.Code })
	switch {
	case rule.Code == "" || string(rule.Code) != folded(string(rule.Code)) || !printable(string(rule.Code)):
		return nil, fmt.Errorf("%w: code %q must be one line of lower case text, and no longer than %d bytes", ErrMap, rule.Code, maxLabel)
	case !printable(rule.Label) || !printable(string(rule.Outcome)):
		return nil, fmt.Errorf("%w: code %q: its label and its outcome must be one line of text, and no longer than %d bytes", ErrMap, rule.Code, maxLabel)
	case at >= 0:
		known := &rules[at]
		label := cmp.Or(rule.Label, known.Label)
		rule.Label = known.Label
		if rule != (Rule{Code: rule.Code, Label: known.Label}) && rule.filled() != known.filled() {
			return nil, fmt.Errorf("%w: code %q is canonical, and only its label can be changed", ErrMap, rule.Code)
		}
		known.Label = label
		return rules, nil
	case !slices.Contains(Effects(), rule.Effect):
		return nil, fmt.Errorf("%w: code %q has no effect that there is: %q", ErrMap, rule.Code, rule.Effect)
	case rule.Effect != EffectRetry && (rule.CoolDown != 0 || rule.Outcome != ""):
		return nil, fmt.Errorf("%w: code %q: a retry alone has a cool-down and an outcome", ErrMap, rule.Code)
	case rule.CoolDown < 0 || rule.CoolDown > maxCoolDown:
		return nil, fmt.Errorf("%w: code %q: its cool-down must be from none to a year", ErrMap, rule.Code)
	case rule.Effect == EffectRetry && !triedAgain(rule.filled().Outcome):
		return nil, fmt.Errorf("%w: code %q: no contact is tried again after the outcome %q", ErrMap, rule.Code, rule.filled().Outcome)
	}
	rule.Label = cmp.Or(rule.Label, string(rule.Code))
	return append(rules, rule), nil
}

// triedAgain says whether an outcome may be that of a retry: one after which a call
// that was placed is tried again, or one that is not in dialer's table.
func triedAgain(outcome dialer.Outcome) bool {
	for _, rule := range dialer.Rules() {
		if rule.Outcome == outcome {
			return rule.State == dialer.StateQueued && rule.Counts
		}
	}
	return true
}

// follow returns the code that an alias ends at.
func (m Map) follow(alias string, named map[string]string) (Code, error) {
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

// printable says whether a code or a label is short enough, and text that a database and
// a line of a table take.
func printable(label string) bool {
	return len(label) <= maxLabel && utf8.ValidString(label) && !strings.ContainsFunc(label, unicode.IsControl)
}

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
		fmt.Fprintf(&table, "| `%s` | %s | %s | %s | %s |\n", inCell(string(rule.Code)), inCell(rule.Label),
			rule.Effect, coolDown, inCell(strings.Join(m.Aliases(rule.Code), ", ")))
	}
	return table.String()
}

// inCell keeps what it is given in one cell of the table.
func inCell(text string) string { return strings.ReplaceAll(text, "|", `\|`) }

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
