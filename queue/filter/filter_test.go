package filter_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/outdial/outdial"
	"github.com/outdial/outdial/queue/filter"
)

// requireRefused says that the expression is refused wherever it is used, before
// there is any SQL.
func requireRefused(t require.TestingT, expr filter.Expr, fields *filter.Fields, field, problem string) {
	requireFieldError(t, filter.Check(expr, fields), field, problem)

	known, err := filter.Resolve(expr, fields)
	requireFieldError(t, err, field, problem)
	require.Nil(t, known, "what is refused is not returned for use by mistake")
}

func TestCheck(t *testing.T) {
	t.Parallel()

	first := filter.Text("first_name").Contains
	const noField = "is not a field that can be filtered on"
	tests := []struct {
		name string
		expr filter.Expr
		// field and problem are what the error says; no field is no error.
		field, problem string
	}{
		{name: "no filter is fine", expr: nil},
		{name: "a known field is fine", expr: first("B")},
		{name: "any script is fine", expr: first("Ωμέγα 大")},
		{name: "a condition in a group is fine", expr: filter.And(first("B"))},
		{name: "a condition below a NOT is fine", expr: filter.Not(first("B"))},

		{"an empty text is refused", first(""), "filters.first_name", "is empty"},
		{name: "256 bytes are fine", expr: first(strings.Repeat("B", 256))},
		{"257 bytes are too long", first(strings.Repeat("B", 257)), "filters.first_name", "is longer than 256 bytes"},
		{"bytes count, not characters", first(strings.Repeat("é", 129)), "filters.first_name", "is longer than 256 bytes"},
		{"a million characters are too long", first(strings.Repeat("B", 1_000_000)), "filters.first_name", "is longer than 256 bytes"},
		{"bytes that are no text are refused", first("B\xff"), "filters.first_name", "is not UTF-8"},
		{"a NUL is refused", first("B\x00"), "filters.first_name", "contains a NUL character"},
		{
			"a value in a list is named by its place", filter.Text("region").In("LA", "", "TX"),
			"filters.region", "value 2 is empty",
		},

		{"an unknown field is named", filter.Text("shoe_size").Contains("4"), "filters.shoe_size", noField},
		{"a column of the table that is no field is refused", filter.Text("phone_key").Equals("504"), "filters.phone_key", noField},
		{"the name of a field in capitals is another name", filter.Text("First_Name").Contains("B"), "filters.First_Name", noField},
		{"no name is no field", filter.Text("").Contains("B"), "filters.", noField},
		{"a line break in a name is replaced", filter.Text("a\nb").Contains("B"), "filters.a\ufffdb", noField},
		{"so is what colours a terminal", filter.Text("a\x1b[31mb").Contains("B"), "filters.a\ufffd[31mb", noField},
		{"and what separates lines", filter.Text("a\u2028b").Contains("B"), "filters.a\ufffdb", noField},
		{"SQL is no field", filter.Text("first_name OR 1=1").Contains("B"), "filters.first_name OR 1=1", noField},
		{
			"a name of a million characters is cut", filter.Text(strings.Repeat("x", 1_000_000)).Contains("B"),
			"filters." + strings.Repeat("x", 40) + "…", noField,
		},
		{
			"a name is cut between characters", filter.Text(strings.Repeat("大", 30)).Contains("B"),
			"filters." + strings.Repeat("大", 13) + "…", noField,
		},

		{"a group with nothing in it is refused", filter.And(), "filters.conditions", "is empty; leave filters out to match everybody"},
		{"so is one of alternatives", filter.Or(), "filters.conditions", "is empty; leave filters out to match everybody"},
		{"and one that is deep inside", filter.And(first("B"), filter.Not(filter.Or())), "filters.conditions", "is empty; leave filters out to match everybody"},
		{"nothing inside a group is refused", filter.Or(first("B"), nil), "filters.conditions", "contains nothing where a condition should be"},
		{"nothing below a NOT is refused", filter.Not(nil), "filters.conditions", "contains nothing where a condition should be"},
		{"a group without a logic is refused", filter.Group{Conditions: []filter.Expr{first("B")}}, "filters.logic", "must be AND, OR or NOT"},
		{
			"a logic in lower case is refused", filter.Group{Logic: "and", Conditions: []filter.Expr{first("B")}},
			"filters.logic", "must be AND, OR or NOT",
		},
		{
			"a NOT is no group", filter.Group{Logic: filter.LogicNot, Conditions: []filter.Expr{first("B")}},
			"filters.logic", "must be AND, OR or NOT",
		},
		{"a condition without anything is refused", filter.Condition{}, "filters.", noField},
		{
			"an operator that does not exist is refused", filter.Condition{Field: "is_valid", Operator: "like", Values: []any{"B"}},
			"filters.is_valid", `has no operator "like"; a field of type bool has equals, not_equals, is_empty, is_not_empty`,
		},
		{
			"a name of an operator is cut too", filter.Condition{Field: "is_valid", Operator: filter.Operator(strings.Repeat("x", 1000))},
			"filters.is_valid", `has no operator "` + strings.Repeat("x", 40) + `…"; a field of type bool has equals, not_equals, is_empty, is_not_empty`,
		},
		{
			"a phone number is found whole or not at all", filter.Text("phone").Contains("504"),
			"filters.phone", `has no operator "contains"; a field of type text has equals, not_equals, in, not_in, is_empty, is_not_empty`,
		},
		{
			"so is an e-mail address", filter.Text("email").EndsWith("@example.com"),
			"filters.email", `has no operator "ends_with"; a field of type text has equals, not_equals, in, not_in, is_empty, is_not_empty`,
		},
		{
			"a phone number must be one", filter.Text("phone").Equals("504 621 8927"),
			"filters.phone", "must be in E.164 form, such as +15046218927",
		},
		{"an e-mail address must have more than blanks", filter.Text("email").Equals(" "), "filters.email", "is empty"},
		{
			"a word that the enum does not have is refused", filter.Enum("phone_status").Equals("VALID"),
			"filters.phone_status", "must be one of unknown, valid, invalid",
		},
		{
			"the first thing that is wrong is named", filter.And(first("B"), filter.Text("a").Equals("x"), filter.Text("b").Equals("x")),
			"filters.a", noField,
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()

			fragment, compileErr := filter.Compile(test.expr, dialect, now)
			if test.field == "" {
				require.NoError(t, filter.Check(test.expr, nil))
				require.NoError(t, filter.Check(test.expr, host))
				require.NoError(t, compileErr)
				return
			}
			requireRefused(t, test.expr, nil, test.field, test.problem)
			requireFieldError(t, compileErr, test.field, test.problem)
			require.Zero(t, fragment, "nothing is compiled")
		})
	}

	t.Run("a host's field is unknown without the host's fields", func(t *testing.T) {
		t.Parallel()

		expr := filter.Int("staff_count").Between(50, 500)
		require.NoError(t, filter.Check(expr, host))
		requireRefused(t, expr, nil, "filters.staff_count", noField)
	})
	t.Run("an expression is checked in itself, not in its copies", func(t *testing.T) {
		t.Parallel()

		expr := filter.And(filter.Int("staff_count").Greater(1), filter.Not(filter.Text("note").IsEmpty()))
		known := resolved(t, expr)
		require.NoError(t, filter.Check(known, nil), "a resolved copy knows its fields")
		require.Error(t, filter.Check(expr, nil), "the original does not")
		require.JSONEq(t, string(filter.Describe(expr)), string(filter.Describe(known)))
		again, err := filter.Resolve(known, nil)
		require.NoError(t, err)
		require.Equal(t, known, again)
	})
	t.Run("nothing resolves to nothing", func(t *testing.T) {
		t.Parallel()

		known, err := filter.Resolve(nil, host)
		require.NoError(t, err)
		require.Nil(t, known)
	})
	t.Run("an error about many long words fits on a line", func(t *testing.T) {
		t.Parallel()

		words := make([]string, 100)
		for i := range words {
			words[i] = strings.Repeat("long", 20) + fmt.Sprint(i)
		}
		fields, err := filter.NewFields(filter.Column("x", filter.TypeEnum).OneOf(words...))
		require.NoError(t, err)
		word := strings.Repeat("long", 10) + "…, "
		requireRefused(t, filter.Enum("x").Equals("short"), fields, "filters.x", "must be one of "+strings.Repeat(word, 4)+"…")
	})
	t.Run("an error about any name fits on a line", func(t *testing.T) {
		t.Parallel()

		rapid.Check(t, func(t *rapid.T) {
			expr := filter.Condition{
				Field: rapid.String().Draw(t, "field"), Operator: filter.Operator(rapid.String().Draw(t, "operator")),
			}
			for _, field := range append([]string{expr.Field}, "first_name", "signed_at") {
				expr.Field = field
				err := filter.Check(expr, host)
				require.ErrorIs(t, err, outdial.ErrInvalid)
				require.LessOrEqual(t, len(err.Error()), 300)
			}
		})
	})
}

