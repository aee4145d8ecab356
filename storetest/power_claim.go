package storetest

import (
	"slices"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/outdial/outdial"
	"github.com/outdial/outdial/dialer"
	"github.com/outdial/outdial/dialer/telephony"
)

// claimBehaviours proves ClaimCalls in three parts: which items come next, who is
// passed over, and what windows and caps allow.
func claimBehaviours(g *group) {
	claimOrderBehaviours(g)
	claimPassedOverBehaviours(g)
	claimLimitBehaviours(g)

	g.proves("it takes items that are due and makes a call for each", func(c *campaign) {
		c.running()
		contact := c.addCallable(1)[0]
		item := c.queueCalls(contact)[0]
		c.wait(time.Minute)
		calls := c.claimCalls()
		require.Len(c, calls, 1)
		want := movedTo(item, dialer.StateDialing)
		requireItem(c, want, c.callItem(item.ID))
		requireSame(c, dialer.Call{
			ID: calls[0].ID, Ref: dialer.Ref{CampaignID: c.id, ItemID: item.ID, LockVersion: want.LockVersion},
			ItemVersion: want.LockVersion, ContactID: contact.ID, Phone: contact.Phone, ClaimedAt: c.now,
		}, calls[0])
		requireSame(c, calls, c.calls())
	})

	g.proves("it takes up to Limit items", func(c *campaign) {
		c.running()
		c.queueCalls(c.addCallable(5)...)
		for _, want := range []int{2, 2, 1, 0} {
			result, err := c.store.ClaimCalls(c.Context(), c.claimParams(2))
			require.NoError(c, err)
			require.Len(c, result.Calls, want)
		}
	})

	g.proves("what was claimed is not claimed again, however long nothing happens", func(c *campaign) {
		c.running()
		people := c.addCallable(2)
		c.queueCalls(people...)
		calls := c.claimCalls()
		c.place(calls[0])
		for range 3 {
			c.wait(1000 * time.Hour)
			c.claimNothing()
		}
	})

	g.proves("another attempt is another call, and the item's call_sid and agent are those of the last", func(c *campaign) {
		c.running()
		agent := c.readyAgents(1)[0]
		call := c.dial(c.addCallable(1)[0])
		call = c.originated(call, newSID()).Call
		c.reserve(call)
		c.tell(call, telephony.TypeEnded, withCause(dialer.CauseBusy))
		before := c.callItem(call.Ref.ItemID)
		require.Equal(c, []any{call.CallSID, agent}, []any{before.CallSID, before.AgentID})
		c.now = before.NextAttemptAt
		calls := c.claimCalls()
		require.Len(c, calls, 1)
		require.NotEqual(c, call.ID, calls[0].ID)
		want := movedTo(before, dialer.StateDialing)
		want.CallSID, want.AgentID = "", uuid.Nil
		requireItem(c, want, c.callItem(before.ID))
		require.Equal(c, dialer.Ref{CampaignID: c.id, ItemID: before.ID, LockVersion: want.LockVersion}, calls[0].Ref)
		require.Negative(c, compareIDs(call.ID, calls[0].ID), "ids are in the order of the claims")
	})

	g.proves("nothing is claimed unless the campaign is running", func(c *campaign) {
		c.queueCalls(c.addCallable(1)...)
		before := c.callItems()
		c.claimNothing()
		for _, control := range []dialer.Control{dialer.ControlStart, dialer.ControlPause} {
			c.control(control)
		}
		c.claimNothing()
		c.control(dialer.ControlStop)
		c.claimNothing()
		requireSame(c, before, c.callItems())
		c.control(dialer.ControlStart)
		c.control(dialer.ControlPause)
		c.control(dialer.ControlResume)
		require.Len(c, c.claimCalls(), 1)
	})

	g.proves("it claims nothing of another campaign", func(c *campaign) {
		other := c.another().running()
		other.queueCalls(other.addCallable(1)...)
		c.running().claimNothing()
	})

	g.proves("a lease that another holder has taken is ErrConflict, and so is one that has expired", func(c *campaign) {
		c.running().queueCalls(c.addCallable(1)...)
		for name, lease := range c.badLeases() {
			p := c.claimParams(1)
			p.Lease = lease
			_, err := c.store.ClaimCalls(c.Context(), p)
			require.ErrorIs(c, err, outdial.ErrConflict, name)
			require.Empty(c, c.calls())
		}
	})

	g.proves("the lease of another campaign is ErrConflict, even under the same token", func(c *campaign) {
		c.running().queueCalls(c.addCallable(1)...)
		other := c.another()
		mine, theirs := c.acquire("one", time.Hour), other.acquire("one", time.Hour)
		for range 10 {
			if theirs.Token < mine.Token {
				other.release(theirs)
				theirs = other.acquire("one", time.Hour)
			} else if theirs.Token > mine.Token {
				c.release(mine)
				mine = c.acquire("one", time.Hour)
			}
		}
		p := c.claimParams(1)
		p.Lease = theirs
		_, err := c.store.ClaimCalls(c.Context(), p)
		require.ErrorIs(c, err, outdial.ErrConflict)
		p.Lease = mine
		_, err = c.store.ClaimCalls(c.Context(), p)
		require.NoError(c, err)
	})

	g.proves("whoever holds the lease claims until it expires", func(c *campaign) {
		c.running().queueCalls(c.addCallable(2)...)
		lease := c.acquire("one", time.Minute)
		for _, after := range []time.Duration{0, time.Minute - time.Microsecond} {
			p := c.claimParams(1)
			p.Lease, p.Now = lease, c.now.Add(after)
			result, err := c.store.ClaimCalls(c.Context(), p)
			require.NoError(c, err)
			require.Len(c, result.Calls, 1)
		}
	})

	g.proves("a lease that was prolonged holds as long as it says", func(c *campaign) {
		c.running().queueCalls(c.addCallable(1)...)
		lease := c.acquire("one", time.Minute)
		c.wait(30 * time.Second)
		c.acquire("one", time.Minute)
		c.wait(time.Minute - time.Microsecond)
		p := c.claimParams(1)
		p.Lease = lease
		result, err := c.store.ClaimCalls(c.Context(), p)
		require.NoError(c, err)
		require.Len(c, result.Calls, 1)
	})

	g.proves("an unknown campaign is ErrNotFound", func(c *campaign) {
		p := c.claimParams(1)
		p.CampaignID = uuid.New()
		_, err := c.store.ClaimCalls(c.Context(), p)
		require.ErrorIs(c, err, outdial.ErrNotFound)
	})
}

