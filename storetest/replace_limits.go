package storetest

import (
	"slices"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/outdial/outdial/queue"
	"github.com/outdial/outdial/queue/intake"
)

// replaceLimitBehaviours proves the order of a plan and its two bounds.
func replaceLimitBehaviours(g *group) {
	g.proves("the order is priority descending, then contact id", func(c *campaign) {
		agent, ids := uuid.New(), sortedIDs(12)
		people := make([]intake.NewContact, len(ids))
		for i, id := range ids {
			people[i] = person(withID(id), withPriority(i%3-1))
		}
		slices.Reverse(people)
		c.add(people...)

		want := []uuid.UUID{}
		for _, priority := range []int{1, 0, -1} {
			for i, id := range ids {
				if i%3-1 == priority {
					want = append(want, id)
				}
			}
		}
		c.replace(queue.ReplaceParams{AgentID: agent, MaxQueueSize: 7})
		require.Equal(c, want[:7], c.queueOf(agent), "the first seven, and their items' ids in that order")
	})

	g.proves("a contact's priority in another campaign does not count", func(c *campaign) {
		agent, ids := uuid.New(), sortedIDs(2)
		last := person(withID(ids[1]))
		c.add(person(withID(ids[0])), last)
		last.Priority = 9
		c.another().add(last)
		c.replace(queue.ReplaceParams{AgentID: agent, MaxQueueSize: 1})
		require.Equal(c, ids[:1], c.queueOf(agent))
	})

	g.proves("the cap bounds how many contacts of one account the queue holds", func(c *campaign) {
		agent := uuid.New()
		first := c.addCallable(4, inAccount(uuid.New()))
		second := c.addCallable(3, inAccount(uuid.New()))
		result := c.replace(queue.ReplaceParams{AgentID: agent, PerAccountCap: 2})
		require.Equal(c, 3, result.Skipped[queue.SkipAccountCap])
		require.ElementsMatch(c, contactIDs(append(first[:2:2], second[:2]...)), c.queueOf(agent))
	})

	g.proves("the cap takes an account's contacts in the order of the queue", func(c *campaign) {
		agent, account := uuid.New(), uuid.New()
		c.addCallable(2, inAccount(account))
		important := c.addCallable(2, inAccount(account), withPriority(1))
		c.replace(queue.ReplaceParams{AgentID: agent, PerAccountCap: 2})
		require.Equal(c, contactIDs(important), c.queueOf(agent))
	})

	g.proves("contacts without an account are never capped", func(c *campaign) {
		c.addCallable(5)
		require.Equal(c, 5, c.replace(queue.ReplaceParams{AgentID: uuid.New(), PerAccountCap: 1}).Assigned)
	})

	g.proves("a cap of zero is no bound", func(c *campaign) {
		c.addCallable(5, inAccount(uuid.New()))
		require.Equal(c, 5, c.replace(queue.ReplaceParams{AgentID: uuid.New()}).Assigned)
	})

	g.proves("the cap counts kept items first", func(c *campaign) {
		agent, account := uuid.New(), uuid.New()
		people := c.addCallable(4, inAccount(account))
		c.start(agent, people[3], false)
		result := c.replace(queue.ReplaceParams{AgentID: agent, PerAccountCap: 2})
		require.Equal(c, 1, result.Assigned)
		require.Equal(c, 2, result.Skipped[queue.SkipAccountCap])
		require.ElementsMatch(c, []uuid.UUID{people[0].ID, people[3].ID}, c.queueOf(agent))
	})

	g.proves("the cap counts kept items that the filter does not match", func(c *campaign) {
		agent, account := uuid.New(), uuid.New()
		kept := c.addCallable(1, inAccount(account), named("Zoe"))
		c.addCallable(2, inAccount(account))
		c.start(agent, kept[0], false)
		result := c.replace(queue.ReplaceParams{AgentID: agent, PerAccountCap: 1, Filter: contains("ann")})
		require.Equal(c, queue.ReplaceResult{
			KeptInProgress: 1, Matched: 2, Skipped: skips(queue.SkipAccountCap, 2),
		}, result)
	})

	g.proves("the cap is filled from the contacts that can be had", func(c *campaign) {
		agent, account := uuid.New(), uuid.New()
		people := c.addCallable(6, inAccount(account))
		c.give(uuid.New(), people[0], people[1])
		c.suppress(suppressedBy(people[2]))
		result := c.replace(queue.ReplaceParams{AgentID: agent, PerAccountCap: 2})
		require.Equal(c, contactIDs(people[3:5]), c.queueOf(agent), "those others hold take nobody's place")
		require.Equal(c, 1, result.Skipped[queue.SkipAccountCap])
	})

	g.proves("the cap does not count what other agents hold", func(c *campaign) {
		account := uuid.New()
		c.addCallable(4, inAccount(account))
		for _, agent := range agents(2) {
			require.Equal(c, 2, c.replace(queue.ReplaceParams{AgentID: agent, PerAccountCap: 2}).Assigned)
		}
	})

	g.proves("the cap does not count kept items that are released", func(c *campaign) {
		agent, account := uuid.New(), uuid.New()
		people := c.addCallable(3, inAccount(account))
		c.start(agent, people[2], false)
		c.replace(queue.ReplaceParams{AgentID: agent, PerAccountCap: 1, ReleaseInProgress: true})
		require.Equal(c, contactIDs(people[:1]), c.queueOf(agent))
	})

	g.proves("the size bounds the queue", func(c *campaign) {
		agent := uuid.New()
		people := c.addCallable(5)
		result := c.replace(queue.ReplaceParams{AgentID: agent, MaxQueueSize: 3})
		require.Equal(c, queue.ReplaceResult{Assigned: 3, Matched: 5, Skipped: skips(queue.SkipQueueFull, 2)}, result)
		require.Equal(c, contactIDs(people[:3]), c.queueOf(agent))
	})

	g.proves("the size counts kept items first", func(c *campaign) {
		agent := uuid.New()
		people := c.addCallable(5)
		c.start(agent, people[4], false)
		result := c.replace(queue.ReplaceParams{AgentID: agent, MaxQueueSize: 3})
		require.Equal(c, queue.ReplaceResult{
			Assigned: 2, KeptInProgress: 1, MatchedKept: 1, Matched: 5, Skipped: skips(queue.SkipQueueFull, 2),
		}, result)
	})

	g.proves("when more is kept than the size allows nothing is assigned", func(c *campaign) {
		agent := uuid.New()
		people := c.addCallable(4)
		for _, contact := range people[:3] {
			c.start(agent, contact, false)
		}
		for _, size := range []int{2, 3} {
			result := c.replace(queue.ReplaceParams{AgentID: agent, MaxQueueSize: size})
			require.Equal(c, queue.ReplaceResult{
				KeptInProgress: 3, MatchedKept: 3, Matched: 4, Skipped: skips(queue.SkipQueueFull, 1),
			}, result)
		}
	})

	g.proves("a contact beyond its account's cap takes no place of the queue", func(c *campaign) {
		agent := uuid.New()
		capped := c.addCallable(3, inAccount(uuid.New()), withPriority(1))
		people := c.addCallable(2)
		result := c.replace(queue.ReplaceParams{AgentID: agent, PerAccountCap: 1, MaxQueueSize: 2})
		require.Equal(c, []uuid.UUID{capped[0].ID, people[0].ID}, c.queueOf(agent))
		require.Equal(c, 2, result.Skipped[queue.SkipAccountCap])
		require.Equal(c, 1, result.Skipped[queue.SkipQueueFull])
	})

	g.proves("a contact that came after the queue was full counts against its account's cap first", func(c *campaign) {
		account := uuid.New()
		people := c.addCallable(3, inAccount(account))
		require.Len(c, people, 3)
		result := c.replace(queue.ReplaceParams{AgentID: uuid.New(), PerAccountCap: 2, MaxQueueSize: 1})
		require.Equal(c, 1, result.Skipped[queue.SkipQueueFull], "the second: its account had room, the queue had none")
		require.Equal(c, 1, result.Skipped[queue.SkipAccountCap], "the third: its account's share ended with the second")
	})

	g.proves("matched kept counts the running items that the filter matched", func(c *campaign) {
		agent := uuid.New()
		c.start(agent, c.addCallable(1, named("Bob"))[0], false)
		c.start(agent, c.addCallable(1, named("Zoe"))[0], false)
		result := c.replace(queue.ReplaceParams{AgentID: agent, Filter: contains("bob")})
		require.Equal(c, queue.ReplaceResult{
			KeptInProgress: 2, MatchedKept: 1, Matched: 1, Skipped: queue.NewSkips(),
		}, result)
	})

	g.proves("a running item is kept whatever has become of its contact", func(c *campaign) {
		agent := uuid.New()
		contact := c.addCallable(1)[0]
		item := c.start(agent, contact, false)
		c.suppress(suppressedBy(contact))
		result := c.replace(queue.ReplaceParams{AgentID: agent})
		require.Equal(c, queue.ReplaceResult{
			KeptInProgress: 1, MatchedKept: 1, Matched: 1, Skipped: queue.NewSkips(),
		}, result)
		requireSame(c, []queue.Item{item}, c.items())
	})
}

// skips returns counts of zero but for one reason.
func skips(reason queue.SkipReason, count int) queue.Skips {
	counts := queue.NewSkips()
	counts[reason] = count
	return counts
}
