package filter

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/outdial/outdial"
)

// Index says which conditions on a field a database answers from an index, so that
// a user interface can offer the quick fields first. It is a hint: what the library
// promises of its own fields is tested, what a host promises of its columns is the
// host's.
type Index string

// The hints.
const (
	// IndexNone is a field without an index: conditions on it look at every
	// contact of the audience.
	IndexNone Index = ""
	// IndexOrdered serves equality, lists, and comparisons where the type has them.
	// SQLite uses such an index once the host has run ANALYZE.
	IndexOrdered Index = "ordered"
	// IndexTrigram serves text of three letters and more, wherever it stands in the
	// field, but no lists. Only Postgres has it.
	IndexTrigram Index = "trigram"
)

// Field is something that contacts can be filtered by. Make one with Column,
// ColumnRange, Attribute or AttributeRange.
type Field struct {
	// Name is what conditions call the field.
	Name string
	// Type decides which operators the field has.
	Type Type
	// Values are the words of an enum. A condition that names another is refused.
	// Empty allows every word.
	Values []string
	// Index says which conditions are quick.
	Index Index
	// Listed says that a user is offered the values that there are, with their
	// counts, as long as they are few.
	Listed bool

	// low is where the value is, or where a range begins; high is where it ends.
	isRange   bool
	low, high source
	// key is set for a field that is kept in one normalized form and found by it.
	key keyForm
}

// keyForm says how a key is made from what a caller gives.
type keyForm int

const (
	noKey keyForm = iota
	phoneKey
	emailKey
)

// source is where a value comes from: a column of contacts, or a member of the
// contacts' attributes.
type source struct{ column, attribute string }

func (s source) given() bool { return s != source{} }

// Column is a field in a column of the contacts table with the same name: the one
// line with which a host adds what its own table has.
//
//	filter.Column("staff_count", filter.TypeInt)
//
// On Postgres a time is a timestamptz and a list an array or jsonb; on SQLite a
// time is an integer, microseconds since 1970, and a list a JSON array. An enum may
// be a native one, or text.
func Column(name string, kind Type) Field {
	return Field{Name: name, Type: kind, low: source{column: name}, Listed: kind == TypeEnum || kind == TypeBool}
}

// ColumnRange is a field that is a range itself, in two columns of numbers or
// times. A condition on it asks whether the ranges overlap: a contact whose
// annual_revenue_min is 100 and whose annual_revenue_max is 500 has revenue between
// 400 and 900, more than 450, and less than 101. An end that is not there is open;
// a contact with neither has no range.
func ColumnRange(name, low, high string, kind Type) Field {
	return Field{Name: name, Type: kind, isRange: true, low: source{column: low}, high: source{column: high}}
}

// Attribute is a field in the contacts' JSON attributes, under the key of the same
// name. A value of another type than the field's counts as none, except that
// numbers, truth values and times are read from text too, since imports bring
// nothing else: -12.5, true, 2026-11-02T15:04:05Z, 2026-11-02.
func Attribute(name string, kind Type) Field {
	return Field{Name: name, Type: kind, low: source{attribute: name}, Listed: kind == TypeEnum || kind == TypeBool}
}

// AttributeRange is ColumnRange over two attributes.
func AttributeRange(name, low, high string, kind Type) Field {
	return Field{Name: name, Type: kind, isRange: true, low: source{attribute: low}, high: source{attribute: high}}
}

// From returns the field with another column or key than its name.
func (f Field) From(place string) Field {
	if f.low.attribute != "" {
		f.low.attribute = place
	} else {
		f.low.column = place
	}
	return f
}

// OneOf returns the field with the words that it may hold.
func (f Field) OneOf(values ...string) Field {
	f.Values = values
	return f
}

// WithIndex returns the field with a hint.
func (f Field) WithIndex(index Index) Field {
	f.Index = index
	return f
}

// WithList returns the field as one whose values a user is offered.
func (f Field) WithList() Field {
	f.Listed = true
	return f
}

// IsRange says whether the field is a range between two values.
func (f Field) IsRange() bool { return f.isRange }

// IsAttribute says whether the field comes from the contacts' attributes.
func (f Field) IsAttribute() bool { return f.low.attribute != "" }

// Operators lists what may be asked of the field. A range has the operators that
// compare; a phone number and an e-mail address are found whole or not at all,
// since a store may keep nothing but their keys.
func (f Field) Operators() []Operator {
	return slices.DeleteFunc(f.Type.Operators(), func(o Operator) bool {
		switch {
		case f.IsRange():
			return o == In || o == NotIn || o == WithinLastDays
		case f.key != noKey:
			return o == Contains || o == NotContains || o == StartsWith || o == EndsWith
		}
		return false
	})
}

