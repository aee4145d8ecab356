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
	"github.com/outdial/outdial/disposition"
	"github.com/outdial/outdial/queue"
	"github.com/outdial/outdial/suppression"
)

// recorded is what there is of dispositions, and of what hangs on them.
type recorded struct {
	rows     []dispositionRow
	leads    []disposition.Lead
	policies map[uuid.UUID]dialer.RetryPolicy
}

// dispositionRow is a disposition with what a repeated request gets, and what a
// correction puts back.
type dispositionRow struct {
	disposition.Record

	outcome     dialer.Outcome
	fingerprint string
	result      disposition.Result
	// before is as the first disposition of the attempt found it.
	before disposal
	// statuses are those of the contacts whose number it marked as wrong.
	statuses map[uuid.UUID]outdial.PhoneStatus
	// stays says that the item is where others put it, whatever is recorded.
	stays bool
}

// disposal is what a disposition is about: an item of either queue, and what the
// campaign knows of its contact.
type disposal struct {
	queue   disposition.Queue
	item    queue.Item
	dialed  dialer.Item
	call    callRow
	contact outdial.Contact
	who     member
}

func (r recorded) clone() recorded {
	return recorded{rows: slices.Clone(r.rows), leads: slices.Clone(r.leads), policies: maps.Clone(r.policies)}
}

func (d disposal) agentID() uuid.UUID {
	if d.queue == disposition.QueueAgent {
		return d.item.AgentID
	}
	return d.call.AgentID
}

func (d disposal) version() int {
	if d.queue == disposition.QueueAgent {
		return d.item.LockVersion
	}
	return d.dialed.LockVersion
}

// number is the one that was called.
func (d disposal) number() outdial.Phone {
	if d.queue == disposition.QueueAgent {
		return d.contact.Phone
	}
	return d.call.Phone
}

// purged says whether a purge took the item out of the agent's hands.
func (d disposal) purged() bool {
	about := func(reason string) bool {
		return reason == disposition.FailSuppressed || reason == disposition.FailInvalidNumber
	}
	if d.queue == disposition.QueueAgent {
		return d.item.State == queue.StateFailed && about(d.item.FailReason) && !d.item.LockedAt.IsZero()
	}
	return d.dialed.State == dialer.StateFailed && about(d.dialed.FailReason) && d.dialed.LockVersion == d.call.ItemVersion+1
}

// seen says whether the item still is what somebody saw who names that version.
func (d disposal) seen(version int) bool {
	if d.queue == disposition.QueueAgent {
		return version == d.item.LockVersion || d.purged() && version+1 == d.item.LockVersion
	}
	same := version >= d.call.Ref.LockVersion && version <= d.call.ItemVersion && d.call.ID != uuid.Nil
	return same && (d.dialed.LockVersion == d.call.ItemVersion || d.purged()) || d.call.ID == uuid.Nil && version == d.dialed.LockVersion
}

// had says whether there is something to dispose of.
func (d disposal) had() bool {
	if d.queue == disposition.QueueAgent {
		return d.item.State == queue.StateLocked || d.item.State == queue.StateInProgress || d.purged()
	}
	return !d.call.ConnectedAt.IsZero()
}

func (m *memory) findDisposal(p disposition.RecordParams) (disposal, bool) {
	for campaignID, items := range m.data.items {
		for _, item := range items {
			if item.ID == p.ItemID && (campaignID == p.CampaignID || m.fault == faultDisposesAnywhere) {
				return disposal{
					queue: disposition.QueueAgent, item: item,
					contact: m.data.contacts[item.ContactID], who: m.data.members[campaignID][item.ContactID],
				}, true
			}
		}
	}
	item, ok := m.data.power.items[p.CampaignID][p.ItemID]
	d := disposal{
		queue: disposition.QueuePower, dialed: item,
		contact: m.data.contacts[item.ContactID], who: m.data.members[p.CampaignID][item.ContactID],
	}
	for _, id := range m.data.power.of[p.CampaignID] {
		call := m.data.power.calls[id]
		if call.Ref.ItemID == p.ItemID && (d.call.ID == uuid.Nil || call.Ref.LockVersion > d.call.Ref.LockVersion) {
			d.call = call
		}
	}
	return d, ok
}

