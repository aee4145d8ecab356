package filter_test

import (
	"database/sql"
	"fmt"
	"strings"
	"testing"
	"unicode"

	"github.com/stretchr/testify/require"
	_ "modernc.org/sqlite"
	"pgregory.net/rapid"

	"github.com/outdial/outdial/queue/filter"
)

func TestPatterns(t *testing.T) {
	t.Parallel()

	tests := []struct {
		name, text, glob, regex string
	}{
		{"a letter is both its cases", "B", "[Bb]", "[Bb]"},
		{"whichever was asked for", "b", "[bB]", "[bB]"},
		{"several letters", "Al", "[Aa][lL]", "[Aa][lL]"},
		{"an accented letter", "é", "[éÉ]", "[éÉ]"},
		{"a Cyrillic letter", "Ж", "[Жж]", "[Жж]"},
		{"an Armenian letter", "ա", "[աԱ]", "[աԱ]"},
		{"a Georgian letter and its title form", "ა", "[აᲐ]", "[აᲐ]"},
		{"a Cherokee letter", "Ꭰ", "[Ꭰꭰ]", "[Ꭰꭰ]"},
		{"a letter beyond 16 bits", "𐐀", "[𐐀𐐨]", "[𐐀𐐨]"},
		{"a sigma has three forms", "σ", "[σΣς]", "[σΣς]"},
		{"a k has two: the Kelvin sign is none", "K", "[Kk]", "[Kk]"},
		{"the Kelvin sign is itself", "\u212A", "\u212A", "\u212A"},
		{"a letter with one form that is indexed keeps the others", "ß", "[ßẞ]", "[ßẞ]"},
		{"so do letters of which none is", "Ꭰ", "[Ꭰꭰ]", "[Ꭰꭰ]"},
		{"an s has three: the long one is one", "s", "[sſS]", "[sſS]"},
		{"a sharp s has a capital and is no double s", "ß", "[ßẞ]", "[ßẞ]"},
		{"a dotted capital I stands for itself", "İ", "İ", "İ"},
		{"a dotless i stands for itself", "ı", "ı", "ı"},
		{"a letter of an alphabet without cases stands for itself", "大א", "大א", "大א"},
		{"a digit stands for itself, a blank for a blank", "4 2", "4 2", `4\ 2`},
		{"an underscore stands for itself", "_", "_", "_"},
		{"a line break stands for itself", "\n", "\n", "\n"},
		{"an asterisk is no wildcard", "*", "[*]", `\*`},
		{"a question mark is no wildcard", "?", "[?]", `\?`},
		{"a full stop is no wildcard", ".", ".", `\.`},
		{"an opening bracket opens nothing", "[", "[[]", `\[`},
		{"a closing bracket closes nothing", "]", "]", `\]`},
		{"a class of characters is its characters", "[!1-2]", "[[]!1-2]", `\[\!1\-2\]`},
		{"a circumflex negates and anchors nothing", "^1", "^1", `\^1`},
		{"a dollar sign anchors nothing", "1$", "1$", `1\$`},
		{"brackets group nothing", "(1|2)", "(1|2)", `\(1\|2\)`},
		{"braces repeat nothing", "1{2}+", "1{2}+", `1\{2\}\+`},
		{"a backslash escapes nothing", `\1`, `\1`, `\\1`},
		{"what begins Postgres's directives is text", "***=1", "[*][*][*]=1", `\*\*\*\=1`},
		{"so is what sets options", "(?2)1", "([?]2)1", `\(\?2\)1`},
		{"what LIKE takes for wildcards is nothing here", `%_`, `%_`, `\%_`},
		{"a quote needs nothing but what every sign gets: the value is bound", "'", "'", `\'`},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()

			require.Equal(t, test.glob, filter.GlobPattern(test.text, filter.Whole))
			require.Equal(t, "*"+test.glob+"*", filter.GlobPattern(test.text, filter.Anywhere))
			require.Equal(t, test.glob+"*", filter.GlobPattern(test.text, filter.AtStart))
			require.Equal(t, "*"+test.glob, filter.GlobPattern(test.text, filter.AtEnd))

			require.Equal(t, "^"+test.regex+"$", filter.RegexPattern(test.text, filter.Whole))
			require.Equal(t, test.regex, filter.RegexPattern(test.text, filter.Anywhere))
			require.Equal(t, "^"+test.regex, filter.RegexPattern(test.text, filter.AtStart))
			require.Equal(t, test.regex+"$", filter.RegexPattern(test.text, filter.AtEnd))
		})
	}
}

