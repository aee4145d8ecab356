package sim_test

import (
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/outdial/outdial/dialer"
	"github.com/outdial/outdial/dialer/sim"
)

func TestChance(t *testing.T) {
	t.Parallel()

	// lives dials phones in an order and returns what became of each.
	lives := func(t *testing.T, seed uint64, order []int) map[int]dialer.Facts {
		t.Helper()
		found := map[int]dialer.Facts{}
		synctest.Test(t, func(t *testing.T) {
			carrier := sim.NewCarrier(sim.Config{Seed: seed})
			defer carrier.Close()
			for _, n := range order {
				_, _ = carrier.Originate(t.Context(), request(n))
			}
			pass(time.Hour)
			for _, record := range carrier.Records() {
				n := slices.IndexFunc(order, func(n int) bool { return phone(n) == record.To })
				found[order[n]] = record.Facts
			}
		})
		return found
	}
	order := make([]int, 50)
	for i := range order {
		order[i] = i
	}

	t.Run("decides the same with one seed, whatever the order of calls", func(t *testing.T) {
		t.Parallel()

		first := lives(t, 1, order)
		backwards := slices.Clone(order)
		slices.Reverse(backwards)
		require.Equal(t, first, lives(t, 1, backwards))
	})
	t.Run("decides otherwise with another seed", func(t *testing.T) {
		t.Parallel()

		require.NotEqual(t, lives(t, 1, order), lives(t, 2, order))
	})
	t.Run("decides anew when a phone is dialed again", func(t *testing.T) {
		t.Parallel()

		carrierTest(t, sim.Config{}, func(l *line) {
			outcomes := map[dialer.Cause]bool{}
			for n := range 60 {
				again := request(n)
				again.To = phone(0)
				_, _ = l.carrier.Originate(l.Context(), again)
				pass(time.Hour)
			}
			for _, record := range l.carrier.Records() {
				outcomes[record.Facts.Cause] = true
			}
			require.Greater(l, len(outcomes), 1)
		})
	})
	t.Run("comes near the shares that were asked for", func(t *testing.T) {
		t.Parallel()

		const calls = 3000
		shares := sim.DefaultCallees()
		carrierTest(t, sim.Config{Seed: 3}, func(l *line) {
			for n := range calls {
				_, err := l.carrier.Originate(l.Context(), request(n))
				if err != nil {
					require.ErrorIs(l, err, dialer.ErrNumberRejected)
				}
			}
			pass(time.Hour)
			counts := map[dialer.Cause]float64{}
			var machines float64
			for _, record := range l.carrier.Records() {
				counts[record.Facts.Cause]++
				if record.Facts.AMD.Machine() {
					machines++
				}
			}
			near := func(want float64, got float64) {
				t.Helper()
				require.InDelta(l, want, got/calls, 0.02)
			}
			near(shares.Answered, counts[dialer.CauseCompleted])
			near(shares.Busy, counts[dialer.CauseBusy])
			near(shares.Failed, counts[dialer.CauseFailed])
			near(shares.Rejected, float64(l.carrier.Books().Rejected))
			near(1-shares.Answered-shares.Busy-shares.Failed-shares.Rejected, counts[dialer.CauseNoAnswer])
			near(shares.Answered*shares.Machines, machines)
		})
	})
}
