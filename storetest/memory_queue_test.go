package storetest_test

import (
	"bytes"
	"context"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/outdial/outdial"
	"github.com/outdial/outdial/queue"
	"github.com/outdial/outdial/queue/filter"
	"github.com/outdial/outdial/suppression"
)

// remember does a thing once for each idempotency key.
func remember[R any](ctx context.Context, m *memory, key outdial.Idempotency, now time.Time, do func() (R, error)) (R, error) {
	var nothing R
	if m.fault == faultDeadlocks {
		if !m.mu.TryLock() {
			return nothing, errDeadlock
		}
		defer m.mu.Unlock()
	} else {
		defer m.lock()()
	}
	if m.poisoned {
		return nothing, errPoisoned
	}
	if err := ctx.Err(); err != nil && m.fault != faultContext {
		return nothing, err
	}
	if key.Key == "" {
		result, err := do()
		return result, m.spoil(err)
	}
	name := [2]string{key.ActorID.String(), key.Key}
	if m.fault == faultKeysShared {
		name[0] = ""
	}
	if m.fault == faultKeysFold {
		name[1] = strings.ToLower(key.Key)
	}
	if old, ok := m.data.answers[name]; ok && m.fault != faultKeysForgotten {
		if old.fingerprint != key.Fingerprint && m.fault != faultFingerprint {
			return nothing, outdial.ErrIdempotencyMismatch
		}
		if result, ok := old.result.(R); ok {
			if m.fault == faultRepeatAudits {
				m.record(key.ActorID, outdial.ActionQueueReplace, uuid.Nil, now, map[string]any{})
			}
			return result, nil
		}
		return nothing, nil
	}
	m.breathe(faultKeysNotAtomic)
	result, err := do()
	err = m.spoil(err)
	if err == nil || m.fault == faultKeysKeepErrors {
		m.data.answers[name] = remembered{fingerprint: key.Fingerprint, at: m.kept(now), result: result}
	}
	return result, err
}

// write replaces a row.
func (m *memory) write(item queue.Item) {
	rows := m.data.items[item.CampaignID]
	item.Contact = outdial.Contact{}
	m.data.writes[item.ID]++
	for i := range rows {
		if rows[i].ID == item.ID {
			rows[i] = item
			return
		}
	}
	m.data.items[item.CampaignID] = append(rows, item)
}

// holders maps contacts of the campaign to their active rows.
func (m *memory) holders(campaignID uuid.UUID) map[uuid.UUID]queue.Item {
	holders := map[uuid.UUID]queue.Item{}
	for id, items := range m.data.items {
		if id != campaignID && m.fault != faultCampaignsCollide {
			continue
		}
		for _, item := range items {
			if item.State.Active() {
				holders[item.ContactID] = item
			}
		}
	}
	return holders
}

func (m *memory) isSuppressed(campaignID uuid.UUID, contact outdial.Contact, now time.Time) bool {
	list := m.data.listing.entries
	if m.fault == faultStaleList {
		list = m.oldList
	}
	return slices.ContainsFunc(list, func(entry suppression.Listed) bool {
		scope := entry.CampaignID == uuid.Nil || entry.CampaignID == campaignID
		live := entry.ExpiresAt.IsZero() || entry.ExpiresAt.After(now)
		phone := entry.Kind == suppression.KindPhone && entry.Key == contact.Phone.E164()
		email := entry.Kind == suppression.KindEmail && entry.Key == contact.Email.Key()
		switch m.fault {
		case faultGlobalOnly:
			scope = entry.CampaignID == uuid.Nil
		case faultAnyScope:
			scope = true
		case faultNoExpiry:
			live = true
		case faultExpiryBoundary:
			live = entry.ExpiresAt.IsZero() || !entry.ExpiresAt.Before(now)
		case faultPhoneOnly:
			email = false
		case faultEmailAsGiven:
			email = entry.Kind == suppression.KindEmail && entry.Key == string(contact.Email)
		case faultKindIgnored:
			phone = entry.Key == contact.Phone.E164()
		}
		return scope && live && (phone || email)
	})
}

// why says why the contact may not be queued now.
func (m *memory) why(campaignID uuid.UUID, contact outdial.Contact, now time.Time) queue.SkipReason {
	row := m.data.members[campaignID][contact.ID]
	checks := map[queue.SkipReason]bool{
		queue.SkipInvalid:     contact.Invalid,
		queue.SkipNoPhone:     len(contact.Phone) == 0 || contact.PhoneStatus == outdial.PhoneInvalid && m.fault != faultWrongPhone,
		queue.SkipOptedOut:    contact.OptedOut,
		queue.SkipSuppressed:  m.fault != faultQueueSuppressed && m.isSuppressed(campaignID, contact, now),
		queue.SkipFinished:    !row.finishedAt.IsZero() && m.fault != faultFinished,
		queue.SkipCoolingDown: row.next.After(now),
	}
	if m.fault == faultCoolingBoundary {
		checks[queue.SkipCoolingDown] = !row.next.IsZero() && !row.next.Before(now)
	}
	order := queue.SkipReasons()
	for i := range order {
		if m.fault == fault("reasons swapped at "+string(order[i])) {
			order[i], order[i+1] = order[i+1], order[i]
			break
		}
	}
	for _, reason := range order {
		if checks[reason] {
			return reason
		}
	}
	return ""
}

