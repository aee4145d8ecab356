package filter_test

import (
	"database/sql"
	"strings"
	"testing"
	"unicode"

	"github.com/stretchr/testify/require"
	_ "modernc.org/sqlite"
	"pgregory.net/rapid"

	"github.com/outdial/outdial"
	"github.com/outdial/outdial/queue/filter"
)

func TestLikePattern(t *testing.T) {
	t.Parallel()

	tests := []struct {
		name, text, pattern string
	}{
		{"letters stay", "B", "%B%"},
		{"a percent sign", "100%", `%100\%%`},
		{"an underscore", "a_b", `%a\_b%`},
		{"a backslash", `a\b`, `%a\\b%`},
		{"a backslash before a percent sign", `\%`, `%\\\%%`},
		{"all of them, several times", `%%__\\`, `%\%\%\_\_\\\\%`},
		{"a quote needs nothing: the value is bound", "D'Angelo", "%D'Angelo%"},
		{"nor does SQL", "'; DROP TABLE contacts; --", "%'; DROP TABLE contacts; --%"},
		{"nor a placeholder", ":filter_0 $1 ?", "%:filter\\_0 $1 ?%"},
		{"nor a verb of fmt", "%s%d", `%\%s\%d%`},
		{"nor what GLOB takes for wildcards", "*?[a]", "%*?[a]%"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()

			require.Equal(t, test.pattern, filter.LikePattern(test.text))
		})
	}

	t.Run("LIKE with the pattern finds the text wherever it is, and nothing else", func(t *testing.T) {
		t.Parallel()

		rapid.Check(t, func(t *rapid.T) {
			letters := rapid.StringMatching(`[ab%_\\]{1,4}`)
			text := letters.Draw(t, "text")
			value := rapid.OneOf(letters, rapid.Just("a"+text+"b"), rapid.Just("")).Draw(t, "value")
			pattern := filter.LikePattern(text)
			require.Equal(t, strings.Contains(value, text), like(t, pattern, value), "%q LIKE %q", value, pattern)
		})
	})
}

// like is SQL's LIKE with backslash as the escape character.
func like(t require.TestingT, pattern, text string) bool {
	if pattern == "" {
		return text == ""
	}
	switch pattern[0] {
	case '%':
		for i := 0; i <= len(text); i++ {
			if like(t, pattern[1:], text[i:]) {
				return true
			}
		}
		return false
	case '_':
		return text != "" && like(t, pattern[1:], text[1:])
	case '\\':
		require.Greater(t, len(pattern), 1, "an escape with nothing behind it is an error in SQL")
		pattern = pattern[1:]
	}
	return strings.HasPrefix(text, pattern[:1]) && like(t, pattern[1:], text[1:])
}

func TestGlobPattern(t *testing.T) {
	t.Parallel()

	tests := []struct {
		name, text, pattern string
	}{
		{"a letter is both its cases", "B", "*[Bb]*"},
		{"whichever was asked for", "b", "*[bB]*"},
		{"several letters", "Al", "*[Aa][lL]*"},
		{"an accented letter", "é", "*[éÉ]*"},
		{"a Cyrillic letter", "Ж", "*[Жж]*"},
		{"an Armenian letter", "ա", "*[աԱ]*"},
		{"a Georgian letter and its title form", "ა", "*[აᲐ]*"},
		{"a Cherokee letter", "Ꭰ", "*[Ꭰꭰ]*"},
		{"a letter beyond 16 bits", "𐐀", "*[𐐀𐐨]*"},
		{"a sigma has three forms", "σ", "*[σΣς]*"},
		{"a k has three: the Kelvin sign is one", "K", "*[Kk\u212A]*"},
		{"the Kelvin sign is found as a k", "\u212A", "*[\u212AKk]*"},
		{"an s has three: the long one is one", "s", "*[sſS]*"},
		{"a sharp s has a capital and is no double s", "ß", "*[ßẞ]*"},
		{"a dotted capital I stands for itself", "İ", "*İ*"},
		{"a dotless i stands for itself", "ı", "*ı*"},
		{"a letter of an alphabet without cases stands for itself", "大א", "*大א*"},
		{"a digit and a blank stand for themselves", "4 2", "*4 2*"},
		{"an asterisk is no wildcard", "*", "*[*]*"},
		{"a question mark is no wildcard", "?", "*[?]*"},
		{"an opening bracket opens nothing", "[", "*[[]*"},
		{"a closing bracket closes nothing", "]", "*]*"},
		{"a class of characters is its characters", "[!x-z]", "*[[]![xX]-[zZ]]*"},
		{"a circumflex negates nothing", "[^x]", "*[[]^[xX]]*"},
		{"what LIKE takes for wildcards is nothing here", `%_\`, `*%_\*`},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()

			require.Equal(t, test.pattern, filter.GlobPattern(test.text))
		})
	}
}

func TestGlobFindsWhatMatchFinds(t *testing.T) {
	t.Parallel()

	db, err := sql.Open("sqlite", ":memory:")
	require.NoError(t, err)
	db.SetMaxOpenConns(1)
	t.Cleanup(func() { require.NoError(t, db.Close()) })
	glob, err := db.Prepare("SELECT ? GLOB ?")
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, glob.Close()) })
	requireAgreement := func(t require.TestingT, text, name string) {
		var found bool
		require.NoError(t, glob.QueryRow(name, filter.GlobPattern(text)).Scan(&found))
		expr := filter.Text("first_name").Contains(text)
		require.Equal(t, filter.Match(expr, outdial.Contact{FirstName: name}), found,
			"%q GLOB %q", name, filter.GlobPattern(text))
	}

	for name, letters := range map[string]*rapid.Generator[string]{
		"in a few letters and every wildcard":   rapid.StringMatching(`[abAB*?\[\]^!%_\\-]{1,4}`),
		"in letters with more than two forms":   rapid.StringOfN(rapid.SampledFrom([]rune("kK\u212AsSſσςΣßẞiIıİåÅ\u212BμµΜ")), 1, 3, -1),
		"in every letter that there is":         rapid.StringOfN(rapid.RuneFrom(nil, unicode.L), 1, 4, -1),
		"in any text that a condition may have": text(),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			rapid.Check(t, func(t *rapid.T) {
				part := letters.Draw(t, "text")
				upper, lower := strings.ToUpper(part), strings.ToLower(part)
				requireAgreement(t, part, rapid.OneOf(
					letters, rapid.Just("x"+part+"y"), rapid.Just(upper), rapid.Just("x"+lower), rapid.Just(""),
				).Draw(t, "first name"))
			})
		})
	}

	t.Run("every letter with its other forms", func(t *testing.T) {
		t.Parallel()

		for letter := range unicode.MaxRune {
			for form := unicode.SimpleFold(letter); form != letter; form = unicode.SimpleFold(form) {
				requireAgreement(t, string(letter), string(form))
			}
		}
	})
}
