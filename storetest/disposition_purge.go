package storetest

import (
	"slices"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/outdial/outdial"
	"github.com/outdial/outdial/dialer"
	"github.com/outdial/outdial/dialer/telephony"
	"github.com/outdial/outdial/disposition"
	"github.com/outdial/outdial/queue"
)

// aboutPhones are the codes that concern everybody who has the number.
func aboutPhones() []disposition.Code {
	return []disposition.Code{disposition.CodeDoNotCall, disposition.CodeInvalidNumber}
}

// purgeBehaviours proves what follows for others when a number must not, or cannot, be
// called.
func purgeBehaviours(g *group) {
	aboutPhoneBehaviours(g)

	for _, code := range aboutPhones() {
		reason := ruleOf(code).Effect.FailReason()

		g.provesInBoth(string(code)+" fails every active item with the number, of every campaign and of both queues", func(c *campaign, in disposition.Queue) {
			phone, other, third := nextPhone(), c.another(), c.another()
			same := func() outdial.Contact { return c.add(person(withPhone(phone)))[0] }
			s := c.reached(in, same())
			waiting := []queue.Item{
				c.give(uuid.New(), same())[0], c.give(uuid.Nil, same())[0],
				other.give(uuid.New(), other.add(person(withPhone(phone)))...)[0],
			}
			dialed := []dialer.Item{c.queueCalls(same())[0], third.queueCalls(third.add(person(withPhone(phone)))...)[0]}
			stays := c.give(uuid.New(), c.addCallable(1)...)[0]
			staysDialed := other.queueCalls(other.addCallable(1)...)[0]

			c.wait(time.Minute)
			require.Equal(c, len(waiting)+len(dialed), c.dispose(s, code).Purged)
			for _, item := range waiting {
				at := c
				if item.CampaignID == other.id {
					at = other
				}
				requireDisposed(c, purgedAs(item, reason, code), at.item(item.ID))
			}
			for _, item := range dialed {
				at := c
				if item.CampaignID == third.id {
					at = third
				}
				want := movedTo(item, dialer.StateFailed)
				want.FailReason = reason
				requireItem(c, want, at.callItem(item.ID))
			}
			requireSame(c, stays, c.item(stays.ID))
			requireItem(c, staysDialed, other.callItem(staysDialed.ID))
		})

		g.proves(string(code)+" fails items that other agents work on", func(c *campaign) {
			phone, other := nextPhone(), c.another()
			s := c.inHand(c.add(person(withPhone(phone)))[0])
			items := []queue.Item{
				c.lock(uuid.New(), c.add(person(withPhone(phone)))[0], true),
				c.start(uuid.New(), c.add(person(withPhone(phone)))[0], false),
			}
			there := other.start(uuid.New(), other.add(person(withPhone(phone)))[0], true)
			require.Equal(c, 3, c.dispose(s, code).Purged)
			for _, item := range items {
				requireDisposed(c, purgedAs(item, reason, code), c.item(item.ID))
				c.takeNothing(item.AgentID)
				require.ErrorIs(c, c.moveError(c.moveParams(item, queue.MoveHeartbeat)), outdial.ErrConflict)
			}
			requireDisposed(c, purgedAs(there, reason, code), other.item(there.ID))
		})

		g.proves(string(code)+" fails an item that is being dialed, and news of its call move it no more", func(c *campaign) {
			phone, other := nextPhone(), c.another().running()
			s := c.inHand(c.add(person(withPhone(phone)))[0])
			c.wait(2 * lockFor)
			other.now = c.now
			call := other.dial(other.add(person(withPhone(phone)))[0])
			other.tell(call, telephony.TypeRinging)
			require.Equal(c, 1, c.dispose(s, code).Purged)
			item := other.callItem(call.Ref.ItemID)
			require.Equal(c, dialer.StateFailed, item.State)
			require.Equal(c, reason, item.FailReason)
			other.learn(call, dialer.Facts{EndedAt: other.now, Cause: dialer.CauseNoAnswer})
			requireItem(c, item, other.callItem(item.ID))
		})

		g.proves(string(code)+" leaves items alone that have ended", func(c *campaign) {
			phone := nextPhone()
			people := c.add(person(withPhone(phone)), person(withPhone(phone)), person(withPhone(phone)))
			c.dispose(c.inHand(people[0]), disposition.CodeNotInterested)
			agent := uuid.New()
			c.give(agent, people[1])
			c.clear(agent)
			s := c.inHand(people[2])
			ended := slices.DeleteFunc(c.items(), func(item queue.Item) bool { return item.State.Active() })
			require.Zero(c, c.dispose(s, code).Purged)
			for _, item := range ended {
				want := c.item(item.ID)
				item.Contact = want.Contact
				requireSame(c, item, want)
			}
		})
	}
}

