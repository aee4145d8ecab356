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

// contendForLease has many ask for one lease again and again, by a clock that goes
// on with each question.
func contendForLease(c *campaign) {
	const contenders, lasts = 12, 5 * time.Second
	turns := effort(60)
	var mu sync.Mutex
	var clock atomic.Int64
	var newest atomic.Int64
	tenures := map[int64]*tenure{}
	now := func() time.Time { return c.now.Add(time.Duration(clock.Add(1)) * time.Second) }
	note := func(lease dialer.Lease, at time.Time) error {
		mu.Lock()
		defer mu.Unlock()
		known := tenures[lease.Token]
		if known == nil {
			known = &tenure{holder: lease.Holder, from: at}
			tenures[lease.Token] = known
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
		newest.Store(max(newest.Load(), lease.Token))
		return nil
	}
	require.NoError(c, together(contenders, func(i int) error {
		random := choices(i, 6)
		holder := fmt.Sprintf("contender %d", i)
		var old dialer.Lease
		for range turns {
			at := now()
			lease, err := c.store.AcquireLease(c.Context(), dialer.LeaseParams{CampaignID: c.id, Holder: holder, For: lasts, Now: at})
			if err == nil {
				if err := note(lease, at); err != nil {
					return err
				}
			} else if !errors.Is(err, outdial.ErrConflict) {
				return err
			}
			if old.Token > 0 && old.Token < newest.Load() {
				_, refused := c.store.ClaimCalls(c.Context(), dialer.ClaimParams{CampaignID: c.id, Limit: 1, Lease: old, Now: at})
				if !errors.Is(refused, outdial.ErrConflict) {
					return fmt.Errorf("token %d is good although there is a newer one: %w", old.Token, errors.Join(refused, errStale))
				}
			}
			if err != nil {
				continue
			}
			old = lease
			if random.IntN(4) == 0 {
				mu.Lock()
				tenures[lease.Token].released = true
				mu.Unlock()
				if err := c.store.ReleaseLease(c.Context(), dialer.ReleaseLeaseParams{Lease: lease, Now: at}); err != nil {
					return err
				}
			}
		}
		return nil
	}))
	require.Greater(c, len(tenures), 1, "it changed hands")
	var before *tenure
	for token := int64(1); token <= newest.Load(); token++ {
		next := tenures[token]
		if next == nil {
			continue
		}
		if before != nil && !before.released {
			require.False(c, next.from.Before(before.until), "token %d was given at %s, before %s", token, next.from, before.until)
		}
		before = next
	}
}

var errStale = errors.New("a former holder goes on")
