package sqlstore

import (
	"context"
	"time"

	"github.com/google/uuid"

	"github.com/outdial/outdial"
	"github.com/outdial/outdial/queue"
)

// SweepLocks implements queue.Store.
func (s *Store) SweepLocks(ctx context.Context, p queue.SweepParams) (queue.SweepResult, error) {
	var result queue.SweepResult
	err := s.Write(ctx, func(c *Conn) error {
		result = queue.SweepResult{}
		var pooled []bool
		if err := c.Select(ctx, &pooled, "sweep_locks", Args{"now": s.at(p.Now)}); err != nil {
			return err
		}
		for _, toPool := range pooled {
			if toPool {
				result.ToPool++
			} else {
				result.ToAgents++
			}
		}
		if p.KeysBefore.IsZero() {
			return nil
		}
		forgotten, err := c.Exec(ctx, "forget_keys", Args{"before": s.at(p.KeysBefore)})
		result.KeysForgotten = forgotten
		return err
	})
	if err != nil {
		return queue.SweepResult{}, err
	}
	return result, nil
}

// RollbackLaunch implements queue.Store.
func (s *Store) RollbackLaunch(ctx context.Context, p queue.RollbackParams) (queue.RollbackResult, error) {
	released, kept, err := s.rollBack(ctx, rollback{
		campaignID: p.CampaignID, launchID: p.LaunchID, actorID: p.ActorID, now: p.Now,
		takeOut: "rollback_launch", count: "count_launch", action: outdial.ActionQueueRollback, taken: "released",
	})
	return queue.RollbackResult{Released: released, Kept: kept}, err
}

// rollback is what reverting a launch of either queue has in common.
type rollback struct {
	campaignID, launchID, actorID uuid.UUID
	now                           time.Time
	// takeOut and count are the statements that differ.
	takeOut, count string
	action         outdial.Action
	// taken is what the audit entry calls the items that were taken out.
	taken string
}

// rollBack takes out the items of a launch that nobody has touched, and counts the
// others that are active.
func (s *Store) rollBack(ctx context.Context, p rollback) (taken, kept int, err error) {
	args := Args{"campaign_id": p.campaignID, "launch_id": p.launchID, "actor_id": p.actorID, "now": s.at(p.now)}
	err = s.Write(ctx, func(c *Conn) error {
		if err := s.LockCampaign(ctx, c, p.campaignID, p.now); err != nil {
			return err
		}
		var err error
		if taken, err = c.Exec(ctx, p.takeOut, args); err != nil {
			return err
		}
		var launch struct {
			Items  int `db:"items"`
			Active int `db:"active"`
		}
		if err := c.Get(ctx, &launch, p.count, args); err != nil {
			return err
		}
		if launch.Items == 0 {
			return outdial.NotFound("launch")
		}
		kept = launch.Active
		return s.AddAudit(ctx, c, outdial.AuditEntry{
			ActorID: p.actorID, Action: p.action, TargetType: "campaign", TargetID: p.campaignID, CreatedAt: p.now,
			Meta: map[string]any{"launch_id": p.launchID, p.taken: taken, "kept": kept},
		})
	})
	if err != nil {
		return 0, 0, err
	}
	return taken, kept, nil
}