// aboutPhoneBehaviours proves what becomes of the number itself.
func aboutPhoneBehaviours(g *group) {
	g.provesInBoth("EffectSuppress puts the number that was called on the list for every campaign", func(c *campaign, in disposition.Queue) {
		phone, other := nextPhone(), c.another()
		contact := c.add(person(withPhone(phone)))[0]
		other.add(person(withPhone(phone)))
		result := c.dispose(c.reached(in, contact), disposition.CodeDoNotCall)
		require.True(c, result.Suppressed)
		require.Equal(c, 1, other.skipped(c.now)[queue.SkipSuppressed])
		require.Equal(c, 1, other.enqueueCalls(dialer.EnqueueParams{}).Skipped[queue.SkipSuppressed])
		require.Equal(c, 1, other.skipped(c.now.Add(10_000 * time.Hour))[queue.SkipSuppressed], "it does not expire")
		if count := c.suite.features.SuppressionEvents; count != nil {
			require.Equal(c, 1, count(c, c.store, phone.E164()))
		}
	})

	g.proves("Suppressed says whether the number was not on the list before", func(c *campaign) {
		contact := c.addCallable(1)[0]
		s := c.inHand(contact)
		c.suppress(suppressedBy(contact))
		require.False(c, c.dispose(s, disposition.CodeDoNotCall).Suppressed)
		if count := c.suite.features.SuppressionEvents; count != nil {
			require.Equal(c, 1, count(c, c.store, contact.Phone.E164()))
		}
	})

	g.provesInBoth("EffectInvalidate marks the number as wrong wherever it stands", func(c *campaign, in disposition.Queue) {
		phone, other := nextPhone(), c.another()
		contact := c.add(person(withPhone(phone)))[0]
		other.add(person(withPhone(phone)), person())
		c.dispose(c.reached(in, contact), disposition.CodeInvalidNumber)
		require.Equal(c, 1, c.skipped(c.now)[queue.SkipNoPhone])
		require.Equal(c, queue.Skips{queue.SkipNoPhone: 1}, withoutZeros(other.skipped(c.now)))
	})

	g.proves("power queue: the number is the one that was called, whatever the contact has by now", func(c *campaign) {
		for _, code := range aboutPhones() {
			other := c.another()
			contact := other.addCallable(1)[0]
			s := other.talking(contact)
			called := contact.Phone
			contact.Phone = nextPhone()
			other.updateContact(contact)
			other.dispose(s, code)
			third := c.another()
			third.add(person(withPhone(called)), person(withPhone(contact.Phone)))
			if code == disposition.CodeDoNotCall {
				require.Equal(c, queue.Skips{queue.SkipSuppressed: 1}, withoutZeros(third.skipped(c.now)))
			}
			require.Zero(c, other.skipped(other.now)[queue.SkipSuppressed]+other.skipped(other.now)[queue.SkipNoPhone])
		}
	})
}

// withoutZeros are the reasons for which somebody was skipped.
func withoutZeros(counted queue.Skips) queue.Skips {
	some := queue.Skips{}
	for reason, count := range counted {
		if count > 0 {
			some[reason] = count
		}
	}
	return some
}

// purgedAs is an item that a code of somebody else with the number has failed.
func purgedAs(item queue.Item, reason string, code disposition.Code) queue.Item {
	item.State, item.FailReason = queue.StateFailed, reason
	item.LockVersion++
	if code == disposition.CodeInvalidNumber {
		item.Contact.PhoneStatus = outdial.PhoneInvalid
	}
	return item
}