// places are where a text may be looked for, with the condition that looks there.
var places = map[filter.Place]func(filter.TextField, string) filter.Expr{
	filter.Anywhere: filter.TextField.Contains,
	filter.AtStart:  filter.TextField.StartsWith,
	filter.AtEnd:    filter.TextField.EndsWith,
	filter.Whole:    filter.TextField.Equals,
}

// finds is the reference: it compares letter by letter, with all forms of a letter
// taken for one, and uses nothing of the package.
func finds(value, text string, place filter.Place) bool {
	letters, wanted := []rune(value), []rune(text)
	at := func(from int) bool {
		if from < 0 || from+len(wanted) > len(letters) {
			return false
		}
		for i, letter := range wanted {
			if !sameLetter(letters[from+i], letter) {
				return false
			}
		}
		return true
	}
	switch place {
	case filter.AtStart:
		return at(0)
	case filter.AtEnd:
		return at(len(letters) - len(wanted))
	case filter.Whole:
		return len(letters) == len(wanted) && at(0)
	}
	for from := range len(letters) + 1 {
		if at(from) {
			return true
		}
	}
	return false
}

// sameLetter says whether Unicode counts two letters as forms of one, and neither is
// a sign beyond what is indexed of a letter that has two forms before.
func sameLetter(a, b rune) bool {
	const lastIndexed = 0x7ff
	if a == b {
		return true
	}
	same, early := false, 0
	for form := unicode.SimpleFold(a); ; form = unicode.SimpleFold(form) {
		same = same || form == b
		if form <= lastIndexed {
			early++
		}
		if form == a {
			break
		}
	}
	return same && (early < 2 || a <= lastIndexed && b <= lastIndexed)
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
		for place, condition := range places {
			want := finds(name, text, place)
			require.Equal(t, want && name != "", filter.Match(condition(filter.Text("first_name"), text), named(name), now),
				"%q in %q at %d", text, name, place)
			var found bool
			require.NoError(t, glob.QueryRow(name, filter.GlobPattern(text, place)).Scan(&found))
			require.Equal(t, want, found, "%q GLOB %q", name, filter.GlobPattern(text, place))
		}
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
					letters, rapid.Just("x"+part+"y"), rapid.Just(part+"y"), rapid.Just("x"+part), rapid.Just(part+part),
					rapid.Just(upper), rapid.Just("x"+lower), rapid.Just(""),
				).Draw(t, "first name"))
			})
		})
	}

	t.Run("every letter with its other forms", func(t *testing.T) {
		t.Parallel()

		for letter := range unicode.MaxRune {
			for form := unicode.SimpleFold(letter); form != letter; form = unicode.SimpleFold(form) {
				var found bool
				same := sameLetter(letter, form)
				require.NoError(t, glob.QueryRow(string(form), filter.GlobPattern(string(letter), filter.Whole)).Scan(&found))
				require.Equal(t, same, found, "%c GLOB %c", form, letter)
				require.Equal(t, same, filter.Match(filter.Text("first_name").Equals(string(letter)), named(string(form)), now))
				require.Equal(t, same, strings.ContainsRune(filter.RegexPattern(string(letter), filter.Anywhere), form))
				require.Equal(t, same, filter.Match(filter.Text("first_name").In("x", string(letter)), named(string(form)), now),
					fmt.Sprintf("%c in %c", form, letter))
			}
		}
	})
}
