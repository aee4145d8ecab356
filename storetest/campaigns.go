package storetest

import (
	"slices"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/outdial/outdial"
	"github.com/outdial/outdial/queue"
	"github.com/outdial/outdial/queue/intake"
)

// listCampaignsBehaviours proves ListCampaigns. The other behaviours' campaigns
// are in the list too.
func listCampaignsBehaviours(g *group) {
	g.provesAlone("it returns every campaign with the number of its contacts, by name", func(c *campaign) {
		want, prefix := []queue.CampaignSummary{}, "list "+uuid.NewString()+" "
		for i, name := range []string{"c", "a", "e", "b", "d"} {
			summary := queue.CampaignSummary{ID: uuid.New(), Name: prefix + name, Contacts: i}
			_, err := c.store.EnsureCampaign(c.Context(), intake.EnsureCampaignParams{ID: summary.ID, Name: summary.Name, Now: c.now})
			require.NoError(c, err)
			there := *c
			there.id = summary.ID
			there.addCallable(i)
			want = append(want, summary)
		}
		slices.SortFunc(want, func(a, b queue.CampaignSummary) int {
			if a.Name < b.Name {
				return -1
			}
			return 1
		})
		all, err := c.store.ListCampaigns(c.Context())
		require.NoError(c, err)
		require.Contains(c, all, queue.CampaignSummary{ID: c.id, Name: c.name})
		got := slices.DeleteFunc(all, func(summary queue.CampaignSummary) bool {
			return !slices.ContainsFunc(want, func(w queue.CampaignSummary) bool { return w.ID == summary.ID })
		})
		require.Equal(c, want, got)
	})

	g.proves("a contact counts in each campaign that it is in", func(c *campaign) {
		who, other := person(), c.another()
		c.add(who)
		other.add(who, person())
		all, err := c.store.ListCampaigns(c.Context())
		require.NoError(c, err)
		require.Contains(c, all, queue.CampaignSummary{ID: c.id, Name: c.name, Contacts: 1})
		require.Contains(c, all, queue.CampaignSummary{ID: other.id, Name: other.name, Contacts: 2})
	})
}

// ensureCampaignBehaviours proves EnsureCampaign.
func ensureCampaignBehaviours(g *group) {
	ensure := func(c *campaign, id uuid.UUID, name string) intake.EnsureCampaignResult {
		c.Helper()
		result, err := c.store.EnsureCampaign(c.Context(), intake.EnsureCampaignParams{ID: id, Name: name, Now: c.now})
		require.NoError(c, err)
		return result
	}

	g.proves("it creates the campaign when there is none with that name", func(c *campaign) {
		name := "Spring " + uuid.NewString() + ` é'"%_日本`
		result := ensure(c, uuid.Nil, name)
		require.NotEqual(c, uuid.Nil, result.Campaign.ID)
		requireSame(c, intake.EnsureCampaignResult{
			Created: true, Campaign: outdial.Campaign{ID: result.Campaign.ID, Name: name, CreatedAt: c.now},
		}, result)
	})

	g.proves("it returns the campaign with that name", func(c *campaign) {
		created := ensure(c, uuid.Nil, "Spring "+uuid.NewString()).Campaign
		c.wait(lockFor)
		requireSame(c, intake.EnsureCampaignResult{Campaign: created}, ensure(c, uuid.Nil, created.Name))
	})

	g.proves("it creates the campaign with the id and the name that are given", func(c *campaign) {
		want := outdial.Campaign{ID: uuid.New(), Name: "Spring " + uuid.NewString(), CreatedAt: c.now}
		requireSame(c, intake.EnsureCampaignResult{Created: true, Campaign: want}, ensure(c, want.ID, want.Name))
		requireSame(c, intake.EnsureCampaignResult{Campaign: want}, ensure(c, want.ID, want.Name))
		requireSame(c, intake.EnsureCampaignResult{Campaign: want}, ensure(c, uuid.Nil, want.Name))
	})

	g.proves("it returns the campaign with that id whatever the name", func(c *campaign) {
		want := outdial.Campaign{ID: c.id, Name: c.name, CreatedAt: c.now}
		requireSame(c, intake.EnsureCampaignResult{Campaign: want}, ensure(c, c.id, ""))
		requireSame(c, intake.EnsureCampaignResult{Campaign: want}, ensure(c, c.id, "another name "+uuid.NewString()))
		requireSame(c, intake.EnsureCampaignResult{Campaign: want}, ensure(c, c.id, ""))
	})

	g.proves("a name is compared as it is, in upper and lower case", func(c *campaign) {
		suffix := uuid.NewString()
		seen := map[uuid.UUID]bool{}
		for _, name := range []string{"spring ", "Spring ", "spring  ", "sprin_ ", "É ", "é "} {
			result := ensure(c, uuid.Nil, name+suffix)
			require.True(c, result.Created, "%q", name)
			seen[result.Campaign.ID] = true
		}
		require.Len(c, seen, 6)
	})

	g.proves("an unknown id without a name is ErrNotFound", func(c *campaign) {
		id := uuid.New()
		_, err := c.store.EnsureCampaign(c.Context(), intake.EnsureCampaignParams{ID: id, Now: c.now})
		require.ErrorIs(c, err, outdial.ErrNotFound)
		_, err = c.store.QueueStats(c.Context(), queue.StatsParams{CampaignID: id})
		require.ErrorIs(c, err, outdial.ErrNotFound, "nothing was created")
	})
}
