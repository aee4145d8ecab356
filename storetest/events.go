package storetest

import (
	"time"

	"github.com/stretchr/testify/require"

	"github.com/outdial/outdial/dialer"
	"github.com/outdial/outdial/dialer/telephony"
)

// recordEventBehaviours proves RecordEvent in four parts: that an event is kept and
// merged once, which call it is about, what becomes of those that have none, and what
// follows for agents.
func recordEventBehaviours(g *group) {
	matchBehaviours(g)
	orphanBehaviours(g)
	eventAgentBehaviours(g)
	replayBehaviours(g)

	g.proves("it merges the event's facts into the call and brings the item to where they say", func(c *campaign) {
		call := c.running().dial(c.addCallable(1)[0])
		call.CallSID = newSID()
		item := c.callItem(call.Ref.ItemID)
		item.CallSID = call.CallSID
		for _, step := range []struct {
			kind  telephony.Type
			state dialer.State
		}{
			{telephony.TypeQueued, dialer.StateDialing}, {telephony.TypeInitiated, dialer.StateDialing},
			{telephony.TypeRinging, dialer.StateRinging}, {telephony.TypeAnswered, dialer.StateRinging},
			{telephony.TypeAMD, dialer.StateRinging}, {telephony.TypeConnected, dialer.StateConnected},
			{telephony.TypeEnded, dialer.StateCompleted},
		} {
			c.wait(time.Second)
			event := c.event(call, step.kind)
			call.Facts = call.Merge(event.Event.Facts(event.At))
			moved := item.State != step.state
			if moved {
				item = movedTo(item, step.state)
			}
			call.ItemVersion = item.LockVersion
			if step.kind == telephony.TypeEnded {
				call.Outcome, call.SettledAt = dialer.OutcomeConnected, c.now
			}
			result := c.report(event)
			requireSame(c, telephony.RecordResult{Call: call, State: step.state, Moved: moved}, result)
			requireSame(c, call, c.call(call.ID))
			requireItem(c, item, c.callItem(item.ID))
		}
	})

	g.proves("it keeps the event once for each call_sid, type and seq", func(c *campaign) {
		call, sid, other := c.running().dial(c.addCallable(1)[0]), newSID(), newSID()
		call.CallSID = sid
		kept := 0
		for _, edits := range [][]func(*telephony.Event){
			{}, {withSeq(1)}, {withSID(sid + "x"), withRef(dialer.Ref{})}, {withSID(other), withRef(dialer.Ref{})}, {withSeq(-1)},
		} {
			for _, kind := range []telephony.Type{telephony.TypeRinging, telephony.TypeAnswered} {
				event := c.event(call, kind, edits...)
				require.False(c, c.report(event).Duplicate)
				kept++
				event.At, event.Event.Source = event.At.Add(-time.Hour), "another"
				event.Now = event.Now.Add(time.Hour)
				require.Equal(c, telephony.RecordResult{Duplicate: true}, c.report(event))
			}
		}
		listed := 0
		for _, name := range []string{sid, sid + "x", other} {
			listed += len(c.listEvents(telephony.ListParams{CallSID: name}))
		}
		require.Equal(c, kept, listed)
	})

	g.proves("an event that was there before changes nothing", func(c *campaign) {
		call := c.running().dial(c.addCallable(1)[0])
		call.CallSID = newSID()
		event := c.event(call, telephony.TypeRinging)
		c.report(event)
		c.tell(call, telephony.TypeEnded, withCause(dialer.CauseBusy))
		before, item := c.call(call.ID), c.callItem(call.Ref.ItemID)
		c.wait(time.Hour)
		event.At, event.Now = event.At.Add(-time.Minute), c.now
		require.Equal(c, telephony.RecordResult{Duplicate: true}, c.report(event))
		requireSame(c, before, c.call(call.ID))
		requireSame(c, item, c.callItem(item.ID))
	})

	g.proves("an event that says nothing new is kept and changes no state", func(c *campaign) {
		call := c.running().dial(c.addCallable(1)[0])
		call = c.tell(call, telephony.TypeRinging).Call
		item := c.callItem(call.Ref.ItemID)
		result := c.tell(call, telephony.TypeRinging, withSeq(7), happenedAt(c.now.Add(time.Minute)))
		requireSame(c, telephony.RecordResult{Call: call, State: dialer.StateRinging}, result)
		requireItem(c, item, c.callItem(item.ID))
	})

	g.proves("At is when it happened, whatever the report says and whenever it came", func(c *campaign) {
		call := c.running().dial(c.addCallable(1)[0])
		call.CallSID = newSID()
		event := c.event(call, telephony.TypeRinging, happenedAt(time.Time{}))
		event.At = c.now.Add(-time.Minute)
		require.True(c, c.report(event).Call.RingingAt.Equal(event.At))
		kept := c.listEvents(telephony.ListParams{CallSID: call.CallSID})
		require.Len(c, kept, 1)
		require.True(c, kept[0].OccurredAt.Equal(event.At))
		require.True(c, kept[0].At.IsZero())
		require.True(c, kept[0].CreatedAt.Equal(c.now))
	})

	g.proves("AMD says machine after connect fired", func(c *campaign) {
		for _, verdict := range dialer.AMDVerdicts() {
			agent := c.another().running()
			talking := agent.readyAgents(1)[0]
			call := agent.dial(agent.addCallable(1)[0])
			call = agent.tell(call, telephony.TypeAnswered).Call
			agent.reserve(call)
			call = agent.tell(call, telephony.TypeConnected).Call
			session, item := agent.session(talking), agent.callItem(call.Ref.ItemID)
			agent.wait(time.Second)
			result := agent.tell(call, telephony.TypeAMD, withVerdict(verdict))
			require.Equal(c, verdict, result.Call.AMD, "it is recorded")
			require.True(c, result.Call.AMDAt.Equal(agent.now))
			require.Equal(c, dialer.StateConnected, result.State, "and changes nothing")
			require.False(c, result.Moved)
			requireItem(c, item, agent.callItem(item.ID))
			requireSession(c, session, agent.session(talking))
			ended := agent.tell(result.Call, telephony.TypeEnded)
			require.Equal(c, dialer.OutcomeConnected, ended.Call.Outcome)
			require.Equal(c, dialer.StateCompleted, ended.State)
		}
	})

	g.proves("a machine verdict while nobody talks changes nothing before the call has ended", func(c *campaign) {
		call := c.running().dial(c.addCallable(1)[0])
		call = c.tell(call, telephony.TypeAnswered).Call
		result := c.tell(call, telephony.TypeAMD, withVerdict(dialer.AMDMachine))
		require.Equal(c, dialer.StateRinging, result.State)
		require.True(c, result.Call.SettledAt.IsZero())
		require.Equal(c, dialer.OutcomeVoicemail, c.tell(result.Call, telephony.TypeEnded).Call.Outcome)
	})

	g.proves("news find a call that was lost", func(c *campaign) {
		c.running()
		for i, contact := range c.addCallable(len(telephony.Types())) {
			call := c.dial(contact)
			c.lose(call)
			result := c.tell(call, telephony.Types()[i])
			require.NotEqual(c, dialer.StateUnknown, result.State)
			require.True(c, result.Moved)
		}
	})

	g.provesAlone("a duplicate and a replay are no news", func(c *campaign) {
		call := c.running().dial(c.addCallable(1)[0])
		call = c.tell(call, telephony.TypeRinging).Call
		c.wait(time.Hour)
		c.sweepCalls(c.sweepParams(time.Minute, time.Minute, time.Minute))
		require.Equal(c, dialer.StateUnknown, c.callItem(call.Ref.ItemID).State)
		c.report(c.event(call, telephony.TypeRinging))
		kept := c.listEvents(telephony.ListParams{CallSID: call.CallSID})
		c.report(replayOf(kept[0], c.now))
		require.Equal(c, dialer.StateUnknown, c.callItem(call.Ref.ItemID).State)
	})

	g.proves("what comes late of a call that was settled as not placed opens it again", func(c *campaign) {
		call := c.running().dial(c.addCallable(1)[0])
		c.lose(call)
		c.learn(call, dialer.Facts{NotPlacedAt: c.now})
		c.wait(time.Hour)
		result := c.tell(call, telephony.TypeRinging)
		require.Equal(c, dialer.StateRinging, result.State)
		require.True(c, result.Moved)
		c.claimNothing()
		require.Equal(c, dialer.OutcomeBusy, c.tell(result.Call, telephony.TypeEnded, withCause(dialer.CauseBusy)).Call.Outcome)
		require.Equal(c, 1, c.callItem(call.Ref.ItemID).Attempts)
	})

	g.proves("what comes late of a call whose item has another moves neither", func(c *campaign) {
		c.running()
		first := c.dial(c.addCallable(1)[0])
		first.CallSID = newSID()
		c.tell(first, telephony.TypeEnded, withCause(dialer.CauseBusy))
		c.now = c.callItem(first.Ref.ItemID).NextAttemptAt
		next := c.place(c.claimCalls()[0])
		item := c.callItem(first.Ref.ItemID)
		for _, kind := range []telephony.Type{telephony.TypeRinging, telephony.TypeAMD, telephony.TypeConnected} {
			result := c.tell(first, kind)
			require.False(c, result.Moved)
			requireItem(c, item, c.callItem(item.ID))
			requireSame(c, next, c.call(next.ID))
		}
		require.Equal(c, dialer.OutcomeConnected, c.call(first.ID).Outcome)
		require.Equal(c, dialer.StateRinging, c.tell(next, telephony.TypeRinging).State)
	})

	g.proves("an event of a call that was settled as not placed and whose phone has another call is kept and merged", func(c *campaign) {
		phone, other := nextPhone(), c.another().running()
		call := c.running().dial(c.add(person(withPhone(phone)))[0])
		c.learn(call, dialer.Facts{NotPlacedAt: c.now})
		holder := other.dial(other.add(person(withPhone(phone)))[0])
		for _, kind := range []telephony.Type{telephony.TypeRinging, telephony.TypeAnswered} {
			c.tell(call, kind)
		}
		require.Empty(c, incoherentCalls(append(c.calls(), other.calls()...)))
		requireSame(c, holder, other.call(holder.ID))
		require.Equal(c, dialer.OutcomeHungUp, c.tell(call, telephony.TypeEnded).Call.Outcome)
	})
}

