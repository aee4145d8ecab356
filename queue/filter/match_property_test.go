package filter_test

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/outdial/outdial/queue/filter"
)

// The laws hold for every expression and every row.
func TestMatchKeepsTheLawsOfLogic(t *testing.T) {
	t.Parallel()

	laws := map[string]func(t *rapid.T, same func(a, b filter.Expr)){
		"NOT is the complement": func(t *rapid.T, same func(a, b filter.Expr)) {
			expr := expression(3).Draw(t, "expr")
			same(filter.Not(filter.Not(expr)), expr)
		},
		"NOT goes into an AND as an OR": func(t *rapid.T, same func(a, b filter.Expr)) {
			a, b := expression(3).Draw(t, "a"), expression(3).Draw(t, "b")
			same(filter.Not(filter.And(a, b)), filter.Or(filter.Not(a), filter.Not(b)))
		},
		"NOT goes into an OR as an AND": func(t *rapid.T, same func(a, b filter.Expr)) {
			a, b := expression(3).Draw(t, "a"), expression(3).Draw(t, "b")
			same(filter.Not(filter.Or(a, b)), filter.And(filter.Not(a), filter.Not(b)))
		},
		"an operator that says not is the NOT of the other": func(t *rapid.T, same func(a, b filter.Expr)) {
			field := anyField(t)
			for negative, positive := range map[filter.Operator]filter.Operator{
				filter.NotEquals: filter.Equals, filter.NotContains: filter.Contains, filter.NotIn: filter.In,
				filter.NoneOf: filter.AnyOf, filter.IsNotEmpty: filter.IsEmpty,
			} {
				if slices.Contains(field.Operators(), negative) {
					expr := drawCondition(t, field, negative)
					same(expr, filter.Not(filter.Condition{Field: expr.Field, Operator: positive, Values: expr.Values}))
				}
			}
		},
		"in is an OR of equals": func(t *rapid.T, same func(a, b filter.Expr)) {
			field := anyField(t)
			if slices.Contains(field.Operators(), filter.In) {
				expr := drawCondition(t, field, filter.In)
				same(expr, filter.Or(one(expr, filter.Equals)...))
			}
		},
		"all of them is an AND of each": func(t *rapid.T, same func(a, b filter.Expr)) {
			field, _ := host.Lookup("tags")
			expr := drawCondition(t, field, filter.AllOf)
			same(expr, filter.And(one(expr, filter.AnyOf)...))
		},
		"any of them is an OR of each": func(t *rapid.T, same func(a, b filter.Expr)) {
			field, _ := host.Lookup("topics")
			expr := drawCondition(t, field, filter.AnyOf)
			same(expr, filter.Or(one(expr, filter.AllOf)...))
		},
		"between is at least and at most": func(t *rapid.T, same func(a, b filter.Expr)) {
			field := anyField(t)
			if slices.Contains(field.Operators(), filter.Between) {
				expr := drawCondition(t, field, filter.Between)
				same(expr, filter.And(
					filter.Condition{Field: expr.Field, Operator: filter.AtLeast, Values: expr.Values[:1]},
					filter.Condition{Field: expr.Field, Operator: filter.AtMost, Values: expr.Values[1:]}))
			}
		},
		"at least is what is not less, and not empty": func(t *rapid.T, same func(a, b filter.Expr)) {
			field := anyField(t)
			if slices.Contains(field.Operators(), filter.Less) && !field.IsRange() {
				expr := drawCondition(t, field, filter.Less)
				same(filter.And(filter.Not(expr), filter.Condition{Field: field.Name, Operator: filter.IsNotEmpty}),
					filter.Condition{Field: field.Name, Operator: filter.AtLeast, Values: expr.Values})
			}
		},
		"before is less, after is greater": func(t *rapid.T, same func(a, b filter.Expr)) {
			field, _ := host.Lookup(rapid.SampledFrom([]string{"created_at", "signed_at", "contract", "renewed"}).Draw(t, "field"))
			expr := drawCondition(t, field, filter.Before)
			same(expr, filter.Condition{Field: expr.Field, Operator: filter.Less, Values: expr.Values})
			expr.Operator = filter.After
			same(expr, filter.Condition{Field: expr.Field, Operator: filter.Greater, Values: expr.Values})
		},
	}
	for name, law := range laws {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			rapid.Check(t, func(t *rapid.T) {
				drawn := row().Draw(t, "row")
				law(t, func(a, b filter.Expr) {
					require.Equal(t, matches(t, a, drawn), matches(t, b, drawn), "%s and %s", filter.Describe(a), filter.Describe(b))
				})
			})
		})
	}

	t.Run("a row matches an expression or its NOT, never both", func(t *testing.T) {
		t.Parallel()

		rapid.Check(t, func(t *rapid.T) {
			expr, drawn := expression(4).Draw(t, "expr"), row().Draw(t, "row")
			require.NotEqual(t, matches(t, expr, drawn), matches(t, filter.Not(expr), drawn))
		})
	})
	t.Run("an empty field satisfies what says not, and nothing else", func(t *testing.T) {
		t.Parallel()

		negative := []filter.Operator{filter.IsEmpty, filter.NotEquals, filter.NotContains, filter.NotIn, filter.NoneOf}
		rapid.Check(t, func(t *rapid.T) {
			field, drawn := anyField(t), row().Draw(t, "row")
			if !matches(t, filter.Condition{Field: field.Name, Operator: filter.IsEmpty}, drawn) {
				return
			}
			operator := rapid.SampledFrom(field.Operators()).Draw(t, "operator")
			require.Equal(t, slices.Contains(negative, operator), matches(t, drawCondition(t, field, operator), drawn), operator)
		})
	})
}

// one is a condition for each value of a list.
func one(list filter.Condition, operator filter.Operator) []filter.Expr {
	exprs := make([]filter.Expr, len(list.Values))
	for i, value := range list.Values {
		exprs[i] = filter.Condition{Field: list.Field, Operator: operator, Values: []any{value}}
	}
	return exprs
}
