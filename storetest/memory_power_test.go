package storetest_test

import (
	"bytes"
	"cmp"
	"context"
	"maps"
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/outdial/outdial"
	"github.com/outdial/outdial/dialer"
	"github.com/outdial/outdial/dialer/callwindow"
	"github.com/outdial/outdial/dialer/presence"
	"github.com/outdial/outdial/dialer/telephony"
	"github.com/outdial/outdial/queue"
)

// power is what there is of the power queue: its rows, and where to find them.
type power struct {
	statuses map[uuid.UUID]dialer.Status
	leases   map[uuid.UUID]dialer.Lease
	items    map[uuid.UUID]map[uuid.UUID]dialer.Item
	calls    map[uuid.UUID]callRow
	events   []telephony.Kept
	sessions map[uuid.UUID]presence.Session

	// active finds the item that holds a contact in a campaign, under both ids.
	active map[[2]uuid.UUID]uuid.UUID
	// holds finds the call that has a phone, byPhone all that ever had it.
	holds   map[outdial.Phone]uuid.UUID
	byPhone map[outdial.Phone][]uuid.UUID
	of      map[uuid.UUID][]uuid.UUID
	open    map[uuid.UUID]bool
	refs    map[dialer.Ref]uuid.UUID
	sids    map[string]uuid.UUID
	// byKey and bySID find events by what makes them one, and by their call.
	byKey map[eventKey]int
	bySID map[string][]int
}

// callRow is a call with the time of the last news of it.
type callRow struct {
	dialer.Call

	news time.Time
}

type eventKey struct {
	sid  string
	kind telephony.Type
	seq  int
}

func newPower() power {
	return power{
		statuses: map[uuid.UUID]dialer.Status{}, leases: map[uuid.UUID]dialer.Lease{},
		items: map[uuid.UUID]map[uuid.UUID]dialer.Item{}, calls: map[uuid.UUID]callRow{}, sessions: map[uuid.UUID]presence.Session{},
		active: map[[2]uuid.UUID]uuid.UUID{}, holds: map[outdial.Phone]uuid.UUID{}, byPhone: map[outdial.Phone][]uuid.UUID{},
		of: map[uuid.UUID][]uuid.UUID{}, open: map[uuid.UUID]bool{}, refs: map[dialer.Ref]uuid.UUID{}, sids: map[string]uuid.UUID{},
		byKey: map[eventKey]int{}, bySID: map[string][]int{},
	}
}

func (p power) clone() power {
	p.statuses, p.leases, p.calls, p.sessions = maps.Clone(p.statuses), maps.Clone(p.leases), maps.Clone(p.calls), maps.Clone(p.sessions)
	p.events, p.active, p.holds = slices.Clone(p.events), maps.Clone(p.active), maps.Clone(p.holds)
	p.open, p.refs, p.sids, p.byKey = maps.Clone(p.open), maps.Clone(p.refs), maps.Clone(p.sids), maps.Clone(p.byKey)
	p.byPhone, p.of, p.bySID = cloneLists(p.byPhone), cloneLists(p.of), cloneLists(p.bySID)
	items := map[uuid.UUID]map[uuid.UUID]dialer.Item{}
	for id, rows := range p.items {
		items[id] = maps.Clone(rows)
	}
	p.items = items
	return p
}

func cloneLists[K comparable, V any](lists map[K][]V) map[K][]V {
	copied := make(map[K][]V, len(lists))
	for key, list := range lists {
		copied[key] = slices.Clone(list)
	}
	return copied
}

// writeItem replaces a row of the power queue.
func (m *memory) writeItem(item dialer.Item, now time.Time) {
	item.UpdatedAt = m.kept(now)
	rows := m.data.power.items[item.CampaignID]
	if rows == nil {
		rows = map[uuid.UUID]dialer.Item{}
		m.data.power.items[item.CampaignID] = rows
	}
	rows[item.ID] = item
	key := [2]uuid.UUID{item.CampaignID, item.ContactID}
	if item.State.Active() {
		m.data.power.active[key] = item.ID
	} else if m.data.power.active[key] == item.ID {
		delete(m.data.power.active, key)
	}
}

