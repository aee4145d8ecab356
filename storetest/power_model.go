package storetest

import (
	"cmp"
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/outdial/outdial"
	"github.com/outdial/outdial/dialer"
	"github.com/outdial/outdial/dialer/presence"
	"github.com/outdial/outdial/dialer/telephony"
	"github.com/outdial/outdial/queue"
)

// powerModel is the contract of the power queue, of presence and of events as a
// program, beside that of the agent queue. What a call's facts mean it asks of
// package dialer, whose rules they are.
//
// It cannot know the ids that a store gives to items and calls, nor which of two
// agents comes first who have been ready equally long: it is told, and checks that
// the answer is possible.
type powerModel struct {
	*model

	statuses map[uuid.UUID]dialer.Status
	leases   map[uuid.UUID]dialer.Lease
	dialing  []*modelItem
	calls    []*modelCall
	events   []*modelEvent
	sessions map[uuid.UUID]*presence.Session
}

// modelItem is an item of the power queue. Slack is how many changes of its state may
// have been counted in the last step beyond those that are certain.
type modelItem struct {
	dialer.Item

	slack int
}

// modelCall is a call, with the latest time at which there certainly was news of it
// and the latest at which something happened that may be taken for news.
type modelCall struct {
	dialer.Call

	heard, perhapsHeard time.Time
	// settledBefore is when the call had been settled first, if its outcome has changed
	// since the step before.
	settledBefore time.Time
}

// modelEvent is an event that is kept, with its call if that is known.
type modelEvent struct {
	telephony.RecordParams

	call *modelCall
}

func newPowerModel(of *model) *powerModel {
	m := &powerModel{
		model: of, statuses: map[uuid.UUID]dialer.Status{}, leases: map[uuid.UUID]dialer.Lease{},
		sessions: map[uuid.UUID]*presence.Session{},
	}
	of.dialed = func(campaignID, contactID uuid.UUID) bool { return m.waiting(campaignID, contactID) != nil }
	of.inCall = func(phone outdial.Phone) bool { return m.holder(phone) != nil }
	return m
}

// waiting returns the item that holds a contact in the power queue, or nil.
func (m *powerModel) waiting(campaignID, contactID uuid.UUID) *modelItem {
	for _, item := range m.dialing {
		if item.CampaignID == campaignID && item.ContactID == contactID && item.State.Active() {
			return item
		}
	}
	return nil
}

// holder returns the call that has a phone, or nil.
func (m *powerModel) holder(phone outdial.Phone) *modelCall {
	for _, call := range m.calls {
		if call.Phone == phone && call.SettledAt.IsZero() {
			return call
		}
	}
	return nil
}

func (m *powerModel) callWith(campaignID, id uuid.UUID) *modelCall {
	for _, call := range m.calls {
		if call.Ref.CampaignID == campaignID && call.ID == id {
			return call
		}
	}
	return nil
}

func (m *powerModel) itemOf(call *modelCall) *modelItem {
	at := slices.IndexFunc(m.dialing, func(item *modelItem) bool { return item.ID == call.Ref.ItemID })
	return m.dialing[at]
}

func (m *powerModel) enqueueCalls(p dialer.EnqueueParams) (queue.EnqueueResult, error) {
	return once(m.model, p.Idempotency, p.Now, func() queue.EnqueueResult {
		result := queue.EnqueueResult{LaunchID: p.LaunchID, Skipped: queue.NewSkips()}
		again := p.Provenance.Reason == outdial.ReasonCallback || p.Provenance.Reason == outdial.ReasonRetry
		for _, contact := range m.audience(p.CampaignID) {
			if !asksFor(queue.EnqueueParams{ContactIDs: p.ContactIDs, Filter: p.Filter, Now: p.Now}, contact) {
				continue
			}
			result.Matched++
			reason := m.uneligible(p.CampaignID, contact, p.Now, again)
			if reason == "" && (m.active(p.CampaignID, contact.ID) != nil || m.waiting(p.CampaignID, contact.ID) != nil) {
				reason = queue.SkipCollision
			}
			if reason != "" {
				result.Skipped[reason]++
				continue
			}
			result.Enqueued++
			item := &modelItem{Item: dialer.Item{
				CampaignID: p.CampaignID, ContactID: contact.ID, State: dialer.StateQueued, CallZone: contact.Timezone,
				Priority: m.ledgers[p.CampaignID][contact.ID].priority, LaunchID: p.LaunchID, Provenance: p.Provenance, QueuedAt: p.Now,
			}}
			if p.Priority != nil {
				item.Priority = *p.Priority
			}
			m.dialing = append(m.dialing, item)
		}
		m.audit[outdial.ActionDialerEnqueue]++
		return result
	})
}

