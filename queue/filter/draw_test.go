package filter_test

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"time"

	"pgregory.net/rapid"

	"github.com/outdial/outdial"
	"github.com/outdial/outdial/queue/filter"
)

// What expressions are drawn from and what rows are drawn from are the same few
// values, so that conditions are met about as often as not.
var (
	someTexts   = []string{"B", "b", "Bette", "É", "é", "ΣΊΣ", "σίς", "\u212Aim", "kim", "100%", "a_b", `a\b`, "D'Angelo", "*?[a]", "{{x}}", ":filter_0"}
	someWords   = []string{"gold", "silver", "Gold"}
	someWhole   = []json.Number{"-3", "-1", "0", "-0", "1", "2", "42", "9223372036854775807", "-9223372036854775808"}
	someDecimal = []json.Number{"-1.5", "0", "-0.0", "0.1", "1", "1.0", "1e0", "2.25", "42", "1E3", "1000", "123456789012.345", "1e300", "-1e300"}
	someTimes   = []string{
		"2026-11-02T15:04:05Z", "2026-11-02T10:04:05-05:00", "2026-11-02", "2026-11-01T15:04:05Z", "2026-11-01T15:04:04.999999Z",
		"2024-02-29", "2026-11-03T00:00:00.000001+05:30", "0001-01-02", "9999-12-31T23:59:59.999999Z",
	}
	someIDs    = []string{ann.String(), bob.String(), strings.ToUpper(ann.String())}
	somePhones = []string{"+15046218927", "+15046218928", "+4930123456"}
	someEmails = []string{"ann@example.com", "ANN@Example.com", "bob@example.com"}
)

// text draws a value that a condition accepts, with more than its share of what
// SQL and JSON treat in a special way.
func text() *rapid.Generator[string] {
	return rapid.OneOf(
		rapid.SampledFrom(someTexts),
		rapid.StringMatching(`[a-zA-Z]{1,10}`),
		rapid.StringMatching(`[%_\\'"<>&:?$;/*{}\[\]^ -]{1,20}`),
		rapid.StringN(1, 40, 256),
	).Filter(func(value string) bool { return value != "" && !strings.ContainsRune(value, 0) })
}

// operand draws a value that the field takes.
func operand(t *rapid.T, field filter.Field) any {
	switch field.Type {
	case filter.TypeInt:
		return rapid.SampledFrom(someWhole).Draw(t, "int")
	case filter.TypeDecimal:
		return rapid.SampledFrom(someDecimal).Draw(t, "decimal")
	case filter.TypeBool:
		return rapid.Bool().Draw(t, "bool")
	case filter.TypeTime:
		return rapid.SampledFrom(someTimes).Draw(t, "time")
	case filter.TypeUUID:
		return rapid.SampledFrom(someIDs).Draw(t, "uuid")
	case filter.TypeEnum:
		if len(field.Values) > 0 {
			return rapid.SampledFrom(field.Values).Draw(t, "word")
		}
		return rapid.SampledFrom(someWords).Draw(t, "word")
	}
	switch field.Name {
	case "phone":
		return rapid.SampledFrom(somePhones).Draw(t, "phone")
	case "email":
		return rapid.SampledFrom(someEmails).Draw(t, "email")
	}
	return text().Draw(t, "text")
}

// drawCondition draws a condition on the field that passes Check.
func drawCondition(t *rapid.T, field filter.Field, operator filter.Operator) filter.Condition {
	drawn := filter.Condition{Field: field.Name, Operator: operator}
	switch operator.Takes() {
	case filter.TakesNothing:
	case filter.TakesDays:
		drawn.Values = []any{rapid.SampledFrom([]json.Number{"1", "2", "1000", "36525"}).Draw(t, "days")}
	case filter.TakesList:
		for range rapid.IntRange(1, 4).Draw(t, "how many") {
			drawn.Values = append(drawn.Values, operand(t, field))
		}
	case filter.TakesTwo:
		drawn.Values = []any{operand(t, field), operand(t, field)}
		if filter.Check(drawn, host) != nil {
			slices.Reverse(drawn.Values)
		}
	default:
		drawn.Values = []any{operand(t, field)}
	}
	return drawn
}

// anyField draws a field of host.
func anyField(t *rapid.T) filter.Field { return rapid.SampledFrom(host.All()).Draw(t, "field") }

