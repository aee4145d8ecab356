package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"github.com/google/uuid"

	"github.com/outdial/outdial"
	"github.com/outdial/outdial/queue"
	"github.com/outdial/outdial/queue/filter"
	"github.com/outdial/outdial/store/internal/sqlstore"
)

// PullItem implements queue.Store.
func (s *Store) PullItem(ctx context.Context, p queue.PullParams) (queue.PullResult, error) {
	return s.Pull(ctx, p, sqlstore.Claims{Quick: claim, Full: claim})
}

// claim makes one statement, which returns what it decided and leaves the rest to be
// read: RETURNING cannot join the contact, and whoever writes next need not wait.
func claim(ctx context.Context, c *sqlstore.Conn, args sqlstore.Args) (row sqlstore.ItemRow, found bool, err error) {
	err = c.Get(ctx, &row, "claim_item", args)
	if errors.Is(err, sql.ErrNoRows) {
		return row, false, nil
	}
	return row, err == nil, err
}

// ReplaceQueue implements queue.Store.
func (s *Store) ReplaceQueue(ctx context.Context, p queue.ReplaceParams) (queue.ReplaceResult, error) {
	args := sqlstore.Args{
		"campaign_id": p.CampaignID, "agent_id": p.AgentID, "actor_id": p.ActorID,
		"per_account_cap": p.PerAccountCap, "max_queue_size": p.MaxQueueSize,
		"release_in_progress": p.ReleaseInProgress, "judge_cooling": true,
		"now": timeValue(p.Now),
	}
	audience, err := s.NewAudience(p.Filter, nil, p.Now, args)
	if err != nil {
		return queue.ReplaceResult{}, err
	}
	if p.DryRun {
		p.Idempotency = outdial.Idempotency{}
	}
	result, err := sqlstore.Once(ctx, s.Store, p.Idempotency, p.Now, func(c *sqlstore.Conn) (queue.ReplaceResult, error) {
		if p.DryRun {
			if err := s.RequireCampaign(ctx, c, p.CampaignID); err != nil {
				return queue.ReplaceResult{}, err
			}
		} else if err := s.LockCampaign(ctx, c, p.CampaignID, p.Now); err != nil {
			return queue.ReplaceResult{}, err
		}
		result, err := plan(ctx, c, p, audience, args)
		if err != nil {
			return queue.ReplaceResult{}, err
		}
		if p.DryRun {
			err := c.Get(ctx, &result.Audience, "count_audience", args)
			return result, err
		}
		if err := apply(ctx, c, args, result.Released > result.Unchanged); err != nil {
			return queue.ReplaceResult{}, err
		}
		return result, s.AddAudit(ctx, c, outdial.AuditEntry{
			ActorID: p.ActorID, Action: outdial.ActionQueueReplace,
			TargetType: "campaign", TargetID: p.CampaignID, CreatedAt: p.Now,
			Meta: withResult(sqlstore.ReplaceMeta(p), result),
		})
	})
	return result, err
}

// plan fills the temporary table with what the new queue will be, and counts it.
func plan(ctx context.Context, c *sqlstore.Conn, p queue.ReplaceParams, audience sqlstore.Audience, args sqlstore.Args) (queue.ReplaceResult, error) {
	if err := startPlan(ctx, c); err != nil {
		return queue.ReplaceResult{}, err
	}
	if _, err := c.ExecText(ctx, "plan_replace", audience.Fragments, args); err != nil {
		return queue.ReplaceResult{}, err
	}
	if p.PerAccountCap > 0 {
		if _, err := c.Exec(ctx, "plan_account_cap", args); err != nil {
			return queue.ReplaceResult{}, err
		}
	}
	if p.MaxQueueSize > 0 {
		if _, err := c.Exec(ctx, "plan_queue_size", args); err != nil {
			return queue.ReplaceResult{}, err
		}
	}
	counts, err := countPlan(ctx, c)
	if err != nil {
		return queue.ReplaceResult{}, err
	}
	var own struct {
		Had  int `db:"had"`
		Kept int `db:"kept"`
	}
	if err := c.Get(ctx, &own, "count_own", args); err != nil {
		return queue.ReplaceResult{}, err
	}
	return queue.ReplaceResult{
		Released: own.Had, Assigned: counts.added, Unchanged: counts.unchanged,
		KeptInProgress: own.Kept, SkippedDueToCollision: counts.skipped[queue.SkipCollision],
		Matched: counts.matched, MatchedKept: counts.kept, Skipped: counts.skipped,
	}, nil
}

// apply makes the queue what the plan says. When every row of the agent is in the
// plan nothing leaves, and nobody looks for what does.
func apply(ctx context.Context, c *sqlstore.Conn, args sqlstore.Args, leaving bool) error {
	if err := addRowIDs(args); err != nil {
		return err
	}
	statements := []string{"take_planned", "add_planned"}
	if leaving {
		statements = append([]string{"release_leaving"}, statements...)
	}
	for _, statement := range statements {
		if _, err := c.Exec(ctx, statement, args); err != nil {
			return err
		}
	}
	return nil
}