// moveItemTo changes an item's state.
func (m *memory) moveItemTo(item dialer.Item, state dialer.State) dialer.Item {
	item.State = state
	if m.fault != faultPowerKeepsVersion || state != dialer.StateRinging {
		item.LockVersion++
	}
	return item
}

// writeCall replaces a row of the calls.
func (m *memory) writeCall(call callRow) {
	p := &m.data.power
	if _, known := p.calls[call.ID]; !known {
		p.byPhone[call.Phone] = append(p.byPhone[call.Phone], call.ID)
		p.of[call.Ref.CampaignID] = append(p.of[call.Ref.CampaignID], call.ID)
		p.refs[call.Ref] = call.ID
	}
	p.calls[call.ID] = call
	if call.CallSID != "" {
		p.sids[call.CallSID] = call.ID
	}
	if call.SettledAt.IsZero() {
		p.open[call.ID], p.holds[call.Phone] = true, call.ID
		return
	}
	delete(p.open, call.ID)
	if p.holds[call.Phone] == call.ID && m.fault != faultSettledHolds {
		delete(p.holds, call.Phone)
	}
}

// callUnderWay says whether a phone is in a call that is not settled.
func (m *memory) callUnderWay(phone outdial.Phone) bool {
	_, held := m.data.power.holds[phone]
	return held
}

// dialed says whether the contact is active in the power queue of the campaign.
func (m *memory) dialed(campaignID, contactID uuid.UUID) bool {
	_, active := m.data.power.active[[2]uuid.UUID{campaignID, contactID}]
	return active && m.fault != faultAgentsTakeDialed
}

func (m *memory) EnqueueCalls(ctx context.Context, p dialer.EnqueueParams) (queue.EnqueueResult, error) {
	return remember(ctx, m, p.Idempotency, p.Now, func() (queue.EnqueueResult, error) {
		if !m.known(p.CampaignID) && m.fault != faultPowerUnknownCampaign {
			return queue.EnqueueResult{}, outdial.NotFound("campaign")
		}
		result := queue.EnqueueResult{LaunchID: p.LaunchID, Skipped: queue.NewSkips()}
		people := m.audience(p.CampaignID, p.Filter, p.Now)
		if p.ContactIDs != nil {
			people = slices.DeleteFunc(m.audience(p.CampaignID, nil, p.Now), func(contact outdial.Contact) bool {
				return !slices.Contains(p.ContactIDs, contact.ID)
			})
		}
		holders := m.holders(p.CampaignID)
		for _, contact := range people {
			result.Matched++
			reason := m.why(p.CampaignID, contact, p.Now)
			exempt := p.Provenance.Reason == outdial.ReasonCallback || p.Provenance.Reason == outdial.ReasonRetry
			if exempt && reason == queue.SkipCoolingDown {
				reason = ""
			}
			_, byAgent := holders[contact.ID]
			_, dialed := m.data.power.active[[2]uuid.UUID{p.CampaignID, contact.ID}]
			if reason == "" && (byAgent && m.fault != faultDialsAgents || dialed && m.fault != faultDialsTwice) {
				reason = queue.SkipCollision
			}
			if reason != "" {
				result.Skipped[reason]++
				continue
			}
			m.breathe(faultEnqueueCallsNotAtomic)
			result.Enqueued++
			m.writeItem(m.newCallItem(p, contact), p.Now)
		}
		m.record(p.ActorID, outdial.ActionDialerEnqueue, p.CampaignID, p.Now, map[string]any{
			"enqueued": result.Enqueued, "matched": result.Matched,
		})
		return result, nil
	})
}

