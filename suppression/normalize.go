package suppression

import (
	"strings"
	"unicode"

	"github.com/outdial/outdial"
)

// ParseEntry turns what people write into an entry: an e-mail address when there is an
// @ in it, and else a phone number, which is read as one of region when it has no
// country code. The error matches ErrInvalid and never repeats the input.
//
// A number need not be one that a numbering plan has, if it is as long as one: to
// suppress too much harms nobody. Letters and extensions are refused, since it is not
// certain whom they mean.
func ParseEntry(raw, region string) (Entry, error) {
	raw = visible(raw)
	if strings.Contains(raw, "@") {
		email, err := outdial.ParseEmail(raw)
		if err != nil {
			return Entry{}, err
		}
		return NewEmail(email), nil
	}
	phone, err := outdial.ParsePhone(raw, region)
	if err != nil {
		phone, err = parseUnplanned(raw, region)
	}
	if err != nil {
		return Entry{}, err
	}
	return NewPhone(phone), nil
}

// parseUnplanned reads a number of no numbering plan. One that would be read otherwise
// a second time is refused: +20 and ten zeros loses one of them each time.
func parseUnplanned(raw, region string) (outdial.Phone, error) {
	phone, err := outdial.NormalizePhone(raw, region)
	if err != nil {
		return "", err
	}
	if again, err := outdial.NormalizePhone(phone.E164(), ""); err != nil || again != phone {
		return "", outdial.Invalid("phone", "is not a number of its country's numbering plan")
	}
	return phone, nil
}

// visible leaves out what nobody sees, such as the marks for the direction of writing
// that come along when a value is copied out of a browser.
func visible(raw string) string {
	if !strings.ContainsFunc(raw, isInvisible) {
		return raw
	}
	return strings.Map(func(r rune) rune {
		if isInvisible(r) {
			return -1
		}
		return r
	}, raw)
}

func isInvisible(r rune) bool { return unicode.Is(unicode.Cf, r) }