func (m *memory) RecordDisposition(ctx context.Context, p disposition.RecordParams) (disposition.Result, error) {
	return remember(ctx, m, p.Idempotency, p.Now, func() (disposition.Result, error) {
		d, ok := m.findDisposal(p)
		if !ok {
			return disposition.Result{}, outdial.NotFound("queue_item")
		}
		if old, again, err := m.repeated(p); again {
			return old, err
		}
		row := dispositionRow{before: d, fingerprint: p.Fingerprint, outcome: p.Rule.Outcome, Record: disposition.Record{
			ID: newID(), CampaignID: p.CampaignID, Queue: d.queue, ItemID: p.ItemID, LockVersion: p.LockVersion,
			ContactID: d.contact.ID, CallID: d.call.ID, AgentID: d.agentID(), ActorID: p.ActorID, Code: p.Rule.Code, Effect: p.Rule.Effect,
			CallbackAt: m.kept(p.CallbackAt), Metadata: bytes.Clone(p.Metadata), Supersedes: p.Supersedes, RecordedAt: m.kept(p.Now),
		}}
		row.stays = d.purged()
		last := -1
		var err error
		if p.Supersedes == uuid.Nil {
			err = m.mayDispose(d, p)
		} else if last, err = m.mayCorrect(d, p); err == nil {
			row.before, row.Attempt = m.data.recorded.rows[last].before, m.data.recorded.rows[last].Attempt
			row.AgentID = m.data.recorded.rows[last].AgentID
			row.stays = m.data.recorded.rows[last].stays
		}
		if err == nil {
			err = m.mayCallBack(d, p)
		}
		if err != nil {
			return disposition.Result{}, err
		}
		m.breathe(faultDisposeNotAtomic)
		return m.dispose(d, p, row, last)
	})
}

// repeated answers a request about a version that was disposed of already.
func (m *memory) repeated(p disposition.RecordParams) (disposition.Result, bool, error) {
	for _, row := range m.data.recorded.rows {
		if row.CampaignID != p.CampaignID || row.ItemID != p.ItemID || row.LockVersion != p.LockVersion || m.fault == faultRepeatsAnew {
			continue
		}
		switch {
		case p.AgentID != uuid.Nil && row.AgentID != p.AgentID && m.fault != faultRepeatsToAnyone:
			return disposition.Result{}, true, outdial.Forbidden("another agent's")
		case row.fingerprint != p.Fingerprint && m.fault != faultRepeatsAny:
			return disposition.Result{}, true, outdial.Conflict("another disposition was recorded")
		}
		if m.fault == faultRepeatAuditsDisposition {
			m.record(p.ActorID, outdial.ActionDispositionRecord, p.CampaignID, p.Now, map[string]any{})
		}
		if d, _ := m.findDisposal(p); m.fault == faultRepeatWrites && d.queue == disposition.QueueAgent {
			m.write(d.item)
		}
		return row.result, true, nil
	}
	return disposition.Result{}, false, nil
}

func (m *memory) mayDispose(d disposal, p disposition.RecordParams) error {
	agent, state := d.agentID(), d.had() && (!d.purged() || d.version() == p.LockVersion+1)
	other := p.AgentID != uuid.Nil && agent != uuid.Nil && agent != p.AgentID && m.fault != faultDisposesOthers
	switch {
	case m.fault == faultDisposesQueued && d.queue == disposition.QueueAgent && d.item.State == queue.StateQueued,
		m.fault == faultDisposesEnded && d.queue == disposition.QueueAgent && !d.item.State.Active(),
		m.fault == faultDisposesUnanswered && d.call.ID != uuid.Nil:
		state = true
	case m.fault == faultPurgedRefused && d.purged():
		state = false
	}
	switch {
	case other && m.fault == faultDisposeHolderFirst:
		return outdial.Forbidden("another agent's")
	case !d.seen(p.LockVersion) && m.fault != faultDisposesStale:
		return outdial.Conflict("version")
	case other:
		return outdial.Forbidden("another agent's")
	case !state:
		return outdial.Conflict("state")
	}
	return nil
}

