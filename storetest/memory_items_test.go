package storetest_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/outdial/outdial"
	"github.com/outdial/outdial/queue"
)

func (m *memory) ClearQueue(ctx context.Context, p queue.ClearParams) (queue.ClearResult, error) {
	return remember(ctx, m, p.Idempotency, p.Now, func() (queue.ClearResult, error) {
		result, all := queue.ClearResult{}, p.AgentID == uuid.Nil
		for _, item := range m.data.items[p.CampaignID] {
			clears := item.State == queue.StateQueued || item.State == queue.StateLocked ||
				item.State == queue.StateInProgress && m.fault == faultClearRunning
			switch {
			case !clears || !all && item.AgentID != p.AgentID, all && item.AgentID == uuid.Nil && m.fault == faultClearSkipsPool:
				continue
			case !all && item.Pooled && m.fault != faultPoolReleased:
				m.write(m.requeue(item))
			default:
				m.write(m.end(item, queue.StateReleased, p.Now))
			}
			result.Released++
		}
		meta, action := map[string]any{"released": result.Released}, outdial.ActionQueueClearAll
		if !all {
			meta["agent_id"], action = p.AgentID, outdial.ActionQueueClear
		}
		m.record(p.ActorID, action, p.CampaignID, p.Now, meta)
		return result, nil
	})
}

func (m *memory) EnqueueItems(ctx context.Context, p queue.EnqueueParams) (queue.EnqueueResult, error) {
	return remember(ctx, m, p.Idempotency, p.Now, func() (queue.EnqueueResult, error) {
		result := queue.EnqueueResult{LaunchID: p.LaunchID, Skipped: queue.NewSkips()}
		people := m.audience(p.CampaignID, p.Filter, p.Now)
		if p.ContactIDs != nil && (len(p.ContactIDs) > 0 || m.fault != faultNobodyIsAll) {
			people = nil
			for i, id := range p.ContactIDs {
				_, there := m.data.members[p.CampaignID][id]
				twice := slices.Contains(p.ContactIDs[:i], id) && m.fault != faultTwice
				if there && !twice {
					people = append(people, m.data.contacts[id])
				}
			}
		}
		holders := m.holders(p.CampaignID)
		m.breathe(faultEnqueueNotAtomic)
		for _, contact := range people {
			result.Matched++
			reason := m.why(p.CampaignID, contact, p.Now)
			exempt := p.Provenance.Reason == outdial.ReasonCallback || p.Provenance.Reason == outdial.ReasonRetry
			if exempt && (reason == queue.SkipCoolingDown && m.fault != faultCallbacksCool ||
				reason == queue.SkipFinished && m.fault == faultCallbacksFinished) {
				reason = ""
			}
			holder, held := holders[contact.ID]
			if reason == "" && m.dialed(p.CampaignID, contact.ID) {
				reason = queue.SkipCollision
			}
			if reason == "" && held && (m.fault != faultEnqueueMine || holder.AgentID != p.AgentID) {
				reason = queue.SkipCollision
				if m.fault == faultEnqueueTouches {
					holder.Priority++
					m.write(holder)
				}
			}
			if reason != "" {
				result.Skipped[reason]++
				continue
			}
			result.Enqueued++
			m.write(m.enqueued(p, contact))
		}
		m.record(p.ActorID, outdial.ActionQueueEnqueue, p.CampaignID, p.Now, map[string]any{
			"enqueued": result.Enqueued, "matched": result.Matched,
		})
		return result, nil
	})
}

func (m *memory) enqueued(p queue.EnqueueParams, contact outdial.Contact) queue.Item {
	item := queue.Item{
		ID: newID(), CampaignID: p.CampaignID, AgentID: p.AgentID, ContactID: contact.ID, State: queue.StateQueued,
		Priority: m.data.members[p.CampaignID][contact.ID].priority, Pooled: p.AgentID == uuid.Nil,
		ScheduledFor: m.kept(p.ScheduledFor), QueuedAt: m.kept(p.Now), LaunchID: p.LaunchID, Provenance: p.Provenance,
	}
	if p.Priority != nil && (*p.Priority != 0 || m.fault != faultPriorityZero) {
		item.Priority = *p.Priority
	}
	if p.Provenance.Reason == outdial.ReasonCallback && m.fault != faultEnqueueNoCallback {
		item.CallbackAt = item.ScheduledFor
		if item.CallbackAt.IsZero() {
			item.CallbackAt = item.QueuedAt
		}
	}
	return item
}

