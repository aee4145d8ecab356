package storetest

import (
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/outdial/outdial"
	"github.com/outdial/outdial/disposition"
	"github.com/outdial/outdial/queue"
)

// asCallback is why an item is a callback.
var asCallback = outdial.Provenance{By: "system", Reason: outdial.ReasonCallback}

// awaited gives a contact to an agent, who promises to call at that time, and returns
// the item that waits.
func (c *campaign) awaited(agent uuid.UUID, contact outdial.Contact, at time.Time, edits ...func(*disposition.RecordParams)) queue.Item {
	c.Helper()
	item := c.lock(agent, contact, false)
	c.dispose(subjectOf(item, contact), disposition.CodeCallback, append(edits, calledBackAt(at))...)
	return c.item(item.ID)
}

// dispositionPullBehaviours proves callbacks in PullItem, EnqueueItems, ReplaceQueue,
// ClearQueue and ListItems.
func dispositionPullBehaviours(g *group) {
	callbackOrderBehaviours(g)
	callbackGraceBehaviours(g)

	g.proves("EnqueueItems: items with ReasonCallback are callbacks at the time that they are scheduled for", func(c *campaign) {
		at := c.now.Add(time.Hour)
		for _, agent := range []uuid.UUID{uuid.New(), uuid.Nil} {
			for _, reason := range outdial.Reasons() {
				contact := c.addCallable(1)[0]
				c.enqueue(queue.EnqueueParams{
					AgentID: agent, ContactIDs: []uuid.UUID{contact.ID}, ScheduledFor: at, Provenance: outdial.Provenance{By: "system", Reason: reason},
				})
				item := c.activeOf(contact)
				require.Equal(c, reason == outdial.ReasonCallback, item.CallbackAt.Equal(at), reason)
				require.Equal(c, reason != outdial.ReasonCallback, item.CallbackAt.IsZero(), reason)
				require.Equal(c, uuid.Nil, item.CallbackAgentID)
				require.True(c, item.ScheduledFor.Equal(at))
			}
		}
	})

	g.proves("EnqueueItems: a callback that is not scheduled is due at once", func(c *campaign) {
		c.enqueue(queue.EnqueueParams{ContactIDs: contactIDs(c.addCallable(1)), Provenance: asCallback})
		require.True(c, c.items()[0].CallbackAt.Equal(c.now))
	})

	g.proves("ListItems: an agent's are those that the agent has and the callbacks that wait for them", func(c *campaign) {
		agent, other := uuid.New(), uuid.New()
		people := c.addCallable(4)
		at := c.now.Add(time.Hour)
		mine := c.awaited(agent, people[0], at)
		c.awaited(other, people[1], at)
		c.awaited(agent, people[2], at, forAnyone)
		own := c.give(agent, people[3])[0]
		ids := func(items []queue.Item) []uuid.UUID {
			list := []uuid.UUID{}
			for _, item := range items {
				list = append(list, item.ID)
			}
			return list
		}
		require.Equal(c, []uuid.UUID{mine.ID, own.ID}, ids(c.itemsOf(agent)))
		require.Equal(c, []uuid.UUID{mine.ID, own.ID}, ids(c.list(queue.ListParams{AgentID: agent, State: queue.StateQueued})))
		require.Len(c, c.items(), 4)
		c.now = at
		taken := c.takeAfter(other, at)
		require.NotEqual(c, own.ID, taken.ID)
		for taken.ID != mine.ID {
			c.dispose(subjectOf(taken, taken.Contact), disposition.CodeNotInterested)
			taken = c.takeAfter(other, at)
		}
		require.Equal(c, []uuid.UUID{own.ID}, ids(c.itemsOf(agent)), "somebody else has it")
	})

	g.proves("ClearQueue: callbacks that wait in the pool for an agent stay when the agent's queue is cleared", func(c *campaign) {
		agent := uuid.New()
		item := c.awaited(agent, c.addCallable(1)[0], c.now.Add(time.Hour))
		require.Zero(c, c.clear(agent))
		requireSame(c, item, c.item(item.ID))
		require.Equal(c, 1, c.clear(uuid.Nil))
	})

	g.proves("ReplaceQueue: a callback is cooling down until it is due, and taken over as it is then", func(c *campaign) {
		agent := uuid.New()
		item := c.awaited(uuid.New(), c.addCallable(1)[0], c.now.Add(time.Hour))
		require.Equal(c, 1, c.replace(queue.ReplaceParams{AgentID: agent}).Skipped[queue.SkipCoolingDown])
		requireSame(c, item, c.item(item.ID))
		c.now = item.CallbackAt
		require.Equal(c, 1, c.replace(queue.ReplaceParams{AgentID: agent}).Assigned)
		taken := c.item(item.ID)
		require.Equal(c, agent, taken.AgentID)
		require.False(c, taken.Pooled)
		require.True(c, taken.CallbackAt.Equal(item.CallbackAt), "it loses nothing")
		require.Equal(c, item.ID, c.take(agent).ID)
	})
}

