package storetest

import (
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/outdial/outdial/dialer"
	"github.com/outdial/outdial/dialer/presence"
	"github.com/outdial/outdial/dialer/telephony"
)

func (c *campaign) listEvents(p telephony.ListParams) []telephony.Kept {
	c.Helper()
	p.Limit = everything
	result, err := c.store.ListEvents(c.Context(), p)
	require.NoError(c, err)
	require.False(c, result.More)
	return result.Events
}

// orphans returns the events with that call_sid whose call nobody knows.
func (c *campaign) orphans(sid string) []telephony.Kept {
	c.Helper()
	return c.listEvents(telephony.ListParams{CallSID: sid, Orphans: true})
}

// matchBehaviours proves which call an event is about.
func matchBehaviours(g *group) {
	g.proves("the call is found by the event's Ref, and takes its CallSID when it has none", func(c *campaign) {
		call, sid := c.running().dial(c.addCallable(1)[0]), newSID()
		result := c.report(c.event(call, telephony.TypeRinging, withSID(sid)))
		require.Equal(c, call.ID, result.Call.ID)
		require.Equal(c, sid, result.Call.CallSID)
		require.Equal(c, sid, c.callItem(call.Ref.ItemID).CallSID)
		require.Equal(c, sid, c.originated(call, newSID()).Call.CallSID, "the call has one already")
	})

	g.proves("the call is found by the event's CallSID when it carries no Ref", func(c *campaign) {
		calls := c.running().dialEverybody(c.addCallable(2)...)
		for i := range calls {
			calls[i] = c.originated(calls[i], newSID()).Call
		}
		result := c.report(c.event(calls[1], telephony.TypeRinging, withRef(dialer.Ref{})))
		require.Equal(c, calls[1].ID, result.Call.ID)
		require.Equal(c, dialer.StateRinging, result.State)
		requireSame(c, calls[0], c.call(calls[0].ID))
	})

	g.proves("the call is found by the event's CallSID when nobody knows its Ref", func(c *campaign) {
		call := c.running().dial(c.addCallable(1)[0])
		call = c.originated(call, newSID()).Call
		unknown := call.Ref
		unknown.LockVersion += 7
		for i, ref := range []dialer.Ref{unknown, {CampaignID: uuid.New(), ItemID: call.Ref.ItemID, LockVersion: call.Ref.LockVersion}} {
			result := c.report(c.event(call, telephony.TypeRinging, withRef(ref), withSeq(i)))
			require.False(c, result.Orphan)
			require.Equal(c, call.ID, result.Call.ID)
		}
	})

	g.proves("a Ref names the attempt, not only the item", func(c *campaign) {
		c.running()
		first := c.dial(c.addCallable(1)[0])
		c.learn(first, dialer.Facts{NotPlacedAt: c.now})
		c.wait(time.Hour)
		second := c.place(c.claimCalls()[0])
		result := c.report(c.event(first, telephony.TypeEnded, withSID(newSID()), withCause(dialer.CauseBusy)))
		require.Equal(c, first.ID, result.Call.ID)
		requireSame(c, second, c.call(second.ID))
		result = c.report(c.event(second, telephony.TypeRinging, withSID(newSID())))
		require.Equal(c, second.ID, result.Call.ID)
		require.Equal(c, dialer.StateRinging, result.State)
	})

	g.proves("events of one campaign move nothing in another", func(c *campaign) {
		other := c.another().running()
		theirs := other.dial(other.addCallable(1)[0])
		call := c.running().dial(c.addCallable(1)[0])
		c.tell(call, telephony.TypeEnded)
		requireSame(c, theirs, other.call(theirs.ID))
	})
}

