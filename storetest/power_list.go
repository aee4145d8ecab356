package storetest

import (
	"slices"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/outdial/outdial"
	"github.com/outdial/outdial/dialer"
	"github.com/outdial/outdial/dialer/presence"
	"github.com/outdial/outdial/dialer/telephony"
)

// inEachCallState returns new items in every state that there is, each with its last
// call, which is zero for the one that waits for its first.
func (c *campaign) inEachCallState() map[dialer.State]dialer.Call {
	c.Helper()
	people := c.addCallable(7)
	calls := c.dialEverybody(people[:6]...)
	in := map[dialer.State]dialer.Call{dialer.StateDialing: calls[0]}
	in[dialer.StateRinging] = c.tell(calls[1], telephony.TypeRinging).Call
	in[dialer.StateConnected] = c.tell(calls[2], telephony.TypeConnected).Call
	in[dialer.StateUnknown] = c.lose(calls[3]).Call
	c.tell(calls[4], telephony.TypeConnected)
	in[dialer.StateCompleted] = c.learn(calls[4], dialer.Facts{EndedAt: c.now, Cause: dialer.CauseCompleted}).Call
	in[dialer.StateFailed] = c.tell(calls[5], telephony.TypeEnded, withCause(dialer.CauseRejected)).Call
	c.queueCalls(people[6])
	in[dialer.StateQueued] = dialer.Call{}
	require.Len(c, in, len(dialer.States()))
	return in
}

// listCallsBehaviours proves ListCalls.
func listCallsBehaviours(g *group) {
	g.proves("it returns calls in the order of their ids, which is that of their claims", func(c *campaign) {
		c.running()
		other := c.another().running()
		var want []uuid.UUID
		for range 3 {
			want = append(want, c.claimed(c.addCallable(1)[0]).ID)
			other.claimed(other.addCallable(1)[0])
		}
		calls := c.calls()
		require.Len(c, calls, len(want))
		for i, call := range calls {
			require.Equal(c, want[i], call.ID)
		}
	})

	g.proves("CampaignID restricts them to one campaign; the nil UUID does not", func(c *campaign) {
		other := c.another().running()
		mine, theirs := c.running().claimed(c.addCallable(1)[0]), other.claimed(other.addCallable(1)[0])
		requireSame(c, []dialer.Call{mine}, c.calls())
		requireSame(c, []dialer.Call{theirs}, other.calls())
		result, err := c.store.ListCalls(c.Context(), dialer.ListCallsParams{Limit: everything})
		require.NoError(c, err)
		require.True(c, slices.IsSortedFunc(result.Calls, func(a, b dialer.Call) int { return compareIDs(a.ID, b.ID) }))
		for _, call := range []dialer.Call{mine, theirs} {
			at := slices.IndexFunc(result.Calls, func(listed dialer.Call) bool { return listed.ID == call.ID })
			require.GreaterOrEqual(c, at, 0)
			requireSame(c, call, result.Calls[at])
		}
	})

	g.proves("Unsettled restricts them to calls that are not settled", func(c *campaign) {
		in := c.running().inEachCallState()
		for _, call := range c.listCalls(dialer.ListCallsParams{Unsettled: true}) {
			require.True(c, call.SettledAt.IsZero())
		}
		require.Len(c, c.listCalls(dialer.ListCallsParams{Unsettled: true}), 4)
		require.Len(c, c.calls(), len(in)-1)
	})

	g.proves("States restrict them to calls whose item is in one of them and still theirs", func(c *campaign) {
		in := c.running().inEachCallState()
		for state, call := range in {
			listed := c.listCalls(dialer.ListCallsParams{States: []dialer.State{state}})
			if state == dialer.StateQueued {
				require.Empty(c, listed)
				continue
			}
			requireSame(c, []dialer.Call{call}, listed)
		}
		listed := c.listCalls(dialer.ListCallsParams{States: []dialer.State{dialer.StateFailed, dialer.StateDialing}})
		require.Len(c, listed, 2)

		first := in[dialer.StateRinging]
		c.tell(first, telephony.TypeEnded, withCause(dialer.CauseBusy))
		queued := c.listCalls(dialer.ListCallsParams{States: []dialer.State{dialer.StateQueued}})
		require.Len(c, queued, 1)
		require.Equal(c, first.ID, queued[0].ID)
		c.now = c.callItem(first.Ref.ItemID).NextAttemptAt
		c.claimCalls()
		for _, call := range c.listCalls(dialer.ListCallsParams{States: []dialer.State{dialer.StateDialing}}) {
			require.NotEqual(c, first.ID, call.ID, "the item has another call")
		}
	})

	g.proves("a page holds at most Limit calls, and After continues it", func(c *campaign) {
		c.running().queueCalls(c.addCallable(5)...)
		all := c.claimCalls()
		for _, limit := range []int{1, 2, 3, 5, 6} {
			var paged []dialer.Call
			p := dialer.ListCallsParams{CampaignID: c.id, Limit: limit}
			for {
				result, err := c.store.ListCalls(c.Context(), p)
				require.NoError(c, err)
				require.LessOrEqual(c, len(result.Calls), limit)
				paged = append(paged, result.Calls...)
				require.Equal(c, len(paged) < len(all), result.More, "%d of %d", len(paged), len(all))
				if !result.More {
					break
				}
				p.After = paged[len(paged)-1].ID
			}
			requireSame(c, all, paged)
		}
	})

	g.proves("a campaign without calls has an empty page", func(c *campaign) {
		require.Empty(c, c.calls())
	})
}

