package httpapi

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/outdial/outdial"
	"github.com/outdial/outdial/dialer"
	"github.com/outdial/outdial/dialer/presence"
)

// withDialer says whether the routes of the power queue exist.
func withDialer(cfg Config) bool { return cfg.Dialer != nil }

// enqueueCalls answers POST /campaigns/{campaignId}/dialer/enqueue.
func (a *api) enqueueCalls(r *request) (reply, error) {
	body, err := a.readObject(r)
	if err != nil {
		return reply{}, err
	}
	req := dialer.EnqueueRequest{
		CampaignID:     r.campaignID,
		ContactIDs:     body.ids("contact_ids"),
		Filter:         body.filter("filters"),
		Reason:         outdial.Reason(body.text("reason")),
		Priority:       body.integer("priority"),
		LaunchID:       body.optionalID("launch_id"),
		IdempotencyKey: r.key,
	}
	if err := body.done(); err != nil {
		return reply{}, err
	}
	result, err := a.cfg.Dialer.Enqueue(r.Context(), r.actor, req)
	if err != nil {
		return reply{}, fmt.Errorf("enqueue to be dialed: %w", err)
	}
	return answer(result)
}

// control is one of the methods of a dialer.Service that control a campaign.
type control func(*dialer.Service, context.Context, outdial.Actor, uuid.UUID) (dialer.ControlResult, error)

// controlDialing answers POST /campaigns/{campaignId}/dialer/start, and the like.
func controlDialing(control control) func(*api, *request) (reply, error) {
	return func(a *api, r *request) (reply, error) {
		body, err := a.readObject(r)
		if err != nil {
			return reply{}, err
		}
		if err := body.done(); err != nil {
			return reply{}, err
		}
		result, err := control(a.cfg.Dialer, r.Context(), r.actor, r.campaignID)
		if err != nil {
			return reply{}, fmt.Errorf("control the dialing: %w", err)
		}
		return answer(result)
	}
}

// dialerStats answers GET /campaigns/{campaignId}/dialer.
func (a *api) dialerStats(r *request) (reply, error) {
	counted, err := a.cfg.Dialer.Stats(r.Context(), r.actor, r.campaignID)
	if err != nil {
		return reply{}, fmt.Errorf("count the power queue: %w", err)
	}
	body := dialer.StatsResult{Status: counted.Status, States: map[dialer.State]int{}, Due: counted.Due, Agents: map[string]int{}}
	for _, state := range dialer.States() {
		body.States[state] = counted.States[state]
	}
	for _, state := range presence.States() {
		body.Agents[string(state)] = counted.Agents[string(state)]
	}
	return answer(body)
}

// callItem is the JSON form of a dialer.Item. Its names are the table's columns; what
// does not apply is null.
type callItem struct {
	ID             uuid.UUID    `json:"id"`
	CampaignID     uuid.UUID    `json:"campaign_id"`
	ContactID      uuid.UUID    `json:"contact_id"`
	Status         dialer.State `json:"status"`
	Priority       int          `json:"priority"`
	NextAttemptAt  *time.Time   `json:"next_attempt_at"`
	Attempts       int          `json:"attempts"`
	CallZone       *string      `json:"call_zone"`
	CallSID        *string      `json:"call_sid"`
	AgentID        *uuid.UUID   `json:"agent_id"`
	LockVersion    int          `json:"lock_version"`
	FailReason     *string      `json:"fail_reason"`
	LaunchID       *uuid.UUID   `json:"launch_id"`
	EnqueuedBy     *string      `json:"enqueued_by"`
	EnqueuedReason *string      `json:"enqueued_reason"`
	CreatedAt      *time.Time   `json:"created_at"`
	UpdatedAt      *time.Time   `json:"updated_at"`
}

func newCallItem(from dialer.Item) callItem {
	return callItem{
		ID:             from.ID,
		CampaignID:     from.CampaignID,
		ContactID:      from.ContactID,
		Status:         from.State,
		Priority:       from.Priority,
		NextAttemptAt:  timeOrNull(from.NextAttemptAt),
		Attempts:       from.Attempts,
		CallZone:       textOrNull(from.CallZone),
		CallSID:        textOrNull(from.CallSID),
		AgentID:        idOrNull(from.AgentID),
		LockVersion:    from.LockVersion,
		FailReason:     textOrNull(from.FailReason),
		LaunchID:       idOrNull(from.LaunchID),
		EnqueuedBy:     textOrNull(from.Provenance.By),
		EnqueuedReason: textOrNull(string(from.Provenance.Reason)),
		CreatedAt:      timeOrNull(from.QueuedAt),
		UpdatedAt:      timeOrNull(from.UpdatedAt),
	}
}

// listCallItems answers GET /campaigns/{campaignId}/dialer/items.
func (a *api) listCallItems(r *request) (reply, error) {
	limit, err := r.queryLimit("limit", outdial.MaxPage)
	if err != nil {
		return reply{}, err
	}
	page, err := a.cfg.Dialer.List(r.Context(), r.actor, dialer.ListRequest{
		CampaignID: r.campaignID,
		State:      dialer.State(r.URL.Query().Get("state")),
		Cursor:     r.URL.Query().Get("cursor"),
		Limit:      limit,
	})
	if err != nil {
		return reply{}, fmt.Errorf("list the power queue: %w", err)
	}
	body := list[callItem]{Items: make([]callItem, len(page.Items)), NextCursor: page.NextCursor}
	for i := range page.Items {
		body.Items[i] = newCallItem(page.Items[i])
	}
	return answer(body)
}
