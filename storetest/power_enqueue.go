package storetest

import (
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/outdial/outdial"
	"github.com/outdial/outdial/dialer"
	"github.com/outdial/outdial/queue"
	"github.com/outdial/outdial/queue/intake"
	"github.com/outdial/outdial/suppression"
)

// enqueueCallsBehaviours proves EnqueueCalls.
func enqueueCallsBehaviours(g *group) {
	enqueueWhomBehaviours(g)

	g.proves("it adds contacts to the power queue, due at once", func(c *campaign) {
		launch := uuid.New()
		contact := c.addCallable(1, withPriority(6))[0]
		provenance := outdial.Provenance{By: "someone", Reason: outdial.ReasonManualAdd}
		result := c.enqueueCalls(dialer.EnqueueParams{
			ContactIDs: []uuid.UUID{contact.ID}, LaunchID: launch, Provenance: provenance,
		})
		require.Equal(c, queue.EnqueueResult{LaunchID: launch, Enqueued: 1, Matched: 1, Skipped: queue.NewSkips()}, result)
		item := c.callItemOf(contact)
		require.False(c, item.NextAttemptAt.After(c.now), "it is due")
		requireItem(c, dialer.Item{
			ID: item.ID, CampaignID: c.id, ContactID: contact.ID, State: dialer.StateQueued, Priority: 6,
			NextAttemptAt: item.NextAttemptAt, CallZone: "America/Chicago", LaunchID: launch, Provenance: provenance, QueuedAt: c.now,
		}, item)
		require.Equal(c, []uuid.UUID{contact.ID}, called(c.running().claimCalls()))
	})

	g.proves("the zone in which the contact may be called is the contact's, and empty when nobody knows", func(c *campaign) {
		people := c.add(person(), person(inZone("")), person(inZone("Asia/Kathmandu")))
		for i, zone := range []string{"America/Chicago", "", "Asia/Kathmandu"} {
			require.Equal(c, zone, c.queueCalls(people[i])[0].CallZone)
		}
	})

	g.proves("Priority overrides the contacts' own", func(c *campaign) {
		people := c.addCallable(3, withPriority(6))
		for i, priority := range []int{9, 0, -2} {
			c.enqueueCalls(dialer.EnqueueParams{ContactIDs: contactIDs(people[i : i+1]), Priority: &priority})
			require.Equal(c, priority, c.callItemOf(people[i]).Priority)
		}
	})

	g.proves("it never changes an existing item", func(c *campaign) {
		c.running()
		people := c.addCallable(5)
		c.dial(people[0])
		c.claimed(people[1])
		c.lose(c.dial(people[2]))
		c.queueCalls(people[3])
		nine := 9
		c.wait(time.Minute)
		before := c.callItems()
		result := c.enqueueCalls(dialer.EnqueueParams{Priority: &nine, LaunchID: uuid.New()})
		require.Equal(c, 1, result.Enqueued)
		require.Equal(c, 4, result.Skipped[queue.SkipCollision])
		requireSame(c, before, c.callItems()[:len(before)])
	})

	g.proves("a contact whose item has ended can be added again", func(c *campaign) {
		launch, people := uuid.New(), c.addCallable(1)
		c.enqueueCalls(dialer.EnqueueParams{LaunchID: launch})
		c.rollbackCalls(launch)
		c.queueCalls(people...)
		require.Len(c, c.callItems(), 2)
	})

	g.proves("an unknown campaign is ErrNotFound", func(c *campaign) {
		_, err := c.store.EnqueueCalls(c.Context(), c.enqueueCallsParams(dialer.EnqueueParams{CampaignID: uuid.New()}))
		require.ErrorIs(c, err, outdial.ErrNotFound)
	})

	g.proves("an audit entry is written with the change", func(c *campaign) {
		c.queueCalls(c.addCallable(1)...)
		c.addCallable(2)
		c.wait(time.Second)
		c.enqueueCalls(dialer.EnqueueParams{LaunchID: uuid.New()})
		entries := auditOf(c, outdial.ActionDialerEnqueue)
		require.Len(c, entries, 2)
		requireAudit(c, entries[1], map[string]any{"enqueued": 2, "matched": 3})
	})
}

func inZone(zone string) func(*intake.NewContact) {
	return func(who *intake.NewContact) { who.Contact.Timezone = zone }
}

