package postgres_test

import (
	"strings"
	"testing"

	"github.com/outdial/outdial/store/internal/longlists"
)

func longListBed(tb testing.TB, contacts int) *longlists.Bed {
	tb.Helper()
	st := open(tb, database(tb).String())
	return longlists.New(tb, st.Store, longlists.Engine{
		Joins:  true,
		Schema: `CREATE TABLE permanent_values (list integer, value text COLLATE "C", PRIMARY KEY (list, value))`,
		Permanent: func(sql string) string {
			return strings.ReplaceAll(sql, "pg_temp.outdial_filter_values", "permanent_values")
		},
	}, contacts)
}

// BenchmarkLongList tells from how many values on a list is worth a table.
func BenchmarkLongList(b *testing.B) {
	const contacts = 100_000
	longlists.Run(b, longListBed(b, contacts))
}

func TestALongListSelectsWhatAPermanentTableDoes(t *testing.T) {
	t.Parallel()
	const contacts = 1000
	longlists.Agree(t, longListBed(t, contacts))
}

// It is not parallel: the heap is everybody's.
func TestLongListsLeaveNoMemoryBehind(t *testing.T) {
	const contacts, length = 100, 50_000
	longlists.Flat(t, longListBed(t, contacts), length)
}
