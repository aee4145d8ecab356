package storetest

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/outdial/outdial"
	"github.com/outdial/outdial/queue"
	"github.com/outdial/outdial/queue/intake"
	"github.com/outdial/outdial/suppression"
)

// claimEachOnce counts what fifty agents claimed in three ways: as many claims as
// items, no item twice, none left.
func claimEachOnce(c *campaign) {
	contacts, team := effort(2000), agents(50)
	c.addCallable(contacts)
	require.Equal(c, contacts, c.enqueue(queue.EnqueueParams{}).Enqueued)

	claims := make([][]queue.Item, len(team))
	require.NoError(c, together(len(team), func(i int) error {
		for {
			item, err := c.claim(team[i])
			if err != nil || item == nil {
				return err
			}
			claims[i] = append(claims[i], *item)
		}
	}))

	claimed := map[uuid.UUID]queue.Item{}
	for _, item := range slices.Concat(claims...) {
		_, twice := claimed[item.ID]
		require.False(c, twice, "item %s was claimed twice", item.ID)
		claimed[item.ID] = item
	}
	require.Len(c, claimed, contacts, "as many claims as items")
	items := c.items()
	require.Len(c, items, contacts)
	for _, item := range items {
		require.Equal(c, 2, item.LockVersion, "pulled once and started once")
		requireSame(c, claimed[item.ID], item)
	}
}

// accountForEachVersion lets agents do all that they may with items of the pool,
// and then finds for each item one move for each of its versions.
func accountForEachVersion(c *campaign) {
	contacts, team := effort(150), agents(16)
	c.addCallable(contacts)
	c.enqueue(queue.EnqueueParams{})
	var giveBacks atomic.Int64
	giveBacks.Store(int64(2 * contacts))

	moves := make([][]queue.Item, len(team))
	require.NoError(c, together(len(team), func(i int) error {
		random := choices(i, 1)
		for {
			made, err := c.workOn(team[i], random, &giveBacks)
			if err != nil || made == nil {
				return err
			}
			moves[i] = append(moves[i], made...)
		}
	}))

	versions := map[uuid.UUID][]int{}
	for _, move := range slices.Concat(moves...) {
		versions[move.ID] = append(versions[move.ID], move.LockVersion)
	}
	require.Len(c, versions, contacts)
	for _, item := range c.items() {
		require.Equal(c, queue.StateInProgress, item.State)
		slices.Sort(versions[item.ID])
		want := make([]int, item.LockVersion)
		for i := range want {
			want[i] = i + 1
		}
		require.Equal(c, want, versions[item.ID], "no version is missing and none is two agents'")
	}
}

// workOn pulls one item, perhaps renews it, and starts it or gives it back as
// long as there are give-backs left. It returns the item after each change of
// version, nothing when there is nothing to do.
func (c *campaign) workOn(agent uuid.UUID, random *rand.Rand, giveBacks *atomic.Int64) ([]queue.Item, error) {
	pulled, err := c.store.PullItem(c.Context(), c.pullParams(agent))
	if err != nil || pulled.Item == nil {
		return nil, err
	}
	if pulled.Held {
		return nil, fmt.Errorf("agent %s holds item %s after moving on", agent, pulled.Item.ID)
	}
	if random.IntN(2) == 0 {
		if _, err := c.store.MoveItem(c.Context(), c.moveParams(*pulled.Item, queue.MoveHeartbeat)); err != nil {
			return nil, err
		}
	}
	move := queue.MoveStart
	if random.IntN(2) == 0 && giveBacks.Add(-1) >= 0 {
		move = queue.MoveGiveBack
	}
	moved, err := c.store.MoveItem(c.Context(), c.moveParams(*pulled.Item, move))
	return []queue.Item{*pulled.Item, moved.Item}, err
}

// clickPullAtOnce pulls eight times at once for one agent who has eight items to
// choose from.
func clickPullAtOnce(c *campaign, fromPool bool) {
	const clicks = 8
	for range effort(20) {
		agent := uuid.New()
		owner := agent
		if fromPool {
			owner = uuid.Nil
		}
		c.give(owner, c.addCallable(clicks)...)
		results := make([]queue.PullResult, clicks)
		require.NoError(c, together(clicks, func(i int) (err error) {
			results[i], err = c.store.PullItem(c.Context(), c.pullParams(agent))
			return err
		}))
		taken := 0
		for _, result := range results {
			require.NotNil(c, result.Item)
			requireSame(c, results[0].Item, result.Item)
			if !result.Held {
				taken++
			}
		}
		require.Equal(c, 1, taken, "one pull took the item, the others got it again")
		requireSame(c, []queue.Item{*results[0].Item}, c.list(queue.ListParams{State: queue.StateLocked}))
		c.clear(uuid.Nil)
	}
}