func (m *memory) RollbackLaunch(_ context.Context, p queue.RollbackParams) (queue.RollbackResult, error) {
	defer m.lock()()
	result, known := queue.RollbackResult{}, false
	for id, items := range m.data.items {
		for _, item := range items {
			if item.LaunchID != p.LaunchID || id != p.CampaignID && m.fault != faultRollbackAnywhere {
				continue
			}
			known = true
			switch {
			case item.State == queue.StateQueued && (item.LockVersion == 0 || m.fault == faultRollbackTouched):
				m.breathe(faultRollbackNotAtomic)
				m.write(m.end(item, queue.StateReleased, p.Now))
				result.Released++
			case item.State.Active() || m.fault == faultRollbackCountsEnded:
				result.Kept++
			}
		}
	}
	if !known && m.fault != faultUnknownLaunch {
		return queue.RollbackResult{}, outdial.NotFound("launch")
	}
	m.record(p.ActorID, outdial.ActionQueueRollback, p.CampaignID, p.Now, map[string]any{
		"launch_id": p.LaunchID, "released": result.Released, "kept": result.Kept,
	})
	return result, nil
}

func (m *memory) PullItem(_ context.Context, p queue.PullParams) (queue.PullResult, error) {
	defer m.lock()()
	if !m.known(p.CampaignID) && m.fault != faultUnknownPull {
		return queue.PullResult{}, outdial.NotFound("campaign")
	}
	const refresh = 50
	if m.pulls++; m.pulls%refresh == 0 {
		m.oldList = slices.Clone(m.data.listing.entries)
	}
	for _, item := range m.data.items[p.CampaignID] {
		if item.State != queue.StateLocked || item.AgentID != p.AgentID || m.fault == faultPullForgetsLock {
			continue
		}
		contact, live := m.data.contacts[item.ContactID], item.LockExpiresAt.After(p.Now)
		reason := m.pullReason(p.CampaignID, contact, p.Now)
		switch {
		case !live && m.fault == faultExpiredHeld, live && (reason == "" || m.fault == faultHeldSuppressed):
			item.Contact = contact
			if m.fault == faultHeldRenews {
				item.LockExpiresAt = m.kept(p.Now.Add(p.LockFor))
				m.write(item)
				item.Contact = contact
			}
			return queue.PullResult{Item: &item, Held: true}, nil
		case live:
			item = m.end(item, queue.StateFailed, p.Now)
			item.FailReason = reason
			if m.fault == faultFailNamesState {
				item.FailReason = "uncallable"
			}
			m.write(item)
		case m.fault != faultOwnExpiredStays:
			m.write(m.requeue(item))
		}
	}
	best, found := m.best(p)
	m.breathe(faultPullNotAtomic)
	if !found {
		return queue.PullResult{}, nil
	}
	best.State, best.AgentID = queue.StateLocked, p.AgentID
	best.LockedAt, best.LockExpiresAt = m.kept(p.Now), m.kept(p.Now.Add(p.LockFor))
	if m.fault != faultPullKeepsVersion {
		best.LockVersion++
	}
	m.write(best)
	best.Contact = m.data.contacts[best.ContactID]
	return queue.PullResult{Item: &best}, nil
}

// pullReason says why a contact must not be called, or "".
func (m *memory) pullReason(campaignID uuid.UUID, contact outdial.Contact, now time.Time) string {
	switch {
	case m.isSuppressed(campaignID, contact, now):
		return "suppressed"
	case contact.Invalid:
		return "invalid"
	case contact.PhoneStatus == outdial.PhoneInvalid || contact.Phone == "":
		return "no_phone"
	case contact.OptedOut:
		return "opted_out"
	}
	return ""
}