// orphanBehaviours proves what becomes of events whose call nobody knows.
func orphanBehaviours(g *group) {
	g.proves("an event whose call nobody knows is kept as an orphan", func(c *campaign) {
		sid := newSID()
		event := c.event(dialer.Call{}, telephony.TypeEnded, withSID(sid), withRef(dialer.Ref{CampaignID: c.id, ItemID: uuid.New(), LockVersion: 1}))
		require.Equal(c, telephony.RecordResult{Orphan: true}, c.report(event))
		require.Equal(c, telephony.RecordResult{Duplicate: true}, c.report(event), "once")
		kept := c.orphans(sid)
		require.Len(c, kept, 1)
		requireSame(c, telephony.Kept{ID: kept[0].ID, Event: event.Event, OccurredAt: event.At, CreatedAt: c.now}, kept[0])
	})

	g.proves("an event whose CallSID is not the call's is kept as an orphan", func(c *campaign) {
		call := c.running().dial(c.addCallable(1)[0])
		call = c.originated(call, newSID()).Call
		sid := newSID()
		require.Equal(c, telephony.RecordResult{Orphan: true}, c.report(c.event(call, telephony.TypeEnded, withSID(sid))))
		requireSame(c, call, c.call(call.ID))
		require.Len(c, c.orphans(sid), 1)
	})

	g.proves("an orphan is merged when its call appears: in another event's Ref", func(c *campaign) {
		call, sid := c.running().dial(c.addCallable(1)[0]), newSID()
		early := c.event(dialer.Call{}, telephony.TypeAnswered, withSID(sid), happenedAt(c.now.Add(-time.Second)))
		require.True(c, c.report(early).Orphan)
		result := c.report(c.event(call, telephony.TypeRinging, withSID(sid)))
		require.True(c, result.Call.AnsweredAt.Equal(early.At))
		require.True(c, result.Call.RingingAt.Equal(c.now))
		requireSame(c, result.Call, c.call(call.ID))
		require.Empty(c, c.orphans(sid))
		kept := c.listEvents(telephony.ListParams{CallSID: sid})
		require.Len(c, kept, 2)
		for _, event := range kept {
			require.Equal(c, call.ID, event.CallID)
		}
	})

	g.proves("an orphan is merged when its call appears: in what the carrier answers", func(c *campaign) {
		call, sid := c.running().dial(c.addCallable(1)[0]), newSID()
		c.report(c.event(dialer.Call{}, telephony.TypeConnected, withSID(sid)))
		c.report(c.event(dialer.Call{}, telephony.TypeEnded, withSID(sid)))
		result := c.originated(call, sid)
		require.Equal(c, dialer.StateCompleted, result.State)
		require.Empty(c, c.orphans(sid))
		require.Equal(c, dialer.StateCompleted, c.callItem(call.Ref.ItemID).State)
	})

	g.proves("an orphan of a call that was lost finds it", func(c *campaign) {
		call, sid := c.running().dial(c.addCallable(1)[0]), newSID()
		c.report(c.event(dialer.Call{}, telephony.TypeRinging, withSID(sid)))
		c.lose(call)
		require.Equal(c, dialer.StateRinging, c.originated(call, sid).State)
	})

	g.proves("another call's orphans stay", func(c *campaign) {
		call, sid := c.running().dial(c.addCallable(1)[0]), newSID()
		c.report(c.event(dialer.Call{}, telephony.TypeEnded, withSID(sid)))
		require.Equal(c, dialer.StateDialing, c.originated(call, sid+"0").State)
		require.Len(c, c.orphans(sid), 1)
	})
}

