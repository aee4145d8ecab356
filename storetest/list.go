package storetest

import (
	"slices"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/outdial/outdial"
	"github.com/outdial/outdial/queue"
	"github.com/outdial/outdial/queue/intake"
)

// listItemsBehaviours proves ListItems.
func listItemsBehaviours(g *group) {
	g.proves("it returns items in the order of their ids", func(c *campaign) {
		for range 5 {
			c.give(uuid.New(), c.addCallable(3)...)
		}
		items := c.items()
		require.Len(c, items, 15)
		require.True(c, slices.IsSortedFunc(items, func(a, b queue.Item) int { return compareIDs(a.ID, b.ID) }))
	})

	g.proves("a page holds at most Limit items, and After continues it", func(c *campaign) {
		c.give(uuid.Nil, c.addCallable(7)...)
		want := c.items()
		for _, limit := range []int{1, 2, 3, 7, 8} {
			got, after := []queue.Item{}, uuid.Nil
			for more := true; more; {
				result, err := c.store.ListItems(c.Context(), queue.ListParams{CampaignID: c.id, After: after, Limit: limit})
				require.NoError(c, err)
				require.LessOrEqual(c, len(result.Items), limit)
				require.NotEmpty(c, result.Items)
				got, more = append(got, result.Items...), result.More
				require.Equal(c, len(got) < len(want), more, "More says that another page follows")
				after = got[len(got)-1].ID
			}
			requireSame(c, want, got)
		}
	})

	g.proves("after the last item there is nothing", func(c *campaign) {
		item := c.give(uuid.Nil, c.addCallable(1)...)[0]
		result, err := c.store.ListItems(c.Context(), queue.ListParams{CampaignID: c.id, After: item.ID, Limit: 1})
		require.NoError(c, err)
		require.Empty(c, result.Items)
		require.False(c, result.More)
	})

	g.proves("AgentID restricts the page to one agent's items", func(c *campaign) {
		agent := uuid.New()
		people := c.addCallable(4)
		mine := []queue.Item{c.lock(agent, people[0], true), c.give(agent, people[1])[0]}
		c.give(uuid.New(), people[2])
		c.give(uuid.Nil, people[3])
		requireSame(c, mine, c.itemsOf(agent))
		require.Empty(c, c.itemsOf(uuid.New()))
	})

	g.proves("State restricts the page to one state", func(c *campaign) {
		for state, item := range c.itemInEachState() {
			requireSame(c, []queue.Item{item}, c.list(queue.ListParams{State: state}))
			requireSame(c, []queue.Item{item}, c.list(queue.ListParams{State: state, AgentID: item.AgentID}))
			require.Empty(c, c.list(queue.ListParams{State: state, AgentID: uuid.New()}))
		}
		require.Empty(c, c.list(queue.ListParams{State: queue.StateCompleted}))
	})

	g.proves("restricted pages continue too", func(c *campaign) {
		agent := uuid.New()
		for range 4 {
			c.give(agent, c.addCallable(1)...)
			c.give(uuid.Nil, c.addCallable(2)...)
		}
		want := c.itemsOf(agent)
		p := queue.ListParams{CampaignID: c.id, AgentID: agent, State: queue.StateQueued, Limit: 2}
		first, err := c.store.ListItems(c.Context(), p)
		require.NoError(c, err)
		require.True(c, first.More)
		p.After = first.Items[1].ID
		second, err := c.store.ListItems(c.Context(), p)
		require.NoError(c, err)
		require.False(c, second.More)
		requireSame(c, want, append(first.Items, second.Items...))
	})

	g.proves("it returns nothing of another campaign", func(c *campaign) {
		other := c.another()
		other.give(uuid.Nil, other.addCallable(1)...)
		require.Empty(c, c.items())
	})

	g.proves("items carry their contacts whole", func(c *campaign) {
		contact := c.add(person(fullContact))[0]
		bare := c.add(person(bareContact))[0]
		c.give(uuid.Nil, contact, bare)
		requireSame(c, contact, c.activeOf(contact).Contact)
		requireSame(c, bare, c.activeOf(bare).Contact)
	})
}

// fullContact fills every field in, with text that is easily mistreated.
func fullContact(who *intake.NewContact) {
	who.Contact = outdial.Contact{
		ID: who.Contact.ID, AccountID: uuid.New(),
		FirstName: "Zoë “Ж”", LastName: `O'Brien\%_`, Company: "日本 & Söhne\t🏢",
		Phone: who.Contact.Phone, PhoneStatus: outdial.PhoneValid, Email: "Zoë.Ünal+list@Example.COM",
		Country: "US", Region: "LA", PostalCode: "70112-1234", Timezone: "America/Kentucky/Louisville",
		Attributes: []byte(`{"staff": 12, "revenue": 1.5, "tags": ["a", "é"], "nested": {"ok": true, "none": null}}`),
	}
}

// bareContact leaves out all that is not needed to be called.
func bareContact(who *intake.NewContact) {
	who.Contact = outdial.Contact{
		ID: who.Contact.ID, Phone: who.Contact.Phone, PhoneStatus: outdial.PhoneUnknown,
	}
}
