package storetest

import (
	"encoding/json"
	"reflect"
	"slices"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/outdial/outdial/dialer"
	"github.com/outdial/outdial/dialer/presence"
	"github.com/outdial/outdial/dialer/telephony"
	"github.com/outdial/outdial/disposition"
	"github.com/outdial/outdial/queue"
)

// asStored compares what a store returns with what was meant: times are
// instants, whatever their location, JSON is its meaning, whatever its spacing,
// and no attributes are an empty object.
var asStored = cmp.Options{
	noneIsEmpty[queue.Item](),
	noneIsEmpty[queue.AgentStats](),
	noneIsEmpty[dialer.Item](),
	noneIsEmpty[dialer.Call](),
	noneIsEmpty[presence.Session](),
	noneIsEmpty[telephony.Kept](),
	cmp.Comparer(func(a, b time.Time) bool { return a.Equal(b) }),
	cmp.Comparer(func(a, b json.RawMessage) bool {
		return reflect.DeepEqual(meaning(a), meaning(b))
	}),
}

// noneIsEmpty makes a nil list and an empty one equal.
func noneIsEmpty[Element any]() cmp.Option {
	return cmp.FilterValues(
		func(a, b []Element) bool { return len(a)+len(b) == 0 },
		cmp.Comparer(func(_, _ []Element) bool { return true }),
	)
}

func meaning(data json.RawMessage) any {
	var value any
	if err := json.Unmarshal(data, &value); err != nil || value == nil {
		return map[string]any{}
	}
	return value
}

// requireSame fails with the difference.
func requireSame(t require.TestingT, want, got any) {
	if h, ok := t.(interface{ Helper() }); ok {
		h.Helper()
	}
	if plainlySame(want, got) {
		return
	}
	if diff := cmp.Diff(want, got, asStored); diff != "" {
		t.Errorf("not as wanted (-want +got):\n%s", diff)
		t.FailNow()
	}
}

// plainlySame spares the search for a difference, which costs a hundred times as
// much as finding that there is none. It may miss that two values are the same,
// and never says so of two that are not.
func plainlySame(want, got any) bool {
	wantItems, ok := want.([]queue.Item)
	gotItems, both := got.([]queue.Item)
	if !ok || !both {
		return reflect.DeepEqual(want, got)
	}
	if len(wantItems) != len(gotItems) {
		return false
	}
	for i := range wantItems {
		if !reflect.DeepEqual(inUTC(wantItems[i]), inUTC(gotItems[i])) {
			return false
		}
	}
	return true
}

func inUTC(item queue.Item) queue.Item {
	for _, at := range []*time.Time{
		&item.ScheduledFor, &item.CallbackAt, &item.QueuedAt, &item.ReleasedAt, &item.LockedAt, &item.LockExpiresAt,
	} {
		*at = at.UTC()
	}
	return item
}

// statsOf counts items as QueueStats must.
func statsOf(items []queue.Item) queue.StatsResult {
	byAgent := map[uuid.UUID]map[queue.State]int{}
	stats := queue.StatsResult{States: noItems()}
	for _, item := range items {
		if byAgent[item.AgentID] == nil {
			byAgent[item.AgentID] = noItems()
		}
		byAgent[item.AgentID][item.State]++
		stats.States[item.State]++
	}
	for agent, states := range byAgent {
		stats.Agents = append(stats.Agents, queue.AgentStats{AgentID: agent, States: states})
	}
	slices.SortFunc(stats.Agents, func(a, b queue.AgentStats) int { return compareIDs(a.AgentID, b.AgentID) })
	return stats
}

func noItems() map[queue.State]int {
	states := map[queue.State]int{}
	for _, state := range queue.States() {
		states[state] = 0
	}
	return states
}

// requireCoherent checks what holds of every list of one campaign's items at any
// moment: no contact is active twice, and each item's fields fit its state.
func requireCoherent(t require.TestingT, items []queue.Item) {
	if problem := incoherence(items); problem != "" {
		t.Errorf("%s", problem)
		t.FailNow()
	}
}

// incoherence says what is wrong with a list of one campaign's items, or "".
func incoherence(items []queue.Item) string {
	active, locked := map[uuid.UUID]uuid.UUID{}, map[uuid.UUID]uuid.UUID{}
	for _, item := range items {
		name := "item " + item.ID.String() + " (" + string(item.State) + ")"
		if item.State.Active() {
			if other, twice := active[item.ContactID]; twice {
				return name + ": its contact is active in item " + other.String() + " too"
			}
			active[item.ContactID] = item.ID
		}
		if item.State == queue.StateLocked {
			if other, twice := locked[item.AgentID]; twice {
				return name + ": its agent has item " + other.String() + " locked too"
			}
			locked[item.AgentID] = item.ID
		}
		if problem := unfitting(item); problem != "" {
			return name + ": " + problem
		}
	}
	return ""
}

// purged says whether an item may have been taken out of somebody's hands because of its
// number. When they began to hold it may stand there still.
func purged(item queue.Item) bool {
	return item.State == queue.StateFailed &&
		(item.FailReason == disposition.FailSuppressed || item.FailReason == disposition.FailInvalidNumber)
}

// unfitting says which field does not fit the item's state, or "".
func unfitting(item queue.Item) string {
	holding := item.State == queue.StateLocked || item.State == queue.StateInProgress
	waiting := item.State == queue.StateQueued
	switch {
	case holding && item.AgentID == uuid.Nil:
		return "nobody holds it"
	case holding && (item.LockedAt.IsZero() || item.LockExpiresAt.IsZero()):
		return "it has no lock times"
	case !holding && !purged(item) && (!item.LockedAt.IsZero() || !item.LockExpiresAt.IsZero()):
		return "it has lock times"
	case waiting && item.Pooled && item.AgentID != uuid.Nil:
		return "it waits in the pool and has an agent"
	case waiting && !item.Pooled && item.AgentID == uuid.Nil:
		return "it waits for an agent and has none"
	case (item.State == queue.StateReleased) == item.ReleasedAt.IsZero():
		return "its released_at does not say whether it was released"
	case (item.State == queue.StateFailed) == (item.FailReason == ""):
		return "its fail_reason does not say whether it failed"
	case item.QueuedAt.IsZero(), item.Provenance.By == "", item.Provenance.Reason == "":
		return "it does not say where it came from"
	case item.LockVersion < 0, !waiting && item.LockVersion == 0:
		return "its lock_version does not count its changes"
	}
	return ""
}
