package engine_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/outdial/outdial"
	"github.com/outdial/outdial/dialer"
	"github.com/outdial/outdial/dialer/engine"
	"github.com/outdial/outdial/dialer/sim"
)

func TestLease(t *testing.T) {
	t.Parallel()

	t.Run("one of several processes dials a campaign, and goes on doing so", func(t *testing.T) {
		t.Parallel()

		onFloor(t, 200, sim.Config{Callees: nobody()}, func(f *floor) {
			f.ready(2)
			var placed []int
			f.start()
			f.pass(0)
			for range 2 {
				f.start()
			}
			f.pass(3 * time.Minute)
			for _, p := range f.processes {
				if count := p.count("Originate"); count > 0 {
					placed = append(placed, count)
				}
			}
			require.Len(f, placed, 1)
			require.InDelta(f, 3*60/5, f.processes[0].count("AcquireLease"), 2, "it renews after a third of LeaseFor")
			require.Greater(f, placed[0], 10)
			require.Equal(f, 1, f.meter.Count("outdial.dialer.lease.changes", map[string]string{"change": "acquired"}))
		})
	})
	t.Run("when the holder dies another process takes over within LeaseFor", func(t *testing.T) {
		t.Parallel()

		onFloor(t, 200, sim.Config{Callees: nobody()}, func(f *floor) {
			f.ready(2)
			first := f.start()
			f.pass(time.Minute)
			second := f.start()
			f.pass(time.Minute)
			require.Zero(f, second.count("Originate"))
			require.Zero(f, second.count("ClaimCalls"))
			first.die()
			f.pass(15*time.Second + time.Second)
			require.Positive(f, second.count("ListPresence"), "it has the campaign")
			f.pass(time.Minute)
			require.Positive(f, second.count("Originate"))
			require.Equal(f, 2, f.carrier.Books().MostLines)
		})
	})
	t.Run("when the holder stops another process takes over at once", func(t *testing.T) {
		t.Parallel()

		onFloor(t, 200, sim.Config{Callees: nobody()}, func(f *floor) {
			f.ready(2)
			first := f.process()
			first.onCall("ReleaseLease", func() error {
				sleep(200 * time.Millisecond)
				return nil
			})
			f.run(first)
			f.pass(time.Minute)
			second := f.start()
			f.pass(10 * time.Second)
			require.Zero(f, second.count("ListPresence"))
			stopped := time.Now()
			first.stop(f)
			require.LessOrEqual(f, time.Since(stopped), time.Second)
			require.Equal(f, 1, f.meter.Count("outdial.dialer.lease.changes", map[string]string{"change": "released"}))
			f.pass(time.Second)
			require.Positive(f, second.count("ListPresence"), "it has the campaign")
		})
	})
	t.Run("what a process that slept still tries is refused, and dials nobody", func(t *testing.T) {
		t.Parallel()

		for _, method := range []string{"ClaimCalls", "PlaceCall"} {
			onFloor(t, 200, sim.Config{Callees: nobody()}, func(f *floor) {
				f.ready(2)
				first := f.process()
				refusals := make(chan error, 10)
				first.onCall(method, func() error {
					first.freeze(time.Minute)
					first.onCall(method, nil)
					return nil
				})
				first.onReturn(method, func(err error) { refusals <- err })
				f.run(first)
				f.pass(time.Second)
				second := f.start()
				f.pass(2 * time.Minute)
				close(refusals)
				require.NotEmpty(f, refusals)
				for err := range refusals {
					require.ErrorIs(f, err, outdial.ErrConflict)
				}
				require.Zero(f, first.count("Originate"))
				require.Positive(f, second.count("Originate"))
				require.Equal(f, 1, f.carrier.Books().MostAtOnce)
				require.Equal(f, 2, f.carrier.Books().MostLines)
			})
		}
	})
	t.Run("a process under the name of one that died has its campaigns back at once", func(t *testing.T) {
		t.Parallel()

		onFloor(t, 200, sim.Config{Callees: nobody()}, func(f *floor) {
			f.ready(2)
			named := func(c *engine.Config) { c.Holder = "dialer-1" }
			first := f.start(named)
			f.pass(time.Minute)
			first.die()
			second := f.start(named)
			f.pass(time.Second)
			require.Positive(f, second.count("ListPresence"), "it has the campaign")
		})
	})
	t.Run("a campaign that is stopped is given up once its calls are over", func(t *testing.T) {
		t.Parallel()

		onFloor(t, 200, sim.Config{Callees: nobody()}, func(f *floor) {
			f.ready(2)
			f.start()
			f.pass(5 * time.Second)
			require.Equal(f, 2, f.states()[dialer.StateRinging])
			f.control(dialer.ControlStop)
			f.pass(5 * time.Second)
			released := map[string]string{"change": "released"}
			require.Zero(f, f.meter.Count("outdial.dialer.lease.changes", released))
			f.pass(time.Minute)
			require.Equal(f, 1, f.meter.Count("outdial.dialer.lease.changes", released))
			require.Equal(f, map[dialer.State]int{dialer.StateQueued: 200}, f.states())
		})
	})
	t.Run("a process that cannot reach the store dials nobody, and goes on when it can", func(t *testing.T) {
		t.Parallel()

		for _, method := range []string{"ListDialing", "AcquireLease", "ListCalls", "ListPresence", "ClaimCalls"} {
			onFloor(t, 200, sim.Config{Callees: nobody()}, func(f *floor) {
				f.ready(2)
				p := f.process()
				p.onCall(method, func() error { return errDead })
				f.run(p)
				f.pass(time.Minute)
				require.Zero(f, p.count("Originate"), method)
				p.onCall(method, nil)
				f.pass(10 * time.Second)
				require.Equal(f, 2, p.count("Originate"), method)
			})
		}
	})
}
