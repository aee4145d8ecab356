package storetest

import (
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/outdial/outdial"
	"github.com/outdial/outdial/queue"
	"github.com/outdial/outdial/suppression"
)

// enqueueBehaviours proves EnqueueItems.
func enqueueBehaviours(g *group) {
	g.proves("it adds contacts to an agent's queue", func(c *campaign) {
		agent, launch := uuid.New(), uuid.New()
		contact := c.addCallable(1, withPriority(6))[0]
		provenance := outdial.Provenance{By: "someone", Reason: outdial.ReasonManualAdd}
		result := c.enqueue(queue.EnqueueParams{
			AgentID: agent, ContactIDs: []uuid.UUID{contact.ID}, LaunchID: launch, Provenance: provenance,
		})
		require.Equal(c, queue.EnqueueResult{LaunchID: launch, Enqueued: 1, Matched: 1, Skipped: queue.NewSkips()}, result)
		item := c.activeOf(contact)
		requireSame(c, queue.Item{
			ID: item.ID, CampaignID: c.id, AgentID: agent, ContactID: contact.ID, State: queue.StateQueued,
			Priority: 6, QueuedAt: c.now, LaunchID: launch, Provenance: provenance, Contact: contact,
		}, item)
	})

	g.proves("it adds contacts to the pool for the nil agent", func(c *campaign) {
		contact := c.addCallable(1)[0]
		item := c.give(uuid.Nil, contact)[0]
		require.True(c, item.Pooled)
		require.Equal(c, uuid.Nil, item.AgentID)
		require.Equal(c, uuid.Nil, item.LaunchID)
	})

	g.proves("Priority overrides the contacts' own", func(c *campaign) {
		people := c.addCallable(3, withPriority(6))
		for i, priority := range []int{9, 0, -2} {
			c.enqueue(queue.EnqueueParams{ContactIDs: contactIDs(people[i : i+1]), Priority: &priority})
			require.Equal(c, priority, c.activeOf(people[i]).Priority)
		}
	})

	g.proves("ScheduledFor is the time before which the items must not be pulled", func(c *campaign) {
		contact := c.addCallable(1)[0]
		due := c.now.Add(time.Hour)
		c.enqueue(queue.EnqueueParams{ContactIDs: []uuid.UUID{contact.ID}, ScheduledFor: due})
		require.True(c, c.activeOf(contact).ScheduledFor.Equal(due))
		c.takeNothing(uuid.New())
	})

	g.proves("when ContactIDs is nil a nil filter is all of the campaign's contacts", func(c *campaign) {
		c.another().addCallable(2)
		people := c.addCallable(3)
		require.Equal(c, 3, c.enqueue(queue.EnqueueParams{}).Enqueued)
		require.ElementsMatch(c, contactIDs(people), held(c.items()))
	})

	g.proves("when ContactIDs is nil the filter chooses", func(c *campaign) {
		c.addCallable(2, named("Zoe"))
		people := c.addCallable(2, named("Bob"))
		result := c.enqueue(queue.EnqueueParams{Filter: contains("OB")})
		require.Equal(c, queue.EnqueueResult{Enqueued: 2, Matched: 2, Skipped: queue.NewSkips()}, result)
		require.ElementsMatch(c, contactIDs(people), held(c.items()))
	})

	g.proves("an empty list of contacts is nobody, not everybody", func(c *campaign) {
		c.addCallable(2)
		result := c.enqueue(queue.EnqueueParams{ContactIDs: []uuid.UUID{}})
		require.Equal(c, queue.EnqueueResult{Skipped: queue.NewSkips()}, result)
		require.Empty(c, c.items())
	})

	g.proves("contacts that are not in the campaign count nowhere", func(c *campaign) {
		elsewhere := c.another().addCallable(1)
		people := c.addCallable(1)
		result := c.enqueue(queue.EnqueueParams{ContactIDs: []uuid.UUID{elsewhere[0].ID, people[0].ID, uuid.New()}})
		require.Equal(c, queue.EnqueueResult{Enqueued: 1, Matched: 1, Skipped: queue.NewSkips()}, result)
	})

	g.proves("a contact that is named twice counts once", func(c *campaign) {
		people := c.addCallable(1)
		result := c.enqueue(queue.EnqueueParams{ContactIDs: []uuid.UUID{people[0].ID, people[0].ID}})
		require.Equal(c, queue.EnqueueResult{Enqueued: 1, Matched: 1, Skipped: queue.NewSkips()}, result)
	})

	g.proves("it skips those who must not be called", func(c *campaign) {
		tomorrow := c.now.Add(24 * time.Hour)
		c.add(person(invalid, withoutPhone), person(withoutPhone, optedOut), person(withWrongPhone))
		suppressed := c.add(person(optedOut), person(finished(c.now)), person())
		c.suppress(suppressedBy(suppressed[0]), suppressedBy(suppressed[1]), suppressedBy(suppressed[2], onlyIn(c.another().id)))
		c.add(person(finished(c.now), coolingUntil(tomorrow)), person(coolingUntil(tomorrow)), person(coolingUntil(c.now)))
		held := c.addCallable(1)
		c.give(uuid.New(), held...)

		want := queue.NewSkips()
		want[queue.SkipInvalid], want[queue.SkipNoPhone], want[queue.SkipOptedOut] = 1, 2, 1
		want[queue.SkipSuppressed], want[queue.SkipFinished], want[queue.SkipCoolingDown] = 1, 1, 1
		want[queue.SkipCollision] = 1
		result := c.enqueue(queue.EnqueueParams{})
		require.Equal(c, queue.EnqueueResult{Enqueued: 2, Matched: 10, Skipped: want}, result)
	})

	g.proves("a contact whose e-mail is suppressed is skipped", func(c *campaign) {
		people := c.addCallable(1)
		c.suppress(suppression.NewEmail(people[0].Email))
		require.Equal(c, 1, c.enqueue(queue.EnqueueParams{}).Skipped[queue.SkipSuppressed])
	})

	g.proves("a callback or a retry does not wait until its contact has cooled down", func(c *campaign) {
		for _, reason := range outdial.Reasons() {
			people := c.add(person(coolingUntil(c.now.Add(time.Hour))))
			result := c.enqueue(queue.EnqueueParams{
				ContactIDs: contactIDs(people), Provenance: outdial.Provenance{By: "system", Reason: reason},
			})
			exempt := reason == outdial.ReasonCallback || reason == outdial.ReasonRetry
			require.Equal(c, exempt, result.Enqueued == 1, "reason %s", reason)
		}
	})

	g.proves("a callback to somebody the campaign is done with is skipped", func(c *campaign) {
		c.add(person(finished(c.now)))
		result := c.enqueue(queue.EnqueueParams{Provenance: outdial.Provenance{By: "system", Reason: outdial.ReasonCallback}})
		require.Equal(c, 1, result.Skipped[queue.SkipFinished])
	})

	g.proves("a contact that is active already counts as a collision, with whomever, and its row is not changed", func(c *campaign) {
		agent := uuid.New()
		people := c.addCallable(6)
		c.start(agent, people[0], false)
		c.lock(agent, people[1], false)
		c.give(agent, people[2])
		c.give(uuid.New(), people[3])
		c.give(uuid.Nil, people[4])
		c.lock(uuid.New(), people[5], true)
		c.wait(lockFor)
		before := c.items()
		for _, owner := range []uuid.UUID{agent, uuid.Nil} {
			result := c.enqueue(queue.EnqueueParams{AgentID: owner})
			require.Equal(c, queue.EnqueueResult{Matched: 6, Skipped: skips(queue.SkipCollision, 6)}, result)
			requireSame(c, before, c.items())
		}
	})

	g.proves("a contact whose item has ended can be added again", func(c *campaign) {
		people := c.addCallable(1)
		c.give(uuid.Nil, people...)
		c.clear(uuid.Nil)
		c.give(uuid.Nil, people...)
		require.Len(c, c.items(), 2)
	})

	g.proves("a contact that is active in another campaign is no collision", func(c *campaign) {
		who := person()
		people := c.add(who)
		other := c.another()
		other.add(who)
		other.give(uuid.New(), people...)
		c.give(uuid.New(), people...)
	})

	g.proves("contacts of one account are not capped", func(c *campaign) {
		c.addCallable(4, inAccount(uuid.New()))
		require.Equal(c, 4, c.enqueue(queue.EnqueueParams{AgentID: uuid.New()}).Enqueued)
	})

	g.proves("an audit entry is written with the change", func(c *campaign) {
		c.give(uuid.New(), c.addCallable(1)...)
		c.addCallable(2)
		c.wait(time.Second)
		c.enqueue(queue.EnqueueParams{LaunchID: uuid.New()})
		entries := auditOf(c, outdial.ActionQueueEnqueue)
		require.Len(c, entries, 2)
		requireAudit(c, entries[1], map[string]any{"enqueued": 2, "matched": 3})
	})
}