func TestCheckKnowsWhatEachTypeIsAsked(t *testing.T) {
	t.Parallel()

	for _, kind := range filter.Types() {
		for _, operator := range filter.Operators() {
			expr := filter.Condition{Field: fieldOf[kind], Operator: operator, Values: goodValues(kind, operator)}
			if slices.Contains(kind.Operators(), operator) {
				t.Run(fmt.Sprintf("a field of type %s can be asked %s", kind, operator), func(t *testing.T) {
					t.Parallel()

					require.NoError(t, filter.Check(expr, host))
				})
				continue
			}
			t.Run(fmt.Sprintf("a field of type %s cannot be asked %s", kind, operator), func(t *testing.T) {
				t.Parallel()

				err := filter.Check(expr, host)
				var fieldError *outdial.FieldError
				require.ErrorAs(t, err, &fieldError)
				require.Equal(t, "filters."+fieldOf[kind], fieldError.Field)
				require.Contains(t, fieldError.Problem, fmt.Sprintf("has no operator %q; a field of type %s has ", string(operator), kind))
				require.LessOrEqual(t, len(err.Error()), 300, "an error fits on a line")
			})
		}
	}
	t.Run("an operator that does not exist takes nothing that there is", func(t *testing.T) {
		t.Parallel()

		require.Empty(t, filter.Operator("like").Takes())
	})
	t.Run("a type that does not exist has no operators", func(t *testing.T) {
		t.Parallel()

		require.Empty(t, filter.Type("money").Operators())
	})
}

