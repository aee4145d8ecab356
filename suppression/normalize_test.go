package suppression_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/outdial/outdial"
	"github.com/outdial/outdial/suppression"
)

func TestParseEntry(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, raw, region string
		key, problem      string
	}{
		{name: "E.164", raw: "+15046218927", key: "+15046218927"},
		{name: "ten digits of the default region", raw: "5046218927", region: "US", key: "+15046218927"},
		{name: "eleven digits of the default region", raw: "15046218927", region: "US", key: "+15046218927"},
		{name: "punctuation", raw: " (504) 621-8927 ", region: "us", key: "+15046218927"},
		{name: "dots", raw: "504.621.8927", region: "US", key: "+15046218927"},
		{name: "a no-break space", raw: "504 621 8927", region: "US", key: "+15046218927"},
		{name: "a long dash", raw: "504–621—8927", region: "US", key: "+15046218927"},
		{name: "invisible marks around a number", raw: "\u202a+1 504 621 8927\u202c", key: "+15046218927"},
		{name: "an invisible space inside", raw: "504\u200b6218927", region: "US", key: "+15046218927"},
		{name: "Arabic-Indic digits", raw: "٥٠٤٦٢١٨٩٢٧", region: "US", key: "+15046218927"},
		{name: "fullwidth digits and plus", raw: "＋１５０４６２１８９２７", key: "+15046218927"},
		{name: "the region's own prefix for abroad", raw: "011 49 30 901820", region: "US", key: "+4930901820"},
		{name: "00 where that is the prefix for abroad", raw: "0049 30 901820", region: "GB", key: "+4930901820"},
		{name: "a national zero", raw: "030 901820", region: "DE", key: "+4930901820"},
		{name: "a number of no numbering plan", raw: "+12345678901", key: "+12345678901"},
		{name: "a fictitious exchange", raw: "504 555 0100", region: "US", key: "+15045550100"},

		{name: "letters", raw: "1-800-FLOWERS", region: "US", problem: "contains letters"},
		{name: "letters of another alphabet", raw: "504621892О", region: "US", problem: "contains letters"},
		{name: "an extension in words", raw: "504 621 8927 ext. 5", region: "US", problem: "contains letters"},
		{name: "an extension by a sign", raw: "504 621 8927 #5", region: "US", problem: "has an extension"},
		{name: "a plus and zeros", raw: "+0015046218927", problem: "is not a phone number"},
		{name: "00 where that is no prefix", raw: "0015046218927", region: "US", problem: "is not a number of its country's numbering plan"},
		{name: "forty digits", raw: strings.Repeat("5", 40), region: "US", problem: "is not a phone number"},
		{name: "seventeen digits", raw: "+15046218927123456", problem: "is not a number of its country's numbering plan"},
		{name: "seventy digits", raw: strings.Repeat("5", 70), region: "US", problem: "is too long"},
		{name: "a national number without a region", raw: "5046218927", problem: "is not a phone number"},
		{name: "a region that is none", raw: "5046218927", region: "XX", problem: "is not a phone number"},
		{name: "an emergency number", raw: "911", region: "US", problem: "is not a number of its country's numbering plan"},
		{name: "Devanagari digits", raw: "+१५०४६२१८९२७", problem: "is not a phone number"},
		{name: "a number that loses a zero whenever it is read", raw: "+200000000000", problem: "is not a number of its country's numbering plan"},
		{name: "one digit", raw: "5", region: "US", problem: "is not a phone number"},
		{name: "nothing", raw: "", region: "US", problem: "is empty"},
		{name: "white space", raw: " \t ", region: "US", problem: "is empty"},
		{name: "nothing visible", raw: "\u200b\u200e", region: "US", problem: "is empty"},
		{name: "a NUL byte", raw: "504621\x008927", region: "US", problem: "is not a phone number"},
		{name: "two numbers", raw: "504 621 8927 / 504 621 8928", region: "US", problem: "is not a phone number"},
		{name: "a decimal of a spreadsheet", raw: "5.04622E+09", region: "US", problem: "contains letters"},

		{name: "an address", raw: "ann@example.com", key: "ann@example.com"},
		{name: "an address in another case", raw: "Ann.Smith@EXAMPLE.com", key: "ann.smith@example.com"},
		{name: "white space around an address", raw: "\tann@example.com ", key: "ann@example.com"},
		{name: "invisible marks around an address", raw: "\u202aann@example.com\u202c", key: "ann@example.com"},
		{name: "invisible characters in an address", raw: "\ufeffann\u00ad@exam\u200bple.com", key: "ann@example.com"},
		{name: "a no-break space behind an address", raw: "ann@example.com\u00a0", key: "ann@example.com"},
		{name: "a quoted local part without need", raw: `"ann"@example.com`, problem: "is not an e-mail address"},
		{name: "a plus-address", raw: "ann+offers@example.com", key: "ann+offers@example.com"},
		{name: "an address with letters beyond ASCII", raw: "JÖRG@example.com", key: "jörg@example.com"},
		{name: "a domain beyond ASCII", raw: "ann@bücher.example", key: "ann@bücher.example"},

		{name: "a display name", raw: "Ann <ann@example.com>", problem: "is not an e-mail address"},
		{name: "brackets", raw: "<ann@example.com>", problem: "is not an e-mail address"},
		{name: "a quoted local part with a space", raw: `"ann smith"@example.com`, problem: "is not an e-mail address"},
		{name: "a dot at the end", raw: "ann@example.com.", problem: "is not an e-mail address"},
		{name: "two @", raw: "ann@home@example.com", problem: "is not an e-mail address"},
		{name: "no domain", raw: "ann@", problem: "is not an e-mail address"},
		{name: "nobody at a domain", raw: "@example.com", problem: "is not an e-mail address"},
		{name: "two addresses", raw: "ann@example.com, bob@example.com", problem: "is not an e-mail address"},
		{name: "a comment", raw: "ann@example.com (Ann)", problem: "is not an e-mail address"},
		{name: "a NUL byte in an address", raw: "ann\x00@example.com", problem: "is not an e-mail address"},
		{name: "a line break in an address", raw: "ann@exam\nple.com", problem: "is not an e-mail address"},
		{name: "three hundred characters", raw: strings.Repeat("a", 288) + "@example.com", problem: "is too long"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			entry, err := suppression.ParseEntry(test.raw, test.region)
			if test.problem == "" {
				require.NoError(t, err)
				require.Equal(t, test.key, entry.Key)
				again, err := suppression.ParseEntry(entry.Value, "")
				require.NoError(t, err)
				require.Equal(t, entry.Key, again.Key, "what is kept is read as the same")
				return
			}
			require.ErrorIs(t, err, outdial.ErrInvalid)
			require.Contains(t, err.Error(), test.problem)
			if trimmed := strings.TrimSpace(test.raw); len(trimmed) > 1 {
				require.NotContains(t, err.Error(), trimmed)
			}
			require.Zero(t, entry)
		})
	}
}
