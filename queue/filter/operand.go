package filter

import (
	"encoding/json"
	"fmt"
	"math/big"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"

	"github.com/outdial/outdial"
)

// test is a condition whose field is known and whose values have the field's type.
type test struct {
	field    Field
	operator Operator
	// negated says that the operator was the opposite of this one.
	negated  bool
	operands []operand
	days     int
}

// operand is a value of the type of its field.
type operand struct {
	// text is a text, a word, a key or an id.
	text   string
	number *big.Rat
	flag   bool
	at     time.Time
}

// read returns what the condition asks. A condition that has been resolved keeps the
// field it found then.
func (c Condition) read(fields *Fields) (*test, error) {
	if c.test != nil {
		return c.test, nil
	}
	field, ok := fields.Lookup(c.Field)
	if !ok {
		return nil, outdial.Invalid(c.label(), "is not a field that can be filtered on")
	}
	allowed := field.Operators()
	if !slices.Contains(allowed, c.Operator) {
		return nil, outdial.Invalid(c.label(), fmt.Sprintf("has no operator %q; a field of type %s has %s",
			printable(string(c.Operator)), field.Type, list(allowed)))
	}
	t := &test{field: field}
	t.operator, t.negated = c.Operator.positive()
	if problem := c.arity(); problem != "" {
		return nil, outdial.Invalid(c.label(), problem)
	}
	if c.Operator.Takes() == TakesDays {
		days, problem := readDays(c.Values[0])
		if problem != "" {
			return nil, outdial.Invalid(c.label(), problem)
		}
		t.days = days
		return t, nil
	}
	t.operands = make([]operand, len(c.Values))
	for i, value := range c.Values {
		o, problem := field.operand(value)
		if problem != "" {
			if len(c.Values) > 1 {
				problem = fmt.Sprintf("value %d %s", i+1, problem)
			}
			return nil, outdial.Invalid(c.label(), problem)
		}
		t.operands[i] = o
	}
	if c.Operator == Between && field.compare(t.operands[0], t.operands[1]) > 0 {
		return nil, outdial.Invalid(c.label(), "has a range whose first value is larger than its second")
	}
	return t, nil
}

// arity says what is wrong with the number of values.
func (c Condition) arity() string {
	switch given := len(c.Values); c.Operator.Takes() {
	case TakesNothing:
		if given > 0 {
			return fmt.Sprintf("must have no value with %q", string(c.Operator))
		}
	case TakesTwo:
		if given != 2 {
			return fmt.Sprintf("must have a list of two values with %q", string(c.Operator))
		}
	case TakesList:
		switch positive, _ := c.Operator.positive(); {
		case given == 0:
			return fmt.Sprintf("must have a list of values with %q, and not an empty one", string(c.Operator))
		case positive != In && given > MaxListValues:
			return fmt.Sprintf("has more than %d values with %q", MaxListValues, string(c.Operator))
		}
	default:
		if given != 1 {
			return fmt.Sprintf("must have one value with %q", string(c.Operator))
		}
	}
	return ""
}

func readDays(value any) (days int, problem string) {
	number, ok := value.(json.Number)
	if !ok || !jsonNumber.MatchString(number.String()) {
		return 0, "must be a number of days"
	}
	days, err := strconv.Atoi(number.String())
	if err != nil || days < 1 || days > MaxDays {
		return 0, fmt.Sprintf("must be a whole number of days, from 1 to %d", MaxDays)
	}
	return days, ""
}

// operand turns a JSON value into one of the field's type, or says why not.
func (f Field) operand(value any) (o operand, problem string) {
	switch f.Type {
	case TypeInt, TypeDecimal:
		number, ok := value.(json.Number)
		if !ok || !jsonNumber.MatchString(number.String()) {
			return o, "must be a number"
		}
		o.number, problem = readNumber(number.String(), f.Type)
		return o, problem
	case TypeBool:
		flag, ok := value.(bool)
		if !ok {
			return o, "must be true or false"
		}
		o.flag = flag
		return o, ""
	}
	text, ok := value.(string)
	if !ok {
		return o, "must be a string"
	}
	if problem := checkText(text); problem != "" {
		return o, problem
	}
	switch f.Type {
	case TypeTime:
		at, ok := readTime(text)
		if !ok {
			return o, "must be a time such as 2026-11-02T15:04:05Z or 2026-11-02"
		}
		o.at = at
	case TypeUUID:
		if !uuidForm.MatchString(text) {
			return o, "must be a UUID"
		}
		o.text = uuid.MustParse(text).String()
	case TypeEnum:
		if len(f.Values) > 0 && !slices.Contains(f.Values, text) {
			return o, "must be one of " + list(f.Values)
		}
		o.text = text
	default:
		if o.text, problem = f.key.of(text); problem == "" && o.text == "" {
			problem = "is empty"
		}
	}
	return o, problem
}

