package storetest

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/outdial/outdial"
	"github.com/outdial/outdial/queue"
)

// concurrencyBehaviours proves what holds when many callers work at once, each
// in a goroutine of its own and, in a store with a pool, on a connection of its
// own. They run one after another, so that each has the machine for itself.
func concurrencyBehaviours(g *group) {
	claimBehaviours(g)
	contendedQueueBehaviours(g)
	contendedIntakeBehaviours(g)
	stormBehaviours(g)
}

// together calls do(0) to do(n-1) at once and returns all their errors. A
// failed assertion must not end a goroutine that is not the test's, so what runs
// in one returns an error instead.
func together(n int, do func(i int) error) error {
	start, errs := make(chan struct{}), make([]error, n)
	var all sync.WaitGroup
	for i := range n {
		all.Go(func() {
			<-start
			errs[i] = do(i)
		})
	}
	close(start)
	all.Wait()
	return errors.Join(errs...)
}

// claimBehaviours proves that an item is one agent's at a time.
func claimBehaviours(g *group) {
	g.provesAlone("fifty agents pull until the pool is empty: every item is claimed once and none is lost", func(t *testing.T, c *campaign) {
		contacts, team := soakTimes(2000), agents(50)
		c.addCallable(contacts)
		require.Equal(t, contacts, c.enqueue(queue.EnqueueParams{}).Enqueued)

		claims := make([][]queue.Item, len(team))
		require.NoError(t, together(len(team), func(i int) error {
			for {
				item, err := c.claim(team[i])
				if err != nil || item == nil {
					return err
				}
				claims[i] = append(claims[i], *item)
			}
		}))

		claimed := map[uuid.UUID]queue.Item{}
		for _, items := range claims {
			for _, item := range items {
				_, twice := claimed[item.ID]
				require.False(t, twice, "item %s was claimed twice", item.ID)
				claimed[item.ID] = item
			}
		}
		require.Len(t, claimed, contacts, "as many claims as items")
		items := c.items()
		require.Len(t, items, contacts)
		for _, item := range items {
			require.Equal(t, 2, item.LockVersion, "pulled once and started once")
			requireSame(t, claimed[item.ID], item)
		}
	})

	g.provesAlone("agents pull, renew, give back and start: every version of every item is somebody's move", func(t *testing.T, c *campaign) {
		contacts, team := soakTimes(150), agents(16)
		c.addCallable(contacts)
		c.enqueue(queue.EnqueueParams{})
		var giveBacks atomic.Int64
		giveBacks.Store(int64(2 * contacts))

		moves := make([][]queue.Item, len(team))
		require.NoError(t, together(len(team), func(i int) error {
			random := rand.New(rand.NewPCG(uint64(i), 1)) //nolint:gosec // a test's choices need no secrecy
			for {
				pulled, err := c.store.PullItem(t.Context(), c.pullParams(team[i]))
				if err != nil || pulled.Item == nil {
					return err
				}
				if pulled.Held {
					return fmt.Errorf("agent %d holds item %s after moving on", i, pulled.Item.ID)
				}
				moves[i] = append(moves[i], *pulled.Item)
				if random.IntN(2) == 0 {
					if _, err := c.store.MoveItem(t.Context(), c.moveParams(*pulled.Item, queue.MoveHeartbeat)); err != nil {
						return err
					}
				}
				move := queue.MoveStart
				if random.IntN(2) == 0 && giveBacks.Add(-1) >= 0 {
					move = queue.MoveGiveBack
				}
				moved, err := c.store.MoveItem(t.Context(), c.moveParams(*pulled.Item, move))
				if err != nil {
					return err
				}
				moves[i] = append(moves[i], moved.Item)
			}
		}))

		versions := map[uuid.UUID][]int{}
		for _, move := range slices.Concat(moves...) {
			versions[move.ID] = append(versions[move.ID], move.LockVersion)
		}
		require.Len(t, versions, contacts)
		for _, item := range c.items() {
			require.Equal(t, queue.StateInProgress, item.State)
			slices.Sort(versions[item.ID])
			want := make([]int, item.LockVersion)
			for i := range want {
				want[i] = i + 1
			}
			require.Equal(t, want, versions[item.ID], "no version is missing and none is two agents'")
		}
	})

	for _, pool := range []bool{false, true} {
		where := "the agent's queue"
		if pool {
			where = "the pool"
		}
		g.provesAlone("one agent who clicks Pull eight times at once locks exactly one item of "+where, func(t *testing.T, c *campaign) {
			for range soakTimes(20) {
				agent := uuid.New()
				owner := agent
				if pool {
					owner = uuid.Nil
				}
				c.give(owner, c.addCallable(8)...)
				results := make([]queue.PullResult, 8)
				require.NoError(t, together(len(results), func(i int) (err error) {
					results[i], err = c.store.PullItem(t.Context(), c.pullParams(agent))
					return err
				}))
				taken := 0
				for _, result := range results {
					require.NotNil(t, result.Item)
					requireSame(t, results[0].Item, result.Item)
					if !result.Held {
						taken++
					}
				}
				require.Equal(t, 1, taken, "one pull took the item, the others got it again")
				requireSame(t, []queue.Item{*results[0].Item}, c.list(queue.ListParams{State: queue.StateLocked}))
				c.clear(uuid.Nil)
			}
		})
	}

	g.provesAlone("an expired lock is taken over once, or its first owner goes on, and never both", func(t *testing.T, c *campaign) {
		for range soakTimes(30) {
			item := c.lock(uuid.New(), c.addCallable(1)[0], true)
			c.wait(lockFor)
			late := c.moveParams(item, queue.MoveStart)
			team := agents(7)
			taken := make([]*queue.Item, len(team))
			var lateErr error
			require.NoError(t, together(len(team)+1, func(i int) error {
				if i == len(team) {
					_, lateErr = c.store.MoveItem(t.Context(), late)
					return nil
				}
				result, err := c.store.PullItem(t.Context(), c.pullParams(team[i]))
				taken[i] = result.Item
				return err
			}))
			taken = slices.DeleteFunc(taken, func(item *queue.Item) bool { return item == nil })
			if lateErr == nil {
				require.Empty(t, taken, "the first owner goes on")
				require.Equal(t, queue.StateInProgress, c.item(item.ID).State)
				continue
			}
			require.ErrorIs(t, lateErr, outdial.ErrConflict, "the first owner's lock_version is refused")
			require.Len(t, taken, 1)
			requireSame(t, *taken[0], c.item(item.ID))
			c.move(*taken[0], queue.MoveStart)
		}
	})

	g.provesAlone("of several moves that name one version one is carried out", func(t *testing.T, c *campaign) {
		for range soakTimes(30) {
			item := c.lock(uuid.New(), c.addCallable(1)[0], true)
			moved := make([]bool, 8)
			require.NoError(t, together(len(moved), func(i int) error {
				_, err := c.store.MoveItem(t.Context(), c.moveParams(item, []queue.Move{queue.MoveStart, queue.MoveGiveBack}[i%2]))
				moved[i] = err == nil
				if errors.Is(err, outdial.ErrConflict) {
					return nil
				}
				return err
			}))
			moved = slices.DeleteFunc(moved, func(done bool) bool { return !done })
			require.Len(t, moved, 1)
			require.Equal(t, item.LockVersion+1, c.item(item.ID).LockVersion)
			c.clear(uuid.Nil)
		}
	})

	g.provesAlone("no pull that began after AddSuppressions returned yields who was suppressed", func(t *testing.T, c *campaign) {
		people, team := c.addCallable(soakTimes(200)), agents(8)
		c.enqueue(queue.EnqueueParams{})
		var clock atomic.Int64
		var suppressedAt sync.Map
		require.NoError(t, together(len(team)+1, func(i int) error {
			if i == len(team) {
				return c.suppressEach(people, &clock, &suppressedAt)
			}
			for {
				began := clock.Add(1)
				item, err := c.claim(team[i])
				if err != nil || item == nil {
					return err
				}
				if at, ok := suppressedAt.Load(item.ContactID); ok && at.(int64) < began {
					return fmt.Errorf("contact %s was pulled after it had been suppressed", item.ContactID)
				}
			}
		}))
		for _, item := range c.items() {
			require.NotEqual(t, queue.StateLocked, item.State)
		}
	})
}

// claim pulls an agent's next item and starts it, nil when there is none.
func (c *campaign) claim(agent uuid.UUID) (*queue.Item, error) {
	pulled, err := c.store.PullItem(c.t.Context(), c.pullParams(agent))
	if err != nil || pulled.Item == nil {
		return nil, err
	}
	if pulled.Held {
		return nil, fmt.Errorf("agent %s holds item %s after starting it", agent, pulled.Item.ID)
	}
	started, err := c.store.MoveItem(c.t.Context(), c.moveParams(*pulled.Item, queue.MoveStart))
	if errors.Is(err, outdial.ErrConflict) {
		return nil, fmt.Errorf("item %s changed while agent %s had it locked: %w", pulled.Item.ID, agent, err)
	}
	return &started.Item, err
}
