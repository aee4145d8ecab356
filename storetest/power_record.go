package storetest

import (
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/outdial/outdial"
	"github.com/outdial/outdial/dialer"
	"github.com/outdial/outdial/dialer/presence"
	"github.com/outdial/outdial/dialer/telephony"
	"github.com/outdial/outdial/queue"
)

// recordCallBehaviours proves RecordCall.
func recordCallBehaviours(g *group) {
	recordLostBehaviours(g)
	recordNotPlacedBehaviours(g)
	settleBehaviours(g)

	g.proves("it merges what is known of a call into its facts and brings its item to where they say", func(c *campaign) {
		call := c.running().dial(c.addCallable(1)[0])
		item := c.callItem(call.Ref.ItemID)
		steps := []struct {
			facts dialer.Facts
			state dialer.State
			moves int
		}{
			{dialer.Facts{InitiatedAt: c.now.Add(time.Second)}, dialer.StateDialing, 0},
			{dialer.Facts{RingingAt: c.now.Add(3 * time.Second)}, dialer.StateRinging, 1},
			{dialer.Facts{RingingAt: c.now.Add(2 * time.Second), AnsweredAt: c.now.Add(9 * time.Second)}, dialer.StateRinging, 0},
			{dialer.Facts{AMD: dialer.AMDHuman, AMDAt: c.now.Add(10 * time.Second)}, dialer.StateRinging, 0},
			{dialer.Facts{ConnectedAt: c.now.Add(11 * time.Second)}, dialer.StateConnected, 1},
			{dialer.Facts{AMD: dialer.AMDMachine, AMDAt: c.now.Add(12 * time.Second)}, dialer.StateConnected, 0},
			{dialer.Facts{EndedAt: c.now.Add(time.Minute), Cause: dialer.CauseCompleted}, dialer.StateCompleted, 1},
		}
		for _, step := range steps {
			c.wait(time.Hour)
			call.Facts = call.Merge(step.facts)
			item.State, item.LockVersion = step.state, item.LockVersion+step.moves
			call.ItemVersion = item.LockVersion
			if step.state == dialer.StateCompleted {
				call.Outcome, call.SettledAt = dialer.OutcomeConnected, c.now
			}
			result := c.learn(call, step.facts)
			requireSame(c, dialer.RecordCallResult{Call: call, State: step.state}, result)
			requireItem(c, item, c.callItem(item.ID))
		}
	})

	g.proves("what is known twice is known once", func(c *campaign) {
		call := c.running().dial(c.addCallable(1)[0])
		facts := dialer.Facts{RingingAt: c.now, AnsweredAt: c.now.Add(time.Second), EndedAt: c.now.Add(time.Minute), Cause: dialer.CauseCompleted}
		first := c.learn(call, facts)
		item := c.callItem(call.Ref.ItemID)
		c.wait(time.Hour)
		requireSame(c, first, c.learn(call, facts))
		requireItem(c, item, c.callItem(item.ID))
	})

	g.proves("what says nothing new moves nothing: an item that was refused for good stays failed", func(c *campaign) {
		contact := c.running().addCallable(1)[0]
		call := c.claimed(contact)
		c.suppress(suppressedBy(contact))
		_, call = c.refused(c.placeParams(call))
		item := c.callItem(call.Ref.ItemID)
		c.wait(time.Hour)
		requireSame(c, dialer.RecordCallResult{Call: call, State: dialer.StateFailed}, c.learn(call, dialer.Facts{NotPlacedAt: c.now}))
		requireItem(c, item, c.callItem(item.ID))
	})

	g.proves("CallSID is kept unless the call has one already", func(c *campaign) {
		call := c.running().dial(c.addCallable(1)[0])
		first := newSID()
		require.Equal(c, first, c.originated(call, first).Call.CallSID)
		require.Equal(c, first, c.originated(call, newSID()).Call.CallSID)
		require.Equal(c, first, c.learn(call, dialer.Facts{RingingAt: c.now}).Call.CallSID)
		require.Equal(c, first, c.callItem(call.Ref.ItemID).CallSID)
	})

	g.proves("a call_sid alone changes no state", func(c *campaign) {
		call := c.running().dial(c.addCallable(1)[0])
		item := c.callItem(call.Ref.ItemID)
		item.CallSID = newSID()
		require.Equal(c, dialer.StateDialing, c.originated(call, item.CallSID).State)
		requireItem(c, item, c.callItem(item.ID))
	})

	g.proves("events about the call's CallSID that came before anybody knew whose they were are merged too", func(c *campaign) {
		call, sid := c.running().dial(c.addCallable(1)[0]), newSID()
		ringing := c.event(dialer.Call{}, telephony.TypeRinging, withSID(sid))
		ended := c.event(dialer.Call{}, telephony.TypeEnded, withSID(sid), withCause(dialer.CauseBusy), happenedAt(c.now.Add(time.Minute)))
		for _, event := range []telephony.RecordParams{ended, ringing} {
			require.True(c, c.report(event).Orphan)
		}
		require.True(c, c.report(c.event(dialer.Call{}, telephony.TypeConnected, withSID(newSID()))).Orphan, "somebody else's")
		result := c.originated(call, sid)
		call.CallSID = sid
		call.Facts = dialer.Facts{RingingAt: ringing.At, EndedAt: ended.At, Cause: dialer.CauseBusy}
		require.True(c, result.Call.Equal(call.Facts), "%+v", result.Call.Facts)
		require.Equal(c, dialer.OutcomeBusy, result.Call.Outcome)
		require.Equal(c, dialer.StateQueued, result.State)
		require.Empty(c, c.orphans(sid))
	})

	g.proves("a call is not changed by what becomes known of its successor, nor the successor by what is late of it", func(c *campaign) {
		c.running()
		call := c.dial(c.addCallable(1)[0])
		c.learn(call, dialer.Facts{EndedAt: c.now, Cause: dialer.CauseBusy})
		c.now = c.callItem(call.Ref.ItemID).NextAttemptAt
		next := c.place(c.claimCalls()[0])
		before, item := c.call(call.ID), c.callItem(call.Ref.ItemID)
		result := c.recordCall(c.recordParams(call, dialer.Facts{AMD: dialer.AMDMachine, AMDAt: before.EndedAt}))
		require.Equal(c, dialer.OutcomeVoicemail, result.Call.Outcome, "what is late is kept")
		require.Equal(c, before.ItemVersion, result.Call.ItemVersion)
		requireItem(c, item, c.callItem(item.ID))
		requireSame(c, next, c.call(next.ID))
		after := c.call(call.ID)
		c.learn(next, dialer.Facts{ConnectedAt: c.now, EndedAt: c.now.Add(time.Minute), Cause: dialer.CauseCompleted})
		requireSame(c, after, c.call(call.ID))
	})

	g.proves("an unknown call, or one of another campaign, is ErrNotFound", func(c *campaign) {
		call := c.running().dial(c.addCallable(1)[0])
		for _, edit := range []func(p *dialer.RecordCallParams){
			func(p *dialer.RecordCallParams) { p.CallID = uuid.New() },
			func(p *dialer.RecordCallParams) { p.CampaignID = c.another().id },
		} {
			p := c.recordParams(call, dialer.Facts{RingingAt: c.now})
			edit(&p)
			_, err := c.store.RecordCall(c.Context(), p)
			require.ErrorIs(c, err, outdial.ErrNotFound)
		}
		requireSame(c, call, c.call(call.ID))
	})
}

