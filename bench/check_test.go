package bench_test

import (
	"fmt"
	"os"
	"strconv"
	"testing"

	"github.com/benbjohnson/clock"
	"github.com/stretchr/testify/require"

	"github.com/outdial/outdial"
	"github.com/outdial/outdial/suppression"
	"github.com/outdial/outdial/suppression/bloom"
)

func BenchmarkCheckMany(b *testing.B) {
	const asked, rounds = 100_000, 3
	listed := 100_000
	if given := os.Getenv("BENCH_SUPPRESSED"); given != "" {
		var err error
		listed, err = strconv.Atoi(given)
		require.NoError(b, err)
	}
	each(b, func(b *testing.B, bed *bed) {
		t, size := checkMany(b, bed, rounds, listed, asked)
		report(b,
			figure{"x-faster-with-filter", t.ratio(database, filtered), "20"},
			figure{"listed", float64(listed), ""},
			figure{"ms/100k-with-filter", milliseconds(t.median(filtered)), ""},
			figure{"ms/100k-database", milliseconds(t.median(database)), ""},
			figure{"x-floor-database", t.ratio(database, floor), ""},
			figure{"bytes/entry", size, ""})
	})
}

const (
	database = "database"
	filtered = "filtered"
)

// checkFloor finds the same numbers in a table where they stand already.
const checkFloor = `SELECT count(*) FROM floor_asked a WHERE EXISTS (
	SELECT 1 FROM suppressions s WHERE s.value_key = a.value_key AND s.kind = 'phone')`

// checkMany asks which of many numbers are on the list: one in a thousand.
func checkMany(tb testing.TB, b *bed, rounds, listed, asked int) (measured times, bytesPerEntry float64) {
	tb.Helper()
	numbered := func(exchange, n int) outdial.Phone { return outdial.Phone(fmt.Sprintf("+1%d%07d", exchange, n)) }
	var phones []outdial.Phone
	for n := range listed {
		phones = append(phones, numbered(212, n))
	}
	b.suppress(tb, phones)
	var targets []suppression.Target
	want := 0
	for n := range asked {
		phone := numbered(646, n)
		if n%1000 == 500 {
			phone = phones[n%listed]
			want++
		}
		targets = append(targets, suppression.PhoneTarget(phone))
	}
	b.run(tb, []string{"CREATE TABLE floor_asked (value_key TEXT PRIMARY KEY)"})
	defer func() {
		b.run(tb, []string{"DROP TABLE floor_asked", "DELETE FROM suppressions"})
		b.run(tb, b.settle)
	}()
	for begin := 0; begin < asked; begin += 500 {
		rows := make([]map[string]any, 0, 500)
		for _, target := range targets[begin:min(begin+500, asked)] {
			rows = append(rows, map[string]any{"key": target.Key})
		}
		_, err := b.db.NamedExecContext(tb.Context(), "INSERT INTO floor_asked (value_key) VALUES (:key) ON CONFLICT DO NOTHING", rows)
		require.NoError(tb, err)
	}
	b.run(tb, b.settle)

	now := clock.NewMock()
	now.Set(start)
	cache := bloom.New(b.store, bloom.Config{Clock: now})
	require.NoError(tb, cache.Refresh(tb.Context()))
	stats := cache.Stats()
	require.GreaterOrEqual(tb, int(stats.Entries), listed*99/100)
	check := func(filter suppression.Filter) func(testing.TB) {
		service := suppression.New(b.store, suppression.Config{Clock: now, Filter: filter})
		return func(tb testing.TB) {
			tb.Helper()
			found, err := service.CheckMany(tb.Context(), outdial.System(), suppression.CheckManyRequest{Targets: targets})
			require.NoError(tb, err)
			require.Len(tb, found, want)
		}
	}
	measured = takeTurns(tb, rounds,
		contender{floor, nil, timed(func(tb testing.TB) { require.Positive(tb, b.count(tb, nil, checkFloor)) })},
		contender{database, nil, timed(check(nil))},
		contender{filtered, nil, timed(check(cache))},
	)
	return measured, float64(stats.Bytes) / float64(stats.Entries)
}
