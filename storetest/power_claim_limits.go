package storetest

import (
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/outdial/outdial"
	"github.com/outdial/outdial/dialer"
	"github.com/outdial/outdial/dialer/callwindow"
	"github.com/outdial/outdial/dialer/telephony"
)

// capped is limits with nothing but caps.
func capped(caps ...callwindow.Cap) dialer.Limits {
	return dialer.Limits{Open: callwindow.Open{Everywhere: true}, Caps: caps}
}

// claimLimitBehaviours proves what windows, caps and abandoned calls allow.
func claimLimitBehaviours(g *group) {
	g.proves("an item whose zone is closed is passed over", func(c *campaign) {
		c.running()
		people := c.add(person(inZone("America/Chicago")), person(inZone("")), person(inZone("Asia/Kathmandu")))
		c.queueCalls(people...)
		claims := func(zones ...string) []uuid.UUID {
			return called(c.claimUnder(dialer.Limits{Open: callwindow.Open{Zones: zones}}))
		}
		require.Empty(c, claims(), "the zero value is nowhere")
		require.Empty(c, claims("America/Denver", "america/chicago", "America"))
		require.Equal(c, []uuid.UUID{people[2].ID}, claims("America/Denver", "Asia/Kathmandu"))
		require.Equal(c, []uuid.UUID{people[1].ID}, claims(""), "the empty zone is contacts of unknown zone")
		require.Equal(c, []uuid.UUID{people[0].ID}, called(c.claimCalls()), "no zone is closed everywhere")
	})

	g.proves("an item whose phone has had as many calls as a cap allows is passed over until the first of them is out of time", func(c *campaign) {
		c.running()
		limits, contact := capped(callwindow.Cap{Attempts: 2, Within: 24 * time.Hour}), c.addCallable(1)[0]
		c.queueCalls(contact)
		var placed []time.Time
		for range 2 {
			calls := c.claimUnder(limits)
			require.Len(c, calls, 1)
			call := c.place(calls[0])
			placed = append(placed, c.now)
			c.tell(call, telephony.TypeEnded, withCause(dialer.CauseBusy))
			c.wait(time.Hour)
		}
		require.Empty(c, c.claimUnder(limits))
		c.now = placed[0].Add(24 * time.Hour)
		require.Empty(c, c.claimUnder(limits), "at the very end of its time it counts")
		c.wait(time.Microsecond)
		require.Len(c, c.claimUnder(limits), 1)
	})

	g.proves("the calls of all campaigns to a phone count against a cap", func(c *campaign) {
		phone, other := nextPhone(), c.another().running()
		c.running()
		mine := c.add(person(withPhone(phone)))
		other.tell(other.dial(other.add(person(withPhone(phone)))[0]), telephony.TypeEnded, withCause(dialer.CauseNoAnswer))
		c.queueCalls(mine...)
		require.Empty(c, c.claimUnder(capped(callwindow.Cap{Attempts: 1, Within: time.Hour})))
		require.Len(c, c.claimUnder(capped(callwindow.Cap{Attempts: 2, Within: time.Hour})), 1)
	})

	g.proves("each of several caps holds", func(c *campaign) {
		c.running()
		contact := c.addCallable(1)[0]
		call := c.dial(contact)
		c.tell(call, telephony.TypeEnded, withCause(dialer.CauseBusy))
		c.wait(25 * time.Hour)
		day, week := callwindow.Cap{Attempts: 1, Within: 24 * time.Hour}, callwindow.Cap{Attempts: 1, Within: 168 * time.Hour}
		require.Empty(c, c.claimUnder(capped(day, week)))
		require.Empty(c, c.claimUnder(capped(week, day)))
		require.Len(c, c.claimUnder(capped(day)), 1)
	})

	g.proves("a cap of no attempts lets nothing through", func(c *campaign) {
		c.running().queueCalls(c.addCallable(1)...)
		require.Empty(c, c.claimUnder(capped(callwindow.Cap{Within: time.Hour})))
	})

	g.proves("a call that was certainly not placed counts against no cap", func(c *campaign) {
		c.running()
		limits := capped(callwindow.Cap{Attempts: 1, Within: 24 * time.Hour})
		call := c.dial(c.addCallable(1)[0])
		c.learn(call, dialer.Facts{NotPlacedAt: c.now})
		c.wait(time.Minute)
		calls := c.claimUnder(limits)
		require.Len(c, calls, 1)
		p := c.placeParams(calls[0])
		p.Now = c.now.Add(time.Minute)
		p.Limits.Caps = capped(callwindow.Cap{Within: time.Hour}).Caps
		c.refused(p)
		c.wait(time.Hour)
		require.Len(c, c.claimUnder(limits), 1, "neither does one that was refused")
	})

	g.proves("an item whose phone was abandoned since AbandonedSince is passed over, in whatever campaign", func(c *campaign) {
		phone, other := nextPhone(), c.another().running()
		c.running()
		mine := c.add(person(withPhone(phone)))
		call := other.dial(other.add(person(withPhone(phone)))[0])
		other.tell(call, telephony.TypeAbandoned)
		abandoned := other.now
		other.tell(call, telephony.TypeEnded)
		c.queueCalls(mine...)
		limits := anytime
		for _, since := range []time.Time{abandoned.Add(-time.Hour), abandoned} {
			limits.AbandonedSince = since
			require.Empty(c, c.claimUnder(limits))
		}
		limits.AbandonedSince = abandoned.Add(time.Microsecond)
		require.Len(c, c.claimUnder(limits), 1)
	})

	g.proves("a zero AbandonedSince does not ask", func(c *campaign) {
		c.running()
		call := c.dial(c.addCallable(1)[0])
		c.tell(call, telephony.TypeAbandoned)
		c.tell(call, telephony.TypeEnded)
		c.now = c.callItem(call.Ref.ItemID).NextAttemptAt
		require.Len(c, c.claimCalls(), 1)
	})

	g.proves("a host that took its contact's number away finds it passed over", func(c *campaign) {
		c.running()
		contact := c.addCallable(1)[0]
		c.queueCalls(contact)
		contact.Phone, contact.PhoneStatus = "", outdial.PhoneUnknown
		c.updateContact(contact)
		c.claimNothing()
	})
}
