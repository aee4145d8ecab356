package storetest_test

import (
	"bytes"
	"context"
	"maps"
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/outdial/outdial"
	"github.com/outdial/outdial/dialer"
	"github.com/outdial/outdial/dialer/telephony"
)

func (m *memory) RecordEvent(_ context.Context, p telephony.RecordParams) (telephony.RecordResult, error) {
	defer m.lock()()
	key := eventKey{sid: p.Event.CallSID, kind: p.Event.Type, seq: p.Event.Seq}
	switch m.fault {
	case faultEventsIgnoreSeq:
		key.seq = 0
	case faultEventsIgnoreType:
		key.kind = ""
	}
	var at int
	if p.Kept == uuid.Nil {
		if _, known := m.data.power.byKey[key]; known && m.fault != faultEventsTwice {
			return telephony.RecordResult{Duplicate: true}, nil
		}
		m.breathe(faultEventNotAtomic)
		at = m.keep(key, p)
	} else {
		at = slices.IndexFunc(m.data.power.events, func(kept telephony.Kept) bool { return kept.ID == p.Kept })
		if at < 0 {
			return telephony.RecordResult{}, m.spoil(outdial.NotFound("event"))
		}
	}
	call, found := m.callFor(p.Event)
	if !found {
		return telephony.RecordResult{Orphan: true}, nil
	}
	m.breathe(faultMergeNotAtomic)
	before := call
	call = m.merge(call, at)
	if call.CallSID == "" {
		call.CallSID = p.Event.CallSID
		call = m.mergeOrphans(call)
	}
	tell := m.news
	if p.Kept != uuid.Nil {
		tell = m.advance
	}
	call, state, moved := tell(before, call, p.Policy, p.Now)
	return telephony.RecordResult{Call: call.Call, State: state, Moved: moved}, nil
}

// keep adds an event and returns its place.
func (m *memory) keep(key eventKey, p telephony.RecordParams) int {
	kept := telephony.Kept{ID: newID(), Event: p.Event, OccurredAt: m.kept(p.At), CreatedAt: m.kept(p.Now)}
	kept.At = m.kept(p.Event.At)
	if m.fault == faultEventsThin {
		kept.Payload = nil
	}
	at := len(m.data.power.events)
	m.data.power.events = append(m.data.power.events, kept)
	m.data.power.byKey[key] = at
	m.data.power.bySID[p.Event.CallSID] = append(m.data.power.bySID[p.Event.CallSID], at)
	return at
}

// callFor finds the call that an event is about.
func (m *memory) callFor(event telephony.Event) (callRow, bool) {
	ref := event.Ref
	if m.fault == faultRefsIgnoreVersion {
		for known := range m.data.power.refs {
			if known.ItemID == ref.ItemID && known.LockVersion > ref.LockVersion {
				ref = known
			}
		}
	}
	if id, ok := m.data.power.refs[ref]; ok && m.fault != faultRefsIgnored {
		call := m.data.power.calls[id]
		mismatch := call.CallSID != "" && event.CallSID != "" && call.CallSID != event.CallSID
		return call, !mismatch || m.fault == faultMergesOtherSID
	}
	id, ok := m.data.power.sids[event.CallSID]
	return m.data.power.calls[id], ok
}

// merge adds what a kept event says to a call.
func (m *memory) merge(call callRow, at int) callRow {
	event := &m.data.power.events[at]
	event.CallID, event.Ref = call.ID, call.Ref
	if event.Type == telephony.TypeAbandoned && call.AgentID != uuid.Nil && m.fault != faultAbandonsReserved {
		return call
	}
	call.Facts = m.joined(call.Facts, event.Facts(event.OccurredAt))
	return call
}

// joined is what two reports know together.
func (m *memory) joined(f, g dialer.Facts) dialer.Facts {
	joined := f.Merge(g)
	if m.fault != faultLatestWins {
		return joined
	}
	for _, times := range [][2]*time.Time{
		{&joined.RingingAt, &g.RingingAt}, {&joined.AnsweredAt, &g.AnsweredAt}, {&joined.EndedAt, &g.EndedAt},
	} {
		if !times[1].IsZero() {
			*times[0] = *times[1]
		}
	}
	if !g.EndedAt.IsZero() {
		joined.Cause = g.Cause
	}
	return joined
}

