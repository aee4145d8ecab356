package engine_test

import (
	"fmt"
	"os"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/outdial/outdial/dialer"
	"github.com/outdial/outdial/dialer/engine"
	"github.com/outdial/outdial/dialer/pacing"
	"github.com/outdial/outdial/dialer/presence"
	"github.com/outdial/outdial/dialer/sim"
)

// bad is a network on which everything that can go wrong does, often.
func bad() sim.Network {
	return sim.Network{
		Latency: sim.Between(20*time.Millisecond, time.Second), Delay: sim.Between(10*time.Millisecond, 500*time.Millisecond),
		LostPlaced: 0.05, LostUnplaced: 0.05, BridgeBusy: 0.05, BridgeLost: 0.1,
		Reordered: 0.2, HoldBack: sim.Between(time.Second, 10*time.Second),
		Duplicated: 0.2, Missing: 0.05, Unreferenced: 0.2,
	}
}

// The world of the whole runs: two campaigns that call the same people.
const (
	wholeAgents = 4
	wholeAtMost = 6 * time.Hour
)

// wholeContacts is how many people they call.
func wholeContacts() int {
	const many, few = 80, 25
	if raceDetector && os.Getenv("OUTDIAL_SOAK") != "1" {
		return few
	}
	return many
}

// overdial places more calls than there are agents, so that people are abandoned.
type overdial struct{}

func (overdial) Calls(s pacing.Snapshot) int { return 2*s.ReadyAgents + 1 - s.CallsInFlight }

// generous is how the whole runs are dialed: too much, and not looking too often.
func generous(c *engine.Config) { c.Law, c.TickEvery = overdial{}, 2*time.Second }

// TestWhole dials everybody on a bad network, until each is done with, and compares
// what the store says with what the carrier knows.
func TestWhole(t *testing.T) {
	t.Parallel()

	seeds := 3
	switch {
	case os.Getenv("OUTDIAL_SOAK") == "1":
		seeds = 40
	case testing.Short(), raceDetector:
		seeds = 1
	}
	for seed := range uint64(seeds) {
		t.Run(fmt.Sprintf("seed %d, while processes stop, sleep and come back", seed), func(t *testing.T) {
			t.Parallel()

			whole(t, seed, bad(), func(f *floor) {
				first := f.start(generous)
				second := f.start(generous)
				f.pass(3 * time.Minute)
				first.stop(f)
				f.pass(2 * time.Minute)
				third := f.start(generous)
				second.freeze(40 * time.Second)
				f.pass(5 * time.Minute)
				third.freeze(8 * time.Second)
			})
		})
		t.Run(fmt.Sprintf("seed %d, while processes are killed", seed), func(t *testing.T) {
			t.Parallel()

			network := bad()
			network.Missing = 0
			whole(t, seed, network, func(f *floor) {
				for range 5 {
					p := f.start(generous)
					f.pass(90*time.Second + time.Duration(seed)*time.Second)
					p.die()
				}
				f.start(generous)
			})
		})
	}
}

// whole runs two campaigns over the same phones to their end, while somebody disturbs
// the processes that dial.
func whole(t *testing.T, seed uint64, network sim.Network, disturb func(f *floor)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		callees := sim.DefaultCallees()
		callees.Answered, callees.Talk = 0.5, 30*time.Second
		policy := dialer.RetryPolicy{CoolDowns: map[dialer.Outcome]time.Duration{}}
		for _, rule := range dialer.Rules() {
			policy.CoolDowns[rule.Outcome] = min(rule.CoolDown, time.Minute)
		}
		f := newFloor(t, sim.Config{Seed: seed, Callees: callees, Network: network}, policy)
		f.hold = time.Minute
		campaigns := []*floor{f, f.another()}
		for i, campaign := range campaigns {
			campaign.enqueue(wholeContacts())
			campaign.control(dialer.ControlStart)
			campaign.staffFrom(i*wholeAgents, wholeAgents)
		}
		disturb(f)
		for began := time.Now(); !done(campaigns); f.pass(30 * time.Second) {
			require.Less(f, time.Since(began), wholeAtMost, "the campaigns do not end: %v", f.states())
		}
		f.pass(time.Minute)
		calls := map[uuid.UUID]dialer.Call{}
		for _, campaign := range campaigns {
			for _, call := range campaign.calls() {
				calls[call.ID] = call
			}
			requireNobodyInACall(campaign)
		}
		requireAgreement(f, campaigns, calls)
		f.requireNoNumbers()
	})
}

// done says whether nobody is left to call.
func done(campaigns []*floor) bool {
	for _, campaign := range campaigns {
		for state := range campaign.states() {
			if state.Active() {
				return false
			}
		}
	}
	return true
}

func requireNobodyInACall(f *floor) {
	f.Helper()
	items := f.items()
	require.Len(f, items, wholeContacts())
	for _, item := range items {
		require.False(f, item.State.Active())
		require.LessOrEqual(f, item.Attempts, dialer.DefaultMaxAttempts)
	}
	sessions, err := f.store.ListPresence(f.Context(), presence.ListParams{CampaignID: f.campaignID})
	require.NoError(f, err)
	require.Len(f, sessions, wholeAgents)
	for _, session := range sessions {
		require.False(f, session.State.Busy())
	}
}

// requireAgreement requires that no rule was broken at the carrier, and that store and
// carrier tell the same of every call.
func requireAgreement(f *floor, campaigns []*floor, calls map[uuid.UUID]dialer.Call) {
	f.Helper()
	books := f.carrier.Books()
	f.Logf("%+v", books)
	require.Equal(f, 1, books.MostAtOnce, "a phone was in two calls at once")
	require.Zero(f, books.AskedAgain, "a token was placed twice")
	require.Zero(f, books.TwoAgents)
	require.Equal(f, books.Placed, books.Ended)

	var placed, rejected, attempts int
	for _, call := range calls {
		require.NotEmpty(f, call.Outcome, "a call is not settled")
		switch call.Outcome {
		case dialer.OutcomeNotPlaced:
		case dialer.OutcomeRejected:
			rejected++
		default:
			placed++
		}
	}
	require.Equal(f, books.Placed, placed)
	// A refusal that a process died with is asked for again: there was no call.
	require.LessOrEqual(f, rejected, books.Rejected)
	for _, campaign := range campaigns {
		for _, item := range campaign.items() {
			attempts += item.Attempts
		}
	}
	require.Equal(f, placed+rejected, attempts)

	for _, record := range f.carrier.Records() {
		call := calls[record.Token]
		require.Equal(f, record.CallSID, call.CallSID)
		require.Equal(f, record.To, call.Phone)
		require.True(f, record.Facts.EndedAt.Equal(call.EndedAt))
		require.Equal(f, record.Facts.Cause, call.Cause)
		require.Equal(f, !record.Facts.ConnectedAt.IsZero(), call.Outcome == dialer.OutcomeConnected, "%+v\n%+v", record, call.Facts)
		if !record.Facts.ConnectedAt.IsZero() {
			require.Equal(f, record.AgentID, call.AgentID)
		}
		if record.Announced {
			require.Equal(f, dialer.OutcomeAbandoned, call.Outcome)
		}
	}
}
