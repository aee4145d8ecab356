package storetest

import (
	"errors"
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"

	"github.com/stretchr/testify/require"

	"github.com/outdial/outdial/suppression"
)

// follower reads the feed while others add to the list.
type follower struct {
	*campaign

	at   suppression.Position
	seen map[suppression.Target]int

	// committed are the entries whose additions have returned, in that order, and
	// dropped those that were rolled back.
	mu        sync.Mutex
	committed []suppression.Target
	dropped   []suppression.Target
	// begins lets one transaction begin at a time, as the suite promises.
	begins sync.Mutex
}

// followWhileAdding follows the feed while eight add to the list; some of them in
// transactions of the host's, if they are asked to.
func followWhileAdding(c *campaign, inTransactions bool) {
	const writers, fewest = 8, 4
	if inTransactions && c.suite.features.Transaction == nil {
		c.suite.skip(c, "Transaction")
	}
	head, err := c.store.SuppressionHead(c.Context())
	require.NoError(c, err)
	f := &follower{campaign: c, at: head, seen: map[suppression.Target]int{}}
	var writing atomic.Int64
	writing.Store(writers)
	require.NoError(c, together(writers+1, func(i int) error {
		if i == writers {
			return f.followWhile(func() bool { return writing.Load() > 0 })
		}
		defer writing.Add(-1)
		for step := range max(fewest, rounds(40)) {
			var err error
			if inTransactions && i%2 == 0 {
				err = f.addInTransaction(step)
			} else {
				err = f.add(1 + step%3)
			}
			if err != nil {
				return err
			}
		}
		return nil
	}))

	last, err := c.store.SuppressionHead(c.Context())
	require.NoError(c, err)
	require.Equal(c, last, f.at, "the follower has come to the end")
	require.Equal(c, int64(len(f.committed)), last.Number-head.Number)
	require.Len(c, f.seen, len(f.committed))
	for _, target := range f.committed {
		require.Equal(c, 1, f.seen[target], target)
	}
	require.Equal(c, inTransactions, len(f.dropped) > 0)
	for _, target := range f.dropped {
		require.NotContains(c, f.seen, target)
	}
}

// newEntries are about phones that nobody else has.
func newEntries(n int) (entries []suppression.Entry, targets []suppression.Target) {
	for range n {
		entry := suppression.NewPhone(nextPhone())
		entries, targets = append(entries, entry), append(targets, entry.Target())
	}
	return entries, targets
}

func (f *follower) add(n int) error {
	entries, targets := newEntries(n)
	if _, err := f.store.AddSuppressions(f.Context(), suppression.AddParams{Entries: entries, ActorID: f.actor, Now: f.now}); err != nil {
		return err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.committed = append(f.committed, targets...)
	return nil
}

// addInTransaction adds in a transaction that stays open a while, so that others have
// the time to overtake it. Every other one is rolled back.
func (f *follower) addInTransaction(step int) error {
	const while = 100
	entries, targets := newEntries(2)
	f.begins.Lock()
	bound, commit, rollback := f.suite.features.Transaction(f, f.store)
	f.begins.Unlock()
	if _, err := bound.AddSuppressions(f.Context(), suppression.AddParams{Entries: entries, ActorID: f.actor, Now: f.now}); err != nil {
		return errors.Join(err, rollback())
	}
	for range while {
		runtime.Gosched()
	}
	end, kept := commit, &f.committed
	if step%2 == 0 {
		end, kept = rollback, &f.dropped
	}
	if err := end(); err != nil {
		return err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	*kept = append(*kept, targets...)
	return nil
}

// followWhile reads what comes, and then what is left.
func (f *follower) followWhile(writing func() bool) error {
	for last := false; !last; {
		last = !writing()
		if err := f.catchUp(); err != nil {
			return err
		}
	}
	return nil
}

// catchUp reads to the end, and checks that what had been committed before is there.
func (f *follower) catchUp() error {
	const few = 7
	f.mu.Lock()
	committed := f.committed
	f.mu.Unlock()
	for more := true; more; {
		result, err := f.store.FollowSuppressions(f.Context(), suppression.FollowParams{After: f.at, Limit: few})
		if err != nil {
			return err
		}
		for _, event := range result.Events {
			if event.Position.Number != f.at.Number+1 {
				return fmt.Errorf("number %d follows number %d", event.Position.Number, f.at.Number)
			}
			f.at = event.Position
			f.seen[event.Target]++
		}
		more = result.More
	}
	for _, target := range committed {
		if f.seen[target] == 0 {
			return fmt.Errorf("%s was added and the feed did not show it by number %d", target, f.at.Number)
		}
	}
	return nil
}
