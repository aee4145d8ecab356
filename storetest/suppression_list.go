package storetest

import (
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/outdial/outdial/suppression"
)

// page returns a page of the list.
func (c *campaign) page(p suppression.ListParams) suppression.ListResult {
	c.Helper()
	p.Now = c.now
	result, err := c.store.ListSuppressions(c.Context(), p)
	require.NoError(c, err)
	return result
}

// listed returns the whole of what a page is asked from, as far as it is about the
// entries' targets: the list is everybody's.
func (c *campaign) listed(p suppression.ListParams, entries ...suppression.Entry) []suppression.Entry {
	c.Helper()
	wanted := map[suppression.Target]bool{}
	for _, target := range targetsOf(entries...) {
		wanted[target] = true
	}
	p.Limit = everything
	result := c.page(p)
	require.False(c, result.More)
	some := []suppression.Entry{}
	for _, entry := range asAdded(result.Entries) {
		if wanted[entry.Target()] {
			some = append(some, entry)
		}
	}
	return some
}

// listSuppressionsBehaviours proves ListSuppressions.
func listSuppressionsBehaviours(g *group) {
	g.proves("it returns entries that are on the list, in the order of their ids, which is that of adding", func(c *campaign) {
		want := []suppression.Entry{}
		for range 3 {
			some := []suppression.Entry{anEntry(onlyIn(c.id)), anAddress(onlyIn(c.id), because("a letter"), receivedAt(c.now))}
			c.addEntries(some...)
			want = append(want, some...)
			c.wait(time.Second)
		}
		result := c.page(suppression.ListParams{CampaignID: c.id, Limit: everything})
		requireSame(c, want, asAdded(result.Entries))
		for i, entry := range result.Entries {
			require.Equal(c, c.actor, entry.CreatedBy)
			require.True(c, entry.CreatedAt.Equal(startOfDay.Add(time.Duration(i/2)*time.Second)))
			require.True(c, i == 0 || compareIDs(result.Entries[i-1].ID, entry.ID) < 0)
		}
	})

	g.proves("a page holds at most Limit entries, After continues it, and More says that another follows", func(c *campaign) {
		want := []suppression.Entry{}
		for range 4 {
			want = append(want, anEntry(onlyIn(c.id)))
		}
		c.addEntries(want...)
		p := suppression.ListParams{CampaignID: c.id, Limit: 3}
		first := c.page(p)
		requireSame(c, want[:3], asAdded(first.Entries))
		require.True(c, first.More)
		p.After = first.Entries[2].ID
		second := c.page(p)
		requireSame(c, want[3:], asAdded(second.Entries))
		require.False(c, second.More)
		p.After, p.Limit = uuid.Nil, 4
		require.False(c, c.page(p).More)
		p.After = second.Entries[0].ID
		require.Empty(c, c.page(p).Entries)
	})

	g.proves("Kind and Source restrict it, and are empty for all", func(c *campaign) {
		entries := []suppression.Entry{}
		for _, source := range suppression.Sources() {
			entries = append(entries, anEntry(onlyIn(c.id), fromSource(source)), anAddress(onlyIn(c.id), fromSource(source)))
		}
		c.addEntries(entries...)
		for _, kind := range []suppression.Kind{"", suppression.KindPhone, suppression.KindEmail} {
			for _, source := range append(suppression.Sources(), "") {
				want := []suppression.Entry{}
				for _, entry := range entries {
					if (kind == "" || entry.Kind == kind) && (source == "" || entry.Source == source) {
						want = append(want, entry)
					}
				}
				requireSame(c, want, c.listed(suppression.ListParams{CampaignID: c.id, Kind: kind, Source: source}, entries...))
			}
		}
	})

	g.proves("CampaignID is one campaign's own entries, the nil UUID those that hold in every campaign, and AllCampaigns both", func(c *campaign) {
		everywhere := anEntry()
		here, there := everywhere, everywhere
		here.CampaignID, there.CampaignID = c.id, c.another().id
		c.addEntries(everywhere, here, there)
		requireSame(c, []suppression.Entry{here}, c.listed(suppression.ListParams{CampaignID: c.id}, here))
		requireSame(c, []suppression.Entry{everywhere}, c.listed(suppression.ListParams{}, here))
		requireSame(c, []suppression.Entry{everywhere, here, there}, c.listed(suppression.ListParams{AllCampaigns: true}, here))
		requireSame(c, []suppression.Entry{everywhere, here, there}, c.listed(suppression.ListParams{AllCampaigns: true, CampaignID: c.id}, here))
	})

	g.proves("what has run out or was removed is left out, and takes no place in a page", func(c *campaign) {
		ended, gone := anEntry(onlyIn(c.id), until(c.now.Add(time.Hour))), anEntry(onlyIn(c.id))
		last := anEntry(onlyIn(c.id), until(c.now.Add(time.Hour+time.Microsecond)))
		c.addEntries(ended, gone, last)
		c.removeEntries(gone)
		c.wait(time.Hour)
		result := c.page(suppression.ListParams{CampaignID: c.id, Limit: 1})
		requireSame(c, []suppression.Entry{last}, asAdded(result.Entries))
		require.False(c, result.More)
	})
}
