package storetest

import (
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/outdial/outdial"
	"github.com/outdial/outdial/queue"
	"github.com/outdial/outdial/queue/filter"
	"github.com/outdial/outdial/queue/intake"
	"github.com/outdial/outdial/suppression"
)

// suppressEach suppresses every second contact, from the last one, and notes the
// time after each.
func (c *campaign) suppressEach(people []outdial.Contact, clock *atomic.Int64, suppressedAt *sync.Map) error {
	for i := len(people) - 1; i > 0; i -= 2 {
		_, err := c.store.AddSuppressions(c.t.Context(), suppression.AddParams{
			Entries: []suppression.Entry{suppressedBy(people[i])}, ActorID: c.actor, Now: c.now,
		})
		if err != nil {
			return err
		}
		suppressedAt.Store(people[i].ID, clock.Add(1))
	}
	return nil
}

// contendedQueueBehaviours proves that queues stay disjoint whoever fills them.
func contendedQueueBehaviours(g *group) {
	g.provesAlone("eight agents replace overlapping audiences at once: disjoint queues within their bounds, and no error", func(t *testing.T, c *campaign) {
		team, accountOf := agents(8), c.addCrowd(400, 40)
		for i, agent := range team {
			c.start(agent, c.addCallable(1, named([]string{"Bob", "Zoe"}[i%2]))[0], false)
		}
		c.give(uuid.Nil, c.addCallable(10)...)
		random := rand.New(rand.NewPCG(8, 30)) //nolint:gosec // a test's choices need no secrecy
		filters := []filter.Expr{nil, contains("b"), contains("a"), contains("o")}

		for round := range soakTimes(30) {
			asked, results := make([]queue.ReplaceParams, len(team)), make([]queue.ReplaceResult, len(team))
			for i, agent := range team {
				asked[i] = c.replaceParams(queue.ReplaceParams{
					AgentID: agent, Filter: filters[random.IntN(len(filters))],
					PerAccountCap: random.IntN(4), MaxQueueSize: random.IntN(3) * 40,
				})
			}
			require.NoError(t, together(len(team), func(i int) (err error) {
				results[i], err = c.store.ReplaceQueue(t.Context(), asked[i])
				return err
			}), "round %d", round)

			queued, kept := c.list(queue.ListParams{State: queue.StateQueued}), c.list(queue.ListParams{State: queue.StateInProgress})
			requireCoherent(t, append(kept, queued...))
			for i, agent := range team {
				requireConsistentReplace(t, results[i])
				perAccount, size := map[uuid.UUID]int{}, 0
				for _, item := range queued {
					if item.AgentID == agent {
						perAccount[accountOf[item.ContactID]]++
						size++
					}
				}
				require.Equal(t, results[i].Assigned, size, "nobody else changes the agent's queue")
				require.Equal(t, 1, results[i].KeptInProgress)
				if limit := asked[i].MaxQueueSize; limit > 0 {
					require.LessOrEqual(t, size+results[i].KeptInProgress, limit)
				}
				for account, count := range perAccount {
					if limit := asked[i].PerAccountCap; limit > 0 && account != uuid.Nil {
						require.LessOrEqual(t, count, limit)
					}
				}
			}
		}
	})

	g.provesAlone("one agent who replaces eight times at once has one queue", func(t *testing.T, c *campaign) {
		people := c.addCallable(30)
		for range soakTimes(10) {
			agent := uuid.New()
			require.NoError(t, together(8, func(int) error {
				_, err := c.store.ReplaceQueue(t.Context(), c.replaceParams(queue.ReplaceParams{AgentID: agent}))
				return err
			}))
			require.Equal(t, contactIDs(people), c.queueOf(agent))
			require.Equal(t, len(people), c.clear(agent))
		}
		require.Len(t, c.items(), soakTimes(10)*len(people), "each contact was queued once in each round")
	})

	g.provesAlone("replaces and enqueues of the same contacts at once leave each contact with one item", func(t *testing.T, c *campaign) {
		people := c.addCallable(60)
		for range soakTimes(10) {
			require.NoError(t, together(8, func(i int) error {
				if i%2 == 0 {
					_, err := c.store.ReplaceQueue(t.Context(), c.replaceParams(queue.ReplaceParams{AgentID: uuid.New(), MaxQueueSize: 30}))
					return err
				}
				_, err := c.store.EnqueueItems(t.Context(), c.enqueueParams(queue.EnqueueParams{AgentID: uuid.New()}))
				return err
			}))
			items := c.list(queue.ListParams{State: queue.StateQueued})
			requireCoherent(t, items)
			require.Len(t, items, len(people))
			c.clear(uuid.Nil)
		}
	})

	g.provesAlone("a rollback and pulls at once: every item is released or claimed, and never both", func(t *testing.T, c *campaign) {
		for range soakTimes(10) {
			launch, team := uuid.New(), agents(6)
			const launched = 40
			c.enqueue(queue.EnqueueParams{LaunchID: launch, ContactIDs: contactIDs(c.addCallable(launched))})
			claims := make([]int, len(team))
			var rolled queue.RollbackResult
			require.NoError(t, together(len(team)+1, func(i int) (err error) {
				if i == len(team) {
					rolled, err = c.store.RollbackLaunch(t.Context(), queue.RollbackParams{
						CampaignID: c.id, LaunchID: launch, ActorID: c.actor, Now: c.now,
					})
					return err
				}
				for range 4 {
					item, err := c.claim(team[i])
					if err != nil || item == nil {
						return err
					}
					claims[i]++
				}
				return nil
			}))
			running := 0
			for _, count := range claims {
				running += count
			}
			states := noItems()
			for _, item := range c.items() {
				if item.LaunchID == launch {
					states[item.State]++
				}
			}
			require.Equal(t, running, states[queue.StateInProgress])
			require.Equal(t, rolled.Released, states[queue.StateReleased])
			require.Equal(t, launched-running, states[queue.StateReleased], "what nobody had touched is gone")
			require.LessOrEqual(t, rolled.Kept, running)
		}
	})

	for _, call := range idempotentCalls() {
		g.provesAlone(call.name+": eight calls under one key at once have one effect and equal results", func(t *testing.T, c *campaign) {
			for range soakTimes(5) {
				agent := uuid.New()
				call.prepare(c, agent)
				key, entries := c.key(uuid.NewString()), c.auditCount(call.action)
				results := make([]any, 8)
				require.NoError(t, together(len(results), func(i int) (err error) {
					results[i], err = call.do(c, agent, key)
					return err
				}))
				for _, result := range results {
					require.Equal(t, results[0], result)
				}
				require.NotZero(t, call.count(results[0]))
				if entries >= 0 {
					require.Equal(t, entries+1, c.auditCount(call.action))
				}
				requireCoherent(t, c.items())
				c.clear(uuid.Nil)
			}
		})
	}
}

