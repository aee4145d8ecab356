package bloom_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"github.com/outdial/outdial/suppression"
	"github.com/outdial/outdial/suppression/bloom"
)

const (
	// pause is how long Redis says nothing.
	pause = 4 * time.Second
	// answersWithin is how long a call of Candidates may take meanwhile. It takes far
	// less, but for a machine that has other things to do. A client left to itself would
	// wait 3 seconds.
	answersWithin = 2500 * time.Millisecond
)

// TestRedisFaults has processes check while others add to the list, and does to their
// Redis what may happen to one. Every number that was on the list when a check began is
// among its candidates, every check is answered, soon, and afterwards there is a filter
// in Redis again.
//
//nolint:paralleltest,tparallel // one fault after another
func TestRedisFaults(t *testing.T) {
	t.Parallel()

	redisServer := newServer(t)
	l := newLoad(t, redisServer)
	for _, fault := range []struct {
		name string
		do   func(t require.TestingT)
		// failed says that Redis did not answer meanwhile.
		failed bool
	}{
		{"flushed", func(t require.TestingT) {
			for range 10 {
				require.NoError(t, l.observer.FlushAll(context.Background()).Err())
				l.checked(t, 50)
			}
		}, false},
		{"killed and started again empty", func(t require.TestingT) {
			redisServer.kill()
			l.failed(t)
			l.checked(t, 200)
			redisServer.restart()
		}, true},
		{"paused", func(t require.TestingT) {
			silences := l.listenFailures()
			redisServer.signal(syscall.SIGSTOP)
			defer redisServer.signal(syscall.SIGCONT)
			l.failed(t)
			pass(pause)
			require.Greater(t, l.listenFailures(), silences, "its silence is noticed")
		}, true},
		{"slow by two seconds", func(t require.TestingT) {
			require.NoError(t, l.observer.Do(context.Background(), "CLIENT", "PAUSE", "2000", "ALL").Err())
			l.failed(t)
			l.checked(t, 100)
			pass(2 * time.Second)
		}, true},
		{"damaged", func(t require.TestingT) {
			for at := range 10 {
				require.NoError(t, l.observer.SetRange(context.Background(), key, int64(9*at), "\x00\xff\x00").Err())
				l.checked(t, 50)
			}
		}, false},
	} {
		t.Run(fault.name, func(t *testing.T) {
			failures := l.failures()
			fault.do(t)
			require.NoError(t, l.observer.Del(t.Context(), key).Err())
			l.published(t)
			if fault.failed {
				require.Greater(t, l.failures(), failures)
			}
			fresh := ready(t, l.list, bloom.Config{Redis: l.observer})
			require.Positive(t, fresh.count(loads, "result", "used"), "%s", fresh.log)
			require.Zero(t, fresh.count(builds, "cause", "first"))
			l.check(fresh)
			l.quiet(t)
		})
	}
	require.Positive(t, l.total(builds, "cause", "outgrown"), "the list has outgrown its filters meanwhile")
	require.Positive(t, l.total(published, "cause", "missing"))
	require.Positive(t, l.total(redisFailures, "operation", "look"))
}

// load is some processes that check, and a list that changes.
type load struct {
	list *list
	// committed is how many of the numbers are on the list, for good.
	committed atomic.Int64
	processes []*process
	observer  *redis.Client
	checks    atomic.Int64
	wrong     chan string
}

// newLoad starts them, and ends them with the test.
func newLoad(t *testing.T, on *server) *load {
	t.Helper()
	l := &load{list: newList(), wrong: make(chan string, 1), observer: connect(t, on.address)}
	l.list.fill(numbers(200))
	l.committed.Store(200)
	for i := range 3 {
		client := redis.NewClient(&redis.Options{Addr: on.address, ContextTimeoutEnabled: i > 0})
		t.Cleanup(func() { _ = client.Close() })
		p := ready(t, l.list, bloom.Config{
			Redis: client, RedisTimeout: 100 * time.Millisecond, RefreshEvery: 20 * time.Millisecond, MinCapacity: 250,
		})
		p.run(t)
		l.processes = append(l.processes, p)
	}
	ctx, cancel := context.WithCancel(t.Context())
	var tasks sync.WaitGroup
	tasks.Go(func() { l.add(ctx) })
	tasks.Go(func() { l.comeAndGo(ctx) })
	for _, p := range l.processes {
		tasks.Go(func() {
			for ctx.Err() == nil {
				l.check(p) //nolint:contextcheck // the last one is asked to its end
			}
		})
	}
	t.Cleanup(func() {
		cancel()
		tasks.Wait()
		l.quiet(t)
		t.Logf("%d checks, %d numbers", l.checks.Load(), l.committed.Load())
	})
	return l
}

func numberAt(i int64) string { return fmt.Sprintf("+1504%07d", i) }