// mergeOrphans adds what came of a call before anybody knew whose it was.
func (m *memory) mergeOrphans(call callRow) callRow {
	if m.fault == faultOrphansStay {
		return call
	}
	for _, at := range m.data.power.bySID[call.CallSID] {
		event := m.data.power.events[at]
		other, named := m.data.power.refs[event.Ref]
		if event.CallID == uuid.Nil && (!named || other == call.ID) {
			call = m.merge(call, at)
		}
	}
	return call
}

// news writes a call of which something became known, and moves its item to where
// the facts say. It returns whether the item changed its state.
func (m *memory) news(before, call callRow, policy dialer.RetryPolicy, now time.Time) (callRow, dialer.State, bool) {
	call.LostAt, call.news = time.Time{}, m.kept(now)
	if m.fault == faultLostStays {
		call.LostAt = before.LostAt
	}
	return m.advance(before, call, policy, now)
}

func (m *memory) advance(before, call callRow, policy dialer.RetryPolicy, now time.Time) (callRow, dialer.State, bool) {
	if before.Facts.Equal(call.Facts) && before.CallSID == call.CallSID && before.LostAt.Equal(call.LostAt) && m.fault != faultNothingMoves {
		m.writeCall(call)
		return call, m.data.power.items[call.Ref.CampaignID][call.Ref.ItemID].State, false
	}
	judged := call.Call
	if m.fault == faultMachineDisconnects && judged.AMD.Machine() {
		judged.ConnectedAt = time.Time{}
	}
	if m.fault == faultMachineEnds && judged.AMD.Machine() && judged.EndedAt.IsZero() {
		judged.EndedAt = judged.AMDAt
	}
	h := m.history(call.Ref.CampaignID, call.ContactID, call.ID, uuid.Nil, 0, now)
	progress := m.policy(call.Ref.CampaignID, policy, faultCallPolicy).Progress(judged, h)
	item := m.data.power.items[call.Ref.CampaignID][call.Ref.ItemID]
	if progress.Outcome == "" && !before.SettledAt.IsZero() {
		holder, held := m.data.power.holds[call.Phone]
		if held && holder != call.ID && m.fault != faultReopensHeld || m.fault == faultReopensNever {
			m.writeCall(call)
			return call, item.State, false
		}
	}
	call.Outcome = progress.Outcome
	switch {
	case progress.Outcome == "":
		call.SettledAt = time.Time{}
	case call.SettledAt.IsZero():
		call.SettledAt = m.kept(now)
	}
	item = m.recount(before.Call, call.Call, item)
	mine, moved := item.LockVersion == before.ItemVersion || m.fault == faultMovesSuccessor, false
	if mine {
		if moved = item.State != progress.State; moved {
			item = m.moveItemTo(item, progress.State)
		}
		item.NextAttemptAt, item.FailReason = m.kept(progress.NextAttemptAt), progress.FailReason
		item.CallSID, item.AgentID = call.CallSID, call.AgentID
		call.ItemVersion = item.LockVersion
	}
	if mine && (progress.Outcome != "" || !before.SettledAt.IsZero()) {
		m.writeLedger(item, now)
	}
	m.writeItem(item, now)
	m.writeCall(call)
	m.followCall(call.Call, now)
	return call, item.State, moved
}

// recount counts an attempt no more that was never placed, and counts it again when
// it turns out that it was.
func (m *memory) recount(before, after dialer.Call, item dialer.Item) dialer.Item {
	counts := func(call dialer.Call) int {
		if call.PlacedAt.IsZero() || call.Outcome == dialer.OutcomeNotPlaced && m.fault != faultUnplacedCounts {
			return 0
		}
		return 1
	}
	by := counts(after) - counts(before)
	members := m.data.members[item.CampaignID]
	who := members[item.ContactID]
	who.attempts += by
	members[item.ContactID] = who
	item.Attempts += by
	return item
}