// enqueueWhomBehaviours proves who is added and who is skipped.
func enqueueWhomBehaviours(g *group) {
	g.proves("when ContactIDs is nil a nil filter is all of the campaign's contacts", func(c *campaign) {
		c.another().addCallable(2)
		people := c.addCallable(3)
		require.Equal(c, 3, c.enqueueCalls(dialer.EnqueueParams{}).Enqueued)
		require.ElementsMatch(c, contactIDs(people), called(c.running().claimCalls()))
	})

	g.proves("when ContactIDs is nil the filter chooses", func(c *campaign) {
		c.addCallable(2, named("Zoe"))
		people := c.addCallable(2, named("Bob"))
		result := c.enqueueCalls(dialer.EnqueueParams{Filter: contains("OB")})
		require.Equal(c, queue.EnqueueResult{Enqueued: 2, Matched: 2, Skipped: queue.NewSkips()}, result)
		require.ElementsMatch(c, contactIDs(people), called(c.running().claimCalls()))
	})

	g.proves("an empty list of contacts is nobody, not everybody", func(c *campaign) {
		c.addCallable(2)
		result := c.enqueueCalls(dialer.EnqueueParams{ContactIDs: []uuid.UUID{}})
		require.Equal(c, queue.EnqueueResult{Skipped: queue.NewSkips()}, result)
		require.Empty(c, c.callItems())
	})

	g.proves("contacts that are not in the campaign count nowhere", func(c *campaign) {
		elsewhere := c.another().addCallable(1)
		people := c.addCallable(1)
		result := c.enqueueCalls(dialer.EnqueueParams{ContactIDs: []uuid.UUID{elsewhere[0].ID, people[0].ID, uuid.New()}})
		require.Equal(c, queue.EnqueueResult{Enqueued: 1, Matched: 1, Skipped: queue.NewSkips()}, result)
	})

	g.proves("a contact that is named twice counts once", func(c *campaign) {
		people := c.addCallable(1)
		result := c.enqueueCalls(dialer.EnqueueParams{ContactIDs: []uuid.UUID{people[0].ID, people[0].ID}})
		require.Equal(c, queue.EnqueueResult{Enqueued: 1, Matched: 1, Skipped: queue.NewSkips()}, result)
	})

	g.proves("it skips those who must not be called", func(c *campaign) {
		tomorrow := c.now.Add(24 * time.Hour)
		c.add(person(invalid, withoutPhone), person(withoutPhone, optedOut), person(withWrongPhone))
		suppressed := c.add(person(optedOut), person(finished(c.now)), person(), person())
		c.suppress(suppressedBy(suppressed[0]), suppressedBy(suppressed[1]), suppressedBy(suppressed[2], onlyIn(c.another().id)),
			suppression.NewEmail(suppressed[3].Email))
		c.add(person(finished(c.now), coolingUntil(tomorrow)), person(coolingUntil(tomorrow)), person(coolingUntil(c.now)))

		want := queue.NewSkips()
		want[queue.SkipInvalid], want[queue.SkipNoPhone], want[queue.SkipOptedOut] = 1, 2, 1
		want[queue.SkipSuppressed], want[queue.SkipFinished], want[queue.SkipCoolingDown] = 2, 1, 1
		result := c.enqueueCalls(dialer.EnqueueParams{})
		require.Equal(c, queue.EnqueueResult{Enqueued: 2, Matched: 10, Skipped: want}, result)
	})

	g.proves("a callback or a retry does not wait until its contact has cooled down", func(c *campaign) {
		for _, reason := range outdial.Reasons() {
			people := c.add(person(coolingUntil(c.now.Add(time.Hour))))
			result := c.enqueueCalls(dialer.EnqueueParams{
				ContactIDs: contactIDs(people), Provenance: outdial.Provenance{By: "system", Reason: reason},
			})
			exempt := reason == outdial.ReasonCallback || reason == outdial.ReasonRetry
			require.Equal(c, exempt, result.Enqueued == 1, "reason %s", reason)
		}
	})

	g.proves("it skips those who are active in the agent queue of the campaign", func(c *campaign) {
		people := c.addCallable(5)
		c.give(uuid.New(), people[0])
		c.give(uuid.Nil, people[1])
		c.lock(uuid.New(), people[2], true)
		c.start(uuid.New(), people[3], false)
		before := c.items()
		result := c.enqueueCalls(dialer.EnqueueParams{})
		require.Equal(c, queue.EnqueueResult{Enqueued: 1, Matched: 5, Skipped: skips(queue.SkipCollision, 4)}, result)
		requireSame(c, before, c.items())
	})

	g.proves("it skips those who are active in the power queue of the campaign, whatever became of their call", func(c *campaign) {
		c.running()
		people := c.addCallable(5)
		calls := c.dialEverybody(people[:4]...)
		c.tell(calls[1], "ringing")
		c.tell(calls[2], "connected")
		c.lose(calls[3])
		c.queueCalls(people[4])
		require.Equal(c, queue.EnqueueResult{Matched: 5, Skipped: skips(queue.SkipCollision, 5)}, c.enqueueCalls(dialer.EnqueueParams{}))
	})

	g.proves("a contact that is active in another campaign is no collision", func(c *campaign) {
		who := person()
		people := c.add(who)
		other := c.another()
		other.add(who)
		other.queueCalls(people...)
		c.another().add(who)
		c.queueCalls(people...)
	})
}
