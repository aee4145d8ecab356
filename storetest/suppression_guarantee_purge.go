package storetest

import (
	"errors"
	"sync/atomic"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/outdial/outdial"
	"github.com/outdial/outdial/dialer"
	"github.com/outdial/outdial/disposition"
	"github.com/outdial/outdial/queue"
	"github.com/outdial/outdial/suppression"
)

// purgeAll purges behind a cursor until there is nothing left to do, and returns what
// was done.
func (c *campaign) purgeAll(cursor string) suppression.PurgeResult {
	c.Helper()
	const most = 1000
	var all suppression.PurgeResult
	for range most {
		result, err := c.store.PurgeSuppressed(c.Context(), suppression.PurgeParams{Cursor: cursor, Events: most, Items: most, Now: c.now})
		require.NoError(c, err)
		require.False(c, result.Busy, "nobody else is at it")
		all.AgentItems += result.AgentItems
		all.PowerItems += result.PowerItems
		all.Events += result.Events
		if !result.More {
			return all
		}
	}
	require.FailNow(c, "the purge does not come to an end")
	return all
}

// sweepAll looks at every active item of both queues.
func (c *campaign) sweepAll() {
	c.Helper()
	const some = 100
	for _, of := range []suppression.Queue{suppression.QueueAgent, suppression.QueuePower} {
		for after, more := uuid.Nil, true; more; {
			result, err := c.store.SweepSuppressed(c.Context(), suppression.SweepParams{Queue: of, After: after, Limit: some, Now: c.now})
			require.NoError(c, err)
			after, more = result.Last, result.More
		}
	}
}

// purgeWithOneCursor lets four workers follow the feed from one place while others add
// to the list, each person several times over.
func purgeWithOneCursor(c *campaign) {
	const workers, writers, fewest = 4, 4, 6
	cursor := uuid.NewString()
	c.purgeAll(cursor)
	dialed := c.another()
	people, spared := c.addCallable(max(fewest, rounds(60))), c.addCallable(fewest)
	called := dialed.addCallable(len(people))
	before := versionsOf(c.give(uuid.Nil, append(people, spared...)...), dialed.queueCalls(called...))
	head, err := c.store.SuppressionHead(c.Context())
	require.NoError(c, err)

	everybody := append(people[:len(people):len(people)], called...)
	var writing, events, items atomic.Int64
	writing.Store(writers)
	wake := make(chan struct{}, workers)
	require.NoError(c, together(writers+workers, func(i int) error {
		if i < writers {
			defer func() {
				if writing.Add(-1) == 0 {
					close(wake)
				}
			}()
			return c.suppressEach(everybody[i*len(everybody)/writers:(i+1)*len(everybody)/writers], wake)
		}
		for range wake {
			for more := true; more; {
				result, err := c.store.PurgeSuppressed(c.Context(), suppression.PurgeParams{Cursor: cursor, Events: 5, Items: 1, Now: c.now})
				if err != nil {
					return err
				}
				events.Add(int64(result.Events))
				if items.Add(int64(result.AgentItems+result.PowerItems)) > int64(len(everybody)) {
					return errors.New("more items were failed than there are")
				}
				more = result.More
			}
		}
		return nil
	}))
	// Who was told last that another is at it has left that one's rest to the next.
	rest := c.purgeAll(cursor)
	require.Equal(c, suppression.PurgeResult{}, c.purgeAll(cursor))
	now, err := c.store.SuppressionHead(c.Context())
	require.NoError(c, err)
	require.Equal(c, now.Number-head.Number, events.Load()+int64(rest.Events), "each event was left behind once")
	require.Equal(c, int64(len(everybody)), items.Load()+int64(rest.AgentItems+rest.PowerItems), "each item was failed once")

	after := versionsOf(c.items(), dialed.callItems())
	require.Len(c, after, len(before))
	for id, item := range after {
		want := before[id]
		if !isAmong(spared, want.contactID) {
			want.version++
			want.failed = disposition.FailSuppressed
		}
		require.Equal(c, want, item)
	}
}

// suppressEach adds three entries about each contact, in three steps, and wakes whoever
// purges after each.
func (c *campaign) suppressEach(people []outdial.Contact, wake chan<- struct{}) error {
	for _, contact := range people {
		for _, entry := range []suppression.Entry{
			suppressedBy(contact), suppression.NewEmail(contact.Email), suppressedBy(contact, onlyIn(c.id)),
		} {
			_, err := c.store.AddSuppressions(c.Context(), suppression.AddParams{Entries: []suppression.Entry{entry}, ActorID: c.actor, Now: c.now})
			if err != nil {
				return err
			}
			awaken(wake)
		}
	}
	return nil
}

// awaken tells one who waits, unless enough have been told.
func awaken(wake chan<- struct{}) {
	select {
	case wake <- struct{}{}:
	default:
	}
}

// versioned is what a purge changes of an item of either queue.
type versioned struct {
	contactID uuid.UUID
	version   int
	failed    string
}

func versionsOf(items []queue.Item, dialed []dialer.Item) map[uuid.UUID]versioned {
	versions := map[uuid.UUID]versioned{}
	for _, item := range items {
		versions[item.ID] = versioned{item.ContactID, item.LockVersion, item.FailReason}
	}
	for _, item := range dialed {
		versions[item.ID] = versioned{item.ContactID, item.LockVersion, item.FailReason}
	}
	return versions
}

func isAmong(people []outdial.Contact, id uuid.UUID) bool {
	for _, contact := range people {
		if contact.ID == id {
			return true
		}
	}
	return false
}

// interruptPurge has a host give up a transaction in which a purge had done its work.
func interruptPurge(c *campaign) {
	cursor := uuid.NewString()
	c.purgeAll(cursor)
	dialed := c.another()
	people, called := c.addCallable(4), dialed.addCallable(3)
	c.give(uuid.Nil, people...)
	dialed.queueCalls(called...)
	require.NoError(c, c.suppressEach(append(people, called...), nil))
	items, dialing := c.items(), dialed.callItems()

	purge := func(c *campaign) suppression.PurgeResult {
		c.Helper()
		const enough = 100
		result, err := c.store.PurgeSuppressed(c.Context(), suppression.PurgeParams{Cursor: cursor, Events: enough, Items: enough, Now: c.now})
		require.NoError(c, err)
		return result
	}
	bound, _, rollback := c.begin()
	interrupted := purge(bound)
	require.Equal(c, []int{len(people), len(called)}, []int{interrupted.AgentItems, interrupted.PowerItems})
	require.Zero(c, purge(bound), "the transaction sees what was done in it")
	rollback()

	requireSame(c, items, c.items())
	requireSame(c, dialing, dialed.callItems())
	requireSame(c, interrupted, purge(c))
	require.Zero(c, purge(c))
	requireNobodyActive(c, people, "purged")
	requireNobodyActive(dialed, called, "purged")
}
