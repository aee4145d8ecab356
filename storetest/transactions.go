package storetest

import (
	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/outdial/outdial"
	"github.com/outdial/outdial/queue"
	"github.com/outdial/outdial/queue/intake"
)

// transactionBehaviours proves a store that is bound to a host's transaction.
// They run one after another and ask the store nothing while a transaction is
// open: an engine may have one writer only.
func transactionBehaviours(g *group) {
	callTransactionBehaviours(g)

	g.provesAlone("a host transaction that commits keeps what was done in it", func(c *campaign) {
		bound, commit, _ := c.begin()
		want := bound.everyMethod()
		commit()
		requireSame(c, want, c.items())
		require.Equal(c, statsOf(want), c.stats())
	})

	g.provesAlone("a host transaction sees what was done in it", func(c *campaign) {
		bound, _, rollback := c.begin()
		require.NotEmpty(c, bound.everyMethod())
		require.Equal(c, statsOf(bound.items()), bound.stats())
		rollback()
	})

	g.provesAlone("a host transaction that rolls back leaves no trace", func(c *campaign) {
		people := c.addCallable(1)
		c.give(uuid.New(), people...)
		before, replaces := c.items(), c.auditCount(outdial.ActionQueueReplace)

		bound, _, rollback := c.begin()
		bound.everyMethod()
		_, err := bound.store.EnsureCampaign(c.Context(), intake.EnsureCampaignParams{Name: "never " + c.name, Now: c.now})
		require.NoError(c, err)
		bound.suppress(suppressedBy(people[0]))
		key := c.key("k")
		bound.replace(queue.ReplaceParams{AgentID: uuid.New(), Idempotency: key})
		rollback()

		requireSame(c, before, c.items())
		require.Equal(c, replaces, c.auditCount(outdial.ActionQueueReplace))
		c.clear(uuid.Nil)
		agent := uuid.New()
		result := c.replace(queue.ReplaceParams{AgentID: agent, Idempotency: key})
		require.Equal(c, queue.ReplaceResult{Assigned: 1, Matched: 1, Skipped: queue.NewSkips()}, result,
			"no contact, no suppression and no key is left")
		again, err := c.store.EnsureCampaign(c.Context(), intake.EnsureCampaignParams{Name: "never " + c.name, Now: c.now})
		require.NoError(c, err)
		require.True(c, again.Created)
	})

	g.provesAlone("a method that fails leaves the host's transaction usable", func(c *campaign) {
		people := c.addCallable(2)
		agent := uuid.New()
		key := c.key("k")
		c.replace(queue.ReplaceParams{AgentID: agent, Idempotency: key})
		c.clear(agent)
		item := c.lock(agent, people[0], false)

		bound, commit, _ := c.begin()
		stale := bound.moveParams(item, queue.MoveStart)
		stale.LockVersion--
		_, err := bound.store.MoveItem(c.Context(), stale)
		require.ErrorIs(c, err, outdial.ErrConflict)
		_, err = bound.store.ReplaceQueue(c.Context(), bound.replaceParams(queue.ReplaceParams{CampaignID: uuid.New(), AgentID: agent}))
		require.ErrorIs(c, err, outdial.ErrNotFound)
		_, err = bound.store.PullItem(c.Context(), queue.PullParams{CampaignID: uuid.New(), AgentID: agent, LockFor: lockFor, Now: c.now})
		require.ErrorIs(c, err, outdial.ErrNotFound)
		_, err = bound.store.RollbackLaunch(c.Context(), queue.RollbackParams{CampaignID: c.id, LaunchID: uuid.New(), ActorID: c.actor, Now: c.now})
		require.ErrorIs(c, err, outdial.ErrNotFound)
		_, err = bound.store.EnsureCampaign(c.Context(), intake.EnsureCampaignParams{ID: uuid.New(), Now: c.now})
		require.ErrorIs(c, err, outdial.ErrNotFound)
		mismatch := key
		mismatch.Fingerprint = "another request"
		_, err = bound.store.ReplaceQueue(c.Context(), bound.replaceParams(queue.ReplaceParams{AgentID: agent, Idempotency: mismatch}))
		require.ErrorIs(c, err, outdial.ErrIdempotencyMismatch)

		running := bound.move(item, queue.MoveStart)
		bound.give(agent, people[1])
		commit()
		requireSame(c, running, c.item(item.ID))
		require.ElementsMatch(c, contactIDs(people), c.queueOf(agent))
	})

	g.provesAlone("a host that gives up after a method failed leaves no trace", func(c *campaign) {
		people := c.addCallable(1)
		bound, _, rollback := c.begin()
		item := bound.lock(uuid.New(), people[0], true)
		item.LockVersion++
		_, err := bound.store.MoveItem(c.Context(), bound.moveParams(item, queue.MoveStart))
		require.ErrorIs(c, err, outdial.ErrConflict)
		rollback()
		require.Empty(c, c.items())
	})

	g.provesAlone("after a transaction has ended the store works as before", func(c *campaign) {
		people := c.addCallable(1)
		for range 3 {
			bound, _, rollback := c.begin()
			bound.give(uuid.New(), people...)
			rollback()
		}
		c.give(uuid.New(), people...)
		require.Len(c, c.items(), 1)
	})
}

// begin begins a transaction of the host's and returns the campaign as it is seen in
// it, with the functions that end it. It skips the test when the store declares no
// way.
func (c *campaign) begin() (bound *campaign, commit, rollback func()) {
	c.Helper()
	if c.suite.features.Transaction == nil {
		c.suite.skip(c, "Transaction")
	}
	st, commitTx, rollbackTx := c.suite.features.Transaction(c, c.store)
	return c.on(st),
		func() { require.NoError(c, commitTx()) },
		func() { require.NoError(c, rollbackTx()) }
}

// everyMethod calls each method that changes something, and returns the items
// that there are then.
func (c *campaign) everyMethod() []queue.Item {
	c.Helper()
	agent, launch := uuid.New(), uuid.New()
	c.addCallable(6)
	c.replace(queue.ReplaceParams{AgentID: agent, MaxQueueSize: 4})
	c.enqueue(queue.EnqueueParams{LaunchID: launch})
	c.rollback(launch)
	c.move(c.take(agent), queue.MoveStart)
	c.move(c.take(agent), queue.MoveGiveBack)
	c.take(agent)
	c.clear(agent)
	c.suppress(suppressedBy(person().Contact))
	require.NoError(c, c.store.RecordImport(c.Context(), intake.RecordImportParams{
		CampaignID: c.id, ActorID: c.actor, Result: intake.Result{CampaignID: c.id, Imported: 6}, Now: c.now,
	}))
	_, err := c.store.SweepLocks(c.Context(), queue.SweepParams{Now: c.now})
	require.NoError(c, err)
	return c.items()
}
