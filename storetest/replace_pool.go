package storetest

import (
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/outdial/outdial"
	"github.com/outdial/outdial/queue"
)

// replacePoolBehaviours proves how a replace and the pool share contacts.
func replacePoolBehaviours(g *group) {
	g.proves("an item that waits in the pool is taken over with its id and provenance", func(t *testing.T, c *campaign) {
		agent, launch, seven := uuid.New(), uuid.New(), 7
		contact := c.addCallable(1)[0]
		c.enqueue(queue.EnqueueParams{
			ContactIDs: []uuid.UUID{contact.ID}, Priority: &seven, LaunchID: launch,
			Provenance: outdial.Provenance{By: "project", Reason: outdial.ReasonDVEnrollment},
		})
		item := c.activeOf(contact)
		c.wait(time.Minute)
		result := c.replace(queue.ReplaceParams{AgentID: agent})
		require.Equal(t, queue.ReplaceResult{Assigned: 1, Matched: 1, Skipped: queue.NewSkips()}, result)
		requireSame(t, []queue.Item{takenOver(item, agent)}, c.items())
	})

	g.proves("a pool item that another agent holds is a collision", func(t *testing.T, c *campaign) {
		item := c.lock(uuid.New(), c.addCallable(1)[0], true)
		c.wait(lockFor - time.Microsecond)
		result := c.replace(queue.ReplaceParams{AgentID: uuid.New()})
		require.Equal(t, 1, result.SkippedDueToCollision)
		requireSame(t, []queue.Item{item}, c.items())
	})

	g.proves("a pool item whose lock has expired is taken over", func(t *testing.T, c *campaign) {
		agent := uuid.New()
		item := c.lock(uuid.New(), c.addCallable(1)[0], true)
		c.wait(lockFor)
		result := c.replace(queue.ReplaceParams{AgentID: agent})
		require.Equal(t, queue.ReplaceResult{Assigned: 1, Matched: 1, Skipped: queue.NewSkips()}, result)
		requireSame(t, []queue.Item{takenOver(item, agent)}, c.items())
	})

	g.proves("a pool item in progress is a collision even after its lock would have expired", func(t *testing.T, c *campaign) {
		item := c.start(uuid.New(), c.addCallable(1)[0], true)
		c.wait(2 * lockFor)
		require.Equal(t, 1, c.replace(queue.ReplaceParams{AgentID: uuid.New()}).SkippedDueToCollision)
		requireSame(t, []queue.Item{item}, c.items())
	})

	g.proves("pool items beyond the bounds stay in the pool", func(t *testing.T, c *campaign) {
		agent := uuid.New()
		people := c.addCallable(3)
		items := c.give(uuid.Nil, people...)
		c.replace(queue.ReplaceParams{AgentID: agent, MaxQueueSize: 1})
		require.Equal(t, contactIDs(people[:1]), c.queueOf(agent))
		requireSame(t, items[1:], []queue.Item{c.item(items[1].ID), c.item(items[2].ID)})
	})

	g.proves("a pool item that the agent holds becomes the agent's own when its contact is in the new queue", func(t *testing.T, c *campaign) {
		agent := uuid.New()
		item := c.lock(agent, c.addCallable(1)[0], true)
		result := c.replace(queue.ReplaceParams{AgentID: agent})
		require.Equal(t, queue.ReplaceResult{
			Released: 1, Assigned: 1, Unchanged: 1, Matched: 1, Skipped: queue.NewSkips(),
		}, result)
		requireSame(t, []queue.Item{takenOver(item, agent)}, c.items())
	})

	g.proves("a pool item that the agent holds goes back to the pool when its contact is not in the new queue", func(t *testing.T, c *campaign) {
		agent := uuid.New()
		item := c.lock(agent, c.addCallable(1, named("Zoe"))[0], true)
		result := c.replace(queue.ReplaceParams{AgentID: agent, Filter: contains("bob")})
		require.Equal(t, queue.ReplaceResult{Released: 1, Skipped: queue.NewSkips()}, result)
		requireSame(t, []queue.Item{pooledAgain(item)}, c.items())
	})

	g.proves("a pool item that the agent held until its lock expired is still one of the agent's", func(t *testing.T, c *campaign) {
		staying, leaving := uuid.New(), uuid.New()
		stays := c.lock(staying, c.addCallable(1, named("Bob"))[0], true)
		leaves := c.lock(leaving, c.addCallable(1, named("Zoe"))[0], true)
		c.wait(lockFor)
		p := queue.ReplaceParams{AgentID: staying, Filter: contains("bob")}
		require.Equal(t, queue.ReplaceResult{
			Released: 1, Assigned: 1, Unchanged: 1, Matched: 1, Skipped: queue.NewSkips(),
		}, c.replace(p))
		requireSame(t, takenOver(stays, staying), c.item(stays.ID))

		p.AgentID = leaving
		require.Equal(t, queue.ReplaceResult{
			Released: 1, Matched: 1, Skipped: skips(queue.SkipCollision, 1), SkippedDueToCollision: 1,
		}, c.replace(p))
		requireSame(t, pooledAgain(leaves), c.item(leaves.ID))
	})

	g.proves("a pool item in progress with the agent is kept, or released when asked", func(t *testing.T, c *campaign) {
		agent := uuid.New()
		contact := c.addCallable(1)[0]
		item := c.start(agent, contact, true)
		require.Equal(t, 1, c.replace(queue.ReplaceParams{AgentID: agent}).KeptInProgress)
		requireSame(t, []queue.Item{item}, c.items())

		result := c.replace(queue.ReplaceParams{AgentID: agent, ReleaseInProgress: true})
		require.Equal(t, queue.ReplaceResult{Released: 1, Assigned: 1, Matched: 1, Skipped: queue.NewSkips()}, result)
		requireSame(t, released(item, c.now), c.item(item.ID))
		require.False(t, c.activeOf(contact).Pooled)
	})
}

// takenOver is a pool item after a replace made it an agent's own.
func takenOver(item queue.Item, agent uuid.UUID) queue.Item {
	item = queuedAgain(item)
	item.AgentID, item.Pooled = agent, false
	return item
}
