package filter

import (
	"encoding/json"
	"strconv"
	"time"

	"github.com/google/uuid"
)

// A condition is begun with the name of its field and the type of its values:
//
//	filter.Text("first_name").Contains("B")
//
// Whether there is such a field, and whether it is of that type, is checked when
// the expression is used, so that a condition can be written as one chain.

// Text begins a condition on a field of TypeText.
func Text(field string) TextField { return TextField{name(field)} }

// Enum begins a condition on a field of TypeEnum.
func Enum(field string) EnumField { return EnumField{name(field)} }

// Int begins a condition on a field of TypeInt.
func Int(field string) IntField { return IntField{name(field)} }

// Decimal begins a condition on a field of TypeDecimal.
func Decimal(field string) DecimalField { return DecimalField{name(field)} }

// Bool begins a condition on a field of TypeBool.
func Bool(field string) BoolField { return BoolField{name(field)} }

// Time begins a condition on a field of TypeTime.
func Time(field string) TimeField { return TimeField{name(field)} }

// UUID begins a condition on a field of TypeUUID.
func UUID(field string) UUIDField { return UUIDField{name(field)} }

// List begins a condition on a field of TypeList.
func List(field string) ListField { return ListField{name(field)} }

// name is a field, with what may be asked of every field.
type name string

// IsEmpty matches who has no value in the field.
func (n name) IsEmpty() Expr { return n.asks(IsEmpty) }

// IsNotEmpty matches who has a value in the field.
func (n name) IsNotEmpty() Expr { return n.asks(IsNotEmpty) }

func (n name) asks(operator Operator, values ...any) Expr {
	return Condition{Field: string(n), Operator: operator, Values: values}
}

// TextField is a field whose conditions compare text in any case. Percent signs,
// underscores and quotes are just characters, and a value has at least one
// character.
type TextField struct{ name }

// Equals matches when the field is value.
func (f TextField) Equals(value string) Expr { return f.asks(Equals, value) }

// NotEquals matches when the field is not value, or empty.
func (f TextField) NotEquals(value string) Expr { return f.asks(NotEquals, value) }

// Contains matches when the field has value anywhere in it.
func (f TextField) Contains(value string) Expr { return f.asks(Contains, value) }

// NotContains matches when the field does not have value in it, or is empty.
func (f TextField) NotContains(value string) Expr { return f.asks(NotContains, value) }

// StartsWith matches when the field begins with value.
func (f TextField) StartsWith(value string) Expr { return f.asks(StartsWith, value) }

// EndsWith matches when the field ends with value.
func (f TextField) EndsWith(value string) Expr { return f.asks(EndsWith, value) }

// In matches when the field is one of the values, of which there may be MaxValues.
func (f TextField) In(values ...string) Expr { return f.asks(In, anyTexts(values)...) }

// NotIn matches when the field is none of the values, or empty.
func (f TextField) NotIn(values ...string) Expr { return f.asks(NotIn, anyTexts(values)...) }

// EnumField is a field whose conditions compare words letter for letter.
type EnumField struct{ name }

// Equals matches when the field is value.
func (f EnumField) Equals(value string) Expr { return f.asks(Equals, value) }

// NotEquals matches when the field is not value, or empty.
func (f EnumField) NotEquals(value string) Expr { return f.asks(NotEquals, value) }

// In matches when the field is one of the values.
func (f EnumField) In(values ...string) Expr { return f.asks(In, anyTexts(values)...) }

// NotIn matches when the field is none of the values, or empty.
func (f EnumField) NotIn(values ...string) Expr { return f.asks(NotIn, anyTexts(values)...) }

// IntField is a field whose conditions compare whole numbers.
type IntField struct{ name }

// Equals matches when the field is value.
func (f IntField) Equals(value int64) Expr { return f.asks(Equals, whole(value)) }

// NotEquals matches when the field is not value, or empty.
func (f IntField) NotEquals(value int64) Expr { return f.asks(NotEquals, whole(value)) }

// In matches when the field is one of the values.
func (f IntField) In(values ...int64) Expr { return f.asks(In, each(values, whole)...) }

// NotIn matches when the field is none of the values, or empty.
func (f IntField) NotIn(values ...int64) Expr { return f.asks(NotIn, each(values, whole)...) }

// Between matches from low to high, both included.
func (f IntField) Between(low, high int64) Expr { return f.asks(Between, whole(low), whole(high)) }

// Greater matches more than value.
func (f IntField) Greater(value int64) Expr { return f.asks(Greater, whole(value)) }

// AtLeast matches value and more.
func (f IntField) AtLeast(value int64) Expr { return f.asks(AtLeast, whole(value)) }

