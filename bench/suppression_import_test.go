package bench_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/benbjohnson/clock"
	"github.com/google/uuid"
	"github.com/jmoiron/sqlx"
	"github.com/stretchr/testify/require"

	"github.com/outdial/outdial"
	"github.com/outdial/outdial/suppression"
)

// BenchmarkImportSuppressions imports a do-not-call file of 200,000 lines, or of
// BENCH_LINES. The floor inserts the same rows in the same batches; the floor with the
// same writes also inserts their events.
func BenchmarkImportSuppressions(b *testing.B) {
	lines, rounds := 200_000, 3
	if given := os.Getenv("BENCH_LINES"); given != "" {
		var err error
		lines, err = strconv.Atoi(given)
		require.NoError(b, err)
	}
	if lines > 1_000_000 {
		rounds = 1
	}
	for _, engine := range engines {
		b.Run(engine.name, func(b *testing.B) {
			for range b.N {
				importSuppressions(b, engine, rounds, lines)
			}
		})
	}
}

func importSuppressions(b *testing.B, e engine, rounds, lines int) {
	b.Helper()
	list := newListBed(b, e, lines)
	defer func() { require.NoError(b, list.close()) }()
	t := list.measure(b, rounds)
	rate := func(of string) float64 { return float64(lines) / t.median(of).Seconds() }
	const megabyte = 1 << 20
	report(b,
		figure{"x-floor", t.ratio(ours, floor), ""},
		figure{"x-floor-with-same-writes", t.ratio(ours, sameWrites), ""},
		figure{"lines", float64(lines), ""},
		figure{"lines/s", rate(ours), ""},
		figure{"floor-lines/s", rate(floor), ""},
		figure{"read-lines/s", rate(readAlone), ""},
		figure{"peak-heap-MB", float64(list.highest) / megabyte, ""})
}

func TestAnImportWritesWhatItsFloorWrites(t *testing.T) {
	t.Parallel()
	for _, engine := range engines {
		t.Run(engine.name, func(t *testing.T) {
			t.Parallel()
			const lines, rounds = 1200, 2
			list := newListBed(t, engine, lines)
			t.Cleanup(func() { require.NoError(t, list.close()) })
			list.batch = 500
			require.Len(t, list.measure(t, rounds)[ours], rounds)
			require.NotZero(t, list.highest)
		})
	}
}

const (
	sameWrites = "same writes"
	// readAlone is an import whose entries go nowhere.
	readAlone = "read alone"
)

// listBed is a database for imports alone, without a campaign.
type listBed struct {
	engine
	store pooled
	db    *sqlx.DB
	close func() error

	lines, batch int
	// insert and tell are the statements of the floors.
	insert, tell *sqlx.Stmt
	rounds       int
	// told counts the events of the floor.
	told int
	// highest is the most memory that an import took, beyond what was taken before.
	highest uint64
}

// floorRow and floorEvent give the floors their rows: id, key and number from a JSON
// array.
const (
	floorRow = `
		INSERT INTO floor_suppressions (id, kind, value, value_key, campaign_id, source, reason, created_by, created_at)
		SELECT CAST(%[1]s->>0 AS %[3]s), 'phone', %[1]s->>1, %[1]s->>1, ?, 'import', ?, ?, ?
		  FROM %[2]s`
	floorEvent = `
		INSERT INTO floor_events (id, kind, value, value_key, campaign_id, source, reason, actor_id, created_at, action, number)
		SELECT CAST(%[1]s->>0 AS %[3]s), 'phone', %[1]s->>1, %[1]s->>1, ?, 'import', ?, ?, ?, 'add', CAST(%[1]s->>2 AS bigint)
		  FROM %[2]s`
)

func newListBed(tb testing.TB, e engine, lines int) *listBed {
	tb.Helper()
	st, closeDatabase := e.open(tb)
	require.NoError(tb, st.Migrate(tb.Context()))
	l := &listBed{engine: e, store: st, db: st.DB(), close: closeDatabase, lines: lines, batch: 5000}
	row := []any{"r.value", "json_each(?) AS r", "text"}
	if e.name == postgresEngine.name {
		row = []any{"r", "json_array_elements(CAST(? AS json)) AS r", "uuid"}
		l.run(tb,
			"CREATE TABLE floor_suppressions (LIKE suppressions INCLUDING ALL)",
			"CREATE TABLE floor_events (LIKE suppression_events INCLUDING ALL)",
			"ALTER TABLE suppressions SET (autovacuum_enabled = off)",
			"ALTER TABLE suppression_events SET (autovacuum_enabled = off)",
			"ALTER TABLE floor_suppressions SET (autovacuum_enabled = off)",
			"ALTER TABLE floor_events SET (autovacuum_enabled = off)")
	} else {
		l.copyTables(tb)
	}
	for statement, text := range map[**sqlx.Stmt]string{&l.insert: floorRow, &l.tell: floorEvent} {
		prepared, err := l.db.PreparexContext(tb.Context(), l.db.Rebind(fmt.Sprintf(text, row...)))
		require.NoError(tb, err)
		*statement = prepared
	}
	return l
}

// copyTables gives the floors tables like the library's, on SQLite.
func (l *listBed) copyTables(tb testing.TB) {
	tb.Helper()
	var statements []string
	require.NoError(tb, l.db.SelectContext(tb.Context(), &statements, `
		SELECT sql FROM sqlite_master
		 WHERE tbl_name IN ('suppressions', 'suppression_events') AND type IN ('table', 'index') AND sql IS NOT NULL
		 ORDER BY type DESC`))
	rename := strings.NewReplacer("uq_suppression", "uq_floor_suppression", "ix_suppression", "ix_floor_suppression",
		"suppressions", "floor_suppressions", "suppression_events", "floor_events")
	for _, statement := range statements {
		l.run(tb, rename.Replace(statement))
	}
}