// eventAgentBehaviours proves what events mean for the agent of their call.
func eventAgentBehaviours(g *group) {
	// reserved returns a call with an agent who is reserved for it.
	reserved := func(c *campaign) (dialer.Call, uuid.UUID) {
		c.Helper()
		agent := c.running().readyAgents(1)[0]
		call := c.dial(c.addCallable(1)[0])
		call = c.tell(call, telephony.TypeAnswered).Call
		require.Equal(c, agent, c.reserve(call))
		c.wait(time.Second)
		return call, agent
	}

	g.proves("an agent who joined the call is on it", func(c *campaign) {
		call, agent := reserved(c)
		c.tell(call, telephony.TypeConnected)
		session := c.session(agent)
		require.Equal(c, presence.StateOnCall, session.State)
		require.Equal(c, call.ID, session.CallID)
		require.True(c, session.Since.Equal(c.now))
	})

	g.proves("when the call is settled its agent goes to wrap-up if they talked", func(c *campaign) {
		call, agent := reserved(c)
		c.tell(call, telephony.TypeConnected)
		c.wait(time.Minute)
		c.tell(call, telephony.TypeEnded)
		session := c.session(agent)
		require.Equal(c, presence.StateWrapUp, session.State)
		require.Equal(c, call.ID, session.CallID)
		require.True(c, session.Since.Equal(c.now))
	})

	g.proves("when the call is settled its agent is ready if they did not talk", func(c *campaign) {
		call, agent := reserved(c)
		c.tell(call, telephony.TypeEnded)
		session := c.session(agent)
		require.Equal(c, presence.StateReady, session.State)
		require.True(c, session.Since.Equal(c.now))
		require.Equal(c, agent, c.reserve(c.dial(c.addCallable(1)[0])))
	})

	g.proves("an agent goes to wrap-up when the news that they talked comes after the news that the call ended", func(c *campaign) {
		call, agent := reserved(c)
		c.tell(call, telephony.TypeEnded)
		c.wait(time.Second)
		c.tell(call, telephony.TypeConnected, happenedAt(c.now.Add(-time.Minute)))
		require.Equal(c, presence.StateWrapUp, c.session(agent).State)
		require.Equal(c, call.ID, c.session(agent).CallID)
	})

	g.proves("an agent who has another call by then stays in it", func(c *campaign) {
		call, agent := reserved(c)
		c.tell(call, telephony.TypeEnded)
		next := c.dial(c.addCallable(1)[0])
		require.Equal(c, agent, c.reserve(next))
		before := c.session(agent)
		c.tell(call, telephony.TypeConnected)
		requireSame(c, before, c.session(agent))
	})

	g.proves("an agent who has chosen another state by then stays in it", func(c *campaign) {
		call, agent := reserved(c)
		c.tell(call, telephony.TypeEnded)
		before := c.choose(agent, presence.StatePaused)
		c.tell(call, telephony.TypeConnected)
		requireSame(c, before, c.session(agent))
	})

	g.proves("an event that says abandoned is kept and changes nothing once an agent was reserved for the call", func(c *campaign) {
		call, agent := reserved(c)
		before, item, session := c.call(call.ID), c.callItem(call.Ref.ItemID), c.session(agent)
		result := c.report(c.event(before, telephony.TypeAbandoned))
		requireSame(c, telephony.RecordResult{Call: before, State: item.State}, result)
		requireSame(c, before, c.call(call.ID))
		requireItem(c, item, c.callItem(item.ID))
		requireSame(c, session, c.session(agent))
		require.Len(c, c.listEvents(telephony.ListParams{CallSID: before.CallSID}), 2)
		c.tell(call, telephony.TypeConnected)
		require.Equal(c, dialer.OutcomeConnected, c.tell(call, telephony.TypeEnded).Call.Outcome)
	})

	g.proves("an event that says abandoned counts again once the agent was released", func(c *campaign) {
		call, agent := reserved(c)
		c.unreserve(call, agent)
		require.True(c, c.tell(call, telephony.TypeAbandoned).Call.AbandonedAt.Equal(c.now))
		require.Equal(c, dialer.OutcomeAbandoned, c.tell(call, telephony.TypeEnded).Call.Outcome)
	})

	g.proves("a call that is over leaves the agents of others alone", func(c *campaign) {
		in := c.running().inEachState()
		before := c.sessions()
		call := c.dial(c.addCallable(1)[0])
		c.tell(call, telephony.TypeConnected)
		c.tell(call, telephony.TypeEnded)
		requireSame(c, before, c.sessions())
		require.Len(c, before, len(in))
	})
}

