package storetest

import (
	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/outdial/outdial/queue"
	"github.com/outdial/outdial/queue/filter"
	"github.com/outdial/outdial/queue/intake"
)

// replaceAtOnce lets eight agents, each with a call running, replace their queues
// from one audience, with other filters and bounds in each round.
func replaceAtOnce(c *campaign) {
	team, accountOf := agents(8), c.addCrowd(120, 12)
	for i, agent := range team {
		c.start(agent, c.addCallable(1, named([]string{"Bob", "Zoe"}[i%2]))[0], false)
	}
	c.give(uuid.Nil, c.addCallable(10)...)
	random, filters := choices(8, 30), []filter.Expr{nil, contains("b"), contains("a"), contains("o")}

	for round := range effort(30) {
		asked, results := make([]queue.ReplaceParams, len(team)), make([]queue.ReplaceResult, len(team))
		for i, agent := range team {
			asked[i] = c.replaceParams(queue.ReplaceParams{
				AgentID: agent, Filter: filters[random.IntN(len(filters))],
				PerAccountCap: random.IntN(4), MaxQueueSize: random.IntN(3) * 12,
			})
		}
		require.NoError(c, together(len(team), func(i int) (err error) {
			results[i], err = c.store.ReplaceQueue(c.Context(), asked[i])
			return err
		}), "round %d", round)

		queued := c.list(queue.ListParams{State: queue.StateQueued})
		requireCoherent(c, append(c.list(queue.ListParams{State: queue.StateInProgress}), queued...))
		for i := range team {
			requireWithinBounds(c, asked[i], results[i], queued, accountOf)
		}
	}
}

// requireWithinBounds checks an agent's queue after others have replaced theirs
// at the same time.
func requireWithinBounds(
	c *campaign, asked queue.ReplaceParams, result queue.ReplaceResult,
	queued []queue.Item, accountOf map[uuid.UUID]uuid.UUID,
) {
	c.Helper()
	requireConsistentReplace(c, result)
	perAccount, size := map[uuid.UUID]int{}, 0
	for _, item := range queued {
		if item.AgentID == asked.AgentID {
			perAccount[accountOf[item.ContactID]]++
			size++
		}
	}
	require.Equal(c, result.Assigned, size, "nobody else changes the agent's queue")
	require.Equal(c, 1, result.KeptInProgress)
	if asked.MaxQueueSize > 0 {
		require.LessOrEqual(c, size+result.KeptInProgress, asked.MaxQueueSize)
	}
	delete(perAccount, uuid.Nil)
	for _, count := range perAccount {
		if asked.PerAccountCap > 0 {
			require.LessOrEqual(c, count, asked.PerAccountCap)
		}
	}
}

// replaceOneQueueAtOnce is an agent who presses the button eight times.
func replaceOneQueueAtOnce(c *campaign) {
	people := c.addCallable(30)
	for range effort(10) {
		agent := uuid.New()
		require.NoError(c, together(8, func(int) error {
			_, err := c.store.ReplaceQueue(c.Context(), c.replaceParams(queue.ReplaceParams{AgentID: agent}))
			return err
		}))
		require.Equal(c, contactIDs(people), c.queueOf(agent))
		require.Equal(c, len(people), c.clear(agent))
	}
	require.Len(c, c.items(), effort(10)*len(people), "each contact was queued once in each round")
}

// replaceAndEnqueueAtOnce fills eight queues from one audience in both ways.
func replaceAndEnqueueAtOnce(c *campaign) {
	people := c.addCallable(60)
	for range effort(10) {
		require.NoError(c, together(8, func(i int) error {
			if i%2 == 0 {
				_, err := c.store.ReplaceQueue(c.Context(), c.replaceParams(queue.ReplaceParams{AgentID: uuid.New(), MaxQueueSize: 30}))
				return err
			}
			_, err := c.store.EnqueueItems(c.Context(), c.enqueueParams(queue.EnqueueParams{AgentID: uuid.New()}))
			return err
		}))
		items := c.list(queue.ListParams{State: queue.StateQueued})
		requireCoherent(c, items)
		require.Len(c, items, len(people))
		c.clear(uuid.Nil)
	}
}

// rollBackWhilePulling reverts a launch while six agents begin to work on it.
func rollBackWhilePulling(c *campaign) {
	const launched, callsEach = 40, 4
	for range effort(10) {
		launch, team := uuid.New(), agents(6)
		c.enqueue(queue.EnqueueParams{LaunchID: launch, ContactIDs: contactIDs(c.addCallable(launched))})
		claims := make([]int, len(team))
		var rolled queue.RollbackResult
		require.NoError(c, together(len(team)+1, func(i int) (err error) {
			if i == len(team) {
				rolled, err = c.store.RollbackLaunch(c.Context(), queue.RollbackParams{
					CampaignID: c.id, LaunchID: launch, ActorID: c.actor, Now: c.now,
				})
				return err
			}
			for range callsEach {
				item, err := c.claim(team[i])
				if err != nil || item == nil {
					return err
				}
				claims[i]++
			}
			return nil
		}))
		running, states := 0, noItems()
		for _, count := range claims {
			running += count
		}
		for _, item := range c.items() {
			if item.LaunchID == launch {
				states[item.State]++
			}
		}
		require.Equal(c, running, states[queue.StateInProgress])
		require.Equal(c, rolled.Released, states[queue.StateReleased])
		require.Equal(c, launched-running, states[queue.StateReleased], "what nobody had touched is gone")
		require.LessOrEqual(c, rolled.Kept, running)
	}
}

// callOnceAtOnce makes one call eight times under one idempotency key.
func callOnceAtOnce(c *campaign, call idempotentCall) {
	for range effort(5) {
		agent := uuid.New()
		call.prepare(c, agent)
		key, entries := c.key(uuid.NewString()), c.auditCount(call.action)
		results := make([]any, 8)
		require.NoError(c, together(len(results), func(i int) (err error) {
			results[i], err = call.do(c, agent, key)
			return err
		}))
		for _, result := range results {
			require.Equal(c, results[0], result)
		}
		require.NotZero(c, call.count(results[0]))
		if entries >= 0 {
			require.Equal(c, entries+1, c.auditCount(call.action))
		}
		requireCoherent(c, c.items())
		c.clear(uuid.Nil)
	}
}

// addCrowd adds n people with various names in as many accounts, some without,
// and returns everybody's account.
func (c *campaign) addCrowd(n, accounts int) map[uuid.UUID]uuid.UUID {
	c.Helper()
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