func (m *memory) newCallItem(p dialer.EnqueueParams, contact outdial.Contact) dialer.Item {
	item := dialer.Item{
		ID: newID(), CampaignID: p.CampaignID, ContactID: contact.ID, State: dialer.StateQueued,
		Priority: m.data.members[p.CampaignID][contact.ID].priority, NextAttemptAt: m.kept(p.Now), CallZone: contact.Timezone,
		LaunchID: p.LaunchID, Provenance: p.Provenance, QueuedAt: m.kept(p.Now),
	}
	if p.Priority != nil && m.fault != faultPowerPriority {
		item.Priority = *p.Priority
	}
	if m.fault == faultPowerZoneLost {
		item.CallZone = ""
	}
	return item
}

// holdsLease says whether a lease may still be used.
func (m *memory) holdsLease(campaignID uuid.UUID, lease dialer.Lease, now time.Time) bool {
	if lease == (dialer.Lease{}) {
		return true
	}
	held, ok := m.data.power.leases[campaignID]
	switch m.fault {
	case faultLeaseUnchecked:
		return true
	case faultLeaseExpiryUnchecked:
		return ok && held.Token == lease.Token
	case faultLeaseHolderOnly:
		return ok && held.Holder == lease.Holder && held.ExpiresAt.After(now)
	}
	here := lease.CampaignID == campaignID || m.fault == faultLeaseAnywhere
	return ok && here && held.Token == lease.Token && held.ExpiresAt.After(now)
}

func (m *memory) running(campaignID uuid.UUID) bool {
	return m.data.power.statuses[campaignID] == dialer.StatusRunning
}

func (m *memory) ClaimCalls(_ context.Context, p dialer.ClaimParams) (dialer.ClaimResult, error) {
	defer m.lock()()
	switch {
	case !m.known(p.CampaignID):
		return dialer.ClaimResult{}, m.spoil(outdial.NotFound("campaign"))
	case !m.holdsLease(p.CampaignID, p.Lease, p.Now):
		return dialer.ClaimResult{}, m.spoil(outdial.Conflict("another has the lease"))
	case !m.running(p.CampaignID) && m.fault != faultClaimsPaused:
		return dialer.ClaimResult{}, nil
	}
	result, taken := dialer.ClaimResult{}, map[outdial.Phone]bool{}
	for _, item := range m.due(p) {
		contact := m.data.contacts[item.ContactID]
		if len(result.Calls) == p.Limit {
			break
		}
		if m.callUnderWay(contact.Phone) && m.holdsBack(p.CampaignID, contact.Phone, taken) || !m.mayCall(p, item, contact) {
			continue
		}
		m.breathe(faultClaimNotAtomic)
		taken[contact.Phone] = true
		result.Calls = append(result.Calls, m.claim(item, contact, p.Now))
	}
	return result, nil
}

// holdsBack says whether a call that has the phone keeps an item from being claimed.
func (m *memory) holdsBack(campaignID uuid.UUID, phone outdial.Phone, taken map[outdial.Phone]bool) bool {
	holder := m.data.power.calls[m.data.power.holds[phone]]
	switch m.fault {
	case faultClaimsHeld:
		return holder.Ref.CampaignID == campaignID
	case faultClaimsPhoneTwice:
		return !taken[phone]
	case faultClaimsLost:
		return holder.LostAt.IsZero()
	}
	return true
}

// due returns the campaign's items whose time has come, in the order of the queue.
func (m *memory) due(p dialer.ClaimParams) []dialer.Item {
	var items []dialer.Item
	for _, item := range m.data.power.items[p.CampaignID] {
		due := !item.NextAttemptAt.After(p.Now) || m.fault == faultClaimsEarly
		if m.fault == faultClaimsLate {
			due = item.NextAttemptAt.Before(p.Now)
		}
		if due && (item.State == dialer.StateQueued || item.State == dialer.StateUnknown && m.fault == faultClaimsLost) {
			items = append(items, item)
		}
	}
	slices.SortFunc(items, func(a, b dialer.Item) int {
		byPriority, byTime := cmp.Compare(b.Priority, a.Priority), a.NextAttemptAt.Compare(b.NextAttemptAt)
		switch m.fault {
		case faultClaimsIgnorePriority:
			byPriority = 0
		case faultClaimsLatestFirst:
			byTime = -byTime
		case faultClaimsIgnoreTime:
			byTime = 0
		}
		return cmp.Or(byPriority, byTime, bytes.Compare(a.ID[:], b.ID[:]))
	})
	return items
}