// mayCorrect returns where the disposition stands that is to be corrected.
func (m *memory) mayCorrect(d disposal, p disposition.RecordParams) (int, error) {
	last := slices.IndexFunc(m.data.recorded.rows, func(row dispositionRow) bool {
		return row.ID == p.Supersedes && (row.CampaignID == p.CampaignID && row.ItemID == p.ItemID || m.fault == faultCorrectsAnyItem)
	})
	if last < 0 {
		return -1, outdial.NotFound("disposition")
	}
	row := m.data.recorded.rows[last]
	late := p.Now.Sub(row.RecordedAt) > p.CorrectWithin
	if m.fault == faultCorrectsBoundary {
		late = p.Now.Sub(row.RecordedAt) >= p.CorrectWithin
	}
	touched := row.ItemVersion != d.version()
	switch {
	case p.LockVersion != row.ItemVersion && m.fault != faultCorrectsStale, touched && m.fault != faultCorrectsTouched:
		return -1, outdial.Conflict("somebody has touched the item since")
	case late && m.fault != faultCorrectsLate:
		return -1, outdial.Conflict("it is too old")
	case p.AgentID != uuid.Nil && row.AgentID != p.AgentID && m.fault != faultCorrectsOthers:
		return -1, outdial.Forbidden("another agent's")
	}
	if row.result.CallbackItemID != nil {
		waiting, _ := m.agentItem(*row.result.CallbackItemID)
		if (waiting.State != queue.StateQueued || waiting.LockVersion > 0) && m.fault != faultCorrectsPulled {
			return -1, outdial.Conflict("somebody has touched the callback since")
		}
	}
	return last, nil
}

func (m *memory) agentItem(id uuid.UUID) (queue.Item, bool) {
	for _, items := range m.data.items {
		for _, item := range items {
			if item.ID == id {
				return item, true
			}
		}
	}
	return queue.Item{}, false
}

func (m *memory) mayCallBack(d disposal, p disposition.RecordParams) error {
	if p.Rule.Effect != disposition.EffectCallback {
		return nil
	}
	if err := disposition.CheckCallback(p.CallbackAt, p.Now); err != nil && m.fault != faultCallbackAnytime {
		return err
	}
	if !p.Open.Covers(d.contact.Timezone) && m.fault != faultCallbackClosed {
		return &disposition.WindowClosedError{Zone: d.contact.Timezone}
	}
	return nil
}

