package storetest

import (
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/outdial/outdial"
	"github.com/outdial/outdial/queue"
)

// clearBehaviours proves ClearQueue, of one agent and of everybody.
func clearBehaviours(g *group) {
	g.proves("it releases queued and locked items of one agent", func(c *campaign) {
		agent := uuid.New()
		people := c.addCallable(3)
		locked := c.lock(agent, people[0], false)
		queued := c.give(agent, people[1:]...)
		c.wait(time.Minute)
		require.Equal(c, 3, c.clear(agent))
		requireSame(c, released(locked, c.now), c.item(locked.ID))
		for _, item := range queued {
			requireSame(c, released(item, c.now), c.item(item.ID))
		}
	})

	g.proves("it releases items that are scheduled for later", func(c *campaign) {
		agent := uuid.New()
		c.enqueue(queue.EnqueueParams{AgentID: agent, ContactIDs: contactIDs(c.addCallable(1)), ScheduledFor: c.now.Add(time.Hour)})
		require.Equal(c, 1, c.clear(agent))
	})

	g.proves("items in progress stay", func(c *campaign) {
		agent := uuid.New()
		item := c.start(agent, c.addCallable(1)[0], false)
		require.Zero(c, c.clear(agent))
		require.Zero(c, c.clear(uuid.Nil))
		requireSame(c, []queue.Item{item}, c.items())
	})

	g.proves("items that an agent holds from the pool go back to it", func(c *campaign) {
		agent := uuid.New()
		item := c.lock(agent, c.addCallable(1)[0], true)
		require.Equal(c, 1, c.clear(agent))
		requireSame(c, []queue.Item{pooledAgain(item)}, c.items())
	})

	g.proves("of one agent, it leaves everybody else's items alone", func(c *campaign) {
		agent, other := uuid.New(), c.another()
		who := person()
		people := c.add(who)
		other.add(who)
		other.give(agent, people...)
		c.give(uuid.New(), people...)
		c.lock(uuid.New(), c.addCallable(1)[0], true)
		c.give(uuid.Nil, c.addCallable(1)...)
		before, elsewhere := c.items(), other.items()
		require.Zero(c, c.clear(agent))
		requireSame(c, before, c.items())
		requireSame(c, elsewhere, other.items())
	})

	g.proves("of everybody, it releases the pool's items too", func(c *campaign) {
		other := c.another()
		other.give(uuid.Nil, other.addCallable(1)...)
		elsewhere := other.items()
		people := c.addCallable(5)
		items := []queue.Item{
			c.lock(uuid.New(), people[0], false),
			c.lock(uuid.New(), people[1], true),
			c.give(uuid.New(), people[2])[0],
			c.give(uuid.Nil, people[3])[0],
		}
		running := c.start(uuid.New(), people[4], false)
		c.wait(time.Minute)
		require.Equal(c, 4, c.clear(uuid.Nil))
		for _, item := range items {
			requireSame(c, released(item, c.now), c.item(item.ID))
		}
		requireSame(c, running, c.item(running.ID))
		requireSame(c, elsewhere, other.items())
	})

	g.proves("a second call releases nothing and writes no queue row", func(c *campaign) {
		agent := uuid.New()
		c.give(agent, c.addCallable(2)...)
		require.Equal(c, 2, c.clear(agent))
		before := c.items()
		c.wait(time.Minute)
		require.Zero(c, c.clear(agent))
		require.Zero(c, c.clear(uuid.Nil))
		requireSame(c, before, c.items())
	})

	g.proves("an audit entry is written with the change", func(c *campaign) {
		agent := uuid.New()
		people := c.addCallable(3)
		c.give(agent, people[:2]...)
		c.give(uuid.New(), people[2])

		c.clear(agent)
		mine := auditOf(c, outdial.ActionQueueClear)
		require.Len(c, mine, 1)
		requireAudit(c, mine[0], map[string]any{"agent_id": agent.String(), "released": 2})

		c.clear(uuid.Nil)
		all := auditOf(c, outdial.ActionQueueClearAll)
		require.Len(c, all, 1)
		requireAudit(c, all[0], map[string]any{"released": 1})
		require.Len(c, auditOf(c, outdial.ActionQueueClear), 1)
	})
}