// takeOverOrGoOn lets seven agents ask for an item whose lock has just expired
// while its first owner begins the call.
func takeOverOrGoOn(c *campaign) {
	for range effort(30) {
		item := c.lock(uuid.New(), c.addCallable(1)[0], true)
		c.wait(lockFor)
		late, team := c.moveParams(item, queue.MoveStart), agents(7)
		taken := make([]*queue.Item, len(team))
		var lateErr error
		require.NoError(c, together(len(team)+1, func(i int) error {
			if i == len(team) {
				_, lateErr = c.store.MoveItem(c.Context(), late)
				return nil
			}
			result, err := c.store.PullItem(c.Context(), c.pullParams(team[i]))
			taken[i] = result.Item
			return err
		}))
		taken = slices.DeleteFunc(taken, func(item *queue.Item) bool { return item == nil })
		if lateErr == nil {
			require.Empty(c, taken, "the first owner goes on")
			require.Equal(c, queue.StateInProgress, c.item(item.ID).State)
			continue
		}
		require.ErrorIs(c, lateErr, outdial.ErrConflict, "the first owner's lock_version is refused")
		require.Len(c, taken, 1)
		requireSame(c, *taken[0], c.item(item.ID))
		c.move(*taken[0], queue.MoveStart)
	}
}

// loseAnExpiredLock lets eight agents whose locks have all expired pull at once, with
// as many items again left in the pool: whoever loses what they held to another
// finds something else.
func loseAnExpiredLock(c *campaign) {
	team := agents(8)
	c.addCallable(2 * len(team))
	for range effort(60) {
		c.enqueue(queue.EnqueueParams{})
		for _, agent := range team {
			c.take(agent)
		}
		c.wait(lockFor)
		taken := make([]*queue.Item, len(team))
		require.NoError(c, together(len(team), func(i int) error {
			result, err := c.store.PullItem(c.Context(), c.pullParams(team[i]))
			taken[i] = result.Item
			return err
		}))
		for _, item := range taken {
			require.NotNil(c, item, "there was something for everyone")
		}
		c.clear(uuid.Nil)
	}
}

// moveOnce starts an item and gives it back eight times at once.
func moveOnce(c *campaign) {
	for range effort(30) {
		item := c.lock(uuid.New(), c.addCallable(1)[0], true)
		moved := make([]bool, 8)
		require.NoError(c, together(len(moved), func(i int) error {
			_, err := c.store.MoveItem(c.Context(), c.moveParams(item, []queue.Move{queue.MoveStart, queue.MoveGiveBack}[i%2]))
			moved[i] = err == nil
			if errors.Is(err, outdial.ErrConflict) {
				return nil
			}
			return err
		}))
		moved = slices.DeleteFunc(moved, func(done bool) bool { return !done })
		require.Len(c, moved, 1)
		require.Equal(c, item.LockVersion+1, c.item(item.ID).LockVersion)
		c.clear(uuid.Nil)
	}
}

// suppressWhilePulling suppresses again and again who comes soon, and compares, by
// a clock of its own, when each pull began with when the suppression of what it
// yielded had returned. For each suppression a few pulls may begin, so that
// neither side outruns the other.
func suppressWhilePulling(c *campaign) {
	team, people := agents(8), make([]intake.NewContact, effort(200))
	for i := range people {
		people[i] = person(withPriority(len(people) - i))
	}
	contacts := c.add(people...)
	c.enqueue(queue.EnqueueParams{})

	var clock, claimed, working atomic.Int64
	working.Store(int64(len(team)))
	turns, idle := make(chan struct{}, len(team)), make(chan struct{})
	suppressed := suppressedTimes{at: map[uuid.UUID]int64{}}
	require.NoError(c, together(len(team)+1, func(i int) error {
		if i == len(team) {
			return c.suppressSoon(contacts, &claimed, turns, idle, func(contactID uuid.UUID) {
				suppressed.note(contactID, clock.Add(1))
			})
		}
		defer func() {
			if working.Add(-1) == 0 {
				close(idle)
			}
		}()
		for range turns {
			began := clock.Add(1)
			item, err := c.claim(team[i])
			if err != nil || item == nil {
				return err
			}
			if suppressed.before(item.ContactID, began) {
				return fmt.Errorf("contact %s was pulled after it had been suppressed", item.ContactID)
			}
			claimed.Add(1)
		}
		return nil
	}))
	require.NotEmpty(c, suppressed.at)
	require.Empty(c, c.list(queue.ListParams{State: queue.StateLocked}))
}

// suppressSoon suppresses contacts that come soon, reports each when that has
// returned, and hands out turns for it, until nobody works any more or it has
// failed.
func (c *campaign) suppressSoon(
	contacts []outdial.Contact, claimed *atomic.Int64, turns chan<- struct{}, idle <-chan struct{}, report func(uuid.UUID),
) error {
	const farthest, turnsEach = 20, 3
	random := choices(1, 4)
	defer close(turns)
	for done := 0; ; done++ {
		soon := contacts[min(int(claimed.Load())+done+random.IntN(farthest), len(contacts)-1)]
		_, err := c.store.AddSuppressions(c.Context(), suppression.AddParams{
			Entries: []suppression.Entry{suppressedBy(soon)}, ActorID: c.actor, Now: c.now,
		})
		if err != nil {
			return err
		}
		report(soon.ID)
		for range turnsEach {
			select {
			case turns <- struct{}{}:
			case <-idle:
				return nil
			}
		}
	}
}

// suppressedTimes is when contacts were first known to be suppressed.
type suppressedTimes struct {
	mu sync.Mutex
	at map[uuid.UUID]int64
}

func (s *suppressedTimes) note(contactID uuid.UUID, at int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, known := s.at[contactID]; !known {
		s.at[contactID] = at
	}
}

func (s *suppressedTimes) before(contactID uuid.UUID, began int64) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	at, known := s.at[contactID]
	return known && at < began
}
