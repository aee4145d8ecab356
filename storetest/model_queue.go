package storetest

import (
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/outdial/outdial"
	"github.com/outdial/outdial/queue"
)

// replacement is what a replace would do.
type replacement struct {
	result queue.ReplaceResult
	// chosen are the contacts of the new queue beyond the kept ones, in its order.
	chosen []outdial.Contact
	// old are the agent's items that are not kept.
	old []*queue.Item
}

func (m *model) replace(p queue.ReplaceParams) (queue.ReplaceResult, error) {
	return once(m, p.Idempotency, p.Now, func() queue.ReplaceResult {
		plan := m.plan(p)
		if p.DryRun {
			plan.result.Audience = len(m.audience(p.CampaignID))
		} else {
			m.carryOut(plan, p)
			m.audit[outdial.ActionQueueReplace]++
		}
		return plan.result
	})
}

func (m *model) plan(p queue.ReplaceParams) replacement {
	plan := replacement{result: queue.ReplaceResult{Skipped: queue.NewSkips()}}
	kept := map[uuid.UUID]bool{}
	perAccount := map[uuid.UUID]int{}
	for _, item := range m.items {
		switch {
		case item.CampaignID != p.CampaignID || item.AgentID != p.AgentID || !item.State.Active():
		case item.State == queue.StateInProgress && !p.ReleaseInProgress:
			kept[item.ContactID] = true
			perAccount[m.contacts[item.ContactID].AccountID]++
		default:
			plan.old = append(plan.old, item)
		}
	}

	skip := func(reason queue.SkipReason) { plan.result.Skipped[reason]++ }
	underCap := []outdial.Contact{}
	for _, contact := range m.audience(p.CampaignID) {
		if !matches(p.Filter, contact, p.Now) {
			continue
		}
		plan.result.Matched++
		if kept[contact.ID] {
			plan.result.MatchedKept++
			continue
		}
		capped := p.PerAccountCap > 0 && contact.AccountID != uuid.Nil
		switch reason := m.uneligible(p.CampaignID, contact, p.Now, false); {
		case reason != "":
			skip(reason)
		case m.collides(p, contact):
			skip(queue.SkipCollision)
		case capped && perAccount[contact.AccountID] >= p.PerAccountCap:
			skip(queue.SkipAccountCap)
		default:
			perAccount[contact.AccountID]++
			underCap = append(underCap, contact)
		}
	}
	for _, contact := range underCap {
		if p.MaxQueueSize > 0 && len(kept)+len(plan.chosen) >= p.MaxQueueSize {
			skip(queue.SkipQueueFull)
			continue
		}
		plan.chosen = append(plan.chosen, contact)
	}

	plan.result.KeptInProgress = len(kept)
	plan.result.Released = len(plan.old)
	plan.result.Assigned = len(plan.chosen)
	plan.result.SkippedDueToCollision = plan.result.Skipped[queue.SkipCollision]
	for _, item := range plan.old {
		if item.State != queue.StateInProgress && plan.chooses(item.ContactID) {
			plan.result.Unchanged++
		}
	}
	return plan
}

func (plan replacement) chooses(contactID uuid.UUID) bool {
	return slices.ContainsFunc(plan.chosen, func(contact outdial.Contact) bool { return contact.ID == contactID })
}

// collides says whether a contact is somebody else's: the power queue's, another
// agent's, or one of the pool that another agent has locked.
func (m *model) collides(p queue.ReplaceParams, contact outdial.Contact) bool {
	item := m.active(p.CampaignID, contact.ID)
	switch {
	case m.dialed(p.CampaignID, contact.ID):
		return true
	case item == nil || item.AgentID == p.AgentID:
		return false
	case item.Pooled && item.State == queue.StateQueued:
		return false
	case item.Pooled && item.State == queue.StateLocked:
		return item.LockExpiresAt.After(p.Now)
	}
	return true
}

