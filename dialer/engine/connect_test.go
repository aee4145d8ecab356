package engine_test

import (
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/outdial/outdial/dialer"
	"github.com/outdial/outdial/dialer/engine"
	"github.com/outdial/outdial/dialer/presence"
	"github.com/outdial/outdial/dialer/sim"
	"github.com/outdial/outdial/dialer/telephony"
)

// patient are people who wait for a minute on a silent line.
func patient() sim.Callees {
	callees := people()
	callees.Patience = sim.Exactly(time.Minute)
	return callees
}

// The person picks up 6 seconds after the call is placed, and is known to be one a
// second later.
const (
	answered = 6 * time.Second
	known    = answered + time.Second
)

func TestConnect(t *testing.T) {
	t.Parallel()

	t.Run("a person who has answered is connected with the agent who has been ready longest", func(t *testing.T) {
		t.Parallel()

		onFloor(t, 1, sim.Config{Callees: people(), Detection: sure()}, func(f *floor) {
			for n := range 3 {
				f.readyAt(n, time.Now().Add(time.Duration(10-n)*-time.Minute))
			}
			f.start(calm)
			f.pass(known + 10*time.Millisecond)
			call := f.call()
			require.Equal(f, agentID(0), call.AgentID)
			require.Equal(f, agentID(0), f.record(call.ID).AgentID)
			require.False(f, call.ConnectedAt.IsZero())
			require.Equal(f, []presence.State{presence.StateOnCall, presence.StateReady, presence.StateReady}, f.agents())
			require.Equal(f, map[dialer.State]int{dialer.StateConnected: 1}, f.states())
			f.pass(10 * time.Minute)
			require.Equal(f, []presence.State{presence.StateWrapUp, presence.StateReady, presence.StateReady}, f.agents())
			require.Equal(f, map[dialer.State]int{dialer.StateCompleted: 1}, f.states())
			require.Len(f, f.meter.Measurements("outdial.dialer.connect.duration"), 1)
		})
	})
	t.Run("an agent who becomes ready in time gets the call", func(t *testing.T) {
		t.Parallel()

		onFloor(t, 1, sim.Config{Callees: people(), Detection: sure()}, func(f *floor) {
			f.start(withLaw(1))
			f.pass(known + 1900*time.Millisecond)
			f.ready(1)
			f.pass(time.Second)
			require.Equal(f, agentID(0), f.call().AgentID)
			require.False(f, f.call().ConnectedAt.IsZero())
			require.Zero(f, f.carrier.Books().Announced)
		})
	})
	t.Run("a person without an agent hears the announcement within ConnectWithin, and the line is hung up", func(t *testing.T) {
		t.Parallel()

		onFloor(t, 1, sim.Config{Callees: patient(), Detection: sure()}, func(f *floor) {
			p := f.process(withLaw(1))
			var abandonedFirst bool
			p.onCall("Play", func() error {
				call := f.call()
				abandonedFirst = !call.AbandonedAt.IsZero()
				require.LessOrEqual(f, time.Since(call.AMDAt), 2*time.Second)
				return nil
			})
			f.run(p)
			f.pass(time.Minute)
			call := f.call()
			require.True(f, abandonedFirst)
			require.Equal(f, 2*time.Second, call.AbandonedAt.Sub(call.AMDAt))
			require.Equal(f, 8*time.Second, call.EndedAt.Sub(call.AMDAt), "the announcement takes six seconds")
			require.Equal(f, dialer.OutcomeAbandoned, call.Outcome)
			require.Equal(f, 1, f.carrier.Books().Announced)
			require.Equal(f, 1, f.carrier.Books().Hangups)
			require.Equal(f, 1, f.meter.Count("outdial.dialer.abandoned", nil))
			require.Greater(f, time.Until(f.items()[0].NextAttemptAt), 71*time.Hour)
			f.requireNoNumbers()
		})
	})
	t.Run("a person is let go on time, however seldom agents are looked for", func(t *testing.T) {
		t.Parallel()

		onFloor(t, 1, sim.Config{Callees: patient(), Detection: sure()}, func(f *floor) {
			f.start(withLaw(1), func(c *engine.Config) { c.ReserveEvery = 1500 * time.Millisecond })
			f.pass(known + 3*time.Second)
			require.Equal(f, 2*time.Second, f.call().AbandonedAt.Sub(f.call().AMDAt))
		})
	})
	t.Run("a machine is hung up on once, and hears nothing", func(t *testing.T) {
		t.Parallel()

		network := sim.Network{Duplicated: 1, Delay: sim.Between(0, time.Second)}
		onFloor(t, 1, sim.Config{Callees: machines(), Detection: sure(), Network: network}, func(f *floor) {
			f.ready(1)
			f.start()
			f.pass(time.Minute)
			require.Equal(f, dialer.OutcomeVoicemail, f.call().Outcome)
			books := f.carrier.Books()
			require.Equal(f, []int{1, 0, 0}, []int{books.Hangups, books.Announced, books.Bridges})
			require.Equal(f, []presence.State{presence.StateReady}, f.agents())
		})
	})
	t.Run("a machine is hung up on although the carrier fails for a while", func(t *testing.T) {
		t.Parallel()

		onFloor(t, 1, sim.Config{Callees: machines(), Detection: sure()}, func(f *floor) {
			f.ready(1)
			p := f.process()
			failures := 4
			p.onCall("Hangup", func() error {
				failures--
				if failures >= 0 {
					return dialer.ErrCarrierTimeout
				}
				return nil
			})
			f.run(p)
			f.pass(known + 20*time.Second)
			require.True(f, f.call().EndedAt.IsZero())
			f.pass(20 * time.Second)
			require.False(f, f.call().EndedAt.IsZero())
		})
	})
	t.Run("when no verdict comes it was a person after AMDPatience", func(t *testing.T) {
		t.Parallel()

		onFloor(t, 1, sim.Config{Callees: people(), Detection: sim.Detection{Silent: 1}}, func(f *floor) {
			f.ready(1)
			f.start()
			f.pass(answered + 4*time.Second - 10*time.Millisecond)
			require.Empty(f, f.call().AgentID)
			f.pass(600 * time.Millisecond)
			require.False(f, f.call().ConnectedAt.IsZero())
		})
	})
	t.Run("when detection gave up it was a person", func(t *testing.T) {
		t.Parallel()

		onFloor(t, 1, sim.Config{Callees: machines(), Detection: sim.Detection{Delay: sim.Exactly(time.Second), Unknown: 1}}, func(f *floor) {
			f.ready(1)
			f.start()
			f.pass(known + 10*time.Millisecond)
			require.False(f, f.call().ConnectedAt.IsZero())
		})
	})
	t.Run("without detection who answers is a person at once", func(t *testing.T) {
		t.Parallel()

		onFloor(t, 1, sim.Config{Callees: people()}, func(f *floor) {
			f.ready(1)
			f.start(func(c *engine.Config) { c.WithoutDetection = true })
			f.pass(answered + 10*time.Millisecond)
			require.False(f, f.call().ConnectedAt.IsZero())
			require.Empty(f, f.call().AMD)
		})
	})
	t.Run("a person whom the hook told nobody of is connected at the next look", func(t *testing.T) {
		t.Parallel()

		onFloor(t, 1, sim.Config{Callees: people(), Detection: sure()}, func(f *floor) {
			f.ready(1)
			p := f.start()
			f.tell()
			f.pass(known + 600*time.Millisecond)
			require.False(f, f.call().ConnectedAt.IsZero())
			require.Equal(f, 1, p.count("Bridge"))
		})
	})
	t.Run("when there is no line to an agent another is tried", func(t *testing.T) {
		t.Parallel()

		onFloor(t, 1, sim.Config{Callees: people(), Detection: sure()}, func(f *floor) {
			f.readyAt(0, time.Now().Add(-time.Hour))
			f.readyAt(1, time.Now().Add(-time.Minute))
			p := f.process()
			p.onCall("Bridge", func() error {
				p.onCall("Bridge", nil)
				return dialer.ErrTrunkBusy
			})
			f.run(p)
			f.pass(known + time.Second)
			require.Equal(f, agentID(1), f.call().AgentID)
			require.Equal(f, []presence.State{presence.StateReady, presence.StateOnCall}, f.agents())
		})
	})
	t.Run("when there is no line to any agent the person is let go in time", func(t *testing.T) {
		t.Parallel()

		onFloor(t, 1, sim.Config{Callees: patient(), Detection: sure(), Network: sim.Network{BridgeBusy: 1}}, func(f *floor) {
			f.ready(3)
			f.start()
			f.pass(time.Minute)
			call := f.call()
			require.Equal(f, dialer.OutcomeAbandoned, call.Outcome)
			require.LessOrEqual(f, call.AbandonedAt.Sub(call.AMDAt), 2*time.Second)
			require.Equal(f, 1, f.carrier.Books().Announced)
			require.Equal(f, []presence.State{presence.StateReady, presence.StateReady, presence.StateReady}, f.agents())
		})
	})
	t.Run("a bridge that is not confirmed is waited for, asked for again, and made once", func(t *testing.T) {
		t.Parallel()

		onFloor(t, 12, sim.Config{Callees: patient(), Detection: sure(), Network: sim.Network{BridgeLost: 0.9}}, func(f *floor) {
			f.ready(12)
			f.start()
			f.pass(known + 50*time.Second)
			f.control(dialer.ControlPause)
			f.pass(30 * time.Minute)
			require.Equal(f, 12, f.carrier.Books().Connected)
			require.Zero(f, f.carrier.Books().TwoAgents)
			require.Zero(f, f.carrier.Books().Announced)
			require.Equal(f, map[dialer.State]int{dialer.StateCompleted: 12}, f.states())
		})
	})
	t.Run("a person who hung up takes no agent, though nobody reported it", func(t *testing.T) {
		t.Parallel()

		onFloor(t, 1, sim.Config{Callees: people(), Detection: sure()}, func(f *floor) {
			f.ready(1)
			p := f.process()
			p.onCall("Bridge", func() error {
				f.deaf.Store(true)
				f.hangUp()
				return nil
			})
			f.run(p)
			f.pass(known + 100*time.Millisecond)
			require.Equal(f, dialer.OutcomeHungUp, f.call().Outcome)
			require.Equal(f, []presence.State{presence.StateReady}, f.agents())
			require.Equal(f, 1, p.count("Bridge"))
		})
	})
	t.Run("who gets an agent at the last moment is not abandoned", func(t *testing.T) {
		t.Parallel()

		onFloor(t, 1, sim.Config{Callees: patient(), Detection: sure()}, func(f *floor) {
			p := f.process(withLaw(1))
			p.onCall("Handle abandoned", func() error {
				p.onCall("Handle abandoned", nil)
				f.ready(1)
				call := f.call()
				reserved, err := f.store.ReserveAgent(f.Context(), presence.ReserveParams{
					CampaignID: f.campaignID, CallID: call.ID, Now: time.Now(),
				})
				require.Equal(f, agentID(0), reserved.AgentID)
				return err
			})
			f.run(p)
			f.pass(known + 5*time.Second)
			call := f.call()
			require.True(f, call.AbandonedAt.IsZero())
			require.True(f, call.ConnectedAt.IsZero(), "the process that has reserved the agent may be slow")
			f.pass(10 * time.Second)
			require.False(f, f.call().ConnectedAt.IsZero(), "it has died")
			require.Equal(f, 1, p.count("Bridge"))
			require.Zero(f, f.carrier.Books().Announced)
		})
	})
	t.Run("a second abandonment counts after a first that came to nothing", func(t *testing.T) {
		t.Parallel()

		onFloor(t, 1, sim.Config{Callees: patient(), Detection: sure()}, func(f *floor) {
			p := f.process(withLaw(1))
			p.onCall("Handle abandoned", func() error {
				p.onCall("Handle abandoned", nil)
				f.ready(1)
				call := f.call()
				_, err := f.store.ReserveAgent(f.Context(), presence.ReserveParams{CampaignID: f.campaignID, CallID: call.ID, Now: time.Now()})
				return err
			})
			p.onReturn("Handle abandoned", func(error) {
				p.onReturn("Handle abandoned", nil)
				f.away(0)
			})
			f.run(p)
			f.pass(time.Minute)
			require.Equal(f, dialer.OutcomeAbandoned, f.call().Outcome)
			require.Equal(f, 1, f.carrier.Books().Announced)
			require.Equal(f, 2, p.count("Handle abandoned"))
		})
	})
	t.Run("when the process dies before the announcement the line is hung up by another", func(t *testing.T) {
		t.Parallel()

		callees := people()
		callees.Patience = sim.Exactly(time.Hour)
		onFloor(t, 1, sim.Config{Callees: callees, Detection: sure()}, func(f *floor) {
			first := f.process(withLaw(1))
			first.onReturn("Handle abandoned", func(error) { first.die() })
			f.run(first)
			f.pass(known - time.Second)
			f.start(withLaw(1), func(c *engine.Config) { c.ConnectWithin = time.Hour })
			f.pass(40 * time.Second)
			require.False(f, f.call().AbandonedAt.IsZero())
			f.pass(time.Minute)
			require.Equal(f, dialer.OutcomeAbandoned, f.call().Outcome)
			require.Equal(f, 1, f.carrier.Books().Hangups)
		})
	})
	t.Run("when the process dies before the bridge another makes it", func(t *testing.T) {
		t.Parallel()

		onFloor(t, 1, sim.Config{Callees: patient(), Detection: sure()}, func(f *floor) {
			f.ready(1)
			first := f.process()
			first.onReturn("ReserveAgent", func(error) { first.die() })
			f.run(first)
			f.pass(known - time.Second)
			second := f.start()
			f.tell(first)
			f.pass(2 * time.Second)
			require.Equal(f, []presence.State{presence.StateReserved}, f.agents())
			f.pass(30 * time.Second)
			require.Equal(f, 1, second.count("Bridge"))
			require.False(f, f.call().ConnectedAt.IsZero())
		})
	})
	t.Run("a person waits for a store that fails, and is connected when it works again", func(t *testing.T) {
		t.Parallel()

		onFloor(t, 1, sim.Config{Callees: patient(), Detection: sure()}, func(f *floor) {
			f.ready(1)
			p := f.process()
			p.onCall("ReserveAgent", func() error { return errDead })
			f.run(p)
			f.pass(known + 20*time.Second)
			require.Zero(f, f.carrier.Books().Announced, "nobody knows whether another process connects them")
			p.onCall("ReserveAgent", nil)
			f.pass(time.Second)
			require.False(f, f.call().ConnectedAt.IsZero())
		})
	})
	t.Run("that somebody talks is recorded although the store fails for a while", func(t *testing.T) {
		t.Parallel()

		onFloor(t, 1, sim.Config{Callees: people(), Detection: sure()}, func(f *floor) {
			f.ready(1)
			p := f.process()
			failures := 4
			p.onCall("Handle connected", func() error {
				failures--
				if failures >= 0 {
					return errDead
				}
				return nil
			})
			f.run(p)
			f.pass(known + 5*time.Second)
			require.Equal(f, 1, p.count("Handle connected"))
			require.False(f, f.call().ConnectedAt.IsZero())
		})
	})
	t.Run("a person of whom the carrier's clock says that they come later waits no longer", func(t *testing.T) {
		t.Parallel()

		onFloor(t, 1, sim.Config{Callees: patient(), Detection: sim.Detection{Silent: 1}}, func(f *floor) {
			f.start(withLaw(1))
			f.pass(known)
			f.report(telephony.Event{Type: telephony.TypeAMD, AMD: dialer.AMDHuman, At: time.Now().Add(3 * time.Minute)})
			f.pass(2*time.Second + 10*time.Millisecond)
			require.False(f, f.call().AbandonedAt.IsZero())
		})
	})
	t.Run("a machine that was taken for a person is hung up on as soon as that is known", func(t *testing.T) {
		t.Parallel()

		detection := sim.Detection{Delay: sim.Exactly(time.Second), Unknown: 1}
		onFloor(t, 1, sim.Config{Callees: machines(), Detection: detection}, func(f *floor) {
			p := f.start(calm, withLaw(1))
			f.pass(known + time.Second)
			require.Positive(f, p.count("ReserveAgent"))
			f.report(telephony.Event{Type: telephony.TypeAMD, AMD: dialer.AMDMachine, At: time.Now()})
			f.pass(100 * time.Millisecond)
			require.Equal(f, dialer.OutcomeVoicemail, f.call().Outcome)
			require.Zero(f, f.carrier.Books().Announced)
		})
	})
	t.Run("a machine that an agent is on the way to is left to them", func(t *testing.T) {
		t.Parallel()

		onFloor(t, 1, sim.Config{Callees: machines(), Detection: sim.Detection{Silent: 1}}, func(f *floor) {
			f.ready(1)
			p := f.process()
			p.onCall("Bridge", func() error {
				f.report(telephony.Event{Type: telephony.TypeAMD, AMD: dialer.AMDMachine, At: time.Now()})
				p.onCall("Bridge", nil)
				sleep(2 * time.Second)
				return dialer.ErrCarrierTimeout
			})
			f.run(p)
			f.pass(answered + 4*time.Second + 500*time.Millisecond)
			require.Equal(f, dialer.AMDMachine, f.call().AMD)
			f.pass(3 * time.Second)
			require.Zero(f, f.carrier.Books().Hangups)
			f.pass(10 * time.Second)
			require.Equal(f, 1, f.carrier.Books().Hangups, "no agent came")
		})
	})
	t.Run("that somebody talked is recorded after the machine slept, though the call is over", func(t *testing.T) {
		t.Parallel()

		onFloor(t, 1, sim.Config{Callees: people(), Detection: sure()}, func(f *floor) {
			f.ready(1)
			p := f.process(calm)
			p.onReturn("Bridge", func(error) {
				f.deaf.Store(true)
				f.hangUp()
				f.report(telephony.Event{Type: telephony.TypeEnded, Cause: dialer.CauseCompleted, At: time.Now()})
				p.freeze(40 * time.Second)
			})
			f.run(p)
			f.pass(known + 100*time.Millisecond)
			require.Equal(f, dialer.OutcomeHungUp, f.call().Outcome)
			f.pass(50 * time.Second)
			require.Equal(f, dialer.OutcomeConnected, f.call().Outcome)
			require.Equal(f, map[dialer.State]int{dialer.StateCompleted: 1}, f.states())
			require.Equal(f, []presence.State{presence.StateWrapUp}, f.agents())
		})
	})
	t.Run("an engine that was closed does nothing", func(t *testing.T) {
		t.Parallel()

		onFloor(t, 1, sim.Config{Callees: people(), Detection: sure()}, func(f *floor) {
			f.ready(1)
			first, second := f.start(), f.process()
			second.Close()
			f.tell(second)
			f.pass(known)
			require.Zero(f, second.count("ReserveAgent"))
			f.pass(time.Second)
			require.Equal(f, 1, first.count("Bridge"))
		})
	})
	t.Run("every request to the carrier has a deadline", func(t *testing.T) {
		t.Parallel()

		onFloor(t, 2, sim.Config{Callees: patient(), Detection: sure()}, func(f *floor) {
			f.ready(1)
			p := f.start(calm, withLaw(1))
			f.pass(3 * time.Minute)
			require.Equal(f, map[string]time.Duration{
				"Originate": 10 * time.Second, "Bridge": 5 * time.Second, "Play": 30 * time.Second,
				"Hangup": 5 * time.Second, "Lookup": 5 * time.Second,
			}, p.deadlines())
		})
	})
	t.Run("no agent gets two people, however many answer at once", func(t *testing.T) {
		t.Parallel()

		const people, agents, processes = 30, 7, 3
		callees := patient()
		callees.Talk = 1000 * time.Hour
		onFloor(t, people, sim.Config{Callees: callees, Detection: sure()}, func(f *floor) {
			f.ready(agents)
			f.start(withLaw(people), func(c *engine.Config) { c.MaxPerTick, c.MaxPlacing = people, people })
			for range processes - 1 {
				f.process()
			}
			f.pass(known)
			var together sync.WaitGroup
			for _, call := range f.calls() {
				for _, p := range f.processes {
					for range 3 {
						together.Go(func() { p.Connect(f.Context(), call) })
					}
				}
			}
			together.Wait()
			f.pass(20 * time.Second)
			f.requireOneCallEach(agents)
			books := f.carrier.Books()
			require.Equal(f, agents, books.Connected)
			require.Zero(f, books.TwoAgents)
			require.Equal(f, people-agents, books.Announced)
			require.Equal(f, people-agents, f.meter.Count("outdial.dialer.abandoned", nil))
		})
	})
}

