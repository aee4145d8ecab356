package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/outdial/outdial"
	"github.com/outdial/outdial/dialer"
)

// CallRow is a call, as the fragment call_columns selects it.
type CallRow struct {
	ID           uuid.UUID     `db:"id"`
	CampaignID   uuid.UUID     `db:"campaign_id"`
	ItemID       uuid.UUID     `db:"item_id"`
	ClaimVersion int           `db:"claim_version"`
	ItemVersion  int           `db:"item_version"`
	ContactID    uuid.UUID     `db:"contact_id"`
	Phone        string        `db:"phone"`
	PhoneKey     string        `db:"phone_key"`
	Attempt      int           `db:"attempt"`
	ClaimedAt    instant       `db:"claimed_at"`
	PlacedAt     instant       `db:"placed_at"`
	LostAt       instant       `db:"lost_at"`
	CallSID      string        `db:"call_sid"`
	AgentID      uuid.NullUUID `db:"agent_id"`
	InitiatedAt  instant       `db:"initiated_at"`
	RingingAt    instant       `db:"ringing_at"`
	AnsweredAt   instant       `db:"answered_at"`
	AMD          string        `db:"amd"`
	AMDAt        instant       `db:"amd_at"`
	ConnectedAt  instant       `db:"connected_at"`
	AbandonedAt  instant       `db:"abandoned_at"`
	EndedAt      instant       `db:"ended_at"`
	Cause        string        `db:"cause"`
	NotPlacedAt  instant       `db:"not_placed_at"`
	Outcome      string        `db:"outcome"`
	SettledAt    instant       `db:"settled_at"`
}

// Call returns the row in the words of the dialer.
func (r CallRow) Call() dialer.Call {
	return dialer.Call{
		ID:          r.ID,
		Ref:         dialer.Ref{CampaignID: r.CampaignID, ItemID: r.ItemID, LockVersion: r.ClaimVersion},
		ItemVersion: r.ItemVersion,
		ContactID:   r.ContactID,
		Phone:       outdial.Phone(r.Phone),
		Attempt:     r.Attempt,
		ClaimedAt:   r.ClaimedAt.Time,
		PlacedAt:    r.PlacedAt.Time,
		LostAt:      r.LostAt.Time,
		CallSID:     r.CallSID,
		AgentID:     r.AgentID.UUID,
		Facts: dialer.Facts{
			InitiatedAt: r.InitiatedAt.Time,
			RingingAt:   r.RingingAt.Time,
			AnsweredAt:  r.AnsweredAt.Time,
			AMD:         dialer.AMD(r.AMD),
			AMDAt:       r.AMDAt.Time,
			ConnectedAt: r.ConnectedAt.Time,
			AbandonedAt: r.AbandonedAt.Time,
			EndedAt:     r.EndedAt.Time,
			Cause:       dialer.Cause(r.Cause),
			NotPlacedAt: r.NotPlacedAt.Time,
		},
		Outcome:   dialer.Outcome(r.Outcome),
		SettledAt: r.SettledAt.Time,
	}
}

func callsOf(rows []CallRow) []dialer.Call {
	calls := make([]dialer.Call, len(rows))
	for i, row := range rows {
		calls[i] = row.Call()
	}
	return calls
}

// callArgs are the values of a call for the statement that writes it.
func (s *Store) callArgs(call dialer.Call, now time.Time) Args {
	return Args{
		"campaign_id": call.Ref.CampaignID, "call_id": call.ID, "now": s.at(now),
		"item_version": call.ItemVersion, "call_sid": optionalText(call.CallSID),
		"lost_at": s.at(call.LostAt), "initiated_at": s.at(call.InitiatedAt),
		"ringing_at": s.at(call.RingingAt), "answered_at": s.at(call.AnsweredAt),
		"amd": optionalText(string(call.AMD)), "amd_at": s.at(call.AMDAt),
		"connected_at": s.at(call.ConnectedAt), "abandoned_at": s.at(call.AbandonedAt),
		"ended_at": s.at(call.EndedAt), "cause": optionalText(string(call.Cause)),
		"not_placed_at": s.at(call.NotPlacedAt), "outcome": optionalText(string(call.Outcome)),
		"settled_at": s.at(call.SettledAt),
	}
}

// optionalText is a text as SQL knows it: the empty one is NULL.
func optionalText(text string) sql.NullString { return sql.NullString{String: text, Valid: text != ""} }

