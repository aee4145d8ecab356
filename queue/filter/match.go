package filter

import (
	"encoding/json"
	"math/big"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/outdial/outdial"
)

// Row is what an expression is matched against: a contact, when it came in, and
// what a host's own columns hold.
type Row struct {
	Contact   outdial.Contact
	CreatedAt time.Time
	// Columns holds the columns that a contact does not have, by name: nil, string,
	// int, int64, float64, json.Number, bool, time.Time, uuid.UUID or []string.
	Columns map[string]any
}

// Match says whether the row satisfies the expression at the time; the nil Expr
// matches everybody. A condition that cannot be used matches nobody. It is the
// specification that compiled SQL is tested against.
func Match(expr Expr, row Row, now time.Time) bool {
	return expr == nil || expr.match(row, now)
}

func (g Group) match(row Row, at time.Time) bool {
	if g.Logic == LogicOr {
		return slices.ContainsFunc(g.Conditions, func(expr Expr) bool { return expr != nil && expr.match(row, at) })
	}
	return !slices.ContainsFunc(g.Conditions, func(expr Expr) bool { return expr == nil || !expr.match(row, at) })
}

func (n Negation) match(row Row, at time.Time) bool { return n.Expr != nil && !n.Expr.match(row, at) }

func (c Condition) match(row Row, at time.Time) bool {
	t, err := c.read(nil)
	if err != nil {
		return false
	}
	return t.holds(row, at) != t.negated
}

// holds says whether the row satisfies the test, leaving out its "not".
func (t *test) holds(row Row, at time.Time) bool {
	low := t.field.value(row, t.field.low)
	if t.field.IsRange() {
		return t.overlaps(low, t.field.value(row, t.field.high))
	}
	if t.operator == IsEmpty {
		return low == nil || len(low.list) == 0 && t.field.Type == TypeList
	}
	if low == nil {
		return false
	}
	switch t.operator {
	case Equals, In:
		return slices.ContainsFunc(t.operands, func(o operand) bool { return t.field.same(low.operand, o) })
	case Contains:
		return strings.Contains(folded(low.text), folded(t.operands[0].text))
	case StartsWith:
		return strings.HasPrefix(folded(low.text), folded(t.operands[0].text))
	case EndsWith:
		return strings.HasSuffix(folded(low.text), folded(t.operands[0].text))
	case AnyOf:
		return slices.ContainsFunc(t.operands, low.has)
	case AllOf:
		return !slices.ContainsFunc(t.operands, func(o operand) bool { return !low.has(o) })
	default:
		return t.within(&low.operand, &low.operand, at)
	}
}

// overlaps says whether the range from low to high, of which an end may be missing,
// has a value that satisfies the test.
func (t *test) overlaps(low, high *value) bool {
	if low == nil && high == nil {
		return t.operator == IsEmpty
	}
	if t.operator == IsEmpty {
		return false
	}
	var from, to *operand
	if low != nil {
		from = &low.operand
	}
	if high != nil {
		to = &high.operand
	}
	return t.within(from, to, time.Time{})
}

// within says whether something between from and to satisfies a comparison. A nil
// end is open.
func (t *test) within(from, to *operand, at time.Time) bool {
	first := func(o operand) int { // where the value's beginning is from o
		if from == nil {
			return -1
		}
		return t.field.compare(*from, o)
	}
	last := func(o operand) int {
		if to == nil {
			return 1
		}
		return t.field.compare(*to, o)
	}
	switch t.operator {
	case Equals, Between:
		return first(t.operands[len(t.operands)-1]) <= 0 && last(t.operands[0]) >= 0
	case Greater, After:
		return last(t.operands[0]) > 0
	case AtLeast:
		return last(t.operands[0]) >= 0
	case Less, Before:
		return first(t.operands[0]) < 0
	case AtMost:
		return first(t.operands[0]) <= 0
	case WithinLastDays:
		earliest, now := t.span(at)
		return first(operand{at: now}) <= 0 && last(operand{at: earliest}) >= 0
	}
	return false
}

// span is what WithinLastDays reaches over.
func (t *test) span(now time.Time) (from, to time.Time) {
	const day = 24 * time.Hour
	now = now.UTC().Truncate(time.Microsecond)
	return now.Add(-time.Duration(t.days) * day), now
}

// same says whether two values of the field are one.
func (f Field) same(a, b operand) bool {
	switch f.Type {
	case TypeText:
		return a.text == b.text || f.folds() && folded(a.text) == folded(b.text)
	case TypeInt, TypeDecimal:
		return a.number.Cmp(b.number) == 0
	case TypeBool:
		return a.flag == b.flag
	default:
		return a.text == b.text
	}
}

// value is what a row has in a field.
type value struct {
	operand

	list []string
}

func (v *value) has(o operand) bool {
	return slices.ContainsFunc(v.list, func(text string) bool { return folded(text) == folded(o.text) })
}

