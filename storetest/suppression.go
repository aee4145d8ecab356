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
		return c.addEntries(entries...).Added
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

	g.proves("an entry is kept as it was given, with who added it and when", func(c *campaign) {
		phone := anEntry(onlyIn(c.id), fromSource(suppression.SourceQA), because("asked not to be called"),
			until(c.now.Add(time.Hour)), receivedAt(c.now.Add(-time.Hour)))
		address := anAddress(fromSource(suppression.SourceWebhook), receivedAt(c.now))
		require.Equal(c, suppression.AddResult{Added: 2}, c.addEntries(phone, address))
		listed := c.find(c.findParams(phone, address)).Entries
		requireSame(c, []suppression.Entry{phone, address}, asAdded(listed))
		for _, entry := range listed {
			require.Equal(c, c.actor, entry.CreatedBy)
			require.True(c, entry.CreatedAt.Equal(c.now))
			require.NotEqual(c, uuid.Nil, entry.ID)
		}
	})

	g.proves("adding an entry twice is once", func(c *campaign) {
		entry := suppressedBy(c.addCallable(1)[0])
		require.Equal(c, 1, add(c, entry, entry))
		require.Zero(c, add(c, entry))
		entry.Source, entry.Reason = suppression.SourceImport, "again"
		require.Zero(c, add(c, entry))
		require.Equal(c, 1, suppressed(c))
	})

	g.proves("what is there already stays as it is, except that it lasts until the later of the two ends", func(c *campaign) {
		entry := anEntry(until(c.now.Add(time.Hour)), because("the first time"), receivedAt(c.now))
		c.addEntries(entry)
		want := c.find(c.findParams(entry)).Entries
		require.Len(c, want, 1)
		c.wait(time.Minute)
		c.actor = uuid.New()
		again := entry
		again.Source, again.Reason, again.ReceivedAt = suppression.SourceQA, "the second time", c.now
		require.Equal(c, suppression.AddResult{}, c.addEntries(again))
		requireSame(c, want, c.find(c.findParams(entry)).Entries)
		again.ExpiresAt = entry.ExpiresAt.Add(time.Hour)
		require.Equal(c, suppression.AddResult{Extended: 1}, c.addEntries(again))
		want[0].ExpiresAt = again.ExpiresAt
		requireSame(c, want, c.find(c.findParams(entry)).Entries)
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

	g.proves("an entry that has run out counts as not there: what is added is all new", func(c *campaign) {
		entry := anEntry(until(c.now.Add(time.Hour)), because("the first time"))
		c.addEntries(entry)
		c.wait(time.Hour)
		c.actor = uuid.New()
		again := anEntry(fromSource(suppression.SourceQA), because("the second time"), until(c.now.Add(time.Minute)), receivedAt(c.now))
		again.Value, again.Key = entry.Value, entry.Key
		require.Equal(c, suppression.AddResult{Added: 1}, c.addEntries(again))
		listed := c.find(c.findParams(entry)).Entries
		requireSame(c, []suppression.Entry{again}, asAdded(listed))
		require.Equal(c, c.actor, listed[0].CreatedBy)
		require.True(c, listed[0].CreatedAt.Equal(c.now))
	})

	g.proves("an entry that is added again for longer lasts longer", func(c *campaign) {
		contact := c.addCallable(1)[0]
		add(c, suppressedBy(contact, until(c.now.Add(time.Hour))))
		require.Equal(c, suppression.AddResult{Extended: 1}, c.addEntries(suppressedBy(contact, until(c.now.Add(3*time.Hour)))))
		c.wait(2 * time.Hour)
		require.Equal(c, 1, suppressed(c))
		require.Equal(c, suppression.AddResult{Extended: 1}, c.addEntries(suppressedBy(contact)))
		c.wait(1000 * time.Hour)
		require.Equal(c, 1, suppressed(c))
	})

	g.proves("an entry that is added again for a shorter time does not end sooner", func(c *campaign) {
		contact := c.addCallable(1)[0]
		add(c, suppressedBy(contact))
		require.Equal(c, suppression.AddResult{}, c.addEntries(suppressedBy(contact, until(c.now.Add(time.Hour)))))
		c.wait(2 * time.Hour)
		require.Equal(c, 1, suppressed(c))
	})

	g.proves("two entries for one place in a call are added one after another", func(c *campaign) {
		before, entry := c.head(), anEntry(until(c.now.Add(time.Hour)))
		longer, longest := entry, entry
		longer.ExpiresAt, longest.ExpiresAt = c.now.Add(2*time.Hour), time.Time{}
		require.Equal(c, suppression.AddResult{Added: 1, Extended: 1}, c.addEntries(longer, entry, longest, entry, longer))
		requireSame(c, []suppression.Entry{longest}, c.found(entry))
		require.Equal(c, []suppression.EventAction{suppression.EventAdd, suppression.EventExtend}, done(c.followed(before, entry)))
	})

	g.proves("to add to a campaign that does not exist is ErrNotFound, and adds nothing", func(c *campaign) {
		before, good, bad := c.head(), anEntry(), anEntry(onlyIn(uuid.New()))
		_, err := c.store.AddSuppressions(c.Context(), suppression.AddParams{
			Entries: []suppression.Entry{good, bad}, ActorID: c.actor, Now: c.now,
		})
		require.ErrorIs(c, err, outdial.ErrNotFound)
		require.Empty(c, c.found(good))
		require.Empty(c, c.followed(before, good, bad))
		require.Empty(c, c.matchIn(bad.CampaignID, bad.Target()))
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

	g.proves("one event is written for each entry that lasts longer", func(c *campaign) {
		entry, other := anEntry(until(c.now.Add(time.Hour))), anEntry()
		c.addEntries(entry, other)
		before := c.head()
		entry.ExpiresAt = time.Time{}
		c.addEntries(entry, other)
		require.Equal(c, []suppression.EventAction{suppression.EventExtend}, done(c.followed(before, entry, other)))
	})

	g.proves("one audit entry is written for the call", func(c *campaign) {
		long := anEntry(until(c.now.Add(time.Hour)))
		c.addEntries(long)
		before := c.auditCount(outdial.ActionSuppressAdd)
		c.wait(time.Minute)
		long.ExpiresAt = time.Time{}
		add(c, suppressedBy(person().Contact), suppressedBy(person().Contact), long)
		entries := auditOf(c, outdial.ActionSuppressAdd)
		require.Len(c, entries, before+1)
		last := entries[before]
		require.True(c, last.CreatedAt.Equal(c.now))
		requireMeta(c, last, map[string]any{"added": 2, "extended": 1})
	})
}

// removeSuppressionsBehaviours proves RemoveSuppressions.
func removeSuppressionsBehaviours(g *group) {
	g.proves("it takes entries off the list, and says how many are gone", func(c *campaign) {
		phone, address, stays := anEntry(), anAddress(), anEntry()
		c.addEntries(phone, address, stays)
		require.Equal(c, 2, c.removeEntries(phone, address))
		requireSame(c, []suppression.Entry{stays}, c.found(phone, address, stays))
	})

	g.proves("what is not there is passed over", func(c *campaign) {
		there, ended := anEntry(), anEntry(until(c.now.Add(time.Hour)))
		c.addEntries(there, ended)
		c.wait(time.Hour)
		require.Equal(c, 1, c.removeEntries(anEntry(), there, ended))
		require.Zero(c, c.removeEntries(there))
		require.Zero(c, c.removeEntries())
	})

	g.proves("a place that is named twice is one", func(c *campaign) {
		before, entry := c.head(), anEntry()
		c.addEntries(entry)
		require.Equal(c, 1, c.removeEntries(entry, entry))
		require.Len(c, c.followed(before, entry), 2)
	})

	g.proves("those go that stand in exactly these places", func(c *campaign) {
		everywhere := anEntry()
		here, there := everywhere, everywhere
		here.CampaignID, there.CampaignID = c.id, c.another().id
		c.addEntries(everywhere, here, there)
		require.Equal(c, 1, c.removeEntries(everywhere))
		requireSame(c, []suppression.Entry{here}, c.found(here))
		require.Equal(c, 1, c.removeEntries(here))
		require.Empty(c, c.found(here))
		require.Equal(c, []int{0}, c.matchIn(there.CampaignID, there.Target()))
	})

	g.proves("the kinds are not mixed up", func(c *campaign) {
		address := anAddress()
		c.addEntries(address)
		other := address
		other.Kind = suppression.KindPhone
		require.Zero(c, c.removeEntries(other))
		require.Len(c, c.found(address), 1)
	})

	g.proves("they go whatever their source", func(c *campaign) {
		entries := []suppression.Entry{}
		for _, source := range suppression.Sources() {
			entries = append(entries, anEntry(fromSource(source)))
		}
		c.addEntries(entries...)
		require.Equal(c, len(entries), c.removeEntries(entries...))
		require.Empty(c, c.found(entries...))
	})

	g.proves("one event is written for each entry that is gone", func(c *campaign) {
		entry, ended := anEntry(onlyIn(c.id), fromSource(suppression.SourceQA)), anEntry(until(c.now.Add(time.Minute)))
		c.addEntries(entry, ended)
		before := c.head()
		c.wait(time.Hour)
		c.removeEntries(entry, ended, anEntry())
		events := c.followed(before, entry, ended)
		require.Len(c, events, 1)
		require.Equal(c, suppression.EventRemove, events[0].Action)
		require.Equal(c, entry.Place(), suppression.Place{Target: events[0].Target, CampaignID: events[0].CampaignID})
		require.Equal(c, entry.Source, events[0].Source)
		require.True(c, events[0].CreatedAt.Equal(c.now))
	})

	g.proves("whoever was on the list can be called again, and be added again", func(c *campaign) {
		entry := suppressedBy(c.addCallable(1)[0])
		c.addEntries(entry)
		c.removeEntries(entry)
		require.Zero(c, c.skipped(c.now)[queue.SkipSuppressed])
		require.Equal(c, suppression.AddResult{Added: 1}, c.addEntries(entry))
		require.Equal(c, 1, c.skipped(c.now)[queue.SkipSuppressed])
	})

	g.proves("one audit entry is written for the call", func(c *campaign) {
		entry := anEntry()
		c.addEntries(entry)
		c.removeEntries(entry, anEntry())
		entries := auditOf(c, outdial.ActionSuppressRemove)
		require.Len(c, entries, 1)
		require.True(c, entries[0].CreatedAt.Equal(c.now))
		requireMeta(c, entries[0], map[string]any{"removed": 1})
	})
}
