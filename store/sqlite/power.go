package sqlite

import (
	"context"
	"database/sql"
	"errors"

	"github.com/google/uuid"

	"github.com/outdial/outdial"
	"github.com/outdial/outdial/dialer"
	"github.com/outdial/outdial/queue"
	"github.com/outdial/outdial/store/internal/sqlstore"
)

// EnqueueCalls implements dialer.Store.
func (s *Store) EnqueueCalls(ctx context.Context, p dialer.EnqueueParams) (queue.EnqueueResult, error) {
	reason := p.Provenance.Reason
	return s.enqueue(ctx, enqueue{
		campaignID: p.CampaignID, actorID: p.ActorID, launchID: p.LaunchID,
		contactIDs: p.ContactIDs, filter: p.Filter, idempotency: p.Idempotency, now: p.Now,
		plan: "plan_calls", add: "add_calls",
		action: outdial.ActionDialerEnqueue, meta: sqlstore.EnqueueCallsMeta(p),
		args: sqlstore.Args{
			"campaign_id": p.CampaignID, "priority": p.Priority,
			"launch_id":   sqlstore.OptionalID(p.LaunchID),
			"enqueued_by": p.Provenance.By, "enqueued_reason": string(reason),
			"judge_cooling": judgesCooling(reason), "now": timeValue(p.Now),
		},
	})
}

// due is an item that is about to be claimed, and the id of its call.
type due struct {
	ItemID uuid.UUID `json:"id"`
	CallID uuid.UUID `json:"call_id"`
}

// ClaimCalls implements dialer.Store.
func (s *Store) ClaimCalls(ctx context.Context, p dialer.ClaimParams) (dialer.ClaimResult, error) {
	args, err := s.ClaimArgs(p)
	if err != nil {
		return dialer.ClaimResult{}, err
	}
	var result dialer.ClaimResult
	err = s.Write(ctx, func(c *sqlstore.Conn) error {
		var rows []sqlstore.CallRow
		err := s.HoldLease(ctx, c, p.CampaignID, p.Lease, p.Now)
		if err == nil {
			rows, err = claimCalls(ctx, c, p.Limit, args)
		}
		if err != nil && !errors.Is(err, outdial.ErrConflict) {
			return err
		}
		result, err = s.Claimed(ctx, c, p, rows)
		return err
	})
	return result, err
}

func claimCalls(ctx context.Context, c *sqlstore.Conn, limit int, args sqlstore.Args) ([]sqlstore.CallRow, error) {
	var may bool
	if err := c.Get(ctx, &may, "may_claim", args); err != nil || !may {
		return nil, err
	}
	items, err := dueItems(ctx, c, limit, args)
	if err != nil || len(items) == 0 {
		return nil, err
	}
	if args["due"], err = sqlstore.EncodeJSON(items); err != nil {
		return nil, err
	}
	for _, statement := range []string{"hold_phones", "claim_items", "make_calls"} {
		if _, err := c.Exec(ctx, statement, args); err != nil {
			return nil, err
		}
	}
	var rows []sqlstore.CallRow
	err = c.Select(ctx, &rows, "claimed_calls", args)
	return rows, err
}

// dueItems walks priority by priority, so that what waits for later is never read.
func dueItems(ctx context.Context, c *sqlstore.Conn, limit int, args sqlstore.Args) ([]due, error) {
	var items []due
	for level := "first_level"; len(items) < limit; level = "next_level" {
		var priority int
		switch err := c.Get(ctx, &priority, level, args); {
		case errors.Is(err, sql.ErrNoRows):
			return items, nil
		case err != nil:
			return nil, err
		}
		args["priority"], args["limit"] = priority, limit-len(items)
		var ids []uuid.UUID
		if err := c.Select(ctx, &ids, "due_calls", args); err != nil {
			return nil, err
		}
		for _, id := range ids {
			callID, err := outdial.NewID()
			if err != nil {
				return nil, err
			}
			items = append(items, due{ItemID: id, CallID: callID})
		}
	}
	return items, nil
}
