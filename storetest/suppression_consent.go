package storetest

import (
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/outdial/outdial"
	"github.com/outdial/outdial/queue"
	"github.com/outdial/outdial/suppression"
)

// consentOf is what somebody says who takes their consent back, or gives it again: the
// contact, and whoever has the targets. It reached us an hour ago.
func (c *campaign) consentOf(contact outdial.Contact, named ...suppression.Target) suppression.ConsentParams {
	p := suppression.ConsentParams{
		ContactID: contact.ID, Source: suppression.SourceWebhook, Reason: "said STOP",
		ReceivedAt: c.now.Add(-time.Hour), ActorID: c.actor, Now: c.now,
	}
	return naming(p, named...)
}

// naming adds targets to what is said.
func naming(p suppression.ConsentParams, named ...suppression.Target) suppression.ConsentParams {
	for _, target := range named {
		p.Entries = append(p.Entries, suppression.Entry{
			Kind: target.Kind, Value: target.Key, Key: target.Key, CampaignID: p.CampaignID,
			Source: p.Source, Reason: p.Reason, ReceivedAt: p.ReceivedAt,
		})
	}
	return p
}

// inOne limits what is said to one campaign.
func inOne(p suppression.ConsentParams, campaignID uuid.UUID) suppression.ConsentParams {
	p.CampaignID = campaignID
	for i := range p.Entries {
		p.Entries[i].CampaignID = campaignID
	}
	return p
}

func (c *campaign) revoke(p suppression.ConsentParams) suppression.ConsentResult {
	c.Helper()
	result, err := c.store.RevokeConsent(c.Context(), p)
	require.NoError(c, err)
	return result
}

func (c *campaign) restore(p suppression.ConsentParams) suppression.ConsentResult {
	c.Helper()
	result, err := c.store.RestoreConsent(c.Context(), p)
	require.NoError(c, err)
	return result
}

// bothOf are the entries for the contact's phone and e-mail address.
func bothOf(contact outdial.Contact) []suppression.Entry {
	return []suppression.Entry{suppression.NewPhone(contact.Phone), suppression.NewEmail(contact.Email)}
}

