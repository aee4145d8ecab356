package storetest

import (
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/outdial/outdial"
	"github.com/outdial/outdial/dialer"
	"github.com/outdial/outdial/dialer/presence"
	"github.com/outdial/outdial/dialer/telephony"
)

// counted is how often a call counts as an attempt.
func counted(call dialer.Call) int {
	if call.PlacedAt.IsZero() || call.Outcome == dialer.OutcomeNotPlaced {
		return 0
	}
	return 1
}

// bring brings everything that hangs on a call to where its facts say, and says
// whether the item changed its state.
func (m *powerModel) bring(call *modelCall, policy dialer.RetryPolicy, now time.Time) bool {
	item, before := m.itemOf(call), call.Call
	progress := policy.Progress(call.Call, dialer.History{})
	mine := item.LockVersion == call.ItemVersion
	if other := m.holder(call.Phone); progress.Outcome == "" && !call.SettledAt.IsZero() && other != nil && other != call {
		return false
	}
	switch {
	case progress.Outcome == "":
		call.SettledAt = time.Time{}
	case call.SettledAt.IsZero():
		call.SettledAt = now
	case progress.Outcome != call.Outcome:
		if call.settledBefore.IsZero() {
			call.settledBefore = call.SettledAt
		}
		call.SettledAt = now
	}
	call.Outcome = progress.Outcome
	m.count(call, item, counted(call.Call)-counted(before))
	moved := false
	if mine {
		moved = m.moveItem(item, progress)
		call.ItemVersion = item.LockVersion
		item.CallSID, item.AgentID = call.CallSID, call.AgentID
		if progress.Outcome != "" || before.Outcome != "" {
			m.keepLedger(item)
		}
	}
	m.follow(call, now)
	return moved
}

// moveItem moves an item to where its call has brought it. A change that leaves the
// state as it is may or may not be counted.
func (m *powerModel) moveItem(item *modelItem, progress dialer.Progress) bool {
	moved := item.State != progress.State
	if moved {
		item.Item = movedTo(item.Item, progress.State)
	} else if item.FailReason != progress.FailReason ||
		item.State == dialer.StateQueued && !item.NextAttemptAt.Equal(progress.NextAttemptAt) {
		item.slack++
	}
	item.NextAttemptAt, item.FailReason = progress.NextAttemptAt, progress.FailReason
	return moved
}

// keepLedger keeps what a settled call means for its contact in the campaign.
func (m *powerModel) keepLedger(item *modelItem) {
	entry := m.ledgers[item.CampaignID][item.ContactID]
	entry.nextAttemptAt = item.NextAttemptAt
	switch {
	case !item.State.Active():
		entry.finished, entry.finishedByCall = true, true
	case entry.finishedByCall:
		entry.finished, entry.finishedByCall = false, false
	}
	m.ledgers[item.CampaignID][item.ContactID] = entry
}

// hear merges news into a call. Those that say nothing new move nothing.
func (m *powerModel) hear(call *modelCall, facts dialer.Facts, policy dialer.RetryPolicy, now time.Time) bool {
	before := call.Call
	call.Facts, call.LostAt = call.Merge(facts), time.Time{}
	call.heard, call.perhapsHeard = now, now
	if call.Facts.Equal(before.Facts) && before.LostAt.IsZero() {
		return false
	}
	return m.bring(call, policy, now)
}

// name gives a call its name unless it has one, and merges what had come under that
// name. Whether the call is settled and opened on the way, and how many changes of
// state that is, depends on how a store goes about it.
func (m *powerModel) name(call *modelCall, was moment, sid string, policy dialer.RetryPolicy, now time.Time) {
	if call.CallSID != "" || sid == "" {
		return
	}
	call.CallSID = sid
	item, merged := m.itemOf(call), 0
	for _, event := range m.events {
		named := m.named(event.Event.Ref)
		if event.call != nil || event.Event.CallSID != sid || named != nil && named != call {
			continue
		}
		event.call = call
		m.hear(call, m.says(event.RecordParams, call), policy, now)
		merged++
	}
	if merged > 0 {
		call.settledBefore = was.call.SettledAt
	}
	if item.LockVersion != call.ItemVersion {
		return
	}
	item.CallSID = sid
	if merged == 0 {
		return
	}
	fewest, most := was.item.LockVersion, item.LockVersion+item.slack+merged
	if item.State != was.item.State {
		fewest++
	}
	item.LockVersion, call.ItemVersion, item.slack = fewest, fewest, most-fewest
}