// listEventsBehaviours proves ListEvents.
func listEventsBehaviours(g *group) {
	g.proves("it returns kept events as they came, in the order of their ids, which is that in which they came", func(c *campaign) {
		call := c.running().dial(c.addCallable(1)[0])
		call.CallSID = newSID()
		var want []telephony.Kept
		for i, kind := range telephony.Types() {
			c.wait(time.Second)
			p := c.event(call, kind, withSeq(i), happenedAt(c.now.Add(-time.Duration(i*i)*time.Minute)))
			p.Event.Payload = []byte(`{"seq": 1, "text": "Straße \" ' %", "list": [1.5, null, true]}`)
			c.report(p)
			want = append(want, telephony.Kept{Event: p.Event, OccurredAt: p.At, CallID: call.ID, CreatedAt: c.now})
		}
		kept := c.listEvents(telephony.ListParams{CallSID: call.CallSID})
		require.Len(c, kept, len(want))
		for i := range kept {
			want[i].ID = kept[i].ID
			if i > 0 {
				require.Negative(c, compareIDs(kept[i-1].ID, kept[i].ID))
			}
		}
		requireSame(c, want, kept)
	})

	g.proves("CampaignID, ItemID and CallSID restrict them", func(c *campaign) {
		other := c.another().running()
		calls := c.running().dialEverybody(c.addCallable(2)...)
		theirs := other.dial(other.addCallable(1)[0])
		for i := range calls {
			calls[i] = c.tell(calls[i], telephony.TypeRinging).Call
			c.tell(calls[i], telephony.TypeAnswered)
		}
		other.tell(theirs, telephony.TypeRinging)
		require.Len(c, c.listEvents(telephony.ListParams{CampaignID: c.id}), 4)
		require.Len(c, c.listEvents(telephony.ListParams{CampaignID: other.id}), 1)
		for _, p := range []telephony.ListParams{
			{CallSID: calls[1].CallSID}, {CampaignID: c.id, ItemID: calls[1].Ref.ItemID}, {CampaignID: c.id, CallSID: calls[1].CallSID},
		} {
			kept := c.listEvents(p)
			require.Len(c, kept, 2)
			for _, event := range kept {
				require.Equal(c, calls[1].ID, event.CallID)
			}
		}
		require.Empty(c, c.listEvents(telephony.ListParams{CampaignID: other.id, CallSID: calls[1].CallSID}))
	})

	g.proves("Since and Until restrict them to those that came in that time, Until excluded", func(c *campaign) {
		sid, start := newSID(), c.now
		for i := range 3 {
			c.report(c.event(dialer.Call{}, telephony.TypeRinging, withSID(sid), withSeq(i), happenedAt(start.Add(-time.Hour))))
			c.wait(time.Microsecond)
		}
		for _, test := range []struct{ since, until, want int }{
			{0, 3, 3}, {0, 2, 2}, {1, 3, 2}, {1, 2, 1}, {1, 1, 0}, {3, 4, 0},
		} {
			kept := c.listEvents(telephony.ListParams{
				CallSID: sid, Since: start.Add(time.Duration(test.since) * time.Microsecond), Until: start.Add(time.Duration(test.until) * time.Microsecond),
			})
			require.Len(c, kept, test.want, "%+v", test)
			if test.want > 0 {
				require.Equal(c, test.since, kept[0].Seq)
			}
		}
	})

	g.proves("Orphans restricts them to events whose call nobody knows", func(c *campaign) {
		call := c.running().dial(c.addCallable(1)[0])
		call = c.tell(call, telephony.TypeRinging).Call
		sid := newSID()
		c.report(c.event(call, telephony.TypeEnded, withSID(sid)))
		require.Empty(c, c.orphans(call.CallSID))
		require.Len(c, c.orphans(sid), 1)
	})

	g.proves("a page holds at most Limit events, and After continues it", pageThroughEvents)
}

// pageThroughEvents lists events page by page, with pages of several sizes.
func pageThroughEvents(c *campaign) {
	sid := newSID()
	for i := range 5 {
		c.report(c.event(dialer.Call{}, telephony.TypeRinging, withSID(sid), withSeq(i)))
	}
	all := c.listEvents(telephony.ListParams{CallSID: sid})
	for _, limit := range []int{1, 2, 5, 6} {
		var paged []telephony.Kept
		p := telephony.ListParams{CallSID: sid, Limit: limit}
		for {
			result, err := c.store.ListEvents(c.Context(), p)
			require.NoError(c, err)
			require.LessOrEqual(c, len(result.Events), limit)
			paged = append(paged, result.Events...)
			require.Equal(c, len(paged) < len(all), result.More)
			if !result.More {
				break
			}
			p.After = paged[len(paged)-1].ID
		}
		requireSame(c, all, paged)
	}
}