// adoptCallItems learns of new items their ids, and the times from which they are due,
// which must have come. It says what is impossible, or "".
func (m *powerModel) adoptCallItems(stored []dialer.Item, now time.Time) string {
	for _, item := range m.dialing {
		if item.ID != uuid.Nil {
			continue
		}
		at := slices.IndexFunc(stored, func(listed dialer.Item) bool {
			known := slices.ContainsFunc(m.dialing, func(known *modelItem) bool { return known.ID == listed.ID })
			return !known && listed.CampaignID == item.CampaignID && listed.ContactID == item.ContactID
		})
		switch {
		case at < 0:
			return "a new item is not there"
		case stored[at].NextAttemptAt.After(now):
			return "a new item is not due"
		}
		item.ID, item.NextAttemptAt = stored[at].ID, stored[at].NextAttemptAt
	}
	return ""
}

// mayDial says whether a lease is none, or may still be used.
func (m *powerModel) mayDial(campaignID uuid.UUID, lease dialer.Lease, now time.Time) bool {
	held := m.leases[campaignID]
	return lease == dialer.Lease{} ||
		lease.CampaignID == campaignID && held.Token == lease.Token && held.ExpiresAt.After(now)
}

// refusal says why an item must not be dialed at that number now, or "".
func (m *powerModel) refusal(item *modelItem, number outdial.Phone, limits dialer.Limits, now time.Time) dialer.Refusal {
	contact := m.contacts[item.ContactID]
	reason := m.uncallable(item.CampaignID, contact, now)
	switch {
	case reason != "":
		return dialer.Refusal(reason)
	case contact.Phone != number:
		return dialer.RefusalPhoneChanged
	case m.statuses[item.CampaignID] != dialer.StatusRunning:
		return dialer.RefusalNotRunning
	case !limits.Open.Everywhere && !slices.Contains(limits.Open.Zones, item.CallZone):
		return dialer.RefusalWindowClosed
	case m.capped(number, limits, now):
		return dialer.RefusalAttemptCap
	case m.abandoned(number, limits.AbandonedSince):
		return dialer.RefusalAbandoned
	case m.inHands(number, now):
		return dialer.RefusalAgentCalling
	}
	return ""
}

func (m *powerModel) capped(phone outdial.Phone, limits dialer.Limits, now time.Time) bool {
	for _, most := range limits.Caps {
		placed := 0
		for _, call := range m.calls {
			if call.Phone == phone && counted(call.Call) == 1 && !call.PlacedAt.Before(now.Add(-most.Within)) {
				placed++
			}
		}
		if placed >= most.Attempts {
			return true
		}
	}
	return false
}

func (m *powerModel) abandoned(phone outdial.Phone, since time.Time) bool {
	return !since.IsZero() && slices.ContainsFunc(m.calls, func(call *modelCall) bool {
		return call.Phone == phone && !call.AbandonedAt.IsZero() && !call.AbandonedAt.Before(since)
	})
}

func (m *powerModel) inHands(phone outdial.Phone, now time.Time) bool {
	return slices.ContainsFunc(m.items, func(item *queue.Item) bool {
		holding := item.State == queue.StateLocked || item.State == queue.StateInProgress
		return holding && item.LockExpiresAt.After(now) && m.contacts[item.ContactID].Phone == phone
	})
}

// claimable returns the items that a claim may take, in the order in which it takes
// them, and whether it may take fewer: when several that are due have one phone, the
// others stay for the next claim.
func (m *powerModel) claimable(p dialer.ClaimParams) (items []*modelItem, orFewer bool, err error) {
	switch {
	case !m.mayDial(p.CampaignID, p.Lease, p.Now):
		return nil, false, outdial.ErrConflict
	case m.statuses[p.CampaignID] != dialer.StatusRunning:
		return nil, false, nil
	}
	due := []*modelItem{}
	for _, item := range m.dialing {
		phone := m.contacts[item.ContactID].Phone
		if item.CampaignID == p.CampaignID && item.State == dialer.StateQueued && !item.NextAttemptAt.After(p.Now) &&
			m.holder(phone) == nil && m.refusal(item, phone, p.Limits, p.Now) == "" {
			due = append(due, item)
		}
	}
	slices.SortFunc(due, func(a, b *modelItem) int {
		return cmp.Or(cmp.Compare(b.Priority, a.Priority), a.NextAttemptAt.Compare(b.NextAttemptAt), compareIDs(a.ID, b.ID))
	})
	taken := map[outdial.Phone]bool{}
	for _, item := range due {
		phone := m.contacts[item.ContactID].Phone
		switch {
		case len(items) == p.Limit:
			return items, orFewer, nil
		case taken[phone]:
			orFewer = true
		default:
			taken[phone] = true
			items = append(items, item)
		}
	}
	return items, orFewer, nil
}