func TestCheckBoundsAnExpression(t *testing.T) {
	t.Parallel()

	leaf := filter.Text("first_name").Contains("B")
	nested := func(depth int, group func(filter.Expr) filter.Expr) filter.Expr {
		expr := leaf
		for range depth {
			expr = group(expr)
		}
		return expr
	}
	and := func(expr filter.Expr) filter.Expr { return filter.And(expr) }
	or := func(expr filter.Expr) filter.Expr { return filter.Or(leaf, expr) }
	times := func(n int, expr filter.Expr) filter.Expr { return filter.And(slices.Repeat([]filter.Expr{expr}, n)...) }
	words := func(n int) []string {
		list := make([]string, n)
		for i := range list {
			list[i] = fmt.Sprint(i)
		}
		return list
	}
	const (
		tooDeep       = "is nested deeper than 20 groups"
		tooMany       = "has more than 500 conditions"
		tooManyGroups = "has more than 500 groups"
		tooManyValues = "has more than 100000 values, with those of the other lists"
	)
	tests := []struct {
		name           string
		expr           filter.Expr
		field, problem string
	}{
		{name: "20 groups inside each other are fine", expr: nested(20, and)},
		{name: "so are 20 alternatives", expr: nested(20, or)},
		{name: "and 20 times NOT", expr: nested(20, filter.Not)},
		{"21 groups are too deep", nested(21, and), "filters", tooDeep},
		{"21 alternatives are too deep", nested(21, or), "filters", tooDeep},
		{"21 times NOT is too deep", nested(21, filter.Not), "filters", tooDeep},
		{"a hundred thousand are too", nested(100_000, and), "filters", tooDeep},
		{"a group counts below a NOT", filter.Not(nested(20, and)), "filters", tooDeep},
		{name: "500 conditions are fine", expr: times(500, leaf)},
		{"501 are too many", times(501, leaf), "filters", tooMany},
		{"they count in all groups together", times(3, times(167, leaf)), "filters", tooMany},
		{name: "100,000 values are fine", expr: filter.Text("region").In(words(100_000)...)},
		{"100,001 are too many", filter.Text("region").In(words(100_001)...), "filters.region", tooManyValues},
		{
			"they count in all lists together", filter.Or(filter.Text("country").NotIn(words(50_000)...), filter.Text("region").In(words(50_001)...)),
			"filters.region", tooManyValues,
		},
		{
			"the two values of between count too",
			filter.And(filter.Text("region").In(words(99_999)...), filter.Int("staff_count").Between(1, 2)),
			"filters.staff_count", tooManyValues,
		},
		{name: "but not one value by itself", expr: filter.And(filter.Text("region").In(words(100_000)...), leaf)},
		{name: "500 groups are fine", expr: times(499, filter.And(leaf))},
		{"501 are too many", times(500, filter.And(leaf)), "filters", tooManyGroups},
		{"so are 501 alternatives", times(500, filter.Or(leaf)), "filters", tooManyGroups},
		{"and 501 times NOT", times(500, filter.Not(leaf)), "filters", tooManyGroups},
		{name: "groups and conditions are counted by themselves", expr: filter.And(times(498, filter.Not(leaf)), leaf, leaf)},
		{name: "a list may be asked for 100 values", expr: filter.List("tags").AnyOf(words(100)...)},
		{"but not for 101, any of them", filter.List("tags").AnyOf(words(101)...), "filters.tags", `has more than 100 values with "any_of"`},
		{"nor all of them", filter.List("tags").AllOf(words(101)...), "filters.tags", `has more than 100 values with "all_of"`},
		{"nor none of them", filter.List("tags").NoneOf(words(101)...), "filters.tags", `has more than 100 values with "none_of"`},
		{name: "a century is fine", expr: filter.Time("created_at").WithinLastDays(36_525)},
		{
			"more than a century is refused", filter.Time("created_at").WithinLastDays(36_526),
			"filters.created_at", "must be a whole number of days, from 1 to 36525",
		},
		{
			"no day is refused", filter.Time("created_at").WithinLastDays(0),
			"filters.created_at", "must be a whole number of days, from 1 to 36525",
		},
		{
			"days to come are refused", filter.Time("created_at").WithinLastDays(-1),
			"filters.created_at", "must be a whole number of days, from 1 to 36525",
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()

			if test.field == "" {
				require.NoError(t, filter.Check(test.expr, host))
				return
			}
			requireRefused(t, test.expr, host, test.field, test.problem)
		})
	}
}

