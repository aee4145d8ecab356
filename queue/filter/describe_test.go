package filter_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/outdial/outdial/queue/filter"
)

func TestDescribe(t *testing.T) {
	t.Parallel()

	first := filter.Text("first_name").Contains
	tests := []struct {
		name string
		expr filter.Expr
		want string
	}{
		{"no filter is null", nil, `null`},
		{"what the older form can say is said in it", first("B"), `{"first_name_contains":"B"}`},
		{"but not in a group", filter.And(first("B")), `{"logic":"AND","conditions":[{"field":"first_name","operator":"contains","value":"B"}]}`},
		{"nor below a NOT", filter.Not(first("B")), `{"logic":"NOT","conditions":[{"field":"first_name","operator":"contains","value":"B"}]}`},
		{"names read as they were given", first(`<É&'"\>`), `{"first_name_contains":"<É&'\"\\>"}`},
		{"numbers keep their digits", filter.Decimal("score").In("1.0", "-0", "1E5"), `{"field":"score","operator":"in","value":[1.0,-0,1E5]}`},
		{"what takes nothing has no value", filter.List("tags").IsEmpty(), `{"field":"tags","operator":"is_empty"}`},
		{"false is a value", filter.Bool("is_valid").Equals(false), `{"field":"is_valid","operator":"equals","value":false}`},
		{"operators that are signs stay signs", filter.Int("x").AtMost(0), `{"field":"x","operator":"<=","value":0}`},

		{"what cannot be said is no filter", filter.Not(nil), `null`},
		{"nor is a group with such a thing in it", filter.And(first("B"), nil), `null`},
		{"nor a condition without its value", filter.Condition{Field: "x", Operator: filter.Equals}, `null`},
		{"nor one with a value that JSON does not have", filter.Decimal("x").Equals("NaN"), `null`},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()

			require.Equal(t, test.want, string(filter.Describe(test.expr)))
			if test.want == "null" && test.expr != nil {
				require.Error(t, filter.Check(test.expr, host), "it never gets as far as a fingerprint")
			}
		})
	}

	t.Run("equal filters are described byte for byte alike", func(t *testing.T) {
		t.Parallel()

		for _, same := range [][]string{
			{`{"first_name_contains":"\u0042<"}`, ` { "first_name_contains" : "B<" } `, `{"value":"B<","field":"first_name","operator":"contains"}`},
			{`{"logic":"NOT","conditions":[` + emptyRegion + `]}`, `{"conditions":[{"operator":"is_empty","value":null,"field":"region"}],"logic":"NOT"}`},
			{``, `null`, `{}`, `{"first_name_contains":""}`},
		} {
			for _, text := range same {
				require.Equal(t, string(filter.Describe(parse(t, same[0]))), string(filter.Describe(parse(t, text))))
			}
		}
	})
	t.Run("changing what Describe returned changes no filter", func(t *testing.T) {
		t.Parallel()

		expr := filter.Text("region").In("LA")
		described := filter.Describe(expr)
		clear(described)
		require.Equal(t, `{"field":"region","operator":"in","value":["LA"]}`, string(filter.Describe(expr)))
	})
}

func TestDescribeAndParseAreInverse(t *testing.T) {
	t.Parallel()

	requireStable := func(t require.TestingT, expr filter.Expr) {
		described := filter.Describe(expr)
		again := parse(t, string(described))
		require.Equal(t, expr, again)
		require.Equal(t, string(described), string(filter.Describe(again)))
	}
	t.Run("for expressions of every kind", func(t *testing.T) {
		t.Parallel()

		rapid.Check(t, func(t *rapid.T) {
			expr := expression(4).Draw(t, "expr")
			require.NoError(t, filter.Check(expr, host))
			requireStable(t, expr)
		})
	})
	t.Run("for any text", func(t *testing.T) {
		t.Parallel()

		rapid.Check(t, func(t *rapid.T) {
			requireStable(t, filter.Text("first_name").Contains(text().Draw(t, "value")))
			requireStable(t, filter.Text("region").In(rapid.SliceOfN(text(), 1, 5).Draw(t, "values")...))
		})
	})
	t.Run("for any number that JSON has", func(t *testing.T) {
		t.Parallel()

		rapid.Check(t, func(t *rapid.T) {
			digits := rapid.StringMatching(`-?(0|[1-9][0-9]{0,20})(\.[0-9]{1,20})?([eE][+-]?[0-9]{1,4})?`).Draw(t, "number")
			requireStable(t, filter.Decimal("score").Equals(json.Number(digits)))
		})
	})
	t.Run("for as many groups as Check allows", func(t *testing.T) {
		t.Parallel()

		negated := filter.Not(filter.Text("region").IsEmpty())
		expr := filter.And(slices.Repeat([]filter.Expr{negated}, filter.MaxConditions-1)...)
		require.NoError(t, filter.Check(expr, nil))
		requireStable(t, expr)
		requireRefused(t, filter.And(expr, negated), nil, "filters", "has more than 500 groups")
	})
	t.Run("for as many values as Check allows", func(t *testing.T) {
		t.Parallel()

		expr := filter.And(
			filter.Text("region").In(slices.Repeat([]string{"x"}, filter.MaxValues-2)...),
			filter.Time("created_at").Between(now, now),
		)
		require.NoError(t, filter.Check(expr, nil))
		requireStable(t, expr)
		requireRefused(t, filter.And(expr, filter.Text("region").In("y")), nil,
			"filters.region", "has more than 100000 values, with those of the other lists")
	})
}