// writeLedger keeps what a call means for its contact in the campaign.
func (m *memory) writeLedger(item dialer.Item, now time.Time) {
	if m.fault == faultLedgerForgotten {
		return
	}
	members := m.data.members[item.CampaignID]
	who := members[item.ContactID]
	who.next = item.NextAttemptAt
	switch {
	case !item.State.Active() && m.fault != faultNeverFinished:
		who.finishedAt, who.finishReason, who.finishedByCall = m.kept(now), item.FailReason, true
	case who.finishedByCall && m.fault != faultFinishedForever:
		who.finishedAt, who.finishReason, who.finishedByCall = time.Time{}, "", false
	}
	members[item.ContactID] = who
}

func (m *memory) RecordCall(_ context.Context, p dialer.RecordCallParams) (dialer.RecordCallResult, error) {
	defer m.lock()()
	call, ok := m.callOf(p.CampaignID, p.CallID)
	if !ok {
		return dialer.RecordCallResult{}, m.spoil(outdial.NotFound("call"))
	}
	before := call
	m.breathe(faultMergeNotAtomic)
	facts := p.Facts
	for _, at := range []*time.Time{
		&facts.InitiatedAt, &facts.RingingAt, &facts.AnsweredAt, &facts.AMDAt, &facts.ConnectedAt,
		&facts.AbandonedAt, &facts.EndedAt, &facts.NotPlacedAt,
	} {
		*at = m.kept(*at)
	}
	call.Facts = m.joined(call.Facts, facts)
	if p.CallSID != "" && (call.CallSID == "" || m.fault == faultSIDOverwritten) {
		call.CallSID = p.CallSID
		call = m.mergeOrphans(call)
	}
	var state dialer.State
	switch {
	case !p.Lost:
		call, state, _ = m.news(before, call, p.Policy, p.Now)
	case call.Seen() && m.fault != faultLosesSeen || !call.SettledAt.IsZero():
		state = m.data.power.items[p.CampaignID][call.Ref.ItemID].State
	case m.fault == faultLostRetried:
		call.NotPlacedAt = m.kept(p.Now)
		call, state, _ = m.news(before, call, p.Policy, p.Now)
	default:
		call.LostAt = m.kept(p.Now)
		call, state, _ = m.advance(before, call, p.Policy, p.Now)
	}
	return dialer.RecordCallResult{Call: call.Call, State: state}, nil
}

func (m *memory) SweepCalls(_ context.Context, p dialer.SweepParams) (dialer.SweepResult, error) {
	defer m.lock()()
	result := dialer.SweepResult{}
	for id := range maps.Clone(m.data.power.open) {
		before := m.data.power.calls[id]
		call := before
		unplaced := call.PlacedAt.IsZero() && !call.Seen() || m.fault == faultSweepsPlaced && call.ConnectedAt.IsZero()
		since, began := p.StuckSince, call.news
		switch {
		case unplaced && m.fault != faultSweepsUnplacedLost:
			since, began = p.UnplacedSince, call.ClaimedAt
		case !call.ConnectedAt.IsZero() && m.fault != faultSweepsTalking:
			since = p.TalkingSince
		}
		if m.fault == faultSweepsByPlacing && !unplaced {
			began = call.PlacedAt
		}
		old := began.Before(since) || began.Equal(since) && m.fault == faultSweepsBoundary
		switch {
		case !old || !call.LostAt.IsZero():
		case unplaced && m.fault != faultSweepsUnplacedLost:
			call.NotPlacedAt = m.kept(p.Now)
			m.advance(before, call, p.Policy, p.Now)
			result.Returned++
		default:
			call.LostAt = m.kept(p.Now)
			m.advance(before, call, p.Policy, p.Now)
			result.Lost++
		}
	}
	for at, event := range m.data.power.events {
		if event.CallID != uuid.Nil {
			continue
		}
		if call, found := m.callFor(event.Event); found && m.fault != faultOrphansStay {
			m.advance(call, m.merge(call, at), p.Policy, p.Now)
			result.Matched++
		}
	}
	return result, nil
}

