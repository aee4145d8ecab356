package postgres

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/outdial/outdial"
	"github.com/outdial/outdial/queue"
	"github.com/outdial/outdial/queue/filter"
	"github.com/outdial/outdial/store/internal/sqlstore"
)

// PullItem implements queue.Store.
func (s *Store) PullItem(ctx context.Context, p queue.PullParams) (queue.PullResult, error) {
	return s.Pull(ctx, p, sqlstore.Claims{Quick: claim("pull_item"), Full: claim("pull_any_item")})
}

func claim(query string) sqlstore.Claim {
	return func(ctx context.Context, c *sqlstore.Conn, args sqlstore.Args) (row sqlstore.ItemRow, found bool, err error) {
		err = c.Get(ctx, &row, query, args)
		if errors.Is(err, sql.ErrNoRows) {
			return row, false, nil
		}
		return row, err == nil, err
	}
}

// ReplaceQueue implements queue.Store.
func (s *Store) ReplaceQueue(ctx context.Context, p queue.ReplaceParams) (queue.ReplaceResult, error) {
	meta, err := sqlstore.EncodeJSON(sqlstore.ReplaceMeta(p))
	if err != nil {
		return queue.ReplaceResult{}, err
	}
	args := sqlstore.Args{
		"campaign_id": p.CampaignID, "agent_id": p.AgentID, "actor_id": p.ActorID,
		"per_account_cap":     sqlstore.OptionalBound(p.PerAccountCap),
		"max_queue_size":      sqlstore.OptionalBound(p.MaxQueueSize),
		"release_in_progress": p.ReleaseInProgress, "dry_run": p.DryRun,
		"now": timeValue(p.Now), "meta": meta,
	}
	audience, err := s.audience(p.Filter, nil, p.Now, args)
	if err != nil {
		return queue.ReplaceResult{}, err
	}
	statement := "replace_queue"
	if p.DryRun {
		statement, p.Idempotency = "preview_queue", outdial.Idempotency{}
	}
	return change[queue.ReplaceResult](ctx, s, p.Idempotency, p.Now, statement, audience, args)
}

// EnqueueItems implements queue.Store.
func (s *Store) EnqueueItems(ctx context.Context, p queue.EnqueueParams) (queue.EnqueueResult, error) {
	meta, err := sqlstore.EncodeJSON(sqlstore.EnqueueMeta(p))
	if err != nil {
		return queue.EnqueueResult{}, err
	}
	args := sqlstore.Args{
		"campaign_id": p.CampaignID, "agent_id": sqlstore.OptionalID(p.AgentID), "actor_id": p.ActorID,
		"priority": p.Priority, "scheduled_for": timeValue(p.ScheduledFor),
		"launch_id":   sqlstore.OptionalID(p.LaunchID),
		"enqueued_by": p.Provenance.By, "enqueued_reason": string(p.Provenance.Reason),
		"now": timeValue(p.Now), "meta": meta,
	}
	audience, err := s.audience(p.Filter, p.ContactIDs, p.Now, args)
	if err != nil {
		return queue.EnqueueResult{}, err
	}
	return change[queue.EnqueueResult](ctx, s, p.Idempotency, p.Now, "enqueue_items", audience, args)
}

// ClearQueue implements queue.Store.
func (s *Store) ClearQueue(ctx context.Context, p queue.ClearParams) (queue.ClearResult, error) {
	return sqlstore.Once(ctx, s.Store, p.Idempotency, p.Now, func(c *sqlstore.Conn) (queue.ClearResult, error) {
		auditID, err := outdial.NewID()
		if err != nil {
			return queue.ClearResult{}, err
		}
		var released sql.NullInt64
		if err := c.Get(ctx, &released, "clear_queue", sqlstore.Args{
			"campaign_id": p.CampaignID, "agent_id": sqlstore.OptionalID(p.AgentID),
			"actor_id": p.ActorID, "now": timeValue(p.Now), "audit_id": auditID,
		}); err != nil {
			return queue.ClearResult{}, err
		}
		if !released.Valid {
			return queue.ClearResult{}, outdial.NotFound("campaign")
		}
		return queue.ClearResult{Released: int(released.Int64)}, nil
	})
}

// audience names the fragment that chooses the contacts a bulk change is about, and
// adds its values to args.
func (s *Store) audience(expr filter.Expr, contactIDs []uuid.UUID, now time.Time, args sqlstore.Args) (sqlstore.Audience, error) {
	audience, err := s.NewAudience(expr, contactIDs, now, args)
	if err != nil {
		return audience, err
	}
	switch {
	case audience.Everybody:
		audience.Fragments["matched"] = "{{matched_everybody}}"
	case contactIDs != nil:
		audience.Fragments["matched"] = "{{matched_by_id}}"
	default:
		audience.Fragments["matched"] = "{{matched_by_filter}}"
	}
	return audience, nil
}

// change calls one of the functions that make a bulk change and reads its JSON
// result. Without an idempotency key and without long lists in the filter it is one
// statement and one round trip.
func change[T any](
	ctx context.Context, s *Store, key outdial.Idempotency, now time.Time,
	statement string, audience sqlstore.Audience, args sqlstore.Args,
) (T, error) {
	call := func(c *sqlstore.Conn) (T, error) {
		var result T
		ids, err := sqlstore.NewRowIDs()
		if err != nil {
			return result, err
		}
		auditID, err := outdial.NewID()
		if err != nil {
			return result, err
		}
		args["row_id_prefix"], args["row_id_suffix"], args["audit_id"] = ids.Prefix, ids.Suffix, auditID
		if err := s.FillLists(ctx, c, audience); err != nil {
			return result, err
		}
		var encoded sql.NullString
		if err := c.GetText(ctx, &encoded, statement, audience.Fragments, args); err != nil {
			return result, err
		}
		if !encoded.Valid {
			return result, outdial.NotFound("campaign")
		}
		if err := json.Unmarshal([]byte(encoded.String), &result); err != nil {
			return result, fmt.Errorf("%s: decode result: %w", statement, err)
		}
		return result, nil
	}
	if key.Key != "" {
		return sqlstore.Once(ctx, s.Store, key, now, call)
	}
	write := s.WriteOne
	if len(audience.Lists) > 0 {
		write = s.Write
	}
	var result T
	err := write(ctx, func(c *sqlstore.Conn) (err error) {
		result, err = call(c)
		return err
	})
	return result, err
}