// dispose carries out what was found to be allowed. Last is where the disposition
// stands whose place it takes, or -1.
func (m *memory) dispose(d disposal, p disposition.RecordParams, row dispositionRow, last int) (disposition.Result, error) {
	result := disposition.Result{ID: row.ID, Code: row.Code, Effect: row.Effect, Queue: d.queue, ItemID: p.ItemID, Remains: []disposition.Remain{}}
	who := d.who
	if last >= 0 {
		result.Supersedes, result.Remains = &p.Supersedes, m.remains(m.data.recorded.rows[last])
		row.stays = row.stays || m.data.recorded.rows[last].Effect == disposition.EffectSuppress && m.fault != faultCorrectLiftsSuppression
		if !row.stays {
			attempts := who.attempts
			who = row.before.who
			who.attempts = attempts
		}
	}
	counts := d.queue == disposition.QueueAgent && last < 0
	switch m.fault {
	case faultDisposeUncounted:
		counts = false
	case faultDisposeCountsCalls:
		counts = last < 0
	case faultCorrectCounts:
		counts = d.queue == disposition.QueueAgent
	case faultPurgedUncounted:
		counts = counts && !row.stays
	}
	if counts {
		who.attempts++
	}
	tried := m.tried(d, row, who, p, last)
	row.Attempt = tried.Number
	decision := disposition.Decide(p.Rule, m.policy(p.CampaignID, p.Policy, faultDisposePolicy), tried, p.CallbackAt)
	active := decision.Step == disposition.StepAgain || decision.Step == disposition.StepCallback
	if active && !row.stays && m.isSuppressed(p.CampaignID, d.contact, p.Now) && m.fault != faultDisposeQueuesSuppressed {
		decision = disposition.Decision{Step: disposition.StepFail, FailReason: disposition.FailSuppressed}
		active = false
	}
	if active && !row.stays && last >= 0 && m.elsewhere(p, d, m.data.recorded.rows[last].result.CallbackItemID) && m.fault != faultCorrectsTwice {
		return disposition.Result{}, outdial.Conflict("the contact is active elsewhere")
	}
	if last >= 0 {
		m.undo(last, row.ID, p.Now)
	}
	who.finishedByCall = false
	switch {
	case row.stays && decision.FinishReason != "" && last < 0 &&
		(p.Rule.Effect == disposition.EffectSuppress || !m.elsewhere(p, d, nil) || m.fault == faultPurgedFinishes):
		who.finishedAt, who.finishReason = m.kept(p.Now), decision.FinishReason
	case row.stays:
	default:
		who.next, who.finishedAt, who.finishReason = m.kept(decision.At), time.Time{}, decision.FinishReason
		if decision.FinishReason != "" {
			who.finishedAt = m.kept(p.Now)
		}
		if last >= 0 && m.fault == faultCorrectKeepsLedger {
			who.finishedAt, who.finishReason = d.who.finishedAt, d.who.finishReason
		}
	}
	if m.fault == faultDisposeLedger {
		attempts := who.attempts
		who = d.who
		who.attempts = attempts
	}
	if m.data.members[p.CampaignID] != nil {
		m.data.members[p.CampaignID][d.contact.ID] = who
	}
	if p.Rule.Effect.AboutPhone() && (!row.stays || last < 0) {
		row.statuses = m.spread(d, p, &result)
	}
	m.breathe(faultDisposeWritesBack)
	m.settleItem(d, p, row, decision, counts, &result)
	row.ItemVersion = result.LockVersion
	if p.Rule.Effect == disposition.EffectConvert {
		m.convert(d, p, row, &result)
	}
	result.Attempts, result.FinishReason = who.attempts, who.finishReason
	if !who.next.IsZero() {
		result.NextAttemptAt = &who.next
	}
	row.result = result
	m.data.recorded.rows = append(m.data.recorded.rows, row)
	if m.fault != faultDisposeUnaudited {
		m.recordOf("queue_item", p.ItemID, p.ActorID, outdial.ActionDispositionRecord, p.Now, map[string]any{
			"campaign_id": p.CampaignID, "disposition": row.Code, "queue": row.Queue,
		})
	}
	return result, nil
}

// tried is the attempt that a disposition is about.
func (m *memory) tried(d disposal, row dispositionRow, who member, p disposition.RecordParams, last int) disposition.Tried {
	tried := disposition.Tried{Number: who.attempts, EndedAt: p.Now}
	if last >= 0 {
		tried.Number = row.Attempt
		tried.PlacedAt = m.data.recorded.rows[last].RecordedAt
	}
	if d.queue == disposition.QueuePower {
		tried.Number, tried.PlacedAt = d.call.Attempt, d.call.PlacedAt
	}
	tried.History = m.history(p.CampaignID, d.contact.ID, d.call.ID, p.ItemID, tried.Number, p.Now)
	return tried
}

