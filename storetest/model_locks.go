package storetest

import (
	"cmp"
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/outdial/outdial"
	"github.com/outdial/outdial/queue"
)

func (m *model) pull(p queue.PullParams) queue.PullResult {
	if item := m.lockedBy(p.CampaignID, p.AgentID); item != nil {
		switch contact := m.contacts[item.ContactID]; {
		case !item.LockExpiresAt.After(p.Now):
			m.giveUp(item)
		case m.suppressed(p.CampaignID, contact, p.Now):
			*item = failed(*item, string(queue.SkipSuppressed))
		case m.uncallable(p.CampaignID, contact, p.Now) != "":
			*item = failed(*item, string(m.uncallable(p.CampaignID, contact, p.Now)))
		default:
			held := m.whole(item)
			return queue.PullResult{Item: &held, Held: true}
		}
	}
	item := m.nextCallback(p)
	for _, mine := range []bool{true, false} {
		if item == nil {
			item = m.next(p, mine)
		}
	}
	if item == nil {
		return queue.PullResult{}
	}
	*item = lockedBy(*item, p.AgentID, p.Now)
	item.LockExpiresAt = p.Now.Add(p.LockFor)
	pulled := m.whole(item)
	return queue.PullResult{Item: &pulled}
}

// nextCallback returns the first callback that the agent may pull, of their own or of
// the pool, or nil. The model makes none that waits for an agent.
func (m *model) nextCallback(p queue.PullParams) *queue.Item {
	candidates := []*queue.Item{}
	for _, mine := range []bool{true, false} {
		candidates = append(candidates, m.candidates(p, mine)...)
	}
	candidates = slices.DeleteFunc(candidates, func(item *queue.Item) bool {
		return item.CallbackAt.IsZero() || item.CallbackAt.After(p.Now)
	})
	if len(candidates) == 0 {
		return nil
	}
	return slices.MinFunc(candidates, func(a, b *queue.Item) int {
		return cmp.Or(a.CallbackAt.Compare(b.CallbackAt), compareIDs(a.ID, b.ID))
	})
}

// lockedBy returns the item that an agent has locked, whether or not the lock
// lives, or nil.
func (m *model) lockedBy(campaignID, agentID uuid.UUID) *queue.Item {
	for _, item := range m.items {
		if item.CampaignID == campaignID && item.AgentID == agentID && item.State == queue.StateLocked {
			return item
		}
	}
	return nil
}

// giveUp returns a locked item to where it came from.
func (m *model) giveUp(item *queue.Item) {
	if item.Pooled {
		*item = pooledAgain(*item)
		return
	}
	*item = queuedAgain(*item)
}

// next returns the first item that the agent may pull of their own, or of the
// pool.
func (m *model) next(p queue.PullParams, mine bool) *queue.Item {
	candidates := m.candidates(p, mine)
	if len(candidates) == 0 {
		return nil
	}
	return slices.MinFunc(candidates, pullOrder)
}

func (m *model) candidates(p queue.PullParams, mine bool) []*queue.Item {
	candidates := []*queue.Item{}
	for _, item := range m.items {
		queued := item.State == queue.StateQueued
		expired := item.State == queue.StateLocked && !item.LockExpiresAt.After(p.Now)
		here := item.CampaignID == p.CampaignID && (queued && item.AgentID == p.AgentID && mine ||
			item.Pooled && (queued || expired) && !mine)
		// A callback of the pool waits for its time, also where the item has none.
		later := item.ScheduledFor.After(p.Now) || !mine && item.CallbackAt.After(p.Now)
		if here && !later &&
			m.uncallable(p.CampaignID, m.contacts[item.ContactID], p.Now) == "" && !m.inCall(m.contacts[item.ContactID].Phone) {
			candidates = append(candidates, item)
		}
	}
	return candidates
}

// pullOrder says which of two items that are due comes first: the higher
// priority, then what was scheduled, the earliest first, then the oldest.
func pullOrder(a, b *queue.Item) int {
	unscheduled := func(item *queue.Item) int {
		if item.ScheduledFor.IsZero() {
			return 1
		}
		return 0
	}
	return cmp.Or(
		cmp.Compare(b.Priority, a.Priority),
		cmp.Compare(unscheduled(a), unscheduled(b)),
		a.ScheduledFor.Compare(b.ScheduledFor),
		a.QueuedAt.Compare(b.QueuedAt),
		compareIDs(a.ID, b.ID),
	)
}

func (m *model) move(p queue.MoveParams) (queue.MoveResult, error) {
	at := slices.IndexFunc(m.items, func(item *queue.Item) bool {
		return item.CampaignID == p.CampaignID && item.ID == p.ItemID
	})
	if at < 0 {
		return queue.MoveResult{}, outdial.ErrNotFound
	}
	item := m.items[at]
	to, allowed := p.Move.To(item.State)
	switch {
	case item.LockVersion != p.LockVersion:
		return queue.MoveResult{}, outdial.ErrConflict
	case p.AgentID != uuid.Nil && item.AgentID != uuid.Nil && item.AgentID != p.AgentID:
		return queue.MoveResult{}, outdial.ErrForbidden
	case !allowed:
		return queue.MoveResult{}, outdial.ErrConflict
	case p.Move == queue.MoveStart && m.inCall(m.contacts[item.ContactID].Phone):
		return queue.MoveResult{}, outdial.ErrConflict
	}
	switch p.Move {
	case queue.MoveGiveBack:
		m.giveUp(item)
	case queue.MoveHeartbeat:
		item.LockExpiresAt = p.Now.Add(p.LockFor)
	default:
		item.State, item.LockExpiresAt = to, p.Now.Add(p.LockFor)
		item.LockVersion++
	}
	return queue.MoveResult{Item: m.whole(item)}, nil
}

func (m *model) sweep(p queue.SweepParams) queue.SweepResult {
	result := queue.SweepResult{}
	for _, item := range m.items {
		if item.State != queue.StateLocked || item.LockExpiresAt.After(p.Now) {
			continue
		}
		if item.Pooled {
			result.ToPool++
		} else {
			result.ToAgents++
		}
		m.giveUp(item)
	}
	for key, answer := range m.answers {
		if !p.KeysBefore.Equal(time.Time{}) && answer.at.Before(p.KeysBefore) {
			delete(m.answers, key)
			result.KeysForgotten++
		}
	}
	return result
}
