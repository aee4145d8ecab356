package storetest

import (
	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/outdial/outdial"
	"github.com/outdial/outdial/queue"
)

// queueStatsBehaviours proves QueueStats.
func queueStatsBehaviours(g *group) {
	g.proves("an unknown campaign is ErrNotFound", func(c *campaign) {
		_, err := c.store.QueueStats(c.Context(), queue.StatsParams{CampaignID: uuid.New()})
		require.ErrorIs(c, err, outdial.ErrNotFound)
	})

	g.proves("a campaign without items has a zero for every state and no agents", func(c *campaign) {
		stats := c.stats()
		require.Equal(c, noItems(), stats.States)
		require.Empty(c, stats.Agents)
	})

	g.proves("it counts items by state and by agent", func(c *campaign) {
		busy, idle := uuid.New(), uuid.New()
		people := c.addCallable(8)
		c.start(busy, people[0], false)
		c.start(busy, people[1], true)
		c.lock(busy, people[2], true)
		c.give(busy, people[3], people[4])
		c.give(idle, people[5])
		c.clear(idle)
		c.give(uuid.Nil, people[6], people[7])

		busyStates, idleStates, poolStates := noItems(), noItems(), noItems()
		busyStates[queue.StateInProgress], busyStates[queue.StateLocked], busyStates[queue.StateQueued] = 2, 1, 2
		idleStates[queue.StateReleased] = 1
		poolStates[queue.StateQueued] = 2
		total := noItems()
		total[queue.StateInProgress], total[queue.StateLocked], total[queue.StateQueued], total[queue.StateReleased] = 2, 1, 4, 1

		stats := c.stats()
		require.Equal(c, total, stats.States)
		require.Len(c, stats.Agents, 3)
		byAgent := map[uuid.UUID]map[queue.State]int{}
		for _, agent := range stats.Agents {
			byAgent[agent.AgentID] = agent.States
		}
		require.Equal(c, map[uuid.UUID]map[queue.State]int{busy: busyStates, idle: idleStates, uuid.Nil: poolStates}, byAgent)
	})

	g.proves("agents are ordered by id, the pool first", func(c *campaign) {
		ids := agents(6)
		for i := range ids {
			c.give(ids[len(ids)-1-i], c.addCallable(1)...)
		}
		c.give(uuid.Nil, c.addCallable(1)...)
		require.Equal(c, statsOf(c.items()), c.stats())
		require.Equal(c, uuid.Nil, c.stats().Agents[0].AgentID)
	})

	g.proves("it counts nothing of another campaign", func(c *campaign) {
		other := c.another()
		other.give(uuid.New(), other.addCallable(1)...)
		require.Equal(c, noItems(), c.stats().States)
	})
}
