package storetest

import (
	"math"
	"slices"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/outdial/outdial"
	"github.com/outdial/outdial/queue"
)

// replace calls ReplaceQueue and checks what holds of every result.
func (c *campaign) replace(p queue.ReplaceParams) queue.ReplaceResult {
	c.Helper()
	result, err := c.store.ReplaceQueue(c.Context(), c.replaceParams(p))
	require.NoError(c, err)
	requireConsistentReplace(c, result)
	return result
}

func (c *campaign) replaceParams(p queue.ReplaceParams) queue.ReplaceParams {
	p.CampaignID, p.ActorID = or(p.CampaignID, c.id), or(p.ActorID, c.actor)
	if p.Now.IsZero() {
		p.Now = c.now
	}
	return p
}

// requireConsistentReplace checks the sums that the result's own comments
// promise.
func requireConsistentReplace(t require.TestingT, result queue.ReplaceResult) {
	require.Equal(t, result.Matched, result.MatchedKept+result.Assigned+result.Skipped.Total(),
		"matched equals matched kept + assigned + skipped: %+v", result)
	require.Equal(t, result.Skipped[queue.SkipCollision], result.SkippedDueToCollision)
	require.Len(t, result.Skipped, len(queue.SkipReasons()), "every reason is filled in")
	require.LessOrEqual(t, result.Unchanged, result.Assigned)
	require.LessOrEqual(t, result.Unchanged, result.Released)
	require.LessOrEqual(t, result.MatchedKept, result.KeptInProgress)
}

// clear empties the queue of one agent, or everybody's for the nil UUID.
func (c *campaign) clear(agent uuid.UUID) int {
	c.Helper()
	result, err := c.store.ClearQueue(c.Context(), queue.ClearParams{
		CampaignID: c.id, AgentID: agent, ActorID: c.actor, Now: c.now,
	})
	require.NoError(c, err)
	return result.Released
}

func (c *campaign) enqueue(p queue.EnqueueParams) queue.EnqueueResult {
	c.Helper()
	result, err := c.store.EnqueueItems(c.Context(), c.enqueueParams(p))
	require.NoError(c, err)
	requireConsistentEnqueue(c, result)
	return result
}

func (c *campaign) enqueueParams(p queue.EnqueueParams) queue.EnqueueParams {
	p.CampaignID, p.ActorID = or(p.CampaignID, c.id), or(p.ActorID, c.actor)
	if p.Now.IsZero() {
		p.Now = c.now
	}
	if p.Provenance == (outdial.Provenance{}) {
		p.Provenance = outdial.Provenance{By: c.actor.String(), Reason: outdial.ReasonManualAdd}
	}
	return p
}

func requireConsistentEnqueue(t require.TestingT, result queue.EnqueueResult) {
	require.Equal(t, result.Matched, result.Enqueued+result.Skipped.Total(),
		"matched equals enqueued + skipped: %+v", result)
	require.Len(t, result.Skipped, len(queue.SkipReasons()), "every reason is filled in")
}

// give enqueues contacts for an agent, or into the pool for the nil UUID, and
// returns their items in the order of the contacts.
func (c *campaign) give(agent uuid.UUID, contacts ...outdial.Contact) []queue.Item {
	c.Helper()
	result := c.enqueue(queue.EnqueueParams{AgentID: agent, ContactIDs: contactIDs(contacts)})
	require.Equal(c, len(contacts), result.Enqueued)
	active := map[uuid.UUID]queue.Item{}
	for _, item := range c.list(queue.ListParams{AgentID: agent, State: queue.StateQueued}) {
		active[item.ContactID] = item
	}
	items := make([]queue.Item, len(contacts))
	for i, contact := range contacts {
		require.Contains(c, active, contact.ID)
		items[i] = active[contact.ID]
	}
	return items
}

// pull asks for the agent's next item, nil when there is none.
func (c *campaign) pull(agent uuid.UUID) queue.PullResult {
	c.Helper()
	result, err := c.store.PullItem(c.Context(), c.pullParams(agent))
	require.NoError(c, err)
	return result
}

// take pulls an item that the agent did not hold.
func (c *campaign) take(agent uuid.UUID) queue.Item {
	c.Helper()
	result := c.pull(agent)
	require.NotNil(c, result.Item, "there is something to do")
	require.False(c, result.Held, "item %s is new to the agent", result.Item.ID)
	return *result.Item
}

// takeAgain pulls the item that the agent holds.
func (c *campaign) takeAgain(agent uuid.UUID) queue.Item {
	c.Helper()
	result := c.pull(agent)
	require.NotNil(c, result.Item, "the agent holds an item")
	require.True(c, result.Held, "the agent holds another than item %s", result.Item.ID)
	return *result.Item
}

// takeNothing checks that there is nothing for the agent to do.
func (c *campaign) takeNothing(agent uuid.UUID) {
	c.Helper()
	require.Equal(c, queue.PullResult{}, c.pull(agent), "there is nothing to do")
}