// best returns the item that the agent should have next.
func (m *memory) best(p queue.PullParams) (queue.Item, bool) {
	best, bestRank, found := queue.Item{}, [64]byte{}, false
	for _, item := range m.data.items[p.CampaignID] {
		own := item.State == queue.StateQueued && item.AgentID == p.AgentID
		pool := item.Pooled && (item.State == queue.StateQueued || m.lapsed(item, p.Now)) && m.awaits(p, item)
		other := m.lapsed(item, p.Now) && m.fault == faultPullTakesOwn
		due := !item.ScheduledFor.After(p.Now)
		switch m.fault {
		case faultPullNotDue:
			due = true
		case faultDueBoundary:
			due = item.ScheduledFor.IsZero() || item.ScheduledFor.Before(p.Now)
		case faultPullOthers:
			own = item.State == queue.StateQueued
		}
		if !own && !pool && !other || !due || !m.callable(p, item) {
			continue
		}
		if rank := m.rank(p, item); !found || bytes.Compare(rank[:], bestRank[:]) < 0 {
			best, bestRank, found = item, rank, true
		}
	}
	return best, found
}

// lapsed says whether an item's lock is one no more.
func (m *memory) lapsed(item queue.Item, now time.Time) bool {
	switch m.fault {
	case faultPullWaitsForSweep:
		return false
	case faultPullTakesRunning:
		return (item.State == queue.StateLocked || item.State == queue.StateInProgress) && !item.LockExpiresAt.After(now)
	case faultPullTakesLive:
		return item.State == queue.StateLocked && !item.LockExpiresAt.After(now.Add(time.Second))
	}
	return item.State == queue.StateLocked && !item.LockExpiresAt.After(now)
}

func (m *memory) callable(p queue.PullParams, item queue.Item) bool {
	contact := m.data.contacts[item.ContactID]
	reason := m.pullReason(p.CampaignID, contact, p.Now)
	if m.callUnderWay(contact.Phone) && m.fault != faultPullsWhileDialed {
		return false
	}
	switch m.fault {
	case faultPullSuppressed:
		return reason == "" || reason == "suppressed"
	case faultPullFlags:
		return reason != "suppressed"
	case faultPullCooling:
		return reason == "" && !m.data.members[p.CampaignID][item.ContactID].next.After(p.Now)
	}
	return reason == ""
}

// awaits says whether an item of the pool waits for the agent, if it is a callback.
func (m *memory) awaits(p queue.PullParams, item queue.Item) bool {
	switch {
	case item.CallbackAt.IsZero(), m.fault == faultCallbacksForAll:
		return true
	case item.CallbackAt.After(p.Now):
		return m.fault == faultPullNotDue
	case item.CallbackAgentID == uuid.Nil || item.CallbackAgentID == p.AgentID:
		return true
	case m.fault == faultCallbacksForever, p.CallbacksSince.IsZero():
		return false
	case m.fault == faultCallbackGraceBoundary:
		return item.CallbackAt.Before(p.CallbacksSince)
	}
	return !item.CallbackAt.After(p.CallbacksSince)
}

// rank sorts items in the order in which they are pulled.
func (m *memory) rank(p queue.PullParams, item queue.Item) (rank [64]byte) {
	owner := int64(0)
	if item.AgentID != p.AgentID || item.Pooled {
		owner = 1
	}
	scheduled := int64(1) << 62
	if !item.ScheduledFor.IsZero() {
		scheduled = item.ScheduledFor.UnixMicro()
	}
	age := item.QueuedAt.UnixMicro()
	priority := int64(1)<<32 - int64(item.Priority)
	switch m.fault {
	case faultPoolFirst:
		owner = 1 - owner
	case faultPoolMixed:
		owner = 0
	case faultPullPriority:
		priority = 0
	case faultUnscheduledFirst:
		if item.ScheduledFor.IsZero() {
			scheduled = 0
		}
	case faultScheduleIgnored:
		scheduled = 0
	case faultNewestFirst:
		age = -age + 1<<62
	}
	for i, part := range []int64{owner, priority, scheduled, age} {
		binary.BigEndian.PutUint64(rank[8*i:], uint64(part))
	}
	if callback := !item.CallbackAt.IsZero() && !item.CallbackAt.After(p.Now); callback && m.fault != faultCallbacksLast &&
		(m.fault != faultOwnCallbacksWait || item.Pooled) {
		rank = [64]byte{}
		binary.BigEndian.PutUint64(rank[8:], uint64(item.CallbackAt.UnixMicro()))
		if m.fault == faultCallbacksByPriority {
			binary.BigEndian.PutUint64(rank[8:], uint64(priority))
		}
	} else {
		rank[0] = 1
	}
	if m.fault == faultTiesByContact {
		copy(rank[32:], item.ContactID[:])
	}
	copy(rank[48:], item.ID[:])
	return rank
}

