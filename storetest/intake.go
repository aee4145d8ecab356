package storetest

import (
	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/outdial/outdial"
	"github.com/outdial/outdial/queue"
	"github.com/outdial/outdial/queue/intake"
	"github.com/outdial/outdial/suppression"
)

// addContactsBehaviours proves AddContacts. What was added shows in the items of
// a queue.
func addContactsBehaviours(g *group) {
	add := func(c *campaign, people ...intake.NewContact) intake.AddContactsResult {
		c.Helper()
		result, err := c.store.AddContacts(c.Context(), intake.AddContactsParams{CampaignID: c.id, Contacts: people, Now: c.now})
		require.NoError(c, err)
		return result
	}
	// queued enqueues everybody who can be, and returns their contacts by id.
	queued := func(c *campaign) map[uuid.UUID]queue.Item {
		c.Helper()
		c.enqueue(queue.EnqueueParams{})
		items := map[uuid.UUID]queue.Item{}
		for _, item := range c.items() {
			items[item.ContactID] = item
		}
		return items
	}

	g.proves("it adds each contact and puts it into the campaign", func(c *campaign) {
		full, bare, plain := person(fullContact), person(bareContact), person(withPriority(-3))
		require.Equal(c, intake.AddContactsResult{Added: 3}, add(c, full, bare, plain))
		items := queued(c)
		require.Len(c, items, 3)
		for _, who := range []intake.NewContact{full, bare, plain} {
			requireSame(c, who.Contact, items[who.Contact.ID].Contact)
		}
		require.Equal(c, -3, items[plain.Contact.ID].Priority)
	})

	g.proves("an empty batch adds nothing", func(c *campaign) {
		require.Equal(c, intake.AddContactsResult{}, add(c))
	})

	g.proves("a large batch is added whole", func(c *campaign) {
		const many = 3000
		people := make([]intake.NewContact, many)
		for i := range people {
			people[i] = person()
		}
		require.Equal(c, intake.AddContactsResult{Added: many}, add(c, people...))
		const again = 100
		require.Equal(c, intake.AddContactsResult{Unchanged: again}, add(c, people[many-again:]...))
		require.Equal(c, many, c.enqueue(queue.EnqueueParams{}).Enqueued)
	})

	g.proves("one that exists already is not changed, whatever its other fields say", func(c *campaign) {
		who := person(withPriority(2))
		add(c, who)
		again := person(fullContact, invalid, withPriority(9), finished(c.now))
		again.SourceKey = who.SourceKey
		require.Equal(c, intake.AddContactsResult{Unchanged: 1}, add(c, again))
		items := queued(c)
		require.Len(c, items, 1)
		requireSame(c, who.Contact, items[who.Contact.ID].Contact)
		require.Equal(c, 2, items[who.Contact.ID].Priority)
	})

	g.proves("an opt-out is honoured, and never taken back", func(c *campaign) {
		who, other := person(), c.another()
		add(c, who)
		again := who
		again.Contact.OptedOut, again.Contact.FirstName = true, "Zoe"
		require.Equal(c, intake.AddContactsResult{Added: 1}, add(other, again))
		require.Equal(c, intake.AddContactsResult{Unchanged: 1}, add(c, who))
		result := c.replace(queue.ReplaceParams{AgentID: uuid.New()})
		require.Equal(c, 1, result.Skipped[queue.SkipOptedOut], "in every campaign")
		require.Zero(c, result.Assigned)
		_, err := c.store.RestoreConsent(c.Context(), suppression.ConsentParams{ContactID: who.Contact.ID, Source: suppression.SourceManual, ActorID: c.actor, Now: c.now})
		require.NoError(c, err)
		items := queued(c)
		require.Len(c, items, 1)
		requireSame(c, who.Contact, items[who.Contact.ID].Contact)
	})

	g.proves("contacts are told apart by their SourceKey alone", func(c *campaign) {
		who, twin := person(), person()
		id := twin.Contact.ID
		twin.Contact = who.Contact
		twin.Contact.ID = id
		require.Equal(c, intake.AddContactsResult{Added: 2}, add(c, who, twin))
		require.Len(c, queued(c), 2)
	})

	g.proves("a SourceKey is compared as it is", func(c *campaign) {
		people := []intake.NewContact{person(), person(), person(), person()}
		for i, prefix := range []string{"a", "A", "a ", "_"} {
			people[i].SourceKey = prefix + c.name
		}
		require.Equal(c, intake.AddContactsResult{Added: 4}, add(c, people...))
	})

	g.proves("a contact that the database has is put into another campaign as it is", func(c *campaign) {
		who, other := person(withPriority(2), finished(c.now)), c.another()
		add(c, who)
		again := person(named("Bob"), withPriority(7))
		again.SourceKey = who.SourceKey
		require.Equal(c, intake.AddContactsResult{Added: 1}, add(other, again))
		items := queued(other)
		require.Len(c, items, 1)
		requireSame(c, who.Contact, items[who.Contact.ID].Contact)
		require.Equal(c, 7, items[who.Contact.ID].Priority, "the priority is the campaign's")
		require.Empty(c, queued(c), "and so is the campaign's being done with the contact")
	})

	g.proves("a batch of old and new contacts counts both", func(c *campaign) {
		old, other := person(), person()
		add(c, old)
		add(c.another(), other)
		require.Equal(c, intake.AddContactsResult{Added: 2, Unchanged: 1}, add(c, old, other, person()))
	})
}

// recordImportBehaviours proves RecordImport.
func recordImportBehaviours(g *group) {
	g.proves("it writes the audit entry of an import", func(c *campaign) {
		require.NoError(c, c.store.RecordImport(c.Context(), intake.RecordImportParams{
			CampaignID: c.id, ActorID: c.actor, Now: c.now,
			Result: intake.Result{CampaignID: c.id, Imported: 5, Unchanged: 3, Rejected: 2},
		}))
		entries := auditOf(c, outdial.ActionContactImport)
		require.Len(c, entries, 1)
		requireAudit(c, entries[0], map[string]any{"imported": 5, "unchanged": 3, "rejected": 2})
	})
}