// Less matches less than value.
func (f IntField) Less(value int64) Expr { return f.asks(Less, whole(value)) }

// AtMost matches value and less.
func (f IntField) AtMost(value int64) Expr { return f.asks(AtMost, whole(value)) }

func whole(value int64) any { return json.Number(strconv.FormatInt(value, 10)) }

func each[T any](values []T, form func(T) any) []any {
	list := make([]any, len(values))
	for i, value := range values {
		list[i] = form(value)
	}
	return list
}

// DecimalField is a field whose conditions compare numbers of up to 15 digits.
type DecimalField struct{ name }

// Equals matches when the field is value.
func (f DecimalField) Equals(value json.Number) Expr { return f.asks(Equals, value) }

// NotEquals matches when the field is not value, or empty.
func (f DecimalField) NotEquals(value json.Number) Expr { return f.asks(NotEquals, value) }

// In matches when the field is one of the values.
func (f DecimalField) In(values ...json.Number) Expr { return f.asks(In, each(values, decimal)...) }

// NotIn matches when the field is none of the values, or empty.
func (f DecimalField) NotIn(values ...json.Number) Expr {
	return f.asks(NotIn, each(values, decimal)...)
}

// Between matches from low to high, both included.
func (f DecimalField) Between(low, high json.Number) Expr { return f.asks(Between, low, high) }

// Greater matches more than value.
func (f DecimalField) Greater(value json.Number) Expr { return f.asks(Greater, value) }

// AtLeast matches value and more.
func (f DecimalField) AtLeast(value json.Number) Expr { return f.asks(AtLeast, value) }

// Less matches less than value.
func (f DecimalField) Less(value json.Number) Expr { return f.asks(Less, value) }

// AtMost matches value and less.
func (f DecimalField) AtMost(value json.Number) Expr { return f.asks(AtMost, value) }

func decimal(value json.Number) any { return value }

// BoolField is a field whose conditions compare true and false.
type BoolField struct{ name }

// Equals matches when the field is value.
func (f BoolField) Equals(value bool) Expr { return f.asks(Equals, value) }

// NotEquals matches when the field is not value, or empty.
func (f BoolField) NotEquals(value bool) Expr { return f.asks(NotEquals, value) }

// TimeField is a field whose conditions compare instants, to the microsecond.
type TimeField struct{ name }

// Before matches earlier instants.
func (f TimeField) Before(at time.Time) Expr { return f.asks(Before, instant(at)) }

// After matches later instants.
func (f TimeField) After(at time.Time) Expr { return f.asks(After, instant(at)) }

// AtLeast matches the instant and later ones.
func (f TimeField) AtLeast(at time.Time) Expr { return f.asks(AtLeast, instant(at)) }

// AtMost matches the instant and earlier ones.
func (f TimeField) AtMost(at time.Time) Expr { return f.asks(AtMost, instant(at)) }

// Between matches from low to high, both included.
func (f TimeField) Between(low, high time.Time) Expr {
	return f.asks(Between, instant(low), instant(high))
}

// WithinLastDays matches the last so many times 24 hours, up to now.
func (f TimeField) WithinLastDays(days int) Expr {
	return f.asks(WithinLastDays, whole(int64(days)))
}

func instant(at time.Time) any { return at.UTC().Format(time.RFC3339Nano) }

// UUIDField is a field whose conditions compare ids.
type UUIDField struct{ name }

// Equals matches when the field is value.
func (f UUIDField) Equals(value uuid.UUID) Expr { return f.asks(Equals, value.String()) }

// NotEquals matches when the field is not value, or empty.
func (f UUIDField) NotEquals(value uuid.UUID) Expr { return f.asks(NotEquals, value.String()) }

// In matches when the field is one of the values.
func (f UUIDField) In(values ...uuid.UUID) Expr { return f.asks(In, each(values, id)...) }

// NotIn matches when the field is none of the values, or empty.
func (f UUIDField) NotIn(values ...uuid.UUID) Expr { return f.asks(NotIn, each(values, id)...) }

func id(value uuid.UUID) any { return value.String() }

// ListField is a field whose conditions look into a list of texts.
type ListField struct{ name }

// AnyOf matches when the list has at least one of the values.
func (f ListField) AnyOf(values ...string) Expr { return f.asks(AnyOf, anyTexts(values)...) }

// AllOf matches when the list has every one of the values.
func (f ListField) AllOf(values ...string) Expr { return f.asks(AllOf, anyTexts(values)...) }

// NoneOf matches when the list has none of the values, or is empty.
func (f ListField) NoneOf(values ...string) Expr { return f.asks(NoneOf, anyTexts(values)...) }