// listCallItemsBehaviours proves ListCallItems.
func listCallItemsBehaviours(g *group) {
	g.proves("it returns a page of items in the order of their ids", func(c *campaign) {
		other := c.another()
		other.queueCalls(other.addCallable(2)...)
		people := c.addCallable(5)
		slices.Reverse(people)
		for _, contact := range people {
			c.queueCalls(contact)
		}
		all := c.callItems()
		require.Len(c, all, 5)
		require.True(c, slices.IsSortedFunc(all, func(a, b dialer.Item) int { return compareIDs(a.ID, b.ID) }))
		for _, limit := range []int{1, 2, 5, 6} {
			var paged []dialer.Item
			p := dialer.ListItemsParams{CampaignID: c.id, Limit: limit}
			for {
				result, err := c.store.ListCallItems(c.Context(), p)
				require.NoError(c, err)
				require.LessOrEqual(c, len(result.Items), limit)
				paged = append(paged, result.Items...)
				require.Equal(c, len(paged) < len(all), result.More, "%d of %d", len(paged), len(all))
				if !result.More {
					break
				}
				p.After = paged[len(paged)-1].ID
			}
			requireSame(c, all, paged)
		}
	})

	g.proves("State restricts the page to one state", func(c *campaign) {
		c.running().inEachCallState()
		for _, state := range dialer.States() {
			result, err := c.store.ListCallItems(c.Context(), dialer.ListItemsParams{CampaignID: c.id, State: state, Limit: everything})
			require.NoError(c, err)
			require.Len(c, result.Items, 1, "%s", state)
			require.Equal(c, state, result.Items[0].State)
		}
	})
}

// listDialingBehaviours proves ListDialing.
func listDialingBehaviours(g *group) {
	dialing := func(c *campaign) []uuid.UUID {
		c.Helper()
		ids, err := c.store.ListDialing(c.Context())
		require.NoError(c, err)
		require.True(c, slices.IsSortedFunc(ids, compareIDs), "they are in the order of their ids")
		require.Len(c, slices.Compact(slices.Clone(ids)), len(ids), "each is there once")
		return ids
	}

	g.proves("it returns the campaigns that are running, in the order of their ids", func(c *campaign) {
		running := []uuid.UUID{c.another().running().id, c.another().running().id, c.another().running().id}
		c.another().running().control(dialer.ControlPause)
		require.Subset(c, dialing(c), running)
		require.NotContains(c, dialing(c), c.id, "nobody has started it")
		c.control(dialer.ControlStart)
		require.Contains(c, dialing(c), c.id)
		c.control(dialer.ControlPause)
		require.NotContains(c, dialing(c), c.id)
		c.control(dialer.ControlStop)
		require.NotContains(c, dialing(c), c.id)
	})

	g.proves("it returns the campaigns that have calls which are not settled", func(c *campaign) {
		call := c.running().claimed(c.addCallable(1)[0])
		for _, control := range []dialer.Control{dialer.ControlPause, dialer.ControlStop} {
			c.control(control)
			require.Contains(c, dialing(c), c.id)
		}
		c.learn(call, dialer.Facts{NotPlacedAt: c.now})
		require.NotContains(c, dialing(c), c.id)
	})
}

// dialerStatsBehaviours proves DialerStats.
func dialerStatsBehaviours(g *group) {
	g.proves("it counts a campaign's items by state, and its agents", func(c *campaign) {
		other := c.another().running()
		other.inEachState()
		other.inEachCallState()
		c.running()
		c.inEachState()
		c.inEachCallState()
		stats := c.dialerStats()
		require.Equal(c, dialerStatsOf(dialer.StatusRunning, c.callItems(), c.sessions(), c.now), stats)
		for _, state := range presence.States() {
			require.Positive(c, stats.Agents[string(state)])
		}
	})

	g.proves("a state with nothing in it has a zero", func(c *campaign) {
		require.Equal(c, dialerStatsOf(dialer.StatusStopped, nil, nil, c.now), c.dialerStats())
	})

	g.proves("Due counts the queued items whose time has come", func(c *campaign) {
		c.running()
		call := c.dial(c.addCallable(1)[0])
		c.tell(call, telephony.TypeEnded, withCause(dialer.CauseBusy))
		c.queueCalls(c.addCallable(2)...)
		require.Equal(c, 2, c.dialerStats().Due)
		c.now = c.callItem(call.Ref.ItemID).NextAttemptAt.Add(-time.Microsecond)
		require.Equal(c, 2, c.dialerStats().Due)
		c.wait(time.Microsecond)
		require.Equal(c, 3, c.dialerStats().Due)
		c.claimCalls()
		require.Zero(c, c.dialerStats().Due)
	})

	g.proves("an unknown campaign is ErrNotFound", func(c *campaign) {
		_, err := c.store.DialerStats(c.Context(), dialer.StatsParams{CampaignID: uuid.New(), Now: c.now})
		require.ErrorIs(c, err, outdial.ErrNotFound)
	})
}
