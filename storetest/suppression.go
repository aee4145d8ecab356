package storetest

import (
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/outdial/outdial"
	"github.com/outdial/outdial/queue"
	"github.com/outdial/outdial/suppression"
)

// addSuppressionsBehaviours proves AddSuppressions. Which entries keep whom from
// being called is proved by the methods that ask the list.
func addSuppressionsBehaviours(g *group) {
	add := func(c *campaign, entries ...suppression.Entry) int {
		c.Helper()
		result, err := c.store.AddSuppressions(c.Context(), suppression.AddParams{Entries: entries, ActorID: c.actor, Now: c.now})
		require.NoError(c, err)
		return result.Added
	}
	suppressed := func(c *campaign) int {
		c.Helper()
		return c.replace(queue.ReplaceParams{AgentID: uuid.New(), DryRun: true}).Skipped[queue.SkipSuppressed]
	}

	g.proves("it says how many entries were new", func(c *campaign) {
		contact := person().Contact
		require.Equal(c, 2, add(c, suppressedBy(contact), suppression.NewEmail(contact.Email)))
		require.Equal(c, 1, add(c, suppressedBy(contact), suppressedBy(person().Contact)))
		require.Zero(c, add(c))
	})

	g.proves("adding an entry twice is once", func(c *campaign) {
		entry := suppressedBy(c.addCallable(1)[0])
		require.Equal(c, 1, add(c, entry, entry))
		require.Zero(c, add(c, entry))
		entry.Source, entry.Reason = suppression.SourceImport, "again"
		require.Zero(c, add(c, entry))
		require.Equal(c, 1, suppressed(c))
	})

	g.proves("an entry for one campaign and one for all are two", func(c *campaign) {
		contact, other := c.addCallable(1)[0], c.another()
		require.Equal(c, 1, add(c, suppressedBy(contact, onlyIn(other.id))))
		require.Zero(c, suppressed(c))
		require.Equal(c, 1, add(c, suppressedBy(contact, onlyIn(c.id))))
		require.Equal(c, 1, suppressed(c))
		require.Equal(c, 1, add(c, suppressedBy(contact)))
	})

	g.proves("an entry whose time is up can be added again", func(c *campaign) {
		contact := c.addCallable(1)[0]
		require.Equal(c, 1, add(c, suppressedBy(contact, until(c.now.Add(time.Hour)))))
		c.wait(time.Hour)
		require.Zero(c, suppressed(c))
		require.Equal(c, 1, add(c, suppressedBy(contact)))
		require.Equal(c, 1, suppressed(c))
	})

	g.proves("an entry that is added again for longer lasts longer", func(c *campaign) {
		contact := c.addCallable(1)[0]
		add(c, suppressedBy(contact, until(c.now.Add(time.Hour))))
		add(c, suppressedBy(contact, until(c.now.Add(3*time.Hour))))
		c.wait(2 * time.Hour)
		require.Equal(c, 1, suppressed(c))
		add(c, suppressedBy(contact))
		c.wait(1000 * time.Hour)
		require.Equal(c, 1, suppressed(c))
	})

	g.proves("an entry that is added again for a shorter time does not end sooner", func(c *campaign) {
		contact := c.addCallable(1)[0]
		add(c, suppressedBy(contact))
		add(c, suppressedBy(contact, until(c.now.Add(time.Hour))))
		c.wait(2 * time.Hour)
		require.Equal(c, 1, suppressed(c))
	})

	g.proves("it changes no item", func(c *campaign) {
		people := c.addCallable(3)
		c.give(uuid.New(), people[0])
		c.lock(uuid.New(), people[1], true)
		c.start(uuid.New(), people[2], false)
		before := c.items()
		add(c, suppressedBy(people[0]), suppressedBy(people[1]), suppressedBy(people[2]))
		requireSame(c, before, c.items())
	})

	g.proves("one event is written for each entry that was not there yet", func(c *campaign) {
		if c.suite.features.SuppressionEvents == nil {
			c.suite.skip(c, "SuppressionEvents")
		}
		first, second := suppressedBy(person().Contact), suppressedBy(person().Contact)
		events := func(entry suppression.Entry) int {
			return c.suite.features.SuppressionEvents(c, c.store, entry.Key)
		}
		add(c, first)
		require.Equal(c, []int{1, 0}, []int{events(first), events(second)})
		add(c, first, second, second)
		require.Equal(c, []int{1, 1}, []int{events(first), events(second)})

		ended := suppressedBy(person().Contact, until(c.now.Add(time.Hour)))
		add(c, ended)
		c.wait(time.Hour)
		ended.ExpiresAt = time.Time{}
		add(c, ended)
		require.Equal(c, 2, events(ended), "it was not there any more")
	})

	g.proves("one audit entry is written for the call", func(c *campaign) {
		add(c, suppressedBy(person().Contact), suppressedBy(person().Contact))
		entries := auditOf(c, outdial.ActionSuppressAdd)
		require.Len(c, entries, 1)
		require.True(c, entries[0].CreatedAt.Equal(c.now))
		requireMeta(c, entries[0], map[string]any{"added": 2})
	})
}
