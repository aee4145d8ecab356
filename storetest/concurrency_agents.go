package storetest

import (
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/outdial/outdial"
	"github.com/outdial/outdial/dialer"
	"github.com/outdial/outdial/dialer/presence"
)

// reserveAtOnce has fifty calls ask for agents of whom there are fewer, and now and
// then more.
func reserveAtOnce(c *campaign) {
	const wanting = 50
	for round := range rounds(20) {
		here := c.another().running()
		team := here.readyAgents([]int{30, 49, 1, 60, 50}[round%5])
		calls := here.dialEverybody(here.addCallable(wanting)...)
		results := make([]presence.ReserveResult, wanting)
		require.NoError(c, together(wanting, func(i int) (err error) {
			results[i], err = here.store.ReserveAgent(here.Context(), here.reserveParams(calls[i]))
			return err
		}))
		taken, agentOf := map[uuid.UUID]uuid.UUID{}, map[uuid.UUID]uuid.UUID{}
		for _, call := range here.calls() {
			agentOf[call.ID] = call.AgentID
		}
		for i, result := range results {
			require.False(c, result.Held || result.Gone)
			require.Equal(c, result.AgentID, agentOf[calls[i].ID])
			if result.AgentID == uuid.Nil {
				continue
			}
			require.NotContains(c, taken, result.AgentID, "agent %s is taken twice", result.AgentID)
			taken[result.AgentID] = calls[i].ID
		}
		require.Len(c, taken, min(wanting, len(team)), "as many calls have an agent as there are agents")
		for _, session := range here.sessions() {
			call, reserved := taken[session.AgentID]
			require.Equal(c, reserved, session.State == presence.StateReserved)
			require.Equal(c, call, session.CallID)
		}
	}
}

// reserveOnce asks for an agent twenty times at once for one call.
func reserveOnce(c *campaign) {
	for range rounds(30) {
		here := c.another().running()
		here.readyAgents(20)
		call := here.dial(here.addCallable(1)[0])
		results := make([]presence.ReserveResult, 20)
		require.NoError(c, together(len(results), func(i int) (err error) {
			results[i], err = here.store.ReserveAgent(here.Context(), here.reserveParams(call))
			return err
		}))
		firsts := 0
		for _, result := range results {
			require.Equal(c, results[0].AgentID, result.AgentID)
			if !result.Held {
				firsts++
			}
		}
		require.Equal(c, 1, firsts)
		require.Equal(c, 1, here.dialerStats().Agents[string(presence.StateReserved)])
	}
}

// leaveWhileReserved has agents go offline while calls ask for one.
func leaveWhileReserved(c *campaign) {
	const each = 4
	for range rounds(60) {
		here := c.another().running()
		team, calls := here.readyAgents(each), here.dialEverybody(here.addCallable(each)...)
		var left [each]bool
		var reserved [each]uuid.UUID
		require.NoError(c, together(2*each, func(i int) error {
			if i < each {
				result, err := here.store.ReserveAgent(here.Context(), here.reserveParams(calls[i]))
				reserved[i] = result.AgentID
				return err
			}
			_, err := here.store.SetPresence(here.Context(), here.presenceParams(team[i-each], presence.StateOffline))
			left[i-each] = err == nil
			if errors.Is(err, outdial.ErrConflict) {
				return nil
			}
			return err
		}))
		for i, agent := range team {
			require.NotEqual(c, left[i], slices.Contains(reserved[:], agent), "they left, or a call has them")
			want := presence.StateReserved
			if left[i] {
				want = presence.StateOffline
			}
			require.Equal(c, want, here.session(agent).State)
		}
	}
}

// tenure is what is known of a lease's token: who had it, from when, and until when
// at most.
type tenure struct {
	holder   string
	from     time.Time
	until    time.Time
	released bool
}

// contest is many who ask for one lease again and again, by a clock that goes on with
// each question.
type contest struct {
	*campaign

	clock  atomic.Int64
	newest atomic.Int64

	mu      sync.Mutex
	tenures map[int64]*tenure
}

// contendForLease looks at who had the lease when, and has each contender try what
// they had before.
func contendForLease(c *campaign) {
	const contenders = 12
	contest := &contest{campaign: c, tenures: map[int64]*tenure{}}
	turns := effort(60)
	require.NoError(c, together(contenders, func(i int) error { return contest.contend(i, turns) }))
	require.Greater(c, len(contest.tenures), 1, "it changed hands")
	var before *tenure
	for token := int64(1); token <= contest.newest.Load(); token++ {
		next := contest.tenures[token]
		if next == nil {
			continue
		}
		if before != nil && !before.released {
			require.False(c, next.from.Before(before.until), "token %d was given at %s, before %s", token, next.from, before.until)
		}
		before = next
	}
}

func (c *contest) contend(i, turns int) error {
	const lasts = 5 * time.Second
	random, old := choices(i, 6), dialer.Lease{}
	for range turns {
		at := c.now.Add(time.Duration(c.clock.Add(1)) * time.Second)
		lease, err := c.store.AcquireLease(c.Context(), dialer.LeaseParams{
			CampaignID: c.id, Holder: fmt.Sprintf("contender %d", i), For: lasts, Now: at,
		})
		if err != nil && !errors.Is(err, outdial.ErrConflict) {
			return err
		}
		refused := err != nil
		if !refused {
			err = c.note(lease, at)
		}
		if refused || err == nil {
			err = c.tryOld(old, at)
		}
		if err != nil {
			return err
		}
		if refused {
			continue
		}
		old = lease
		if random.IntN(4) == 0 {
			if err := c.giveUp(lease, at); err != nil {
				return err
			}
		}
	}
	return nil
}

// note keeps that a lease was given then.
func (c *contest) note(lease dialer.Lease, at time.Time) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	known := c.tenures[lease.Token]
	if known == nil {
		known = &tenure{holder: lease.Holder, from: at}
		c.tenures[lease.Token] = known
	}
	if known.holder != lease.Holder {
		return fmt.Errorf("token %d is %s's and %s's", lease.Token, known.holder, lease.Holder)
	}
	if lease.ExpiresAt.After(known.until) {
		known.until = lease.ExpiresAt
	}
	if at.Before(known.from) {
		known.from = at
	}
	c.newest.Store(max(c.newest.Load(), lease.Token))
	return nil
}

// tryOld claims with a lease that another has by now, and must be refused.
func (c *contest) tryOld(old dialer.Lease, at time.Time) error {
	if old.Token == 0 || old.Token >= c.newest.Load() {
		return nil
	}
	_, err := c.store.ClaimCalls(c.Context(), dialer.ClaimParams{CampaignID: c.id, Limit: 1, Lease: old, Now: at})
	if errors.Is(err, outdial.ErrConflict) {
		return nil
	}
	return errors.Join(err, errStale)
}

// giveUp releases a lease, which from now on may be given at any time.
func (c *contest) giveUp(lease dialer.Lease, at time.Time) error {
	c.mu.Lock()
	c.tenures[lease.Token].released = true
	c.mu.Unlock()
	return c.store.ReleaseLease(c.Context(), dialer.ReleaseLeaseParams{Lease: lease, Now: at})
}

var errStale = errors.New("a former holder goes on although there is a newer token")