func (m *memory) ListCalls(_ context.Context, p dialer.ListCallsParams) (dialer.ListCallsResult, error) {
	defer m.lock()()
	ids := m.data.power.of[p.CampaignID]
	if p.CampaignID == uuid.Nil {
		ids = slices.Collect(maps.Keys(m.data.power.calls))
	}
	result := dialer.ListCallsResult{}
	for _, id := range ids {
		call := m.data.power.calls[id]
		item := m.data.power.items[call.Ref.CampaignID][call.Ref.ItemID]
		theirs := item.LockVersion == call.ItemVersion || m.fault == faultListsSucceeded
		if bytes.Compare(id[:], p.After[:]) <= 0 || p.Unsettled && !call.SettledAt.IsZero() && m.fault != faultListsSettled ||
			len(p.States) > 0 && (!theirs || !slices.Contains(p.States, item.State)) {
			continue
		}
		result.Calls = append(result.Calls, call.Call)
	}
	slices.SortFunc(result.Calls, func(a, b dialer.Call) int { return bytes.Compare(a.ID[:], b.ID[:]) })
	result.More = len(result.Calls) > p.Limit
	result.Calls = result.Calls[:min(p.Limit, len(result.Calls))]
	return result, nil
}

func (m *memory) ListCallItems(_ context.Context, p dialer.ListItemsParams) (dialer.ListItemsResult, error) {
	defer m.lock()()
	result := dialer.ListItemsResult{}
	for id, item := range m.data.power.items[p.CampaignID] {
		if bytes.Compare(id[:], p.After[:]) > 0 && (p.State == "" || item.State == p.State) {
			result.Items = append(result.Items, item)
		}
	}
	slices.SortFunc(result.Items, func(a, b dialer.Item) int { return bytes.Compare(a.ID[:], b.ID[:]) })
	result.More = len(result.Items) > p.Limit
	result.Items = result.Items[:min(p.Limit, len(result.Items))]
	return result, nil
}

func (m *memory) DialerStats(_ context.Context, p dialer.StatsParams) (dialer.StatsResult, error) {
	defer m.lock()()
	if !m.known(p.CampaignID) {
		return dialer.StatsResult{}, m.spoil(outdial.NotFound("campaign"))
	}
	result := dialer.StatsResult{Status: m.status(p.CampaignID), States: map[dialer.State]int{}, Agents: map[string]int{}}
	for _, state := range dialer.States() {
		if m.fault != faultPowerNoZeros {
			result.States[state] = 0
		}
	}
	for _, item := range m.data.power.items[p.CampaignID] {
		result.States[item.State]++
		if item.State == dialer.StateQueued && (!item.NextAttemptAt.After(p.Now) || m.fault == faultDueIsQueued) {
			result.Due++
		}
	}
	m.countAgents(p.CampaignID, result.Agents)
	return result, nil
}

func (m *memory) ListEvents(_ context.Context, p telephony.ListParams) (telephony.ListResult, error) {
	defer m.lock()()
	result := telephony.ListResult{}
	for _, event := range m.data.power.events {
		until := p.Until.IsZero() || event.CreatedAt.Before(p.Until) || event.CreatedAt.Equal(p.Until) && m.fault == faultEventsUntil
		if bytes.Compare(event.ID[:], p.After[:]) > 0 &&
			(p.CampaignID == uuid.Nil || event.Ref.CampaignID == p.CampaignID) &&
			(p.ItemID == uuid.Nil || event.Ref.ItemID == p.ItemID) &&
			(p.CallSID == "" || event.CallSID == p.CallSID) &&
			(p.Since.IsZero() || !event.CreatedAt.Before(p.Since)) && until &&
			(!p.Orphans || event.CallID == uuid.Nil) {
			result.Events = append(result.Events, event)
		}
	}
	result.More = len(result.Events) > p.Limit
	result.Events = result.Events[:min(p.Limit, len(result.Events))]
	return result, nil
}
