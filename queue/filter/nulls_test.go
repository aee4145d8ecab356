package filter_test

import (
	"database/sql"
	"encoding/json"
	"math/big"
	"testing"

	"github.com/stretchr/testify/require"
	_ "modernc.org/sqlite"
	"pgregory.net/rapid"

	"github.com/outdial/outdial/queue/filter"
)

// TestCompiledSQLIsTrueWhereMatchIs runs the SQL over numbers, which every engine
// spells alike, so that what is tested is how the compiler treats NULL.
func TestCompiledSQLIsTrueWhereMatchIs(t *testing.T) {
	t.Parallel()

	spelled := dialect
	spelled.Templates = map[string]string{
		"filter_column_int": "c.{{column}}", "filter_value_int": "{{value}}", "filter_empty_int": "{{x}} IS NULL",
		"filter_in_int": "{{x}} IN (SELECT value FROM json_each({{value}}))",
		"filter_open":   "({{end}} IS NULL OR {{condition}})", "filter_no_range": "{{low}} IS NULL AND {{high}} IS NULL",
	}
	spelled.Number = func(number *big.Rat) any { return number.Num().Int64() }
	spelled.List = func(values []any) any {
		encoded, err := json.Marshal(values)
		require.NoError(t, err)
		return string(encoded)
	}
	fields, err := filter.NewFields(
		filter.Column("a", filter.TypeInt), filter.Column("b", filter.TypeInt), filter.ColumnRange("r", "low", "high", filter.TypeInt),
	)
	require.NoError(t, err)

	db, err := sql.Open("sqlite", ":memory:")
	require.NoError(t, err)
	db.SetMaxOpenConns(1)
	t.Cleanup(func() { require.NoError(t, db.Close()) })

	small := rapid.Int64Range(-2, 2)
	leaf := rapid.Custom(func(t *rapid.T) filter.Expr {
		field := filter.Int(rapid.SampledFrom([]string{"a", "b"}).Draw(t, "field"))
		n := small.Draw(t, "n")
		return rapid.SampledFrom([]filter.Expr{
			field.Equals(n), field.NotEquals(n), field.In(n, -n), field.NotIn(n, n+1), field.Less(n), field.AtMost(n), field.Greater(n),
			field.AtLeast(n), field.Between(n, n+1), field.IsEmpty(), field.IsNotEmpty(),
			filter.Int("r").Equals(n), filter.Int("r").NotEquals(n), filter.Int("r").Less(n), filter.Int("r").AtMost(n),
			filter.Int("r").Greater(n), filter.Int("r").AtLeast(n), filter.Int("r").Between(n, n+1), filter.Int("r").IsEmpty(),
			filter.Int("r").IsNotEmpty(),
		}).Draw(t, "condition")
	})
	var tree func(depth int) *rapid.Generator[filter.Expr]
	tree = func(depth int) *rapid.Generator[filter.Expr] {
		if depth == 0 {
			return leaf
		}
		inner := tree(depth - 1)
		return rapid.OneOf(leaf,
			rapid.Map(inner, filter.Not),
			rapid.Map(rapid.SliceOfN(inner, 1, 3), func(exprs []filter.Expr) filter.Expr { return filter.And(exprs...) }),
			rapid.Map(rapid.SliceOfN(inner, 1, 3), func(exprs []filter.Expr) filter.Expr { return filter.Or(exprs...) }))
	}
	number := rapid.Map(rapid.Int64Range(-2, 3), func(n int64) any {
		if n > 2 {
			return nil
		}
		return n
	})

	rapid.Check(t, func(t *rapid.T) {
		expr, err := filter.Resolve(tree(4).Draw(t, "expr"), fields)
		require.NoError(t, err)
		fragment, err := filter.Compile(expr, spelled, now)
		require.NoError(t, err)
		row := filter.Row{Columns: map[string]any{}}
		args := []any{}
		for _, column := range []string{"a", "b", "low", "high"} {
			row.Columns[column] = number.Draw(t, column)
			args = append(args, sql.Named(column, row.Columns[column]))
		}
		for name, value := range fragment.Args {
			args = append(args, sql.Named(name, value))
		}
		var selected int
		statement := "SELECT COUNT(*) FROM (SELECT :a AS a, :b AS b, :low AS low, :high AS high) c WHERE " + fragment.SQL
		require.NoError(t, db.QueryRow(statement, args...).Scan(&selected))
		require.Equal(t, filter.Match(expr, row, now), selected == 1, "%s over %v", filter.Describe(expr), row.Columns)
	})
}
