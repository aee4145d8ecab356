package outdial_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/nyaruka/phonenumbers"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/outdial/outdial"
)

func TestParsePhone(t *testing.T) {
	t.Parallel()

	const number = outdial.Phone("+15046218927")
	tests := []struct {
		name   string
		raw    string
		region string
		want   outdial.Phone
		// problem is what the error says when there is no number.
		problem string
	}{
		{name: "digits alone are read in the region", raw: "5046218927", region: "US", want: number},
		{name: "hyphens separate", raw: "504-621-8927", region: "US", want: number},
		{name: "dots separate", raw: "504.621.8927", region: "US", want: number},
		{name: "brackets and blanks separate", raw: " (504) 621 8927\t", region: "US", want: number},
		{name: "typographic dashes separate", raw: "504–621‐8927", region: "US", want: number},
		{name: "no-break spaces separate", raw: "504\u00a0621\u00a08927", region: "US", want: number},
		{name: "the trunk prefix goes", raw: "1-504-621-8927", region: "US", want: number},
		{name: "E.164 needs no region", raw: "+15046218927", region: "", want: number},
		{name: "E.164 ignores the region", raw: "+15046218927", region: "GB", want: number},
		{name: "E.164 ignores an unknown region", raw: "+15046218927", region: "ZZ", want: number},
		{name: "the region may be in lower case", raw: "504-621-8927", region: "us", want: number},
		{name: "full-width digits are digits", raw: "＋１５０４６２１８９２７", region: "", want: number},
		{name: "Arabic-Indic digits are digits", raw: "٥٠٤٦٢١٨٩٢٧", region: "US", want: number},
		{name: "Persian digits are digits", raw: "۵۰۴۶۲۱۸۹۲۷", region: "US", want: number},
		{name: "the region's international prefix works", raw: "011 44 20 7946 0958", region: "US", want: "+442079460958"},
		{name: "a trunk zero in brackets goes", raw: "+44 (0)20 7946 0958", region: "US", want: "+442079460958"},
		{name: "an Italian leading zero stays", raw: "06 6982", region: "IT", want: "+39066982"},
		{name: "an Argentine mobile keeps its nine", raw: "+54 9 11 2345 6789", region: "", want: "+5491123456789"},
		{name: "a national number of Great Britain", raw: "020 7946 0958", region: "GB", want: "+442079460958"},
		{name: "a toll-free number is a number", raw: "+800 1234 5678", region: "", want: "+80012345678"},
		{name: "a 555 number of an area code is a number", raw: "504-555-1234", region: "US", want: "+15045551234"},

		{name: "nothing is no number", raw: "", region: "US", problem: "is empty"},
		{name: "blanks are no number", raw: " \t\n\u00a0", region: "US", problem: "is empty"},
		{name: "a plus is no number", raw: "+", region: "US", problem: "is not a phone number"},
		{name: "separators are no number", raw: "(-) .", region: "US", problem: "is not a phone number"},
		{name: "one digit is no number", raw: "5", region: "US", problem: "is not a phone number"},
		{name: "no country code and no region", raw: "504-621-8927", region: "", problem: "is not a phone number"},
		{name: "no country code and an unknown region", raw: "504-621-8927", region: "ZZ", problem: "is not a phone number"},
		{name: "no country code and a region of three letters", raw: "504-621-8927", region: "USA", problem: "is not a phone number"},
		{name: "no country code and a NUL for a region", raw: "504-621-8927", region: "\x00", problem: "is not a phone number"},
		{name: "a plus and zeros have no country", raw: "+00", region: "US", problem: "is not a phone number"},
		{name: "a plus before an international prefix has no country", raw: "+0015046218927", region: "US", problem: "is not a phone number"},
		{name: "a country code nobody has", raw: "+999 12345678", region: "US", problem: "is not a phone number"},
		{name: "forty digits are no number", raw: strings.Repeat("1234567890", 4), region: "US", problem: "is not a phone number"},
		{name: "a million digits are too long", raw: strings.Repeat("5", 1_000_000), region: "US", problem: "is too long"},
		{name: "65 bytes are too long", raw: "+15046218927" + strings.Repeat(" ", 52) + "1", region: "US", problem: "is too long"},
		{name: "a number without its area code", raw: "621-8927", region: "US", problem: "is not a number of its country's numbering plan"},
		{name: "an area code of 555", raw: "5551234567", region: "US", problem: "is not a number of its country's numbering plan"},
		{name: "an emergency number", raw: "911", region: "US", problem: "is not a number of its country's numbering plan"},
		{name: "zeros", raw: "0000000000", region: "US", problem: "is not a number of its country's numbering plan"},
		{name: "a digit too few", raw: "+1504621892", region: "US", problem: "is not a number of its country's numbering plan"},
		{name: "a digit too many", raw: "+150462189271", region: "US", problem: "is not a number of its country's numbering plan"},
		{name: "a number of another country", raw: "504-621-8927", region: "GB", problem: "is not a number of its country's numbering plan"},
		{name: "a code to withhold the caller's number", raw: "*67 504-621-8927", region: "US", problem: "is not a number of its country's numbering plan"},
		{name: "a number that is too short to be dialed from abroad", raw: "+43 1110", region: "", problem: "is not a number of its country's numbering plan"},
		{name: "an Italian number that lost its zero", raw: "+39 6 6982", region: "", problem: "is not a number of its country's numbering plan"},

		{name: "letters on keys are refused", raw: "1-800-FLOWERS", region: "US", problem: "contains letters"},
		{name: "an extension with a letter is refused", raw: "504-621-8927 x123", region: "US", problem: "contains letters"},
		{name: "an extension with a word is refused", raw: "504-621-8927 ext. 123", region: "US", problem: "contains letters"},
		{name: "a telephone URI is refused", raw: "tel:+15046218927", region: "US", problem: "contains letters"},
		{name: "full-width letters are letters", raw: "Ａ5046218927", region: "US", problem: "contains letters"},
		{name: "Cyrillic letters are letters", raw: "пять 504-621-8927", region: "US", problem: "contains letters"},
		{name: "a Cyrillic extension is refused", raw: "504-621-8927 доб. 12", region: "US", problem: "contains letters"},
		{name: "Chinese letters are letters", raw: "日本504-621-8927", region: "US", problem: "contains letters"},
		{name: "an extension after a hash is refused", raw: "504-621-8927 #123", region: "US", problem: "has an extension"},
		{name: "an extension after a comma is refused", raw: "504-621-8927,,123", region: "US", problem: "has an extension"},
		{name: "an extension after a tilde is refused", raw: "504-621-8927~12", region: "US", problem: "has an extension"},
		{name: "two numbers after a semicolon are refused", raw: "5046218927;5046218928", region: "US", problem: "has an extension"},
		{name: "two numbers after a slash are refused", raw: "504-621-8927 / 504-621-8928", region: "US", problem: "is not a phone number"},
		{name: "two numbers on two lines are refused", raw: "5046218927\n5046218928", region: "US", problem: "is not a phone number"},
		{name: "a changed last digit is refused", raw: "504-621-8927/8", region: "US", problem: "is not a number of its country's numbering plan"},
		{name: "a NUL inside is refused", raw: "504621\x008927", region: "US", problem: "is not a phone number"},
		{name: "a NUL at the end is refused", raw: "5046218927\x00", region: "US", problem: "is not a phone number"},
		{name: "bytes that are no text are refused", raw: "504621\xff8927", region: "US", problem: "is not a phone number"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()

			phone, err := outdial.ParsePhone(test.raw, test.region)
			if test.problem != "" {
				requireFieldError(t, err, "phone", test.problem)
				require.Empty(t, phone.E164())
				return
			}
			require.NoError(t, err)
			require.Equal(t, test.want.E164(), phone.E164())
		})
	}
}