// recordLostBehaviours proves what a call is of which nobody knows whether it exists.
func recordLostBehaviours(g *group) {
	g.proves("Lost says that nobody knows whether the call was placed: its item is unknown and its phone held", func(c *campaign) {
		call := c.running().dial(c.addCallable(1)[0])
		item := c.callItem(call.Ref.ItemID)
		c.wait(time.Minute)
		item = movedTo(item, dialer.StateUnknown)
		call.LostAt, call.ItemVersion = c.now, item.LockVersion
		requireSame(c, dialer.RecordCallResult{Call: call, State: dialer.StateUnknown}, c.lose(call))
		requireItem(c, item, c.callItem(item.ID))
		c.wait(1000 * time.Hour)
		c.claimNothing()
	})

	g.proves("Lost changes nothing once a carrier has reported anything of the call", func(c *campaign) {
		c.running()
		people := c.addCallable(len(telephony.Types()))
		for i, kind := range telephony.Types() {
			call := c.dial(people[i])
			told := c.tell(call, kind)
			item := c.callItem(call.Ref.ItemID)
			requireSame(c, dialer.RecordCallResult{Call: told.Call, State: told.State}, c.lose(call))
			requireItem(c, item, c.callItem(item.ID))
		}
	})

	g.provesAlone("Lost does not find a call either that a sweep has lost", func(c *campaign) {
		call := c.running().dial(c.addCallable(1)[0])
		c.tell(call, telephony.TypeRinging)
		c.wait(time.Hour)
		c.sweepCalls(c.sweepParams(time.Minute, time.Minute, time.Minute))
		before := c.call(call.ID)
		require.False(c, before.LostAt.IsZero())
		c.wait(time.Minute)
		requireSame(c, dialer.RecordCallResult{Call: before, State: dialer.StateUnknown}, c.lose(call))
	})

	g.proves("news of the call clear LostAt and find its item", func(c *campaign) {
		c.running()
		news := []struct {
			p     func(call dialer.Call) dialer.RecordCallParams
			state dialer.State
		}{
			{func(call dialer.Call) dialer.RecordCallParams {
				p := c.recordParams(call, dialer.Facts{})
				p.CallSID = newSID()
				return p
			}, dialer.StateDialing},
			{func(call dialer.Call) dialer.RecordCallParams {
				return c.recordParams(call, dialer.Facts{InitiatedAt: c.now})
			}, dialer.StateDialing},
			{func(call dialer.Call) dialer.RecordCallParams {
				return c.recordParams(call, dialer.Facts{RingingAt: c.now})
			}, dialer.StateRinging},
			{func(call dialer.Call) dialer.RecordCallParams {
				return c.recordParams(call, dialer.Facts{ConnectedAt: c.now})
			}, dialer.StateConnected},
			{func(call dialer.Call) dialer.RecordCallParams {
				return c.recordParams(call, dialer.Facts{EndedAt: c.now, Cause: dialer.CauseNoAnswer})
			}, dialer.StateQueued},
			{func(call dialer.Call) dialer.RecordCallParams {
				return c.recordParams(call, dialer.Facts{NotPlacedAt: c.now})
			}, dialer.StateQueued},
		}
		for i, contact := range c.addCallable(len(news)) {
			call := c.dial(contact)
			c.lose(call)
			item := c.callItem(call.Ref.ItemID)
			c.wait(time.Millisecond)
			result := c.recordCall(news[i].p(call))
			require.Equal(c, news[i].state, result.State, "news %d", i)
			require.Equal(c, item.LockVersion+1, c.callItem(item.ID).LockVersion)
			if result.Call.SettledAt.IsZero() {
				require.True(c, result.Call.LostAt.IsZero())
			}
		}
	})
}