// folds says whether upper and lower case are one in the field.
func (f Field) folds() bool { return (f.Type == TypeText || f.Type == TypeList) && f.key == noKey }

// number says whether the field's values are numbers.
func (f Field) number() bool { return f.Type == TypeInt || f.Type == TypeDecimal }

// countable are the types whose values can be listed with their counts.
var countable = []Type{TypeText, TypeEnum, TypeInt, TypeBool, TypeUUID}

var (
	fieldName  = regexp.MustCompile(`^[a-z][a-z0-9_]{0,62}$`)
	columnName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]{0,62}$`)
)

func (f Field) check() error {
	switch {
	case !slices.Contains(Types(), f.Type):
		return outdial.Invalid(f.Name, fmt.Sprintf("has no type %q", string(f.Type)))
	case f.IsRange() && !slices.Contains(ordered, f.Type):
		return outdial.Invalid(f.Name, "is a range, which only numbers and times can be")
	case len(f.Values) > 0 && f.Type != TypeEnum:
		return outdial.Invalid(f.Name, "has a list of words, which only an enum has")
	case !f.low.given() || f.isRange && !f.high.given():
		return outdial.Invalid(f.Name, "lacks a column or an attribute")
	case f.Listed && (f.isRange || !slices.Contains(countable, f.Type)):
		return outdial.Invalid(f.Name, "cannot be listed: it does not hold one word, number or id")
	}
	for _, place := range []source{f.low, f.high} {
		switch {
		case place.column != "" && !columnName.MatchString(place.column):
			return outdial.Invalid(f.Name, fmt.Sprintf("cannot be kept in a column called %q", printable(place.column)))
		case place.attribute != "" && !usableKey(place.attribute):
			return outdial.Invalid(f.Name, fmt.Sprintf("cannot be kept under the key %q", printable(place.attribute)))
		}
	}
	return nil
}

// usableKey says whether a key of the attributes can be looked up on every engine.
// Quotes, backslashes and control characters cannot: engines disagree on how to
// write them in a path.
func usableKey(key string) bool {
	return key != "" && len(key) <= MaxText && !strings.ContainsFunc(key, func(r rune) bool {
		return r < ' ' || r == '"' || r == '\\' || r == '\ufffd' || r == '\u007f'
	})
}

// Fields are the fields that conditions may name. They do not change once made,
// and are safe for concurrent use. The nil *Fields has the fields of a contact.
type Fields struct {
	names []string
	byKey map[string]Field
}

// NewFields returns the fields of a contact and more of the host's, which replace
// those of the same name. The error matches outdial.ErrInvalid and names a field
// that cannot be: a name other than lower-case letters, digits and underscores, a
// type that does not exist, a column that is no plain identifier.
func NewFields(more ...Field) (*Fields, error) {
	fields := ownFields().clone()
	for _, field := range more {
		if !fieldName.MatchString(field.Name) {
			return nil, outdial.Invalid("field", fmt.Sprintf("cannot be called %q", printable(field.Name)))
		}
		if err := field.check(); err != nil {
			return nil, err
		}
		fields.add(field)
	}
	return fields, nil
}

// WithAttributes returns the fields and those of imported attributes. An attribute
// goes by its key, or by attributes. and its key where another field has that name;
// one that cannot be looked up is left out.
func (f *Fields) WithAttributes(attributes ...ImportedAttribute) *Fields {
	fields := f.orOwn().clone()
	for _, attribute := range attributes {
		field := Attribute(attribute.Key, attribute.Type)
		field.Listed = slices.Contains(countable, attribute.Type)
		if field.check() != nil {
			continue
		}
		if _, taken := fields.byKey[field.Name]; taken {
			field.Name = attributePrefix + field.Name
		}
		if _, taken := fields.byKey[field.Name]; !taken {
			fields.add(field)
		}
	}
	return fields
}

const attributePrefix = "attributes."

// Lookup returns the field of that name.
func (f *Fields) Lookup(name string) (Field, bool) {
	field, ok := f.orOwn().byKey[name]
	return field, ok
}

// All lists the fields: a contact's own, the host's, those of attributes.
func (f *Fields) All() []Field {
	f = f.orOwn()
	list := make([]Field, len(f.names))
	for i, name := range f.names {
		list[i] = f.byKey[name]
	}
	return list
}

func (f *Fields) orOwn() *Fields {
	if f == nil {
		return ownFields()
	}
	return f
}

func (f *Fields) clone() *Fields {
	return &Fields{names: slices.Clone(f.names), byKey: maps.Clone(f.byKey)}
}

func (f *Fields) add(field Field) {
	if _, replaced := f.byKey[field.Name]; !replaced {
		f.names = append(f.names, field.Name)
	}
	f.byKey[field.Name] = field
}