func (m *model) carryOut(plan replacement, p queue.ReplaceParams) {
	for _, item := range plan.old {
		switch stays := plan.chooses(item.ContactID); {
		case item.State == queue.StateInProgress:
			*item = released(*item, p.Now)
		case stays && item.State == queue.StateQueued:
		case stays:
			*item = takenOver(*item, p.AgentID)
		case item.Pooled:
			*item = pooledAgain(*item)
		default:
			*item = released(*item, p.Now)
		}
	}
	for _, contact := range plan.chosen {
		switch item := m.active(p.CampaignID, contact.ID); {
		case item == nil:
			m.items = append(m.items, &queue.Item{
				CampaignID: p.CampaignID, AgentID: p.AgentID, ContactID: contact.ID, State: queue.StateQueued,
				Priority: m.ledgers[p.CampaignID][contact.ID].priority, QueuedAt: p.Now,
				Provenance: outdial.Provenance{By: p.ActorID.String(), Reason: outdial.ReasonCampaignAudience},
			})
		case item.AgentID != p.AgentID:
			*item = takenOver(*item, p.AgentID)
		}
	}
}

func (m *model) enqueue(p queue.EnqueueParams) (queue.EnqueueResult, error) {
	return once(m, p.Idempotency, p.Now, func() queue.EnqueueResult {
		result := queue.EnqueueResult{LaunchID: p.LaunchID, Skipped: queue.NewSkips()}
		again := p.Provenance.Reason == outdial.ReasonCallback || p.Provenance.Reason == outdial.ReasonRetry
		for _, contact := range m.audience(p.CampaignID) {
			if !asksFor(p, contact) {
				continue
			}
			result.Matched++
			reason := m.uneligible(p.CampaignID, contact, p.Now, again)
			if reason == "" && (m.active(p.CampaignID, contact.ID) != nil || m.dialed(p.CampaignID, contact.ID)) {
				reason = queue.SkipCollision
			}
			if reason != "" {
				result.Skipped[reason]++
				continue
			}
			result.Enqueued++
			priority := m.ledgers[p.CampaignID][contact.ID].priority
			if p.Priority != nil {
				priority = *p.Priority
			}
			callbackAt := time.Time{}
			if p.Provenance.Reason == outdial.ReasonCallback {
				callbackAt = p.ScheduledFor
				if callbackAt.IsZero() {
					callbackAt = p.Now
				}
			}
			m.items = append(m.items, &queue.Item{
				CampaignID: p.CampaignID, AgentID: p.AgentID, ContactID: contact.ID, State: queue.StateQueued, CallbackAt: callbackAt,
				Priority: priority, Pooled: p.AgentID == uuid.Nil, ScheduledFor: p.ScheduledFor, QueuedAt: p.Now,
				LaunchID: p.LaunchID, Provenance: p.Provenance,
			})
		}
		m.audit[outdial.ActionQueueEnqueue]++
		return result
	})
}

// asksFor says whether an enqueue is about the contact.
func asksFor(p queue.EnqueueParams, contact outdial.Contact) bool {
	if p.ContactIDs == nil {
		return matches(p.Filter, contact, p.Now)
	}
	return slices.Contains(p.ContactIDs, contact.ID)
}

func (m *model) clear(p queue.ClearParams) (queue.ClearResult, error) {
	return once(m, p.Idempotency, p.Now, func() queue.ClearResult {
		result, everybody := queue.ClearResult{}, p.AgentID == uuid.Nil
		for _, item := range m.items {
			switch {
			case item.CampaignID != p.CampaignID || !queue.MoveRelease.Allowed(item.State):
			case everybody:
				*item = released(*item, p.Now)
				result.Released++
			case item.AgentID == p.AgentID && item.Pooled:
				*item = pooledAgain(*item)
				result.Released++
			case item.AgentID == p.AgentID:
				*item = released(*item, p.Now)
				result.Released++
			}
		}
		if everybody {
			m.audit[outdial.ActionQueueClearAll]++
		} else {
			m.audit[outdial.ActionQueueClear]++
		}
		return result
	})
}

func (m *model) rollback(p queue.RollbackParams) (queue.RollbackResult, error) {
	result, known := queue.RollbackResult{}, false
	for _, item := range m.items {
		if item.CampaignID != p.CampaignID || item.LaunchID != p.LaunchID {
			continue
		}
		known = true
		switch {
		case item.State == queue.StateQueued && item.LockVersion == 0:
			*item = released(*item, p.Now)
			result.Released++
		case item.State.Active():
			result.Kept++
		}
	}
	if !known {
		return result, outdial.ErrNotFound
	}
	m.audit[outdial.ActionQueueRollback]++
	return result, nil
}
