package storetest

import (
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/outdial/outdial"
	"github.com/outdial/outdial/dialer"
	"github.com/outdial/outdial/dialer/telephony"
	"github.com/outdial/outdial/disposition"
	"github.com/outdial/outdial/queue"
	"github.com/outdial/outdial/suppression"
)

// newCursor is a cursor that has passed every event so far.
func (c *campaign) newCursor() string {
	c.Helper()
	cursor := uuid.NewString()
	c.purgeAll(cursor)
	return cursor
}

// purgeStep is one step, of any size unless edited.
func (c *campaign) purgeStep(cursor string, edits ...func(*suppression.PurgeParams)) suppression.PurgeResult {
	c.Helper()
	p := suppression.PurgeParams{Cursor: cursor, Events: 1000, Items: 1000, Now: c.now}
	for _, edit := range edits {
		edit(&p)
	}
	result, err := c.store.PurgeSuppressed(c.Context(), p)
	require.NoError(c, err)
	return result
}

// requireFailed checks that an item of the agent queue is as a purge leaves it.
func (c *campaign) requireFailed(item queue.Item) {
	c.Helper()
	requireDisposed(c, purgedAs(item, disposition.FailSuppressed, disposition.CodeDoNotCall), c.item(item.ID))
}

// requireCallFailed does so in the power queue.
func (c *campaign) requireCallFailed(item dialer.Item) {
	c.Helper()
	want := movedTo(item, dialer.StateFailed)
	want.FailReason = disposition.FailSuppressed
	requireItem(c, want, c.callItem(item.ID))
}

