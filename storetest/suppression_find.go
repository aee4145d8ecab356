package storetest

import (
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/outdial/outdial"
	"github.com/outdial/outdial/suppression"
)

// findSuppressionsBehaviours proves FindSuppressions.
func findSuppressionsBehaviours(g *group) {
	g.proves("it returns the entries that hold for any of the targets", func(c *campaign) {
		phone, address := anEntry(), anAddress()
		c.addEntries(phone, address, anEntry())
		requireSame(c, []suppression.Entry{phone, address}, c.found(address, anEntry(), phone))
	})

	g.proves("it returns those that hold for the phone or the e-mail address of the contact", func(c *campaign) {
		contact, named := c.addCallable(1)[0], anEntry()
		both := bothOf(contact)
		c.addEntries(both[0], both[1], named)
		p := suppression.FindParams{ContactID: contact.ID, CampaignID: c.id, Now: c.now}
		requireSame(c, both, asAdded(c.find(p).Entries))
		p.Targets = targetsOf(named)
		requireSame(c, append(both, named), asAdded(c.find(p).Entries))
	})

	g.proves("an entry comes once, however often it is asked about", func(c *campaign) {
		contact := c.addCallable(1)[0]
		entry := suppressedBy(contact)
		c.addEntries(entry)
		p := c.findParams(entry, entry)
		p.ContactID = contact.ID
		require.Len(c, c.find(p).Entries, 1)
	})

	g.proves("entries hold in their campaign, or in all", func(c *campaign) {
		everywhere := anEntry()
		here, there := everywhere, everywhere
		here.CampaignID, there.CampaignID = c.id, c.another().id
		c.addEntries(everywhere, here, there)
		requireSame(c, []suppression.Entry{everywhere, here}, c.found(here))
		p := c.findParams(here)
		p.CampaignID = uuid.Nil
		requireSame(c, []suppression.Entry{everywhere}, asAdded(c.find(p).Entries))
	})

	g.proves("the kinds are not mixed up", func(c *campaign) {
		phone, address := anEntry(), anAddress()
		c.addEntries(phone, address)
		phone.Kind, address.Kind = suppression.KindEmail, suppression.KindPhone
		require.Empty(c, c.found(phone, address))
	})

	g.proves("an entry whose ExpiresAt is not after Now is not on the list", func(c *campaign) {
		entry := anEntry(until(c.now.Add(time.Hour)))
		c.addEntries(entry)
		c.wait(time.Hour - time.Microsecond)
		require.Len(c, c.found(entry), 1)
		c.wait(time.Microsecond)
		require.Empty(c, c.found(entry))
	})

	g.proves("entries are ordered by their ids", func(c *campaign) {
		const n = 8
		entries := []suppression.Entry{}
		for range n {
			entry := anEntry()
			if len(entries)%2 == 1 {
				entry = anAddress()
			}
			c.addEntries(entry)
			entries = append([]suppression.Entry{entry}, entries...)
		}
		listed := c.find(c.findParams(entries...)).Entries
		require.Len(c, listed, n)
		for i := 1; i < n; i++ {
			require.Negative(c, compareIDs(listed[i-1].ID, listed[i].ID))
		}
	})

	g.proves("it says whether the contact has opted out", func(c *campaign) {
		people := c.add(person(optedOut), person())
		require.True(c, c.optedOut(people[0]))
		require.False(c, c.optedOut(people[1]))
		require.Empty(c, c.find(suppression.FindParams{ContactID: people[0].ID, Now: c.now}).Entries)
	})

	g.proves("an unknown contact is ErrNotFound", func(c *campaign) {
		entry := anEntry()
		c.addEntries(entry)
		p := c.findParams(entry)
		p.ContactID = uuid.New()
		_, err := c.store.FindSuppressions(c.Context(), p)
		require.ErrorIs(c, err, outdial.ErrNotFound)
	})
}

// matchSuppressionsBehaviours proves MatchSuppressions.
func matchSuppressionsBehaviours(g *group) {
	g.proves("it says which of 5,000 targets an entry holds for", func(c *campaign) {
		const n, every = 5000, 7
		targets, entries, want := make([]suppression.Target, n), []suppression.Entry{}, []int{}
		for i := range targets {
			entry := anEntry()
			if i%3 == 0 {
				entry = anAddress()
			}
			targets[i] = entry.Target()
			if i%every == 0 {
				entries, want = append(entries, entry), append(want, i)
			}
		}
		c.addEntries(entries...)
		require.Equal(c, want, c.match(targets...))
	})

	g.proves("a target that is asked about twice is answered twice", func(c *campaign) {
		entry := anEntry()
		c.addEntries(entry)
		require.Equal(c, []int{0, 2, 3}, c.match(entry.Target(), anEntry().Target(), entry.Target(), entry.Target()))
	})

	g.proves("the kinds are not mixed up", func(c *campaign) {
		phone, address := anEntry(), anAddress()
		c.addEntries(phone, address)
		require.Equal(c, []int{2, 3}, c.match(
			suppression.Target{Kind: suppression.KindPhone, Key: address.Key},
			suppression.Target{Kind: suppression.KindEmail, Key: phone.Key},
			address.Target(), phone.Target()))
	})

	g.proves("entries hold in their campaign, or in all", func(c *campaign) {
		everywhere, here, there := anEntry(), anEntry(onlyIn(c.id)), anEntry(onlyIn(c.another().id))
		c.addEntries(everywhere, here, there)
		targets := targetsOf(everywhere, here, there)
		require.Equal(c, []int{0, 1}, c.match(targets...))
		require.Equal(c, []int{0, 2}, c.matchIn(there.CampaignID, targets...))
		require.Equal(c, []int{0}, c.matchIn(uuid.Nil, targets...))
	})

	g.proves("an entry for the campaign and one for all are one answer", func(c *campaign) {
		entry := anEntry()
		here := entry
		here.CampaignID = c.id
		c.addEntries(entry, here)
		require.Equal(c, []int{0}, c.match(entry.Target()))
	})

	g.proves("an entry whose ExpiresAt is not after Now is not on the list", func(c *campaign) {
		phone, address := anEntry(until(c.now.Add(time.Hour))), anAddress(until(c.now.Add(time.Hour)))
		c.addEntries(phone, address)
		c.wait(time.Hour - time.Microsecond)
		require.Equal(c, []int{0, 1}, c.match(targetsOf(phone, address)...))
		c.wait(time.Microsecond)
		require.Empty(c, c.match(targetsOf(phone, address)...))
	})

	g.proves("what was removed is not on the list", func(c *campaign) {
		entry := anEntry()
		c.addEntries(entry)
		c.removeEntries(entry)
		require.Empty(c, c.match(entry.Target()))
	})

	g.proves("of no targets none is on the list", func(c *campaign) {
		require.Empty(c, c.match())
	})
}
