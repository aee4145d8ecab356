package sqlstore

import (
	"context"

	"github.com/google/uuid"

	"github.com/outdial/outdial"
	"github.com/outdial/outdial/dialer"
	"github.com/outdial/outdial/dialer/presence"
)

// callItemRow is an item of the power queue, as list_call_items selects it.
type callItemRow struct {
	ID             uuid.UUID     `db:"id"`
	CampaignID     uuid.UUID     `db:"campaign_id"`
	ContactID      uuid.UUID     `db:"contact_id"`
	State          string        `db:"status"`
	Priority       int           `db:"priority"`
	NextAttemptAt  instant       `db:"next_attempt_at"`
	Attempts       int           `db:"attempts"`
	CallZone       string        `db:"call_zone"`
	CallSID        string        `db:"call_sid"`
	AgentID        uuid.NullUUID `db:"agent_id"`
	LockVersion    int           `db:"lock_version"`
	FailReason     string        `db:"fail_reason"`
	LaunchID       uuid.NullUUID `db:"launch_id"`
	EnqueuedBy     string        `db:"enqueued_by"`
	EnqueuedReason string        `db:"enqueued_reason"`
	CreatedAt      instant       `db:"created_at"`
	UpdatedAt      instant       `db:"updated_at"`
}

func (r callItemRow) item() dialer.Item {
	return dialer.Item{
		ID: r.ID, CampaignID: r.CampaignID, ContactID: r.ContactID,
		State: dialer.State(r.State), Priority: r.Priority, NextAttemptAt: r.NextAttemptAt.Time,
		Attempts: r.Attempts, CallZone: r.CallZone, CallSID: r.CallSID, AgentID: r.AgentID.UUID,
		LockVersion: r.LockVersion, FailReason: r.FailReason, LaunchID: r.LaunchID.UUID,
		Provenance: outdial.Provenance{By: r.EnqueuedBy, Reason: outdial.Reason(r.EnqueuedReason)},
		QueuedAt:   r.CreatedAt.Time, UpdatedAt: r.UpdatedAt.Time,
	}
}

// ListCallItems implements dialer.Store.
func (s *Store) ListCallItems(ctx context.Context, p dialer.ListItemsParams) (dialer.ListItemsResult, error) {
	var rows []callItemRow
	err := s.reader().Select(ctx, &rows, "list_call_items", Args{
		"campaign_id": p.CampaignID, "after": p.After,
		"state": string(p.State), "any_state": p.State == "", "limit": p.Limit + 1,
	})
	if err != nil {
		return dialer.ListItemsResult{}, err
	}
	rows, more := page(rows, p.Limit)
	result := dialer.ListItemsResult{More: more}
	for _, row := range rows {
		result.Items = append(result.Items, row.item())
	}
	return result, nil
}

// DialerStats implements dialer.Store.
func (s *Store) DialerStats(ctx context.Context, p dialer.StatsParams) (dialer.StatsResult, error) {
	c := s.reader()
	if err := s.RequireCampaign(ctx, c, p.CampaignID); err != nil {
		return dialer.StatsResult{}, err
	}
	args := Args{"campaign_id": p.CampaignID, "now": s.at(p.Now)}
	result := dialer.StatsResult{Status: dialer.StatusStopped, States: map[dialer.State]int{}, Agents: map[string]int{}}
	for _, state := range dialer.States() {
		result.States[state] = 0
	}
	for _, state := range presence.States() {
		result.Agents[string(state)] = 0
	}
	var statuses []string
	if err := c.Select(ctx, &statuses, "get_status", args); err != nil {
		return dialer.StatsResult{}, err
	}
	for _, status := range statuses {
		result.Status = dialer.Status(status)
	}
	var counts []struct {
		State string `db:"status"`
		Items int    `db:"items"`
		Due   int    `db:"due"`
	}
	if err := c.Select(ctx, &counts, "dialer_counts", args); err != nil {
		return dialer.StatsResult{}, err
	}
	for _, count := range counts {
		result.States[dialer.State(count.State)] = count.Items
		if dialer.State(count.State) == dialer.StateQueued {
			result.Due = count.Due
		}
	}
	sessions, err := s.ListPresence(ctx, presence.ListParams{CampaignID: p.CampaignID})
	if err != nil {
		return dialer.StatsResult{}, err
	}
	for _, session := range sessions {
		result.Agents[string(session.StateAt(p.Now))]++
	}
	return result, nil
}