// mayCall says whether an item that is due may be claimed.
func (m *memory) mayCall(p dialer.ClaimParams, item dialer.Item, contact outdial.Contact) bool {
	refusal := m.refusal(item, contact, contact.Phone, p.Limits, p.Now)
	if refusal == dialer.RefusalNotRunning {
		refusal = ""
	}
	switch m.fault {
	case faultClaimsSuppressed:
		return refusal == "" || refusal == dialer.RefusalSuppressed
	case faultClaimsFlagged:
		return !slices.Contains([]dialer.Refusal{
			dialer.RefusalSuppressed, dialer.RefusalWindowClosed, dialer.RefusalAttemptCap, dialer.RefusalAbandoned, dialer.RefusalAgentCalling,
		}, refusal)
	}
	return refusal == ""
}

// refusal says why an item must not be dialed at that number now, or "".
func (m *memory) refusal(
	item dialer.Item, contact outdial.Contact, number outdial.Phone, limits dialer.Limits, now time.Time,
) dialer.Refusal {
	checks := map[dialer.Refusal]bool{
		dialer.RefusalInvalid:      contact.Invalid,
		dialer.RefusalNoPhone:      contact.Phone == "" || contact.PhoneStatus == outdial.PhoneInvalid,
		dialer.RefusalOptedOut:     contact.OptedOut,
		dialer.RefusalSuppressed:   m.isSuppressed(item.CampaignID, contact, now),
		dialer.RefusalPhoneChanged: contact.Phone != number && m.fault != faultPlacesOldNumber,
		dialer.RefusalNotRunning:   !m.running(item.CampaignID),
		dialer.RefusalWindowClosed: !m.isOpen(limits.Open, item.CallZone),
		dialer.RefusalAttemptCap:   m.isCapped(item.CampaignID, contact.Phone, limits.Caps, now),
		dialer.RefusalAbandoned:    m.wasAbandoned(item.CampaignID, contact.Phone, limits.AbandonedSince),
		dialer.RefusalAgentCalling: m.inHands(contact.Phone, now),
	}
	order := dialer.Refusals()
	if m.fault == faultRefusalsReversed {
		slices.Reverse(order)
	}
	for _, refusal := range order {
		if checks[refusal] {
			return refusal
		}
	}
	return ""
}

func (m *memory) isOpen(open callwindow.Open, zone string) bool {
	if m.fault == faultZonesIgnored || m.fault == faultUnknownZoneOpen && zone == "" {
		return true
	}
	return open.Everywhere || slices.Contains(open.Zones, zone)
}

func (m *memory) isCapped(campaignID uuid.UUID, phone outdial.Phone, caps []callwindow.Cap, now time.Time) bool {
	for _, limit := range caps {
		calls := 0
		for _, id := range m.data.power.byPhone[phone] {
			call := m.data.power.calls[id]
			since := now.Add(-limit.Within)
			counts := !call.PlacedAt.IsZero() && call.Outcome != dialer.OutcomeNotPlaced
			within := !call.PlacedAt.Before(since)
			switch m.fault {
			case faultCapsPerCampaign:
				counts = counts && call.Ref.CampaignID == campaignID
			case faultCapsBoundary:
				within = call.PlacedAt.After(since)
			case faultCapsClaims:
				counts, within = true, call.ClaimedAt.After(since)
			case faultCapsUnplaced:
				counts = !call.PlacedAt.IsZero()
			case faultCapsForever:
				within = true
			}
			if counts && within {
				calls++
			}
		}
		if calls >= limit.Attempts {
			return true
		}
		if m.fault == faultCapsFirstOnly {
			break
		}
	}
	return false
}