// purgeSuppressedBehaviours proves PurgeSuppressed. They run one after another: a step
// takes whatever is on the list, whoever put it there.
func purgeSuppressedBehaviours(g *group) {
	g.provesAlone("it fails items of both queues whose contact is on the list by one of the next events", func(c *campaign) {
		cursor, power := c.newCursor(), c.another()
		people, called := c.addCallable(3), power.addCallable(2)
		items, calls := c.give(uuid.New(), people...), power.queueCalls(called...)
		c.suppress(suppressedBy(people[0]), suppressedBy(called[0]))
		c.suppress(suppression.NewEmail(people[1].Email))
		since := c.now
		c.wait(time.Minute)
		power.now = c.now
		require.Equal(c, suppression.PurgeResult{AgentItems: 2, PowerItems: 1, Events: 3, Since: since}, c.purgeStep(cursor))
		c.requireFailed(items[0])
		c.requireFailed(items[1])
		power.requireCallFailed(calls[0])
		requireSame(c, items[2], c.item(items[2].ID))
		requireItem(c, calls[1], power.callItem(calls[1].ID))
		require.Equal(c, suppression.PurgeResult{}, c.purgeStep(cursor), "the cursor has moved on")
	})

	g.provesAlone("it fails items whoever has them, and their next move is a conflict", func(c *campaign) {
		cursor := c.newCursor()
		people := c.addCallable(3)
		locked, started := c.lock(uuid.New(), people[0], true), c.start(uuid.New(), people[1], false)
		c.suppress(suppressedBy(people[0]), suppressedBy(people[1]))
		require.Equal(c, 2, c.purgeStep(cursor).AgentItems)
		for _, item := range []queue.Item{locked, started} {
			c.requireFailed(item)
			require.ErrorIs(c, c.moveError(c.moveParams(item, queue.MoveHeartbeat)), outdial.ErrConflict)
			c.takeNothing(item.AgentID)
		}
	})

	g.provesAlone("it fails items that are being dialed, and news of their calls move them no more", func(c *campaign) {
		cursor := c.newCursor()
		c.running()
		people := c.addCallable(4)
		var calls []dialer.Call
		for _, contact := range people {
			calls = append(calls, c.dial(contact))
		}
		c.tell(calls[1], telephony.TypeRinging)
		c.tell(calls[2], telephony.TypeRinging)
		c.tell(calls[2], telephony.TypeConnected)
		c.lose(calls[3])
		for i, state := range []dialer.State{dialer.StateDialing, dialer.StateRinging, dialer.StateConnected, dialer.StateUnknown} {
			require.Equal(c, state, c.callItem(calls[i].Ref.ItemID).State)
			c.suppress(suppressedBy(people[i]))
		}
		require.Equal(c, len(calls), c.purgeStep(cursor).PowerItems)
		for _, call := range calls {
			item := c.callItem(call.Ref.ItemID)
			require.Equal(c, []string{string(dialer.StateFailed), disposition.FailSuppressed}, []string{string(item.State), item.FailReason})
			c.learn(call, dialer.Facts{EndedAt: c.now, Cause: dialer.CauseNoAnswer})
			requireItem(c, item, c.callItem(item.ID))
		}
	})

	g.provesAlone("it spares items of other campaigns than the entry's", func(c *campaign) {
		cursor, other, power, otherPower := c.newCursor(), c.another(), c.another(), c.another()
		phone := nextPhone()
		in := func(campaign *campaign) outdial.Contact { return campaign.add(person(withPhone(phone)))[0] }
		item, spared := c.give(uuid.Nil, in(c))[0], other.give(uuid.Nil, in(other))[0]
		call, sparedCall := power.queueCalls(in(power))[0], otherPower.queueCalls(in(otherPower))[0]
		entry := suppression.NewPhone(phone)
		c.suppress(withCampaign(entry, c.id), withCampaign(entry, power.id))
		result := c.purgeStep(cursor)
		require.Equal(c, []int{1, 1}, []int{result.AgentItems, result.PowerItems})
		c.requireFailed(item)
		power.requireCallFailed(call)
		requireSame(c, spared, other.item(spared.ID))
		requireItem(c, sparedCall, otherPower.callItem(sparedCall.ID))
	})

	g.provesAlone("it spares whom no entry holds for any more", func(c *campaign) {
		cursor := c.newCursor()
		people := c.addCallable(2)
		items := c.give(uuid.Nil, people...)
		c.suppress(suppressedBy(people[0]), suppressedBy(people[1], until(c.now.Add(time.Minute))))
		c.removeEntries(suppressedBy(people[0]))
		c.wait(time.Minute)
		result := c.purgeStep(cursor)
		require.Equal(c, []int{0, 3}, []int{result.AgentItems, result.Events})
		for _, item := range items {
			requireSame(c, item, c.item(item.ID))
		}
	})

	g.provesAlone("it leaves items alone that have ended", func(c *campaign) {
		cursor, agent := c.newCursor(), uuid.New()
		contact := c.addCallable(1)[0]
		item := c.give(agent, contact)[0]
		c.clear(agent)
		released := c.item(item.ID)
		c.suppress(suppressedBy(contact))
		require.Zero(c, c.purgeStep(cursor).AgentItems)
		requireSame(c, released, c.item(item.ID))
	})

	g.provesAlone("a step fails so many items at most, and the cursor moves on once none is left", func(c *campaign) {
		cursor, power := c.newCursor(), c.another()
		people, called := c.addCallable(5), power.addCallable(3)
		c.give(uuid.Nil, people...)
		power.queueCalls(called...)
		for _, contact := range append(people, called...) {
			c.suppress(suppressedBy(contact))
		}
		few := func(p *suppression.PurgeParams) { p.Items = 3 }
		failed := 0
		for _, want := range []int{3, 3, 2} {
			result := c.purgeStep(cursor, few)
			require.Equal(c, want, result.AgentItems+result.PowerItems)
			require.Equal(c, want == 3, result.More, "there is more to do as long as there are items")
			require.Equal(c, want == 2, result.Events == 8, "and no event is left behind before")
			failed += want
		}
		require.Equal(c, len(people)+len(called), failed)
		require.Equal(c, suppression.PurgeResult{}, c.purgeStep(cursor, few))
	})

	g.provesAlone("a step looks at so many events at most", func(c *campaign) {
		cursor := c.newCursor()
		people := c.addCallable(5)
		c.give(uuid.Nil, people...)
		for _, contact := range people {
			c.suppress(suppressedBy(contact))
		}
		few := func(p *suppression.PurgeParams) { p.Events = 2 }
		for _, want := range []int{2, 2, 1} {
			result := c.purgeStep(cursor, few)
			require.Equal(c, []int{want, want}, []int{result.Events, result.AgentItems})
			require.Equal(c, want == 2, result.More)
		}
	})

	g.provesAlone("events that were recorded too late are left for later, and what comes after them", func(c *campaign) {
		cursor := c.newCursor()
		people := c.addCallable(3)
		items := c.give(uuid.Nil, people...)
		c.suppress(suppressedBy(people[0]))
		first := c.now
		c.wait(time.Minute)
		c.suppress(suppressedBy(people[1]))
		c.now = first
		c.suppress(suppressedBy(people[2]))
		before := func(at time.Time) func(*suppression.PurgeParams) {
			return func(p *suppression.PurgeParams) { p.Before = at }
		}
		require.Equal(c, suppression.PurgeResult{}, c.purgeStep(cursor, before(first)))
		require.Equal(c, suppression.PurgeResult{AgentItems: 1, Events: 1, Since: first}, c.purgeStep(cursor, before(first.Add(time.Minute))))
		c.requireFailed(items[0])
		result := c.purgeStep(cursor, before(first.Add(time.Minute+time.Microsecond)))
		require.Equal(c, []int{2, 2}, []int{result.AgentItems, result.Events})
	})

	g.provesAlone("each cursor has its own place", func(c *campaign) {
		c.suppress(suppressedBy(person().Contact))
		first, second := c.newCursor(), c.newCursor()
		contact := c.addCallable(1)[0]
		c.give(uuid.Nil, contact)
		c.suppress(suppressedBy(contact))
		require.Equal(c, []int{1, 1}, []int{c.purgeStep(first).AgentItems, c.purgeAll(second).Events})
	})

	g.provesAlone("whom another entry still holds for goes, though the one that the event was about was removed", func(c *campaign) {
		cursor, contact := c.newCursor(), c.addCallable(1)[0]
		item := c.give(uuid.New(), contact)[0]
		c.suppress(suppressedBy(contact, onlyIn(c.id)), suppressedBy(contact))
		c.removeEntries(suppressedBy(contact))
		require.Equal(c, 1, c.purgeStep(cursor).AgentItems)
		c.requireFailed(item)
	})

	g.provesAlone("what RevokeConsent puts on the list takes the contact's items in every campaign", func(c *campaign) {
		cursor, power, phone := c.newCursor(), c.another(), nextPhone()
		contact := c.add(person(withPhone(phone)))[0]
		item := c.give(uuid.New(), contact)[0]
		call := power.queueCalls(power.add(person(withPhone(phone)))[0])[0]
		c.revoke(c.consentOf(contact))
		result := c.purgeStep(cursor)
		require.Equal(c, []int{1, 1, 2}, []int{result.AgentItems, result.PowerItems, result.Events})
		got := c.item(item.ID)
		require.Equal(c, []string{string(queue.StateFailed), disposition.FailSuppressed}, []string{string(got.State), got.FailReason})
		power.requireCallFailed(call)
	})

	g.provesAlone("events about nobody who waits are left behind, and no row is written", func(c *campaign) {
		if c.suite.features.QueueRowVersions == nil {
			c.suite.skip(c, "QueueRowVersions")
		}
		cursor := c.newCursor()
		c.give(uuid.Nil, c.addCallable(2)...)
		before := c.suite.features.QueueRowVersions(c, c.store, c.id)
		c.suppress(anEntry(), anAddress())
		require.Equal(c, suppression.PurgeResult{Events: 2, Since: c.now}, c.purgeStep(cursor))
		require.Equal(c, before, c.suite.features.QueueRowVersions(c, c.store, c.id))
	})

	g.provesAlone("nothing to do changes nothing", func(c *campaign) {
		cursor := c.newCursor()
		c.give(uuid.Nil, c.addCallable(2)...)
		before := c.items()
		require.Equal(c, suppression.PurgeResult{}, c.purgeStep(cursor))
		requireSame(c, before, c.items())
	})
}

