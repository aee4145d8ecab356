package storetest

import (
	"fmt"
	"sync/atomic"

	"github.com/stretchr/testify/require"

	"github.com/outdial/outdial/dialer"
	"github.com/outdial/outdial/dialer/telephony"
)

// deliverOneEvent has twenty deliveries of each of a call's events meet.
func deliverOneEvent(c *campaign) {
	const deliveries = 20
	script := scripts()[0]
	calls, team := c.cast(script, max(1, rounds(250)/len(script.news)))
	for i, call := range calls {
		for done, at := range choices(i, 5).Perm(len(script.news)) {
			before := c.callItem(call.Ref.ItemID)
			var kept, moved atomic.Int64
			p := script.eventParams(call, script.news[at], c.now)
			require.NoError(c, together(deliveries, func(int) error {
				result, err := c.store.RecordEvent(c.Context(), p)
				if err == nil && !result.Duplicate {
					kept.Add(1)
				}
				if result.Moved {
					moved.Add(1)
				}
				return err
			}))
			require.EqualValues(c, 1, kept.Load(), "%s was kept once", p.Event.Type)
			require.Len(c, c.listEvents(telephony.ListParams{CallSID: p.Event.CallSID}), done+1)
			require.EqualValues(c, c.callItem(call.Ref.ItemID).LockVersion-before.LockVersion, moved.Load())
		}
	}
	c.requireEnd(script, calls, team, func(i int) string { return fmt.Sprintf("call %d", i) })
}

// deliverOneCall has all that becomes known of a call delivered at once, twenty
// deliveries in all, for one script after the other.
func deliverOneCall(c *campaign) {
	const deliveries = 20
	all := scripts()
	each := max(1, rounds(250)/len(all))
	for number, script := range all {
		here := c.another()
		calls, team := here.cast(script, each)
		for i, call := range calls {
			random := choices(number, i)
			order := make([]int, 0, deliveries)
			for len(order) < max(deliveries, len(script.news)) {
				order = append(order, random.Perm(len(script.news))...)
			}
			order = order[:max(deliveries, len(script.news))]
			firsts := make([]atomic.Int64, len(script.news))
			require.NoError(c, together(len(order), func(j int) error {
				n := script.news[order[j]]
				if n.event == "" {
					_, err := here.store.RecordCall(here.Context(), script.recordParams(call, n, here.now))
					return err
				}
				result, err := here.store.RecordEvent(here.Context(), script.eventParams(call, n, here.now))
				if !result.Duplicate {
					firsts[order[j]].Add(1)
				}
				return err
			}))
			for at, n := range script.news {
				if n.event != "" {
					require.EqualValues(c, 1, firsts[at].Load(), "%s of %q was kept once", n.event, script.name)
				}
			}
		}
		if script.nameless {
			here.sweepCalls(dialer.SweepParams{Now: here.now})
		}
		here.requireEnd(script, calls, team, func(int) string { return script.name })
	}
}

// nameWhileReporting has a call's name become known while events come that carry
// nothing else.
func nameWhileReporting(c *campaign) {
	c.running()
	kinds := []telephony.Type{telephony.TypeRinging, telephony.TypeAnswered, telephony.TypeConnected, telephony.TypeEnded, ""}
	for round := range rounds(60) {
		call := c.dial(c.addCallable(1)[0])
		call.CallSID = sidOf(call)
		choices(round, 7).Shuffle(len(kinds), func(i, j int) { kinds[i], kinds[j] = kinds[j], kinds[i] })
		require.NoError(c, together(len(kinds), func(i int) error {
			if kinds[i] == "" {
				p := c.recordParams(call, dialer.Facts{})
				p.CallSID = call.CallSID
				_, err := c.store.RecordCall(c.Context(), p)
				return err
			}
			_, err := c.store.RecordEvent(c.Context(), c.event(call, kinds[i], withRef(dialer.Ref{})))
			return err
		}))
		missed := len(c.orphans(call.CallSID))
		require.Equal(c, missed, c.sweepCalls(dialer.SweepParams{Now: c.now}).Matched)
		require.Empty(c, c.orphans(call.CallSID))
		require.Equal(c, dialer.OutcomeConnected, c.call(call.ID).Outcome)
		require.Equal(c, dialer.StateCompleted, c.callItem(call.Ref.ItemID).State)
	}
}