func (l *listBed) run(tb testing.TB, statements ...string) {
	tb.Helper()
	for _, statement := range statements {
		_, err := l.db.ExecContext(tb.Context(), statement)
		require.NoError(tb, err, statement)
	}
}

// measure lets the library import the file, and the floors insert what is in it.
func (l *listBed) measure(tb testing.TB, rounds int) times {
	tb.Helper()
	empty := func(table string) func(testing.TB) {
		return func(tb testing.TB) {
			tb.Helper()
			l.run(tb, "DELETE FROM "+table)
			l.run(tb, l.settle...)
		}
	}
	measured := takeTurns(tb, rounds,
		contender{floor, empty("floor_suppressions"), func(tb testing.TB) time.Duration { return l.insertBarely(tb, false) }},
		contender{ours, empty("suppressions"), timed(func(tb testing.TB) {
			l.rounds++
			l.importFile(tb, l.store, fmt.Sprintf("Version %d", l.rounds))
		})},
		contender{sameWrites, empty("floor_suppressions"), func(tb testing.TB) time.Duration { return l.insertBarely(tb, true) }},
		contender{readAlone, nil, timed(func(tb testing.TB) { l.importFile(tb, nowhere{Store: l.store}, "Version 1") })},
	)
	for _, sides := range [][2]string{{"suppressions", "floor_suppressions"}, {"floor_suppressions", "suppressions"}} {
		const columns = "kind, value, value_key, campaign_id, source, created_by, created_at, expires_at, received_at"
		var different int
		require.NoError(tb, l.db.GetContext(tb.Context(), &different, fmt.Sprintf(
			"SELECT count(*) FROM (SELECT %[1]s FROM %[2]s EXCEPT SELECT %[1]s FROM %[3]s) AS different", columns, sides[0], sides[1])))
		require.Zero(tb, different, "%s has rows that %s has not", sides[0], sides[1])
	}
	for _, table := range []string{"suppression_events", "floor_events"} {
		var events int
		require.NoError(tb, l.db.GetContext(tb.Context(), &events, "SELECT count(*) FROM "+table))
		require.Equal(tb, rounds*l.lines, events, table)
	}
	return measured
}

// listReason is of the length that an import's own reasons have.
const listReason = "Benchmark Version 1"

// importFile imports the file, and watches the memory.
func (l *listBed) importFile(tb testing.TB, st suppression.Store, version string) {
	tb.Helper()
	now := clock.NewMock()
	now.Set(start)
	var memory runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&memory)
	before := memory.HeapAlloc
	service := suppression.New(st, suppression.Config{Clock: now})
	by := outdial.Actor{ID: actor, Role: outdial.RoleAdmin, Scopes: outdial.Scopes()}
	imported, err := service.Import(tb.Context(), by, suppression.ImportRequest{
		Reader: &registry{left: l.lines}, List: "Benchmark", Version: version, Batch: l.batch,
		Progress: func(suppression.Import) {
			runtime.ReadMemStats(&memory)
			if memory.HeapAlloc > before {
				l.highest = max(l.highest, memory.HeapAlloc-before)
			}
		},
	})
	require.NoError(tb, err)
	require.EqualValues(tb, l.lines, imported.Added)
	require.Zero(tb, imported.Rejected)
}

// insertBarely inserts the rows of the file. Only the database's work counts.
func (l *listBed) insertBarely(tb testing.TB, events bool) time.Duration {
	tb.Helper()
	var took time.Duration
	for from := 0; from < l.lines; from += l.batch {
		rows := make([][3]string, 0, l.batch)
		for i := from; i < min(from+l.batch, l.lines); i++ {
			id, err := outdial.NewID()
			require.NoError(tb, err)
			if events {
				l.told++
			}
			rows = append(rows, [3]string{id.String(), "+1" + registered(i), strconv.Itoa(l.told)})
		}
		text, err := json.Marshal(rows)
		require.NoError(tb, err)
		args := []any{uuid.Nil, listReason, actor, l.at(start), string(text)}
		begun := time.Now()
		tx, err := l.db.BeginTxx(tb.Context(), nil)
		require.NoError(tb, err)
		_, err = tx.StmtxContext(tb.Context(), l.insert).ExecContext(tb.Context(), args...)
		require.NoError(tb, err)
		if events {
			_, err = tx.StmtxContext(tb.Context(), l.tell).ExecContext(tb.Context(), args...)
			require.NoError(tb, err)
		}
		require.NoError(tb, tx.Commit())
		took += time.Since(begun)
	}
	return took
}

// registered is the number on one line of the file, which is in order, as the national
// registry's are, and has gaps.
func registered(line int) string {
	const first, gap = 2_010_000_000, 1571
	return strconv.Itoa(first + line*gap%7_900_000_000)
}

// registry is a file of so many lines that is never in memory.
type registry struct{ left, next int }

// Read implements io.Reader.
func (r *registry) Read(p []byte) (n int, err error) {
	if r.left == 0 {
		return 0, io.EOF
	}
	const width = len("2010000000\n")
	for ; r.left > 0 && n+width <= len(p); r.left-- {
		n += copy(p[n:], registered(r.next)+"\n")
		r.next++
	}
	return n, nil
}

// nowhere takes an import and keeps nothing.
type nowhere struct{ suppression.Store }

func (nowhere) BeginImport(context.Context, suppression.BeginImportParams) (suppression.Import, error) {
	return suppression.Import{PublishedAt: start}, nil
}

func (nowhere) ImportSuppressions(_ context.Context, p suppression.ImportParams) (suppression.Import, error) {
	return suppression.Import{PublishedAt: start, Checkpoint: p.To, Added: p.To.Lines}, nil
}
