package httpapi

import (
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/outdial/outdial/dialer/presence"
)

// withPresence says whether the routes of the agents' presence exist.
func withPresence(cfg Config) bool { return cfg.Presence != nil }

// session is the JSON form of a presence.Session. Its names are the table's columns;
// what does not apply is null.
type session struct {
	AgentID    uuid.UUID      `json:"agent_id"`
	CampaignID uuid.UUID      `json:"campaign_id"`
	State      presence.State `json:"state"`
	Since      *time.Time     `json:"since"`
	ExpiresAt  *time.Time     `json:"expires_at"`
	CallID     *uuid.UUID     `json:"call_id"`
}

func newSession(from presence.Session) session {
	return session{
		AgentID: from.AgentID, CampaignID: from.CampaignID, State: from.State,
		Since: timeOrNull(from.Since), ExpiresAt: timeOrNull(from.ExpiresAt), CallID: idOrNull(from.CallID),
	}
}

// setPresence answers PUT /campaigns/{campaignId}/presence.
func (a *api) setPresence(r *request) (reply, error) {
	body, err := a.readObject(r)
	if err != nil {
		return reply{}, err
	}
	req := presence.SetRequest{
		CampaignID: r.campaignID,
		AgentID:    body.optionalID("agent_id"),
		State:      presence.State(body.text("state")),
	}
	if err := body.done(); err != nil {
		return reply{}, err
	}
	set, err := a.cfg.Presence.Set(r.Context(), r.actor, req)
	if err != nil {
		return reply{}, fmt.Errorf("set presence: %w", err)
	}
	return answer(newSession(set))
}

// heartbeatAgent answers POST /presence/heartbeat.
func (a *api) heartbeatAgent(r *request) (reply, error) {
	body, err := a.readObject(r)
	if err != nil {
		return reply{}, err
	}
	req := presence.HeartbeatRequest{AgentID: body.optionalID("agent_id")}
	if err := body.done(); err != nil {
		return reply{}, err
	}
	touched, err := a.cfg.Presence.Heartbeat(r.Context(), r.actor, req)
	if err != nil {
		return reply{}, fmt.Errorf("keep presence: %w", err)
	}
	return answer(newSession(touched))
}

// listPresence answers GET /campaigns/{campaignId}/presence, on one page.
func (a *api) listPresence(r *request) (reply, error) {
	sessions, err := a.cfg.Presence.List(r.Context(), r.actor, r.campaignID)
	if err != nil {
		return reply{}, fmt.Errorf("list presence: %w", err)
	}
	body := list[session]{Items: make([]session, len(sessions))}
	for i := range sessions {
		body.Items[i] = newSession(sessions[i])
	}
	return answer(body)
}
