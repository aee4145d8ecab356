package bloom_test

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/outdial/outdial/suppression"
	"github.com/outdial/outdial/suppression/bloom"
)

// TestNothingThatWasCommittedIsMissed draws what happens to a list, to Redis and to
// processes: changes, transactions that commit late or while somebody reads, databases
// restored, Redis flushed, damaged, put back, out of order, processes that end and
// begin. After each step every process is asked about everything. What was on the list
// when it was asked is among its candidates, or it cannot tell; and when all is well
// again, it can.
func TestNothingThatWasCommittedIsMissed(t *testing.T) {
	t.Parallel()

	server, client := memory(t)
	seen := map[string]int{}
	rapid.Check(t, func(t *rapid.T) {
		server.FlushAll()
		server.SetError("")
		w := &world{server: server, client: client, list: newList(), seen: seen}
		w.list.on(w.meanwhile, w.meanwhile)
		w.start()
		t.Repeat(map[string]func(*rapid.T){
			"":               w.check,
			"add":            w.add,
			"begin":          w.begin,
			"commit":         w.commit,
			"remove":         w.remove,
			"restore":        w.restore,
			"commit later":   w.commitLater,
			"feed":           w.breakFeed,
			"redis":          w.breakRedis,
			"flush":          w.flush,
			"damage":         w.damage,
			"keep":           w.keep,
			"put back":       w.putBack,
			"lock":           w.lock,
			"refresh":        w.refresh,
			"refresh more":   w.refresh,
			"start or end":   w.startOrEnd,
			"publish others": w.publishOthers,
		})
		w.heal(t)
	})
	for _, what := range []string{"answered", "could not tell", "built", "loaded", "refused", "outgrown", "published again", "committed while reading"} {
		require.Positive(t, seen[what], "it never happened that a process %s: %v", what, seen)
	}
	t.Logf("%v", seen)
}

// world is a list, a Redis, and some processes.
type world struct {
	server    *miniredis.Miniredis
	client    *redis.Client
	list      *list
	processes []*process
	pending   []pending
	// later is what is committed after so many more calls of the feed.
	later []pending
	calls int
	kept  string
	// seen counts what has happened in all runs.
	seen map[string]int
}

// alphabet is everything that may come onto the list.
var alphabet = numbers(40)

func (w *world) start() {
	w.processes = append(w.processes, start(w.list, bloom.Config{
		Redis: w.client, MinCapacity: 8, MaxBehind: 6, ScanLimit: 3,
	}))
}

// meanwhile commits what was to be committed while somebody reads.
func (w *world) meanwhile(string) {
	if w.calls--; w.calls > 0 {
		return
	}
	for _, transaction := range w.later {
		w.seen["committed while reading"]++
		transaction.commit()
	}
	w.later = nil
}

func (w *world) check(t *rapid.T) {
	for _, p := range w.processes {
		before := w.list.keys()
		indexes, ok := p.Candidates(t.Context(), targets(alphabet...))
		if !ok {
			w.seen["could not tell"]++
			continue
		}
		w.seen["answered"]++
		require.True(t, slices.IsSorted(indexes))
		for i, key := range alphabet {
			if slices.Contains(before, key) {
				require.Contains(t, indexes, i, "it is on the list, %+v", p.Stats())
			}
		}
	}
}

func (w *world) add(t *rapid.T) {
	w.list.add(rapid.SliceOfN(rapid.SampledFrom(alphabet), 1, 10).Draw(t, "keys")...)
}

func (w *world) begin(t *rapid.T) {
	w.pending = append(w.pending, w.list.begin(rapid.SampledFrom(alphabet).Draw(t, "key")))
}

func (w *world) commit(t *rapid.T) {
	w.take(t).commit()
}

func (w *world) commitLater(t *rapid.T) {
	w.later = append(w.later, w.take(t))
	w.calls = rapid.IntRange(1, 12).Draw(t, "calls")
}

// take returns a transaction that has begun.
func (w *world) take(t *rapid.T) pending {
	if len(w.pending) == 0 {
		t.Skip("nothing is pending")
	}
	i := rapid.IntRange(0, len(w.pending)-1).Draw(t, "which")
	taken := w.pending[i]
	w.pending = slices.Delete(w.pending, i, i+1)
	return taken
}

func (w *world) remove(t *rapid.T) {
	for _, key := range rapid.SliceOfN(rapid.SampledFrom(alphabet), 1, 3).Draw(t, "keys") {
		w.list.remove(key)
	}
}

func (w *world) restore(t *rapid.T) {
	w.list.restore(rapid.IntRange(0, w.list.length()).Draw(t, "events"))
	w.pending, w.later = nil, nil
}