// requireOneCallEach requires that every agent talks, each in one call.
func (f *floor) requireOneCallEach(agents int) {
	f.Helper()
	var taken []uuid.UUID
	for _, record := range f.carrier.Records() {
		if !record.Facts.ConnectedAt.IsZero() && record.Facts.EndedAt.IsZero() {
			require.NotContains(f, taken, record.AgentID)
			taken = append(taken, record.AgentID)
		}
	}
	require.Len(f, taken, agents)
	for n, state := range f.agents() {
		require.Equal(f, presence.StateOnCall, state, "agent %d", n)
	}
}

// hangUp ends the only call, as the callee does.
func (f *floor) hangUp() {
	f.Helper()
	require.NoError(f, f.carrier.Hangup(f.Context(), dialer.HangupRequest{Token: f.call().ID}))
}

// report takes an event about the only call, as if the carrier had sent it.
func (f *floor) report(event telephony.Event) {
	f.Helper()
	call := f.call()
	event.Ref, event.CallSID, event.Source, event.Seq = call.Ref, call.CallSID, "sim", 100
	_, err := f.handler.Handle(f.Context(), event)
	require.NoError(f, err)
}

// readyAt has an agent wait for a call since that time.
func (f *floor) readyAt(n int, since time.Time) {
	f.Helper()
	_, err := f.store.SetPresence(f.Context(), presence.SetParams{
		CampaignID: f.campaignID, AgentID: agentID(n), State: presence.StateReady,
		ExpiresAt: time.Now().Add(24 * time.Hour), Now: since,
	})
	require.NoError(f, err)
}

// release frees the agent who was reserved for the call.
func (f *floor) release(call dialer.Call) {
	f.Helper()
	require.NoError(f, f.store.ReleaseAgent(f.Context(), presence.ReleaseParams{
		CampaignID: f.campaignID, CallID: call.ID, AgentID: call.AgentID, Now: time.Now(),
	}))
}

// away frees an agent who was reserved, and has them leave.
func (f *floor) away(n int) {
	f.Helper()
	f.release(f.call())
	_, err := f.store.SetPresence(f.Context(), presence.SetParams{
		CampaignID: f.campaignID, AgentID: agentID(n), State: presence.StateOffline,
		ExpiresAt: time.Now(), Now: time.Now(),
	})
	require.NoError(f, err)
}