func (c *campaign) pullParams(agent uuid.UUID) queue.PullParams {
	return queue.PullParams{CampaignID: c.id, AgentID: agent, LockFor: lockFor, Now: c.now}
}

// lock gives a contact to an agent and pulls it. The item comes from the agent's
// own queue, or from the pool; it has a priority above every other, so that the
// pull finds it.
func (c *campaign) lock(agent uuid.UUID, contact outdial.Contact, fromPool bool) queue.Item {
	c.Helper()
	owner, first := agent, math.MaxInt32
	if fromPool {
		owner = uuid.Nil
	}
	c.enqueue(queue.EnqueueParams{AgentID: owner, ContactIDs: []uuid.UUID{contact.ID}, Priority: &first})
	item := c.take(agent)
	require.Equal(c, contact.ID, item.ContactID, "the agent has something else to do first")
	return item
}

// start gives a contact to an agent and begins the call.
func (c *campaign) start(agent uuid.UUID, contact outdial.Contact, fromPool bool) queue.Item {
	c.Helper()
	return c.move(c.lock(agent, contact, fromPool), queue.MoveStart)
}

// move carries out a move that must succeed, by the agent who holds the item.
func (c *campaign) move(item queue.Item, move queue.Move) queue.Item {
	c.Helper()
	result, err := c.store.MoveItem(c.Context(), c.moveParams(item, move))
	require.NoError(c, err)
	return result.Item
}

// moveError carries out a move that must fail, and checks that nothing changed.
func (c *campaign) moveError(p queue.MoveParams) error {
	c.Helper()
	before := c.items()
	_, err := c.store.MoveItem(c.Context(), p)
	require.Error(c, err)
	requireSame(c, before, c.items())
	return err
}

func (c *campaign) sweep() queue.SweepResult {
	c.Helper()
	result, err := c.store.SweepLocks(c.Context(), queue.SweepParams{Now: c.now})
	require.NoError(c, err)
	return result
}

func (c *campaign) rollback(launch uuid.UUID) queue.RollbackResult {
	c.Helper()
	result, err := c.store.RollbackLaunch(c.Context(), queue.RollbackParams{
		CampaignID: c.id, LaunchID: launch, ActorID: c.actor, Now: c.now,
	})
	require.NoError(c, err)
	return result
}

func (c *campaign) stats() queue.StatsResult {
	c.Helper()
	result, err := c.store.QueueStats(c.Context(), queue.StatsParams{CampaignID: c.id})
	require.NoError(c, err)
	return result
}

// everything is a page size that no behaviour's queue reaches.
const everything = 100_000

// items returns every item the campaign has or had.
func (c *campaign) items() []queue.Item {
	c.Helper()
	return c.list(queue.ListParams{})
}

// itemsOf returns every item an agent has or had.
func (c *campaign) itemsOf(agent uuid.UUID) []queue.Item {
	c.Helper()
	return c.list(queue.ListParams{AgentID: agent})
}

func (c *campaign) list(p queue.ListParams) []queue.Item {
	c.Helper()
	p.CampaignID, p.Limit = c.id, everything
	result, err := c.store.ListItems(c.Context(), p)
	require.NoError(c, err)
	require.False(c, result.More)
	return result.Items
}

// item returns the item with that id as it is now.
func (c *campaign) item(id uuid.UUID) queue.Item {
	c.Helper()
	items := c.items()
	at := slices.IndexFunc(items, func(item queue.Item) bool { return item.ID == id })
	require.GreaterOrEqual(c, at, 0, "no item %s", id)
	return items[at]
}

// activeOf returns the item that holds the contact.
func (c *campaign) activeOf(contact outdial.Contact) queue.Item {
	c.Helper()
	items := slices.DeleteFunc(c.items(), func(item queue.Item) bool {
		return item.ContactID != contact.ID || !item.State.Active()
	})
	require.Len(c, items, 1, "active items of contact %s", contact.ID)
	return items[0]
}

// queueOf returns the contacts that an agent's active items hold, in the order
// of the items' ids.
func (c *campaign) queueOf(agent uuid.UUID) []uuid.UUID {
	c.Helper()
	return held(c.itemsOf(agent))
}

// held returns the contacts of the active ones among the items.
func held(items []queue.Item) []uuid.UUID {
	ids := []uuid.UUID{}
	for _, item := range items {
		if item.State.Active() {
			ids = append(ids, item.ContactID)
		}
	}
	return ids
}

func contactIDs(contacts []outdial.Contact) []uuid.UUID {
	ids := make([]uuid.UUID, len(contacts))
	for i, contact := range contacts {
		ids[i] = contact.ID
	}
	return ids
}

func or(id, fallback uuid.UUID) uuid.UUID {
	if id == uuid.Nil {
		return fallback
	}
	return id
}