func TestExpressionsAreValues(t *testing.T) {
	t.Parallel()

	// Were a pointer taken for an expression, it would have the fingerprint of no
	// filter, since Describe knows the three kinds alone.
	condition := filter.Condition{Field: "region", Operator: filter.IsEmpty}
	var nothing *filter.Group
	for name, expr := range map[string]filter.Expr{
		"a condition": &condition,
		"a group":     &filter.Group{Logic: filter.LogicAnd, Conditions: []filter.Expr{condition}},
		"a negation":  &filter.Negation{Expr: condition},
		"nothing":     nothing,
	} {
		t.Run("a pointer to "+name+" is refused", func(t *testing.T) {
			t.Parallel()

			require.NotPanics(t, func() {
				const problem = "contains something that is no Condition, Group or Negation"
				requireRefused(t, expr, nil, "filters.conditions", problem)
				requireRefused(t, filter.Not(expr), nil, "filters.conditions", problem)
				requireRefused(t, filter.Or(condition, expr), nil, "filters.conditions", problem)
			})
		})
	}
}

func TestSummarize(t *testing.T) {
	t.Parallel()

	numbers := func(n int) []int64 {
		list := make([]int64, n)
		for i := range list {
			list[i] = int64(i)
		}
		return list
	}
	staff := filter.Int("staff_count")
	t.Run("what can be read is as Describe has it", func(t *testing.T) {
		t.Parallel()

		rapid.Check(t, func(t *rapid.T) {
			expr := expression(4).Draw(t, "expr")
			require.Equal(t, string(filter.Describe(expr)), string(filter.Summarize(expr)))
		})
		require.Equal(t, "null", string(filter.Summarize(nil)))
		require.Equal(t, string(filter.Describe(staff.In(numbers(100)...))), string(filter.Summarize(staff.In(numbers(100)...))))
	})
	t.Run("a longer list is its length and what tells it from others", func(t *testing.T) {
		t.Parallel()

		summary := string(filter.Summarize(staff.In(numbers(101)...)))
		require.Regexp(t, `^\{"field":"staff_count","operator":"in","values":101,"sha256":"[0-9a-f]{16}"\}$`, summary)
		require.Equal(t, summary, string(filter.Summarize(staff.In(numbers(101)...))), "equal lists have one summary")

		other := numbers(101)
		other[50]++
		require.NotEqual(t, summary, string(filter.Summarize(staff.In(other...))), "another value is another list")
		slices.Reverse(other)
		require.NotEqual(t, summary, string(filter.Summarize(staff.In(other...))), "another order is another list")
	})
	t.Run("what stands around a long list stays", func(t *testing.T) {
		t.Parallel()

		expr := filter.And(filter.Text("first_name").Contains("B"), filter.Not(staff.NotIn(numbers(100_000)...)))
		summary := string(filter.Summarize(expr))
		require.True(t, strings.HasPrefix(summary, `{"logic":"AND","conditions":[{"field":"first_name","operator":"contains","value":"B"},`+
			`{"logic":"NOT","conditions":[{"field":"staff_count","operator":"not_in","values":100000,"sha256":"`), summary)
		require.Less(t, len(summary), 300)
	})
	t.Run("no value of a long list is in it", func(t *testing.T) {
		t.Parallel()

		secrets := make([]string, 101)
		for i := range secrets {
			secrets[i] = fmt.Sprintf("+1504621%04d", i)
		}
		require.NotContains(t, string(filter.Summarize(filter.Text("phone").In(secrets...))), "+1504621")
	})
}
