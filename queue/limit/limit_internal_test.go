package limit

import (
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	"golang.org/x/time/rate"
	"pgregory.net/rapid"

	"github.com/outdial/outdial"
)

func TestByID(t *testing.T) {
	t.Parallel()

	start := time.Date(2026, time.March, 2, 12, 0, 0, 0, time.UTC)
	numbered := func(n int) uuid.UUID { return uuid.UUID{0: 1, 13: byte(n >> 16), 14: byte(n >> 8), 15: byte(n)} }

	t.Run("idle ones are forgotten when new ids come", func(t *testing.T) {
		t.Parallel()

		limits := New("actor", 1, 2)
		for n := range pruneFrom {
			require.NoError(t, limits.Allow(numbered(n), start))
		}
		require.Len(t, limits.byID, pruneFrom)

		require.NoError(t, limits.Allow(numbered(pruneFrom), start.Add(time.Minute)))
		require.Len(t, limits.byID, 1, "all others had filled up again")
	})
	t.Run("busy ones are kept", func(t *testing.T) {
		t.Parallel()

		limits := New("actor", 1, 2)
		for n := range pruneFrom {
			require.NoError(t, limits.Allow(numbered(n), start))
		}
		busy, later := numbered(7), start.Add(time.Minute)
		require.NoError(t, limits.Allow(busy, later))
		require.NoError(t, limits.Allow(busy, later))
		require.NoError(t, limits.Allow(numbered(pruneFrom), later))
		require.Len(t, limits.byID, 2)
		require.ErrorIs(t, limits.Allow(busy, later), outdial.ErrRateLimited, "forgetting must not give a second burst")
	})
	t.Run("when all are busy the next look is twice as far away", func(t *testing.T) {
		t.Parallel()

		limits := New("actor", 0.001, 2)
		for n := range 2*pruneFrom + 1 {
			require.NoError(t, limits.Allow(numbered(n), start))
		}
		require.Len(t, limits.byID, 2*pruneFrom+1)
		require.Equal(t, 4*pruneFrom, limits.pruneAt)
	})
	t.Run("no limit limits nothing", func(t *testing.T) {
		t.Parallel()

		limits := New("actor", rate.Inf, 1)
		for range 1000 {
			require.NoError(t, limits.Allow(numbered(1), start))
		}
	})
	t.Run("a clock that steps back gives no second burst", func(t *testing.T) {
		t.Parallel()

		limits := New("actor", 1, 1)
		require.NoError(t, limits.Allow(numbered(1), start))
		require.ErrorIs(t, limits.Allow(numbered(1), start.Add(-time.Hour)), outdial.ErrRateLimited)
	})
	t.Run("of many who ask at once exactly a burst pass", func(t *testing.T) {
		t.Parallel()

		const burst = 10
		limits := New("actor", 1, burst)
		var passed atomic.Int64
		var wg sync.WaitGroup
		for range 50 {
			wg.Go(func() {
				for range 20 {
					if limits.Allow(numbered(1), start) == nil {
						passed.Add(1)
					}
				}
			})
		}
		wg.Wait()
		require.EqualValues(t, burst, passed.Load())
	})
	t.Run("in any stretch of time at most a burst and the refill pass, and waiting as told is enough", func(t *testing.T) {
		t.Parallel()

		rapid.Check(t, func(t *rapid.T) {
			perSecond := rapid.SampledFrom([]rate.Limit{0.1, 0.5, 1, 3, 10, 1000}).Draw(t, "rate")
			burst := rapid.IntRange(1, 5).Draw(t, "burst")
			limits := New("actor", perSecond, burst)
			now, id, passed := start, numbered(1), 0
			for range rapid.IntRange(1, 50).Draw(t, "requests") {
				now = now.Add(time.Duration(rapid.IntRange(0, 3000).Draw(t, "pause in ms")) * time.Millisecond)
				err := limits.Allow(id, now)
				if err != nil {
					var limited *outdial.RateLimitError
					require.ErrorAs(t, err, &limited)
					require.Equal(t, "actor", limited.Key)
					require.Positive(t, limited.RetryAfter)
					now = now.Add(limited.RetryAfter)
					require.NoError(t, limits.Allow(id, now))
				}
				passed++
				refill := float64(perSecond) * now.Sub(start).Seconds()
				require.LessOrEqual(t, float64(passed), float64(burst)+refill+0.001)
			}
		})
	})
}