// history is what a contact has been through besides one attempt: a call, or one of an
// item of the agent queue.
func (m *memory) history(campaignID, contactID, callID, itemID uuid.UUID, attempt int, now time.Time) dialer.History {
	h := dialer.History{}
	since := now.Add(-24 * time.Hour)
	for id, call := range m.data.power.calls {
		here := call.Ref.CampaignID == campaignID || m.fault == faultHistoryAnywhere
		if id == callID || call.ContactID != contactID || !here || m.fault == faultHistoryWithoutCalls {
			continue
		}
		if call.Outcome == dialer.OutcomeVoicemail {
			h.Voicemails++
		}
		if call.PlacedAt.After(since) && call.Outcome != dialer.OutcomeNotPlaced {
			h.Recent = append(h.Recent, call.PlacedAt)
		}
	}
	for _, row := range m.data.recorded.rows {
		here := row.CampaignID == campaignID || m.fault == faultHistoryAnywhere
		this := row.ItemID == itemID && row.Attempt == attempt
		if this || row.ContactID != contactID || !here || m.fault == faultHistoryWithoutAgents {
			continue
		}
		if row.outcome == dialer.OutcomeVoicemail && (row.SupersededBy == uuid.Nil || m.fault == faultHistorySuperseded) {
			h.Voicemails++
		}
		if row.Queue == disposition.QueueAgent && row.Supersedes == uuid.Nil && row.RecordedAt.After(since) {
			h.Recent = append(h.Recent, row.RecordedAt)
		}
	}
	return h
}

// policy is that of the process, overridden by the campaign's.
func (m *memory) policy(campaignID uuid.UUID, process dialer.RetryPolicy, ignored fault) dialer.RetryPolicy {
	if m.fault == ignored {
		return process
	}
	return process.Override(m.data.recorded.policies[campaignID])
}

// elsewhere says whether the contact of an item is held by another one, beside the
// callback that waits for the item's agent.
func (m *memory) elsewhere(p disposition.RecordParams, d disposal, callback *uuid.UUID) bool {
	holder, held := m.holders(p.CampaignID)[d.contact.ID]
	if held && holder.ID != p.ItemID && (callback == nil || holder.ID != *callback) {
		return true
	}
	id, active := m.data.power.active[[2]uuid.UUID{p.CampaignID, d.contact.ID}]
	return active && id != p.ItemID
}

// remains is what of a disposition cannot be put back.
func (m *memory) remains(row dispositionRow) []disposition.Remain {
	remains := []disposition.Remain{}
	if m.fault == faultCorrectSilent {
		return remains
	}
	if row.Effect == disposition.EffectSuppress {
		remains = append(remains, disposition.RemainSuppression)
	}
	if row.result.Purged > 0 {
		remains = append(remains, disposition.RemainPurged)
	}
	return remains
}

// undo takes back what a disposition did beside its item and the ledger.
func (m *memory) undo(last int, by uuid.UUID, now time.Time) {
	row := &m.data.recorded.rows[last]
	row.SupersededBy = by
	if m.fault != faultCorrectKeepsWrong {
		for id, status := range row.statuses {
			contact := m.data.contacts[id]
			contact.PhoneStatus = status
			m.data.contacts[id] = contact
		}
	}
	if row.Effect == disposition.EffectSuppress && m.fault == faultCorrectLiftsSuppression {
		m.data.listing.entries = slices.DeleteFunc(slices.Clone(m.data.listing.entries), func(entry suppression.Listed) bool {
			return entry.Key == row.before.number().E164()
		})
	}
	for i, lead := range m.data.recorded.leads {
		if lead.DispositionID == row.ID && m.fault != faultLeadStays {
			m.data.recorded.leads[i].WithdrawnAt = m.kept(now)
		}
	}
	if row.result.CallbackItemID != nil && m.fault != faultCorrectKeepsCallback {
		waiting, _ := m.agentItem(*row.result.CallbackItemID)
		m.write(m.end(waiting, queue.StateReleased, now))
	}
}

