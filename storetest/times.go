package storetest

import (
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/outdial/outdial"
	"github.com/outdial/outdial/queue"
)

// timeBehaviours proves that a store keeps instants, to the microsecond, and not
// what a clock on a wall shows.
func timeBehaviours(g *group) {
	callTimeBehaviours(g)

	// New York is behind UTC and changes its clocks; Kathmandu is ahead of it by a
	// quarter more than whole hours.
	for _, name := range []string{"UTC", "America/New_York", "Asia/Kathmandu"} {
		g.proves("the same Now behaves the same in "+strings.ReplaceAll(name, "/", " "), func(c *campaign) {
			location, err := time.LoadLocation(name)
			require.NoError(c, err)
			c.now = c.now.In(location)
			start := c.now

			agent := uuid.New()
			people := c.add(person(), person(coolingUntil(start.Add(time.Hour))), person())
			c.suppress(suppressedBy(people[2], until(start.Add(2*time.Hour))))
			result := c.replace(queue.ReplaceParams{AgentID: agent})
			require.Equal(c, 1, result.Skipped[queue.SkipCoolingDown])
			require.Equal(c, 1, result.Skipped[queue.SkipSuppressed])

			item := c.take(agent)
			require.True(c, item.LockedAt.Equal(startOfDay))
			require.True(c, item.LockExpiresAt.Equal(startOfDay.Add(lockFor)))
			c.now = start.Add(lockFor - time.Microsecond).UTC()
			c.takeAgain(agent)
			c.now = start.Add(lockFor).In(location)
			c.take(agent)

			c.now = start.Add(time.Hour)
			require.Equal(c, 1, c.replace(queue.ReplaceParams{AgentID: agent, DryRun: true}).Skipped.Total())
			c.now = start.Add(2 * time.Hour).UTC()
			require.Zero(c, c.replace(queue.ReplaceParams{AgentID: agent, DryRun: true}).Skipped.Total())

			contact := c.addCallable(1)[0]
			due := c.now.In(location).Add(time.Hour)
			c.enqueue(queue.EnqueueParams{AgentID: uuid.New(), ContactIDs: []uuid.UUID{contact.ID}, ScheduledFor: due})
			scheduled := c.activeOf(contact)
			require.True(c, scheduled.ScheduledFor.Equal(due))
			c.now = due.UTC()
			require.Equal(c, scheduled.ID, c.take(scheduled.AgentID).ID)
		})
	}

	g.proves("a lock lives through the hour that the clocks show twice", func(c *campaign) {
		newYork, err := time.LoadLocation("America/New_York")
		require.NoError(c, err)
		// 1:50 in summer time; ten minutes later it is 1:00.
		c.now = time.Date(2026, time.November, 1, 5, 50, 0, 0, time.UTC).In(newYork)
		agent := uuid.New()
		item := c.lock(agent, c.addCallable(1)[0], true)
		c.wait(lockFor - time.Microsecond)
		c.takeAgain(agent)
		c.wait(time.Microsecond)
		require.Equal(c, item.ID, c.take(uuid.New()).ID)
	})

	g.proves("times are kept to the microsecond", func(c *campaign) {
		for _, fraction := range []time.Duration{0, time.Microsecond, 100 * time.Millisecond, 999999 * time.Microsecond} {
			c.now = startOfDay.Truncate(time.Second).Add(fraction)
			agent := uuid.New()
			contact := c.addCallable(1)[0]
			c.enqueue(queue.EnqueueParams{AgentID: agent, ContactIDs: []uuid.UUID{contact.ID}, ScheduledFor: c.now})
			item := c.take(agent)
			for _, at := range []time.Time{item.QueuedAt, item.ScheduledFor, item.LockedAt, item.LockExpiresAt.Add(-lockFor)} {
				require.True(c, at.Equal(c.now), "%s is not %s", at, c.now)
			}
			requireSame(c, item, c.item(item.ID))
			c.clear(agent)
			require.True(c, c.item(item.ID).ReleasedAt.Equal(c.now))
		}
	})

	g.proves("what is finer than a microsecond does not come back", func(c *campaign) {
		c.now = startOfDay.Add(789 * time.Nanosecond)
		agent := uuid.New()
		item := c.lock(agent, c.addCallable(1)[0], true)
		requireSame(c, item, c.item(item.ID))
		for _, at := range []time.Time{item.QueuedAt, item.LockedAt, item.LockExpiresAt.Add(-lockFor)} {
			require.Zero(c, at.Nanosecond()%int(time.Microsecond))
			require.InDelta(c, c.now.UnixNano(), at.UnixNano(), float64(time.Microsecond))
		}
		requireSame(c, item, c.takeAgain(agent))
	})

	g.proves("a time that does not apply is zero", func(c *campaign) {
		item := c.give(uuid.Nil, c.addCallable(1)...)[0]
		for _, at := range []time.Time{item.ScheduledFor, item.LockedAt, item.LockExpiresAt, item.ReleasedAt} {
			require.True(c, at.IsZero())
		}
	})

	g.proves("a clock that is set back makes nothing of what has happened undone", func(c *campaign) {
		agent := uuid.New()
		contact := c.addCallable(1)[0]
		item := c.lock(agent, contact, true)
		c.wait(-time.Hour)
		c.takeAgain(agent)
		running := c.move(item, queue.MoveStart)
		require.True(c, running.LockExpiresAt.Equal(c.now.Add(lockFor)))
		result := c.replace(queue.ReplaceParams{AgentID: agent, ReleaseInProgress: true})
		require.Equal(c, 1, result.Assigned)
		require.True(c, c.item(item.ID).ReleasedAt.Equal(c.now))
	})

	g.proves("dates far away are kept", func(c *campaign) {
		contact := c.addCallable(1)[0]
		far := time.Date(2999, time.December, 31, 23, 59, 59, 999999000, time.UTC)
		c.enqueue(queue.EnqueueParams{
			ContactIDs: []uuid.UUID{contact.ID}, ScheduledFor: far,
			Provenance: outdial.Provenance{By: "system", Reason: outdial.ReasonCallback},
		})
		require.True(c, c.activeOf(contact).ScheduledFor.Equal(far))
	})
}