func TestFieldNames(t *testing.T) {
	t.Parallel()

	tests := []struct {
		name string
		expr filter.Expr
		want []string
	}{
		{"no filter is about nothing", nil, nil},
		{"a condition is about its field", filter.Text("first_name").Contains("B"), []string{"first_name"}},
		{
			"a group is about the fields of all its parts, each once",
			filter.And(
				filter.Text("b").Contains("B"),
				filter.Not(filter.Or(filter.Text("a").IsEmpty(), filter.Text("b").IsEmpty())),
				filter.Int("c").Equals(4),
			),
			[]string{"b", "a", "c"},
		},
		{"what cannot be used is walked too", filter.And(nil, filter.Not(nil), filter.Text("x").IsEmpty()), []string{"x"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()

			require.Equal(t, test.want, filter.FieldNames(test.expr))
		})
	}
}

func TestNumbersOutsideJSONAreRefused(t *testing.T) {
	t.Parallel()

	// Describe could not say them, and a filter that it cannot say would have the
	// fingerprint of no filter.
	for _, number := range []json.Number{"+5", "007", ".5", "5.", "0x10", "0x1p4", "1_000", "Inf", "NaN", "1/3", " 5", ""} {
		t.Run(fmt.Sprintf("%q is no number", number), func(t *testing.T) {
			t.Parallel()

			requireRefused(t, filter.Decimal("score").Equals(number), host, "filters.score", "must be a number")
			whole := filter.Condition{Field: "staff_count", Operator: filter.Equals, Values: []any{number}}
			requireRefused(t, whole, host, "filters.staff_count", "must be a number")
			days := filter.Condition{Field: "signed_at", Operator: filter.WithinLastDays, Values: []any{number}}
			requireRefused(t, days, host, "filters.signed_at", "must be a number of days")
		})
	}
}