// value returns what the row has in a place of the field, or nil when that is
// nothing or something of another type.
func (f Field) value(row Row, place source) *value {
	if place.attribute != "" {
		return f.attribute(row.Contact.Attributes, place.attribute)
	}
	held, ok := contactColumn(row, place.column)
	if !ok {
		held = row.Columns[place.column]
	}
	return f.columnValue(held)
}

// contactColumn returns what a column of the library's own holds.
func contactColumn(row Row, column string) (any, bool) {
	contact := row.Contact
	switch column {
	case "id":
		return contact.ID, true
	case "account_id":
		return contact.AccountID, true
	case "first_name":
		return contact.FirstName, true
	case "last_name":
		return contact.LastName, true
	case "company":
		return contact.Company, true
	case "country":
		return contact.Country, true
	case "region":
		return contact.Region, true
	case "postal_code":
		return contact.PostalCode, true
	case "timezone":
		return contact.Timezone, true
	case "phone_key":
		if contact.Phone.IsE164() {
			return contact.Phone.E164(), true
		}
		return nil, true
	case "phone_status":
		if contact.PhoneStatus == "" {
			return string(outdial.PhoneUnknown), true
		}
		return string(contact.PhoneStatus), true
	case "email_key":
		return contact.Email.Key(), true
	case "is_valid":
		return !contact.Invalid, true
	case "is_opted_out":
		return contact.OptedOut, true
	case "created_at":
		return row.CreatedAt, true
	}
	return nil, false
}

// columnValue reads what a column holds as a value of the field's type. What is of
// another type is none.
func (f Field) columnValue(held any) *value {
	switch f.Type {
	case TypeInt, TypeDecimal:
		return columnNumber(held)
	case TypeBool:
		if flag, ok := held.(bool); ok {
			return &value{operand: operand{flag: flag}}
		}
	case TypeTime:
		if at, ok := held.(time.Time); ok && !at.IsZero() {
			return &value{operand: operand{at: at.UTC().Truncate(time.Microsecond)}}
		}
	case TypeUUID:
		if id, ok := held.(uuid.UUID); ok && id != uuid.Nil {
			return &value{operand: operand{text: id.String()}}
		}
	case TypeList:
		if list, ok := held.([]string); ok {
			return &value{list: list}
		}
	default:
		if text, ok := held.(string); ok && text != "" {
			return &value{operand: operand{text: text}}
		}
	}
	return nil
}

func columnNumber(held any) *value {
	switch held := held.(type) {
	case int:
		return numberValue(new(big.Rat).SetInt64(int64(held)))
	case int64:
		return numberValue(new(big.Rat).SetInt64(held))
	case float64:
		// The number that was meant, and not the nearest that 64 bits have.
		return numberValue(exactly(strconv.FormatFloat(held, 'g', -1, 64)))
	case json.Number:
		return numberValue(exactly(held.String()))
	}
	return nil
}

func numberValue(number *big.Rat) *value {
	if number == nil {
		return nil
	}
	return &value{operand: operand{number: number}}
}

// attribute returns a member of the attributes as a value of the field's type.
func (f Field) attribute(attributes json.RawMessage, key string) *value {
	var members map[string]json.RawMessage
	if json.Unmarshal(attributes, &members) != nil {
		return nil
	}
	raw, ok := members[key]
	if !ok {
		return nil
	}
	if f.Type == TypeList {
		return listValue(raw)
	}
	var text string
	isText := json.Unmarshal(raw, &text) == nil && string(raw) != "null"
	switch f.Type {
	case TypeInt, TypeDecimal:
		if !isText {
			var number json.Number
			if json.Unmarshal(raw, &number) != nil {
				return nil
			}
			text = number.String()
		} else if !plainNumber.MatchString(text) || len(text) > maxNumber {
			return nil
		}
		return numberValue(exactly(text))
	case TypeBool:
		if !isText {
			text = string(raw)
		}
		flag, ok := readTruth(text)
		if !ok {
			return nil
		}
		return &value{operand: operand{flag: flag}}
	}
	if !isText || text == "" {
		return nil
	}
	switch f.Type {
	case TypeTime:
		at, ok := readTime(text)
		if !ok {
			return nil
		}
		return &value{operand: operand{at: at}}
	case TypeUUID:
		if !uuidForm.MatchString(text) {
			return nil
		}
		text = strings.ToLower(text)
	}
	return &value{operand: operand{text: text}}
}

// listValue reads the texts of a JSON array. What is no text in it counts towards
// its length and equals nothing.
func listValue(raw json.RawMessage) *value {
	var members []any
	if json.Unmarshal(raw, &members) != nil || members == nil {
		return nil
	}
	texts := make([]string, 0, len(members))
	for _, member := range members {
		text, _ := member.(string)
		texts = append(texts, text)
	}
	return &value{list: texts}
}
