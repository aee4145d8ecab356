package bloom_test

import (
	"log/slog"
	"math"
	"testing"
	"time"

	"github.com/benbjohnson/clock"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel/metric/noop"

	"github.com/outdial/outdial/suppression/bloom"
)

func TestConfigDefaults(t *testing.T) {
	t.Parallel()

	t.Run("what was left out has its default", func(t *testing.T) {
		t.Parallel()

		cfg := bloom.Config{}.WithDefaults()
		require.NotNil(t, cfg.Clock)
		cfg.Clock = nil
		require.Equal(t, bloom.Config{
			Key: "outdial:suppression:filter", RedisTimeout: 250 * time.Millisecond,
			FalsePositives: 0.001, Headroom: 0.5, MinCapacity: 100_000, MaxBehind: 10_000, ScanLimit: 10_000,
			BuildWithin: time.Minute, RefreshEvery: 5 * time.Second,
			Meter: noop.Meter{}, Logger: slog.New(slog.DiscardHandler),
		}, cfg)
	})
	t.Run("what was given stays", func(t *testing.T) {
		t.Parallel()

		_, client := memory(t)
		cfg := bloom.Config{
			Redis: client, Key: "k", RedisTimeout: 1, FalsePositives: 0.1, Headroom: 1, MinCapacity: 2, MaxBehind: 3,
			ScanLimit: 4, BuildWithin: 5, RefreshEvery: 6, Clock: clock.NewMock(), Meter: noop.Meter{}, Logger: slog.Default(),
		}
		require.Equal(t, cfg, cfg.WithDefaults())
	})
	t.Run("a share that makes no sense is none", func(t *testing.T) {
		t.Parallel()

		for _, rate := range []float64{-1, 0, 1e-10, 0.51, 1, 2, math.Inf(1), math.NaN()} {
			require.InDelta(t, 0.001, bloom.Config{FalsePositives: rate}.WithDefaults().FalsePositives, 0, "%v", rate)
		}
		for _, share := range []float64{-1, 0, 11, math.Inf(1), math.NaN()} {
			require.InDelta(t, 0.5, bloom.Config{Headroom: share}.WithDefaults().Headroom, 0, "%v", share)
		}
	})
}
