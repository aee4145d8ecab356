package filter

import "slices"

// Type is what a field holds. It decides which operators a condition on the field
// may have and which values it takes.
type Type string

// The types.
const (
	// TypeText is text that people write. It is compared without regard to upper
	// and lower case, in any alphabet.
	TypeText Type = "text"
	// TypeEnum is one word of a short list. It is compared letter for letter, as
	// text, whatever the database keeps it as.
	TypeEnum Type = "enum"
	// TypeInt is a whole number of 64 bits.
	TypeInt Type = "int"
	// TypeDecimal is a number that need not be whole.
	TypeDecimal Type = "decimal"
	// TypeBool is true or false.
	TypeBool Type = "bool"
	// TypeTime is an instant.
	TypeTime Type = "time"
	// TypeUUID is an id.
	TypeUUID Type = "uuid"
	// TypeList is a list of texts, each compared like TypeText.
	TypeList Type = "list"
)

// Types lists every type there is.
func Types() []Type {
	return []Type{TypeText, TypeEnum, TypeInt, TypeDecimal, TypeBool, TypeTime, TypeUUID, TypeList}
}

// Operator is what a condition asks of its field. The texts are those of the JSON
// form.
type Operator string

// The operators. An empty field, NULL in the database, satisfies none of them but
// IsEmpty and those that say "not".
const (
	// Equals is satisfied by the value itself.
	Equals Operator = "equals"
	// NotEquals is satisfied by any other value, and by none at all.
	NotEquals Operator = "not_equals"
	// Contains is satisfied by text that has the value anywhere in it.
	Contains Operator = "contains"
	// NotContains is satisfied by text without the value, and by none at all.
	NotContains Operator = "not_contains"
	// StartsWith is satisfied by text that begins with the value.
	StartsWith Operator = "starts_with"
	// EndsWith is satisfied by text that ends with the value.
	EndsWith Operator = "ends_with"
	// In is satisfied by any of the values.
	In Operator = "in"
	// NotIn is satisfied by any value that is not among them, and by none at all.
	NotIn Operator = "not_in"
	// IsEmpty is satisfied when there is no value: NULL, empty text, an empty list.
	IsEmpty Operator = "is_empty"
	// IsNotEmpty is satisfied by every value.
	IsNotEmpty Operator = "is_not_empty"
	// Between is satisfied from the first value to the second, both included.
	Between Operator = "between"
	// Greater is satisfied by more than the value.
	Greater Operator = ">"
	// AtLeast is satisfied by the value and more.
	AtLeast Operator = ">="
	// Less is satisfied by less than the value.
	Less Operator = "<"
	// AtMost is satisfied by the value and less.
	AtMost Operator = "<="
	// Before is satisfied by an earlier instant.
	Before Operator = "before"
	// After is satisfied by a later instant.
	After Operator = "after"
	// WithinLastDays is satisfied by an instant at most so many times 24 hours ago,
	// and not in the future.
	WithinLastDays Operator = "within_last_days"
	// AnyOf is satisfied by a list that has at least one of the values.
	AnyOf Operator = "any_of"
	// AllOf is satisfied by a list that has every one of the values.
	AllOf Operator = "all_of"
	// NoneOf is satisfied by a list that has none of the values, and by none at all.
	NoneOf Operator = "none_of"
)

// Takes says what stands beside an operator.
type Takes string

// What an operator takes. The texts are those of the field metadata.
const (
	TakesNothing Takes = "nothing"
	TakesValue   Takes = "value"
	TakesTwo     Takes = "two_values"
	TakesList    Takes = "list"
	TakesDays    Takes = "days"
)

// operatorRow is one row of the table of operators.
type operatorRow struct {
	operator Operator
	takes    Takes
	// negates is the operator of which this one is the opposite.
	negates Operator
	types   []Type
}

var (
	text     = []Type{TypeText}
	scalars  = []Type{TypeText, TypeEnum, TypeInt, TypeDecimal, TypeBool, TypeUUID}
	listable = []Type{TypeText, TypeEnum, TypeInt, TypeDecimal, TypeUUID}
	ordered  = []Type{TypeInt, TypeDecimal, TypeTime}
)

// operators is the one table of what can be asked of what.
var operators = []operatorRow{
	{operator: Equals, takes: TakesValue, types: scalars},
	{operator: NotEquals, takes: TakesValue, negates: Equals, types: scalars},
	{operator: Contains, takes: TakesValue, types: text},
	{operator: NotContains, takes: TakesValue, negates: Contains, types: text},
	{operator: StartsWith, takes: TakesValue, types: text},
	{operator: EndsWith, takes: TakesValue, types: text},
	{operator: In, takes: TakesList, types: listable},
	{operator: NotIn, takes: TakesList, negates: In, types: listable},
	{operator: Between, takes: TakesTwo, types: ordered},
	{operator: Greater, takes: TakesValue, types: ordered},
	{operator: AtLeast, takes: TakesValue, types: ordered},
	{operator: Less, takes: TakesValue, types: ordered},
	{operator: AtMost, takes: TakesValue, types: ordered},
	{operator: Before, takes: TakesValue, types: []Type{TypeTime}},
	{operator: After, takes: TakesValue, types: []Type{TypeTime}},
	{operator: WithinLastDays, takes: TakesDays, types: []Type{TypeTime}},
	{operator: AnyOf, takes: TakesList, types: []Type{TypeList}},
	{operator: AllOf, takes: TakesList, types: []Type{TypeList}},
	{operator: NoneOf, takes: TakesList, negates: AnyOf, types: []Type{TypeList}},
	{operator: IsEmpty, takes: TakesNothing, types: Types()},
	{operator: IsNotEmpty, takes: TakesNothing, negates: IsEmpty, types: Types()},
}

// Operators lists what may be asked of a field of the type, in the order in which
// a user would look for it.
func (t Type) Operators() []Operator {
	var list []Operator
	for _, row := range operators {
		if slices.Contains(row.types, t) {
			list = append(list, row.operator)
		}
	}
	return list
}

// Operators lists every operator there is.
func Operators() []Operator {
	list := make([]Operator, len(operators))
	for i, row := range operators {
		list[i] = row.operator
	}
	return list
}

// Takes says what stands beside the operator in a condition. Of an operator that
// does not exist it is empty.
func (o Operator) Takes() Takes { return o.row().takes }

// positive returns the operator without its "not", and whether there was one.
func (o Operator) positive() (operator Operator, negated bool) {
	if negates := o.row().negates; negates != "" {
		return negates, true
	}
	return o, false
}

func (o Operator) row() operatorRow {
	for _, row := range operators {
		if row.operator == o {
			return row
		}
	}
	return operatorRow{}
}
