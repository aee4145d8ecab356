package filter_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/outdial/outdial/queue/filter"
)

func TestParse(t *testing.T) {
	t.Parallel()

	contains := filter.Text("first_name").Contains
	tests := []struct {
		name string
		json string
		want filter.Expr
	}{
		{"nothing matches everybody", "", nil},
		{"blanks match everybody", " \t\r\n", nil},
		{"null matches everybody", "null", nil},
		{"the empty object matches everybody", "{}", nil},
		{"a member of the older form that is null is as if it were not there", `{"first_name_contains": null}`, nil},
		{"an empty text in the older form matches everybody", `{"first_name_contains": ""}`, nil},

		{"the older form is a condition", `{"first_name_contains": "B"}`, contains("B")},
		{"blanks around a text do not matter", "\n { \"first_name_contains\" : \"B\" } \t", contains("B")},
		{"blanks inside it do", `{"first_name_contains": " B "}`, contains(" B ")},
		{"escapes are read", `{"first_name_contains": "\u00c9\"\\\n"}`, contains("É\"\\\n")},
		{"a character beyond 16 bits is read", `{"first_name_contains": "\ud83d\ude00"}`, contains("😀")},
		{"characters beyond 16 bits follow one another", `{"first_name_contains": "\uD83D\uDE00\ud83d\ude00"}`, contains("😀😀")},
		{"what looks like an escape is none behind a backslash", `{"first_name_contains": "\\ud83d"}`, contains(`\ud83d`)},
		{"a replacement character that was meant is read", `{"first_name_contains": "\ufffd"}`, contains("\ufffd")},
		{"a text that looks like an object is a text", `{"first_name_contains": "{\"first_name_contains\": 1}"}`, contains(`{"first_name_contains": 1}`)},
		{"percent signs, underscores and quotes stay", `{"first_name_contains": "%_'"}`, contains("%_'")},
		{"256 bytes are read", `{"first_name_contains": "` + strings.Repeat("B", 256) + `"}`, contains(strings.Repeat("B", 256))},

		{"a condition is the older form written out", `{"field": "first_name", "operator": "contains", "value": "B"}`, contains("B")},
		{"its members may come in any order", `{"value": "B", "operator": "contains", "field": "first_name"}`, contains("B")},
		{"names may have escapes", `{"\u0066ield": "first_n\u0061me", "operator": "cont\u0061ins", "value": "B"}`, contains("B")},
		{"an operator may be a sign", `{"field": "staff_count", "operator": ">=", "value": 5}`, filter.Int("staff_count").AtLeast(5)},
		{"nothing stands beside is_empty", `{"field": "timezone", "operator": "is_empty"}`, filter.Text("timezone").IsEmpty()},
		{"null beside it is nothing", `{"field": "timezone", "operator": "is_empty", "value": null}`, filter.Text("timezone").IsEmpty()},
		{"a truth value is read", `{"field": "is_valid", "operator": "equals", "value": false}`, filter.Bool("is_valid").Equals(false)},
		{"a list is read", `{"field": "region", "operator": "in", "value": ["LA", "TX"]}`, filter.Text("region").In("LA", "TX")},
		{"a list keeps its order and what is there twice", `{"field": "region", "operator": "in", "value": ["b", "a", "b"]}`, filter.Text("region").In("b", "a", "b")},
		{"two values are a list", `{"field": "staff_count", "operator": "between", "value": [50, 500]}`, filter.Int("staff_count").Between(50, 500)},
		{"days are a number", `{"field": "created_at", "operator": "within_last_days", "value": 30}`, filter.Time("created_at").WithinLastDays(30)},
		{"a field need not exist yet", `{"field": "shoe_size", "operator": "equals", "value": "x"}`, filter.Text("shoe_size").Equals("x")},
		{"nor need a value be of its type", `{"field": "is_valid", "operator": "contains", "value": "x"}`, filter.Text("is_valid").Contains("x")},
		{"a replacement character in a list is read", `{"field": "region", "operator": "in", "value": ["\ufffd", "�"]}`, filter.Text("region").In("\ufffd", "\ufffd")},

		{"a number keeps its digits", number("score", "1.0"), filter.Decimal("score").Equals("1.0")},
		{"minus zero stays what it is", number("score", "-0"), filter.Decimal("score").Equals("-0")},
		{"a number may be beyond all bounds until it is used", number("score", "1e999999999"), filter.Decimal("score").Equals("1e999999999")},
		{"more digits than any number has are read", number("score", manyNines), filter.Decimal("score").Equals(manyNines)},

		{
			"a group is read", `{"logic": "AND", "conditions": [{"field": "first_name", "operator": "contains", "value": "B"}]}`,
			filter.And(contains("B")),
		},
		{
			"so are alternatives", `{"conditions": [{"field": "region", "operator": "is_empty"}, {"field": "company", "operator": "is_empty"}], "logic": "OR"}`,
			filter.Or(filter.Text("region").IsEmpty(), filter.Text("company").IsEmpty()),
		},
		{
			"a NOT has one condition", `{"logic": "NOT", "conditions": [{"field": "region", "operator": "is_empty"}]}`,
			filter.Not(filter.Text("region").IsEmpty()),
		},
		{
			"groups stand inside each other", `{"logic": "AND", "conditions": [
				{"field": "first_name", "operator": "contains", "value": "B"},
				{"logic": "NOT", "conditions": [{"logic": "OR", "conditions": [{"field": "timezone", "operator": "is_empty"}]}]}]}`,
			filter.And(contains("B"), filter.Not(filter.Or(filter.Text("timezone").IsEmpty()))),
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()

			expr, err := filter.Parse([]byte(test.json))
			require.NoError(t, err)
			require.Equal(t, test.want, expr)
		})
	}

	t.Run("20 groups inside each other are read", func(t *testing.T) {
		t.Parallel()

		for _, logic := range []string{"AND", "OR", "NOT"} {
			require.NoError(t, filter.Check(parse(t, nestedGroups(20, logic)), nil))
		}
	})
	t.Run("100,000 values are read", func(t *testing.T) {
		t.Parallel()

		expr := parse(t, `{"field": "region", "operator": "in", "value": [`+strings.Repeat(`"x",`, 99_999)+`"x"]}`)
		require.NoError(t, filter.Check(expr, nil))
	})
	t.Run("500 conditions are read", func(t *testing.T) {
		t.Parallel()

		require.NoError(t, filter.Check(parse(t, groupOf(500, emptyRegion)), nil))
	})
}

