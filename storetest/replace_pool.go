package storetest

import (
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/outdial/outdial"
	"github.com/outdial/outdial/queue"
)

// replacePoolBehaviours proves how a replace and the pool share contacts.
func replacePoolBehaviours(g *group) {
	g.proves("an item that waits in the pool is taken over with its id and provenance", func(c *campaign) {
		agent, launch, seven := uuid.New(), uuid.New(), 7
		contact := c.addCallable(1)[0]
		c.enqueue(queue.EnqueueParams{
			ContactIDs: []uuid.UUID{contact.ID}, Priority: &seven, LaunchID: launch,
			Provenance: outdial.Provenance{By: "project", Reason: outdial.ReasonDVEnrollment},
		})
		item := c.activeOf(contact)
		c.wait(time.Minute)
		result := c.replace(queue.ReplaceParams{AgentID: agent})
		require.Equal(c, queue.ReplaceResult{Assigned: 1, Matched: 1, Skipped: queue.NewSkips()}, result)
		requireSame(c, []queue.Item{takenOver(item, agent)}, c.items())
	})

	g.proves("a pool item that another agent holds is a collision", func(c *campaign) {
		item := c.lock(uuid.New(), c.addCallable(1)[0], true)
		c.wait(lockFor - time.Microsecond)
		result := c.replace(queue.ReplaceParams{AgentID: uuid.New()})
		require.Equal(c, 1, result.SkippedDueToCollision)
		requireSame(c, []queue.Item{item}, c.items())
	})

	g.proves("a pool item whose lock has expired is taken over", func(c *campaign) {
		agent := uuid.New()
		item := c.lock(uuid.New(), c.addCallable(1)[0], true)
		c.wait(lockFor)
		result := c.replace(queue.ReplaceParams{AgentID: agent})
		require.Equal(c, queue.ReplaceResult{Assigned: 1, Matched: 1, Skipped: queue.NewSkips()}, result)
		requireSame(c, []queue.Item{takenOver(item, agent)}, c.items())
	})

	g.proves("a pool item in progress is a collision even after its lock would have expired", func(c *campaign) {
		item := c.start(uuid.New(), c.addCallable(1)[0], true)
		c.wait(2 * lockFor)
		require.Equal(c, 1, c.replace(queue.ReplaceParams{AgentID: uuid.New()}).SkippedDueToCollision)
		requireSame(c, []queue.Item{item}, c.items())
	})

	g.proves("pool items beyond the bounds stay in the pool", func(c *campaign) {
		agent := uuid.New()
		people := c.addCallable(3)
		items := c.give(uuid.Nil, people...)
		c.replace(queue.ReplaceParams{AgentID: agent, MaxQueueSize: 1})
		require.Equal(c, contactIDs(people[:1]), c.queueOf(agent))
		requireSame(c, items[1:], []queue.Item{c.item(items[1].ID), c.item(items[2].ID)})
	})

	g.proves("a pool item that the agent holds becomes the agent's own when its contact is in the new queue", func(c *campaign) {
		agent := uuid.New()
		item := c.lock(agent, c.addCallable(1)[0], true)
		result := c.replace(queue.ReplaceParams{AgentID: agent})
		require.Equal(c, queue.ReplaceResult{
			Released: 1, Assigned: 1, Unchanged: 1, Matched: 1, Skipped: queue.NewSkips(),
		}, result)
		requireSame(c, []queue.Item{takenOver(item, agent)}, c.items())
	})

	g.proves("a pool item that the agent holds goes back to the pool when its contact is not in the new queue", func(c *campaign) {
		agent := uuid.New()
		item := c.lock(agent, c.addCallable(1, named("Zoe"))[0], true)
		result := c.replace(queue.ReplaceParams{AgentID: agent, Filter: contains("bob")})
		require.Equal(c, queue.ReplaceResult{Released: 1, Skipped: queue.NewSkips()}, result)
		requireSame(c, []queue.Item{pooledAgain(item)}, c.items())
	})

	g.proves("a pool item that the agent held until its lock expired is still one of the agent's", func(c *campaign) {
		staying, leaving := uuid.New(), uuid.New()
		stays := c.lock(staying, c.addCallable(1, named("Bob"))[0], true)
		leaves := c.lock(leaving, c.addCallable(1, named("Zoe"))[0], true)
		c.wait(lockFor)
		p := queue.ReplaceParams{AgentID: staying, Filter: contains("bob")}
		require.Equal(c, queue.ReplaceResult{
			Released: 1, Assigned: 1, Unchanged: 1, Matched: 1, Skipped: queue.NewSkips(),
		}, c.replace(p))
		requireSame(c, takenOver(stays, staying), c.item(stays.ID))

		p.AgentID = leaving
		require.Equal(c, queue.ReplaceResult{
			Released: 1, Matched: 1, Skipped: skips(queue.SkipCollision, 1), SkippedDueToCollision: 1,
		}, c.replace(p))
		requireSame(c, pooledAgain(leaves), c.item(leaves.ID))
	})

	g.proves("a pool item in progress with the agent is kept, or released when asked", func(c *campaign) {
		agent := uuid.New()
		contact := c.addCallable(1)[0]
		item := c.start(agent, contact, true)
		require.Equal(c, 1, c.replace(queue.ReplaceParams{AgentID: agent}).KeptInProgress)
		requireSame(c, []queue.Item{item}, c.items())

		result := c.replace(queue.ReplaceParams{AgentID: agent, ReleaseInProgress: true})
		require.Equal(c, queue.ReplaceResult{Released: 1, Assigned: 1, Matched: 1, Skipped: queue.NewSkips()}, result)
		requireSame(c, released(item, c.now), c.item(item.ID))
		require.False(c, c.activeOf(contact).Pooled)
	})
}

// takenOver is a pool item after a replace made it an agent's own.
func takenOver(item queue.Item, agent uuid.UUID) queue.Item {
	item = queuedAgain(item)
	item.AgentID, item.Pooled = agent, false
	return item
}