func (m *memory) MoveItem(_ context.Context, p queue.MoveParams) (queue.MoveResult, error) {
	defer m.lock()()
	for campaignID, items := range m.data.items {
		for _, item := range items {
			if item.ID == p.ItemID && (campaignID == p.CampaignID || m.fault == faultMoveAnywhere) {
				result, err := m.moveItem(item, p)
				return result, m.spoil(err)
			}
		}
	}
	return queue.MoveResult{}, outdial.NotFound("queue_item")
}

func (m *memory) moveItem(item queue.Item, p queue.MoveParams) (queue.MoveResult, error) {
	version := item.LockVersion != p.LockVersion && m.fault != faultVersionIgnored
	holder := p.AgentID != uuid.Nil && item.AgentID != p.AgentID && m.fault != faultHolderIgnored &&
		(item.AgentID != uuid.Nil || m.fault == faultNobodyForbids)
	state := !p.Move.Allowed(item.State) && m.fault != faultStateIgnored
	if m.fault == faultLateRefused {
		state = state || !item.LockExpiresAt.After(p.Now)
	}
	switch {
	case holder && m.fault == faultHolderFirst:
		return queue.MoveResult{}, outdial.Forbidden("another agent's")
	case state && m.fault == faultStateFirst:
		return queue.MoveResult{}, outdial.Conflict("state")
	case version:
		return queue.MoveResult{}, outdial.Conflict("version")
	case holder:
		return queue.MoveResult{}, outdial.Forbidden("another agent's")
	case state:
		return queue.MoveResult{}, outdial.Conflict("state")
	case p.Move == queue.MoveStart && m.callUnderWay(m.data.contacts[item.ContactID].Phone) && m.fault != faultStartsWhileDialed:
		return queue.MoveResult{}, outdial.Conflict("the phone is in a call")
	}
	m.breathe(faultMoveNotAtomic)
	switch p.Move {
	case queue.MoveGiveBack:
		item = m.requeue(item)
		if m.fault == faultGiveBackDates {
			item.QueuedAt = m.kept(p.Now.Add(time.Second))
		}
	case queue.MoveHeartbeat:
		item.LockExpiresAt = m.kept(p.Now.Add(p.LockFor))
		if m.fault == faultHeartbeatBumps {
			item.LockVersion++
		}
	default:
		item.State = queue.StateInProgress
		item.LockVersion++
		if m.fault == faultStartCounts {
			item.Attempts++
		}
		if m.fault != faultStartKeepsExpiry {
			item.LockExpiresAt = m.kept(p.Now.Add(p.LockFor))
		}
	}
	m.write(item)
	item.Contact = m.data.contacts[item.ContactID]
	return queue.MoveResult{Item: item}, nil
}