// audience returns who the filter matches, in the order of a queue.
func (m *memory) audience(campaignID uuid.UUID, expr filter.Expr, now time.Time) []outdial.Contact {
	members := m.data.members[campaignID]
	people := []outdial.Contact{}
	for id := range members {
		if m.matches(expr, m.data.contacts[id], now) {
			people = append(people, m.data.contacts[id])
		}
	}
	slices.SortFunc(people, func(a, b outdial.Contact) int {
		if members[a.ID].priority != members[b.ID].priority && m.fault != faultPlanPriority {
			return members[b.ID].priority - members[a.ID].priority
		}
		if m.fault == faultPlanIDs {
			return bytes.Compare(b.ID[:], a.ID[:])
		}
		return bytes.Compare(a.ID[:], b.ID[:])
	})
	return people
}

func (m *memory) matches(expr filter.Expr, contact outdial.Contact, now time.Time) bool {
	row := filter.Row{Contact: contact, CreatedAt: m.data.created[contact.ID]}
	match := func(contact outdial.Contact) bool {
		row.Contact = contact
		return filter.Match(expr, row, now)
	}
	switch m.fault {
	case faultFilterCase:
		return expr == nil || match(contact) && !match(outdial.Contact{FirstName: strings.ToLower(contact.FirstName) + " "})
	case faultFilterIgnored:
		return true
	case faultFilterWildcard:
		return match(contact) || match(outdial.Contact{FirstName: "%_"})
	case faultFilterNull:
		return match(contact) && (contact.LastName != "" || len(contact.Attributes) > 0)
	}
	return match(contact)
}

func (m *memory) ReplaceQueue(ctx context.Context, p queue.ReplaceParams) (queue.ReplaceResult, error) {
	return remember(ctx, m, p.Idempotency, p.Now, func() (queue.ReplaceResult, error) {
		if !m.known(p.CampaignID) && m.fault != faultUnknownReplace {
			return queue.ReplaceResult{}, outdial.NotFound("campaign")
		}
		r := m.planReplace(p)
		if !p.DryRun || m.fault == faultDryWrites {
			m.applyReplace(r, p)
		}
		if !p.DryRun || m.fault == faultDryAudits {
			m.record(p.ActorID, outdial.ActionQueueReplace, p.CampaignID, p.Now, map[string]any{
				"agent_id": p.AgentID, "per_account_cap": p.PerAccountCap, "max_queue_size": p.MaxQueueSize,
				"keep_in_progress": !p.ReleaseInProgress, "released": r.Released, "assigned": r.Assigned,
				"skipped_due_to_collision": r.SkippedDueToCollision,
			})
		}
		if p.DryRun && m.fault != faultNoAudience {
			r.Audience = len(m.data.members[p.CampaignID])
		}
		return r.ReplaceResult, nil
	})
}

// replaceRun is a plan on its way.
type replaceRun struct {
	queue.ReplaceResult

	inQueue  []outdial.Contact
	accounts map[uuid.UUID]int
}

func (m *memory) planReplace(p queue.ReplaceParams) replaceRun {
	r := replaceRun{ReplaceResult: queue.ReplaceResult{Skipped: queue.Skips{}}, accounts: map[uuid.UUID]int{}}
	if m.fault != faultNoZeros {
		r.Skipped = queue.NewSkips()
	}
	holders := m.holders(p.CampaignID)
	mine := func(item queue.Item, states ...queue.State) bool {
		return item.AgentID == p.AgentID && slices.Contains(states, item.State)
	}
	keeps := func(item queue.Item) bool {
		return mine(item, queue.StateInProgress) && (!p.ReleaseInProgress || m.fault == faultAlwaysKeeps) && m.fault != faultNeverKeeps
	}
	for _, item := range holders {
		switch {
		case keeps(item):
			r.KeptInProgress++
			if m.fault != faultCapIgnoresKept {
				r.accounts[m.data.contacts[item.ContactID].AccountID]++
			}
		case mine(item, queue.StateQueued, queue.StateLocked, queue.StateInProgress):
			r.Released++
		}
	}
	for _, contact := range m.audience(p.CampaignID, p.Filter, p.Now) {
		r.Matched++
		holder, held := holders[contact.ID]
		if held && keeps(holder) {
			r.MatchedKept++
			continue
		}
		reason := m.why(p.CampaignID, contact, p.Now)
		if reason == "" && (held && holder.AgentID != p.AgentID && !m.free(holder, p.Now) || m.dialed(p.CampaignID, contact.ID)) {
			reason = queue.SkipCollision
		}
		capped := p.PerAccountCap > 0 && (contact.AccountID != uuid.Nil || m.fault == faultCapsNobody)
		if capped && (reason == "" || reason == queue.SkipCollision && m.fault == faultCapUnderfills) {
			if r.accounts[contact.AccountID] >= p.PerAccountCap {
				reason = queue.SkipAccountCap
			}
			if m.fault != faultCapAfterSize || p.MaxQueueSize == 0 || r.Assigned < p.MaxQueueSize {
				r.accounts[contact.AccountID]++
			}
		}
		size := p.MaxQueueSize - r.KeptInProgress
		if m.fault == faultSizeIgnoresKept {
			size = p.MaxQueueSize
		}
		if reason == "" && p.MaxQueueSize > 0 && r.Assigned >= size {
			reason = queue.SkipQueueFull
		}
		if reason != "" {
			r.Skipped[reason]++
			continue
		}
		r.Assigned++
		r.inQueue = append(r.inQueue, contact)
		if held && mine(holder, queue.StateQueued, queue.StateLocked) {
			r.Unchanged++
		}
	}
	r.SkippedDueToCollision = r.Skipped[queue.SkipCollision]
	return r
}

