package filter_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"unicode"

	"github.com/stretchr/testify/require"

	"github.com/outdial/outdial/queue/filter"
)

// cased returns so many letters beyond ASCII that have two forms, each in one of them.
func cased(n int) []string {
	var letters []string
	for letter := rune(0x80); len(letters) < n; letter++ {
		if other := unicode.SimpleFold(letter); other > letter && unicode.SimpleFold(other) == letter {
			letters = append(letters, string(letter))
		}
	}
	return letters
}

const tooManyLetters = "has more than 250 different letters beyond a to z, or more than 2000 with the other lists"

func TestCheckBoundsLetters(t *testing.T) {
	t.Parallel()

	name, tags := filter.Text("nickname"), filter.List("tags")
	letters := cased(filter.MaxListLetters + 1)
	// few has as many as a list may have, and the text of many one more.
	few, all := letters[:filter.MaxListLetters], strings.Join(letters[:100], "")
	many := []string{all, strings.Join(letters[100:200], ""), strings.Join(letters[200:], "")}
	fine := []string{all, strings.Join(letters[100:200], ""), strings.Join(letters[200:filter.MaxListLetters], "")}
	upper := make([]string, len(few))
	for i, letter := range few {
		upper[i] = string(unicode.SimpleFold([]rune(letter)[0]))
	}
	var caseless []string
	for letter := '一'; len(caseless) < 2*filter.MaxListLetters; letter++ {
		caseless = append(caseless, string(letter))
	}
	full := slices.Repeat([]filter.Expr{name.In(few...)}, filter.MaxLetters/filter.MaxListLetters)
	with := func(more filter.Expr) filter.Expr { return filter.Or(append(slices.Clone(full), more)...) }
	tests := []struct {
		name  string
		expr  filter.Expr
		field string // of the error; none is no error
	}{
		{"250 letters are fine", name.In(few...), ""},
		{"251 are too many", name.In(letters...), "filters.nickname"},
		{"also of a list that is not to have them", name.NotIn(letters...), "filters.nickname"},
		{"they count in whichever text they are", name.In(many...), "filters.nickname"},
		{"two forms of a letter are one", name.In(append(slices.Clone(few), upper...)...), ""},
		{"a letter with one form is none", name.In(append(slices.Clone(few), caseless...)...), ""},
		{"nor is one of ASCII", name.In(append(slices.Clone(few), "k", "S", "%")...), ""},
		{"any of 250 letters are fine", tags.AnyOf(fine...), ""},
		{"any of 251 are too many", tags.AnyOf(many...), "filters.tags"},
		{"so are all of 251", tags.AllOf(many...), "filters.tags"},
		{"and none of 251", tags.NoneOf(many...), "filters.tags"},
		{"words are compared as they are, so that theirs are not counted", filter.Enum("source").In(letters...), ""},
		{"nor are those of e-mail addresses", filter.Text("email").In(letters...), ""},
		{"nor those of one text", filter.Or(name.Contains(all), with(name.Equals(all))), ""},
		{"2,000 in all lists are fine", filter.Or(full...), ""},
		{"2,001 are too many", with(name.In("é")), "filters.nickname"},
		{"of all kinds of lists together", with(tags.NoneOf("é")), "filters.tags"},
		{"also below a NOT", with(filter.Not(filter.And(tags.AllOf("é")))), "filters.tags"},
		{"letters of a to z may follow", with(name.In("e", "f")), ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()

			if test.field == "" {
				require.NoError(t, filter.Check(test.expr, host))
				return
			}
			requireRefused(t, test.expr, host, test.field, tooManyLetters)
		})
	}
	t.Run("a resolved copy is counted like the original", func(t *testing.T) {
		t.Parallel()

		known := resolved(t, filter.Or(full...))
		requireRefused(t, filter.Or(known, resolved(t, name.In("é"))), nil, "filters.nickname", tooManyLetters)
	})
}

func TestCompileStaysWithinWhatEnginesTake(t *testing.T) {
	t.Parallel()

	// SQLite takes 32,766 parameters, Postgres 65,535, and SQLite gives up where calls
	// stand some hundreds deep inside each other.
	const parameters, depth = 32_766, 500
	t.Run("lists with as many letters in two cases as they may have", func(t *testing.T) {
		t.Parallel()

		few := filter.Text("nickname").In(cased(filter.MaxListLetters)...)
		fragment := compiled(t, filter.Or(slices.Repeat([]filter.Expr{few}, filter.MaxLetters/filter.MaxListLetters)...))
		for call := range strings.SplitSeq(fragment.Joins, "\n") {
			require.LessOrEqual(t, strings.Count(call, "replace("), depth)
		}
		require.LessOrEqual(t, len(fragment.Args), parameters)
	})
	t.Run("conditions that ask for all of many long texts have one call and their letters once", func(t *testing.T) {
		t.Parallel()

		var letters strings.Builder
		for letter := 'а'; letters.Len() < filter.MaxText-4; letter++ {
			letters.WriteRune(letter)
		}
		var values []string
		for i := range filter.MaxListValues {
			values = append(values, fmt.Sprint(letters.String(), i))
		}
		every := filter.List("tags").AllOf(values...)
		one, three := compiled(t, every), compiled(t, filter.And(slices.Repeat([]filter.Expr{every}, 3)...))
		require.Equal(t, 1, strings.Count(one.SQL, "has_all("))
		require.Equal(t, 3, strings.Count(three.SQL, "has_all("))
		require.LessOrEqual(t, strings.Count(one.SQL, "replace("), depth)
		require.Len(t, three.Args, len(one.Args)+2*2, "each more condition binds its texts and their number")
		require.LessOrEqual(t, len(three.Args), parameters)
	})
	t.Run("the number of texts is that of those that differ in more than their case", func(t *testing.T) {
		t.Parallel()

		fragment := compiled(t, filter.List("tags").AllOf("é", "É", "a", "A", "ς", "Σ", "σ", "b"))
		require.Equal(t, []any{"A", "B", "É", "Σ"}, fragment.Args[fmt.Sprintf("filter_%d", len(fragment.Args)-2)])
		require.Equal(t, 4, fragment.Args[fmt.Sprintf("filter_%d", len(fragment.Args)-1)])
	})
}