func (m *memory) SweepLocks(_ context.Context, p queue.SweepParams) (queue.SweepResult, error) {
	defer m.lock()()
	result := queue.SweepResult{}
	for _, items := range m.data.items {
		for _, item := range items {
			expired := !item.LockExpiresAt.After(p.Now) || m.fault == faultSweepLive
			locked := item.State == queue.StateLocked || item.State == queue.StateInProgress && m.fault == faultSweepRunning
			if !locked || !expired || m.fault == faultSweepBoundary && item.LockExpiresAt.Equal(p.Now) {
				continue
			}
			pooled, agent := item.Pooled, item.AgentID
			if pooled {
				result.ToPool++
			} else {
				result.ToAgents++
			}
			item = m.requeue(item)
			switch m.fault {
			case faultSweepToAgent:
				item.AgentID, item.Pooled = agent, false
			case faultSweepToPool:
				item.AgentID, item.Pooled = uuid.Nil, true
			}
			m.write(item)
		}
	}
	for name, answer := range m.data.answers {
		old := answer.at.Before(p.KeysBefore)
		if m.fault == faultForgetsBoundary {
			old = !answer.at.After(p.KeysBefore)
		}
		if old || p.KeysBefore.IsZero() && m.fault == faultForgetsAll {
			delete(m.data.answers, name)
			result.KeysForgotten++
		}
	}
	return result, nil
}

func (m *memory) ListItems(_ context.Context, p queue.ListParams) (queue.ListResult, error) {
	defer m.lock()()
	result := queue.ListResult{}
	for _, item := range m.data.items[p.CampaignID] {
		after := bytes.Compare(item.ID[:], p.After[:]) > 0 || item.ID == p.After && m.fault == faultPageRepeats
		awaited := item.CallbackAgentID == p.AgentID && item.State == queue.StateQueued && m.fault != faultListsNoAwaited
		if after && (p.AgentID == uuid.Nil || item.AgentID == p.AgentID || awaited) &&
			(p.State == "" || item.State == p.State || m.fault == faultListState) {
			item.Contact = m.data.contacts[item.ContactID]
			if m.fault == faultThinContact {
				item.Contact.Attributes, item.Contact.Region = nil, ""
			}
			result.Items = append(result.Items, item)
		}
	}
	slices.SortFunc(result.Items, func(a, b queue.Item) int {
		if m.fault == faultListByContact {
			return bytes.Compare(a.ContactID[:], b.ContactID[:])
		}
		return bytes.Compare(a.ID[:], b.ID[:])
	})
	result.More = len(result.Items) > p.Limit || len(result.Items) == p.Limit && m.fault == faultMoreWhenFull
	result.Items = result.Items[:min(p.Limit, len(result.Items))]
	return result, nil
}

func (m *memory) QueueStats(_ context.Context, p queue.StatsParams) (queue.StatsResult, error) {
	defer m.lock()()
	if !m.known(p.CampaignID) && m.fault != faultUnknownStats {
		return queue.StatsResult{}, outdial.NotFound("campaign")
	}
	zeros := func() map[queue.State]int {
		states := map[queue.State]int{}
		for _, state := range queue.States() {
			if m.fault != faultStatsNoZeros {
				states[state] = 0
			}
		}
		return states
	}
	result := queue.StatsResult{States: zeros()}
	for _, item := range m.data.items[p.CampaignID] {
		if m.fault == faultStatsActive && !item.State.Active() {
			continue
		}
		at := slices.IndexFunc(result.Agents, func(agent queue.AgentStats) bool { return agent.AgentID == item.AgentID })
		if at < 0 {
			at = len(result.Agents)
			result.Agents = append(result.Agents, queue.AgentStats{AgentID: item.AgentID, States: zeros()})
		}
		result.States[item.State]++
		result.Agents[at].States[item.State]++
	}
	if m.fault != faultStatsUnsorted {
		slices.SortFunc(result.Agents, func(a, b queue.AgentStats) int { return bytes.Compare(a.AgentID[:], b.AgentID[:]) })
	}
	return result, nil
}

func (m *memory) ListCampaigns(context.Context) ([]queue.CampaignSummary, error) {
	defer m.lock()()
	list := []queue.CampaignSummary{}
	for _, campaign := range m.data.campaigns {
		list = append(list, queue.CampaignSummary{
			ID: campaign.ID, Name: campaign.Name, Contacts: len(m.data.members[campaign.ID]),
		})
	}
	if m.fault != faultCampaignsUnsorted {
		slices.SortFunc(list, func(a, b queue.CampaignSummary) int { return strings.Compare(a.Name, b.Name) })
	}
	return list, nil
}
