package storetest

import (
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/outdial/outdial"
	"github.com/outdial/outdial/dialer"
	"github.com/outdial/outdial/dialer/presence"
)

// asQueued is an item of the power queue without what the contract leaves open: when
// it was last written and, unless it waits, the time for which it waited.
func asQueued(item dialer.Item) dialer.Item {
	item.UpdatedAt = time.Time{}
	if item.State != dialer.StateQueued {
		item.NextAttemptAt = time.Time{}
	}
	return item
}

// requireItem compares an item with what was meant, as far as the contract goes.
func requireItem(t require.TestingT, want, got dialer.Item) {
	if h, ok := t.(interface{ Helper() }); ok {
		h.Helper()
	}
	requireSame(t, asQueued(want), asQueued(got))
}

// movedTo is an item after one change of its state.
func movedTo(item dialer.Item, state dialer.State) dialer.Item {
	item.State = state
	item.LockVersion++
	return item
}

// requireCoherentDialing checks what holds of every list of one campaign's items of
// the power queue at any moment.
func requireCoherentDialing(t require.TestingT, items []dialer.Item) {
	if problem := incoherentDialing(items); problem != "" {
		t.Errorf("%s", problem)
		t.FailNow()
	}
}

// incoherentDialing says what is wrong with a list of one campaign's items, or "".
func incoherentDialing(items []dialer.Item) string {
	active := map[uuid.UUID]uuid.UUID{}
	for _, item := range items {
		name := "item " + item.ID.String() + " (" + string(item.State) + ")"
		if other, twice := active[item.ContactID]; twice && item.State.Active() {
			return name + ": its contact is active in item " + other.String() + " too"
		}
		if item.State.Active() {
			active[item.ContactID] = item.ID
		}
		switch {
		case (item.State == dialer.StateFailed) == (item.FailReason == ""):
			return name + ": its fail_reason does not say whether it failed"
		case item.State != dialer.StateQueued && item.LockVersion == 0:
			return name + ": its lock_version does not count its changes"
		case item.QueuedAt.IsZero(), item.Provenance.By == "", item.Provenance.Reason == "":
			return name + ": it does not say where it came from"
		case item.Attempts < 0:
			return name + ": it has been called less than never"
		}
	}
	return ""
}

// incoherentCalls says what is wrong with a list of calls of any campaigns, or "".
// Two calls that are not settled never have one phone.
func incoherentCalls(calls []dialer.Call) string {
	held := map[outdial.Phone]uuid.UUID{}
	for _, call := range calls {
		if (call.Outcome == "") != call.SettledAt.IsZero() {
			return "call " + call.ID.String() + ": its outcome does not say whether it is settled"
		}
		if !call.SettledAt.IsZero() {
			continue
		}
		if other, twice := held[call.Phone]; twice {
			return "calls " + call.ID.String() + " and " + other.String() + " have one phone"
		}
		held[call.Phone] = call.ID
	}
	return ""
}

// dialerStatsOf counts items and agents as DialerStats must.
func dialerStatsOf(status dialer.Status, items []dialer.Item, sessions []presence.Session, now time.Time) dialer.StatsResult {
	stats := dialer.StatsResult{Status: status, States: map[dialer.State]int{}, Agents: map[string]int{}}
	for _, state := range dialer.States() {
		stats.States[state] = 0
	}
	for _, state := range presence.States() {
		stats.Agents[string(state)] = 0
	}
	for _, item := range items {
		stats.States[item.State]++
		if item.State == dialer.StateQueued && !item.NextAttemptAt.After(now) {
			stats.Due++
		}
	}
	for _, session := range sessions {
		stats.Agents[string(session.State)]++
	}
	return stats
}
