package filter_test

import (
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/outdial/outdial/queue/filter"
)

func TestValuesHaveTheTypeOfTheirField(t *testing.T) {
	t.Parallel()

	const (
		noString  = "must be a string"
		noNumber  = "must be a number"
		noWhole   = "must be a whole number of 64 bits"
		noDecimal = "must be a number of at most 15 digits, between -1e300 and 1e300"
		noFlag    = "must be true or false"
		noTime    = "must be a time such as 2026-11-02T15:04:05Z or 2026-11-02"
		noUUID    = "must be a UUID"
	)
	number := func(text string) any { return json.Number(text) }
	tests := []struct {
		kind    filter.Type
		value   any
		problem string
	}{
		{filter.TypeText, "B", ""},
		{filter.TypeText, number("4"), noString},
		{filter.TypeText, true, noString},
		{filter.TypeText, nil, noString},
		{filter.TypeText, 4, noString},
		{filter.TypeText, "", "is empty"},

		{filter.TypeEnum, "gold", ""},
		{filter.TypeEnum, number("4"), noString},
		{filter.TypeEnum, false, noString},
		{filter.TypeEnum, "", "is empty"},

		{filter.TypeInt, number("42"), ""},
		{filter.TypeInt, number("-42"), ""},
		{filter.TypeInt, number("0"), ""},
		{filter.TypeInt, number("-0"), ""},
		{filter.TypeInt, number("9223372036854775807"), ""},
		{filter.TypeInt, number("-9223372036854775808"), ""},
		{filter.TypeInt, number("9223372036854775808"), noWhole},
		{filter.TypeInt, number("-9223372036854775809"), noWhole},
		{filter.TypeInt, number("1.0"), noWhole},
		{filter.TypeInt, number("1.5"), noWhole},
		{filter.TypeInt, number("1e3"), noWhole},
		{filter.TypeInt, number("1e999999999"), noWhole},
		{filter.TypeInt, "42", noNumber},
		{filter.TypeInt, true, noNumber},
		{filter.TypeInt, 42, noNumber},

		{filter.TypeDecimal, number("42"), ""},
		{filter.TypeDecimal, number("-0"), ""},
		{filter.TypeDecimal, number("0.0e5"), ""},
		{filter.TypeDecimal, number("1.0"), ""},
		{filter.TypeDecimal, number("1.50"), ""},
		{filter.TypeDecimal, number("1E+3"), ""},
		{filter.TypeDecimal, number("123456789012.345"), ""},
		{filter.TypeDecimal, number("0.00000123456789012345"), ""},
		{filter.TypeDecimal, number("9223372036854775807"), ""},
		{filter.TypeDecimal, number("1e300"), ""},
		{filter.TypeDecimal, number("-1e300"), ""},
		{filter.TypeDecimal, number("1e-300"), ""},
		{filter.TypeDecimal, number("1234567890123.456"), noDecimal},
		{filter.TypeDecimal, number("12345678901234567890"), noDecimal},
		{filter.TypeDecimal, number("1e301"), noDecimal},
		{filter.TypeDecimal, number("-1e301"), noDecimal},
		{filter.TypeDecimal, number("1e-301"), noDecimal},
		{filter.TypeDecimal, number("1e-400"), noDecimal},
		{filter.TypeDecimal, number("1e999999999"), noDecimal},
		{filter.TypeDecimal, number("1e99999999999999999999"), noDecimal},
		{filter.TypeDecimal, number("0e999999999"), noNumber},
		{filter.TypeDecimal, number(fmt.Sprintf("0.%0500d", 1)), noDecimal},
		{filter.TypeDecimal, "4.5", noNumber},
		{filter.TypeDecimal, 4.5, noNumber},

		{filter.TypeBool, true, ""},
		{filter.TypeBool, false, ""},
		{filter.TypeBool, "true", noFlag},
		{filter.TypeBool, number("1"), noFlag},
		{filter.TypeBool, nil, noFlag},

		{filter.TypeTime, "2026-11-02T15:04:05Z", ""},
		{filter.TypeTime, "2026-11-02T15:04:05.123456789+05:30", ""},
		{filter.TypeTime, "2026-11-02T15:04:05-00:00", ""},
		{filter.TypeTime, "2026-11-02T15:04:05+14:59", ""},
		{filter.TypeTime, "2026-11-02", ""},
		{filter.TypeTime, "2024-02-29", ""},
		{filter.TypeTime, "0001-01-01", ""},
		{filter.TypeTime, "9999-12-31T23:59:59Z", ""},
		{filter.TypeTime, "2026-02-29", noTime},
		{filter.TypeTime, "2026-02-30T00:00:00Z", noTime},
		{filter.TypeTime, "2026-13-01", noTime},
		{filter.TypeTime, "0000-01-01", noTime},
		{filter.TypeTime, "2026-11-02T24:00:00Z", noTime},
		{filter.TypeTime, "2026-11-02T15:04:60Z", noTime},
		{filter.TypeTime, "2026-11-02T15:04:05", noTime},
		{filter.TypeTime, "2026-11-02T15:04Z", noTime},
		{filter.TypeTime, "2026-11-02 15:04:05Z", noTime},
		{filter.TypeTime, "2026-11-02t15:04:05z", noTime},
		{filter.TypeTime, "2026-11-02T15:04:05+15:00", noTime},
		{filter.TypeTime, "2026-11-02T15:04:05-15:00", noTime},
		{filter.TypeTime, "2026-11-02T15:04:05+05:60", noTime},
		{filter.TypeTime, "2026-11-02T15:04:05+0530", noTime},
		{filter.TypeTime, "2026-11-02T15:04:05.Z", noTime},
		{filter.TypeTime, "2026-11-02T15:04:05.1234567890Z", noTime},
		{filter.TypeTime, "2026-11-02T15:04:05Z\n", noTime},
		{filter.TypeTime, "12026-11-02", noTime},
		{filter.TypeTime, "yesterday", noTime},
		{filter.TypeTime, "", "is empty"},
		{filter.TypeTime, number("1793631845"), noString},
		{filter.TypeTime, now, noString},

		{filter.TypeUUID, ann.String(), ""},
		{filter.TypeUUID, "0197A1B2-C3D4-7E5F-8A9B-0C1D2E3F4A5B", ""},
		{filter.TypeUUID, "0197a1b2c3d47e5f8a9b0c1d2e3f4a5b", noUUID},
		{filter.TypeUUID, "{" + ann.String() + "}", noUUID},
		{filter.TypeUUID, "urn:uuid:" + ann.String(), noUUID},
		{filter.TypeUUID, ann.String() + "\n", noUUID},
		{filter.TypeUUID, "ann", noUUID},
		{filter.TypeUUID, "", "is empty"},
		{filter.TypeUUID, ann, noString},
		{filter.TypeUUID, number("1"), noString},
	}
	for _, test := range tests {
		sentence := fmt.Sprintf("a field of type %s takes %T %.60v", test.kind, test.value, test.value)
		if test.problem != "" {
			sentence = fmt.Sprintf("a field of type %s takes no %T %.60v", test.kind, test.value, test.value)
		}
		t.Run(sentence, func(t *testing.T) {
			t.Parallel()

			operator := filter.Equals
			if test.kind == filter.TypeTime {
				operator = filter.After
			}
			expr := filter.Condition{Field: fieldOf[test.kind], Operator: operator, Values: []any{test.value}}
			if test.problem == "" {
				require.NoError(t, filter.Check(expr, host))
				return
			}
			requireRefused(t, expr, host, "filters."+expr.Field, test.problem)
		})
	}
}