// revokeConsentBehaviours proves RevokeConsent.
func revokeConsentBehaviours(g *group) {
	g.proves("it puts the phone and the e-mail address of the contact on the list", func(c *campaign) {
		contact := c.addCallable(1)[0]
		p := c.consentOf(contact)
		require.Equal(c, suppression.ConsentResult{Contacts: 1, Added: 2}, c.revoke(p))
		want := bothOf(contact)
		for i := range want {
			want[i].Source, want[i].Reason, want[i].ReceivedAt = p.Source, p.Reason, p.ReceivedAt
		}
		listed := c.find(c.findParams(want...)).Entries
		requireSame(c, want, asAdded(listed))
		for _, entry := range listed {
			require.Equal(c, c.actor, entry.CreatedBy)
			require.True(c, entry.CreatedAt.Equal(c.now), "it holds from now, and not from when it was asked for")
		}
	})

	g.proves("it puts the targets that are named on the list, with a contact or without", func(c *campaign) {
		first, second := anEntry(), anAddress()
		require.Equal(c, suppression.ConsentResult{Contacts: 1, Added: 3},
			c.revoke(c.consentOf(c.addCallable(1)[0], first.Target())))
		require.Equal(c, suppression.ConsentResult{Added: 1}, c.revoke(c.consentOf(outdial.Contact{}, second.Target())))
		require.Len(c, c.found(first, second), 2)
	})

	g.proves("a contact without a phone, or without an address, has the other", func(c *campaign) {
		contact := c.add(person(withoutPhone))[0]
		require.Equal(c, suppression.ConsentResult{Contacts: 1, Added: 1}, c.revoke(c.consentOf(contact)))
		require.Len(c, c.found(suppression.NewEmail(contact.Email)), 1)
		who := person()
		who.Contact.Email = ""
		contact = c.add(who)[0]
		require.Equal(c, suppression.ConsentResult{Contacts: 1, Added: 1}, c.revoke(c.consentOf(contact)))
	})

	g.proves("it marks as opted out the contact and all contacts that have a target that is named", func(c *campaign) {
		phone := nextPhone()
		people := c.add(person(), person(withPhone(phone)), person(withPhone(phone)), person(), person())
		named := []suppression.Target{suppression.PhoneTarget(phone), suppression.EmailTarget(people[3].Email)}
		require.Equal(c, 4, c.revoke(c.consentOf(people[0], named...)).Contacts)
		for i, contact := range people {
			require.Equal(c, i < 4, c.optedOut(contact), "contact %d", i)
		}
		require.Equal(c, 1, c.replace(queue.ReplaceParams{AgentID: uuid.New(), DryRun: true}).Assigned)
	})

	g.proves("others who have the contact's phone are on the list, and are not marked", func(c *campaign) {
		phone := nextPhone()
		people := c.add(person(withPhone(phone)), person(withPhone(phone)))
		require.Equal(c, 1, c.revoke(c.consentOf(people[0])).Contacts)
		require.False(c, c.optedOut(people[1]))
		require.Len(c, c.find(suppression.FindParams{ContactID: people[1].ID, Now: c.now}).Entries, 1)
	})

	g.proves("for one campaign only it marks nobody, and holds in no other", func(c *campaign) {
		contact, other := c.addCallable(1)[0], c.another()
		named := anEntry()
		p := inOne(c.consentOf(contact, named.Target(), suppression.PhoneTarget(contact.Phone)), c.id)
		require.Equal(c, suppression.ConsentResult{Added: 3}, c.revoke(p))
		require.False(c, c.optedOut(contact))
		all := append(bothOf(contact), named)
		require.Len(c, c.found(all...), 3)
		require.Empty(c, other.found(all...))
	})

	g.proves("an unknown contact is ErrNotFound, and changes nothing", func(c *campaign) {
		before, contact := c.head(), c.addCallable(1)[0]
		target := suppression.PhoneTarget(contact.Phone)
		_, err := c.store.RevokeConsent(c.Context(), c.consentOf(outdial.Contact{ID: uuid.New()}, target))
		require.ErrorIs(c, err, outdial.ErrNotFound)
		require.False(c, c.optedOut(contact))
		require.Empty(c, c.match(target))
		require.Empty(c, c.followed(before, suppression.NewPhone(contact.Phone)))
	})

	g.proves("an unknown campaign is ErrNotFound, and changes nothing", func(c *campaign) {
		contact := c.addCallable(1)[0]
		_, err := c.store.RevokeConsent(c.Context(), inOne(c.consentOf(contact), uuid.New()))
		require.ErrorIs(c, err, outdial.ErrNotFound)
		require.False(c, c.optedOut(contact))
		require.Empty(c, c.found(bothOf(contact)...))
	})

	g.proves("to revoke twice is once", func(c *campaign) {
		contact := c.addCallable(1)[0]
		c.revoke(c.consentOf(contact))
		before := c.head()
		want := c.find(c.findParams(bothOf(contact)...))
		c.wait(time.Hour)
		require.Equal(c, suppression.ConsentResult{}, c.revoke(c.consentOf(contact)))
		requireSame(c, want, c.find(c.findParams(bothOf(contact)...)))
		require.Empty(c, c.followed(before, bothOf(contact)...))
	})

	g.proves("one event is written for each entry, and says when it was asked for", func(c *campaign) {
		before, contact := c.head(), c.addCallable(1)[0]
		p := c.consentOf(contact)
		c.revoke(p)
		events := c.followed(before, bothOf(contact)...)
		require.Len(c, events, 2)
		for _, event := range events {
			require.Equal(c, suppression.EventAdd, event.Action)
			require.Equal(c, p.Source, event.Source)
			require.True(c, event.ReceivedAt.Equal(p.ReceivedAt))
			require.True(c, event.CreatedAt.Equal(c.now))
		}
	})

	g.proves("one audit entry is written for the call", func(c *campaign) {
		contact := c.addCallable(1)[0]
		c.revoke(c.consentOf(contact))
		entries := auditOf(c, outdial.ActionConsentRevoke)
		require.Len(c, entries, 1)
		require.Equal(c, contact.ID, entries[0].TargetID)
		require.True(c, entries[0].CreatedAt.Equal(c.now))
		requireMeta(c, entries[0], map[string]any{"contacts": 1, "added": 2})
	})
}

