package filter_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/outdial/outdial/queue/filter"
)

// Two spellings of the same condition, as engines have them.
var (
	postgres = filter.Dialect{ContainsText: `%s ILIKE %s ESCAPE '\'`, Pattern: filter.LikePattern}
	sqlite   = filter.Dialect{ContainsText: `%s GLOB %s`, Pattern: filter.GlobPattern}
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
		fragment, err := filter.Compile(expr, postgres)
		require.NoError(t, err)
		require.Equal(t, filter.Fragment{
			SQL: `c.first_name ILIKE :filter_0 ESCAPE '\'`, Args: map[string]any{"filter_0": "%B%"},
		}, fragment)
		fragment, err = filter.Compile(expr, sqlite)
		require.NoError(t, err)
		require.Equal(t, filter.Fragment{
			SQL: `c.first_name GLOB :filter_0`, Args: map[string]any{"filter_0": "*[Bb]*"},
		}, fragment)
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