const emptyRegion = `{"field": "region", "operator": "is_empty"}`

var manyNines = json.Number(strings.Repeat("9", 1000))

// number is a condition on a number, spelled as it is.
func number(field string, spelled json.Number) string {
	return fmt.Sprintf(`{"field": %q, "operator": "equals", "value": %s}`, field, spelled)
}

func groupOf(n int, condition string) string {
	return `{"logic": "AND", "conditions": [` + strings.Repeat(condition+",", n-1) + condition + `]}`
}

// nestedGroups is a condition below so many groups.
func nestedGroups(depth int, logic string) string {
	return strings.Repeat(`{"logic": "`+logic+`", "conditions": [`, depth) + emptyRegion + strings.Repeat(`]}`, depth)
}

func TestBuilderSaysWhatJSONSays(t *testing.T) {
	t.Parallel()

	tests := []struct {
		json string
		expr filter.Expr
	}{
		{
			`{"logic":"AND","conditions":[{"field":"first_name","operator":"contains","value":"B"},{"field":"staff_count","operator":"between","value":[50,500]}]}`,
			filter.And(filter.Text("first_name").Contains("B"), filter.Int("staff_count").Between(50, 500)),
		},
		{
			`{"logic":"OR","conditions":[{"field":"region","operator":"in","value":["LA","TX"]},{"logic":"NOT","conditions":[{"field":"timezone","operator":"is_empty"}]}]}`,
			filter.Or(filter.Text("region").In("LA", "TX"), filter.Not(filter.Text("timezone").IsEmpty())),
		},
		{`{"first_name_contains":"B"}`, filter.Text("first_name").Contains("B")},
		{`{"field":"x","operator":"contains","value":"B"}`, filter.Text("x").Contains("B")},
		{`{"field":"x","operator":"not_contains","value":"B"}`, filter.Text("x").NotContains("B")},
		{`{"field":"x","operator":"equals","value":"B"}`, filter.Text("x").Equals("B")},
		{`{"field":"x","operator":"not_equals","value":"B"}`, filter.Text("x").NotEquals("B")},
		{`{"field":"x","operator":"starts_with","value":"B"}`, filter.Text("x").StartsWith("B")},
		{`{"field":"x","operator":"ends_with","value":"B"}`, filter.Text("x").EndsWith("B")},
		{`{"field":"x","operator":"in","value":["a","b"]}`, filter.Text("x").In("a", "b")},
		{`{"field":"x","operator":"not_in","value":["a"]}`, filter.Text("x").NotIn("a")},
		{`{"field":"x","operator":"is_empty"}`, filter.Text("x").IsEmpty()},
		{`{"field":"x","operator":"is_not_empty"}`, filter.List("x").IsNotEmpty()},
		{`{"field":"x","operator":"equals","value":"a"}`, filter.Enum("x").Equals("a")},
		{`{"field":"x","operator":"not_equals","value":"a"}`, filter.Enum("x").NotEquals("a")},
		{`{"field":"x","operator":"in","value":["a","b"]}`, filter.Enum("x").In("a", "b")},
		{`{"field":"x","operator":"not_in","value":["a","b"]}`, filter.Enum("x").NotIn("a", "b")},
		{`{"field":"x","operator":"equals","value":-5}`, filter.Int("x").Equals(-5)},
		{`{"field":"x","operator":"not_equals","value":5}`, filter.Int("x").NotEquals(5)},
		{`{"field":"x","operator":"in","value":[1,2]}`, filter.Int("x").In(1, 2)},
		{`{"field":"x","operator":"not_in","value":[1]}`, filter.Int("x").NotIn(1)},
		{`{"field":"x","operator":"between","value":[1,2]}`, filter.Int("x").Between(1, 2)},
		{`{"field":"x","operator":">","value":5}`, filter.Int("x").Greater(5)},
		{`{"field":"x","operator":">=","value":5}`, filter.Int("x").AtLeast(5)},
		{`{"field":"x","operator":"<","value":5}`, filter.Int("x").Less(5)},
		{`{"field":"x","operator":"<=","value":5}`, filter.Int("x").AtMost(5)},
		{`{"field":"x","operator":"equals","value":1.50}`, filter.Decimal("x").Equals("1.50")},
		{`{"field":"x","operator":"not_equals","value":1e3}`, filter.Decimal("x").NotEquals("1e3")},
		{`{"field":"x","operator":"in","value":[1.5,2]}`, filter.Decimal("x").In("1.5", "2")},
		{`{"field":"x","operator":"not_in","value":[1.5]}`, filter.Decimal("x").NotIn("1.5")},
		{`{"field":"x","operator":"between","value":[-1.5,2]}`, filter.Decimal("x").Between("-1.5", "2")},
		{`{"field":"x","operator":">","value":1.5}`, filter.Decimal("x").Greater("1.5")},
		{`{"field":"x","operator":">=","value":1.5}`, filter.Decimal("x").AtLeast("1.5")},
		{`{"field":"x","operator":"<","value":1.5}`, filter.Decimal("x").Less("1.5")},
		{`{"field":"x","operator":"<=","value":1.5}`, filter.Decimal("x").AtMost("1.5")},
		{`{"field":"x","operator":"equals","value":true}`, filter.Bool("x").Equals(true)},
		{`{"field":"x","operator":"not_equals","value":false}`, filter.Bool("x").NotEquals(false)},
		{`{"field":"x","operator":"before","value":"2026-11-02T15:04:05Z"}`, filter.Time("x").Before(now)},
		{`{"field":"x","operator":"after","value":"2026-11-02T15:04:05.5Z"}`, filter.Time("x").After(instant("2026-11-02T10:04:05.5-05:00"))},
		{`{"field":"x","operator":">=","value":"2026-11-02T15:04:05Z"}`, filter.Time("x").AtLeast(now)},
		{`{"field":"x","operator":"<=","value":"2026-11-02T15:04:05Z"}`, filter.Time("x").AtMost(now)},
		{`{"field":"x","operator":"between","value":["2026-11-02T15:04:05Z","2026-11-02T15:04:05Z"]}`, filter.Time("x").Between(now, now)},
		{`{"field":"x","operator":"within_last_days","value":30}`, filter.Time("x").WithinLastDays(30)},
		{`{"field":"x","operator":"equals","value":"` + ann.String() + `"}`, filter.UUID("x").Equals(ann)},
		{`{"field":"x","operator":"not_equals","value":"` + ann.String() + `"}`, filter.UUID("x").NotEquals(ann)},
		{`{"field":"x","operator":"in","value":["` + ann.String() + `"]}`, filter.UUID("x").In(ann)},
		{`{"field":"x","operator":"not_in","value":["` + ann.String() + `"]}`, filter.UUID("x").NotIn(ann)},
		{`{"field":"x","operator":"any_of","value":["a","b"]}`, filter.List("x").AnyOf("a", "b")},
		{`{"field":"x","operator":"all_of","value":["a","b"]}`, filter.List("x").AllOf("a", "b")},
		{`{"field":"x","operator":"none_of","value":["a","b"]}`, filter.List("x").NoneOf("a", "b")},
	}
	for _, test := range tests {
		t.Run(test.json, func(t *testing.T) {
			t.Parallel()

			require.Equal(t, test.expr, parse(t, test.json))
			require.Equal(t, test.json, string(filter.Describe(test.expr)))
		})
	}
}
