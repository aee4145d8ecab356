package storetest

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/google/uuid"
	"pgregory.net/rapid"

	"github.com/outdial/outdial"
	"github.com/outdial/outdial/queue/filter"
	"github.com/outdial/outdial/queue/intake"
)

// filterBatches are when the contacts came in: around the hours that exist twice and
// not at all, and long ago.
var filterBatches = []time.Time{
	time.Date(1969, 12, 31, 23, 59, 59, 999999000, time.UTC),
	time.Date(2026, 3, 8, 8, 0, 0, 0, time.UTC),
	time.Date(2026, 11, 1, 6, 30, 0, 1000, time.UTC),
	time.Date(2026, 11, 1, 7, 30, 0, 0, time.UTC),
}

// What contacts have in their fields, and what conditions ask for. The pools are
// small, so that conditions and contacts meet.
var (
	filterNames = []string{
		"", "Bob", "BOBBY", "rob", "Straße", "STRASSE", "STRAẞE", "İstanbul", "istanbul", "ISTANBUL", "ısparta",
		"ΣΊΣΥΦΟΣ", "σίσυφος", "σίσυφοσ", "\u212Aim", "kim", "Kim", "Lui\u017fe", "LUISE", "100%", "100", "a_b", "axb", `a\b`,
		"O'Brien", `"quoted"`, "*?[x]", "[a-z]", "a", "^$.*+?()|{}", "日本", "é", "É", "e\u0301", "line\nbreak", "tab\t", "😀",
		"Ⅷ", "ⅷ", "ǆ", "ǅ", "Ǆ", "Ω", "ω", "\u2126", "µ", "μ", "Ж", "ж", " ", "B ", "%", "_", `\`, "'; --", "gold", "US", "us", "LA", "la",
	}
	filterNumbers = []any{
		nil, "", "0", "-0", "-1", "5", "50", "500", "007", "499.5", "-12.25", "0.1", "0.30", "250.0", "+5", "1,000", " 5", "5 ", "NaN", "1.", ".5",
		"1e3", "--5", "-", ".", "5-", "1.2.3", "٣", "9007199254740993", "9223372036854775807", "-9223372036854775808", "9223372036854775808",
		"123456789012345", "100000000000000000000", "-99999999999999999999999", "0.000000000000001",
		0, -1, 50, 500, 499.5, -12.25, 0.1, json.Number("1e3"), json.Number("9007199254740993"), json.Number("1e20"), json.Number("-1e22"),
		json.Number("9223372036854775807"), json.Number("250.0"), true, []string{"5"}, map[string]any{"5": 5},
	}
	filterInstants = []any{
		nil, "", "2026-03-08T01:59:59-06:00", "2026-03-08T03:00:00-05:00", "2026-03-08T08:00:00Z", "2026-11-01T01:30:00-05:00",
		"2026-11-01T01:30:00-06:00", "2026-11-01", "2026-02-30", "2026-02-28", "2024-02-29", "2023-02-29", "2026-13-01", "2026-00-10", "2026-04-31",
		"1969-12-31T23:59:59.999999Z", "0001-01-01", "0000-01-01", "9999-12-31T23:59:59.999999Z", "2026-11-01T24:00:00Z", "2026-11-01T23:59:60Z",
		"2026-11-01 10:00:00", "2026-11-01T10:00:00", "2026-11-01T10:00:00+15:00", "2026-11-01T10:00:00+14:59", "2026-11-01T10:00:00-00:00",
		"2026-11-01T06:30:00.000001999Z", "2026-11-01T06:30:00.000001Z", "2026-11-01T06:30:00.Z", "2026-11-01T06:30:00.1234567891Z",
		"2026-11-01T6:30:00Z", "2026-11-01T06:30Z", "2026-11-01t06:30:00z", "yesterday", "now", 1793514600, true, []string{"2026-11-01"},
		"2026-11-01T06:30:00+05:60", "2026-11-01Z", " 2026-11-01", "2026-11-01T06:30:00Zulu",
	}
	filterBools = []any{nil, true, false, "true", "false", "TRUE", "yes", "", 1, 0, []bool{true}}
	filterIDs   = []any{
		nil, "", "0191e4a0-0000-7000-8000-00000000000a", "0191E4A0-0000-7000-8000-00000000000A", "0191e4a0-0000-7000-8000-00000000000b",
		"0191e4a000007000800000000000000a", "{0191e4a0-0000-7000-8000-00000000000a}", "0191e4a0-0000-7000-8000-00000000000", "nobody", 7,
		"0191e4a0-0000-7000-80000-0000000000a", "0191e4a0-0000-7000-8000-00000000000g",
	}
	filterWords = []any{nil, "", "gold", "silver", "Gold", "bronze", 5, true, []string{"gold"}}
	filterLists = []any{
		nil, "", "vip", []string{}, []string{"vip"}, []string{"VIP", "trial"}, []string{"straße", "É"}, []any{"vip", 5, nil, true, []string{"trial"}},
		[]any{5}, []any{nil}, map[string]any{"vip": "vip"}, []string{""}, []string{"a_b", "100%", "'"},
	}
	filterAccounts = []uuid.UUID{
		{}, uuid.MustParse("0191e4a0-0000-7000-8000-00000000000a"), uuid.MustParse("0191e4a0-0000-7000-8000-00000000000b"),
	}
)

// filterPerson returns contact number n: every value of every pool is somewhere, and
// which ones meet looks random and is the same in every run.
func filterPerson(n int) intake.NewContact {
	pick := func(pool []any, step int) any { return pool[(n*step+n/7)%len(pool)] }
	text := func(step int) string { return filterNames[(n*step+n/11)%len(filterNames)] }
	attributes := map[string]any{}
	for key, value := range map[string]any{
		"staff_count": pick(filterNumbers, 1), "revenue": pick(filterNumbers, 5),
		"revenue_min": pick(filterNumbers, 3), "revenue_max": pick(filterNumbers, 7),
		"from": pick(filterInstants, 3), "until": pick(filterInstants, 5), "seen": pick(filterInstants, 1),
		"vip": pick(filterBools, 1), "owner": pick(filterIDs, 1), "tier": pick(filterWords, 1), "tags": pick(filterLists, 1),
		"R&D <Größe> $.x[0] 'a'": text(5),
	} {
		if value != nil || n%2 == 0 {
			attributes[key] = value
		}
	}
	return person(func(who *intake.NewContact) {
		contact := &who.Contact
		contact.FirstName, contact.LastName, contact.Company = text(1), text(3), text(7)
		contact.Region, contact.Country = text(9), text(13)
		contact.AccountID = filterAccounts[n%len(filterAccounts)]
		contact.Invalid, contact.OptedOut = n%13 == 5, n%11 == 3
		contact.PhoneStatus = []outdial.PhoneStatus{outdial.PhoneValid, outdial.PhoneUnknown, outdial.PhoneInvalid}[n%9%3]
		if n%8 == 1 {
			contact.Phone, contact.PhoneStatus = "call me", outdial.PhoneInvalid
		}
		if n%6 == 1 {
			contact.Email = ""
		}
		if n%10 > 0 {
			contact.Attributes = encoded(attributes)
		}
	})
}

// filterOperands are values that conditions on a field may ask for.
func filterOperands(field filter.Field) []any {
	var pool []any
	switch {
	case field.Name == "phone":
		pool = []any{"+15042000001", "+15042000002", "+15042999999"}
	case field.Type == filter.TypeText || field.Type == filter.TypeList:
		for _, text := range filterNames {
			pool = append(pool, text)
		}
		pool = append(pool, "VIP", "trial", "ob", "s", "k", "ß", "ı", "nobody")
	case field.Type == filter.TypeEnum:
		pool = []any{"gold", "silver", "Gold", "valid", "unknown", "invalid"}
	case field.Type == filter.TypeBool:
		pool = []any{true, false}
	case field.Type == filter.TypeUUID:
		pool = append(pool, filterIDs...)
	case field.Type == filter.TypeTime:
		for _, at := range filterBatches {
			pool = append(pool, at.Format(time.RFC3339Nano))
		}
		pool = append(pool, filterInstants...)
	default:
		for _, number := range filterNumbers {
			pool = append(pool, json.Number(fmt.Sprint(number)))
		}
	}
	var usable []any
	for _, value := range pool {
		operator := field.Operators()[0]
		condition := filter.Condition{Field: field.Name, Operator: operator, Values: []any{value}}
		if operator.Takes() == filter.TakesTwo {
			condition.Values = []any{value, value}
		}
		fields, err := filter.NewFields(field)
		if err == nil && filter.Check(condition, fields) == nil {
			usable = append(usable, value)
		}
	}
	return usable
}

// drawExpr draws an expression at most three groups deep.
func drawExpr(t *rapid.T, fields *filter.Fields, depth int) filter.Expr {
	const deepest = 3
	kind := 0
	if depth < deepest {
		kind = rapid.IntRange(0, 4).Draw(t, "kind")
	}
	if kind == 1 {
		return filter.Not(drawExpr(t, fields, depth+1))
	}
	if kind < 3 {
		return drawCondition(t, fields)
	}
	exprs := make([]filter.Expr, rapid.IntRange(1, 3).Draw(t, "conditions"))
	for i := range exprs {
		exprs[i] = drawExpr(t, fields, depth+1)
	}
	if kind == 3 {
		return filter.And(exprs...)
	}
	return filter.Or(exprs...)
}

func drawCondition(t *rapid.T, fields *filter.Fields) filter.Expr {
	field := rapid.SampledFrom(fields.All()).Draw(t, "field")
	operator := rapid.SampledFrom(field.Operators()).Draw(t, "operator")
	condition := filter.Condition{Field: field.Name, Operator: operator}
	values := rapid.SampledFrom(filterOperands(field))
	switch operator.Takes() {
	case filter.TakesValue:
		condition.Values = []any{values.Draw(t, "value")}
	case filter.TakesDays:
		condition.Values = []any{json.Number(fmt.Sprint(rapid.IntRange(1, 30_000).Draw(t, "days")))}
	case filter.TakesTwo:
		condition.Values = []any{values.Draw(t, "from"), values.Draw(t, "to")}
		if filter.Check(condition, fields) != nil {
			condition.Values[0], condition.Values[1] = condition.Values[1], condition.Values[0]
		}
	case filter.TakesList:
		condition.Values = rapid.SliceOfN(values, 1, 5).Draw(t, "values")
	}
	return condition
}
