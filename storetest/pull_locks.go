package storetest

import (
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/outdial/outdial/queue"
)

// pullLockBehaviours proves what a lock is worth, while it lives and after.
func pullLockBehaviours(g *group) {
	g.proves("an agent who holds a live lock gets the same item again, unchanged", func(c *campaign) {
		agent := uuid.New()
		people := c.addCallable(3)
		item := c.lock(agent, people[0], false)
		c.lock(uuid.New(), people[1], true)
		c.give(agent, people[2])
		before := c.items()
		c.wait(lockFor - time.Microsecond)
		requireSame(c, item, c.takeAgain(agent))
		requireSame(c, before, c.items())
	})

	g.proves("an agent who holds a live lock on a pool item gets the same item again, unchanged", func(c *campaign) {
		agent := uuid.New()
		people := c.addCallable(2)
		item := c.lock(agent, people[0], true)
		c.give(agent, people[1])
		c.wait(lockFor - time.Microsecond)
		requireSame(c, item, c.takeAgain(agent))
		requireSame(c, item, c.item(item.ID))
	})

	g.proves("a heartbeat makes a lock live longer", func(c *campaign) {
		agent := uuid.New()
		item := c.lock(agent, c.addCallable(1)[0], true)
		c.wait(time.Minute)
		c.move(item, queue.MoveHeartbeat)
		c.wait(lockFor - time.Microsecond)
		c.takeNothing(uuid.New())
		c.takeAgain(agent)
	})

	g.proves("a live lock keeps everybody else from a pool item", func(c *campaign) {
		item := c.lock(uuid.New(), c.addCallable(1)[0], true)
		c.wait(lockFor - time.Microsecond)
		c.takeNothing(uuid.New())
		requireSame(c, []queue.Item{item}, c.items())
	})

	g.proves("an expired lock counts as no lock: another agent takes the pool item over", func(c *campaign) {
		agent := uuid.New()
		item := c.lock(uuid.New(), c.addCallable(1)[0], true)
		c.wait(lockFor)
		want := lockedBy(item, agent, c.now)
		requireSame(c, want, c.take(agent))
		requireSame(c, []queue.Item{want}, c.items())
	})

	g.proves("an item with an expired lock has its place in the pool's order", func(c *campaign) {
		nine, five := 9, 5
		people := c.addCallable(3)
		c.enqueue(queue.EnqueueParams{ContactIDs: contactIDs(people[:1]), Priority: &five})
		c.take(uuid.New())
		c.give(uuid.Nil, people[1])
		c.enqueue(queue.EnqueueParams{ContactIDs: contactIDs(people[2:]), Priority: &nine})
		c.wait(lockFor)
		require.Equal(c, []uuid.UUID{people[2].ID, people[0].ID, people[1].ID}, c.workOff(uuid.New()))
	})

	g.proves("another agent's own item is not taken over when its lock has expired", func(c *campaign) {
		item := c.lock(uuid.New(), c.addCallable(1)[0], false)
		c.wait(lockFor)
		c.takeNothing(uuid.New())
		requireSame(c, []queue.Item{item}, c.items())
	})

	g.proves("a running item is not taken over after its lock would have expired", func(c *campaign) {
		item := c.start(uuid.New(), c.addCallable(1)[0], true)
		c.wait(2 * lockFor)
		c.takeNothing(uuid.New())
		c.takeNothing(item.AgentID)
		requireSame(c, []queue.Item{item}, c.items())
	})

	g.proves("an agent's own expired lock is returned and then pulled in its turn", func(c *campaign) {
		agent := uuid.New()
		item := c.lock(agent, c.addCallable(1)[0], false)
		c.wait(lockFor)
		want := lockedBy(queuedAgain(item), agent, c.now)
		requireSame(c, want, c.take(agent))
		requireSame(c, []queue.Item{want}, c.items())
	})

	g.proves("an agent's expired lock on a pool item is returned and then pulled in its turn", func(c *campaign) {
		agent := uuid.New()
		item := c.lock(agent, c.addCallable(1)[0], true)
		c.wait(lockFor)
		want := lockedBy(pooledAgain(item), agent, c.now)
		requireSame(c, want, c.take(agent))
		requireSame(c, []queue.Item{want}, c.items())
	})

	g.proves("an agent's expired lock makes way for an item that comes before", func(c *campaign) {
		for _, fromPool := range []bool{false, true} {
			agent, one := uuid.New(), 1
			people := c.addCallable(2)
			owner, returned := agent, queuedAgain
			if fromPool {
				owner, returned = uuid.Nil, pooledAgain
			}
			c.give(owner, people[0])
			item := c.take(agent)
			c.enqueue(queue.EnqueueParams{AgentID: agent, ContactIDs: contactIDs(people[1:]), Priority: &one})
			c.wait(lockFor)
			require.Equal(c, people[1].ID, c.take(agent).ContactID)
			requireSame(c, returned(item), c.item(item.ID))
			c.clear(uuid.Nil)
		}
	})

	g.proves("an agent never has two items locked", func(c *campaign) {
		agent := uuid.New()
		c.give(uuid.Nil, c.addCallable(3)...)
		c.give(agent, c.addCallable(3)...)
		for range 6 {
			require.NotNil(c, c.pull(agent).Item)
			requireCoherent(c, c.items())
			c.wait(lockFor / 2)
		}
	})
}