func (m *memory) wasAbandoned(campaignID uuid.UUID, phone outdial.Phone, since time.Time) bool {
	if since.IsZero() || m.fault == faultAbandonedForgotten {
		return false
	}
	return slices.ContainsFunc(m.data.power.byPhone[phone], func(id uuid.UUID) bool {
		call := m.data.power.calls[id]
		mine := call.Ref.CampaignID == campaignID || m.fault != faultAbandonedPerCampaign
		recent := !call.AbandonedAt.Before(since)
		if m.fault == faultAbandonedBoundary {
			recent = call.AbandonedAt.After(since)
		}
		return mine && !call.AbandonedAt.IsZero() && recent
	})
}

// inHands says whether an agent of any campaign has the phone in hand.
func (m *memory) inHands(phone outdial.Phone, now time.Time) bool {
	if m.fault == faultHandsIgnored {
		return false
	}
	for _, items := range m.data.items {
		for _, item := range items {
			holding := item.State == queue.StateLocked || item.State == queue.StateInProgress
			live := item.LockExpiresAt.After(now) || m.fault == faultHandsForever
			if holding && live && m.data.contacts[item.ContactID].Phone == phone {
				return true
			}
		}
	}
	return false
}

// claim makes the call of an item whose turn it is.
func (m *memory) claim(item dialer.Item, contact outdial.Contact, now time.Time) dialer.Call {
	item = m.moveItemTo(item, dialer.StateDialing)
	item.CallSID, item.AgentID, item.NextAttemptAt = "", uuid.Nil, time.Time{}
	m.writeItem(item, now)
	call := dialer.Call{
		ID: newID(), Ref: dialer.Ref{CampaignID: item.CampaignID, ItemID: item.ID, LockVersion: item.LockVersion},
		ItemVersion: item.LockVersion, ContactID: contact.ID, Phone: contact.Phone, ClaimedAt: m.kept(now),
	}
	m.writeCall(callRow{Call: call, news: m.kept(now)})
	return call
}

// callOf returns the campaign's call with that id.
func (m *memory) callOf(campaignID, id uuid.UUID) (callRow, bool) {
	call, ok := m.data.power.calls[id]
	return call, ok && call.Ref.CampaignID == campaignID
}

func (m *memory) PlaceCall(_ context.Context, p dialer.PlaceParams) (dialer.PlaceResult, error) {
	defer m.lock()()
	call, ok := m.callOf(p.CampaignID, p.CallID)
	if !ok {
		return dialer.PlaceResult{}, m.spoil(outdial.NotFound("call"))
	}
	item := m.data.power.items[p.CampaignID][call.Ref.ItemID]
	placed := !call.PlacedAt.IsZero() && m.fault != faultPlacesTwice
	seen := call.Seen() && m.fault != faultPlacesSeen
	settled := !call.SettledAt.IsZero() && m.fault != faultPlacesSettled
	moved := item.LockVersion != call.ItemVersion || item.State != dialer.StateDialing && m.fault != faultPlacesSettled
	if placed || seen || settled || moved ||
		!m.holdsLease(p.CampaignID, p.Lease, p.Now) && m.fault != faultPlacesWithoutLease {
		return dialer.PlaceResult{}, m.spoil(outdial.Conflict("the call or its lease has moved on"))
	}
	m.breathe(faultPlaceNotAtomic)
	contact := m.data.contacts[call.ContactID]
	refusal := m.refusal(item, contact, call.Phone, p.Limits, p.Now)
	if m.fault == faultPlacesBlindly || m.fault == faultPlacesPaused && refusal == dialer.RefusalNotRunning {
		refusal = ""
	}
	if refusal != "" {
		return dialer.PlaceResult{Call: m.refuse(call, item, refusal, p), Refusal: refusal}, nil
	}
	members := m.data.members[p.CampaignID]
	who := members[call.ContactID]
	if m.fault != faultPlacesUncounted {
		who.attempts++
		item.Attempts++
	}
	members[call.ContactID] = who
	m.writeItem(item, p.Now)
	call.PlacedAt, call.Attempt, call.news = m.kept(p.Now), who.attempts, m.kept(p.Now)
	m.writeCall(call)
	return dialer.PlaceResult{Call: call.Call}, nil
}

