package queue_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/outdial/outdial/queue"
)

func TestSkipReasons(t *testing.T) {
	t.Parallel()

	t.Run("are in the order in which they apply", func(t *testing.T) {
		t.Parallel()

		require.Equal(t, []queue.SkipReason{
			"invalid", "no_phone", "opted_out", "suppressed", "finished",
			"cooling_down", "collision", "account_cap", "queue_full",
		}, queue.SkipReasons())
	})
	t.Run("are a copy", func(t *testing.T) {
		t.Parallel()

		queue.SkipReasons()[0] = "changed"
		require.Equal(t, queue.SkipInvalid, queue.SkipReasons()[0])
	})
}

func TestSkips(t *testing.T) {
	t.Parallel()

	t.Run("start with a zero for every reason", func(t *testing.T) {
		t.Parallel()

		skips := queue.NewSkips()
		require.Len(t, skips, len(queue.SkipReasons()))
		for _, reason := range queue.SkipReasons() {
			count, ok := skips[reason]
			require.True(t, ok, reason)
			require.Zero(t, count, reason)
		}
		require.Zero(t, skips.Total())
	})
	t.Run("are nobody's but the caller's", func(t *testing.T) {
		t.Parallel()

		queue.NewSkips()[queue.SkipInvalid] = 1
		require.Zero(t, queue.NewSkips().Total())
	})
	t.Run("that were never made add up to nothing", func(t *testing.T) {
		t.Parallel()

		var skips queue.Skips
		require.Zero(t, skips.Total())
	})
	t.Run("add up over all reasons", func(t *testing.T) {
		t.Parallel()

		rapid.Check(t, func(t *rapid.T) {
			skips, want := queue.NewSkips(), 0
			for _, reason := range queue.SkipReasons() {
				count := rapid.IntRange(0, 100_000).Draw(t, string(reason))
				skips[reason] = count
				want += count
			}
			require.Equal(t, want, skips.Total())
		})
	})
}