// EnqueueItems implements queue.Store.
func (s *Store) EnqueueItems(ctx context.Context, p queue.EnqueueParams) (queue.EnqueueResult, error) {
	reason := p.Provenance.Reason
	return s.enqueue(ctx, enqueue{
		campaignID: p.CampaignID, actorID: p.ActorID, launchID: p.LaunchID,
		contactIDs: p.ContactIDs, filter: p.Filter, idempotency: p.Idempotency, now: p.Now,
		plan: "plan_enqueue", add: "add_enqueued",
		action: outdial.ActionQueueEnqueue, meta: sqlstore.EnqueueMeta(p),
		args: sqlstore.Args{
			"campaign_id": p.CampaignID, "agent_id": sqlstore.OptionalID(p.AgentID), "actor_id": p.ActorID,
			"priority": p.Priority, "scheduled_for": timeValue(p.ScheduledFor),
			"launch_id":   sqlstore.OptionalID(p.LaunchID),
			"enqueued_by": p.Provenance.By, "enqueued_reason": string(reason),
			"judge_cooling": judgesCooling(reason), "now": timeValue(p.Now),
		},
	})
}

// judgesCooling says whether a contact who cools down is left out: callbacks and
// retries have a time of their own.
func judgesCooling(reason outdial.Reason) bool {
	return reason != outdial.ReasonCallback && reason != outdial.ReasonRetry
}

// enqueue is what adding to either queue has in common.
type enqueue struct {
	campaignID, actorID, launchID uuid.UUID
	contactIDs                    []uuid.UUID
	filter                        filter.Expr
	idempotency                   outdial.Idempotency
	now                           time.Time
	// plan and add are the statements that differ.
	plan, add string
	action    outdial.Action
	meta      map[string]any
	args      sqlstore.Args
}

func (s *Store) enqueue(ctx context.Context, p enqueue) (queue.EnqueueResult, error) {
	audience, err := s.NewAudience(p.filter, p.contactIDs, p.now, p.args)
	if err != nil {
		return queue.EnqueueResult{}, err
	}
	return sqlstore.Once(ctx, s.Store, p.idempotency, p.now, func(c *sqlstore.Conn) (queue.EnqueueResult, error) {
		if err := s.LockCampaign(ctx, c, p.campaignID, p.now); err != nil {
			return queue.EnqueueResult{}, err
		}
		if err := startPlan(ctx, c); err != nil {
			return queue.EnqueueResult{}, err
		}
		if _, err := c.ExecText(ctx, p.plan, audience.Fragments, p.args); err != nil {
			return queue.EnqueueResult{}, err
		}
		if err := addRowIDs(p.args); err != nil {
			return queue.EnqueueResult{}, err
		}
		if _, err := c.Exec(ctx, p.add, p.args); err != nil {
			return queue.EnqueueResult{}, err
		}
		counts, err := countPlan(ctx, c)
		if err != nil {
			return queue.EnqueueResult{}, err
		}
		result := queue.EnqueueResult{
			LaunchID: p.launchID, Enqueued: counts.added, Matched: counts.matched, Skipped: counts.skipped,
		}
		return result, s.AddAudit(ctx, c, outdial.AuditEntry{
			ActorID: p.actorID, Action: p.action,
			TargetType: "campaign", TargetID: p.campaignID, CreatedAt: p.now, Meta: withResult(p.meta, result),
		})
	})
}

// ClearQueue implements queue.Store.
func (s *Store) ClearQueue(ctx context.Context, p queue.ClearParams) (queue.ClearResult, error) {
	statement, action, meta := "clear_agent", outdial.ActionQueueClear, map[string]any{"agent_id": p.AgentID}
	if p.AgentID == uuid.Nil {
		statement, action, meta = "clear_everybody", outdial.ActionQueueClearAll, map[string]any{}
	}
	return sqlstore.Once(ctx, s.Store, p.Idempotency, p.Now, func(c *sqlstore.Conn) (queue.ClearResult, error) {
		if err := s.LockCampaign(ctx, c, p.CampaignID, p.Now); err != nil {
			return queue.ClearResult{}, err
		}
		released, err := c.Exec(ctx, statement, sqlstore.Args{
			"campaign_id": p.CampaignID, "agent_id": p.AgentID, "actor_id": p.ActorID, "now": timeValue(p.Now),
		})
		if err != nil {
			return queue.ClearResult{}, err
		}
		result := queue.ClearResult{Released: released}
		return result, s.AddAudit(ctx, c, outdial.AuditEntry{
			ActorID: p.ActorID, Action: action,
			TargetType: "campaign", TargetID: p.CampaignID, CreatedAt: p.Now,
			Meta: withResult(meta, result),
		})
	})
}