// purgedBehaviours proves what an agent may record whose item a purge took meanwhile.
func purgedBehaviours(g *group) {
	// taken lets a purge take an item out of an agent's hands.
	taken := func(c *campaign, in disposition.Queue, code disposition.Code) subject {
		phone := nextPhone()
		first := c.another()
		holder := first.inHand(first.add(person(withPhone(phone)))[0])
		if in == disposition.QueuePower {
			first.wait(2 * lockFor)
			c.now = first.now
		}
		s := c.reached(in, c.add(person(withPhone(phone)))[0])
		require.Equal(c, 1, first.dispose(holder, code).Purged)
		return s
	}

	g.provesInBoth("an item that a purge took out of the agent's hands stays as it is: the attempt counts, and what was recorded is kept", func(c *campaign, in disposition.Queue) {
		for _, by := range aboutPhones() {
			for _, rule := range (disposition.Map{}).Rules() {
				at := c.another()
				s := taken(at, in, by)
				items, dialed := at.items(), at.callItems()
				result := at.dispose(s, rule.Code)
				require.Equal(c, 1, result.Attempts, rule.Code)
				require.Equal(c, string(queue.StateFailed), result.State)
				require.Equal(c, s.version+1, result.LockVersion)
				require.Equal(c, ruleOf(by).Effect.FailReason(), result.FailReason)
				require.Nil(c, result.CallbackItemID)
				for i := range items {
					items[i].Attempts = 1
					items[i].Contact = at.items()[i].Contact
				}
				requireSame(c, items, at.items())
				requireSame(c, dialed, at.callItems())
				require.Equal(c, rule.Code, at.dispositions()[0].Code)
			}
		}
	})

	g.provesInBoth("a lead is made of somebody whose item a purge took, and do_not_call is heard", func(c *campaign, in disposition.Queue) {
		s := taken(c, in, disposition.CodeInvalidNumber)
		require.True(c, c.dispose(s, disposition.CodeConverted).LeadCreated)
		require.Len(c, c.leads(), 1)
		other := c.another()
		s = taken(other, in, disposition.CodeInvalidNumber)
		require.True(c, other.dispose(s, disposition.CodeDoNotCall).Suppressed)
	})

	g.proves("attempts that are used up finish the contact of an item that a purge took", func(c *campaign) {
		s := taken(c, disposition.QueueAgent, disposition.CodeInvalidNumber)
		result := c.dispose(s, disposition.CodeBusy, under(dialer.RetryPolicy{MaxAttempts: 1}))
		require.Equal(c, dialer.FailMaxAttempts, result.FinishReason)
	})

	g.provesInBoth("an item that a purge took is disposed of once, and by its agent", func(c *campaign, in disposition.Queue) {
		s := taken(c, in, disposition.CodeDoNotCall)
		others := s
		others.agent = uuid.New()
		require.ErrorIs(c, c.recordError(c.disposeParams(others, disposition.CodeBusy)), outdial.ErrForbidden)
		p := c.disposeParams(s, disposition.CodeBusy)
		first := c.record(p)
		again, err := c.store.RecordDisposition(c.Context(), p)
		require.NoError(c, err)
		requireSame(c, first, again)
		require.ErrorIs(c, c.recordError(c.disposeParams(s, disposition.CodeNoAnswer)), outdial.ErrConflict)
		s.version++
		require.ErrorIs(c, c.recordError(c.disposeParams(s, disposition.CodeNoAnswer)), outdial.ErrConflict)
	})

	g.proves("what is late about an item that a purge took does not finish a contact who is active again, unless it is do_not_call", func(c *campaign) {
		for _, rule := range (disposition.Map{}).Rules() {
			phone, there := nextPhone(), c.another()
			mistaken := there.inHand(there.add(person(withPhone(phone)))[0])
			s := there.inHand(there.add(person(withPhone(phone)))[0])
			first := there.dispose(mistaken, disposition.CodeInvalidNumber)
			there.correct(mistaken, first, disposition.CodeNotInterested)
			again := there.give(uuid.Nil, s.contact)[0]
			result := there.dispose(s, rule.Code)
			if rule.Effect == disposition.EffectSuppress {
				require.Equal(c, 1, result.Purged)
				require.Equal(c, string(disposition.CodeDoNotCall), result.FinishReason)
				continue
			}
			require.Empty(c, result.FinishReason, rule.Code)
			require.Equal(c, 1, result.Attempts, rule.Code)
			if rule.Effect != disposition.EffectInvalidate {
				requireSame(c, again, there.item(again.ID))
			}
		}
	})

	g.proves("an item that nobody had when a purge took it is ErrConflict", func(c *campaign) {
		phone := nextPhone()
		s := c.inHand(c.add(person(withPhone(phone)))[0])
		contact := c.add(person(withPhone(phone)))[0]
		item := c.give(uuid.New(), contact)[0]
		dialed := c.queueCalls(c.add(person(withPhone(phone)))[0])[0]
		c.dispose(s, disposition.CodeDoNotCall)
		require.ErrorIs(c, c.recordError(c.disposeParams(subjectOf(item, contact), disposition.CodeBusy)), outdial.ErrConflict)
		require.ErrorIs(c, c.recordError(c.disposeParams(subject{itemID: dialed.ID, version: dialed.LockVersion}, disposition.CodeBusy)), outdial.ErrConflict)
	})
}
