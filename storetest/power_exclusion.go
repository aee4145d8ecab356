package storetest

import (
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/outdial/outdial"
	"github.com/outdial/outdial/dialer"
	"github.com/outdial/outdial/dialer/telephony"
	"github.com/outdial/outdial/queue"
)

// exclusionBehaviours proves that no contact is worked on by an agent and dialed at
// the same time, nor one phone, in whatever campaigns.
func exclusionBehaviours(g *group) {
	g.proves("a contact that is active in the power queue is a collision for an agent's queue", func(c *campaign) {
		c.running()
		people := c.addCallable(4)
		calls := c.dialEverybody(people[:2]...)
		c.lose(calls[1])
		c.queueCalls(people[2])
		for _, agent := range []uuid.UUID{uuid.New(), uuid.Nil} {
			result := c.enqueue(queue.EnqueueParams{AgentID: agent, ContactIDs: contactIDs(people[:3])})
			require.Equal(c, queue.EnqueueResult{Matched: 3, Skipped: skips(queue.SkipCollision, 3)}, result)
		}
		result := c.replace(queue.ReplaceParams{AgentID: uuid.New()})
		require.Equal(c, queue.ReplaceResult{
			Assigned: 1, Matched: 4, SkippedDueToCollision: 3, Skipped: skips(queue.SkipCollision, 3),
		}, result)
	})

	g.proves("a collision with the power queue takes no place of a queue's size or of an account's cap", func(c *campaign) {
		account := uuid.New()
		people := c.addCallable(3, inAccount(account))
		c.queueCalls(people[0])
		agent := uuid.New()
		result := c.replace(queue.ReplaceParams{AgentID: agent, MaxQueueSize: 1, PerAccountCap: 1})
		require.Equal(c, 1, result.Assigned)
		require.Equal(c, 1, result.SkippedDueToCollision)
		require.Equal(c, []uuid.UUID{people[1].ID}, c.queueOf(agent))
	})

	g.proves("a contact whose item of the power queue has ended is no collision", func(c *campaign) {
		launch, people := uuid.New(), c.addCallable(1)
		c.enqueueCalls(dialer.EnqueueParams{LaunchID: launch})
		c.rollbackCalls(launch)
		c.give(uuid.New(), people...)
	})

	g.proves("an agent does not get an item whose phone is in a call that is not settled, in whatever campaign", func(c *campaign) {
		for _, owner := range []uuid.UUID{uuid.New(), uuid.Nil} {
			agent, other, phone := or(owner, uuid.New()), c.another().running(), nextPhone()
			people := c.add(person(withPhone(phone)), person())
			call := other.claimed(other.add(person(withPhone(phone)))[0])
			c.give(owner, people...)
			waiting := c.activeOf(people[0])
			next := c.take(agent)
			require.Equal(c, people[1].ID, next.ContactID, "the phone is claimed")
			c.move(next, queue.MoveStart)
			call = other.place(call)
			c.takeNothing(agent)
			other.lose(call)
			c.takeNothing(agent)
			requireSame(c, waiting, c.item(waiting.ID))
			other.tell(call, telephony.TypeEnded, withCause(dialer.CauseBusy))
			require.Equal(c, waiting.ID, c.take(agent).ID, "the call is settled")
			c.clear(uuid.Nil)
		}
	})

	g.proves("beginning a call with a phone that is in one already is ErrConflict", func(c *campaign) {
		agent, other := uuid.New(), c.another().running()
		phone := nextPhone()
		item := c.lock(agent, c.add(person(withPhone(phone)))[0], true)
		c.wait(lockFor)
		other.now = c.now
		call := other.dial(other.add(person(withPhone(phone)))[0])
		p := c.moveParams(item, queue.MoveStart)
		require.ErrorIs(c, c.moveError(p), outdial.ErrConflict)
		other.tell(call, telephony.TypeEnded, withCause(dialer.CauseNoAnswer))
		require.Equal(c, queue.StateInProgress, c.move(item, queue.MoveStart).State)
	})

	g.proves("an agent may renew or give back what they hold although the phone is in a call", func(c *campaign) {
		for _, move := range []queue.Move{queue.MoveHeartbeat, queue.MoveGiveBack} {
			other, phone := c.another().running(), nextPhone()
			item := c.lock(uuid.New(), c.add(person(withPhone(phone)))[0], true)
			c.wait(lockFor)
			other.now = c.now
			other.dial(other.add(person(withPhone(phone)))[0])
			c.move(item, move)
			c.clear(uuid.Nil)
		}
	})

	g.proves("an agent who holds a live lock gets the same item again although the phone is in a call", func(c *campaign) {
		agent, other, phone := uuid.New(), c.another().running(), nextPhone()
		item := c.lock(agent, c.add(person(withPhone(phone)))[0], true)
		c.wait(lockFor)
		other.now = c.now
		other.dial(other.add(person(withPhone(phone)))[0])
		c.move(item, queue.MoveHeartbeat)
		c.wait(time.Minute)
		require.Equal(c, item.ID, c.takeAgain(agent).ID)
	})
}
