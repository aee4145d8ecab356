package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"github.com/google/uuid"

	"github.com/outdial/outdial"
	"github.com/outdial/outdial/dialer"
	"github.com/outdial/outdial/dialer/presence"
)

// sessionRow is an agent's session, as the fragment session_columns selects it.
type sessionRow struct {
	AgentID    uuid.UUID     `db:"agent_id"`
	CampaignID uuid.UUID     `db:"campaign_id"`
	State      string        `db:"state"`
	Since      instant       `db:"since"`
	ExpiresAt  instant       `db:"expires_at"`
	CallID     uuid.NullUUID `db:"call_id"`
}

func (r sessionRow) session() presence.Session {
	return presence.Session{
		AgentID: r.AgentID, CampaignID: r.CampaignID, State: presence.State(r.State),
		Since: r.Since.Time, ExpiresAt: r.ExpiresAt.Time, CallID: r.CallID.UUID,
	}
}

// SetPresence implements presence.Store.
func (s *Store) SetPresence(ctx context.Context, p presence.SetParams) (presence.Session, error) {
	return s.writeSession(ctx, "set_presence", Args{
		"campaign_id": p.CampaignID, "agent_id": p.AgentID, "state": string(p.State),
		"expires_at": s.at(p.ExpiresAt), "now": s.at(p.Now),
	}, outdial.Conflict("a call has the agent"))
}

// TouchPresence implements presence.Store.
func (s *Store) TouchPresence(ctx context.Context, p presence.TouchParams) (presence.Session, error) {
	return s.writeSession(ctx, "touch_presence", Args{
		"agent_id": p.AgentID, "expires_at": s.at(p.ExpiresAt),
	}, outdial.NotFound("agent"))
}

// writeSession runs a statement that changes one session and returns it, or refuses
// when there was none to change.
func (s *Store) writeSession(ctx context.Context, query string, args Args, refusal error) (presence.Session, error) {
	var row sessionRow
	err := s.WriteOne(ctx, func(c *Conn) error {
		err := c.Get(ctx, &row, query, args)
		if errors.Is(err, sql.ErrNoRows) {
			return refusal
		}
		return err
	})
	if err != nil {
		return presence.Session{}, err
	}
	return row.session(), nil
}

// ReserveAgent implements presence.Store.
func (s *Store) ReserveAgent(ctx context.Context, p presence.ReserveParams) (presence.ReserveResult, error) {
	var result presence.ReserveResult
	err := s.Write(ctx, func(c *Conn) error {
		result = presence.ReserveResult{}
		row, err := lockCall(ctx, c, p.CampaignID, p.CallID)
		if err != nil {
			return err
		}
		call := row.Call()
		switch {
		case !call.EndedAt.IsZero(), !call.ConnectedAt.IsZero(), !call.AbandonedAt.IsZero(), !call.SettledAt.IsZero():
			result.Gone = true
			return nil
		case call.AgentID != uuid.Nil:
			result.AgentID, result.Held = call.AgentID, true
			return nil
		}
		args := Args{"campaign_id": p.CampaignID, "call_id": p.CallID, "now": s.at(p.Now)}
		var agentID uuid.UUID
		switch err := c.Get(ctx, &agentID, "pick_agent", args); {
		case errors.Is(err, sql.ErrNoRows):
			return nil
		case err != nil:
			return err
		}
		args["agent_id"] = agentID
		if _, err := c.Exec(ctx, "reserve_agent", args); err != nil {
			return err
		}
		result.AgentID = agentID
		return s.assignCall(ctx, c, call, agentID, p.Now)
	})
	if err != nil {
		return presence.ReserveResult{}, err
	}
	return result, nil
}

// assignCall notes the call's agent, or that it has none, at the call and at its item.
func (s *Store) assignCall(ctx context.Context, c *Conn, call dialer.Call, agentID uuid.UUID, now time.Time) error {
	args := Args{
		"campaign_id": call.Ref.CampaignID, "item_id": call.Ref.ItemID, "item_version": call.ItemVersion,
		"call_id": call.ID, "call_sid": optionalText(call.CallSID), "agent_id": OptionalID(agentID), "now": s.at(now),
	}
	if _, err := c.Exec(ctx, "assign_call", args); err != nil {
		return err
	}
	_, err := c.Exec(ctx, "note_call_item", args)
	return err
}

// ReleaseAgent implements presence.Store.
func (s *Store) ReleaseAgent(ctx context.Context, p presence.ReleaseParams) error {
	return s.Write(ctx, func(c *Conn) error {
		row, found, err := getRow[CallRow](ctx, c, "lock_call", Args{"campaign_id": p.CampaignID, "call_id": p.CallID})
		if err != nil || !found {
			return err
		}
		call := row.Call()
		if call.AgentID != p.AgentID || !call.ConnectedAt.IsZero() || !call.SettledAt.IsZero() {
			return nil
		}
		from, to := presence.MoveUnreserve.Between()
		freed, err := c.Exec(ctx, "move_agent", Args{
			"agent_id": p.AgentID, "call_id": p.CallID, "from": joined(from), "to": string(to), "now": s.at(p.Now),
		})
		if err != nil || freed == 0 {
			return err
		}
		return s.assignCall(ctx, c, call, uuid.Nil, p.Now)
	})
}

// ExpirePresence implements presence.Store.
func (s *Store) ExpirePresence(ctx context.Context, p presence.ExpireParams) (int, error) {
	var changed int
	err := s.Write(ctx, func(c *Conn) error {
		changed = 0
		for _, query := range []string{"free_agents", "expire_presence"} {
			some, err := c.Exec(ctx, query, Args{"now": s.at(p.Now)})
			if err != nil {
				return err
			}
			changed += some
		}
		return nil
	})
	if err != nil {
		return 0, err
	}
	return changed, nil
}

// ListPresence implements presence.Store.
func (s *Store) ListPresence(ctx context.Context, p presence.ListParams) ([]presence.Session, error) {
	var rows []sessionRow
	if err := s.reader().Select(ctx, &rows, "list_presence", Args{"campaign_id": p.CampaignID}); err != nil {
		return nil, err
	}
	sessions := make([]presence.Session, len(rows))
	for i, row := range rows {
		sessions[i] = row.session()
	}
	return sessions, nil
}