// recordNotPlacedBehaviours proves what a call is that certainly never was.
func recordNotPlacedBehaviours(g *group) {
	g.proves("a call that certainly was not placed is settled, its item waits, and the attempt is taken back", func(c *campaign) {
		c.running()
		call := c.dial(c.addCallable(1)[0])
		item := c.callItem(call.Ref.ItemID)
		c.wait(time.Minute)
		result := c.learn(call, dialer.Facts{NotPlacedAt: c.now})
		require.Equal(c, dialer.OutcomeNotPlaced, result.Call.Outcome)
		require.True(c, result.Call.SettledAt.Equal(c.now))
		item = movedTo(item, dialer.StateQueued)
		item.Attempts, item.NextAttemptAt = 0, c.now.Add(5*time.Second)
		requireItem(c, item, c.callItem(item.ID))
		require.Equal(c, 1, c.skipped(c.now.Add(time.Second))[queue.SkipCoolingDown])
		c.wait(5 * time.Second)
		again := c.place(c.claimCalls()[0])
		require.Equal(c, 1, again.Attempt, "the contact has not been tried yet")
		require.Equal(c, 1, c.callItem(item.ID).Attempts)
	})

	g.proves("attempts that were not placed use up none of those that are allowed", func(c *campaign) {
		call := c.running().dial(c.addCallable(1)[0])
		for range 2 * dialer.DefaultMaxAttempts {
			c.learn(call, dialer.Facts{NotPlacedAt: c.now})
			c.now = c.callItem(call.Ref.ItemID).NextAttemptAt
			call = c.place(c.claimCalls()[0])
		}
		require.Equal(c, dialer.StateQueued, c.learn(call, dialer.Facts{EndedAt: c.now, Cause: dialer.CauseBusy}).State)
	})

	g.proves("what a carrier reports of a call proves that it was placed: it is open again, and holds its phone", func(c *campaign) {
		phone, other := nextPhone(), c.another().running()
		c.running()
		call := c.dial(c.add(person(withPhone(phone)))[0])
		c.learn(call, dialer.Facts{NotPlacedAt: c.now})
		item := c.callItem(call.Ref.ItemID)
		c.wait(time.Hour)
		result := c.learn(call, dialer.Facts{RingingAt: c.now})
		require.Equal(c, dialer.StateRinging, result.State)
		require.Empty(c, result.Call.Outcome)
		require.True(c, result.Call.SettledAt.IsZero())
		want := movedTo(item, dialer.StateRinging)
		want.Attempts = 1
		requireItem(c, want, c.callItem(item.ID))
		c.claimNothing()
		other.now = c.now
		other.queueCalls(other.add(person(withPhone(phone)))...)
		other.claimNothing()
		c.learn(call, dialer.Facts{EndedAt: c.now, Cause: dialer.CauseNoAnswer})
		require.Len(c, other.claimCalls(), 1)
	})

	g.proves("a call is not opened again while another has its phone", func(c *campaign) {
		phone, other := nextPhone(), c.another().running()
		c.running()
		call := c.dial(c.add(person(withPhone(phone)))[0])
		c.learn(call, dialer.Facts{NotPlacedAt: c.now})
		holder := other.dial(other.add(person(withPhone(phone)))[0])
		facts := dialer.Facts{RingingAt: c.now}
		result := c.recordCall(c.recordParams(call, facts))
		require.True(c, result.Call.RingingAt.Equal(c.now), "what is known is kept")
		require.False(c, result.Call.SettledAt.IsZero(), "two calls would have one phone")
		requireSame(c, holder, other.call(holder.ID))
		c.wait(time.Hour)
		c.claimNothing()
	})
}