// spread carries out what concerns everybody who has the number.
func (m *memory) spread(d disposal, p disposition.RecordParams, result *disposition.Result) map[uuid.UUID]outdial.PhoneStatus {
	number := d.number()
	if m.fault == faultSuppressOwnNumber {
		number = d.contact.Phone
	}
	statuses := map[uuid.UUID]outdial.PhoneStatus{}
	if p.Rule.Effect == disposition.EffectSuppress {
		entry := suppression.NewPhone(number)
		if m.fault == faultSuppressHere {
			entry.CampaignID = p.CampaignID
		}
		entry.Reason = string(p.Rule.Code)
		result.Suppressed = m.addSuppression(change{p.ActorID, p.Now}, entry).Added > 0
	} else {
		for id, contact := range m.data.contacts {
			if contact.Phone == number && contact.PhoneStatus != outdial.PhoneInvalid && (id == d.contact.ID || m.fault != faultInvalidatesOne) {
				statuses[id] = contact.PhoneStatus
				contact.PhoneStatus = outdial.PhoneInvalid
				m.data.contacts[id] = contact
			}
		}
	}
	result.Purged = m.purge(number, p, p.Rule.Effect.FailReason())
	return statuses
}

// purge fails every active item with the number but the one that was disposed of.
func (m *memory) purge(number outdial.Phone, p disposition.RecordParams, reason string) int {
	purged := 0
	for campaignID, items := range m.data.items {
		for _, item := range slices.Clone(items) {
			inHands := item.State == queue.StateLocked || item.State == queue.StateInProgress
			if !item.State.Active() || item.ID == p.ItemID || m.data.contacts[item.ContactID].Phone != number ||
				m.fault == faultPurgesDialedOnly || m.fault == faultPurgesHereOnly && campaignID != p.CampaignID ||
				m.fault == faultPurgesWaitingOnly && inHands {
				continue
			}
			item.State, item.FailReason, item.LockExpiresAt = queue.StateFailed, reason, time.Time{}
			item.LockVersion++
			m.write(item)
			purged++
		}
	}
	for campaignID, items := range m.data.power.items {
		for id, item := range items {
			if !item.State.Active() || id == p.ItemID || m.data.contacts[item.ContactID].Phone != number ||
				m.fault == faultPurgesAgentsOnly || m.fault == faultPurgesHereOnly && campaignID != p.CampaignID ||
				m.fault == faultPurgesWaitingOnly && item.State.Live() {
				continue
			}
			item = m.moveItemTo(item, dialer.StateFailed)
			item.FailReason = reason
			m.writeItem(item, p.Now)
			purged++
		}
	}
	return purged
}

// settleItem moves the item to where the decision says, and says where that is.
func (m *memory) settleItem(
	d disposal, p disposition.RecordParams, row dispositionRow, decision disposition.Decision, counts bool, result *disposition.Result,
) {
	stays := row.stays && m.fault != faultPurgedRequeues
	if d.queue == disposition.QueueAgent {
		item := d.item
		if counts {
			item.Attempts++
		}
		if !stays {
			item = m.disposed(row.before.item, item, p, decision)
		}
		m.write(item)
		result.State, result.LockVersion, result.FailReason = string(item.State), item.LockVersion, item.FailReason
		return
	}
	item := d.dialed
	if !stays {
		item = m.dialedOn(d, p, decision, result)
	}
	result.State, result.LockVersion, result.FailReason = string(item.State), item.LockVersion, item.FailReason
}

// disposed is an item of the agent queue after its disposition. From is as the agent
// had it.
func (m *memory) disposed(from, now queue.Item, p disposition.RecordParams, decision disposition.Decision) queue.Item {
	item := from
	item.Attempts, item.LockVersion = now.Attempts, now.LockVersion+1
	item.LockedAt, item.LockExpiresAt, item.FailReason = time.Time{}, time.Time{}, ""
	switch decision.Step {
	case disposition.StepAgain:
		item.State, item.ScheduledFor = queue.StateQueued, m.kept(decision.At)
		switch {
		case item.Pooled && item.CallbackAgentID == item.AgentID && m.fault != faultKeptPromisePooled:
			item.Pooled = false
		case item.Pooled:
			item.AgentID = uuid.Nil
		}
		if m.fault != faultRetryStaysCallback {
			item.CallbackAt, item.CallbackAgentID = time.Time{}, uuid.Nil
		}
	case disposition.StepCallback:
		item = m.promised(item, p, decision.At)
	case disposition.StepComplete:
		item.State = queue.StateCompleted
	default:
		item.State, item.FailReason = queue.StateFailed, decision.FailReason
	}
	return item
}

