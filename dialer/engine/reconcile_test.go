package engine_test

import (
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/outdial/outdial"
	"github.com/outdial/outdial/dialer"
	"github.com/outdial/outdial/dialer/engine"
	"github.com/outdial/outdial/dialer/presence"
	"github.com/outdial/outdial/dialer/sim"
)

func (f *floor) reconciled(result string) int {
	return f.meter.Count("outdial.dialer.reconciled", map[string]string{"result": result})
}

func TestReconcile(t *testing.T) {
	t.Parallel()

	t.Run("a carrier that knows no such call is believed after the deadline and a grace", func(t *testing.T) {
		t.Parallel()

		onFloor(t, 1, sim.Config{Network: sim.Network{LostUnplaced: 1}}, func(f *floor) {
			f.ready(1)
			f.start()
			f.pass(39 * time.Second)
			require.Equal(f, map[dialer.State]int{dialer.StateUnknown: 1}, f.states())
			require.Positive(f, f.reconciled("early"))
			f.control(dialer.ControlPause)
			f.pass(12 * time.Second)
			require.Equal(f, dialer.OutcomeNotPlaced, f.call().Outcome)
			require.Equal(f, map[dialer.State]int{dialer.StateQueued: 1}, f.states())
			require.Equal(f, []int{0}, attempts(f.items()))
			require.Equal(f, 1, f.reconciled("not_placed"))
		})
	})
	t.Run("a carrier that does not answer is asked again, after pauses that grow", func(t *testing.T) {
		t.Parallel()

		onFloor(t, 1, sim.Config{Callees: nobody(), Network: sim.Network{LostPlaced: 1, Missing: 1, LookupLost: 1}}, func(f *floor) {
			f.ready(1)
			p := f.process(calm)
			var asked []time.Time
			var mu sync.Mutex
			p.onCall("Lookup", func() error {
				mu.Lock()
				defer mu.Unlock()
				asked = append(asked, time.Now())
				return nil
			})
			f.run(p)
			f.pass(30 * time.Minute)
			mu.Lock()
			defer mu.Unlock()
			var pauses []time.Duration
			for i := range asked[1:] {
				pauses = append(pauses, asked[i+1].Sub(asked[i]))
			}
			require.Equal(f, []time.Duration{
				10 * time.Second, 20 * time.Second, 40 * time.Second, 80 * time.Second, 160 * time.Second,
				5 * time.Minute, 5 * time.Minute, 5 * time.Minute, 5 * time.Minute,
			}, pauses)
			require.Equal(f, map[dialer.State]int{dialer.StateUnknown: 1}, f.states(), "it is never dialed again")
			require.Equal(f, len(asked), f.reconciled("failed"))
			require.Equal(f, 1, p.count("Originate"))
		})
	})
	t.Run("when all reports of a call are lost the carrier is asked after NewsWithin", func(t *testing.T) {
		t.Parallel()

		callees := people()
		callees.Patience = sim.Exactly(5 * time.Minute)
		onFloor(t, 1, sim.Config{Callees: callees, Detection: sure(), Network: sim.Network{Missing: 1}}, func(f *floor) {
			f.ready(1)
			p := f.start(func(c *engine.Config) { c.TickEvery = time.Minute })
			f.pass(59 * time.Second)
			require.Zero(f, p.count("Lookup"))
			require.Equal(f, map[dialer.State]int{dialer.StateDialing: 1}, f.states())
			f.pass(12 * time.Second)
			require.Equal(f, map[dialer.State]int{dialer.StateConnected: 1}, f.states(), "somebody was waiting")
			f.pass(20 * time.Minute)
			require.Equal(f, map[dialer.State]int{dialer.StateCompleted: 1}, f.states())
			require.Equal(f, []presence.State{presence.StateWrapUp}, f.agents())
			require.True(f, f.record(f.call().ID).Facts.Equal(f.call().Facts))
		})
	})
	t.Run("a call about which nothing is new is left as it is", func(t *testing.T) {
		t.Parallel()

		callees := people()
		callees.Talk = 1000 * time.Hour
		onFloor(t, 1, sim.Config{Callees: callees, Detection: sure()}, func(f *floor) {
			f.ready(1)
			p := f.start(calm)
			f.pass(20 * time.Second)
			recorded := p.count("RecordCall")
			f.pass(10 * time.Minute)
			require.Positive(f, f.reconciled("same"))
			require.Equal(f, recorded, p.count("RecordCall"))
		})
	})
	t.Run("a carrier that denies a call which it has reported is not believed", func(t *testing.T) {
		t.Parallel()

		onFloor(t, 1, sim.Config{Callees: nobody()}, func(f *floor) {
			f.ready(1)
			p := f.process(calm)
			p.onCall("Lookup", func() error { return dialer.ErrCallNotFound })
			f.run(p)
			f.pass(5 * time.Second)
			f.deaf.Store(true)
			f.pass(12 * time.Minute)
			require.Equal(f, map[dialer.State]int{dialer.StateUnknown: 1}, f.states())
			require.Positive(f, f.reconciled("denied"))
			require.Contains(f, f.log.String(), "the carrier denies a call that it has reported")
			require.Equal(f, 1, p.count("Originate"))
		})
	})
	t.Run("several processes may ask at once", func(t *testing.T) {
		t.Parallel()

		onFloor(t, 10, sim.Config{Callees: nobody(), Network: sim.Network{LostPlaced: 0.5, LostUnplaced: 0.5, Missing: 1}}, func(f *floor) {
			f.ready(10)
			for range 3 {
				f.start()
			}
			f.pass(10 * time.Second)
			f.control(dialer.ControlPause)
			f.pass(5 * time.Minute)
			require.Equal(f, map[dialer.State]int{dialer.StateQueued: 10}, f.states())
			books := f.carrier.Books()
			require.Equal(f, []int{10, 10}, []int{books.Requests, books.LostPlaced + books.LostUnplaced})
			var counted int
			for _, item := range f.items() {
				counted += item.Attempts
			}
			require.Equal(f, books.Placed, counted)
			for _, p := range f.processes {
				require.Positive(f, p.count("Lookup"))
			}
		})
	})
	t.Run("a process that cannot read the calls asks nothing, and goes on when it can", func(t *testing.T) {
		t.Parallel()

		onFloor(t, 1, sim.Config{Callees: nobody(), Network: sim.Network{LostPlaced: 1, Missing: 1}}, func(f *floor) {
			f.ready(1)
			p := f.start()
			f.pass(2 * time.Second)
			p.onCall("ListCalls", func() error { return errDead })
			f.pass(5 * time.Minute)
			require.Zero(f, p.count("Lookup"))
			p.onCall("ListCalls", nil)
			f.pass(time.Minute)
			require.Equal(f, dialer.OutcomeNoAnswer, f.call().Outcome)
		})
	})
}

