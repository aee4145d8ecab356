package sqlite_test

import (
	"path/filepath"
	"regexp"
	"testing"

	"github.com/outdial/outdial/store/internal/longlists"
)

func longListBed(tb testing.TB, contacts int) *longlists.Bed {
	tb.Helper()
	st := open(tb, filepath.Join(tb.TempDir(), "outdial.db"))
	bound := regexp.MustCompile(`SELECT asked.value FROM json_each\(:[a-z_0-9]+\) asked`)
	return longlists.New(tb, st.Store, longlists.Engine{
		Schema: "CREATE TABLE permanent_values (list INTEGER NOT NULL, value TEXT PRIMARY KEY) WITHOUT ROWID",
		Permanent: func(sql string) string {
			return bound.ReplaceAllString(sql, "SELECT value FROM permanent_values")
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
	const contacts, length = 100, 50_000 / told
	longlists.Flat(t, longListBed(t, contacts), length)
}