// The numbering plans come with an example number each, so that what is true for
// one country can be asked of all of them.
func TestParsePhoneInEveryCountry(t *testing.T) {
	t.Parallel()

	asked := 0
	for region := range phonenumbers.GetSupportedRegions() {
		example := phonenumbers.GetExampleNumber(region)
		if example == nil || !phonenumbers.IsValidNumber(example) {
			continue
		}
		want := phonenumbers.Format(example, phonenumbers.E164)
		for _, format := range []phonenumbers.PhoneNumberFormat{
			phonenumbers.E164, phonenumbers.INTERNATIONAL, phonenumbers.NATIONAL,
		} {
			written := phonenumbers.Format(example, format)
			phone, err := outdial.ParsePhone(written, region)
			require.NoError(t, err, "%s: %s", region, written)
			require.Equal(t, want, phone.E164(), "%s: %s", region, written)
			require.True(t, phone.IsE164(), "%s: %s", region, written)
			asked++
		}
	}
	require.Greater(t, asked, 600, "three ways of writing for each of two hundred countries")
}

func TestParsePhoneProperties(t *testing.T) {
	t.Parallel()

	t.Run("a parsed number can be dialed, and parses to itself in any region", func(t *testing.T) {
		t.Parallel()

		rapid.Check(t, func(t *rapid.T) {
			of := country().Draw(t, "country")
			phone, err := outdial.ParsePhone(nationalPhone(of).Draw(t, "raw"), of)
			if err != nil {
				t.Skip("no number")
			}
			require.True(t, phone.IsE164(), phone.E164())
			again, err := outdial.ParsePhone(phone.E164(), region().Draw(t, "region"))
			require.NoError(t, err)
			require.Equal(t, phone.E164(), again.E164())
		})
	})
	t.Run("an error is ErrInvalid and repeats no digit of the input", func(t *testing.T) {
		t.Parallel()

		rapid.Check(t, func(t *rapid.T) {
			_, err := outdial.ParsePhone(writtenPhone().Draw(t, "raw"), region().Draw(t, "region"))
			if err == nil {
				t.Skip("a number")
			}
			require.ErrorIs(t, err, outdial.ErrInvalid)
			require.Zero(t, countDigits(err.Error()), err)
		})
	})
	t.Run("separators do not matter", func(t *testing.T) {
		t.Parallel()

		rapid.Check(t, func(t *rapid.T) {
			separator := rapid.SampledFrom([]string{"", " ", "-", ".", "  ", " - ", "–", "\u00a0"})
			written := "504" + separator.Draw(t, "first") + "621" + separator.Draw(t, "second") + "8927"
			phone, err := outdial.ParsePhone(written, "US")
			require.NoError(t, err)
			require.Equal(t, "+15046218927", phone.E164())
		})
	})
}

