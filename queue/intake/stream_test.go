package intake_test

import (
	"context"
	"fmt"
	"io"
	"runtime"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/outdial/outdial"
	"github.com/outdial/outdial/queue/filter"
	"github.com/outdial/outdial/queue/intake"
)

// generator is a file that exists only while it is read.
type generator struct {
	rows, next int
	row        func(i int) string
	pending    string
	given      int64
}

func (g *generator) Read(p []byte) (int, error) {
	for g.pending == "" {
		if g.next > g.rows {
			return 0, io.EOF
		}
		g.pending = g.row(g.next)
		g.next++
	}
	n := copy(p, g.pending)
	g.pending = g.pending[n:]
	g.given += int64(n)
	return n, nil
}

// gauge is a Store that keeps nothing and measures the heap between batches.
type gauge struct {
	memory

	added, batches int
	live, inUse    uint64
}

func (g *gauge) AddContacts(_ context.Context, p intake.AddContactsParams) (intake.AddContactsResult, error) {
	g.added += len(p.Contacts)
	if g.batches++; g.batches%10 == 1 {
		g.measure()
	}
	return intake.AddContactsResult{Added: len(p.Contacts)}, nil
}

func (g *gauge) measure() {
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	g.inUse = max(g.inUse, stats.HeapInuse)
	runtime.GC()
	runtime.ReadMemStats(&stats)
	g.live = max(g.live, stats.HeapAlloc)
}

// TestStreaming is not parallel: it measures the heap, which is everybody's.
func TestStreaming(t *testing.T) { //nolint:paralleltest // see above
	const mib = 1 << 20
	run := func(t *testing.T, source *generator) (*gauge, intake.Result, error) {
		t.Helper()
		store := &gauge{}
		store.measure()
		live, inUse := store.live, store.inUse
		store.live, store.inUse = 0, 0
		res, err := intake.New(store, intake.Config{}).Import(t.Context(), manager(), intake.ImportRequest{
			CampaignName: "Spring", Source: source,
		})
		store.measure()
		store.live -= min(store.live, live)
		store.inUse -= min(store.inUse, inUse)
		t.Logf("%d bytes read, %d rows imported, %d rejected; above the start: %.1f MiB live, %.1f MiB in use",
			source.given, res.Imported, res.Rejected, float64(store.live)/mib, float64(store.inUse)/mib)
		return store, res, err
	}
	// The race detector makes reading a number slow: with it, most rows have none.
	loaded := 1
	if raceDetector {
		loaded = 20
	}
	number := func(i int) string {
		if i%loaded > 0 {
			return ""
		}
		return fmt.Sprintf("504-621-%04d", i%10000)
	}
	t.Run("100,000 rows stream in constant memory", func(t *testing.T) { //nolint:paralleltest // see above
		var peaks []uint64
		for _, rows := range []int{10_000, 100_000} {
			store, res, err := run(t, &generator{rows: rows, row: func(i int) string {
				if i == 0 {
					return "id,first name,last name,company,state,zip,phone,email,note,staff,revenue\n"
				}
				// From row 5,000 on, revenue is no whole number.
				return fmt.Sprintf("%d,James%d,Butt,Acme %d,LA,70116,%s,james%d@example.com,%s,%d,%g\n",
					i, i, i%1000, number(i), i, strings.Repeat("n", 100), i, 1000+float64(i/5000)/2)
			}})
			require.NoError(t, err)
			require.Equal(t, rows/loaded, res.Imported)
			require.Equal(t, rows, res.Imported+res.Rejected)
			require.Less(t, store.live, uint64(8*mib))
			require.Less(t, store.inUse, uint64(32*mib))
			require.Equal(t, map[string]filter.Type{
				"note": filter.TypeText, "staff": filter.TypeInt, "revenue": filter.TypeDecimal,
			}, store.types)
			require.Len(t, store.registered, 2, "the store is told once, and once more when a type gets wider")
			peaks = append(peaks, store.live)
		}
		require.Less(t, peaks[1], peaks[0]+2*mib, "ten times the rows need no more memory")
	})
	t.Run("rows as large as they may be stream in constant memory", func(t *testing.T) { //nolint:paralleltest // see above
		store, res, err := run(t, &generator{rows: 500, row: func(i int) string {
			if i == 0 {
				return "id,phone,note\n"
			}
			return fmt.Sprintf("%d,5046218927,%s\n", i, strings.Repeat("n", 60<<10))
		}})
		require.NoError(t, err)
		require.Equal(t, 500, res.Imported)
		require.Less(t, store.live, uint64(16*mib))
	})
	t.Run("a row of a million values leaves no memory taken", func(t *testing.T) { //nolint:paralleltest // see above
		store, res, err := run(t, &generator{rows: 2000, row: func(i int) string {
			switch i {
			case 0:
				return "phone\n"
			case 1:
				return strings.Repeat(",", 1<<20-10) + "x\n"
			}
			return "5046218927\n"
		}})
		require.NoError(t, err)
		require.Equal(t, 1, res.Rejected)
		require.Less(t, store.live, uint64(16*mib))
	})
	t.Run("a gigabyte behind an open quote is not read", func(t *testing.T) { //nolint:paralleltest // see above
		source := &generator{rows: 1 << 20, row: func(i int) string {
			if i == 0 {
				return "phone,note\n5046218927,x\n5046218927,\""
			}
			return strings.Repeat("n", 1<<10)
		}}
		store, res, err := run(t, source)
		require.ErrorIs(t, err, outdial.ErrInvalid)
		require.EqualError(t, err, "file: line 3 is longer than 1048576 bytes")
		require.Equal(t, 1, res.Imported)
		require.Less(t, source.given, int64(2*mib))
		require.Less(t, store.live, uint64(8*mib))
	})
	t.Run("open quotes all over a file do not cost its other rows", func(t *testing.T) { //nolint:paralleltest // see above
		const rows, opens = 10_000, 5
		source := &generator{rows: rows, row: func(i int) string {
			switch {
			case i == 0:
				return "phone,note\n"
			case i%(rows/opens) == 0:
				return "5046218927,\"open\n"
			}
			return number(i) + "," + strings.Repeat("n", 1000) + "\n"
		}}
		store, res, err := run(t, source)
		require.NoError(t, err)
		require.Equal(t, rows/loaded-opens, res.Imported)
		require.Equal(t, rows, res.Imported+res.Rejected)
		require.Less(t, store.live, uint64(16*mib))
	})
}
