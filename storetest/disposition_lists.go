package storetest

import (
	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/outdial/outdial/disposition"
)

// listDispositionsBehaviours proves ListDispositions.
func listDispositionsBehaviours(g *group) {
	g.proves("it returns what was recorded in a campaign, in the order of the ids, which is that of recording", func(c *campaign) {
		recorded, other := []uuid.UUID{}, c.another()
		for _, rule := range (disposition.Map{}).Rules() {
			recorded = append(recorded, c.dispose(c.inHand(c.addCallable(1)[0]), rule.Code).ID)
			other.dispose(other.inHand(other.addCallable(1)[0]), rule.Code)
		}
		listed := []uuid.UUID{}
		for i, record := range c.dispositions() {
			listed = append(listed, record.ID)
			require.True(c, i == 0 || compareIDs(listed[i-1], record.ID) < 0)
		}
		require.Equal(c, recorded, listed)
	})

	g.proves("ContactID restricts the page to one contact", func(c *campaign) {
		people := c.addCallable(2)
		s := c.inHand(people[0])
		first := c.dispose(s, disposition.CodeBusy)
		c.dispose(c.inHand(people[1]), disposition.CodeBusy)
		second := c.correct(s, first, disposition.CodeNoAnswer)
		result, err := c.store.ListDispositions(c.Context(), disposition.ListParams{CampaignID: c.id, ContactID: people[0].ID, Limit: everything})
		require.NoError(c, err)
		require.Len(c, result.Records, 2)
		require.Equal(c, []uuid.UUID{first.ID, second.ID}, []uuid.UUID{result.Records[0].ID, result.Records[1].ID})
		result, err = c.store.ListDispositions(c.Context(), disposition.ListParams{CampaignID: c.another().id, ContactID: people[0].ID, Limit: everything})
		require.NoError(c, err)
		require.Empty(c, result.Records)
	})

	g.proves("a page holds at most Limit dispositions, and After continues it", func(c *campaign) {
		for range 5 {
			c.dispose(c.inHand(c.addCallable(1)[0]), disposition.CodeBusy)
		}
		want := c.dispositions()
		for _, limit := range []int{1, 2, 4, 5, 6} {
			got, after := []disposition.Record{}, uuid.Nil
			for more := true; more; {
				result, err := c.store.ListDispositions(c.Context(), disposition.ListParams{CampaignID: c.id, After: after, Limit: limit})
				require.NoError(c, err)
				require.LessOrEqual(c, len(result.Records), limit)
				require.NotEmpty(c, result.Records)
				got, more = append(got, result.Records...), result.More
				require.Equal(c, len(got) < len(want), more, "More says that another page follows")
				after = got[len(got)-1].ID
			}
			requireSame(c, want, got)
		}
	})

	g.proves("where nothing was recorded there is nothing", func(c *campaign) {
		c.inHand(c.addCallable(1)[0])
		require.Empty(c, c.dispositions())
	})
}

// listLeadsBehaviours proves ListLeads.
func listLeadsBehaviours(g *group) {
	g.proves("it returns the leads of a campaign in the order of their ids", func(c *campaign) {
		other := c.another()
		made := []uuid.UUID{}
		for range 4 {
			made = append(made, *c.dispose(c.inHand(c.addCallable(1)[0]), disposition.CodeConverted).LeadID)
			other.dispose(other.inHand(other.addCallable(1)[0]), disposition.CodeConverted)
		}
		listed := []uuid.UUID{}
		for i, lead := range c.leads() {
			listed = append(listed, lead.ID)
			require.True(c, i == 0 || compareIDs(listed[i-1], lead.ID) < 0)
		}
		require.ElementsMatch(c, made, listed)
	})

	g.proves("a page holds at most Limit leads, and After continues it", func(c *campaign) {
		for range 5 {
			c.dispose(c.inHand(c.addCallable(1)[0]), disposition.CodeConverted)
		}
		want := c.leads()
		for _, limit := range []int{1, 2, 5, 6} {
			got, after := []disposition.Lead{}, uuid.Nil
			for more := true; more; {
				result, err := c.store.ListLeads(c.Context(), disposition.ListLeadsParams{CampaignID: c.id, After: after, Limit: limit})
				require.NoError(c, err)
				require.LessOrEqual(c, len(result.Leads), limit)
				require.NotEmpty(c, result.Leads)
				got, more = append(got, result.Leads...), result.More
				require.Equal(c, len(got) < len(want), more)
				after = got[len(got)-1].ID
			}
			requireSame(c, want, got)
		}
	})

	g.proves("a lead that was withdrawn is listed, and says when", func(c *campaign) {
		s := c.inHand(c.addCallable(1)[0])
		first := c.dispose(s, disposition.CodeConverted)
		c.wait(correctWithin)
		c.correct(s, first, disposition.CodeNotInterested)
		require.Len(c, c.leads(), 1)
		require.True(c, c.leads()[0].WithdrawnAt.Equal(c.now))
	})
}