func FuzzParsePhone(f *testing.F) {
	for _, raw := range []string{
		"", "504-621-8927", "+1 (504) 621-8927", "5046218927 x12", "1-800-FLOWERS", "+00", "+39 06 6982",
		"＋１５０４６２１８９２７", "٥٠٤٦٢١٨٩٢٧", "504-621-8927 / 504-621-8928", "\x00", "\xff5046218927",
		"tel:+15046218927;ext=1", "5046218927,,1#", strings.Repeat("1", 40),
	} {
		f.Add(raw, "US")
	}
	f.Add("020 7946 0958", "GB")
	f.Add("9 11 2345-6789", "ar")
	f.Add("044 55 1234 5678", "MX")
	f.Fuzz(func(t *testing.T, raw, region string) {
		phone, err := outdial.ParsePhone(raw, region)
		if err != nil {
			require.ErrorIs(t, err, outdial.ErrInvalid)
			require.Empty(t, phone.E164())
			return
		}
		require.True(t, phone.IsE164(), phone.E164())
		for _, region := range []string{"", region} {
			again, err := outdial.ParsePhone(phone.E164(), region)
			require.NoError(t, err)
			require.Equal(t, phone.E164(), again.E164())
		}
	})
}

func TestPhoneIsE164(t *testing.T) {
	t.Parallel()

	tests := []struct {
		name  string
		phone outdial.Phone
		want  bool
	}{
		{"a number of the United States", "+15046218927", true},
		{"the shortest", "+1234567", true},
		{"the longest", "+123456789012345", true},
		{"a digit shorter", "+123456", false},
		{"a digit longer", "+1234567890123456", false},
		{"no number", "", false},
		{"a plus", "+", false},
		{"no plus", "15046218927", false},
		{"two plus signs", "++15046218927", false},
		{"a zero in front", "+05046218927", false},
		{"separators", "+1 504 621 8927", false},
		{"a letter", "+1504621892O", false},
		{"an extension", "+15046218927x1", false},
		{"digits of another script", "+١٥٠٤٦٢١٨", false},
		{"full-width digits", "+１５０４６", false},
		{"a blank at the end", "+15046218927 ", false},
		{"a line feed at the end", "+15046218927\n", false},
		{"a NUL", "+1504621\x008927", false},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()

			require.Equal(t, test.want, test.phone.IsE164())
		})
	}

	t.Run("is a plus and 7 to 15 digits, the first not zero, and nothing else", func(t *testing.T) {
		t.Parallel()

		shape := regexp.MustCompile(`\A\+[1-9][0-9]{6,14}\z`)
		rapid.Check(t, func(t *rapid.T) {
			text := rapid.OneOf(rapid.StringMatching(`\+?[0-9]{5,17}[ x\n]?`), rapid.String()).Draw(t, "phone")
			require.Equal(t, shape.MatchString(text), outdial.Phone(text).IsE164(), "%q", text)
		})
	})
}

