package bench_test

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/benbjohnson/clock"
	"github.com/stretchr/testify/require"

	"github.com/outdial/outdial"
	"github.com/outdial/outdial/suppression"
)

func BenchmarkPurge(b *testing.B) {
	each(b, func(b *testing.B, bed *bed) {
		const rounds = 3
		t, steps := purge(b, bed, rounds)
		numbers := float64(bed.contacts / purgeShare)
		report(b,
			figure{"x-floor", t.ratio(ours, floor), ""},
			figure{"numbers", numbers, ""},
			figure{"ms/1000-numbers", milliseconds(t.median(ours)) / numbers * 1000, ""},
			figure{"floor-ms/1000-numbers", milliseconds(t.median(floor)) / numbers * 1000, ""},
			figure{"longest-step-ms", milliseconds(slices.Max(steps)), ""})
	})
}

// purgeShare is one in how many of the campaign's contacts comes onto the list in a
// round.
const purgeShare = 10

// purgeFloor is the barest statement that takes everybody who is on the list out of the
// floor's queue, in one piece.
const purgeFloor = `
	UPDATE floor_queue
	   SET queue_state = 'failed', fail_reason = 'suppressed', lock_version = lock_version + 1
	 WHERE queue_state IN ('queued', 'locked', 'in_progress')
	   AND contact_id IN (SELECT c.id FROM suppressions s JOIN contacts c ON c.phone_key = s.value_key WHERE s.kind = 'phone')`

// purge lets a worker find out that a part of the campaign has come onto the list. The
// steps are the transactions that it took.
func purge(tb testing.TB, b *bed, rounds int) (measured times, steps []time.Duration) {
	tb.Helper()
	b.resetThen(func(tb testing.TB) {
		b.fillQueue(tb, "agent_queue", 1)
		b.fillQueue(tb, "floor_queue", 1)
	})(tb)
	defer func() {
		b.run(tb, []string{"DELETE FROM suppressions"})
		b.run(tb, b.settle)
	}()
	var phones []outdial.Phone
	require.NoError(tb, b.db.SelectContext(tb.Context(), &phones, "SELECT phone_key FROM contacts ORDER BY email"))
	now := clock.NewMock()
	now.Set(start)
	store := &timedPurges{PurgeStore: b.store}
	worker := suppression.NewWorker(struct {
		suppression.PurgeStore
		suppression.ImportStore
	}{store, b.store}, suppression.WorkerConfig{Clock: now})
	share := b.contacts / purgeShare
	for range rounds {
		b.suppress(tb, phones[:share])
		phones = phones[share:]
		b.run(tb, b.settle)
		for name, took := range takeTurns(tb, 1,
			contender{floor, nil, timed(func(tb testing.TB) { require.Equal(tb, share, b.exec(tb, nil, purgeFloor)) })},
			contender{ours, nil, timed(func(tb testing.TB) {
				purged, err := worker.Step(tb.Context())
				require.NoError(tb, err)
				require.Equal(tb, suppression.Purged{AgentItems: share}, purged)
			})},
		) {
			if measured == nil {
				measured = times{}
			}
			measured[name] = append(measured[name], took...)
		}
		b.requireSameQueues(tb)
	}
	return measured, store.took
}

// timedPurges remembers how long each step took.
type timedPurges struct {
	suppression.PurgeStore

	took []time.Duration
}

func (t *timedPurges) PurgeSuppressed(
	ctx context.Context, p suppression.PurgeParams,
) (suppression.PurgeResult, error) {
	begun := time.Now()
	result, err := t.PurgeStore.PurgeSuppressed(ctx, p)
	t.took = append(t.took, time.Since(begun))
	return result, err
}

// suppress puts numbers on the list.
func (b *bed) suppress(tb testing.TB, phones []outdial.Phone) {
	tb.Helper()
	const batch = 5000
	for some := range slices.Chunk(phones, batch) {
		entries := make([]suppression.Entry, len(some))
		for i, phone := range some {
			entries[i] = suppression.NewPhone(phone)
		}
		result, err := b.store.AddSuppressions(tb.Context(), suppression.AddParams{Entries: entries, ActorID: actor, Now: start})
		require.NoError(tb, err)
		require.Equal(tb, len(some), result.Added)
	}
}
