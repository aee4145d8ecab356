package storetest

import (
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/outdial/outdial"
	"github.com/outdial/outdial/queue"
	"github.com/outdial/outdial/suppression"
)

// pullPassedOverBehaviours proves who is not given to an agent now.
func pullPassedOverBehaviours(g *group) {
	// Each is tried on an item of the agent and on one of the pool, with another
	// item behind it that must come instead.
	provesBoth := func(sentence string, prevent func(c *campaign, contact outdial.Contact), passedOver bool) {
		for _, pool := range []bool{false, true} {
			name, owner := sentence, uuid.New()
			agent := owner
			if pool {
				name, owner = sentence+", in the pool", uuid.Nil
			}
			g.proves(name, func(c *campaign) {
				people := c.addCallable(2)
				first := 1
				c.enqueue(queue.EnqueueParams{AgentID: owner, ContactIDs: contactIDs(people[:1]), Priority: &first})
				c.give(owner, people[1])
				prevent(c, people[0])
				waiting := c.activeOf(people[0])
				item := c.take(agent)
				if !passedOver {
					require.Equal(c, people[0].ID, item.ContactID)
					return
				}
				require.Equal(c, people[1].ID, item.ContactID)
				requireSame(c, waiting, c.item(waiting.ID))
				c.move(item, queue.MoveStart)
				c.takeNothing(agent)
			})
		}
	}
	suppressed := func(entry func(c *campaign, contact outdial.Contact) suppression.Entry) func(*campaign, outdial.Contact) {
		return func(c *campaign, contact outdial.Contact) { c.suppress(entry(c, contact)) }
	}
	updated := func(edit func(contact *outdial.Contact)) func(*campaign, outdial.Contact) {
		return func(c *campaign, contact outdial.Contact) {
			edit(&contact)
			c.updateContact(contact)
		}
	}

	provesBoth("an item whose phone is suppressed is passed over", suppressed(func(_ *campaign, contact outdial.Contact) suppression.Entry {
		return suppressedBy(contact)
	}), true)
	provesBoth("an item whose e-mail is suppressed is passed over", suppressed(func(_ *campaign, contact outdial.Contact) suppression.Entry {
		return suppression.NewEmail(contact.Email)
	}), true)
	provesBoth("an item whose phone is suppressed for this campaign is passed over", suppressed(func(c *campaign, contact outdial.Contact) suppression.Entry {
		return suppressedBy(contact, onlyIn(c.id))
	}), true)
	provesBoth("an item whose phone is suppressed for another campaign is given", suppressed(func(c *campaign, contact outdial.Contact) suppression.Entry {
		return suppressedBy(contact, onlyIn(c.another().id))
	}), false)
	provesBoth("an item whose phone is suppressed for a microsecond more is passed over", suppressed(func(c *campaign, contact outdial.Contact) suppression.Entry {
		return suppressedBy(contact, until(c.now.Add(time.Microsecond)))
	}), true)
	provesBoth("an item whose phone is suppressed until now is given", suppressed(func(c *campaign, contact outdial.Contact) suppression.Entry {
		return suppressedBy(contact, until(c.now))
	}), false)
	provesBoth("an item whose contact was marked invalid is passed over", updated(func(contact *outdial.Contact) {
		contact.Invalid = true
	}), true)
	provesBoth("an item whose contact opted out is passed over", updated(func(contact *outdial.Contact) {
		contact.OptedOut = true
	}), true)
	provesBoth("an item whose phone turned out to be wrong is passed over", updated(func(contact *outdial.Contact) {
		contact.PhoneStatus = outdial.PhoneInvalid
	}), true)

	g.proves("items that are scheduled for later are passed over until then", func(c *campaign) {
		agent := uuid.New()
		people := c.addCallable(2)
		due := c.now.Add(time.Hour)
		c.enqueue(queue.EnqueueParams{AgentID: agent, ContactIDs: contactIDs(people[:1]), ScheduledFor: due})
		c.enqueue(queue.EnqueueParams{ContactIDs: contactIDs(people[1:]), ScheduledFor: due})
		c.now = due.Add(-time.Microsecond)
		c.takeNothing(agent)
		c.now = due
		require.Equal(c, contactIDs(people), c.workOff(agent))
	})

	g.proves("a callback is given although its contact is cooling down", func(c *campaign) {
		agent := uuid.New()
		people := c.add(person(coolingUntil(c.now.Add(24 * time.Hour))))
		c.enqueue(queue.EnqueueParams{
			AgentID: agent, ContactIDs: contactIDs(people),
			Provenance: outdial.Provenance{By: "system", Reason: outdial.ReasonCallback},
		})
		c.take(agent)
	})

	g.proves("an item that an agent holds is failed when its phone has been suppressed", func(c *campaign) {
		for _, fromPool := range []bool{false, true} {
			agent := uuid.New()
			people := c.addCallable(2)
			item := c.lock(agent, people[0], fromPool)
			c.give(agent, people[1])
			c.suppress(suppressedBy(people[0]))
			require.Equal(c, people[1].ID, c.take(agent).ContactID, "the pull goes on")
			requireSame(c, failed(item, "suppressed"), c.item(item.ID))
		}
	})

	g.proves("an item that an agent holds is failed when nothing else is left", func(c *campaign) {
		agent := uuid.New()
		contact := c.addCallable(1)[0]
		item := c.lock(agent, contact, true)
		c.suppress(suppression.NewEmail(contact.Email))
		c.takeNothing(agent)
		requireSame(c, []queue.Item{failed(item, "suppressed")}, c.items())
	})

	for reason, edit := range map[queue.SkipReason]func(*outdial.Contact){
		queue.SkipInvalid:  func(contact *outdial.Contact) { contact.Invalid = true },
		queue.SkipNoPhone:  func(contact *outdial.Contact) { contact.PhoneStatus = outdial.PhoneInvalid },
		queue.SkipOptedOut: func(contact *outdial.Contact) { contact.OptedOut = true },
	} {
		g.proves("an item that an agent holds is failed with the reason "+string(reason), func(c *campaign) {
			agent := uuid.New()
			contact := c.addCallable(1)[0]
			item := c.lock(agent, contact, false)
			edit(&contact)
			c.updateContact(contact)
			c.takeNothing(agent)
			item.Contact = contact
			requireSame(c, []queue.Item{failed(item, string(reason))}, c.items())
		})
	}

	g.proves("an item whose lock has expired and whose phone has been suppressed is returned and passed over", func(c *campaign) {
		agent := uuid.New()
		contact := c.addCallable(1)[0]
		item := c.lock(agent, contact, false)
		c.suppress(suppressedBy(contact))
		c.wait(lockFor)
		c.takeNothing(agent)
		requireSame(c, []queue.Item{queuedAgain(item)}, c.items())
	})

	g.proves("a pool item whose lock has expired and whose phone has been suppressed is passed over", func(c *campaign) {
		contact := c.addCallable(1)[0]
		item := c.lock(uuid.New(), contact, true)
		c.suppress(suppressedBy(contact))
		c.wait(lockFor)
		c.takeNothing(uuid.New())
		requireSame(c, []queue.Item{item}, c.items())
	})
}

// failed is an active item that must not be called any more.
func failed(item queue.Item, reason string) queue.Item {
	item = unlocked(item)
	item.State, item.FailReason = queue.StateFailed, reason
	return item
}
