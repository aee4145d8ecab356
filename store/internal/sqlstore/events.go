package sqlstore

import (
	"context"
	"database/sql"
	"encoding/json"
	"time"

	"github.com/google/uuid"

	"github.com/outdial/outdial"
	"github.com/outdial/outdial/dialer"
	"github.com/outdial/outdial/dialer/telephony"
)

// EventRow is a kept event, as the fragment event_columns selects it.
type EventRow struct {
	ID           uuid.UUID      `db:"id"`
	CallSID      string         `db:"call_sid"`
	Type         string         `db:"event_type"`
	Seq          int            `db:"event_seq"`
	Payload      sql.NullString `db:"payload"`
	CreatedAt    instant        `db:"created_at"`
	CampaignID   uuid.NullUUID  `db:"campaign_id"`
	ItemID       uuid.NullUUID  `db:"item_id"`
	ClaimVersion int            `db:"claim_version"`
	CallID       uuid.NullUUID  `db:"call_id"`
	Source       string         `db:"source"`
	ReportedAt   instant        `db:"reported_at"`
	OccurredAt   instant        `db:"occurred_at"`
	AMD          string         `db:"amd"`
	Cause        string         `db:"cause"`
}

// Kept returns the row in the words of telephony.
func (r EventRow) Kept() telephony.Kept {
	var payload json.RawMessage
	if r.Payload.Valid {
		payload = json.RawMessage(r.Payload.String)
	}
	return telephony.Kept{
		ID: r.ID,
		Event: telephony.Event{
			Ref:     dialer.Ref{CampaignID: r.CampaignID.UUID, ItemID: r.ItemID.UUID, LockVersion: r.ClaimVersion},
			CallSID: r.CallSID,
			Type:    telephony.Type(r.Type),
			Seq:     r.Seq,
			At:      r.ReportedAt.Time,
			AMD:     dialer.AMD(r.AMD),
			Cause:   dialer.Cause(r.Cause),
			Source:  r.Source,
			Payload: payload,
		},
		OccurredAt: r.OccurredAt.Time,
		CallID:     r.CallID.UUID,
		CreatedAt:  r.CreatedAt.Time,
	}
}

// RecordEvent implements telephony.Store.
func (s *Store) RecordEvent(ctx context.Context, p telephony.RecordParams) (telephony.RecordResult, error) {
	result, err := s.recordEvent(ctx, p)
	if err != nil || !result.Orphan || p.Kept != uuid.Nil {
		return result, err
	}
	// The call may have got its name at the same moment, seeing no event. Whoever looks
	// second sees the other.
	var kept []EventRow
	if err := s.reader().Select(ctx, &kept, "list_orphans_of_call", Args{"call_sid": p.Event.CallSID}); err != nil {
		return result, err
	}
	for _, row := range kept {
		if row.Type == string(p.Event.Type) && row.Seq == p.Event.Seq {
			p.Kept = row.ID
			return s.recordEvent(ctx, p)
		}
	}
	return result, nil
}

func (s *Store) recordEvent(ctx context.Context, p telephony.RecordParams) (telephony.RecordResult, error) {
	var result telephony.RecordResult
	err := s.Write(ctx, func(c *Conn) error {
		result = telephony.RecordResult{}
		row, found, err := callOf(ctx, c, p.Event)
		if err != nil {
			return err
		}
		if p.Kept == uuid.Nil {
			added, err := s.addEvent(ctx, c, p, row, found)
			if err != nil {
				return err
			}
			result.Duplicate = !added
		} else if found {
			if err := adoptEvent(ctx, c, p.Kept, row.CallRow); err != nil {
				return err
			}
		}
		result.Orphan = !found && !result.Duplicate
		if !found || result.Duplicate {
			return nil
		}
		n := newsOf(row, p.Event, p.At)
		n.again = p.Kept != uuid.Nil
		named := row.CallSID == ""
		row, err = s.advance(ctx, c, row, n, p.Policy, p.Now)
		if err == nil && named {
			row, err = s.adoptOrphans(ctx, c, row, p.Policy, p.Now)
		}
		result.Call, result.State, result.Moved = row.Call(), dialer.State(row.State), row.moved
		return err
	})
	if err != nil {
		return telephony.RecordResult{}, err
	}
	return result, nil
}

