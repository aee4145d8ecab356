package storetest

import (
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/outdial/outdial"
	"github.com/outdial/outdial/queue"
)

// moveBehaviours proves MoveItem.
func moveBehaviours(g *group) {
	g.proves("MoveStart begins the call", func(c *campaign) {
		for _, fromPool := range []bool{false, true} {
			item := c.lock(uuid.New(), c.addCallable(1)[0], fromPool)
			c.wait(time.Minute)
			want := item
			want.State, want.LockExpiresAt = queue.StateInProgress, c.now.Add(lockFor)
			want.LockVersion++
			requireSame(c, want, c.move(item, queue.MoveStart))
			requireSame(c, want, c.item(item.ID))
		}
	})

	g.proves("MoveHeartbeat renews the lock and leaves lock_version as it is", func(c *campaign) {
		item := c.lock(uuid.New(), c.addCallable(1)[0], true)
		for range 3 {
			c.wait(time.Minute)
			want := item
			want.LockExpiresAt = c.now.Add(lockFor)
			requireSame(c, want, c.move(item, queue.MoveHeartbeat))
			requireSame(c, []queue.Item{want}, c.items())
		}
	})

	g.proves("MoveHeartbeat renews a running item too", func(c *campaign) {
		item := c.start(uuid.New(), c.addCallable(1)[0], false)
		c.wait(time.Minute)
		want := item
		want.LockExpiresAt = c.now.Add(lockFor)
		requireSame(c, want, c.move(item, queue.MoveHeartbeat))
		requireSame(c, []queue.Item{want}, c.items())
	})

	g.proves("MoveGiveBack returns the item to its agent's queue", func(c *campaign) {
		item := c.lock(uuid.New(), c.addCallable(1)[0], false)
		c.wait(time.Minute)
		requireSame(c, queuedAgain(item), c.move(item, queue.MoveGiveBack))
		requireSame(c, []queue.Item{queuedAgain(item)}, c.items())
	})

	g.proves("MoveGiveBack returns a pool item to the pool", func(c *campaign) {
		item := c.lock(uuid.New(), c.addCallable(1)[0], true)
		c.wait(time.Minute)
		requireSame(c, pooledAgain(item), c.move(item, queue.MoveGiveBack))
		requireSame(c, []queue.Item{pooledAgain(item)}, c.items())
	})

	g.proves("an item that was given back keeps the time it is scheduled for", func(c *campaign) {
		agent := uuid.New()
		due := c.now.Add(time.Minute)
		c.enqueue(queue.EnqueueParams{AgentID: agent, ContactIDs: contactIDs(c.addCallable(1)), ScheduledFor: due})
		c.wait(time.Hour)
		item := c.move(c.take(agent), queue.MoveGiveBack)
		require.True(c, item.ScheduledFor.Equal(due))
	})

	g.proves("each move starts in the states of the state machine and is ErrConflict in every other", moveFromEachState)
	g.proves("it is ErrConflict in every state when the version differs", moveOtherVersions)

	g.proves("it is ErrNotFound when there is no such item", func(c *campaign) {
		item := c.lock(uuid.New(), c.addCallable(1)[0], false)
		item.ID = uuid.New()
		require.ErrorIs(c, c.moveError(c.moveParams(item, queue.MoveStart)), outdial.ErrNotFound)
	})

	g.proves("it is ErrNotFound when the item is another campaign's", func(c *campaign) {
		item := c.lock(uuid.New(), c.addCallable(1)[0], false)
		p := c.moveParams(item, queue.MoveStart)
		p.CampaignID = c.another().id
		require.ErrorIs(c, c.moveError(p), outdial.ErrNotFound)
		p.CampaignID = uuid.New()
		require.ErrorIs(c, c.moveError(p), outdial.ErrNotFound)
	})

	g.proves("it is ErrForbidden when another agent holds the item", func(c *campaign) {
		people := c.addCallable(3)
		for _, item := range []queue.Item{
			c.lock(uuid.New(), people[0], false), c.lock(uuid.New(), people[1], true), c.start(uuid.New(), people[2], false),
		} {
			for _, move := range agentMoves() {
				p := c.moveParams(item, move)
				p.AgentID = uuid.New()
				require.ErrorIs(c, c.moveError(p), outdial.ErrForbidden, "%s from %s", move, item.State)
			}
		}
	})

	g.proves("a version that differs is told before whose item it is", func(c *campaign) {
		p := c.moveParams(c.lock(uuid.New(), c.addCallable(1)[0], false), queue.MoveStart)
		p.AgentID, p.LockVersion = uuid.New(), p.LockVersion-1
		require.ErrorIs(c, c.moveError(p), outdial.ErrConflict)
	})

	g.proves("another holder is told before a state that does not allow the move", func(c *campaign) {
		p := c.moveParams(c.give(uuid.New(), c.addCallable(1)...)[0], queue.MoveStart)
		p.AgentID = uuid.New()
		require.ErrorIs(c, c.moveError(p), outdial.ErrForbidden)
	})

	g.proves("an item that nobody holds is ErrConflict", func(c *campaign) {
		p := c.moveParams(c.give(uuid.Nil, c.addCallable(1)...)[0], queue.MoveStart)
		p.AgentID = uuid.New()
		require.ErrorIs(c, c.moveError(p), outdial.ErrConflict)
	})

	g.proves("the nil agent may move anyone's item", func(c *campaign) {
		agent := uuid.New()
		item := c.lock(agent, c.addCallable(1)[0], true)
		for _, move := range []queue.Move{queue.MoveHeartbeat, queue.MoveStart} {
			p := c.moveParams(item, move)
			p.AgentID = uuid.Nil
			result, err := c.store.MoveItem(c.Context(), p)
			require.NoError(c, err)
			require.Equal(c, agent, result.Item.AgentID)
			item = result.Item
		}
	})

	g.proves("an agent whose lock has expired may go on while nobody has taken the item", func(c *campaign) {
		people := c.addCallable(3)
		for i, move := range agentMoves() {
			item := c.lock(uuid.New(), people[i], false)
			c.wait(2 * lockFor)
			to, _ := move.To(queue.StateLocked)
			require.Equal(c, to, c.move(item, move).State)
		}
	})

	g.proves("an agent who comes back late is refused once the item was taken over", func(c *campaign) {
		late, next := uuid.New(), uuid.New()
		item := c.lock(late, c.addCallable(1)[0], true)
		c.wait(lockFor)
		taken := c.take(next)
		require.Equal(c, item.ID, taken.ID)
		for _, move := range agentMoves() {
			require.ErrorIs(c, c.moveError(c.moveParams(item, move)), outdial.ErrConflict)
		}
		c.move(taken, queue.MoveStart)
	})

	g.provesAlone("an agent who comes back late is refused once the item was swept and pulled again", func(c *campaign) {
		agent := uuid.New()
		item := c.lock(agent, c.addCallable(1)[0], false)
		c.wait(lockFor)
		c.sweep()
		again := c.take(agent)
		require.Equal(c, item.ID, again.ID)
		require.ErrorIs(c, c.moveError(c.moveParams(item, queue.MoveStart)), outdial.ErrConflict, "it is the same agent, and another lock")
		c.move(again, queue.MoveStart)
	})

	g.proves("the item carries its contact whole", func(c *campaign) {
		contact := c.add(person(fullContact))[0]
		item := c.lock(uuid.New(), contact, false)
		for _, move := range []queue.Move{queue.MoveHeartbeat, queue.MoveGiveBack} {
			requireSame(c, contact, c.move(item, move).Contact)
		}
	})
}

