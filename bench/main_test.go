package bench_test

import (
	"errors"
	"fmt"
	"os"
	"strconv"
	"sync"
	"testing"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) {
	goleak.VerifyTestMain(run{m},
		goleak.IgnoreTopFunction("database/sql.(*DB).connectionOpener"),
		goleak.Cleanup(func(code int) {
			table.print(os.Stdout)
			os.Exit(code)
		}))
}

// run closes the shared databases before leaks are looked for.
type run struct{ m *testing.M }

func (r run) Run() int {
	code := r.m.Run()
	if err := beds.close(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return code
}

// beds are the databases of the benchmarks, one for each engine, made when first
// asked for.
var beds = shared{byEngine: map[string]*bed{}}

type shared struct {
	mu       sync.Mutex
	byEngine map[string]*bed
}

func (s *shared) get(b *testing.B, e engine) *bed {
	b.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.byEngine[e.name] == nil {
		s.byEngine[e.name] = newBed(b, e, campaignSize(b))
	}
	return s.byEngine[e.name]
}

func (s *shared) close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	var err error
	for name, bed := range s.byEngine {
		err = errors.Join(err, bed.close())
		delete(s.byEngine, name)
	}
	return err
}

// campaignSize is how many contacts the benchmarks' campaign has. Defaults to
// 100,000.
func campaignSize(b *testing.B) int {
	b.Helper()
	given := os.Getenv("BENCH_CONTACTS")
	if given == "" {
		return 100_000
	}
	size, err := strconv.Atoi(given)
	if err != nil || size < smallestCampaign {
		b.Fatalf("BENCH_CONTACTS=%s: want a number from %d", given, smallestCampaign)
	}
	return size
}