// free says whether an item that somebody else has may be taken over.
func (m *memory) free(item queue.Item, now time.Time) bool {
	queued := item.State == queue.StateQueued
	expired := item.State == queue.StateLocked && !item.LockExpiresAt.After(now)
	switch m.fault {
	case faultSteals:
		return true
	case faultPoolNotShared:
		return false
	case faultReplaceTakesLive:
		return item.Pooled && item.State != queue.StateInProgress
	case faultReplaceTakesOwn:
		return expired || item.Pooled && queued
	case faultReplaceWaitsForSweep:
		return item.Pooled && queued
	}
	return item.Pooled && (queued || expired)
}

func (m *memory) applyReplace(r replaceRun, p queue.ReplaceParams) {
	holders := m.holders(p.CampaignID)
	m.breathe(faultReplaceNotAtomic)
	wanted := map[uuid.UUID]bool{}
	for _, contact := range r.inQueue {
		wanted[contact.ID] = true
	}
	for _, item := range holders {
		running := item.State == queue.StateInProgress
		switch {
		case item.AgentID != p.AgentID || running && !p.ReleaseInProgress && m.fault != faultNeverKeeps,
			running && m.fault == faultAlwaysKeeps:
		case running || !wanted[item.ContactID] && (!item.Pooled || m.fault == faultPoolReleased):
			m.write(m.end(item, queue.StateReleased, p.Now))
			delete(holders, item.ContactID)
		case !wanted[item.ContactID]:
			m.write(m.requeue(item))
			delete(holders, item.ContactID)
		case item.State == queue.StateLocked && m.fault != faultStaysLocked:
			item = m.requeue(item)
			item.AgentID = p.AgentID
			item.Pooled = item.Pooled && m.fault == faultStaysPooled
			m.write(item)
		case m.fault == faultRewrites:
			m.write(item)
		case m.fault == faultBumps:
			item.LockVersion++
			m.write(item)
		}
	}
	for _, contact := range r.inQueue {
		item, held := holders[contact.ID]
		if held && item.AgentID == p.AgentID {
			continue
		}
		if held && m.fault != faultTakesAsNew {
			item = m.requeue(item)
			item.AgentID, item.Pooled = p.AgentID, false
			if m.fault == faultTakesProvenance {
				item.Provenance.By = p.ActorID.String()
			}
			m.write(item)
			continue
		}
		if held {
			m.write(m.end(item, queue.StateReleased, p.Now))
		}
		m.write(m.newItem(p, contact))
	}
}

func (m *memory) newItem(p queue.ReplaceParams, contact outdial.Contact) queue.Item {
	item := queue.Item{
		ID: newID(), CampaignID: p.CampaignID, AgentID: p.AgentID, ContactID: contact.ID, State: queue.StateQueued,
		Priority: m.data.members[p.CampaignID][contact.ID].priority, QueuedAt: m.kept(p.Now),
		Provenance: outdial.Provenance{By: p.ActorID.String(), Reason: outdial.ReasonCampaignAudience},
	}
	if m.fault == faultRandomIDs {
		item.ID = uuid.New()
	}
	return item
}

// end takes an active row out.
func (m *memory) end(item queue.Item, state queue.State, now time.Time) queue.Item {
	item.State = state
	item.LockVersion++
	if m.fault != faultEndKeepsLock {
		item.LockedAt, item.LockExpiresAt = time.Time{}, time.Time{}
	}
	if state == queue.StateReleased {
		item.ReleasedAt = m.kept(now)
	}
	return item
}

// requeue returns a row to where it came from.
func (m *memory) requeue(item queue.Item) queue.Item {
	item.State = queue.StateQueued
	item.LockVersion++
	item.LockedAt, item.LockExpiresAt = time.Time{}, time.Time{}
	if item.Pooled && m.fault != faultPoolKeepsAgent {
		item.AgentID = uuid.Nil
	}
	return item
}
