package storetest

import (
	"slices"
	"time"

	"github.com/google/uuid"
	"pgregory.net/rapid"

	"github.com/outdial/outdial/dialer"
	"github.com/outdial/outdial/dialer/callwindow"
	"github.com/outdial/outdial/dialer/presence"
	"github.com/outdial/outdial/dialer/telephony"
)

// drawCall mostly draws one of those that are of interest, the latest most often.
func (m *powerMachine) drawCall(t *rapid.T, ofInterest func(call *modelCall) bool) *modelCall {
	calls := slices.DeleteFunc(slices.Clone(m.power.calls), func(call *modelCall) bool { return !ofInterest(call) })
	if len(calls) == 0 || rapid.IntRange(0, 7).Draw(t, "any when 7") == 7 {
		calls = slices.Clone(m.power.calls)
	}
	if len(calls) == 0 {
		t.Skip("nothing was claimed yet")
	}
	slices.Reverse(calls)
	return calls[rapid.IntRange(0, len(calls)-1).Draw(t, "call")]
}

// drawTime draws when something happened: now, or not long ago.
func (m *powerMachine) drawTime(t *rapid.T) time.Time {
	return m.now.Add(-rapid.SampledFrom([]time.Duration{0, 0, time.Microsecond, time.Minute, time.Hour}).Draw(t, "ago"))
}

// drawEvent draws a report about a call, under the name that the call has or will
// have, and seldom under one that is nobody's.
func (m *powerMachine) drawEvent(t *rapid.T, call *modelCall) telephony.Event {
	kinds := append(telephony.Types(), telephony.TypeEnded, telephony.TypeEnded, telephony.TypeConnected, telephony.TypeRinging)
	event := telephony.Event{
		Ref: call.Ref, CallSID: sidOf(call.Call), Type: rapid.SampledFrom(kinds).Draw(t, "type"),
		Seq: rapid.IntRange(0, 2).Draw(t, "seq"), Source: "webhook", Payload: []byte(`{"n": 1}`),
	}
	switch event.Type {
	case telephony.TypeAMD:
		event.AMD = rapid.SampledFrom(dialer.AMDVerdicts()).Draw(t, "verdict")
	case telephony.TypeEnded:
		event.Cause = rapid.SampledFrom(append(dialer.Causes(), dialer.CauseBusy, dialer.CauseNoAnswer)).Draw(t, "cause")
	}
	switch rapid.IntRange(0, 9).Draw(t, "which call") {
	case 0, 1, 2:
		event.Ref = dialer.Ref{}
	case 3:
		event.Ref.LockVersion += 100
	case 4:
		event.CallSID = newSID()
	}
	return event
}

// drawLimits mostly draws none, and otherwise often such as are just about to be
// reached by some call.
func (m *powerMachine) drawLimits(t *rapid.T) dialer.Limits {
	limits := anytime
	switch rapid.IntRange(0, 9).Draw(t, "limits") {
	case 0:
		limits.Open = callwindow.Open{Zones: rapid.SliceOfDistinct(rapid.SampledFrom(zones), rapid.ID).Draw(t, "zones")}
	case 1, 2, 3:
		within := rapid.SampledFrom(waits).Draw(t, "within")
		if at, found := m.drawWhen(t, func(call *modelCall) time.Time { return call.PlacedAt }); found {
			within = max(0, m.now.Sub(at))
		}
		limits.Caps = append(limits.Caps, callwindow.Cap{Attempts: rapid.SampledFrom([]int{1, 1, 1, 2, 0}).Draw(t, "attempts"), Within: within})
	case 4, 5:
		limits.AbandonedSince = m.drawTime(t)
		if at, found := m.drawWhen(t, func(call *modelCall) time.Time { return call.AbandonedAt }); found {
			limits.AbandonedSince = at
		}
	}
	return limits
}

// drawWhen draws a time at which something happened to a call, or one just before or
// after it, if that has happened to any.
func (m *powerMachine) drawWhen(t *rapid.T, when func(call *modelCall) time.Time) (time.Time, bool) {
	times := []time.Time{}
	for _, call := range m.power.calls {
		if at := when(call); !at.IsZero() {
			times = append(times, at)
		}
	}
	if len(times) == 0 {
		return time.Time{}, false
	}
	around := rapid.SampledFrom([]time.Duration{0, 0, time.Microsecond, -time.Microsecond}).Draw(t, "and")
	return rapid.SampledFrom(times).Draw(t, "when").Add(around), true
}

