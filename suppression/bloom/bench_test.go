package bloom_test

import (
	"fmt"
	"os"
	"slices"
	"strconv"
	"testing"
	"time"

	bitsandblooms "github.com/bits-and-blooms/bloom/v3"
	"github.com/stretchr/testify/require"

	"github.com/outdial/outdial/suppression"
	"github.com/outdial/outdial/suppression/bloom"
)

// asked is how many numbers that are not on the list a turn of a benchmark asks about.
const asked = 100_000

// BenchmarkPrecheck compares a look into the copy of this process with the test of a
// filter of bits-and-blooms of the same size. BENCH_ENTRIES is how many entries there
// are, a million unless it says otherwise.
func BenchmarkPrecheck(b *testing.B) {
	c, plain, strangers := compared(b)
	found := 0
	precheck := func() {
		for _, target := range strangers {
			if c.Precheck(target) {
				found++
			}
		}
	}
	require.Zero(b, testing.AllocsPerRun(1, precheck))
	found = 0
	ratio, took := turns(b, precheck, plain)
	stats := c.Stats()
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(ratio, "x-bits-and-blooms")
	b.ReportMetric(float64(took.Nanoseconds())/asked, "ns/precheck")
	b.ReportMetric(float64(stats.Bytes)/float64(stats.Entries), "bytes/entry")
	b.ReportMetric(float64(found)/float64(b.N*rounds)/asked, "false-positives")
}

// BenchmarkCandidates does so with a call that is as good as the database's answer.
func BenchmarkCandidates(b *testing.B) {
	c, plain, strangers := compared(b)
	ratio, took := turns(b, func() {
		_, ok := c.Candidates(b.Context(), strangers)
		require.True(b, ok)
	}, plain)
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(ratio, "x-bits-and-blooms")
	b.ReportMetric(float64(took.Nanoseconds())/asked, "ns/target")
}

// rounds is how often both sides take turns.
const rounds = 9

// turns is the median of the ratios of both sides' turns, and the median time of ours.
func turns(b *testing.B, ours, theirs func()) (ratio float64, took time.Duration) {
	b.Helper()
	var ratios []float64
	var times []time.Duration
	timed := func(work func()) time.Duration {
		begun := time.Now()
		work()
		return time.Since(begun)
	}
	for range b.N {
		for round := range rounds {
			var mine, other time.Duration
			if round%2 == 0 {
				mine, other = timed(ours), timed(theirs)
			} else {
				other, mine = timed(theirs), timed(ours)
			}
			ratios, times = append(ratios, float64(mine)/float64(other)), append(times, mine)
		}
	}
	slices.Sort(ratios)
	slices.Sort(times)
	return ratios[len(ratios)/2], times[len(times)/2]
}

// compared returns a cache with many entries, a turn of a plain filter with as many, and
// numbers that are in neither.
func compared(b *testing.B) (c *bloom.Cache, plain func(), strangers []suppression.Target) {
	b.Helper()
	entries := 1_000_000
	if given := os.Getenv("BENCH_ENTRIES"); given != "" {
		var err error
		entries, err = strconv.Atoi(given)
		require.NoError(b, err)
	}
	known := make([]string, entries)
	for i := range known {
		known[i] = fmt.Sprintf("+1%010d", 2_000_000_000+i)
	}
	c = bloom.New(newListOf(known), bloom.Config{})
	require.NoError(b, c.Refresh(b.Context()))
	stats := c.Stats()
	other := bitsandblooms.NewWithEstimates(uint(stats.Capacity), 0.001)
	for _, key := range known {
		other.AddString(key)
	}
	for i := range asked {
		strangers = append(strangers, target(fmt.Sprintf("+49%010d", i)))
	}
	found := 0
	return c, func() {
		for i := range strangers {
			if other.TestString(strangers[i].Key) {
				found++
			}
		}
	}, strangers
}