// getRow reads the row that the query locks, and says whether there is one.
func getRow[Row any](ctx context.Context, c *Conn, query string, args Args) (row Row, found bool, err error) {
	err = c.Get(ctx, &row, query, args)
	if errors.Is(err, sql.ErrNoRows) {
		return row, false, nil
	}
	return row, err == nil, err
}

// lockCall locks a call, without its item.
func lockCall(ctx context.Context, c *Conn, campaignID, callID uuid.UUID) (CallRow, error) {
	row, found, err := getRow[CallRow](ctx, c, "lock_call", Args{"campaign_id": campaignID, "call_id": callID})
	if err == nil && !found {
		err = outdial.NotFound("call")
	}
	return row, err
}

// RecordCall implements dialer.Store.
func (s *Store) RecordCall(ctx context.Context, p dialer.RecordCallParams) (dialer.RecordCallResult, error) {
	var result dialer.RecordCallResult
	var named bool
	err := s.Write(ctx, func(c *Conn) error {
		row, err := s.callToRecord(ctx, c, p)
		if err != nil {
			return err
		}
		named = row.CallSID == "" && p.CallSID != ""
		n := news{sid: p.CallSID, facts: p.Facts, lost: p.Lost}
		if n.lost && row.Call().Seen() {
			// The call certainly exists, and nobody has heard of it.
			n.lost, n.again = false, true
		}
		row, err = s.advance(ctx, c, row, n, p.Policy, p.Now)
		if err == nil && named {
			row, err = s.adoptOrphans(ctx, c, row, p.Policy, p.Now)
		}
		result = dialer.RecordCallResult{Call: row.Call(), State: dialer.State(row.State)}
		return err
	})
	if err != nil {
		return dialer.RecordCallResult{}, err
	}
	if !named {
		return result, nil
	}
	// An event that came at the same moment did not see the name, nor did this see the
	// event. Whoever looks second does.
	var late []EventRow
	if err := s.reader().Select(ctx, &late, "list_orphans_of_call", Args{"call_sid": p.CallSID}); err != nil || len(late) == 0 {
		return result, err
	}
	err = s.Write(ctx, func(c *Conn) error {
		row, err := s.callToRecord(ctx, c, p)
		if err == nil {
			row, err = s.adoptOrphans(ctx, c, row, p.Policy, p.Now)
		}
		result = dialer.RecordCallResult{Call: row.Call(), State: dialer.State(row.State)}
		return err
	})
	return result, err
}

func (s *Store) callToRecord(ctx context.Context, c *Conn, p dialer.RecordCallParams) (lockedCall, error) {
	row, found, err := getRow[lockedCall](ctx, c, "lock_call_and_item", Args{"campaign_id": p.CampaignID, "call_id": p.CallID})
	if err == nil && !found {
		err = outdial.NotFound("call")
	}
	return row, err
}

// ListCalls implements dialer.Store.
func (s *Store) ListCalls(ctx context.Context, p dialer.ListCallsParams) (dialer.ListCallsResult, error) {
	var rows []CallRow
	chosen := choice(map[string]bool{
		"calls_of_campaign": p.CampaignID != uuid.Nil,
		"calls_unsettled":   p.Unsettled,
		"calls_in_states":   len(p.States) > 0,
	})
	err := s.reader().SelectText(ctx, &rows, "list_calls", chosen, Args{
		"campaign_id": p.CampaignID, "states": joined(p.States), "after": p.After, "limit": p.Limit + 1,
	})
	if err != nil {
		return dialer.ListCallsResult{}, err
	}
	rows, more := page(rows, p.Limit)
	return dialer.ListCallsResult{Calls: callsOf(rows), More: more}, nil
}

// choice is the fragment "chosen" of a list: the conditions that were asked for.
func choice(conditions map[string]bool) map[string]string {
	var chosen strings.Builder
	for _, fragment := range slices.Sorted(maps.Keys(conditions)) {
		if conditions[fragment] {
			chosen.WriteString("{{" + fragment + "}}\n")
		}
	}
	return map[string]string{"chosen": chosen.String()}
}

// page cuts off the row that was read to see whether another page follows.
func page[Row any](rows []Row, limit int) (shown []Row, more bool) {
	if len(rows) > limit {
		return rows[:limit], true
	}
	return rows, false
}

// joined is a list of words as one text, for a query that asks whether a word is in
// it.
func joined[Word ~string](words []Word) string {
	texts := make([]string, len(words))
	for i, word := range words {
		texts[i] = string(word)
	}
	return strings.Join(texts, ",")
}
