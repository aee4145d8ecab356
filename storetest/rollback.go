package storetest

import (
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/outdial/outdial"
	"github.com/outdial/outdial/queue"
)

// rollbackBehaviours proves RollbackLaunch.
func rollbackBehaviours(g *group) {
	launch := func(c *campaign, agent uuid.UUID, n int) (uuid.UUID, []outdial.Contact) {
		id, people := uuid.New(), c.addCallable(n)
		c.enqueue(queue.EnqueueParams{AgentID: agent, ContactIDs: contactIDs(people), LaunchID: id})
		return id, people
	}

	g.proves("it releases the items of a launch that nobody has touched", func(c *campaign) {
		for _, agent := range []uuid.UUID{uuid.New(), uuid.Nil} {
			id, people := launch(c, agent, 2)
			before := []queue.Item{c.activeOf(people[0]), c.activeOf(people[1])}
			c.wait(time.Minute)
			require.Equal(c, queue.RollbackResult{Released: 2}, c.rollback(id))
			for _, item := range before {
				requireSame(c, released(item, c.now), c.item(item.ID))
			}
		}
	})

	g.proves("it releases items that are scheduled for later", func(c *campaign) {
		id := uuid.New()
		c.enqueue(queue.EnqueueParams{ContactIDs: contactIDs(c.addCallable(1)), LaunchID: id, ScheduledFor: c.now.Add(time.Hour)})
		require.Equal(c, queue.RollbackResult{Released: 1}, c.rollback(id))
	})

	g.proves("items that somebody had touched stay as they are", func(c *campaign) {
		id, _ := launch(c, uuid.Nil, 4)
		c.move(c.take(uuid.New()), queue.MoveStart)
		c.take(uuid.New())
		c.move(c.take(uuid.New()), queue.MoveGiveBack)
		touched := []queue.Item{}
		for _, item := range c.items() {
			if item.LockVersion > 0 {
				touched = append(touched, item)
			}
		}
		require.Len(c, touched, 3)
		c.wait(time.Minute)
		require.Equal(c, queue.RollbackResult{Released: 1, Kept: 3}, c.rollback(id))
		for _, item := range touched {
			requireSame(c, item, c.item(item.ID))
		}
	})

	g.proves("items that a replace took over from the pool stay as they are", func(c *campaign) {
		id, _ := launch(c, uuid.Nil, 2)
		c.replace(queue.ReplaceParams{AgentID: uuid.New(), MaxQueueSize: 1})
		require.Equal(c, queue.RollbackResult{Released: 1, Kept: 1}, c.rollback(id))
	})

	g.proves("items that have ended count nowhere", func(c *campaign) {
		agent := uuid.New()
		id, _ := launch(c, agent, 2)
		c.clear(agent)
		before := c.items()
		require.Equal(c, queue.RollbackResult{}, c.rollback(id))
		requireSame(c, before, c.items())
	})

	g.proves("a second rollback finds nothing to release", func(c *campaign) {
		id, _ := launch(c, uuid.Nil, 2)
		c.take(uuid.New())
		require.Equal(c, queue.RollbackResult{Released: 1, Kept: 1}, c.rollback(id))
		before := c.items()
		require.Equal(c, queue.RollbackResult{Kept: 1}, c.rollback(id))
		requireSame(c, before, c.items())
	})

	g.proves("it leaves other launches and other campaigns alone", func(c *campaign) {
		other := c.another()
		id, _ := launch(c, uuid.Nil, 1)
		_, theirs := launch(c, uuid.Nil, 1)
		loose := c.give(uuid.Nil, c.addCallable(1)...)[0]
		other.enqueue(queue.EnqueueParams{ContactIDs: contactIDs(other.addCallable(1)), LaunchID: id})
		elsewhere, launched := other.items(), c.activeOf(theirs[0])
		require.Equal(c, queue.RollbackResult{Released: 1}, c.rollback(id))
		requireSame(c, elsewhere, other.items())
		requireSame(c, launched, c.item(launched.ID))
		requireSame(c, loose, c.item(loose.ID))
	})

	g.proves("an unknown launch is ErrNotFound", func(c *campaign) {
		elsewhere, _ := launch(c.another(), uuid.Nil, 1)
		launch(c, uuid.Nil, 1)
		before := c.items()
		for _, id := range []uuid.UUID{uuid.New(), elsewhere} {
			_, err := c.store.RollbackLaunch(c.Context(), queue.RollbackParams{
				CampaignID: c.id, LaunchID: id, ActorID: c.actor, Now: c.now,
			})
			require.ErrorIs(c, err, outdial.ErrNotFound)
		}
		requireSame(c, before, c.items())
		require.Zero(c, countAuditIfKept(c, outdial.ActionQueueRollback))
	})

	g.proves("an audit entry is written with the change", func(c *campaign) {
		id, _ := launch(c, uuid.Nil, 2)
		c.take(uuid.New())
		c.rollback(id)
		entries := auditOf(c, outdial.ActionQueueRollback)
		require.Len(c, entries, 1)
		requireAudit(c, entries[0], map[string]any{"launch_id": id.String(), "released": 1, "kept": 1})
	})
}
