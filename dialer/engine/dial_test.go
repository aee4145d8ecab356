package engine_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/outdial/outdial/dialer"
	"github.com/outdial/outdial/dialer/callwindow"
	"github.com/outdial/outdial/dialer/engine"
	"github.com/outdial/outdial/dialer/pacing"
	"github.com/outdial/outdial/dialer/presence"
	"github.com/outdial/outdial/dialer/sim"
)

// lawOf is a law that always says the same.
type lawOf int

func (l lawOf) Calls(pacing.Snapshot) int { return int(l) }

func withLaw(n int) func(*engine.Config) {
	return func(c *engine.Config) { c.Law = lawOf(n) }
}

// rules are windows and caps that may fail, and are open somewhere or nowhere.
type rules struct {
	open callwindow.Open
	caps []callwindow.Cap
	err  error
}

func (r rules) Open(context.Context, uuid.UUID, time.Time) (callwindow.Open, error) {
	return r.open, r.err
}

func (r rules) Caps(context.Context, uuid.UUID) ([]callwindow.Cap, error) { return r.caps, r.err }

var errNoRules = errors.New("the rules cannot be read")

func TestDial(t *testing.T) {
	t.Parallel()

	t.Run("there are never more calls than agents who wait for one, and nobody is abandoned", func(t *testing.T) {
		t.Parallel()

		for _, agents := range []int{1, 7} {
			onFloor(t, 300, sim.Config{Callees: people(), Detection: sure()}, func(f *floor) {
				f.staff(agents)
				f.start(calm)
				f.pass(5 * time.Minute)
				books := f.carrier.Books()
				require.Equal(f, agents, books.MostLines)
				require.Greater(f, books.Connected, agents)
				require.Zero(f, books.Announced)
				require.Zero(f, f.meter.Count("outdial.dialer.abandoned", nil))
			})
		}
	})
	t.Run("no call is placed before the campaign is started, while it is paused, or once it is stopped", func(t *testing.T) {
		t.Parallel()

		onFloor(t, 300, sim.Config{Callees: nobody()}, func(f *floor) {
			f.ready(3)
			f.control(dialer.ControlStop)
			f.start()
			placed := func() int {
				before := f.carrier.Books().Placed
				f.pass(time.Minute)
				return f.carrier.Books().Placed - before
			}
			require.Zero(f, placed())
			f.control(dialer.ControlStart)
			require.Positive(f, placed())
			f.control(dialer.ControlPause)
			require.Zero(f, placed())
			f.control(dialer.ControlResume)
			require.Positive(f, placed())
			f.control(dialer.ControlStop)
			require.Zero(f, placed())
		})
	})
	t.Run("nobody is dialed where the windows or the caps do not allow it, or cannot be read", func(t *testing.T) {
		t.Parallel()

		everywhere := callwindow.Open{Everywhere: true}
		for name, test := range map[string]struct {
			rules  rules
			dialed int
		}{
			"open nowhere":            {rules{}, 0},
			"open elsewhere":          {rules{open: callwindow.Open{Zones: []string{"Asia/Tokyo"}}}, 0},
			"open for unknown zones":  {rules{open: callwindow.Open{Zones: []string{""}}}, 3},
			"rules that do not load":  {rules{open: everywhere, err: errNoRules}, 0},
			"no attempt left by caps": {rules{open: everywhere, caps: []callwindow.Cap{{Attempts: 0, Within: time.Hour}}}, 0},
		} {
			t.Run(name, func(t *testing.T) {
				t.Parallel()

				onFloor(t, 3, sim.Config{Callees: nobody()}, func(f *floor) {
					f.ready(10)
					f.start(func(c *engine.Config) { c.Windows, c.Caps = test.rules, test.rules })
					f.pass(10 * time.Second)
					require.Equal(f, test.dialed, f.carrier.Books().Placed)
				})
			})
		}
	})
	t.Run("the windows are asked once more before each call is placed", func(t *testing.T) {
		t.Parallel()

		onFloor(t, 3, sim.Config{Callees: nobody()}, func(f *floor) {
			f.ready(3)
			p := f.process(func(c *engine.Config) { c.Windows = &closing{} })
			f.run(p)
			f.pass(10 * time.Second)
			require.Positive(f, p.count("ClaimCalls"))
			require.Zero(f, p.count("Originate"))
			require.Equal(f, map[dialer.State]int{dialer.StateQueued: 3}, f.states())
		})
	})
	t.Run("one look places MaxPerTick calls, and all campaigns together MaxPlacing at once", func(t *testing.T) {
		t.Parallel()

		network := sim.Network{Latency: sim.Exactly(5 * time.Second)}
		onFloor(t, 300, sim.Config{Callees: nobody(), Network: network}, func(f *floor) {
			p := f.start(withLaw(100), func(c *engine.Config) { c.MaxPerTick, c.MaxPlacing = 4, 10 })
			f.pass(100 * time.Millisecond)
			require.Equal(f, 4, p.count("Originate"))
			f.pass(4 * time.Second)
			require.Equal(f, 10, p.count("Originate"))
			f.pass(5 * time.Second)
			require.Equal(f, 20, p.count("Originate"))
		})
	})
	t.Run("a call that ends brings the next look forward", func(t *testing.T) {
		t.Parallel()

		onFloor(t, 300, sim.Config{Callees: sim.Callees{Busy: 1, Setup: sim.Exactly(2 * time.Second)}}, func(f *floor) {
			f.ready(1)
			f.start(func(c *engine.Config) { c.TickEvery = 10 * time.Second })
			f.pass(time.Minute)
			require.Greater(f, f.carrier.Books().Placed, 12)
		})
	})
	t.Run("Wake brings the next look forward", func(t *testing.T) {
		t.Parallel()

		onFloor(t, 300, sim.Config{Callees: nobody()}, func(f *floor) {
			p := f.start(func(c *engine.Config) { c.TickEvery = 10 * time.Second })
			f.pass(3 * time.Second)
			f.ready(1)
			f.pass(time.Second)
			require.Zero(f, f.carrier.Books().Placed)
			p.Wake(f.campaignID)
			p.Wake(uuid.New())
			f.pass(0)
			require.Equal(f, 1, f.carrier.Books().Placed)
		})
	})
	t.Run("a carrier without a line is left in peace for a while", func(t *testing.T) {
		t.Parallel()

		onFloor(t, 300, sim.Config{Callees: nobody(), Lines: 2}, func(f *floor) {
			f.ready(10)
			p := f.start(func(c *engine.Config) { c.TrunkPause = 5 * time.Second })
			f.pass(time.Second)
			require.Equal(f, 10, p.count("Originate"))
			f.pass(19 * time.Second)
			require.Equal(f, 10+3*8, p.count("Originate"))
		})
	})
	t.Run("when the carrier has no line the calls wait, and count as no attempt", func(t *testing.T) {
		t.Parallel()

		onFloor(t, 12, sim.Config{Callees: nobody(), Lines: 2}, func(f *floor) {
			f.ready(10)
			f.start(calm)
			f.pass(15 * time.Second)
			require.Equal(f, 2, f.carrier.Books().Placed)
			for _, item := range f.items() {
				require.LessOrEqual(f, item.Attempts, 1)
				if item.State == dialer.StateQueued && item.CallSID == "" {
					require.Zero(f, item.Attempts)
				}
			}
			f.pass(6 * time.Minute)
			books := f.carrier.Books()
			require.Equal(f, 12, books.Placed)
			require.Equal(f, 2, books.MostLines)
			for _, item := range f.items() {
				require.Equal(f, 1, item.Attempts)
			}
			require.Equal(f, books.TrunkBusy, f.meter.Count("outdial.dialer.calls", map[string]string{"result": "trunk_busy"}))
		})
	})
	t.Run("a number that the carrier refuses is dialed no more", func(t *testing.T) {
		t.Parallel()

		onFloor(t, 5, sim.Config{Callees: sim.Callees{Rejected: 1}}, func(f *floor) {
			f.ready(5)
			p := f.start(calm)
			f.pass(5 * time.Minute)
			require.Equal(f, 5, p.count("Originate"))
			for _, item := range f.items() {
				require.Equal(f, dialer.StateFailed, item.State)
				require.Equal(f, string(dialer.OutcomeRejected), item.FailReason)
			}
		})
	})
	t.Run("events that come before Originate returns lose nothing", func(t *testing.T) {
		t.Parallel()

		network := sim.Network{Latency: sim.Exactly(9 * time.Second), Unreferenced: 0.5}
		onFloor(t, 20, sim.Config{Callees: people(), Detection: sure(), Network: network}, func(f *floor) {
			f.ready(20)
			f.start(calm, func(c *engine.Config) { c.RequestTimeout = 20 * time.Second })
			f.pass(10 * time.Minute)
			require.Zero(f, f.meter.Count("outdial.dialer.calls", map[string]string{"result": "lost"}))
			for _, call := range f.calls() {
				require.True(f, f.record(call.ID).Facts.Equal(call.Facts))
				require.NotEmpty(f, call.CallSID)
			}
			require.Len(f, f.calls(), 20)
		})
	})
	t.Run("a call whose answer was lost is never dialed again, and is settled by what the carrier knows", func(t *testing.T) {
		t.Parallel()

		for name, test := range map[string]struct {
			network sim.Network
			// inVain is how many lookups fail.
			inVain  int
			outcome dialer.Outcome
		}{
			"placed, and reported":      {sim.Network{LostPlaced: 1}, 0, dialer.OutcomeNoAnswer},
			"placed, and not reported":  {sim.Network{LostPlaced: 1, Missing: 1}, 0, dialer.OutcomeNoAnswer},
			"not placed":                {sim.Network{LostUnplaced: 1}, 0, dialer.OutcomeNotPlaced},
			"placed, and asked in vain": {sim.Network{LostPlaced: 1, Missing: 1}, 30, dialer.OutcomeNoAnswer},
		} {
			t.Run(name, func(t *testing.T) {
				t.Parallel()

				onFloor(t, 8, sim.Config{Callees: nobody(), Network: test.network}, func(f *floor) {
					f.ready(8)
					p := f.process(calm)
					var asked atomic.Int64
					p.onCall("Lookup", func() error {
						if asked.Add(1) <= int64(test.inVain) {
							return dialer.ErrCarrierTimeout
						}
						return nil
					})
					f.run(p)
					f.pass(15 * time.Second)
					for _, call := range f.calls() {
						require.Empty(f, call.Outcome)
					}
					require.Len(f, f.calls(), 8)
					f.control(dialer.ControlPause)
					f.pass(30 * time.Minute)
					for _, call := range f.calls() {
						require.Equal(f, test.outcome, call.Outcome)
					}
					require.Equal(f, map[dialer.State]int{dialer.StateQueued: 8}, f.states())
					require.Equal(f, 8, f.carrier.Books().Requests)
					require.Zero(f, f.carrier.Books().AskedAgain)
				})
			})
		}
	})
	t.Run("a carrier that panics is a carrier whose answer was lost", func(t *testing.T) {
		t.Parallel()

		for name, value := range map[string]any{"words": "no number " + phone(0).E164(), "a fault": errors.New("bad")} {
			t.Run(name, func(t *testing.T) {
				t.Parallel()

				onFloor(t, 1, sim.Config{}, func(f *floor) {
					f.ready(1)
					p := f.process()
					p.onCall("Originate", func() error { panic(value) })
					f.run(p)
					f.pass(5 * time.Second)
					require.Equal(f, map[dialer.State]int{dialer.StateUnknown: 1}, f.states())
					require.Contains(f, f.log.String(), "the carrier panicked")
					f.requireNoNumbers()
				})
			})
		}
	})
	t.Run("a number in the carrier's words is not logged", func(t *testing.T) {
		t.Parallel()

		onFloor(t, 1, sim.Config{}, func(f *floor) {
			f.ready(1)
			p := f.process()
			p.onCall("Originate", func() error {
				return fmt.Errorf("cannot dial %s, that is %s", phone(0).E164(), phone(0).E164()[1:])
			})
			f.run(p)
			f.pass(5 * time.Second)
			require.Contains(f, f.log.String(), "cannot dial ••••")
			f.requireNoNumbers()
		})
	})
	t.Run("a call whose moment has passed is not dialed", func(t *testing.T) {
		t.Parallel()

		onFloor(t, 1, sim.Config{Callees: nobody()}, func(f *floor) {
			f.ready(1)
			p := f.process()
			p.onReturn("PlaceCall", func(error) {
				sleep(11 * time.Second)
				p.onReturn("PlaceCall", nil)
			})
			f.run(p)
			f.pass(11*time.Second + 500*time.Millisecond)
			require.Zero(f, p.count("Originate"))
			require.Equal(f, dialer.OutcomeNotPlaced, f.call().Outcome)
			require.Equal(f, 1, f.meter.Count("outdial.dialer.calls", map[string]string{"result": "late"}))
			f.pass(time.Minute)
			require.Equal(f, 1, p.count("Originate"))
			require.Equal(f, []int{1}, attempts(f.items()))
		})
	})
	t.Run("what the carrier answered is written down although the store fails for a while", func(t *testing.T) {
		t.Parallel()

		onFloor(t, 1, sim.Config{Callees: nobody(), Network: sim.Network{Missing: 1}}, func(f *floor) {
			f.ready(1)
			p := f.process()
			failures := 5
			p.onCall("RecordCall", func() error {
				failures--
				if failures >= 0 {
					return errDead
				}
				return nil
			})
			f.run(p)
			f.pass(5 * time.Second)
			require.NotEmpty(f, f.call().CallSID)
		})
	})
	t.Run("what could never be written down is found out by the carrier's word", func(t *testing.T) {
		t.Parallel()

		onFloor(t, 1, sim.Config{Callees: nobody(), Network: sim.Network{Missing: 1}}, func(f *floor) {
			f.ready(1)
			p := f.process()
			p.onCall("RecordCall", func() error { return errDead })
			f.run(p)
			f.pass(30 * time.Second)
			require.Empty(f, f.call().CallSID)
			require.Contains(f, f.log.String(), "call not recorded")
			p.onCall("RecordCall", nil)
			f.pass(time.Minute)
			require.Equal(f, dialer.OutcomeNoAnswer, f.call().Outcome)
			require.Equal(f, 1, f.carrier.Books().Requests)
		})
	})
	t.Run("a call of which nobody knows takes no agent after InFlightFor", func(t *testing.T) {
		t.Parallel()

		network := sim.Network{LostPlaced: 1, Missing: 1, LookupLost: 1}
		onFloor(t, 2, sim.Config{Callees: nobody(), Network: network}, func(f *floor) {
			f.ready(1)
			p := f.start()
			f.pass(2*time.Minute - time.Second)
			require.Equal(f, 1, p.count("Originate"))
			f.pass(2 * time.Second)
			require.Equal(f, 2, p.count("Originate"))
			require.Equal(f, 1, f.carrier.Books().MostAtOnce)
		})
	})
	t.Run("an agent who has expired gets no call, though nobody has noted it", func(t *testing.T) {
		t.Parallel()

		onFloor(t, 1, sim.Config{Callees: nobody()}, func(f *floor) {
			staff := f.staff(1)
			f.pass(time.Second)
			staff.Close()
			f.pass(time.Minute)
			require.Equal(f, []presence.State{presence.StateReady}, f.agents())
			p := f.process()
			p.onCall("ExpirePresence", func() error { return errDead })
			f.run(p)
			f.pass(10 * time.Second)
			require.Zero(f, p.count("ClaimCalls"))
		})
	})
	t.Run("a machine takes no agent, though it stays on the line", func(t *testing.T) {
		t.Parallel()

		onFloor(t, 5, sim.Config{Callees: machines(), Detection: sure()}, func(f *floor) {
			f.ready(1)
			p := f.process()
			p.onCall("Hangup", func() error { return dialer.ErrCarrierTimeout })
			f.run(p)
			f.pass(known - 10*time.Millisecond)
			require.Equal(f, 1, f.carrier.Books().MostLines)
			f.pass(time.Second)
			require.Equal(f, 2, f.carrier.Books().MostLines)
		})
	})
	t.Run("an agent who is given back between two looks gets no second call", func(t *testing.T) {
		t.Parallel()

		onFloor(t, 5, sim.Config{Callees: patient(), Detection: sure()}, func(f *floor) {
			f.ready(1)
			p := f.process()
			p.onCall("Bridge", func() error {
				sleep(time.Second)
				return dialer.ErrTrunkBusy
			})
			p.onReturn("ListCalls", func(error) {
				for _, call := range f.calls() {
					if call.AgentID != uuid.Nil {
						p.onReturn("ListCalls", nil)
						f.release(call)
					}
				}
			})
			f.run(p)
			f.pass(known + 900*time.Millisecond)
			require.Equal(f, []presence.State{presence.StateReady}, f.agents())
			require.Equal(f, 1, f.carrier.Books().Placed)
		})
	})
	t.Run("a number that was abandoned is left alone by every campaign for AbandonedHold", func(t *testing.T) {
		t.Parallel()

		onFloor(t, 1, sim.Config{Callees: patient(), Detection: sure()}, func(f *floor) {
			f.start(calm, withLaw(1))
			f.pass(5 * time.Second)
			other := f.another()
			other.enqueue(1)
			other.control(dialer.ControlStart)
			f.pass(5 * time.Minute)
			require.Equal(f, dialer.OutcomeAbandoned, f.call().Outcome)
			require.Equal(f, 1, f.carrier.Books().Placed)
			require.Equal(f, map[dialer.State]int{dialer.StateQueued: 1}, other.states())
		})
	})
	t.Run("an item that was refused waits", func(t *testing.T) {
		t.Parallel()

		onFloor(t, 1, sim.Config{Callees: nobody()}, func(f *floor) {
			f.ready(1)
			p := f.process()
			p.onCall("PlaceCall", func() error {
				f.control(dialer.ControlPause)
				return nil
			})
			f.run(p)
			f.pass(5 * time.Second)
			require.Zero(f, p.count("Originate"))
			require.Equal(f, 1, f.meter.Count("outdial.dialer.calls", map[string]string{"result": "refused"}))
			require.Equal(f, map[dialer.State]int{dialer.StateQueued: 1}, f.states())
			require.Greater(f, time.Until(f.items()[0].NextAttemptAt), 50*time.Second)
		})
	})
}

// closing are windows that close right after they were asked for the first time.
type closing struct{ asked atomic.Bool }

func (c *closing) Open(context.Context, uuid.UUID, time.Time) (callwindow.Open, error) {
	return callwindow.Open{Everywhere: !c.asked.Swap(true)}, nil
}

func attempts(items []dialer.Item) []int {
	counts := make([]int, len(items))
	for i, item := range items {
		counts[i] = item.Attempts
	}
	slices.Sort(counts)
	return counts
}