func TestListsHoldTextAlone(t *testing.T) {
	t.Parallel()

	for name, value := range map[string]any{"a number": json.Number("4"), "a truth value": true, "nothing": nil} {
		t.Run(name+" is no text", func(t *testing.T) {
			t.Parallel()

			expr := filter.Condition{Field: "tags", Operator: filter.AllOf, Values: []any{"vip", value}}
			requireRefused(t, expr, host, "filters.tags", "value 2 must be a string")
		})
	}
	t.Run("an empty text is refused", func(t *testing.T) {
		t.Parallel()

		requireRefused(t, filter.List("tags").AnyOf(""), host, "filters.tags", "is empty")
	})
}

func TestNumbersOfDays(t *testing.T) {
	t.Parallel()

	const bounds = "must be a whole number of days, from 1 to 36525"
	for value, problem := range map[any]string{
		json.Number("1"): "", json.Number("36525"): "",
		json.Number("0"): bounds, json.Number("1.5"): bounds, json.Number("1e1"): bounds, json.Number("99999999999999999999"): bounds,
		"7": "must be a number of days", true: "must be a number of days", nil: "must be a number of days",
	} {
		t.Run(fmt.Sprintf("%T %v", value, value), func(t *testing.T) {
			t.Parallel()

			expr := filter.Condition{Field: "created_at", Operator: filter.WithinLastDays, Values: []any{value}}
			if problem == "" {
				require.NoError(t, filter.Check(expr, nil))
				return
			}
			requireRefused(t, expr, nil, "filters.created_at", problem)
		})
	}
}

