package postgres

import (
	"context"

	"github.com/outdial/outdial/dialer"
	"github.com/outdial/outdial/queue"
	"github.com/outdial/outdial/store/internal/sqlstore"
)

// EnqueueCalls implements dialer.Store.
func (s *Store) EnqueueCalls(ctx context.Context, p dialer.EnqueueParams) (queue.EnqueueResult, error) {
	meta, err := sqlstore.EncodeJSON(sqlstore.EnqueueCallsMeta(p))
	if err != nil {
		return queue.EnqueueResult{}, err
	}
	args := sqlstore.Args{
		"campaign_id": p.CampaignID, "actor_id": p.ActorID, "priority": p.Priority,
		"launch_id":   sqlstore.OptionalID(p.LaunchID),
		"enqueued_by": p.Provenance.By, "enqueued_reason": string(p.Provenance.Reason),
		"now": timeValue(p.Now), "meta": meta,
	}
	audience, err := s.audience(p.Filter, p.ContactIDs, p.Now, args)
	if err != nil {
		return queue.EnqueueResult{}, err
	}
	return change[queue.EnqueueResult](ctx, s, p.Idempotency, p.Now, "enqueue_calls", audience, args)
}

// ClaimCalls implements dialer.Store.
func (s *Store) ClaimCalls(ctx context.Context, p dialer.ClaimParams) (dialer.ClaimResult, error) {
	args, err := s.ClaimArgs(p)
	if err != nil {
		return dialer.ClaimResult{}, err
	}
	var result dialer.ClaimResult
	err = s.WriteOne(ctx, func(c *sqlstore.Conn) error {
		ids, err := sqlstore.NewRowIDs()
		if err != nil {
			return err
		}
		args["row_id_prefix"], args["row_id_suffix"] = ids.Prefix, ids.Suffix
		var rows []sqlstore.CallRow
		if err := c.Select(ctx, &rows, "claim_calls", args); err != nil {
			return err
		}
		result, err = s.Claimed(ctx, c, p, rows)
		return err
	})
	return result, err
}