// add puts one number after another on the list.
func (l *load) add(ctx context.Context) {
	ticker := time.NewTicker(2 * time.Millisecond)
	defer ticker.Stop()
	for ctx.Err() == nil {
		n := l.committed.Load()
		l.list.fill([]string{numberAt(n)})
		l.committed.Store(n + 1)
		l.processes[n%2].Wake()
		<-ticker.C
	}
}

// comeAndGo adds others and removes them.
func (l *load) comeAndGo(ctx context.Context) {
	ticker := time.NewTicker(5 * time.Millisecond)
	defer ticker.Stop()
	for i := 0; ctx.Err() == nil; i++ {
		l.list.add(fmt.Sprintf("+1337%07d", i))
		if i >= 3 {
			l.list.remove(fmt.Sprintf("+1337%07d", i-3))
		}
		<-ticker.C
	}
}

// check asks about numbers that are on the list, the one that came last among them, and
// about others.
func (l *load) check(p *process) {
	n := l.committed.Load()
	asked := targets(numberAt(n - 1))
	for range 50 {
		asked = append(asked, target(numberAt(rand.Int64N(n))))
	}
	known := len(asked)
	asked = append(asked, targets(strangers(50)...)...)
	begun := time.Now()
	indexes, ok := p.Candidates(context.Background(), asked)
	switch took := time.Since(begun); {
	case !ok:
		l.complainf("a check was not answered: %v", p.meter.Measurements(fallbacks))
	case len(indexes) < known || indexes[known-1] != known-1:
		l.complainf("numbers on the list are not among the candidates: %v of %d, at %+v", indexes, n, p.Stats())
	case len(indexes) > known+20:
		l.complainf("there are too many candidates: %v", indexes)
	case took > answersWithin:
		l.complainf("a check took %v", took)
	}
	l.checks.Add(1)
}

// complainf keeps the first complaint.
func (l *load) complainf(format string, args ...any) {
	select {
	case l.wrong <- fmt.Sprintf(format, args...):
	default:
	}
}

// quiet asks that nobody has complained.
func (l *load) quiet(t *testing.T) {
	t.Helper()
	select {
	case complaint := <-l.wrong:
		require.FailNow(t, complaint)
	default:
	}
}

// checked waits for that many more checks.
func (l *load) checked(t require.TestingT, more int64) {
	enough := l.checks.Load() + more
	eventually(t, func() bool { return l.checks.Load() >= enough }, "checks")
}

// failed waits until every process has noticed that Redis does not answer.
func (l *load) failed(t require.TestingT) {
	for _, p := range l.processes {
		before := p.total(redisFailures)
		eventually(t, func() bool { return p.total(redisFailures) > before }, "failures")
	}
}

func (l *load) failures() int {
	sum := 0
	for _, p := range l.processes {
		sum += p.total(redisFailures)
	}
	return sum
}

func (l *load) listenFailures() int { return l.total(redisFailures, "operation", "listen") }

// total is what all processes have counted.
func (l *load) total(metric, attribute, value string) int {
	sum := 0
	for _, p := range l.processes {
		sum += p.count(metric, attribute, value)
	}
	return sum
}

// published waits for a filter in Redis that a process may use.
func (l *load) published(t *testing.T) {
	t.Helper()
	eventually(t, func() bool {
		value, err := l.observer.Get(t.Context(), key).Bytes()
		if err != nil {
			return false
		}
		_, at, err := bloom.Decode(value)
		return err == nil && at != suppression.Position{}
	}, "a filter in redis")
}

// pass waits while that much time passes.
func pass(d time.Duration) { <-time.After(d) }

// TestAProcessStartsWhileRedisIsAway asks that Redis costs a starting process a bounded
// time, and that it publishes what it has built as soon as it can.
func TestAProcessStartsWhileRedisIsAway(t *testing.T) {
	t.Parallel()

	for name, c := range map[string]struct{ away, back func(s *server) }{
		"paused": {func(s *server) { s.signal(syscall.SIGSTOP) }, func(s *server) { s.signal(syscall.SIGCONT) }},
		"gone":   {(*server).kill, (*server).restart},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			on := newServer(t)
			client := redis.NewClient(&redis.Options{Addr: on.address})
			defer func() { _ = client.Close() }()
			c.away(on)
			p := start(newListOf(numbers(1000)), bloom.Config{Redis: client, RedisTimeout: 100 * time.Millisecond, RefreshEvery: 50 * time.Millisecond})
			begun := time.Now()
			require.NoError(t, p.Refresh(t.Context()))
			require.Less(t, time.Since(begun), answersWithin)
			require.Equal(t, numbers(10), candidates(t, p, numbers(10)...))
			require.Equal(t, 1, p.count(builds, "cause", "first"))
			require.Positive(t, p.count(redisFailures, "operation", "look"))
			p.run(t)
			c.back(on)
			eventually(t, func() bool { return p.count(published, "cause", "missing") == 1 }, "the filter in redis")
		})
	}
}
