package filter

import (
	"strconv"
	"strings"
)

// ImportedAttribute is a key that contacts have among their attributes, and the
// type that all of its values have had so far.
type ImportedAttribute struct {
	Key  string
	Type Type
}

// TypeOf returns the narrowest type that a value from a file can be read as: int,
// decimal, bool, time or text, and no type for an empty one. Digits that begin with a
// zero are text: they are postal codes and account numbers.
func TypeOf(value string) Type {
	switch {
	case value == "":
		return ""
	case plainNumber.MatchString(value) && len(value) <= maxNumber:
		digits := strings.TrimPrefix(value, "-")
		switch {
		case len(digits) > 1 && digits[0] == '0' && digits[1] != '.':
			return TypeText
		case strings.Contains(digits, "."):
			return TypeDecimal
		}
		if _, err := strconv.ParseInt(value, 10, 64); err != nil {
			return TypeText
		}
		return TypeInt
	}
	if _, ok := readTruth(value); ok {
		return TypeBool
	}
	if _, ok := readTime(value); ok {
		return TypeTime
	}
	return TypeText
}

// readTruth reads true or false, in any case.
func readTruth(text string) (flag, ok bool) {
	text = strings.ToLower(text)
	return text == "true", text == "true" || text == "false"
}

// Widen returns the narrowest type that holds what either type holds. The empty
// type holds nothing.
func (t Type) Widen(other Type) Type {
	switch {
	case t == other || other == "":
		return t
	case t == "":
		return other
	case t == TypeInt && other == TypeDecimal, t == TypeDecimal && other == TypeInt:
		return TypeDecimal
	}
	return TypeText
}