func (w *world) breakFeed(t *rapid.T) {
	w.list.fail(nil)
	if rapid.IntRange(0, 3).Draw(t, "fails") == 3 {
		w.list.fail(errors.New("no database"))
	}
}

func (w *world) breakRedis(t *rapid.T) {
	w.server.SetError("")
	if rapid.IntRange(0, 2).Draw(t, "fails") == 2 {
		w.server.SetError("out of order")
	}
}

func (w *world) flush(*rapid.T) { w.server.FlushAll() }

// damage changes what is in Redis as a careless program would, which a test need not
// wait for.
func (w *world) damage(t *rapid.T) {
	value, err := w.server.Get(key)
	if err != nil || len(value) == 0 {
		value = string(rapid.SliceOfN(rapid.Byte(), 1, 200).Draw(t, "value"))
	}
	damaged := []byte(value)
	switch at := rapid.IntRange(0, len(damaged)-1).Draw(t, "at"); rapid.IntRange(0, 3).Draw(t, "how") {
	case 0:
		damaged = damaged[:at]
	case 1:
		damaged[at] ^= 1 << rapid.IntRange(0, 7).Draw(t, "bit")
	case 2:
		clear(damaged[at:])
	case 3:
		damaged = append(damaged, damaged[at:]...)
	}
	require.NoError(t, w.server.Set(key, string(damaged)))
}

func (w *world) keep(t *rapid.T) {
	value, err := w.server.Get(key)
	if err != nil {
		t.Skip("there is nothing")
	}
	w.kept = value
}

func (w *world) putBack(t *rapid.T) {
	require.NoError(t, w.server.Set(key, w.kept))
}

// lock leaves a lock as a process does that ends while it builds.
func (w *world) lock(t *rapid.T) {
	if rapid.Bool().Draw(t, "somebody has it") {
		require.NoError(t, w.server.Set(key+":lock", "somebody"))
		w.server.SetTTL(key+":lock", time.Minute)
		return
	}
	w.server.FastForward(time.Minute)
}

// publishOthers puts the filter of another database there.
func (w *world) publishOthers(t *rapid.T) {
	other := newList()
	other.serial = 1 << 40 // its ids are others
	other.add(rapid.SliceOfN(rapid.SampledFrom(alphabet), 1, 10).Draw(t, "keys")...)
	at := other.events[len(other.events)-1].Position
	require.NoError(t, w.server.Set(key, string(bloom.Encode(20, 0.001, at, other.keys()...))))
}

func (w *world) refresh(t *rapid.T) {
	if len(w.processes) == 0 {
		t.Skip("there is no process")
	}
	for _, p := range w.processes[rapid.IntRange(0, len(w.processes)-1).Draw(t, "from"):] {
		_ = p.Refresh(context.Background())
	}
}

func (w *world) startOrEnd(t *rapid.T) {
	if i := rapid.IntRange(0, 4).Draw(t, "which"); i < len(w.processes) {
		w.gone(t, w.processes[i])
		w.processes = slices.Delete(w.processes, i, i+1)
		return
	}
	w.start()
	w.refresh(t)
}

// gone takes note of what a process did.
func (w *world) gone(t *rapid.T, p *process) {
	w.seen["built"] += p.total(builds)
	w.seen["outgrown"] += p.count(builds, "cause", "outgrown")
	w.seen["loaded"] += p.count(loads, "result", "used")
	w.seen["refused"] += p.count(loads, "result", "unusable")
	w.seen["published again"] += p.total(published) - p.count(published, "cause", "built")
	for _, metric := range bloom.Metrics() {
		require.Len(t, metric.Attributes, 1)
		known := 0
		for _, value := range metric.Attributes[0].Values {
			known += p.count(metric.Name, metric.Attributes[0].Name, value)
		}
		require.Equal(t, p.total(metric.Name), known, "%s has attributes that are not in the table", metric.Name)
	}
}

// heal makes all well, and asks of the processes that they can tell, and of Redis that
// it has a filter for who starts.
func (w *world) heal(t *rapid.T) {
	w.list.on(nil, nil)
	w.list.fail(nil)
	w.server.SetError("")
	w.server.FastForward(time.Minute)
	w.start()
	for _, p := range w.processes {
		require.NoError(t, p.Refresh(context.Background()))
	}
	w.start()
	last := w.processes[len(w.processes)-1]
	require.NoError(t, last.Refresh(context.Background()))
	for _, p := range w.processes {
		require.Subset(t, candidates(t, p, alphabet...), w.list.keys())
		require.LessOrEqual(t, len(candidates(t, p, strangers(200)...)), 5, "a filter takes few others for its own: %+v %s", p.Stats(), p.log)
		w.gone(t, p)
	}
	if last.Stats().Position != (suppression.Position{}) {
		require.Equal(t, 1, last.count(loads, "result", "used"), "%s", last.log)
	}
}