// promised makes an item one that waits in the pool for a callback.
func (m *memory) promised(item queue.Item, p disposition.RecordParams, at time.Time) queue.Item {
	item.CallbackAgentID = uuid.Nil
	if p.CallbackFor == disposition.RecipientAgent && m.fault != faultCallbackAnyones {
		item.CallbackAgentID = item.AgentID
	}
	item.State, item.Pooled, item.AgentID = queue.StateQueued, true, uuid.Nil
	item.ScheduledFor, item.CallbackAt = m.kept(at), m.kept(at)
	if m.fault == faultCallbackUnmarked {
		item.CallbackAt = time.Time{}
	}
	return item
}

// dialedOn moves an item of the power queue.
func (m *memory) dialedOn(d disposal, p disposition.RecordParams, decision disposition.Decision, result *disposition.Result) dialer.Item {
	const first = 1<<30 + 1
	state := map[disposition.Step]dialer.State{
		disposition.StepAgain: dialer.StateQueued, disposition.StepCallback: dialer.StateQueued,
		disposition.StepComplete: dialer.StateCompleted, disposition.StepFail: dialer.StateFailed,
	}[decision.Step]
	personal := decision.Step == disposition.StepCallback && p.CallbackFor == disposition.RecipientAgent && m.fault != faultCallbackStaysDialed
	if personal {
		state = dialer.StateCompleted
	}
	item := m.moveItemTo(d.dialed, state)
	if item.LockVersion == d.dialed.LockVersion {
		item.LockVersion++
	}
	item.FailReason, item.NextAttemptAt = decision.FailReason, time.Time{}
	if state == dialer.StateQueued {
		item.NextAttemptAt = m.kept(decision.At)
	}
	if decision.Step == disposition.StepCallback && !personal && m.fault != faultCallbackUnhurried {
		item.Priority = first
	}
	m.writeItem(item, p.Now)
	if personal {
		waiting := m.promised(queue.Item{
			ID: newID(), CampaignID: p.CampaignID, AgentID: d.call.AgentID, ContactID: d.contact.ID,
			Priority: d.dialed.Priority, QueuedAt: m.kept(p.Now),
			Provenance: outdial.Provenance{By: p.ActorID.String(), Reason: outdial.ReasonCallback},
		}, p, decision.At)
		m.write(waiting)
		result.CallbackItemID = &waiting.ID
	}
	return item
}

// convert makes a lead, or brings one back that was withdrawn.
func (m *memory) convert(d disposal, p disposition.RecordParams, row dispositionRow, result *disposition.Result) {
	for i, lead := range m.data.recorded.leads {
		if lead.CampaignID != p.CampaignID || lead.ContactID != d.contact.ID || m.fault == faultLeadsAnew {
			continue
		}
		if result.LeadID = &lead.ID; !lead.WithdrawnAt.IsZero() {
			m.data.recorded.leads[i].WithdrawnAt, m.data.recorded.leads[i].DispositionID = time.Time{}, row.ID
		}
		return
	}
	lead := disposition.Lead{
		ID: newID(), CampaignID: p.CampaignID, ContactID: d.contact.ID, DispositionID: row.ID, AgentID: row.AgentID, CreatedAt: m.kept(p.Now),
	}
	result.LeadID, result.LeadCreated = &lead.ID, true
	if m.fault != faultLeadForgotten {
		m.data.recorded.leads = append(m.data.recorded.leads, lead)
	}
}