// claim makes the call of an item, under the id that the store gave it.
func (m *powerModel) claim(item *modelItem, id uuid.UUID, now time.Time) dialer.Call {
	item.Item = movedTo(item.Item, dialer.StateDialing)
	item.CallSID, item.AgentID, item.NextAttemptAt = "", uuid.Nil, time.Time{}
	call := &modelCall{Call: dialer.Call{
		ID: id, Ref: dialer.Ref{CampaignID: item.CampaignID, ItemID: item.ID, LockVersion: item.LockVersion},
		ItemVersion: item.LockVersion, ContactID: item.ContactID, Phone: m.contacts[item.ContactID].Phone, ClaimedAt: now,
	}}
	m.calls = append(m.calls, call)
	return call.Call
}

func (m *powerModel) place(p dialer.PlaceParams) (dialer.PlaceResult, error) {
	call := m.callWith(p.CampaignID, p.CallID)
	if call == nil {
		return dialer.PlaceResult{}, outdial.ErrNotFound
	}
	item := m.itemOf(call)
	if !m.mayDial(p.CampaignID, p.Lease, p.Now) || !call.PlacedAt.IsZero() || !call.SettledAt.IsZero() || call.Seen() ||
		item.State != dialer.StateDialing || item.LockVersion != call.ItemVersion {
		return dialer.PlaceResult{}, outdial.ErrConflict
	}
	if refusal := m.refusal(item, call.Phone, p.Limits, p.Now); refusal != "" {
		m.refuse(call, item, refusal, p)
		return dialer.PlaceResult{Call: call.Call, Refusal: refusal}, nil
	}
	m.count(call, item, 1)
	call.PlacedAt, call.Attempt = p.Now, m.ledgers[p.CampaignID][call.ContactID].attempts
	call.heard, call.perhapsHeard = p.Now, p.Now
	return dialer.PlaceResult{Call: call.Call}, nil
}

// count counts attempts of item and contact.
func (m *powerModel) count(call *modelCall, item *modelItem, by int) {
	item.Attempts += by
	entry := m.ledgers[item.CampaignID][call.ContactID]
	entry.attempts += by
	m.ledgers[item.CampaignID][call.ContactID] = entry
}

func (m *powerModel) refuse(call *modelCall, item *modelItem, refusal dialer.Refusal, p dialer.PlaceParams) {
	call.NotPlacedAt, call.Outcome, call.SettledAt = p.Now, dialer.OutcomeNotPlaced, p.Now
	if refusal.Final() {
		item.Item = movedTo(item.Item, dialer.StateFailed)
		item.FailReason = string(refusal)
	} else {
		item.Item = movedTo(item.Item, dialer.StateQueued)
		item.NextAttemptAt = p.Now.Add(p.RetryAfter)
		m.keepLedger(item)
	}
	call.ItemVersion = item.LockVersion
	m.follow(call, p.Now)
}

func (m *powerModel) control(p dialer.ControlParams) (dialer.ControlResult, error) {
	status := cmp.Or(m.statuses[p.CampaignID], dialer.StatusStopped)
	if !slices.Contains(p.Control.From(), status) {
		return dialer.ControlResult{}, outdial.ErrConflict
	}
	m.statuses[p.CampaignID] = p.Control.To()
	m.audit[controlActions[p.Control]]++
	return dialer.ControlResult{Status: p.Control.To()}, nil
}

func (m *powerModel) rollbackCalls(p dialer.RollbackParams) (dialer.RollbackResult, error) {
	result, known := dialer.RollbackResult{}, false
	for _, item := range m.dialing {
		if item.CampaignID != p.CampaignID || item.LaunchID != p.LaunchID {
			continue
		}
		known = true
		switch {
		case item.State == dialer.StateQueued && item.LockVersion == 0:
			item.Item = movedTo(item.Item, dialer.StateFailed)
			item.FailReason = dialer.FailRolledBack
			result.Failed++
		case item.State.Active():
			result.Kept++
		}
	}
	if !known {
		return result, outdial.ErrNotFound
	}
	m.audit[outdial.ActionDialerRollback]++
	return result, nil
}

func (m *powerModel) acquire(p dialer.LeaseParams) (dialer.Lease, error) {
	held := m.leases[p.CampaignID]
	live := held.ExpiresAt.After(p.Now)
	if live && held.Holder != p.Holder {
		return dialer.Lease{}, outdial.ErrConflict
	}
	if !live {
		held.Token++
	}
	held.CampaignID, held.Holder, held.ExpiresAt = p.CampaignID, p.Holder, p.Now.Add(p.For)
	m.leases[p.CampaignID] = held
	return held, nil
}

func (m *powerModel) releaseLease(p dialer.ReleaseLeaseParams) {
	held := m.leases[p.Lease.CampaignID]
	if held.Token == p.Lease.Token && held.ExpiresAt.After(p.Now) {
		held.ExpiresAt = p.Now
		m.leases[p.Lease.CampaignID] = held
	}
}