func TestPhoneMasked(t *testing.T) {
	t.Parallel()

	tests := []struct {
		name  string
		phone outdial.Phone
		want  string
	}{
		{"no number has nothing to hide", "", ""},
		{"a number keeps its last two digits", "+15046218927", "••••27"},
		{"six characters keep two", "123456", "••••56"},
		{"five characters are hidden whole", "12345", "••••"},
		{"one character is hidden whole", "1", "••••"},
		{"five characters of several bytes are hidden whole", "１２３４５", "••••"},
		{"characters of several bytes are not cut", "１２３４５６", "••••５６"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()

			require.Equal(t, test.want, test.phone.Masked())
		})
	}

	t.Run("never more than two digits show, whatever was kept as given", func(t *testing.T) {
		t.Parallel()

		rapid.Check(t, func(t *rapid.T) {
			phone := outdial.Phone(rapid.OneOf(writtenPhone(), rapid.String()).Draw(t, "phone"))
			require.LessOrEqual(t, countDigits(phone.Masked()), 2)
			require.True(t, utf8.ValidString(phone.Masked()))
			if digits := countDigits(phone.E164()); digits >= 4 {
				require.Less(t, countDigits(phone.Masked()), digits-1, "at least two digits stay hidden")
			}
		})
	})
}

func TestPhoneIsRedactedWhereverItIsPrinted(t *testing.T) {
	t.Parallel()

	const phone = outdial.Phone("+15046218927")
	requireRedacted := func(t *testing.T, printed string) {
		t.Helper()
		require.NotContains(t, printed, "504621")
		require.NotContains(t, printed, "621892")
		require.NotContains(t, strings.ToLower(printed), fmt.Sprintf("%x", "504621"))
	}

	for _, verb := range textVerbs() {
		t.Run("fmt "+verb, func(t *testing.T) {
			t.Parallel()

			requireRedacted(t, fmt.Sprintf(verb, phone))
			requireRedacted(t, fmt.Sprintf(verb, []outdial.Phone{phone}))
			requireRedacted(t, fmt.Sprintf(verb, struct{ Phone outdial.Phone }{phone}))
			requireRedacted(t, fmt.Sprintf(verb, map[string]outdial.Phone{"phone": phone}))
		})
	}
	// A wrong verb is a slip that vet catches only in a constant format.
	for _, verb := range wrongVerbs() {
		t.Run("fmt with the wrong verb "+verb, func(t *testing.T) {
			t.Parallel()

			requireRedacted(t, fmt.Sprintf(verb, phone))
		})
	}
	t.Run("fmt.Sprint and an error that wraps it", func(t *testing.T) {
		t.Parallel()

		requireRedacted(t, fmt.Sprint(phone))
		requireRedacted(t, fmt.Errorf("dial %s: %w", phone, outdial.ErrNotFound).Error())
		require.Equal(t, "••••27", fmt.Sprint(phone))
		require.Equal(t, "outdial.Phone(••••27)", fmt.Sprintf("%#v", phone))
	})
	t.Run("slog, as text and as JSON", func(t *testing.T) {
		t.Parallel()

		for name, line := range logged("phone", phone) {
			requireRedacted(t, line)
			require.Contains(t, line, "••••27", name)
		}
	})
	t.Run("E164 and JSON carry it in full, for those who dial", func(t *testing.T) {
		t.Parallel()

		require.Equal(t, "+15046218927", phone.E164())
		data, err := json.Marshal(phone)
		require.NoError(t, err)
		require.JSONEq(t, `"+15046218927"`, string(data))
	})
}