// replayOf asks to merge an event again that is there already.
func replayOf(kept telephony.Kept, now time.Time) telephony.RecordParams {
	return telephony.RecordParams{Event: kept.Event, At: kept.OccurredAt, Kept: kept.ID, Now: now}
}

// replayBehaviours proves what RecordEvent does with an event that is there already.
func replayBehaviours(g *group) {
	g.proves("an event that is merged again changes nothing on a call that has had it", func(c *campaign) {
		call := c.running().dial(c.addCallable(1)[0])
		call.CallSID = newSID()
		for _, kind := range []telephony.Type{telephony.TypeRinging, telephony.TypeAnswered, telephony.TypeAMD, telephony.TypeEnded} {
			c.wait(time.Second)
			c.tell(call, kind)
		}
		before, item := c.call(call.ID), c.callItem(call.Ref.ItemID)
		kept := c.listEvents(telephony.ListParams{CallSID: call.CallSID})
		require.Len(c, kept, 4)
		c.wait(time.Hour)
		for _, event := range kept {
			result := c.report(replayOf(event, c.now))
			requireSame(c, telephony.RecordResult{Call: before, State: item.State}, result)
		}
		requireSame(c, before, c.call(call.ID))
		requireItem(c, item, c.callItem(item.ID))
		requireSame(c, kept, c.listEvents(telephony.ListParams{CallSID: call.CallSID}))
	})

	g.proves("an orphan that is merged again and whose call nobody knows stays one", func(c *campaign) {
		event := c.event(dialer.Call{}, telephony.TypeRinging, withSID(newSID()))
		c.report(event)
		orphan := c.orphans(event.Event.CallSID)[0]
		require.Equal(c, telephony.RecordResult{Orphan: true}, c.report(replayOf(orphan, c.now)))
		require.Len(c, c.orphans(event.Event.CallSID), 1)
	})
}