// contendedIntakeBehaviours proves that what is brought in at once is there once.
func contendedIntakeBehaviours(g *group) {
	g.provesAlone("one campaign is made when eight callers ensure one name at once", func(t *testing.T, c *campaign) {
		for range soakTimes(10) {
			name := "at once " + uuid.NewString()
			results := make([]intake.EnsureCampaignResult, 8)
			require.NoError(t, together(len(results), func(i int) (err error) {
				results[i], err = c.store.EnsureCampaign(t.Context(), intake.EnsureCampaignParams{Name: name, Now: c.now})
				return err
			}))
			created := 0
			for _, result := range results {
				requireSame(t, results[0].Campaign, result.Campaign)
				if result.Created {
					created++
				}
			}
			require.Equal(t, 1, created)
		}
	})

	g.provesAlone("each contact is added once when eight callers add one batch at once", func(t *testing.T, c *campaign) {
		for range soakTimes(5) {
			here := c.another()
			batch := make([]intake.NewContact, 50)
			for i := range batch {
				batch[i] = person()
			}
			results := make([]intake.AddContactsResult, 8)
			require.NoError(t, together(len(results), func(i int) (err error) {
				mine := append(append([]intake.NewContact{}, batch[i:]...), batch[:i]...)
				for j := range mine {
					mine[j].Contact.ID = uuid.New()
				}
				results[i], err = here.store.AddContacts(t.Context(), intake.AddContactsParams{
					CampaignID: here.id, Contacts: mine, Now: here.now,
				})
				return err
			}))
			added := 0
			for _, result := range results {
				require.Equal(t, len(batch), result.Added+result.Unchanged)
				added += result.Added
			}
			require.Equal(t, len(batch), added)
			require.Equal(t, len(batch), here.enqueue(queue.EnqueueParams{}).Enqueued)
		}
	})

	g.provesAlone("an entry is new once when eight callers suppress it at once", func(t *testing.T, c *campaign) {
		for range soakTimes(10) {
			entries := []suppression.Entry{suppressedBy(person().Contact), suppressedBy(person().Contact)}
			var added atomic.Int64
			require.NoError(t, together(8, func(i int) error {
				mine := []suppression.Entry{entries[i%2], entries[1-i%2]}
				result, err := c.store.AddSuppressions(t.Context(), suppression.AddParams{Entries: mine, ActorID: c.actor, Now: c.now})
				added.Add(int64(result.Added))
				return err
			}))
			require.Equal(t, int64(len(entries)), added.Load())
		}
	})
}

// addCrowd adds n people with various names in as many accounts, some without,
// and returns everybody's account.
func (c *campaign) addCrowd(n, accounts int) map[uuid.UUID]uuid.UUID {
	c.t.Helper()
	names, ids := []string{"Bob", "Barbara", "Abe", "Rob", "Zoe"}, agents(accounts)
	people, accountOf := make([]intake.NewContact, n), map[uuid.UUID]uuid.UUID{}
	for i := range people {
		account := ids[i%accounts]
		if i%7 == 0 {
			account = uuid.Nil
		}
		people[i] = person(named(names[i%len(names)]), inAccount(account), withPriority(i%3))
		accountOf[people[i].Contact.ID] = account
	}
	c.add(people...)
	return accountOf
}
