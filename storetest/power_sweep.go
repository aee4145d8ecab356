package storetest

import (
	"time"

	"github.com/stretchr/testify/require"

	"github.com/outdial/outdial/dialer"
	"github.com/outdial/outdial/dialer/presence"
	"github.com/outdial/outdial/dialer/telephony"
)

// sweepCallsBehaviours proves SweepCalls. A sweep is of the whole store, so they run
// one after another, and each first sweeps away what is there.
func sweepCallsBehaviours(g *group) {
	const unplaced, stuck, talking = time.Minute, 10 * time.Minute, 4 * time.Hour
	sweeps := func(sentence string, behaviour func(c *campaign)) {
		g.provesAlone(sentence, func(c *campaign) {
			c.wait(100_000 * time.Hour)
			c.sweepCalls(c.sweepParams(0, 0, 0))
			c.wait(-50_000 * time.Hour)
			behaviour(c.running())
		})
	}

	sweeps("it settles as not placed the calls that were claimed before UnplacedSince and never placed", func(c *campaign) {
		call := c.claimed(c.addCallable(1)[0])
		item := c.callItem(call.Ref.ItemID)
		c.wait(unplaced)
		require.Equal(c, dialer.SweepResult{}, c.sweepCalls(c.sweepParams(unplaced, stuck, talking)))
		c.wait(time.Microsecond)
		require.Equal(c, dialer.SweepResult{Returned: 1}, c.sweepCalls(c.sweepParams(unplaced, stuck, talking)))
		want := movedTo(item, dialer.StateQueued)
		want.NextAttemptAt = c.now.Add(5 * time.Second)
		requireItem(c, want, c.callItem(item.ID))
		c.requireNotPlaced(call, c.call(call.ID), want)
		require.Equal(c, dialer.SweepResult{}, c.sweepCalls(c.sweepParams(unplaced, stuck, talking)))
		c.wait(5 * time.Second)
		require.Len(c, c.claimCalls(), 1)
	})

	sweeps("a call that was placed is never taken for one that was not, however long nothing is heard of it", func(c *campaign) {
		call := c.dial(c.addCallable(1)[0])
		c.wait(1000 * time.Hour)
		require.Equal(c, dialer.SweepResult{Lost: 1}, c.sweepCalls(c.sweepParams(unplaced, stuck, talking)))
		require.Equal(c, dialer.StateUnknown, c.callItem(call.Ref.ItemID).State)
		c.wait(1000 * time.Hour)
		require.Equal(c, dialer.SweepResult{}, c.sweepCalls(c.sweepParams(unplaced, stuck, talking)))
		c.claimNothing()
	})

	for _, test := range []struct {
		state   dialer.State
		kind    telephony.Type
		patient time.Duration
	}{
		{dialer.StateDialing, telephony.TypeInitiated, stuck},
		{dialer.StateRinging, telephony.TypeRinging, stuck},
		{dialer.StateConnected, telephony.TypeConnected, talking},
	} {
		sweeps("it makes unknown what has been "+string(test.state)+" without news for too long", func(c *campaign) {
			call := c.dial(c.addCallable(1)[0])
			c.wait(time.Minute)
			call = c.tell(call, test.kind, happenedAt(c.now.Add(-time.Minute))).Call
			item := c.callItem(call.Ref.ItemID)
			require.Equal(c, test.state, item.State)
			c.wait(test.patient)
			require.Equal(c, dialer.SweepResult{}, c.sweepCalls(c.sweepParams(unplaced, stuck, talking)))
			c.wait(time.Microsecond)
			require.Equal(c, dialer.SweepResult{Lost: 1}, c.sweepCalls(c.sweepParams(unplaced, stuck, talking)))
			want := movedTo(item, dialer.StateUnknown)
			requireItem(c, want, c.callItem(item.ID))
			call.LostAt, call.ItemVersion = c.now, want.LockVersion
			requireSame(c, call, c.call(call.ID))
			require.Equal(c, dialer.SweepResult{}, c.sweepCalls(c.sweepParams(unplaced, stuck, talking)), "once")
			c.wait(1000 * time.Hour)
			c.claimNothing()
		})
	}

	sweeps("more patience with what rings than with conversations is for what rings", func(c *campaign) {
		calls := c.dialEverybody(c.addCallable(2)...)
		calls[0] = c.tell(calls[0], telephony.TypeRinging).Call
		calls[1] = c.tell(calls[1], telephony.TypeConnected).Call
		c.wait(time.Hour)
		require.Equal(c, dialer.SweepResult{Lost: 1}, c.sweepCalls(c.sweepParams(unplaced, talking, stuck)))
		require.Equal(c, dialer.StateRinging, c.callItem(calls[0].Ref.ItemID).State)
		require.Equal(c, dialer.StateUnknown, c.callItem(calls[1].Ref.ItemID).State)
	})

	sweeps("news put the end of patience off", func(c *campaign) {
		call := c.dial(c.addCallable(1)[0])
		for _, kind := range []telephony.Type{telephony.TypeInitiated, telephony.TypeRinging, telephony.TypeAnswered, telephony.TypeAMD} {
			c.wait(stuck)
			require.Equal(c, dialer.SweepResult{}, c.sweepCalls(c.sweepParams(unplaced, stuck, talking)))
			call = c.tell(call, kind).Call
		}
		c.wait(stuck + time.Microsecond)
		require.Equal(c, dialer.SweepResult{Lost: 1}, c.sweepCalls(c.sweepParams(unplaced, stuck, talking)))
	})

	sweeps("news find a call that a sweep had lost, even in a conversation", func(c *campaign) {
		calls := c.dialEverybody(c.addCallable(2)...)
		calls[0] = c.tell(calls[0], telephony.TypeRinging).Call
		calls[1] = c.tell(calls[1], telephony.TypeConnected).Call
		c.wait(1000 * time.Hour)
		require.Equal(c, dialer.SweepResult{Lost: 2}, c.sweepCalls(c.sweepParams(unplaced, stuck, talking)))
		require.Equal(c, dialer.StateRinging, c.tell(calls[0], telephony.TypeAnswered).State)
		require.Equal(c, dialer.StateConnected, c.tell(calls[1], telephony.TypeAMD).State)
		require.Equal(c, dialer.StateCompleted, c.tell(calls[1], telephony.TypeEnded).State)
	})

	sweeps("a settled call, and an item that waits, stay as they are", func(c *campaign) {
		calls := c.dialEverybody(c.addCallable(2)...)
		c.tell(calls[0], telephony.TypeEnded, withCause(dialer.CauseBusy))
		c.tell(calls[1], telephony.TypeConnected)
		c.tell(calls[1], telephony.TypeEnded)
		c.queueCalls(c.addCallable(1)...)
		items, settled := c.callItems(), c.calls()
		c.wait(1000 * time.Hour)
		require.Equal(c, dialer.SweepResult{}, c.sweepCalls(c.sweepParams(unplaced, stuck, talking)))
		requireSame(c, items, c.callItems())
		requireSame(c, settled, c.calls())
	})

	sweeps("a sweep is of every campaign", func(c *campaign) {
		other := c.another().running()
		c.claimed(c.addCallable(1)[0])
		other.dial(other.addCallable(1)[0])
		c.wait(time.Hour)
		require.Equal(c, dialer.SweepResult{Returned: 1, Lost: 1}, c.sweepCalls(c.sweepParams(unplaced, stuck, talking)))
	})

	sweeps("the agent of a call that was never placed is ready again", func(c *campaign) {
		agent := c.readyAgents(1)[0]
		call := c.claimed(c.addCallable(1)[0])
		c.reserve(call)
		c.wait(time.Hour)
		require.Equal(c, dialer.SweepResult{Returned: 1}, c.sweepCalls(c.sweepParams(unplaced, stuck, talking)))
		require.Equal(c, presence.StateReady, c.session(agent).State)
	})

	sweeps("an orphan whose call nobody knows stays one", func(c *campaign) {
		sid := newSID()
		c.report(c.event(dialer.Call{}, telephony.TypeRinging, withSID(sid)))
		c.wait(time.Hour)
		require.Equal(c, dialer.SweepResult{}, c.sweepCalls(c.sweepParams(unplaced, stuck, talking)))
		require.Len(c, c.orphans(sid), 1)
	})
}