func TestOperatorsTakeAsManyValuesAsTheySay(t *testing.T) {
	t.Parallel()

	text, when := any("B"), any("2026-11-02")
	values := func(n int, value any) []any {
		list := make([]any, n)
		for i := range list {
			list[i] = value
		}
		return list
	}
	tests := []struct {
		field    string
		operator filter.Operator
		values   []any
		problem  string
	}{
		{"first_name", filter.Equals, nil, `must have one value with "equals"`},
		{"first_name", filter.Equals, values(2, text), `must have one value with "equals"`},
		{"first_name", filter.NotContains, nil, `must have one value with "not_contains"`},
		{"first_name", filter.In, nil, `must have a list of values with "in", and not an empty one`},
		{"first_name", filter.In, values(1, text), ""},
		{"first_name", filter.In, values(1000, text), ""},
		{"first_name", filter.NotIn, []any{}, `must have a list of values with "not_in", and not an empty one`},
		{"first_name", filter.IsEmpty, nil, ""},
		{"first_name", filter.IsEmpty, []any{}, ""},
		{"first_name", filter.IsEmpty, values(1, text), `must have no value with "is_empty"`},
		{"first_name", filter.IsNotEmpty, values(1, text), `must have no value with "is_not_empty"`},
		{"created_at", filter.Between, nil, `must have a list of two values with "between"`},
		{"created_at", filter.Between, values(1, when), `must have a list of two values with "between"`},
		{"created_at", filter.Between, values(2, when), ""},
		{"created_at", filter.Between, values(3, when), `must have a list of two values with "between"`},
		{"created_at", filter.WithinLastDays, nil, `must have one value with "within_last_days"`},
		{"created_at", filter.WithinLastDays, values(2, json.Number("1")), `must have one value with "within_last_days"`},
		{"tags", filter.AnyOf, nil, `must have a list of values with "any_of", and not an empty one`},
		{"tags", filter.AllOf, nil, `must have a list of values with "all_of", and not an empty one`},
		{"tags", filter.NoneOf, nil, `must have a list of values with "none_of", and not an empty one`},
	}
	for _, test := range tests {
		t.Run(fmt.Sprintf("%s takes %d values", test.operator, len(test.values)), func(t *testing.T) {
			t.Parallel()

			expr := filter.Condition{Field: test.field, Operator: test.operator, Values: test.values}
			if test.problem == "" {
				require.NoError(t, filter.Check(expr, host))
				return
			}
			requireRefused(t, expr, host, "filters."+test.field, test.problem)
		})
	}
}

func TestARangeBeginsBeforeItEnds(t *testing.T) {
	t.Parallel()

	const backwards = "has a range whose first value is larger than its second"
	day := 24 * time.Hour
	tests := []struct {
		name, field string
		expr        filter.Expr
		problem     string
	}{
		{"one number is a range", "staff_count", filter.Int("staff_count").Between(5, 5), ""},
		{"numbers backwards are none", "staff_count", filter.Int("staff_count").Between(6, 5), backwards},
		{"numbers compare as numbers, not as text", "staff_count", filter.Int("staff_count").Between(9, 10), ""},
		{"decimals compare as numbers too", "score", filter.Decimal("score").Between("9.5", "1e1"), ""},
		{"decimals backwards are none", "score", filter.Decimal("score").Between("1e1", "9.5"), backwards},
		{"one instant is a range", "signed_at", filter.Time("signed_at").Between(now, now), ""},
		{"instants backwards are none", "signed_at", filter.Time("signed_at").Between(now, now.Add(-day)), backwards},
		{
			"one instant in two zones is a range", "signed_at",
			filter.Condition{Field: "signed_at", Operator: filter.Between, Values: []any{"2026-11-02T15:04:05Z", "2026-11-02T10:04:05-05:00"}}, "",
		},
		{"a range is asked for a range", "annual_revenue", filter.Decimal("annual_revenue").Between("2", "1"), backwards},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()

			if test.problem == "" {
				require.NoError(t, filter.Check(test.expr, host))
				return
			}
			requireRefused(t, test.expr, host, "filters."+test.field, test.problem)
		})
	}
}
