package bench_test

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"sync"
	"testing"
	"text/tabwriter"
	"time"
)

// contender is one side of a comparison.
type contender struct {
	name string
	// before prepares a turn, off the clock.
	before func(tb testing.TB)
	// turn is the work. It returns how long it took, when that is not simply the
	// time until it returns.
	turn func(tb testing.TB) time.Duration
}

// The names of contenders.
const (
	ours       = "ours"
	floor      = "floor"
	plainFloor = "plain floor"
	seed       = "seed"
)

// timed makes a turn of plain work.
func timed(work func(tb testing.TB)) func(testing.TB) time.Duration {
	return func(tb testing.TB) time.Duration {
		tb.Helper()
		start := time.Now()
		work(tb)
		return time.Since(start)
	}
}

// times are the durations of each contender's turns, in the order of the rounds.
type times map[string][]time.Duration

// takeTurns lets every contender work once in each round. Who goes first changes
// from round to round.
func takeTurns(tb testing.TB, rounds int, contenders ...contender) times {
	tb.Helper()
	measured := times{}
	for round := range rounds {
		for i := range contenders {
			c := contenders[(round+i)%len(contenders)]
			if c.before != nil {
				c.before(tb)
			}
			measured[c.name] = append(measured[c.name], c.turn(tb))
		}
	}
	return measured
}

// ratio is the median over the rounds of one contender's time in units of
// another's.
func (t times) ratio(of, to string) float64 {
	ratios := make([]float64, len(t[of]))
	for i := range ratios {
		ratios[i] = float64(t[of][i]) / float64(t[to][i])
	}
	return median(ratios)
}

func (t times) median(of string) time.Duration { return median(slices.Clone(t[of])) }

func median[T cmp.Ordered](values []T) T {
	slices.Sort(values)
	return values[len(values)/2]
}

func percentile(values []time.Duration, share float64) time.Duration {
	sorted := slices.Sorted(slices.Values(values))
	return sorted[min(int(share*float64(len(sorted))), len(sorted)-1)]
}

func milliseconds(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

// figure is one number of a benchmark, and what it should be, if anything.
type figure struct {
	unit  string
	value float64
	aim   string
}

// table collects the figures for people to read.
var table results

type results struct {
	mu   sync.Mutex
	rows []row
}

type row struct {
	name    string
	figures []figure
}

// report gives the figures to the benchmark, in place of its time per operation.
func report(b *testing.B, figures ...figure) {
	b.Helper()
	b.ReportMetric(0, "ns/op")
	for _, f := range figures {
		b.ReportMetric(f.value, f.unit)
	}
	table.mu.Lock()
	defer table.mu.Unlock()
	table.rows = append(table.rows, row{b.Name()[len("Benchmark"):], figures})
}

func (r *results) print(to io.Writer) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.rows) == 0 {
		return
	}
	fmt.Fprintln(to)
	w := tabwriter.NewWriter(to, 0, 0, 2, ' ', 0)
	for _, row := range r.rows {
		fmt.Fprint(w, row.name)
		for _, f := range row.figures {
			fmt.Fprintf(w, "\t%s %s", number(f.value), f.unit)
			if f.aim != "" {
				fmt.Fprintf(w, " (aim %s)", f.aim)
			}
		}
		fmt.Fprintln(w)
	}
	_ = w.Flush()
}

func number(value float64) string {
	if value >= 100 || value == float64(int(value)) {
		return fmt.Sprintf("%.0f", value)
	}
	return fmt.Sprintf("%.2f", value)
}