// callbackOrderBehaviours proves which callback comes first.
func callbackOrderBehaviours(g *group) {
	g.proves("callbacks that are due come before own items and the pool's, whatever their priority", func(c *campaign) {
		agent, high := uuid.New(), 1000
		at := c.now.Add(time.Hour)
		people := c.addCallable(4)
		c.enqueue(queue.EnqueueParams{AgentID: agent, ContactIDs: contactIDs(people[:1]), Priority: &high, ScheduledFor: at})
		c.enqueue(queue.EnqueueParams{ContactIDs: contactIDs(people[1:2]), Priority: &high, ScheduledFor: at})
		c.enqueue(queue.EnqueueParams{ContactIDs: contactIDs(people[2:3]), ScheduledFor: at, Provenance: asCallback})
		c.enqueue(queue.EnqueueParams{AgentID: agent, ContactIDs: contactIDs(people[3:]), ScheduledFor: at.Add(time.Second), Provenance: asCallback})
		c.now = at.Add(time.Minute)
		for _, want := range []outdial.Contact{people[2], people[3], people[0], people[1]} {
			item := c.take(agent)
			require.Equal(c, want.ID, item.ContactID)
			c.move(item, queue.MoveStart)
		}
	})

	g.proves("the earliest callback comes before the others, of the pool or the agent's own, and of one time the oldest item", func(c *campaign) {
		agent := uuid.New()
		people := c.addCallable(6)
		low := -5
		for i, who := range []struct {
			owner uuid.UUID
			after time.Duration
		}{{agent, 30 * time.Minute}, {uuid.Nil, 10 * time.Minute}, {agent, 20 * time.Minute}, {uuid.Nil, 40 * time.Minute}, {agent, 50 * time.Minute}, {uuid.Nil, 50 * time.Minute}} {
			priority := low * (i % 2)
			c.enqueue(queue.EnqueueParams{
				AgentID: who.owner, ContactIDs: []uuid.UUID{people[i].ID}, ScheduledFor: c.now.Add(who.after), Priority: &priority, Provenance: asCallback,
			})
		}
		c.wait(time.Hour)
		for _, i := range []int{1, 2, 0, 3, 4, 5} {
			item := c.take(agent)
			require.Equal(c, people[i].ID, item.ContactID, "callback %d", i)
			c.move(item, queue.MoveStart)
		}
	})

	g.proves("a callback is not pulled before it is due", func(c *campaign) {
		agent := uuid.New()
		item := c.awaited(agent, c.addCallable(1)[0], c.now.Add(time.Hour))
		c.now = item.CallbackAt.Add(-time.Microsecond)
		c.takeNothing(agent)
		c.now = item.CallbackAt
		require.Equal(c, item.ID, c.take(agent).ID)
	})

	g.proves("a callback that is due is locked like every item, and keeps what it is", func(c *campaign) {
		agent := uuid.New()
		item := c.awaited(agent, c.addCallable(1)[0], c.now.Add(time.Hour))
		c.now = item.CallbackAt
		want := lockedBy(item, agent, c.now)
		requireSame(c, want, c.take(agent))
		requireSame(c, want, c.takeAgain(agent))
		requireSame(c, []queue.Item{want}, c.items())
	})

	g.proves("callbacks to whom nobody may call are passed over", func(c *campaign) {
		agent, other := uuid.New(), c.another().running()
		phone := nextPhone()
		people := c.add(person(), person(withPhone(phone)), person())
		at := c.now.Add(time.Hour)
		c.enqueue(queue.EnqueueParams{ContactIDs: contactIDs(people[:1]), ScheduledFor: at, Provenance: asCallback})
		c.enqueue(queue.EnqueueParams{AgentID: agent, ContactIDs: contactIDs(people[1:2]), ScheduledFor: at, Provenance: asCallback})
		c.enqueue(queue.EnqueueParams{ContactIDs: contactIDs(people[2:]), ScheduledFor: at.Add(time.Second), Provenance: asCallback})
		c.suppress(suppressedBy(people[0]))
		other.dial(other.add(person(withPhone(phone)))[0])
		c.wait(2 * time.Hour)
		require.Equal(c, people[2].ID, c.take(agent).ContactID)
	})
}