func TestSweep(t *testing.T) {
	t.Parallel()

	t.Run("what a process claimed and never placed is dialed after UnplacedFor", func(t *testing.T) {
		t.Parallel()

		onFloor(t, 3, sim.Config{Callees: nobody()}, func(f *floor) {
			f.ready(3)
			first := f.process()
			first.onReturn("ClaimCalls", func(error) { first.die() })
			f.run(first)
			f.pass(time.Second)
			require.Equal(f, map[dialer.State]int{dialer.StateDialing: 3}, f.states())
			second := f.start(calm)
			f.pass(50 * time.Second)
			require.Zero(f, second.count("Originate"))
			f.pass(90 * time.Second)
			require.Equal(f, 3, second.count("Originate"))
			require.Contains(f, f.log.String(), "calls swept")
		})
	})
	t.Run("a call without news is lost after StuckFor", func(t *testing.T) {
		t.Parallel()

		onFloor(t, 1, sim.Config{Callees: nobody(), Network: sim.Network{Missing: 1, LookupLost: 1}}, func(f *floor) {
			f.ready(1)
			f.start(calm, func(c *engine.Config) { c.StuckFor = 3 * time.Minute })
			f.pass(3 * time.Minute)
			require.Equal(f, map[dialer.State]int{dialer.StateDialing: 1}, f.states())
			f.pass(61 * time.Second)
			require.Equal(f, map[dialer.State]int{dialer.StateUnknown: 1}, f.states())
		})
	})
	t.Run("agents of whom nobody has heard are offline after a while", func(t *testing.T) {
		t.Parallel()

		onFloor(t, 1, sim.Config{Callees: nobody()}, func(f *floor) {
			f.start(withLaw(0))
			staff := f.staff(2)
			f.pass(10 * time.Second)
			staff.Close()
			f.pass(36 * time.Second)
			require.Equal(f, []presence.State{presence.StateOffline, presence.StateOffline}, f.agents())
		})
	})
	t.Run("a store that fails is tried again", func(t *testing.T) {
		t.Parallel()

		onFloor(t, 1, sim.Config{}, func(f *floor) {
			p := f.process(calm)
			for _, method := range []string{"SweepCalls", "ExpirePresence"} {
				p.onCall(method, func() error {
					p.onCall(method, nil)
					return outdial.Conflict("busy")
				})
			}
			f.run(p)
			f.pass(3 * time.Minute)
			require.Equal(f, 3, p.count("SweepCalls"))
			require.Equal(f, 36, p.count("ExpirePresence"))
			require.Contains(f, f.log.String(), "calls not swept")
			require.Contains(f, f.log.String(), "agents not expired")
		})
	})
}
