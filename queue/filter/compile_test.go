package filter_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/outdial/outdial"
	"github.com/outdial/outdial/queue/filter"
)

// Two spellings of the same condition, as engines have them.
var (
	postgres = filter.Dialect{ContainsText: `%s ILIKE %s ESCAPE '\'`}
	sqlite   = filter.Dialect{ContainsText: `lower(%s) LIKE lower(%s) ESCAPE '\'`}
)

func TestCompile(t *testing.T) {
	t.Parallel()

	t.Run("no filter is always true", func(t *testing.T) {
		t.Parallel()

		fragment, err := filter.Compile(nil, postgres)
		require.NoError(t, err)
		require.Equal(t, filter.Fragment{SQL: "1 = 1", Args: map[string]any{}}, fragment)
	})
	t.Run("a condition is spelled as the engine spells it", func(t *testing.T) {
		t.Parallel()

		expr := filter.Text("first_name").Contains("B")
		for dialect, sql := range map[filter.Dialect]string{
			postgres: `c.first_name ILIKE :filter_0 ESCAPE '\'`,
			sqlite:   `lower(c.first_name) LIKE lower(:filter_0) ESCAPE '\'`,
		} {
			fragment, err := filter.Compile(expr, dialect)
			require.NoError(t, err)
			require.Equal(t, filter.Fragment{SQL: sql, Args: map[string]any{"filter_0": "%B%"}}, fragment)
		}
	})
	t.Run("the SQL is the same whatever the value", func(t *testing.T) {
		t.Parallel()

		rapid.Check(t, func(t *rapid.T) {
			fragment, err := filter.Compile(filter.Text("first_name").Contains(text().Draw(t, "value")), postgres)
			require.NoError(t, err)
			require.Equal(t, `c.first_name ILIKE :filter_0 ESCAPE '\'`, fragment.SQL)
			require.Len(t, fragment.Args, 1)
		})
	})
	t.Run("compiling twice gives the same, so that a plan can be reused", func(t *testing.T) {
		t.Parallel()

		expr := filter.Text("first_name").Contains("B")
		one, err := filter.Compile(expr, postgres)
		require.NoError(t, err)
		two, err := filter.Compile(expr, postgres)
		require.NoError(t, err)
		require.Equal(t, one, two)
		one.Args["filter_0"] = "changed"
		require.Equal(t, "%B%", two.Args["filter_0"])
	})
}

func TestCompileEscapesPatterns(t *testing.T) {
	t.Parallel()

	tests := []struct {
		name, value, pattern string
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
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()

			fragment, err := filter.Compile(filter.Text("first_name").Contains(test.value), postgres)
			require.NoError(t, err)
			require.Equal(t, test.pattern, fragment.Args["filter_0"])
		})
	}

	t.Run("LIKE with the pattern finds what Match finds", func(t *testing.T) {
		t.Parallel()

		rapid.Check(t, func(t *rapid.T) {
			letters := rapid.StringMatching(`[ab%_\\]{1,4}`)
			value := letters.Draw(t, "value")
			name := rapid.OneOf(letters, rapid.Just("a"+value+"b"), rapid.Just("")).Draw(t, "first name")
			expr := filter.Text("first_name").Contains(value)
			fragment, err := filter.Compile(expr, postgres)
			require.NoError(t, err)
			pattern, ok := fragment.Args["filter_0"].(string)
			require.True(t, ok)
			require.Equal(t, filter.Match(expr, outdial.Contact{FirstName: name}), like(t, pattern, name),
				"%q LIKE %q", name, pattern)
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