// callbackGraceBehaviours proves whose a callback is.
func callbackGraceBehaviours(g *group) {
	g.proves("a callback that waits for another agent is passed over unless it was promised for CallbacksSince or before", func(c *campaign) {
		agent, high := uuid.New(), 1000
		contact := c.addCallable(1)[0]
		item := c.awaited(agent, contact, c.now.Add(time.Hour))
		c.enqueue(queue.EnqueueParams{ContactIDs: contactIDs(c.addCallable(1)), Priority: &high, ScheduledFor: item.CallbackAt.Add(24 * time.Hour)})
		c.now = item.CallbackAt.Add(time.Hour)
		for _, since := range []time.Time{{}, item.CallbackAt.Add(-time.Microsecond), item.CallbackAt.Add(-time.Hour)} {
			p := c.pullParams(uuid.New())
			p.CallbacksSince = since
			result, err := c.store.PullItem(c.Context(), p)
			require.NoError(c, err)
			require.Nil(c, result.Item, "since %s", since)
		}
		require.Equal(c, item.ID, c.takeAfter(uuid.New(), item.CallbackAt).ID)
	})

	g.proves("whoever promised a callback gets it however long it has been due", func(c *campaign) {
		agent := uuid.New()
		item := c.awaited(agent, c.addCallable(1)[0], c.now.Add(time.Hour))
		c.now = item.CallbackAt.Add(100 * time.Hour)
		require.Equal(c, item.ID, c.takeAfter(agent, c.now).ID)
	})

	g.proves("a callback for anyone is the first's who pulls", func(c *campaign) {
		item := c.awaited(uuid.New(), c.addCallable(1)[0], c.now.Add(time.Hour), forAnyone)
		c.now = item.CallbackAt
		require.Equal(c, item.ID, c.take(uuid.New()).ID)
	})

	g.proves("a callback whose lock has expired, or that was given back, waits in the pool as before", func(c *campaign) {
		agent, other := uuid.New(), uuid.New()
		item := c.awaited(agent, c.addCallable(1)[0], c.now.Add(time.Hour))
		c.now = item.CallbackAt
		back := c.move(c.take(agent), queue.MoveGiveBack)
		require.True(c, back.CallbackAt.Equal(item.CallbackAt))
		require.Equal(c, agent, back.CallbackAgentID)
		require.Equal(c, uuid.Nil, back.AgentID)
		c.takeNothing(other)
		c.take(agent)
		c.wait(lockFor)
		c.takeNothing(other)
		require.Equal(c, item.ID, c.takeAfter(other, c.now).ID)
	})

	g.proves("a callback among an agent's own items is nobody else's, whoever promised it", func(c *campaign) {
		agent := uuid.New()
		item := c.awaited(uuid.New(), c.addCallable(1)[0], c.now.Add(time.Hour))
		c.now = item.CallbackAt
		c.replace(queue.ReplaceParams{AgentID: agent})
		p := c.pullParams(uuid.New())
		p.CallbacksSince = c.now
		result, err := c.store.PullItem(c.Context(), p)
		require.NoError(c, err)
		require.Nil(c, result.Item)
		require.Equal(c, item.ID, c.take(agent).ID)
	})

	g.proves("a callback that reached nobody has no precedence any more", func(c *campaign) {
		agent, high := uuid.New(), 1000
		contact := c.addCallable(1)[0]
		c.give(agent, contact)
		c.dispose(subjectOf(c.take(agent), contact), disposition.CodeCallback)
		c.wait(callbackIn)
		result := c.dispose(subjectOf(c.take(agent), contact), disposition.CodeBusy)
		c.now = *result.NextAttemptAt
		first := c.addCallable(1)
		c.enqueue(queue.EnqueueParams{AgentID: agent, ContactIDs: contactIDs(first), Priority: &high})
		require.Equal(c, first[0].ID, c.take(agent).ContactID)
	})
}