// Numbers and times as text, in a condition and in an attribute.
var (
	jsonNumber  = regexp.MustCompile(`^-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?$`)
	plainNumber = regexp.MustCompile(`^-?[0-9]+(\.[0-9]+)?$`)
	uuidForm    = regexp.MustCompile(`^[0-9A-Fa-f]{8}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{12}$`)
	timeForm    = regexp.MustCompile(`^[0-9]{4}-[0-9]{2}-[0-9]{2}` +
		`(T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,9})?(Z|[+-][0-9]{2}:[0-5][0-9]))?$`)
)

// maxNumber is how long a number may be as text; a decimal keeps maxDigits of them,
// which is what 64-bit floating point, as SQLite has it, tells apart.
const (
	maxNumber = 400
	maxDigits = 15
)

func readNumber(text string, kind Type) (number *big.Rat, problem string) {
	if kind == TypeInt {
		whole, err := strconv.ParseInt(text, 10, 64)
		if err != nil {
			return nil, "must be a whole number of 64 bits"
		}
		return new(big.Rat).SetInt64(whole), ""
	}
	const (
		outOfRange = "must be a number of at most 15 digits, between -1e300 and 1e300"
		largest    = 1e300
		smallest   = 1e-300
	)
	if len(text) > maxNumber {
		return nil, outOfRange
	}
	float, err := strconv.ParseFloat(text, 64)
	size := max(float, -float)
	if err != nil || size > largest || size < smallest && significant(text) > 0 {
		return nil, outOfRange
	}
	number = exactly(text)
	if number == nil {
		return nil, "must be a number"
	}
	if (!number.IsInt() || !number.Num().IsInt64()) && significant(text) > maxDigits {
		return nil, outOfRange
	}
	return number, ""
}

// exactly reads a JSON number, or returns nil. One whose exponent no column can hold
// would be spelled out in digits.
func exactly(text string) *big.Rat {
	const largestExponent = 20_000
	if _, exponent, found := strings.Cut(strings.ToLower(text), "e"); found {
		if power, err := strconv.Atoi(exponent); err != nil || max(power, -power) > largestExponent {
			return nil
		}
	}
	number, ok := new(big.Rat).SetString(text)
	if !ok {
		return nil
	}
	return number
}

// significant counts the digits of a JSON number from the first that is not zero to
// the last that is not.
func significant(text string) int {
	mantissa, _, _ := strings.Cut(strings.ToLower(text), "e")
	digits := strings.Map(func(r rune) rune {
		if r < '0' || r > '9' {
			return -1
		}
		return r
	}, mantissa)
	return len(strings.Trim(digits, "0"))
}

// readTime reads an instant with its zone, or a date, which begins at midnight UTC.
// Digits beyond the microsecond are dropped, as stores do.
func readTime(text string) (time.Time, bool) {
	if !timeForm.MatchString(text) || text < "0001" {
		return time.Time{}, false
	}
	if len(text) == len(time.DateOnly) {
		at, err := time.Parse(time.DateOnly, text)
		return at, err == nil
	}
	// A zone further from Greenwich than any there is.
	if sign := text[len(text)-6]; (sign == '+' || sign == '-') && text[len(text)-5:] > "14:59" {
		return time.Time{}, false
	}
	at, err := time.Parse(time.RFC3339Nano, text)
	return at.UTC().Truncate(time.Microsecond), err == nil
}

// compare orders two values of a field that has an order.
func (f Field) compare(a, b operand) int {
	if f.Type == TypeTime {
		return a.at.Compare(b.at)
	}
	return a.number.Cmp(b.number)
}

func checkText(value string) (problem string) {
	switch {
	case value == "":
		return "is empty"
	case len(value) > MaxText:
		return fmt.Sprintf("is longer than %d bytes", MaxText)
	case !utf8.ValidString(value):
		return "is not UTF-8"
	case strings.ContainsRune(value, 0):
		return "contains a NUL character"
	}
	return ""
}

// printable cuts a name that came from outside down to what an error message can
// carry.
func printable(name string) string {
	const longest = 40
	if len(name) > longest {
		name = strings.ToValidUTF8(name[:longest], "") + "…"
	}
	return name
}

// list names a few words in a message.
func list[T ~string](values []T) string {
	const longest = 150
	var words strings.Builder
	for i, value := range values {
		if i > 0 {
			words.WriteString(", ")
		}
		if words.Len() > longest {
			words.WriteString("…")
			break
		}
		words.WriteString(printable(string(value)))
	}
	return words.String()
}
