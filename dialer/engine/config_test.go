package engine_test

import (
	"reflect"
	"testing"
	"testing/synctest"
	"time"

	"github.com/benbjohnson/clock"
	"github.com/stretchr/testify/require"

	"github.com/outdial/outdial/dialer"
	"github.com/outdial/outdial/dialer/callwindow"
	"github.com/outdial/outdial/dialer/engine"
	"github.com/outdial/outdial/dialer/pacing"
	"github.com/outdial/outdial/dialer/sim"
)

func TestConfig(t *testing.T) {
	t.Parallel()

	t.Run("has every default but those that only a host can know", func(t *testing.T) {
		t.Parallel()

		cfg := engine.Config{}.WithDefaults()
		fields := reflect.ValueOf(cfg)
		var left []string
		for i := range fields.NumField() {
			if fields.Field(i).IsZero() {
				left = append(left, fields.Type().Field(i).Name)
			}
		}
		require.Equal(t, []string{"Events", "Windows", "Policy", "WithoutDetection", "Holder"}, left)
		require.Equal(t, pacing.Progressive{}, cfg.Law)
		require.Equal(t, callwindow.FixedCaps{}, cfg.Caps)
		require.GreaterOrEqual(t, cfg.RingFor, 15*time.Second)
		require.LessOrEqual(t, cfg.ConnectWithin, 2*time.Second)
		require.Greater(t, cfg.UnplacedFor, cfg.LeaseFor+cfg.RequestTimeout, "a claim must not be swept while its holder may place it")
	})
	t.Run("keeps what was asked for", func(t *testing.T) {
		t.Parallel()

		asked := engine.Config{}.WithDefaults()
		asked.Holder, asked.TickEvery, asked.MaxPerTick = "dialer-1", time.Hour, 1
		require.Equal(t, asked, asked.WithDefaults())
	})
}

// TestClock runs an engine by a clock that is turned by hand.
func TestClock(t *testing.T) {
	t.Parallel()

	t.Run("an engine follows a mock clock", func(t *testing.T) {
		t.Parallel()

		mock := clock.NewMock()
		mock.Set(time.Now())
		f := newFloor(t, sim.Config{Clock: mock, Callees: people(), Detection: sure()}, dialer.RetryPolicy{})
		f.enqueue(3)
		f.control(dialer.ControlStart)
		f.ready(3)
		f.start(func(c *engine.Config) { c.Clock = mock })
		require.Eventually(t, func() bool {
			mock.Add(250 * time.Millisecond)
			return f.states()[dialer.StateCompleted] == 3
		}, time.Minute, time.Microsecond)
		require.Equal(t, 3, f.carrier.Books().Placed)
	})
	t.Run("an engine that runs leaves nothing behind", func(t *testing.T) {
		t.Parallel()

		// A bubble does not end while a goroutine is left in it.
		synctest.Test(t, func(t *testing.T) {
			f := newFloor(t, sim.Config{}, dialer.RetryPolicy{})
			f.enqueue(10)
			f.control(dialer.ControlStart)
			f.ready(10)
			p := f.start()
			f.pass(7 * time.Second)
			p.stop(f)
			require.NotZero(t, f.carrier.Books().Placed)
		})
	})
}