// restoreConsentBehaviours proves RestoreConsent.
func restoreConsentBehaviours(g *group) {
	g.proves("it takes back what RevokeConsent with the same parameters does", func(c *campaign) {
		phone := nextPhone()
		people, named := c.add(person(), person(withPhone(phone))), suppression.PhoneTarget(phone)
		p := c.consentOf(people[0], named)
		c.revoke(p)
		before := c.head()
		require.Equal(c, suppression.ConsentResult{Contacts: 2, Removed: 3}, c.restore(p))
		for _, contact := range people {
			require.False(c, c.optedOut(contact))
			require.Empty(c, c.found(bothOf(contact)...))
		}
		entries := append(bothOf(people[0]), suppression.NewPhone(phone))
		events := c.followed(before, entries...)
		require.Len(c, events, 3)
		for _, event := range events {
			require.Equal(c, suppression.EventRemove, event.Action)
		}
		require.Equal(c, 2, c.replace(queue.ReplaceParams{AgentID: uuid.New(), DryRun: true}).Assigned)
	})

	g.proves("an entry that came from an import stays", func(c *campaign) {
		contact := c.addCallable(1)[0]
		registered := suppressedBy(contact, fromSource(suppression.SourceImport))
		c.addEntries(registered)
		p := c.consentOf(contact)
		require.Equal(c, 1, c.revoke(p).Added)
		require.Equal(c, suppression.ConsentResult{Contacts: 1, Removed: 1}, c.restore(p))
		require.False(c, c.optedOut(contact))
		requireSame(c, []suppression.Entry{registered}, c.found(bothOf(contact)...))
	})

	g.proves("for one campaign only, the mark and the entries that hold in every campaign stay", func(c *campaign) {
		contact := c.addCallable(1)[0]
		c.revoke(c.consentOf(contact))
		p := inOne(c.consentOf(contact), c.id)
		c.revoke(p)
		require.Len(c, c.found(bothOf(contact)...), 4)
		require.Equal(c, suppression.ConsentResult{Removed: 2}, c.restore(p))
		require.True(c, c.optedOut(contact))
		require.Len(c, c.found(bothOf(contact)...), 2)
	})

	g.proves("who has not revoked has nothing to take back", func(c *campaign) {
		before, contact := c.head(), c.addCallable(1)[0]
		require.Equal(c, suppression.ConsentResult{}, c.restore(c.consentOf(contact, anEntry().Target())))
		require.Empty(c, c.followed(before, bothOf(contact)...))
	})

	g.proves("an unknown contact is ErrNotFound, and changes nothing", func(c *campaign) {
		entry := anEntry()
		c.addEntries(entry)
		_, err := c.store.RestoreConsent(c.Context(), c.consentOf(outdial.Contact{ID: uuid.New()}, entry.Target()))
		require.ErrorIs(c, err, outdial.ErrNotFound)
		require.Len(c, c.found(entry), 1)
	})

	g.proves("one audit entry is written for the call", func(c *campaign) {
		contact := c.addCallable(1)[0]
		c.revoke(c.consentOf(contact))
		c.restore(c.consentOf(contact))
		entries := auditOf(c, outdial.ActionConsentRestore)
		require.Len(c, entries, 1)
		require.Equal(c, contact.ID, entries[0].TargetID)
		requireMeta(c, entries[0], map[string]any{"contacts": 1, "removed": 2})
	})
}