// agentMoves returns the moves that MoveItem carries out.
func agentMoves() []queue.Move {
	return []queue.Move{queue.MoveStart, queue.MoveHeartbeat, queue.MoveGiveBack}
}

func moveFromEachState(c *campaign) {
	for _, move := range agentMoves() {
		for state, item := range c.itemInEachState() {
			p := c.moveParams(item, move)
			to, allowed := move.To(state)
			if !allowed {
				require.ErrorIs(c, c.moveError(p), outdial.ErrConflict, "%s from %s", move, state)
				continue
			}
			result, err := c.store.MoveItem(c.Context(), p)
			require.NoError(c, err, "%s from %s", move, state)
			require.Equal(c, to, result.Item.State)
		}
	}
}

func moveOtherVersions(c *campaign) {
	for _, move := range agentMoves() {
		for state, item := range c.itemInEachState() {
			for _, version := range []int{item.LockVersion - 1, item.LockVersion + 1} {
				p := c.moveParams(item, move)
				p.LockVersion = version
				require.ErrorIs(c, c.moveError(p), outdial.ErrConflict, "%s from %s", move, state)
			}
		}
	}
}

// itemInEachState returns new items in every state that the interface leads to,
// each with an agent of its own.
func (c *campaign) itemInEachState() map[queue.State]queue.Item {
	c.Helper()
	people := c.addCallable(5)
	gone := uuid.New()
	dropped := c.give(gone, people[0])[0]
	c.clear(gone)
	suppressed := c.lock(uuid.New(), people[1], false)
	c.suppress(suppressedBy(people[1]))
	c.takeNothing(suppressed.AgentID)
	return map[queue.State]queue.Item{
		queue.StateReleased:   c.item(dropped.ID),
		queue.StateFailed:     c.item(suppressed.ID),
		queue.StateQueued:     c.give(uuid.New(), people[2])[0],
		queue.StateLocked:     c.lock(uuid.New(), people[3], false),
		queue.StateInProgress: c.start(uuid.New(), people[4], false),
	}
}
