package outdial

import (
	"fmt"
	"log/slog"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/nyaruka/phonenumbers"
)

// Phone is a telephone number in E.164 form, such as +15046218927. The zero
// value is no number. Printing or logging a Phone redacts it, because a log line
// outlives every access rule; E164 returns the digits for those who dial, and JSON
// carries them.
//
// Package fmt asks no method of a value in an unexported field, nor under %p and
// %w, which vet refuses for a Phone.
type Phone string

// E164 returns the number in full.
func (p Phone) E164() string { return string(p) }

// IsE164 says whether the number has the shape of E.164: a plus sign and 7 to 15
// digits, the first of them not zero. Only such a number is ever dialed.
func (p Phone) IsE164() bool {
	const fewest, most = 7, 15
	digits, ok := strings.CutPrefix(string(p), "+")
	if !ok || len(digits) < fewest || len(digits) > most || digits[0] == '0' {
		return false
	}
	for i := range len(digits) {
		if digits[i] < '0' || digits[i] > '9' {
			return false
		}
	}
	return true
}

// String returns the redacted form.
func (p Phone) String() string { return p.Masked() }

// GoString returns the redacted form, so that %#v does not leak the number.
func (p Phone) GoString() string { return "outdial.Phone(" + p.Masked() + ")" }

// Format implements fmt.Formatter with the redacted form, whatever the verb.
func (p Phone) Format(f fmt.State, verb rune) { formatRedacted(f, verb, p.Masked(), p.GoString()) }

// LogValue implements slog.LogValuer with the redacted form.
func (p Phone) LogValue() slog.Value { return slog.StringValue(p.Masked()) }

// Masked shows the last two digits and hides the rest behind bullets, enough for
// an agent to recognize a row and too little to dial. Anything shorter than six
// characters is hidden whole.
func (p Phone) Masked() string {
	const shown = 2
	if p == "" {
		return ""
	}
	if utf8.RuneCountInString(string(p)) < 6 {
		return "••••"
	}
	runes := []rune(string(p))
	return "••••" + string(runes[len(runes)-shown:])
}

// PhoneStatus says what is known about a contact's number.
type PhoneStatus string

// The phone statuses. Only a contact whose status is not PhoneInvalid and whose
// number has a normalized form is dialable.
const (
	// PhoneUnknown is a number nobody has checked yet.
	PhoneUnknown PhoneStatus = "unknown"
	// PhoneValid is a number that the numbering plan allows.
	PhoneValid PhoneStatus = "valid"
	// PhoneInvalid is a number that cannot be dialed: unparsable, or reported
	// disconnected.
	PhoneInvalid PhoneStatus = "invalid"
)

// maxRawPhone bounds what ParsePhone looks at: the longest E.164 number has 15
// digits, and separators and an extension still fit four times over.
const maxRawPhone = 64

// ParsePhone normalizes a number as people write it to E.164. A number without a
// country code is read as one of region, an ISO 3166 code such as US. The error
// matches ErrInvalid and never repeats the input.
//
// Letters are refused rather than mapped to keypad digits, and so is an
// extension: a dialer that drops either calls somebody else.
func ParsePhone(raw, region string) (Phone, error) {
	phone, number, err := normalizePhone(raw, region)
	if err != nil {
		return "", err
	}
	if !phonenumbers.IsValidNumber(number) {
		return "", Invalid("phone", "is not a number of its country's numbering plan")
	}
	return phone, nil
}

// NormalizePhone is ParsePhone for numbers that are not to be called: it takes those
// too that have as many digits as their country's numbers but are in no numbering plan,
// or were in none when this program was built. A host may have such a number in its own
// contacts, and a list that refused it would not protect whoever has it.
func NormalizePhone(raw, region string) (Phone, error) {
	phone, _, err := normalizePhone(raw, region)
	return phone, err
}

func normalizePhone(raw, region string) (Phone, *phonenumbers.PhoneNumber, error) {
	raw = strings.TrimSpace(raw)
	switch {
	case raw == "":
		return "", nil, Invalid("phone", "is empty")
	case len(raw) > maxRawPhone:
		return "", nil, Invalid("phone", "is too long")
	case strings.ContainsFunc(raw, unicode.IsLetter):
		return "", nil, Invalid("phone", "contains letters")
	}
	number, err := phonenumbers.Parse(raw, strings.ToUpper(region))
	if err != nil {
		return "", nil, Invalid("phone", "is not a phone number")
	}
	if number.GetExtension() != "" {
		return "", nil, Invalid("phone", "has an extension")
	}
	phone := Phone(phonenumbers.Format(number, phonenumbers.E164))
	if !phone.IsE164() || phonenumbers.IsPossibleNumberWithReason(number) != phonenumbers.IS_POSSIBLE {
		return "", nil, Invalid("phone", "is not a number of its country's numbering plan")
	}
	return phone, number, nil
}
