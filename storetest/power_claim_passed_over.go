package storetest

import (
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/outdial/outdial"
	"github.com/outdial/outdial/dialer"
	"github.com/outdial/outdial/dialer/telephony"
	"github.com/outdial/outdial/queue"
	"github.com/outdial/outdial/suppression"
)

// claimPassedOverBehaviours proves who is not claimed now.
func claimPassedOverBehaviours(g *group) {
	for _, mayNot := range uncallables() {
		g.proves("an item whose contact "+mayNot.how+" is passed over", func(c *campaign) {
			c.running()
			people, first := c.addCallable(2), 1
			c.enqueueCalls(dialer.EnqueueParams{ContactIDs: contactIDs(people[:1]), Priority: &first})
			c.queueCalls(people[1])
			mayNot.happens(c, people[0])
			waiting := c.callItemOf(people[0])
			require.Equal(c, contactIDs(people[1:]), called(c.claimCalls()))
			requireSame(c, waiting, c.callItem(waiting.ID))
		})
	}

	g.proves("an item whose phone is suppressed for another campaign is claimed", func(c *campaign) {
		contact := c.addCallable(1)[0]
		c.suppress(suppressedBy(contact, onlyIn(c.another().id)))
		c.running().claimed(contact)
	})

	g.proves("an item whose phone is suppressed until now is claimed", func(c *campaign) {
		contact := c.addCallable(1)[0]
		c.queueCalls(contact)
		c.suppress(suppressedBy(contact, until(c.now.Add(time.Hour))))
		c.wait(time.Hour - time.Microsecond)
		c.running().claimNothing()
		c.wait(time.Microsecond)
		require.Len(c, c.claimCalls(), 1)
	})

	g.proves("an item whose phone is held by another call is passed over, in whatever campaign, until that call is settled", func(c *campaign) {
		other, phone := c.another().running(), nextPhone()
		c.running()
		mine, theirs := c.add(person(withPhone(phone))), other.add(person(withPhone(phone)))
		call := other.claimed(theirs[0])
		c.queueCalls(mine...)
		c.claimNothing()
		call = other.place(call)
		c.claimNothing()
		other.lose(call)
		c.wait(1000 * time.Hour)
		other.now = c.now
		c.claimNothing()
		other.tell(call, telephony.TypeRinging)
		c.claimNothing()
		other.tell(call, telephony.TypeConnected)
		c.claimNothing()
		other.tell(call, telephony.TypeEnded)
		require.Equal(c, contactIDs(mine), called(c.claimCalls()))
	})

	g.proves("an item whose phone another contact of the campaign is called on is passed over", func(c *campaign) {
		c.running()
		phone := nextPhone()
		people := c.add(person(withPhone(phone)), person(withPhone(phone)))
		call := c.dial(people[0])
		c.queueCalls(people[1])
		c.claimNothing()
		c.tell(call, telephony.TypeEnded, withCause(dialer.CauseFailed))
		require.Equal(c, contactIDs(people[1:]), called(c.claimCalls()))
	})

	g.proves("of several items with one phone a claim takes one, the first", func(c *campaign) {
		c.running()
		phone := nextPhone()
		people := c.add(
			person(withPhone(phone), withPriority(1)), person(withPhone(phone), withPriority(3)), person(withPriority(2)), person(withPhone(phone)),
		)
		c.queueCalls(people...)
		require.Equal(c, []uuid.UUID{people[1].ID, people[2].ID}, called(c.claimCalls()))
		c.claimNothing()
	})

	g.proves("an item whose phone is in an agent's hands is passed over, in whatever campaign", func(c *campaign) {
		for _, running := range []bool{false, true} {
			agents, phone := c.another(), nextPhone()
			agents.now = c.now
			item := agents.lock(uuid.New(), agents.add(person(withPhone(phone)))[0], true)
			if running {
				item = agents.move(item, queue.MoveStart)
			}
			here := c.another().running()
			here.queueCalls(here.add(person(withPhone(phone)))...)
			here.now = item.LockExpiresAt.Add(-time.Microsecond)
			here.claimNothing()
			here.now = item.LockExpiresAt
			require.Len(c, here.claimCalls(), 1, "an expired lock counts as no lock")
		}
	})

	g.proves("an item whose phone waits in an agent's queue of another campaign is claimed", func(c *campaign) {
		agents, phone := c.another(), nextPhone()
		agents.give(uuid.New(), agents.add(person(withPhone(phone)))...)
		c.running().claimed(c.add(person(withPhone(phone)))[0])
	})

	g.proves("a call that was lost is never claimed again until an event or the carrier says what became of it", func(c *campaign) {
		c.running()
		for _, settle := range []func(call dialer.Call){
			func(call dialer.Call) { c.tell(call, telephony.TypeEnded, withCause(dialer.CauseNoAnswer)) },
			func(call dialer.Call) { c.learn(call, dialer.Facts{NotPlacedAt: c.now}) },
		} {
			call := c.dial(c.addCallable(1)[0])
			require.Equal(c, dialer.StateUnknown, c.lose(call).State)
			for range 3 {
				c.wait(1000 * time.Hour)
				c.claimNothing()
				c.lose(call)
			}
			settle(call)
			c.now = c.callItem(call.Ref.ItemID).NextAttemptAt
			require.Equal(c, []uuid.UUID{call.ContactID}, called(c.claimCalls()))
		}
	})
}

// uncallable is something that keeps a contact from being called, for good as far as
// this item is concerned.
type uncallable struct {
	how     string
	refusal dialer.Refusal
	happens func(c *campaign, contact outdial.Contact)
}

// uncallables returns them, each with the refusal that it is.
func uncallables() []uncallable {
	updated := func(edit func(contact *outdial.Contact)) func(*campaign, outdial.Contact) {
		return func(c *campaign, contact outdial.Contact) {
			edit(&contact)
			c.updateContact(contact)
		}
	}
	return []uncallable{
		{"was marked invalid", dialer.RefusalInvalid, updated(func(contact *outdial.Contact) { contact.Invalid = true })},
		{"has a phone that turned out to be wrong", dialer.RefusalNoPhone, updated(func(contact *outdial.Contact) {
			contact.PhoneStatus = outdial.PhoneInvalid
		})},
		{"opted out", dialer.RefusalOptedOut, updated(func(contact *outdial.Contact) { contact.OptedOut = true })},
		{"has a suppressed phone", dialer.RefusalSuppressed, func(c *campaign, contact outdial.Contact) {
			c.suppress(suppressedBy(contact))
		}},
		{"has a phone that is suppressed for this campaign", dialer.RefusalSuppressed, func(c *campaign, contact outdial.Contact) {
			c.suppress(suppressedBy(contact, onlyIn(c.id)))
		}},
		{"has a suppressed e-mail address", dialer.RefusalSuppressed, func(c *campaign, contact outdial.Contact) {
			c.suppress(suppression.NewEmail(contact.Email))
		}},
	}
}
