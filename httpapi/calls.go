package httpapi

import (
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/outdial/outdial"
	"github.com/outdial/outdial/dialer"
)

// call is the JSON form of a dialer.Call, as far as it concerns who is in it. ItemID and
// LockVersion are what a disposition names.
type call struct {
	ID          uuid.UUID       `json:"id"`
	CampaignID  uuid.UUID       `json:"campaign_id"`
	ItemID      uuid.UUID       `json:"item_id"`
	LockVersion int             `json:"lock_version"`
	ContactID   uuid.UUID       `json:"contact_id"`
	AgentID     *uuid.UUID      `json:"agent_id"`
	Phone       string          `json:"phone"`
	Attempt     int             `json:"attempt"`
	PlacedAt    *time.Time      `json:"placed_at"`
	ConnectedAt *time.Time      `json:"connected_at"`
	EndedAt     *time.Time      `json:"ended_at"`
	Outcome     *dialer.Outcome `json:"outcome"`
}

// newCall shows the phone in full to nobody but the agent who is in the call.
func newCall(from dialer.Call, actor outdial.Actor) call {
	shown := call{
		ID: from.ID, CampaignID: from.Ref.CampaignID, ItemID: from.Ref.ItemID, LockVersion: from.Ref.LockVersion,
		ContactID: from.ContactID, AgentID: idOrNull(from.AgentID), Phone: from.Phone.Masked(), Attempt: from.Attempt,
		PlacedAt: timeOrNull(from.PlacedAt), ConnectedAt: timeOrNull(from.ConnectedAt), EndedAt: timeOrNull(from.EndedAt),
	}
	if actor.ID != uuid.Nil && from.AgentID == actor.ID {
		shown.Phone = from.Phone.E164()
	}
	if from.Outcome != "" {
		shown.Outcome = &from.Outcome
	}
	return shown
}

// showCall answers GET /campaigns/{campaignId}/dialer/calls/{id}.
func (a *api) showCall(r *request) (reply, error) {
	callID, err := outdial.ParseID("id", r.PathValue("id"))
	if err != nil {
		return reply{}, err
	}
	found, err := a.cfg.Dialer.Call(r.Context(), r.actor, dialer.CallRequest{CampaignID: r.campaignID, CallID: callID})
	if err != nil {
		return reply{}, fmt.Errorf("look at the call: %w", err)
	}
	return answer(newCall(found, r.actor))
}