// refuse settles a call that must not be placed.
func (m *memory) refuse(call callRow, item dialer.Item, refusal dialer.Refusal, p dialer.PlaceParams) dialer.Call {
	if refusal.Final() && m.fault != faultRefusedWait {
		item = m.moveItemTo(item, dialer.StateFailed)
		item.FailReason = string(refusal)
	} else {
		item = m.moveItemTo(item, dialer.StateQueued)
		item.NextAttemptAt = m.kept(p.Now.Add(p.RetryAfter))
		if m.fault == faultRefusedAtOnce {
			item.NextAttemptAt = m.kept(p.Now)
		}
	}
	m.writeItem(item, p.Now)
	if !refusal.Final() {
		m.writeLedger(item, p.Now)
	}
	call.ItemVersion = item.LockVersion
	if m.fault != faultRefusedUnsettled {
		call.NotPlacedAt, call.Outcome, call.SettledAt = m.kept(p.Now), dialer.OutcomeNotPlaced, m.kept(p.Now)
	}
	m.writeCall(call)
	m.followCall(call.Call, p.Now)
	return call.Call
}

func (m *memory) ControlCampaign(_ context.Context, p dialer.ControlParams) (dialer.ControlResult, error) {
	defer m.lock()()
	if !m.known(p.CampaignID) {
		return dialer.ControlResult{}, m.spoil(outdial.NotFound("campaign"))
	}
	if !slices.Contains(p.Control.From(), m.status(p.CampaignID)) && m.fault != faultControlsAnyway {
		return dialer.ControlResult{}, m.spoil(outdial.Conflict("the campaign is " + string(m.status(p.CampaignID))))
	}
	m.breathe(faultControlNotAtomic)
	m.data.power.statuses[p.CampaignID] = p.Control.To()
	m.record(p.ActorID, map[dialer.Control]outdial.Action{
		dialer.ControlStart: outdial.ActionDialerStart, dialer.ControlPause: outdial.ActionDialerPause,
		dialer.ControlResume: outdial.ActionDialerResume, dialer.ControlStop: outdial.ActionDialerStop,
	}[p.Control], p.CampaignID, p.Now, map[string]any{})
	return dialer.ControlResult{Status: p.Control.To()}, nil
}

func (m *memory) status(campaignID uuid.UUID) dialer.Status {
	return cmp.Or(m.data.power.statuses[campaignID], dialer.StatusStopped)
}

func (m *memory) ListDialing(context.Context) ([]uuid.UUID, error) {
	defer m.lock()()
	dialing := map[uuid.UUID]bool{}
	for id, status := range m.data.power.statuses {
		if status == dialer.StatusRunning {
			dialing[id] = true
		}
	}
	if m.fault != faultDialingRunningOnly {
		for id := range m.data.power.open {
			dialing[m.data.power.calls[id].Ref.CampaignID] = true
		}
	}
	return slices.SortedFunc(maps.Keys(dialing), func(a, b uuid.UUID) int { return bytes.Compare(a[:], b[:]) }), nil
}

func (m *memory) RollbackCalls(_ context.Context, p dialer.RollbackParams) (dialer.RollbackResult, error) {
	defer m.lock()()
	result, known := dialer.RollbackResult{}, false
	for _, item := range m.data.power.items[p.CampaignID] {
		if item.LaunchID != p.LaunchID {
			continue
		}
		known = true
		switch {
		case item.State == dialer.StateQueued && (item.LockVersion == 0 || m.fault == faultRollsBackClaimed):
			item = m.moveItemTo(item, dialer.StateFailed)
			item.FailReason = dialer.FailRolledBack
			m.writeItem(item, p.Now)
			result.Failed++
		case item.State.Active():
			result.Kept++
		}
	}
	if !known {
		return dialer.RollbackResult{}, m.spoil(outdial.NotFound("launch"))
	}
	m.record(p.ActorID, outdial.ActionDialerRollback, p.CampaignID, p.Now, map[string]any{
		"launch_id": p.LaunchID, "failed": result.Failed, "kept": result.Kept,
	})
	return result, nil
}