// drawLease mostly draws none, and otherwise any that somebody ever had.
func (m *powerMachine) drawLease(t *rapid.T) dialer.Lease {
	if len(m.leases) == 0 || rapid.IntRange(0, 1).Draw(t, "a lease when 1") == 0 {
		return dialer.Lease{}
	}
	return m.leases[len(m.leases)-1-rapid.IntRange(0, len(m.leases)-1).Draw(t, "lease")]
}

// drawPatience draws how long an agent counts as present.
func (m *powerMachine) drawPatience(t *rapid.T) time.Duration {
	return rapid.SampledFrom([]time.Duration{time.Hour, 24 * time.Hour, time.Minute}).Draw(t, "present for")
}

// settleDoubts takes from the store what the model leaves open.
func (m *powerModel) settleDoubts(campaign uuid.UUID, items []dialer.Item, calls []dialer.Call) {
	for _, item := range m.dialing {
		at := slices.IndexFunc(items, func(stored dialer.Item) bool { return stored.ID == item.ID })
		if item.CampaignID != campaign || at < 0 {
			continue
		}
		for _, call := range m.calls {
			stored := slices.IndexFunc(calls, func(stored dialer.Call) bool { return stored.ID == call.ID })
			if call.Ref.ItemID == item.ID && stored >= 0 {
				m.settleDoubt(item, call, items[at].LockVersion, calls[stored].SettledAt)
				m.settleNameless(item, call, items[at].CallSID)
			}
		}
		item.slack = 0
	}
}

// settleDoubt takes the version of a call's item, and when the call was settled, from
// the store, if they are possible.
func (m *powerModel) settleDoubt(item *modelItem, call *modelCall, version int, settled time.Time) {
	if call.ItemVersion == item.LockVersion {
		if more := version - item.LockVersion; more > 0 && more <= item.slack {
			item.LockVersion, call.ItemVersion = version, version
		}
	}
	if !call.settledBefore.IsZero() && !call.SettledAt.IsZero() && settled.Equal(call.settledBefore) {
		call.SettledAt = settled
	}
}

// settleNameless lets the store say whether an item shows the name of a call that it
// takes for not placed, though events have come, because another has the phone.
func (m *powerModel) settleNameless(item *modelItem, call *modelCall, sid string) {
	if sid == "" && call.ItemVersion == item.LockVersion && call.Outcome == dialer.OutcomeNotPlaced && call.Seen() {
		item.CallSID = ""
	}
}

// asOpen is a call without what a settled call leaves open.
func asOpen(call dialer.Call) dialer.Call {
	if !call.SettledAt.IsZero() {
		call.LostAt = time.Time{}
	}
	return call
}

func (m *powerModel) compareItems(t *rapid.T, campaign uuid.UUID, got []dialer.Item) {
	requireCoherentDialing(t, got)
	want := []dialer.Item{}
	for _, item := range m.dialing {
		if item.CampaignID == campaign {
			want = append(want, asQueued(item.Item))
		}
	}
	slices.SortFunc(want, func(a, b dialer.Item) int { return compareIDs(a.ID, b.ID) })
	got = slices.Clone(got)
	for i := range got {
		got[i] = asQueued(got[i])
	}
	requireSame(t, want, got)
}

func (m *powerModel) compareCalls(t *rapid.T, campaign uuid.UUID, got []dialer.Call) {
	want := []dialer.Call{}
	for _, call := range m.calls {
		call.settledBefore = time.Time{}
		if call.Ref.CampaignID == campaign {
			want = append(want, asOpen(call.Call))
		}
	}
	slices.SortFunc(want, func(a, b dialer.Call) int { return compareIDs(a.ID, b.ID) })
	got = slices.Clone(got)
	for i := range got {
		got[i] = asOpen(got[i])
	}
	requireSame(t, want, got)
}

func (m *powerModel) compareSessions(t *rapid.T, campaign uuid.UUID, got []presence.Session) {
	want := []presence.Session{}
	for _, session := range m.sessions {
		if session.CampaignID == campaign {
			want = append(want, asAtWork(*session))
		}
	}
	slices.SortFunc(want, func(a, b presence.Session) int { return compareIDs(a.AgentID, b.AgentID) })
	got = slices.Clone(got)
	for i := range got {
		got[i] = asAtWork(got[i])
	}
	requireSame(t, want, got)
}

// instants returns the times after now at which something changes by itself: an item
// is due, an agent or a lease expires.
func (m *powerModel) instants(now time.Time) []time.Time {
	instants := []time.Time{}
	for _, item := range m.dialing {
		if item.State == dialer.StateQueued {
			instants = append(instants, item.NextAttemptAt)
		}
	}
	for _, session := range m.sessions {
		instants = append(instants, session.ExpiresAt)
	}
	for _, lease := range m.leases {
		instants = append(instants, lease.ExpiresAt)
	}
	return upcoming(instants, now)
}