// settleBehaviours proves what follows from the end of a call, for every outcome that
// there is.
func settleBehaviours(g *group) {
	for _, rule := range dialer.Rules() {
		g.proves("a call that ends as "+string(rule.Outcome)+" settles, and its item, phone and contact follow", func(c *campaign) {
			phone, other := nextPhone(), c.another().running()
			c.running()
			contact := c.add(person(withPhone(phone)))[0]
			call := c.dial(contact)
			item := c.callItem(call.Ref.ItemID)
			c.wait(time.Hour)
			ended := c.now.Add(-time.Minute)
			result := c.learn(call, factsOf(rule.Outcome, ended))
			require.Equal(c, rule.Outcome, result.Call.Outcome)
			require.True(c, result.Call.SettledAt.Equal(c.now))

			want := movedTo(item, rule.State)
			switch rule.State {
			case dialer.StateQueued:
				want.NextAttemptAt = ended.Add(rule.CoolDown)
			case dialer.StateFailed:
				want.FailReason = string(rule.Outcome)
			}
			if !rule.Counts {
				want.Attempts = 0
			}
			requireItem(c, want, c.callItem(item.ID))
			c.requireLedger(want, ended)
			other.now = c.now
			other.claimed(other.add(person(withPhone(phone)))[0])
		})
	}

	g.proves("when the attempts are used up the item fails, and the contact is finished", func(c *campaign) {
		policy := dialer.RetryPolicy{MaxAttempts: 2, CoolDowns: map[dialer.Outcome]time.Duration{dialer.OutcomeBusy: time.Minute}}
		call := c.running().dial(c.addCallable(1)[0])
		p := c.recordParams(call, dialer.Facts{EndedAt: c.now, Cause: dialer.CauseBusy})
		p.Policy = policy
		require.Equal(c, dialer.StateQueued, c.recordCall(p).State)
		c.wait(time.Minute)
		call = c.place(c.claimCalls()[0])
		p = c.recordParams(call, dialer.Facts{EndedAt: c.now, Cause: dialer.CauseBusy})
		p.Policy = policy
		require.Equal(c, dialer.StateFailed, c.recordCall(p).State)
		item := c.callItem(call.Ref.ItemID)
		require.Equal(c, dialer.FailMaxAttempts, item.FailReason)
		c.requireLedger(item, c.now)
		require.Equal(c, 1, c.enqueueCalls(dialer.EnqueueParams{}).Skipped[queue.SkipFinished])
	})

	g.proves("a fact that comes late corrects an item that nobody has touched since, and its contact", func(c *campaign) {
		c.running()
		people := c.addCallable(2)
		ended := c.now.Add(time.Minute)
		busy := dialer.Facts{EndedAt: ended, Cause: dialer.CauseBusy}
		call := c.dial(people[0])
		c.learn(call, busy)
		c.wait(24 * time.Hour)
		result := c.learn(call, dialer.Facts{AMD: dialer.AMDMachine, AMDAt: ended})
		require.Equal(c, dialer.OutcomeVoicemail, result.Call.Outcome)
		item := c.callItem(call.Ref.ItemID)
		require.True(c, item.NextAttemptAt.Equal(ended.Add(24*time.Hour)))
		c.learn(call, dialer.Facts{ConnectedAt: ended})
		item = c.callItem(call.Ref.ItemID)
		require.Equal(c, dialer.StateCompleted, item.State)
		c.requireLedger(item, ended)

		rejected := c.another().running()
		call = rejected.dial(rejected.addCallable(1)[0])
		rejected.learn(call, dialer.Facts{EndedAt: ended, Cause: dialer.CauseRejected})
		rejected.requireLedger(rejected.callItem(call.Ref.ItemID), ended)
		rejected.learn(call, dialer.Facts{AMD: dialer.AMDMachine, AMDAt: ended})
		item = rejected.callItem(call.Ref.ItemID)
		require.Equal(c, dialer.StateQueued, item.State)
		rejected.requireLedger(item, ended)
	})

	g.proves("the agent of a settled call goes to wrap-up if they talked and is ready otherwise", func(c *campaign) {
		team := c.running().readyAgents(3)
		calls := c.dialEverybody(c.addCallable(3)...)
		for _, call := range calls {
			c.reserve(call)
		}
		c.wait(time.Minute)
		c.learn(calls[0], dialer.Facts{ConnectedAt: c.now, EndedAt: c.now.Add(time.Second), Cause: dialer.CauseCompleted})
		c.learn(calls[1], dialer.Facts{EndedAt: c.now, Cause: dialer.CauseCompleted})
		c.learn(calls[2], dialer.Facts{NotPlacedAt: c.now})
		for i, want := range []presence.State{presence.StateWrapUp, presence.StateReady, presence.StateReady} {
			session := c.session(team[i])
			require.Equal(c, want, session.State)
			require.True(c, session.Since.Equal(c.now))
			require.Equal(c, team[i], c.call(calls[i].ID).AgentID, "the call remembers who it was")
		}
	})
}