// claimOrderBehaviours proves in which order items are claimed.
func claimOrderBehaviours(g *group) {
	type entry struct {
		priority int
		later    time.Duration
	}
	cases := []struct {
		sentence string
		entries  []entry
		want     []int
	}{
		{"the order is priority descending", []entry{{priority: -1}, {priority: 3}, {}, {priority: 2}}, []int{1, 3, 2, 0}},
		{"of one priority the earliest comes first", []entry{{later: 2 * time.Minute}, {}, {later: time.Minute}}, []int{1, 2, 0}},
		{"priority comes before what is due earlier", []entry{{}, {priority: 1, later: time.Minute}, {later: time.Second}}, []int{1, 0, 2}},
	}
	for _, test := range cases {
		g.proves(test.sentence, func(c *campaign) {
			c.running()
			people := c.addCallable(len(test.entries))
			start := c.now
			order := make([]int, len(people))
			for i := range order {
				order[i] = i
			}
			// They are queued in the order of time, as a clock would have it.
			slices.SortStableFunc(order, func(a, b int) int { return int(test.entries[a].later - test.entries[b].later) })
			for _, i := range order {
				c.now = start.Add(test.entries[i].later)
				c.enqueueCalls(dialer.EnqueueParams{ContactIDs: []uuid.UUID{people[i].ID}, Priority: &test.entries[i].priority})
			}
			c.wait(time.Hour)
			want := make([]uuid.UUID, len(test.want))
			for i, at := range test.want {
				want[i] = people[at].ID
			}
			calls := c.claimCalls()
			require.Equal(c, want, called(calls))
			requireSame(c, calls, c.calls())
		})
	}

	g.proves("of items that differ in nothing else the first id comes first", func(c *campaign) {
		c.running()
		people := c.addCallable(5)
		slices.Reverse(people)
		for _, contact := range people {
			c.queueCalls(contact)
		}
		want := make([]uuid.UUID, len(people))
		for i, item := range c.callItems() {
			want[i] = item.ContactID
		}
		require.Equal(c, want, called(c.claimCalls()))
	})

	g.proves("an item that waits for another attempt has its place by the time when it is due", func(c *campaign) {
		c.running()
		people := c.addCallable(3)
		tried := c.dial(people[0])
		c.tell(tried, telephony.TypeEnded, withCause(dialer.CauseBusy))
		due := c.callItem(tried.Ref.ItemID).NextAttemptAt
		c.now = due.Add(-time.Microsecond)
		c.queueCalls(people[1])
		c.now = due.Add(time.Microsecond)
		c.queueCalls(people[2])
		require.Equal(c, []uuid.UUID{people[1].ID, people[0].ID, people[2].ID}, called(c.claimCalls()))
	})

	g.proves("an item is not claimed before it is due", func(c *campaign) {
		c.running()
		call := c.dial(c.addCallable(1)[0])
		c.tell(call, telephony.TypeEnded, withCause(dialer.CauseNoAnswer))
		c.now = c.callItem(call.Ref.ItemID).NextAttemptAt
		c.wait(-time.Microsecond)
		c.claimNothing()
		c.wait(time.Microsecond)
		require.Len(c, c.claimCalls(), 1)
	})
}
