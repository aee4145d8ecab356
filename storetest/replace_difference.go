package storetest

import (
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/outdial/outdial"
	"github.com/outdial/outdial/queue"
)

// replaceDifferenceBehaviours proves which rows a replace writes, and what it
// writes in them.
func replaceDifferenceBehaviours(g *group) {
	g.proves("a second identical call writes no queue row", func(c *campaign) {
		agent := uuid.New()
		p := everyKindOfReplace(c, agent)
		first := c.replace(p)
		before := c.items()
		c.wait(time.Minute)

		second := c.replace(p)
		requireSame(c, before, c.items())
		require.Equal(c, queue.ReplaceResult{
			Released: first.Assigned, Assigned: first.Assigned, Unchanged: first.Assigned,
			KeptInProgress: first.KeptInProgress, MatchedKept: first.MatchedKept,
			Matched: first.Matched, Skipped: first.Skipped, SkippedDueToCollision: first.SkippedDueToCollision,
		}, second)
	})

	g.proves("a second identical call does not even write a row back as it was", func(c *campaign) {
		agent := uuid.New()
		p := everyKindOfReplace(c, agent)
		c.replace(p)
		before := c.rowVersions()
		c.wait(time.Minute)
		c.replace(p)
		require.Equal(c, before, c.rowVersions())
	})

	g.proves("a replace writes only the rows that differ", func(c *campaign) {
		agent := uuid.New()
		stays, goes := c.addCallable(3, named("Bob")), c.addCallable(1, named("Zoe"))
		c.replace(queue.ReplaceParams{AgentID: agent})
		before := c.rowVersions()
		c.replace(queue.ReplaceParams{AgentID: agent, Filter: contains("bob")})
		after := c.rowVersions()
		for _, contact := range stays {
			id := c.activeOf(contact).ID
			require.Equal(c, before[id], after[id])
		}
		for _, item := range c.itemsOf(agent) {
			if item.ContactID == goes[0].ID {
				require.NotEqual(c, before[item.ID], after[item.ID], "the proof can fail: a written row has another version")
			}
		}
	})

	g.proves("a new item says where it came from", func(c *campaign) {
		agent := uuid.New()
		contact := c.addCallable(1, withPriority(4))[0]
		c.replace(queue.ReplaceParams{AgentID: agent})
		items := c.items()
		require.Len(c, items, 1)
		requireSame(c, queue.Item{
			ID: items[0].ID, CampaignID: c.id, AgentID: agent, ContactID: contact.ID,
			State: queue.StateQueued, Priority: 4, QueuedAt: c.now, Contact: contact,
			Provenance: outdial.Provenance{By: c.actor.String(), Reason: outdial.ReasonCampaignAudience},
		}, items[0])
		require.NotEqual(c, uuid.Nil, items[0].ID)
	})

	g.proves("a row that is in both the old queue and the new is not written", func(c *campaign) {
		agent, nine := uuid.New(), 9
		people := c.addCallable(2, withPriority(2))
		c.enqueue(queue.EnqueueParams{
			AgentID: agent, ContactIDs: contactIDs(people), Priority: &nine, ScheduledFor: c.now.Add(time.Hour),
			LaunchID: uuid.New(), Provenance: outdial.Provenance{By: "system", Reason: outdial.ReasonCallback},
		})
		before := c.items()
		c.wait(time.Minute)
		result := c.replace(queue.ReplaceParams{AgentID: agent})
		requireSame(c, before, c.items())
		require.Equal(c, queue.ReplaceResult{
			Released: 2, Assigned: 2, Unchanged: 2, Matched: 2, Skipped: queue.NewSkips(),
		}, result)
	})

	g.proves("a locked row that is in both goes back to queued", func(c *campaign) {
		agent := uuid.New()
		item := c.lock(agent, c.addCallable(1)[0], false)
		c.wait(time.Minute)
		result := c.replace(queue.ReplaceParams{AgentID: agent})
		require.Equal(c, queue.ReplaceResult{
			Released: 1, Assigned: 1, Unchanged: 1, Matched: 1, Skipped: queue.NewSkips(),
		}, result)
		requireSame(c, []queue.Item{queuedAgain(item)}, c.items())
	})

	g.proves("a locked row whose lock has expired goes back to queued", func(c *campaign) {
		agent := uuid.New()
		item := c.lock(agent, c.addCallable(1)[0], false)
		c.wait(lockFor)
		require.Equal(c, 1, c.replace(queue.ReplaceParams{AgentID: agent}).Unchanged)
		requireSame(c, []queue.Item{queuedAgain(item)}, c.items())
	})

	g.proves("queued and locked rows that are not in the new queue are released", func(c *campaign) {
		agent := uuid.New()
		people := c.addCallable(2, named("Zoe"))
		locked := c.lock(agent, people[0], false)
		queued := c.give(agent, people[1])[0]
		c.wait(time.Minute)
		result := c.replace(queue.ReplaceParams{AgentID: agent, Filter: contains("bob")})
		require.Equal(c, queue.ReplaceResult{Released: 2, Skipped: queue.NewSkips()}, result)
		requireSame(c, released(locked, c.now), c.item(locked.ID))
		requireSame(c, released(queued, c.now), c.item(queued.ID))
	})

	g.proves("a row whose contact must no longer be called is released", func(c *campaign) {
		agent := uuid.New()
		contact := c.addCallable(1)[0]
		item := c.give(agent, contact)[0]
		c.suppress(suppressedBy(contact))
		result := c.replace(queue.ReplaceParams{AgentID: agent})
		require.Equal(c, queue.ReplaceResult{Released: 1, Matched: 1, Skipped: skips(queue.SkipSuppressed, 1)}, result)
		requireSame(c, []queue.Item{released(item, c.now)}, c.items())
	})

	g.proves("a row that the new bounds leave out is released", func(c *campaign) {
		agent := uuid.New()
		people := c.addCallable(5)
		c.replace(queue.ReplaceParams{AgentID: agent})
		result := c.replace(queue.ReplaceParams{AgentID: agent, MaxQueueSize: 2})
		require.Equal(c, queue.ReplaceResult{
			Released: 5, Assigned: 2, Unchanged: 2, Matched: 5, Skipped: skips(queue.SkipQueueFull, 3),
		}, result)
		require.Equal(c, contactIDs(people[:2]), c.queueOf(agent))
	})

	g.proves("a contact that comes before makes room for itself", func(c *campaign) {
		agent := uuid.New()
		people := c.addCallable(2)
		c.replace(queue.ReplaceParams{AgentID: agent, MaxQueueSize: 2})
		first := c.addCallable(1, withPriority(1))
		c.replace(queue.ReplaceParams{AgentID: agent, MaxQueueSize: 2})
		require.ElementsMatch(c, []uuid.UUID{first[0].ID, people[0].ID}, c.queueOf(agent))
	})

	g.proves("items in progress are kept", func(c *campaign) {
		agent := uuid.New()
		item := c.start(agent, c.addCallable(1)[0], false)
		c.wait(time.Minute)
		result := c.replace(queue.ReplaceParams{AgentID: agent})
		require.Equal(c, queue.ReplaceResult{
			KeptInProgress: 1, MatchedKept: 1, Matched: 1, Skipped: queue.NewSkips(),
		}, result)
		requireSame(c, []queue.Item{item}, c.items())
	})

	g.proves("with ReleaseInProgress a running item is released and its contact comes back as a new one", func(c *campaign) {
		agent := uuid.New()
		contact := c.addCallable(1)[0]
		item := c.start(agent, contact, false)
		c.wait(time.Minute)
		result := c.replace(queue.ReplaceParams{AgentID: agent, ReleaseInProgress: true})
		require.Equal(c, queue.ReplaceResult{Released: 1, Assigned: 1, Matched: 1, Skipped: queue.NewSkips()}, result)
		requireSame(c, released(item, c.now), c.item(item.ID))
		again := c.activeOf(contact)
		require.NotEqual(c, item.ID, again.ID)
		require.Equal(c, queue.StateQueued, again.State)
		require.Zero(c, again.LockVersion)
	})

	g.proves("with ReleaseInProgress a running item whose contact is not in the new queue is only released", func(c *campaign) {
		agent := uuid.New()
		item := c.start(agent, c.addCallable(1, named("Zoe"))[0], false)
		result := c.replace(queue.ReplaceParams{AgentID: agent, ReleaseInProgress: true, Filter: contains("bob")})
		require.Equal(c, queue.ReplaceResult{Released: 1, Skipped: queue.NewSkips()}, result)
		requireSame(c, []queue.Item{released(item, c.now)}, c.items())
	})

	g.proves("with ReleaseInProgress other agents' running items stay", func(c *campaign) {
		item := c.start(uuid.New(), c.addCallable(1)[0], false)
		c.replace(queue.ReplaceParams{AgentID: uuid.New(), ReleaseInProgress: true})
		requireSame(c, []queue.Item{item}, c.items())
	})
}

// rowVersions reads what proves that a row was not written. It skips the test
// when the store declares no way.
func (c *campaign) rowVersions() map[uuid.UUID]string {
	c.Helper()
	if c.suite.features.QueueRowVersions == nil {
		c.suite.skip(c, "QueueRowVersions")
	}
	return c.suite.features.QueueRowVersions(c, c.store, c.id)
}

// queuedAgain is a locked item after it went back to its agent's queue.
func queuedAgain(item queue.Item) queue.Item {
	item = unlocked(item)
	item.State = queue.StateQueued
	return item
}

// pooledAgain is a locked item after it went back to the pool.
func pooledAgain(item queue.Item) queue.Item {
	item = queuedAgain(item)
	item.AgentID = uuid.Nil
	return item
}

// released is an active item after it was taken out of a queue.
func released(item queue.Item, now time.Time) queue.Item {
	item = unlocked(item)
	item.State, item.ReleasedAt = queue.StateReleased, now
	return item
}

// unlocked is the item without a lock, one change of state later.
func unlocked(item queue.Item) queue.Item {
	item.LockedAt, item.LockExpiresAt = time.Time{}, time.Time{}
	item.LockVersion++
	return item
}