// factsOf are facts that come out as an outcome, of a call that was over at that
// time.
func factsOf(outcome dialer.Outcome, ended time.Time) dialer.Facts {
	facts := dialer.Facts{RingingAt: ended.Add(-30 * time.Second), EndedAt: ended}
	answered := ended.Add(-20 * time.Second)
	switch outcome {
	case dialer.OutcomeConnected:
		facts.ConnectedAt, facts.Cause = answered, dialer.CauseCompleted
	case dialer.OutcomeAbandoned:
		facts.AbandonedAt, facts.Cause = answered, dialer.CauseCompleted
	case dialer.OutcomeVoicemail:
		facts.AMD, facts.AMDAt, facts.Cause = dialer.AMDFax, answered, dialer.CauseCompleted
	case dialer.OutcomeHungUp:
		facts.AnsweredAt, facts.Cause = answered, dialer.CauseCompleted
	case dialer.OutcomeNoAnswer:
		facts.Cause = dialer.CauseNoAnswer
	case dialer.OutcomeBusy:
		facts.Cause = dialer.CauseBusy
	case dialer.OutcomeCanceled:
		facts.Cause = dialer.CauseCanceled
	case dialer.OutcomeFailed:
		facts.Cause = dialer.CauseFailed
	case dialer.OutcomeRejected:
		facts.Cause = dialer.CauseRejected
	case dialer.OutcomeNotPlaced:
		return dialer.Facts{NotPlacedAt: ended}
	}
	return facts
}

// requireLedger checks what the campaign, whose only contact it is, knows of the
// contact of an item that a call has settled: finished, or not to be tried before
// the item may.
func (c *campaign) requireLedger(item dialer.Item, ended time.Time) {
	c.Helper()
	if !item.State.Active() {
		require.Equal(c, 1, c.skipped(ended)[queue.SkipFinished])
		require.Equal(c, 1, c.skipped(ended.Add(10_000 * time.Hour))[queue.SkipFinished])
		return
	}
	require.Equal(c, 1, c.skipped(item.NextAttemptAt.Add(-time.Microsecond))[queue.SkipCoolingDown])
	require.Equal(c, 1, c.skipped(item.NextAttemptAt)[queue.SkipCollision], "it has cooled down, and is in the power queue")
}
