package storetest

import (
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/outdial/outdial"
	"github.com/outdial/outdial/queue"
)

// sweepBehaviours proves SweepLocks. A sweep sees the whole store, so these run
// one after another, each after a sweep that leaves it nothing of the others.
func sweepBehaviours(g *group) {
	proves := func(sentence string, behaviour func(c *campaign)) {
		g.provesAlone(sentence, func(c *campaign) {
			farAhead := c.now.Add(1000 * time.Hour)
			_, err := c.store.SweepLocks(c.Context(), queue.SweepParams{Now: farAhead, KeysBefore: farAhead})
			require.NoError(c, err)
			behaviour(c)
		})
	}

	proves("an item whose lock has expired returns to its agent's queue", func(c *campaign) {
		item := c.lock(uuid.New(), c.addCallable(1)[0], false)
		c.wait(lockFor)
		require.Equal(c, queue.SweepResult{ToAgents: 1}, c.sweep())
		requireSame(c, []queue.Item{queuedAgain(item)}, c.items())
	})

	proves("a pool item whose lock has expired returns to the pool", func(c *campaign) {
		item := c.lock(uuid.New(), c.addCallable(1)[0], true)
		c.wait(lockFor)
		require.Equal(c, queue.SweepResult{ToPool: 1}, c.sweep())
		requireSame(c, []queue.Item{pooledAgain(item)}, c.items())
	})

	proves("an item whose lock lives stays as it is", func(c *campaign) {
		people := c.addCallable(2)
		c.lock(uuid.New(), people[0], false)
		c.lock(uuid.New(), people[1], true)
		before := c.items()
		c.wait(lockFor - time.Microsecond)
		require.Equal(c, queue.SweepResult{}, c.sweep())
		requireSame(c, before, c.items())
	})

	proves("an item whose lock was renewed stays as it is", func(c *campaign) {
		item := c.lock(uuid.New(), c.addCallable(1)[0], true)
		c.wait(time.Minute)
		c.move(item, queue.MoveHeartbeat)
		c.wait(lockFor - time.Microsecond)
		require.Equal(c, queue.SweepResult{}, c.sweep())
	})

	proves("only locked items are returned", func(c *campaign) {
		people := c.addCallable(4)
		c.start(uuid.New(), people[0], false)
		c.start(uuid.New(), people[1], true)
		c.give(uuid.New(), people[2])
		gone := uuid.New()
		c.lock(gone, people[3], false)
		c.clear(gone)
		before := c.items()
		c.wait(2 * lockFor)
		require.Equal(c, queue.SweepResult{}, c.sweep())
		requireSame(c, before, c.items())
	})

	proves("it returns the items of every campaign", func(c *campaign) {
		other := c.another()
		c.lock(uuid.New(), c.addCallable(1)[0], false)
		c.lock(uuid.New(), c.addCallable(1)[0], true)
		other.lock(uuid.New(), other.addCallable(1)[0], true)
		c.wait(lockFor)
		require.Equal(c, queue.SweepResult{ToAgents: 1, ToPool: 2}, c.sweep())
		require.Equal(c, queue.SweepResult{}, c.sweep(), "a second sweep finds nothing")
	})

	proves("a returned item is pulled again", func(c *campaign) {
		item := c.lock(uuid.New(), c.addCallable(1)[0], true)
		c.wait(lockFor)
		c.sweep()
		require.Equal(c, item.ID, c.take(uuid.New()).ID)
	})

	proves("it forgets idempotency keys older than KeysBefore", func(c *campaign) {
		agent := uuid.New()
		c.addCallable(1)
		p := c.replaceParams(queue.ReplaceParams{
			AgentID: agent, Idempotency: outdial.Idempotency{ActorID: c.actor, Key: "key", Fingerprint: "a"},
		})
		c.replace(p)
		c.clear(agent)

		forget := func(before time.Time) int {
			result, err := c.store.SweepLocks(c.Context(), queue.SweepParams{Now: c.now, KeysBefore: before})
			require.NoError(c, err)
			require.Zero(c, result.ToAgents+result.ToPool)
			return result.KeysForgotten
		}
		require.Zero(c, forget(time.Time{}), "zero keeps them all")
		require.Zero(c, forget(c.now), "it is not older")
		require.Zero(c, c.replace(p).Unchanged)
		require.Empty(c, c.queueOf(agent), "the stored result answers")

		require.Equal(c, 1, forget(c.now.Add(time.Microsecond)))
		require.Zero(c, forget(c.now.Add(time.Microsecond)))
		p.Idempotency.Fingerprint = "b"
		require.Equal(c, 1, c.replace(p).Assigned)
		require.Len(c, c.queueOf(agent), 1, "the key is free again")
	})
}
