package storetest

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"

	"github.com/google/uuid"

	"github.com/outdial/outdial"
	"github.com/outdial/outdial/queue"
)

// concurrencyBehaviours proves what holds when many callers work at once, each
// in a goroutine of its own and, in a store with a pool, on a connection of its
// own. They run one after another, so that each has the machine for itself.
func concurrencyBehaviours(g *group) {
	g.provesAlone("fifty agents pull until the pool is empty: every item is claimed once and none is lost", claimEachOnce)
	g.provesAlone("agents pull, renew, give back and start: every version of every item is somebody's move", accountForEachVersion)
	g.provesAlone("one agent who clicks Pull eight times at once locks exactly one item of the agent's queue", func(c *campaign) {
		clickPullAtOnce(c, false)
	})
	g.provesAlone("one agent who clicks Pull eight times at once locks exactly one item of the pool", func(c *campaign) {
		clickPullAtOnce(c, true)
	})
	g.provesAlone("an expired lock is taken over once, or its first owner goes on, and never both", takeOverOrGoOn)
	g.provesAlone("an agent who loses an expired lock to another while pulling finds what is left", loseAnExpiredLock)
	g.provesAlone("of several moves that name one version one is carried out", moveOnce)
	g.provesAlone("no pull that began after AddSuppressions returned yields who was suppressed", suppressWhilePulling)

	g.provesAlone("eight agents replace overlapping audiences at once: disjoint queues within their bounds, and no error", replaceAtOnce)
	g.provesAlone("one agent who replaces eight times at once has one queue", replaceOneQueueAtOnce)
	g.provesAlone("replaces and enqueues of the same contacts at once leave each contact with one item", replaceAndEnqueueAtOnce)
	g.provesAlone("a rollback and pulls at once: every item is released or claimed, and never both", rollBackWhilePulling)
	for _, call := range idempotentCalls() {
		g.provesAlone(call.name+": eight calls under one key at once have one effect and equal results", func(c *campaign) {
			callOnceAtOnce(c, call)
		})
	}

	g.provesAlone("one campaign is made when eight callers ensure one name at once", ensureAtOnce)
	g.provesAlone("each contact is added once when eight callers add one batch at once", addAtOnce)
	g.provesAlone("an entry is new once when eight callers suppress it at once", suppressAtOnce)

	g.provesAlone("whatever runs at the same time, no contact is active twice and no item is lost", everythingAtOnce)
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

// choices returns a source of choices that are the same in every run, though
// what they meet is not.
func choices(seed, stream int) *rand.Rand {
	return rand.New(rand.NewPCG(uint64(seed), uint64(stream))) //nolint:gosec // a test's choices need no secrecy
}

// claim pulls an agent's next item and starts it, nil when there is none.
func (c *campaign) claim(agent uuid.UUID) (*queue.Item, error) {
	pulled, err := c.store.PullItem(c.Context(), c.pullParams(agent))
	if err != nil || pulled.Item == nil {
		return nil, err
	}
	if pulled.Held {
		return nil, fmt.Errorf("agent %s holds item %s after starting it", agent, pulled.Item.ID)
	}
	started, err := c.store.MoveItem(c.Context(), c.moveParams(*pulled.Item, queue.MoveStart))
	if errors.Is(err, outdial.ErrConflict) {
		return nil, fmt.Errorf("item %s changed while agent %s had it locked: %w", pulled.Item.ID, agent, err)
	}
	return &started.Item, err
}
