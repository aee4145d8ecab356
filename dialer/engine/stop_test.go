package engine_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/outdial/outdial/dialer"
	"github.com/outdial/outdial/dialer/engine"
	"github.com/outdial/outdial/dialer/sim"
)

func TestStop(t *testing.T) {
	t.Parallel()

	t.Run("gives back what was claimed and not placed", func(t *testing.T) {
		t.Parallel()

		onFloor(t, 5, sim.Config{Callees: nobody()}, func(f *floor) {
			f.ready(5)
			p := f.process()
			p.onReturn("ClaimCalls", func(error) { p.cancel() })
			f.run(p)
			f.pass(time.Second)
			p.stop(f)
			require.Equal(f, map[dialer.State]int{dialer.StateQueued: 5}, f.states())
			require.Equal(f, make([]int, 5), attempts(f.items()))
			require.Len(f, f.calls(), 5)
			require.Zero(f, p.count("PlaceCall"))
			require.Equal(f, 5, f.meter.Count("outdial.dialer.calls", map[string]string{"result": "given_back"}))
		})
	})
	t.Run("writes down what the carrier answers to requests under way, and leaves the calls alone", func(t *testing.T) {
		t.Parallel()

		network := sim.Network{Latency: sim.Exactly(5 * time.Second), Missing: 1}
		onFloor(t, 5, sim.Config{Callees: people(), Detection: sure(), Network: network}, func(f *floor) {
			f.ready(5)
			p := f.start()
			f.pass(2 * time.Second)
			stopped := time.Now()
			p.stop(f)
			require.Equal(f, 3*time.Second, time.Since(stopped))
			for _, call := range f.calls() {
				require.NotEmpty(f, call.CallSID)
				require.Empty(f, call.Outcome)
			}
			require.Zero(f, f.carrier.Books().Ended)
			require.Equal(f, 5, p.count("Originate"))
		})
	})
	t.Run("hands over before the requests under way are answered", func(t *testing.T) {
		t.Parallel()

		network := sim.Network{Latency: sim.Exactly(5 * time.Second)}
		onFloor(t, 50, sim.Config{Callees: nobody(), Network: network}, func(f *floor) {
			f.ready(5)
			first := f.start()
			f.pass(time.Second)
			second := f.start()
			f.pass(time.Second)
			go first.cancel()
			f.pass(time.Second)
			require.Positive(f, second.count("ListPresence"), "it has the campaign")
			f.pass(time.Minute)
			require.Equal(f, 5, f.carrier.Books().MostLines)
		})
	})
	t.Run("connects who is being connected", func(t *testing.T) {
		t.Parallel()

		onFloor(t, 1, sim.Config{Callees: people(), Detection: sure()}, func(f *floor) {
			p := f.start(withLaw(1))
			f.pass(known + time.Second)
			f.ready(1)
			p.stop(f)
			require.False(f, f.call().ConnectedAt.IsZero())
		})
	})
	t.Run("lets somebody hear the announcement to its end", func(t *testing.T) {
		t.Parallel()

		onFloor(t, 1, sim.Config{Callees: patient(), Detection: sure()}, func(f *floor) {
			p := f.start(withLaw(1))
			f.pass(known + 3*time.Second)
			p.stop(f)
			require.Equal(f, 1, f.carrier.Books().Announced)
			require.Equal(f, 1, f.carrier.Books().Hangups)
		})
	})
	t.Run("waits no longer than StopWithin for who does not answer", func(t *testing.T) {
		t.Parallel()

		for _, method := range []string{"Originate", "Lookup", "ListPresence", "SweepCalls"} {
			onFloor(t, 1, sim.Config{Callees: nobody(), Network: sim.Network{LostPlaced: 1, Missing: 1}}, func(f *floor) {
				f.ready(1)
				p := f.process(func(c *engine.Config) { c.StopWithin = 7 * time.Second })
				p.onCall(method, func() error {
					sleep(time.Hour)
					return nil
				})
				f.run(p)
				f.pass(21 * time.Second)
				stopped := time.Now()
				p.stop(f)
				require.Equal(f, 7*time.Second, time.Since(stopped), method)
				require.Contains(f, f.log.String(), "left to themselves")
				f.pass(2 * time.Hour)
			})
		}
	})
	t.Run("waits for a store that fails no longer than it tries to record", func(t *testing.T) {
		t.Parallel()

		onFloor(t, 1, sim.Config{Callees: nobody()}, func(f *floor) {
			f.ready(1)
			p := f.start()
			f.pass(time.Second)
			p.die()
			f.pass(time.Minute)
			stopped := time.Now()
			p.stop(f)
			require.LessOrEqual(f, time.Since(stopped), 10*time.Second)
		})
	})
}

func TestRun(t *testing.T) {
	t.Parallel()

	t.Run("asks for what it cannot do without, and runs once", func(t *testing.T) {
		t.Parallel()

		onFloor(t, 0, sim.Config{}, func(f *floor) {
			ended, cancel := context.WithCancel(f.Context())
			cancel()
			withoutEvents := f.process(func(c *engine.Config) { c.Events = nil })
			require.ErrorContains(f, withoutEvents.Run(ended), "Config.Events is required")
			withoutWindows := f.process(func(c *engine.Config) { c.Windows = nil })
			require.ErrorContains(f, withoutWindows.Run(ended), "Config.Windows is required")
			p := f.process()
			require.NoError(f, p.Run(ended))
			require.ErrorContains(f, p.Run(ended), "before")
			closed := f.process()
			closed.Close()
			closed.Close()
			require.Error(f, closed.Run(ended))
		})
	})
	t.Run("without events nobody is connected, and that is logged", func(t *testing.T) {
		t.Parallel()

		onFloor(t, 1, sim.Config{Callees: people(), Detection: sure()}, func(f *floor) {
			f.ready(1)
			f.start()
			f.tell(f.process(func(c *engine.Config) { c.Events = nil }))
			f.pass(known)
			require.Contains(f, f.log.String(), "Config.Events is required")
		})
	})
}
