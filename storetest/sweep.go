package storetest

import (
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/outdial/outdial"
	"github.com/outdial/outdial/queue"
)

// sweepBehaviours proves SweepLocks. A sweep sees the whole store, so these run
// one after another, each after a sweep that leaves it nothing of the others.
func sweepBehaviours(g *group) {
	proves := func(sentence string, behaviour func(t *testing.T, c *campaign)) {
		g.provesAlone(sentence, func(t *testing.T, c *campaign) {
			farAhead := c.now.Add(1000 * time.Hour)
			_, err := c.store.SweepLocks(t.Context(), queue.SweepParams{Now: farAhead, KeysBefore: farAhead})
			require.NoError(t, err)
			behaviour(t, c)
		})
	}

	proves("an item whose lock has expired returns to its agent's queue", func(t *testing.T, c *campaign) {
		item := c.lock(uuid.New(), c.addCallable(1)[0], false)
		c.wait(lockFor)
		require.Equal(t, queue.SweepResult{ToAgents: 1}, c.sweep())
		requireSame(t, []queue.Item{queuedAgain(item)}, c.items())
	})

	proves("a pool item whose lock has expired returns to the pool", func(t *testing.T, c *campaign) {
		item := c.lock(uuid.New(), c.addCallable(1)[0], true)
		c.wait(lockFor)
		require.Equal(t, queue.SweepResult{ToPool: 1}, c.sweep())
		requireSame(t, []queue.Item{pooledAgain(item)}, c.items())
	})

	proves("an item whose lock lives stays as it is", func(t *testing.T, c *campaign) {
		people := c.addCallable(2)
		c.lock(uuid.New(), people[0], false)
		c.lock(uuid.New(), people[1], true)
		before := c.items()
		c.wait(lockFor - time.Microsecond)
		require.Equal(t, queue.SweepResult{}, c.sweep())
		requireSame(t, before, c.items())
	})

	proves("an item whose lock was renewed stays as it is", func(t *testing.T, c *campaign) {
		item := c.lock(uuid.New(), c.addCallable(1)[0], true)
		c.wait(time.Minute)
		c.move(item, queue.MoveHeartbeat)
		c.wait(lockFor - time.Microsecond)
		require.Equal(t, queue.SweepResult{}, c.sweep())
	})

	proves("only locked items are returned", func(t *testing.T, c *campaign) {
		people := c.addCallable(4)
		c.start(uuid.New(), people[0], false)
		c.start(uuid.New(), people[1], true)
		c.give(uuid.New(), people[2])
		gone := uuid.New()
		c.lock(gone, people[3], false)
		c.clear(gone)
		before := c.items()
		c.wait(2 * lockFor)
		require.Equal(t, queue.SweepResult{}, c.sweep())
		requireSame(t, before, c.items())
	})

	proves("it returns the items of every campaign", func(t *testing.T, c *campaign) {
		other := c.another()
		c.lock(uuid.New(), c.addCallable(1)[0], false)
		c.lock(uuid.New(), c.addCallable(1)[0], true)
		other.lock(uuid.New(), other.addCallable(1)[0], true)
		c.wait(lockFor)
		require.Equal(t, queue.SweepResult{ToAgents: 1, ToPool: 2}, c.sweep())
		require.Equal(t, queue.SweepResult{}, c.sweep(), "a second sweep finds nothing")
	})

	proves("a returned item is pulled again", func(t *testing.T, c *campaign) {
		item := c.lock(uuid.New(), c.addCallable(1)[0], true)
		c.wait(lockFor)
		c.sweep()
		require.Equal(t, item.ID, c.take(uuid.New()).ID)
	})

	proves("it forgets idempotency keys older than KeysBefore", func(t *testing.T, c *campaign) {
		agent := uuid.New()
		c.addCallable(1)
		p := c.replaceParams(queue.ReplaceParams{
			AgentID: agent, Idempotency: outdial.Idempotency{ActorID: c.actor, Key: "key", Fingerprint: "a"},
		})
		c.replace(p)
		c.clear(agent)

		forget := func(before time.Time) int {
			result, err := c.store.SweepLocks(t.Context(), queue.SweepParams{Now: c.now, KeysBefore: before})
			require.NoError(t, err)
			require.Zero(t, result.ToAgents+result.ToPool)
			return result.KeysForgotten
		}
		require.Zero(t, forget(time.Time{}), "zero keeps them all")
		require.Zero(t, forget(c.now), "it is not older")
		require.Zero(t, c.replace(p).Unchanged)
		require.Empty(t, c.queueOf(agent), "the stored result answers")

		require.Equal(t, 1, forget(c.now.Add(time.Microsecond)))
		require.Zero(t, forget(c.now.Add(time.Microsecond)))
		p.Idempotency.Fingerprint = "b"
		require.Equal(t, 1, c.replace(p).Assigned)
		require.Len(t, c.queueOf(agent), 1, "the key is free again")
	})
}
