package filter_test

import (
	"fmt"
	"maps"
	"math/big"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/outdial/outdial/queue/filter"
)

// dialect is an engine that spells everything as a function, under the name of the
// template or of the type.
var dialect = filter.Dialect{
	Templates: templates(),
	Pattern:   filter.GlobPattern,
	Time:      func(at time.Time) any { return at.Format(time.RFC3339Nano) },
	Number:    func(number *big.Rat) any { return number.RatString() },
	Key:       func(key string) any { return "$." + key },
	List:      func(values []any) any { return values },
	LongList:  4,
}

func templates() map[string]string {
	spelled := map[string]string{
		"filter_matches":     "matches({{x}}, {{value}})",
		"filter_upper":       "upper({{x}})",
		"filter_replace":     "replace({{x}}, {{from}}, {{to}})",
		"filter_has_any":     "has_any({{x}}, {{member}}, {{value}})",
		"filter_has_all":     "has_all({{x}}, {{member}}, {{value}}, {{count}})",
		"filter_member":      "member",
		"filter_open":        "open({{end}}, {{condition}})",
		"filter_no_range":    "no_range({{low}}, {{high}})",
		"filter_join_text":   "JOIN texts {{alias}} ON {{number}}, {{x}}",
		"filter_join_number": "JOIN numbers {{alias}} ON {{number}}, {{x}}",
		"filter_joined":      "joined({{alias}})",
	}
	for _, kind := range filter.Types() {
		spelled[fmt.Sprintf("filter_column_%s", kind)] = fmt.Sprintf("%s(c.{{column}})", kind)
		spelled[fmt.Sprintf("filter_attribute_%s", kind)] = fmt.Sprintf("%s(c.attributes, {{key}})", kind)
		spelled[fmt.Sprintf("filter_value_%s", kind)] = fmt.Sprintf("%s({{value}})", kind)
		spelled[fmt.Sprintf("filter_empty_%s", kind)] = fmt.Sprintf("empty_%s({{x}})", kind)
		spelled[fmt.Sprintf("filter_in_%s", kind)] = fmt.Sprintf("in_%s({{x}}, {{value}})", kind)
	}
	return spelled
}

func TestDialectCheck(t *testing.T) {
	t.Parallel()

	t.Run("a dialect that has everything is fine", func(t *testing.T) {
		t.Parallel()

		require.NoError(t, dialect.Check())
	})
	for _, name := range filter.TemplateNames() {
		t.Run("a dialect without "+name+" is refused", func(t *testing.T) {
			t.Parallel()

			for _, absent := range []func(map[string]string){
				func(spelled map[string]string) { delete(spelled, name) },
				func(spelled map[string]string) { spelled[name] = " \n" },
			} {
				lacking := dialect
				lacking.Templates = maps.Clone(dialect.Templates)
				absent(lacking.Templates)
				require.EqualError(t, lacking.Check(), fmt.Sprintf("filter: no template %q", name))
			}
		})
	}
	for name, remove := range map[string]func(*filter.Dialect){
		"Pattern": func(d *filter.Dialect) { d.Pattern = nil },
		"Time":    func(d *filter.Dialect) { d.Time = nil },
		"Number":  func(d *filter.Dialect) { d.Number = nil },
		"Key":     func(d *filter.Dialect) { d.Key = nil },
		"List":    func(d *filter.Dialect) { d.List = nil },
	} {
		t.Run("a dialect without "+name+" is refused", func(t *testing.T) {
			t.Parallel()

			lacking := dialect
			remove(&lacking)
			require.EqualError(t, lacking.Check(), "filter: the dialect lacks a function")
		})
	}
	t.Run("the templates are named once each", func(t *testing.T) {
		t.Parallel()

		seen := map[string]bool{}
		for _, name := range filter.TemplateNames() {
			require.False(t, seen[name], name)
			seen[name] = true
			require.True(t, strings.HasPrefix(name, "filter_"), name)
		}
	})
}
