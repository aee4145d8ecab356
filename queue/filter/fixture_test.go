package filter_test

import (
	"encoding/json"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/outdial/outdial"
	"github.com/outdial/outdial/queue/filter"
)

// now is when every condition about the last days is judged.
var now = time.Date(2026, time.November, 2, 15, 4, 5, 0, time.UTC)

var (
	ann = uuid.MustParse("0197a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5b")
	bob = uuid.MustParse("0197a1b2-c3d4-7e5f-8a9b-ffffffffffff")
)

// host is what a host may have: a column of each type, ranges, and attributes of
// each type.
var host = hostFields()

func hostFields() *filter.Fields {
	fields, err := filter.NewFields(
		filter.Column("nickname", filter.TypeText),
		filter.Column("tier", filter.TypeEnum).OneOf("gold", "silver", "Gold"),
		filter.Column("source", filter.TypeEnum),
		filter.Column("staff_count", filter.TypeInt),
		filter.Column("score", filter.TypeDecimal),
		filter.Column("is_customer", filter.TypeBool),
		filter.Column("signed_at", filter.TypeTime),
		filter.Column("owner_id", filter.TypeUUID),
		filter.Column("tags", filter.TypeList),
		filter.ColumnRange("annual_revenue", "annual_revenue_min", "annual_revenue_max", filter.TypeDecimal),
		filter.ColumnRange("contract", "contract_from", "contract_to", filter.TypeTime),
		filter.Attribute("badge", filter.TypeEnum),
		filter.Attribute("referrer_id", filter.TypeUUID),
		filter.Attribute("topics", filter.TypeList),
		filter.AttributeRange("age", "age_min", "age_max", filter.TypeInt),
	)
	if err != nil {
		panic(err)
	}
	return fields.WithAttributes(
		filter.ImportedAttribute{Key: "Shoe size", Type: filter.TypeInt},
		filter.ImportedAttribute{Key: "discount", Type: filter.TypeDecimal},
		filter.ImportedAttribute{Key: "first_name", Type: filter.TypeText},
		filter.ImportedAttribute{Key: "note", Type: filter.TypeText},
		filter.ImportedAttribute{Key: "renewed", Type: filter.TypeTime},
		filter.ImportedAttribute{Key: "vip", Type: filter.TypeBool},
	)
}

// fieldOf is the type of each field in host that stands for its type in a table.
var fieldOf = map[filter.Type]string{
	filter.TypeText: "nickname", filter.TypeEnum: "source", filter.TypeInt: "staff_count",
	filter.TypeDecimal: "score", filter.TypeBool: "is_customer", filter.TypeTime: "signed_at",
	filter.TypeUUID: "owner_id", filter.TypeList: "tags",
}

// goodValue is a value that a field of the type takes.
var goodValue = map[filter.Type]any{
	filter.TypeText: "B", filter.TypeEnum: "gold", filter.TypeInt: json.Number("42"),
	filter.TypeDecimal: json.Number("4.5"), filter.TypeBool: true, filter.TypeTime: "2026-11-02T15:04:05Z",
	filter.TypeUUID: ann.String(), filter.TypeList: "vip",
}

// goodValues are as many values as the operator takes, of the type.
func goodValues(kind filter.Type, operator filter.Operator) []any {
	switch operator.Takes() {
	case filter.TakesNothing:
		return nil
	case filter.TakesTwo:
		return []any{goodValue[kind], goodValue[kind]}
	case filter.TakesDays:
		return []any{json.Number("30")}
	default:
		return []any{goodValue[kind]}
	}
}

// condition asks the field something that passes Check.
func condition(field filter.Field, operator filter.Operator) filter.Condition {
	values := goodValues(field.Type, operator)
	if field.Name == "phone" && len(values) > 0 {
		values = []any{"+15046218927"}
	}
	if len(field.Values) > 0 && len(values) > 0 {
		values = []any{field.Values[0]}
	}
	return filter.Condition{Field: field.Name, Operator: operator, Values: values}
}

// resolved is the expression with the fields of host.
func resolved(t require.TestingT, expr filter.Expr) filter.Expr {
	known, err := filter.Resolve(expr, host)
	require.NoError(t, err)
	return known
}

// matches says whether host's expression matches the row.
func matches(t require.TestingT, expr filter.Expr, row filter.Row) bool {
	return filter.Match(resolved(t, expr), row, now)
}

// named is a contact with that first name.
func named(firstName string) filter.Row {
	return filter.Row{Contact: outdial.Contact{FirstName: firstName}}
}

// holding is a row with one column of the host's.
func holding(column string, value any) filter.Row {
	return filter.Row{Columns: map[string]any{column: value}}
}

// imported is a row with attributes.
func imported(attributes string) filter.Row {
	return filter.Row{Contact: outdial.Contact{Attributes: json.RawMessage(attributes)}}
}

// instant reads a time that a test is about.
func instant(text string) time.Time {
	at, err := time.Parse(time.RFC3339Nano, text)
	if err != nil {
		panic(err)
	}
	return at
}

func parse(t require.TestingT, text string) filter.Expr {
	expr, err := filter.Parse([]byte(text))
	require.NoError(t, err)
	return expr
}

// requireFieldError is what every error of the package is held to.
func requireFieldError(t require.TestingT, err error, field, problem string) {
	require.ErrorIs(t, err, outdial.ErrInvalid)
	var fieldError *outdial.FieldError
	require.ErrorAs(t, err, &fieldError)
	require.Equal(t, field, fieldError.Field)
	require.Equal(t, problem, fieldError.Problem)
	require.LessOrEqual(t, len(err.Error()), 300, "an error fits on a line")
}