// expression draws an expression that passes Check.
func expression(depth int) *rapid.Generator[filter.Expr] {
	return rapid.Custom(func(t *rapid.T) filter.Expr {
		shape := 0
		if depth > 1 {
			shape = rapid.IntRange(0, 3).Draw(t, "shape")
		}
		inner := func() []filter.Expr {
			return rapid.SliceOfN(expression(depth-1), 1, 3).Draw(t, "inside")
		}
		switch shape {
		case 1:
			return filter.And(inner()...)
		case 2:
			return filter.Or(inner()...)
		case 3:
			return filter.Not(expression(depth-1).Draw(t, "inside"))
		}
		field := anyField(t)
		return drawCondition(t, field, rapid.SampledFrom(field.Operators()).Draw(t, "operator"))
	})
}

// held draws what a column of the type may hold.
func held(t *rapid.T, kind filter.Type) any {
	if rapid.IntRange(0, 3).Draw(t, "nothing") == 0 {
		return nil
	}
	switch kind {
	case filter.TypeInt:
		return rapid.SampledFrom([]any{int64(-1), 0, int64(1), 42, 1.0}).Draw(t, "int")
	case filter.TypeDecimal:
		return rapid.SampledFrom([]any{json.Number("0.1"), 2.25, -1.5, 42, json.Number("1e3")}).Draw(t, "decimal")
	case filter.TypeBool:
		return rapid.Bool().Draw(t, "bool")
	case filter.TypeTime:
		return rapid.SampledFrom([]any{now, now.Add(-24 * time.Hour), now.Add(time.Nanosecond), time.Time{}}).Draw(t, "time")
	case filter.TypeUUID:
		return rapid.SampledFrom([]any{ann, bob, outdial.Contact{}.ID}).Draw(t, "uuid")
	case filter.TypeList:
		return rapid.SliceOfN(rapid.SampledFrom(someTexts), 0, 3).Draw(t, "list")
	case filter.TypeEnum:
		return rapid.SampledFrom(someWords).Draw(t, "word")
	}
	return rapid.OneOf(rapid.SampledFrom(someTexts), rapid.Just(""), text()).Draw(t, "text")
}

// row draws a contact with some of the host's columns and attributes.
func row() *rapid.Generator[filter.Row] {
	columns := map[string]filter.Type{
		"annual_revenue_min": filter.TypeDecimal, "annual_revenue_max": filter.TypeDecimal,
		"contract_from": filter.TypeTime, "contract_to": filter.TypeTime,
	}
	for kind, field := range fieldOf {
		columns[field] = kind
	}
	columns["tier"] = filter.TypeEnum
	keys := []string{"badge", "referrer_id", "topics", "age_min", "age_max", "Shoe size", "discount", "first_name", "note", "renewed", "vip"}
	members := []any{
		nil, true, false, 42, -1, 2.25, "42", "-1", "true", "gold", "", []any{}, []any{"B", 4}, map[string]any{"x": 1},
		ann.String(), "2026-11-02", "2026-11-01T15:04:05Z", "é", "b", "100%",
	}
	return rapid.Custom(func(t *rapid.T) filter.Row {
		name := rapid.OneOf(rapid.SampledFrom(someTexts), rapid.Just(""))
		drawn := filter.Row{
			Contact: outdial.Contact{
				FirstName: name.Draw(t, "first name"), LastName: name.Draw(t, "last name"), Company: name.Draw(t, "company"),
				Country: name.Draw(t, "country"), Region: name.Draw(t, "region"), Timezone: name.Draw(t, "timezone"),
				Phone:       outdial.Phone(rapid.SampledFrom(append(somePhones, "", "504")).Draw(t, "phone")),
				PhoneStatus: rapid.SampledFrom([]outdial.PhoneStatus{"", outdial.PhoneValid, outdial.PhoneInvalid}).Draw(t, "status"),
				Email:       outdial.Email(rapid.SampledFrom(append(someEmails, "")).Draw(t, "email")),
				Invalid:     rapid.Bool().Draw(t, "invalid"), OptedOut: rapid.Bool().Draw(t, "opted out"),
			},
			CreatedAt: rapid.SampledFrom([]time.Time{{}, now, now.Add(-48 * time.Hour)}).Draw(t, "created"),
			Columns:   map[string]any{},
		}
		for _, column := range slices.Sorted(maps.Keys(columns)) {
			drawn.Columns[column] = held(t, columns[column])
		}
		attributes := map[string]any{}
		for _, key := range keys {
			if rapid.Bool().Draw(t, key) {
				attributes[key] = rapid.SampledFrom(members).Draw(t, "member")
			}
		}
		encoded, err := json.Marshal(attributes)
		if err != nil {
			t.Fatal(err)
		}
		drawn.Contact.Attributes = encoded
		return drawn
	})
}
