package storetest

import (
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/outdial/outdial/dialer"
	"github.com/outdial/outdial/dialer/callwindow"
	"github.com/outdial/outdial/dialer/presence"
	"github.com/outdial/outdial/dialer/telephony"
	"github.com/outdial/outdial/queue"
)

// callTimeBehaviours proves that the power queue, presence and events keep instants,
// to the microsecond.
func callTimeBehaviours(g *group) {
	for _, name := range []string{"UTC", "America/New_York", "Asia/Kathmandu"} {
		g.proves("a call goes the same way in "+strings.ReplaceAll(name, "/", " "), func(c *campaign) {
			location, err := time.LoadLocation(name)
			require.NoError(c, err)
			c.now = c.now.In(location)
			agent := c.running().readyAgents(1)[0]
			lease := c.acquire("one", time.Minute)
			call := c.dial(c.addCallable(1)[0])
			require.True(c, call.PlacedAt.Equal(c.now))
			c.wait(time.Minute - time.Microsecond)
			p := c.claimParams(1)
			p.Lease, p.Now = lease, c.now.UTC()
			_, err = c.store.ClaimCalls(c.Context(), p)
			require.NoError(c, err)

			c.reserve(call)
			call = c.tell(call, telephony.TypeRinging).Call
			early := c.now.Add(-time.Second).UTC()
			result := c.tell(call, telephony.TypeRinging, withSeq(1), happenedAt(early))
			require.True(c, result.Call.RingingAt.Equal(early))
			result = c.tell(call, telephony.TypeRinging, withSeq(2), happenedAt(early.Add(time.Microsecond).In(location)))
			require.True(c, result.Call.RingingAt.Equal(early), "the earlier one counts, not the smaller one on a wall")
			ended := c.now.Add(time.Second)
			c.tell(call, telephony.TypeEnded, withCause(dialer.CauseBusy), happenedAt(ended))
			require.Equal(c, presence.StateReady, c.session(agent).State)
			item := c.callItem(call.Ref.ItemID)
			require.True(c, item.NextAttemptAt.Equal(ended.Add(15*time.Minute)))
			require.Equal(c, 1, c.skipped(item.NextAttemptAt.Add(-time.Microsecond).In(location))[queue.SkipCoolingDown])

			c.now = item.NextAttemptAt.Add(-time.Microsecond).In(location)
			c.claimNothing()
			c.now = item.NextAttemptAt.UTC()
			limits := capped(callwindow.Cap{Attempts: 1, Within: c.now.Sub(call.PlacedAt)})
			require.Empty(c, c.claimUnder(limits))
			c.now = c.now.Add(time.Microsecond).In(location)
			require.Len(c, c.claimUnder(limits), 1)
		})
	}

	g.proves("times of calls, events and agents are kept to the microsecond, and what is finer does not come back", func(c *campaign) {
		for _, fraction := range []time.Duration{0, time.Microsecond, 999999 * time.Microsecond, 789 * time.Nanosecond} {
			here := c.another().running()
			here.now = startOfDay.Truncate(time.Second).Add(fraction)
			agent, call := uuid.New(), here.dial(here.addCallable(1)[0])
			here.choose(agent, presence.StateReady)
			call = here.tell(call, telephony.TypeAnswered).Call
			call = here.tell(call, telephony.TypeEnded).Call
			times := []time.Time{
				call.ClaimedAt, call.PlacedAt, call.AnsweredAt, call.EndedAt, call.SettledAt,
				here.callItem(call.Ref.ItemID).QueuedAt, here.session(agent).Since, here.acquire("one", time.Minute).ExpiresAt.Add(-time.Minute),
			}
			for _, event := range here.listEvents(telephony.ListParams{CallSID: call.CallSID}) {
				times = append(times, event.At, event.OccurredAt, event.CreatedAt)
			}
			for _, at := range times {
				require.Zero(c, at.Nanosecond()%int(time.Microsecond))
				require.Less(c, at.Sub(here.now).Abs(), time.Microsecond, "%s is not %s", at, here.now)
			}
		}
	})

	g.proves("events from years ago and from years ahead are kept", func(c *campaign) {
		for _, at := range []time.Time{
			time.Date(1999, time.December, 31, 23, 59, 59, 999999000, time.UTC), time.Date(2999, time.January, 1, 0, 0, 0, 1000, time.UTC),
		} {
			here := c.another().running()
			call := here.dial(here.addCallable(1)[0])
			result := here.tell(call, telephony.TypeEnded, withCause(dialer.CauseBusy), happenedAt(at))
			require.True(c, result.Call.EndedAt.Equal(at))
			require.True(c, here.callItem(call.Ref.ItemID).NextAttemptAt.Equal(at.Add(15*time.Minute)))
		}
	})

	g.proves("a time of a call that does not apply is zero", func(c *campaign) {
		call := c.running().claimed(c.addCallable(1)[0])
		for _, at := range []time.Time{
			call.PlacedAt, call.LostAt, call.SettledAt, call.InitiatedAt, call.RingingAt, call.AnsweredAt, call.AMDAt,
			call.ConnectedAt, call.AbandonedAt, call.EndedAt, call.NotPlacedAt,
		} {
			require.True(c, at.IsZero())
		}
	})
}