// moment is a call and its item as they were before a step.
type moment struct {
	call dialer.Call
	item dialer.Item
}

func (m *powerModel) momentOf(call *modelCall) moment {
	return moment{call: call.Call, item: m.itemOf(call).Item}
}

// says is what an event says of a call.
func (m *powerModel) says(p telephony.RecordParams, call *modelCall) dialer.Facts {
	if p.Event.Type == telephony.TypeAbandoned && call.AgentID != uuid.Nil {
		return dialer.Facts{}
	}
	return p.Event.Facts(p.At)
}

// named returns the call that a Ref names, or nil.
func (m *powerModel) named(ref dialer.Ref) *modelCall {
	for _, call := range m.calls {
		if call.Ref == ref {
			return call
		}
	}
	return nil
}

// find returns the call that an event is about, or nil.
func (m *powerModel) find(event telephony.Event) *modelCall {
	if call := m.named(event.Ref); call != nil {
		if call.CallSID != "" && call.CallSID != event.CallSID {
			return nil
		}
		return call
	}
	for _, call := range m.calls {
		if call.CallSID == event.CallSID {
			return call
		}
	}
	return nil
}

func (m *powerModel) recordEvent(p telephony.RecordParams) telephony.RecordResult {
	at := slices.IndexFunc(m.events, func(known *modelEvent) bool {
		return known.Event.CallSID == p.Event.CallSID && known.Event.Type == p.Event.Type && known.Event.Seq == p.Event.Seq
	})
	if p.Kept == uuid.Nil && at >= 0 {
		return telephony.RecordResult{Duplicate: true}
	}
	if at < 0 {
		at = len(m.events)
		m.events = append(m.events, &modelEvent{RecordParams: p})
	}
	event := m.events[at]
	event.call = m.find(p.Event)
	if event.call == nil {
		return telephony.RecordResult{Orphan: true}
	}
	call, was := event.call, m.momentOf(event.call)
	var moved bool
	if p.Kept == uuid.Nil {
		moved = m.hear(call, m.says(p, call), p.Policy, p.Now)
	} else {
		call.Facts, call.perhapsHeard = call.Merge(m.says(p, call)), p.Now
		if !call.Facts.Equal(was.call.Facts) {
			moved = m.bring(call, p.Policy, p.Now)
		}
	}
	m.name(call, was, p.Event.CallSID, p.Policy, p.Now)
	return telephony.RecordResult{Call: call.Call, State: m.itemOf(call).State, Moved: moved}
}

func (m *powerModel) recordCall(p dialer.RecordCallParams) (dialer.RecordCallResult, error) {
	call := m.callWith(p.CampaignID, p.CallID)
	if call == nil {
		return dialer.RecordCallResult{}, outdial.ErrNotFound
	}
	was := m.momentOf(call)
	switch {
	case !p.Lost:
		m.hear(call, p.Facts, p.Policy, p.Now)
		m.name(call, was, p.CallSID, p.Policy, p.Now)
	case !call.Seen() && call.SettledAt.IsZero():
		m.lose(call, p.Policy, p.Now)
	default:
		call.perhapsHeard = p.Now
	}
	return dialer.RecordCallResult{Call: call.Call, State: m.itemOf(call).State}, nil
}

func (m *powerModel) lose(call *modelCall, policy dialer.RetryPolicy, now time.Time) {
	call.LostAt = now
	m.bring(call, policy, now)
}

// sweep settles and loses what it must. Of a call of which it is open whether there
// was news, the store's word counts.
func (m *powerModel) sweep(p dialer.SweepParams, lost func(call *modelCall) bool) dialer.SweepResult {
	result := dialer.SweepResult{}
	for _, call := range m.calls {
		if !call.SettledAt.IsZero() || !call.LostAt.IsZero() {
			continue
		}
		if call.PlacedAt.IsZero() {
			if call.ClaimedAt.Before(p.UnplacedSince) {
				call.NotPlacedAt = p.Now
				m.bring(call, p.Policy, p.Now)
				result.Returned++
			}
			continue
		}
		since := p.StuckSince
		if !call.ConnectedAt.IsZero() {
			since = p.TalkingSince
		}
		certainly, perhaps := call.perhapsHeard.Before(since), call.heard.Before(since)
		if certainly || perhaps && lost(call) {
			m.lose(call, p.Policy, p.Now)
			result.Lost++
		}
	}
	return result
}