// withCampaign is the entry for one campaign.
func withCampaign(entry suppression.Entry, campaignID uuid.UUID) suppression.Entry {
	entry.CampaignID = campaignID
	return entry
}

// sweepSuppressedBehaviours proves SweepSuppressed.
func sweepSuppressedBehaviours(g *group) {
	g.provesAlone("it fails active items whose contact is on the list or has opted out, by whatever way that came about", func(c *campaign) {
		power := c.another()
		people, called := c.addCallable(4), power.addCallable(3)
		items, calls := c.give(uuid.Nil, people...), power.queueCalls(called...)
		c.suppress(suppressedBy(people[0]), suppressedBy(called[0]))
		_, err := c.store.RevokeConsent(c.Context(), suppression.ConsentParams{ContactID: called[1].ID, Source: suppression.SourceManual, ActorID: c.actor, Now: c.now})
		require.NoError(c, err)
		out := people[1]
		out.OptedOut = true
		c.updateContact(out)
		moved := people[2]
		moved.Phone = people[0].Phone
		c.updateContact(moved)

		c.sweepAll()
		for i, item := range items[:3] {
			got := c.item(item.ID)
			require.Equal(c, []string{string(queue.StateFailed), disposition.FailSuppressed}, []string{string(got.State), got.FailReason}, i)
			require.Equal(c, item.LockVersion+1, got.LockVersion)
		}
		requireSame(c, items[3], c.item(items[3].ID))
		for _, call := range calls[:2] {
			got := power.callItem(call.ID)
			require.Equal(c, []string{string(dialer.StateFailed), disposition.FailSuppressed}, []string{string(got.State), got.FailReason})
		}
		requireItem(c, calls[2], power.callItem(calls[2].ID))
	})

	g.provesAlone("it leaves alone whom nothing keeps from being called, and what has ended", func(c *campaign) {
		other, power, agent := c.another(), c.another(), uuid.New()
		people := c.addCallable(3)
		c.give(agent, people[2])
		c.clear(agent)
		c.give(uuid.Nil, people[0], people[1])
		called := power.addCallable(1)
		power.queueCalls(called...)
		c.suppress(suppressedBy(people[0], onlyIn(other.id)), suppressedBy(people[1], until(c.now.Add(time.Minute))),
			suppressedBy(people[2]), suppressedBy(called[0], onlyIn(other.id)))
		c.wait(time.Minute)
		items, calls := c.items(), power.callItems()
		c.sweepAll()
		requireSame(c, items, c.items())
		requireSame(c, calls, power.callItems())
	})

	g.provesAlone("it goes on behind the last item that it looked at", func(c *campaign) {
		c.sweepAll()
		people := c.addCallable(7)
		c.give(uuid.Nil, people...)
		for _, contact := range people {
			c.suppress(suppressedBy(contact))
		}
		looked, failed := 0, 0
		for after, more := uuid.Nil, true; more; looked++ {
			result, err := c.store.SweepSuppressed(c.Context(), suppression.SweepParams{Queue: suppression.QueueAgent, After: after, Limit: 3, Now: c.now})
			require.NoError(c, err)
			require.LessOrEqual(c, result.Failed, 3)
			if result.More {
				require.Positive(c, compareIDs(result.Last, after), "it comes further each time")
			}
			failed += result.Failed
			after, more = result.Last, result.More
		}
		require.Equal(c, len(people), failed)
		require.GreaterOrEqual(c, looked, 3)
	})
}