// callOf locks the call that an event is about. A call that has another name than the
// event's is not it.
func callOf(ctx context.Context, c *Conn, event telephony.Event) (row lockedCall, found bool, err error) {
	if event.Ref != (dialer.Ref{}) {
		row, found, err = getRow[lockedCall](ctx, c, "lock_call_by_ref", Args{
			"campaign_id": event.Ref.CampaignID, "item_id": event.Ref.ItemID, "claim_version": event.Ref.LockVersion,
		})
		if err != nil || found {
			return row, found && (row.CallSID == "" || row.CallSID == event.CallSID), err
		}
	}
	return getRow[lockedCall](ctx, c, "lock_call_by_sid", Args{"call_sid": event.CallSID})
}

// newsOf is what an event says of the call. An abandonment is none once an agent was
// reserved: the agent is on the way.
func newsOf(row lockedCall, event telephony.Event, at time.Time) news {
	n := news{sid: event.CallSID, facts: event.Facts(at)}
	if event.Type == telephony.TypeAbandoned && row.AgentID.Valid {
		n.facts = dialer.Facts{}
	}
	return n
}

func (s *Store) addEvent(ctx context.Context, c *Conn, p telephony.RecordParams, row lockedCall, found bool) (bool, error) {
	id, err := outdial.NewID()
	if err != nil {
		return false, err
	}
	event := p.Event
	args := Args{
		"id": id, "call_sid": event.CallSID, "event_type": string(event.Type), "event_seq": event.Seq,
		"payload": optionalText(string(event.Payload)), "now": s.at(p.Now), "source": event.Source,
		"reported_at": s.at(event.At), "occurred_at": s.at(p.At),
		"amd": optionalText(string(event.AMD)), "cause": optionalText(string(event.Cause)),
		"campaign_id": OptionalID(event.Ref.CampaignID), "item_id": OptionalID(event.Ref.ItemID),
		"claim_version": event.Ref.LockVersion, "call_id": uuid.NullUUID{},
	}
	if found {
		args["campaign_id"], args["item_id"] = OptionalID(row.CampaignID), OptionalID(row.ItemID)
		args["claim_version"], args["call_id"] = row.ClaimVersion, OptionalID(row.ID)
	}
	added, err := c.Exec(ctx, "add_event", args)
	return added > 0, err
}

func adoptEvent(ctx context.Context, c *Conn, id uuid.UUID, row CallRow) error {
	_, err := c.Exec(ctx, "adopt_event", Args{
		"id": id, "call_id": row.ID, "campaign_id": row.CampaignID, "item_id": row.ItemID, "claim_version": row.ClaimVersion,
	})
	return err
}

// adoptOrphans merges the events about a call that came before anybody knew whose they
// were.
func (s *Store) adoptOrphans(ctx context.Context, c *Conn, row lockedCall, policy dialer.RetryPolicy, now time.Time) (lockedCall, error) {
	var orphans []EventRow
	if err := c.Select(ctx, &orphans, "list_orphans_of_call", Args{"call_sid": row.CallSID}); err != nil {
		return lockedCall{}, err
	}
	for _, orphan := range orphans {
		if err := adoptEvent(ctx, c, orphan.ID, row.CallRow); err != nil {
			return lockedCall{}, err
		}
		kept := orphan.Kept()
		var err error
		if row, err = s.advance(ctx, c, row, newsOf(row, kept.Event, kept.OccurredAt), policy, now); err != nil {
			return lockedCall{}, err
		}
	}
	return row, nil
}

// ListEvents implements telephony.Store.
func (s *Store) ListEvents(ctx context.Context, p telephony.ListParams) (telephony.ListResult, error) {
	var rows []EventRow
	chosen := choice(map[string]bool{
		"events_of_campaign": p.CampaignID != uuid.Nil,
		"events_of_item":     p.ItemID != uuid.Nil,
		"events_of_call":     p.CallSID != "",
		"events_since":       !p.Since.IsZero(),
		"events_until":       !p.Until.IsZero(),
		"events_orphaned":    p.Orphans,
	})
	err := s.reader().SelectText(ctx, &rows, "list_events", chosen, Args{
		"campaign_id": p.CampaignID, "item_id": p.ItemID, "call_sid": p.CallSID,
		"since": s.at(p.Since), "until": s.at(p.Until), "after": p.After, "limit": p.Limit + 1,
	})
	if err != nil {
		return telephony.ListResult{}, err
	}
	rows, more := page(rows, p.Limit)
	result := telephony.ListResult{More: more, Events: make([]telephony.Kept, len(rows))}
	for i, row := range rows {
		result.Events[i] = row.Kept()
	}
	return result, nil
}