func (m *powerModel) setPresence(p presence.SetParams) (presence.Session, error) {
	session := m.sessions[p.AgentID]
	if session != nil && session.State.Busy() {
		return presence.Session{}, outdial.ErrConflict
	}
	if session == nil || session.State != p.State || session.CampaignID != p.CampaignID {
		session = &presence.Session{AgentID: p.AgentID, CampaignID: p.CampaignID, State: p.State, Since: p.Now}
		m.sessions[p.AgentID] = session
	}
	session.ExpiresAt = p.ExpiresAt
	return *session, nil
}

func (m *powerModel) touchPresence(p presence.TouchParams) (presence.Session, error) {
	session := m.sessions[p.AgentID]
	if session == nil || session.State == presence.StateOffline {
		return presence.Session{}, outdial.ErrNotFound
	}
	session.ExpiresAt = p.ExpiresAt
	return *session, nil
}

// reservable returns the agents whom a call may get, the longest idle, among whom it
// is open which.
func (m *powerModel) reservable(p presence.ReserveParams) []uuid.UUID {
	longest, first := []uuid.UUID{}, time.Time{}
	for _, session := range m.sessions {
		if session.CampaignID != p.CampaignID || session.State != presence.StateReady || !session.ExpiresAt.After(p.Now) {
			continue
		}
		switch {
		case len(longest) == 0 || session.Since.Before(first):
			longest, first = []uuid.UUID{session.AgentID}, session.Since
		case session.Since.Equal(first):
			longest = append(longest, session.AgentID)
		}
	}
	return longest
}

// reserve takes the agent whom the store took, if that is possible.
func (m *powerModel) reserve(p presence.ReserveParams, got uuid.UUID) (presence.ReserveResult, error) {
	call := m.callWith(p.CampaignID, p.CallID)
	if call == nil {
		return presence.ReserveResult{}, outdial.ErrNotFound
	}
	over := !call.SettledAt.IsZero() || !call.EndedAt.IsZero() || !call.ConnectedAt.IsZero() || !call.AbandonedAt.IsZero()
	switch {
	case over:
		return presence.ReserveResult{Gone: true}, nil
	case call.AgentID != uuid.Nil:
		return presence.ReserveResult{AgentID: call.AgentID, Held: true}, nil
	}
	longest := m.reservable(p)
	if len(longest) == 0 {
		return presence.ReserveResult{}, nil
	}
	if !slices.Contains(longest, got) {
		got = longest[0]
	}
	session := m.sessions[got]
	session.State, session.Since, session.CallID = presence.StateReserved, p.Now, call.ID
	m.assign(call, got, p.Now)
	return presence.ReserveResult{AgentID: got}, nil
}

func (m *powerModel) assign(call *modelCall, agent uuid.UUID, now time.Time) {
	call.AgentID, call.perhapsHeard = agent, now
	if item := m.itemOf(call); item.LockVersion == call.ItemVersion {
		item.AgentID = agent
	}
}

func (m *powerModel) release(p presence.ReleaseParams) {
	call, session := m.callWith(p.CampaignID, p.CallID), m.sessions[p.AgentID]
	if call == nil || session == nil || session.State != presence.StateReserved || session.CallID != p.CallID {
		return
	}
	session.State, session.Since = presence.StateReady, p.Now
	if call.AgentID == p.AgentID {
		m.assign(call, uuid.Nil, p.Now)
	}
}

// follow brings a call's agent to where the call is.
func (m *powerModel) follow(call *modelCall, now time.Time) {
	session := m.sessions[call.AgentID]
	if session == nil || session.CallID != call.ID {
		return
	}
	move, over, talked := presence.Move(""), !call.SettledAt.IsZero(), !call.ConnectedAt.IsZero()
	switch {
	case over && talked:
		move = presence.MoveWrapUp
	case over:
		move = presence.MoveUnreserve
	case talked:
		move = presence.MoveAnswer
	}
	for _, transition := range presence.Transitions() {
		if transition.Move == move && slices.Contains(transition.From, session.State) {
			session.State, session.Since = transition.To[0], now
			return
		}
	}
}

func (m *powerModel) expire(p presence.ExpireParams) int {
	changed := 0
	for _, session := range m.sessions {
		if !session.ExpiresAt.After(p.Now) && session.State != presence.StateOffline && !session.State.Busy() {
			session.State, session.Since = presence.StateOffline, p.Now
			changed++
		}
	}
	return changed
}