// textVerbs are the ways of printing a string, wrongVerbs those that are for other
// types.
func textVerbs() []string {
	return []string{"%v", "%+v", "%#v", "%s", "%q", "%+q", "%#q", "%x", "%X", "% x", "%20s", "%-20v", "%.12s"}
}

func wrongVerbs() []string { return []string{"%d", "%c", "%t", "%e", "%U", "%z"} }

// country draws a region that has a numbering plan.
func country() *rapid.Generator[string] {
	return rapid.SampledFrom(slices.Sorted(maps.Keys(phonenumbers.GetSupportedRegions())))
}

// nationalPhone draws a number of the region as people there write it. It differs
// from an example number in its last two digits, so that most are numbers.
func nationalPhone(region string) *rapid.Generator[string] {
	return rapid.Custom(func(t *rapid.T) string {
		example := phonenumbers.GetExampleNumber(region)
		if example == nil {
			return "+15046218927"
		}
		written := phonenumbers.Format(example, rapid.SampledFrom([]phonenumbers.PhoneNumberFormat{
			phonenumbers.NATIONAL, phonenumbers.INTERNATIONAL, phonenumbers.E164,
		}).Draw(t, "format"))
		return written[:len(written)-2] + rapid.StringMatching(`[0-9]{2}`).Draw(t, "last digits")
	})
}

// writtenPhone draws what people and files hold where a number should be: mostly
// digits and separators, now and then anything at all.
func writtenPhone() *rapid.Generator[string] {
	return rapid.OneOf(
		rapid.StringMatching(`\+?[0-9]{3,15}`),
		rapid.StringMatching(`(\+1|1)?[ .(-]{0,2}[2-9][0-9]{2}[ .)-]{0,2}[2-9][0-9]{2}[ .-]?[0-9]{4}`),
		rapid.StringMatching(`\+(44|49|39|52|54|33|81|86|91) ?\(?0?\)?[0-9 .-]{6,14}`),
		rapid.StringMatching(`[0-9 +()#*,;/~.x-]{0,30}`),
		rapid.StringOf(rapid.RuneFrom(nil, unicode.Nd, unicode.Zs, unicode.Pd, unicode.L)),
		rapid.String(),
	)
}

func region() *rapid.Generator[string] {
	return rapid.SampledFrom([]string{"", "US", "us", "CA", "GB", "DE", "IT", "MX", "AR", "BR", "JP", "ZZ", "001"})
}

func countDigits(text string) int {
	digits := 0
	for _, r := range text {
		if unicode.IsDigit(r) {
			digits++
		}
	}
	return digits
}

// logged returns the value as each of slog's handlers writes it.
func logged(key string, value any) map[string]string {
	var text, structured bytes.Buffer
	slog.New(slog.NewTextHandler(&text, nil)).Info("a record", slog.Any(key, value))
	slog.New(slog.NewJSONHandler(&structured, nil)).Info("a record", slog.Any(key, value))
	return map[string]string{"text": text.String(), "json": structured.String()}
}

func requireFieldError(t require.TestingT, err error, field, problem string) {
	require.ErrorIs(t, err, outdial.ErrInvalid)
	var fieldError *outdial.FieldError
	require.ErrorAs(t, err, &fieldError)
	require.Equal(t, field, fieldError.Field)
	require.Equal(t, problem, fieldError.Problem)
}

func TestNormalizePhone(t *testing.T) {
	t.Parallel()

	for raw, want := range map[string]outdial.Phone{
		"(504) 621-8927":  "+15046218927",
		"504 555 0100":    "+15045550100",
		"+1 234 567 8901": "+12345678901",
	} {
		phone, err := outdial.NormalizePhone(raw, "us")
		require.NoError(t, err)
		require.Equal(t, want, phone, "in a numbering plan or not")
	}
	for _, raw := range []string{"", "911", "621-8927", "0015046218927", "1-800-FLOWERS", "504 621 8927 #5", "+0015046218927", strings.Repeat("5", 40)} {
		phone, err := outdial.NormalizePhone(raw, "US")
		require.ErrorIs(t, err, outdial.ErrInvalid, raw)
		require.Zero(t, phone)
	}
}
