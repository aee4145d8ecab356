package filter

import (
	"errors"
	"fmt"
	"math/big"
	"slices"
	"strings"
	"time"
)

// Dialect says how an engine spells what engines spell differently.
type Dialect struct {
	// Templates are pieces of SQL by name, with words such as {{x}} to be filled in.
	// TemplateNames lists those that there must be.
	Templates map[string]string
	// Pattern is what the template filter_matches compares with: RegexPattern or
	// GlobPattern.
	Pattern func(text string, place Place) string
	// Time, Number, Key and List are what the engine's driver takes for a time, a
	// number, a key of the attributes, and a list of strings or of what Number
	// returns.
	Time   func(time.Time) any
	Number func(*big.Rat) any
	Key    func(string) any
	List   func([]any) any
	// LongList is how many values a list may have before it is joined from a table.
	// Zero joins none, for engines that make such a table themselves of a list that
	// is bound.
	LongList int
}

// The templates that do not depend on a type.
const (
	// templateMatches: {{x}} matches the pattern {{value}}.
	templateMatches = "filter_matches"
	// templateUpper: {{x}} with its ASCII letters as capitals.
	templateUpper = "filter_upper"
	// templateReplace: {{x}} with the letter {{from}} as {{to}}.
	templateReplace = "filter_replace"
	// templateHasAny: the list {{x}} has a text that, as {{member}}, is one of
	// {{value}}; templateHasAll: it has all {{count}} of them; templateMember is such a
	// text.
	templateHasAny = "filter_has_any"
	templateHasAll = "filter_has_all"
	templateMember = "filter_member"
	// templateOpen: there is no {{end}}, or {{condition}}.
	templateOpen = "filter_open"
	// templateNoRange: there is neither {{low}} nor {{high}}.
	templateNoRange = "filter_no_range"
	// templateTextJoin and templateNumberJoin join {{x}} with the list {{number}} as
	// {{alias}}, which templateJoined says was found.
	templateTextJoin   = "filter_join_text"
	templateNumberJoin = "filter_join_number"
	templateJoined     = "filter_joined"
)

// The templates that a type has of its own.
func columnTemplate(t Type) string    { return "filter_column_" + string(t) }
func attributeTemplate(t Type) string { return "filter_attribute_" + string(t) }
func emptyTemplate(t Type) string     { return "filter_empty_" + string(t) }
func valueTemplate(t Type) string     { return "filter_value_" + string(t) }
func inTemplate(t Type) string        { return "filter_in_" + string(t) }

// TemplateNames lists the templates of a Dialect. For each type there are the
// column {{column}} and the attribute {{key}} as values of the type, whether {{x}}
// is empty, and {{value}} as a value to compare with; for those that have the
// operator, whether {{x}} is in the list {{value}}. Those with join in their names are
// for dialects with a LongList.
func TemplateNames() []string {
	names := []string{
		templateMatches, templateUpper, templateReplace, templateHasAny, templateHasAll, templateMember, templateOpen,
		templateNoRange, templateTextJoin, templateNumberJoin, templateJoined,
	}
	for _, t := range Types() {
		names = append(names, columnTemplate(t), attributeTemplate(t), emptyTemplate(t))
		if t != TypeList {
			names = append(names, valueTemplate(t))
		}
		if slices.Contains(listable, t) {
			names = append(names, inTemplate(t))
		}
	}
	return names
}

// Check returns an error when the dialect lacks something, so that an engine can
// refuse to start instead of failing at the first filter that needs it.
func (d Dialect) Check() error {
	for _, name := range TemplateNames() {
		joins := name == templateTextJoin || name == templateNumberJoin || name == templateJoined
		if strings.TrimSpace(d.Templates[name]) == "" && (d.LongList > 0 || !joins) {
			return fmt.Errorf("filter: no template %q", name)
		}
	}
	if d.Pattern == nil || d.Time == nil || d.Number == nil || d.Key == nil || d.List == nil {
		return errors.New("filter: the dialect lacks a function")
	}
	return nil
}
