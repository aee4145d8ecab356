package sqlstore

import (
	"context"

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
	args := Args{
		"campaign_id": p.CampaignID, "launch_id": p.LaunchID,
		"actor_id": p.ActorID, "now": s.at(p.Now),
	}
	var result queue.RollbackResult
	err := s.Write(ctx, func(c *Conn) error {
		if err := s.LockCampaign(ctx, c, p.CampaignID, p.Now); err != nil {
			return err
		}
		released, err := c.Exec(ctx, "rollback_launch", args)
		if err != nil {
			return err
		}
		var launch struct {
			Items  int `db:"items"`
			Active int `db:"active"`
		}
		if err := c.Get(ctx, &launch, "count_launch", args); err != nil {
			return err
		}
		if launch.Items == 0 {
			return outdial.NotFound("launch")
		}
		result = queue.RollbackResult{Released: released, Kept: launch.Active}
		return s.AddAudit(ctx, c, outdial.AuditEntry{
			ActorID: p.ActorID, Action: outdial.ActionQueueRollback,
			TargetType: "campaign", TargetID: p.CampaignID, CreatedAt: p.Now,
			Meta: map[string]any{"launch_id": p.LaunchID, "released": released, "kept": launch.Active},
		})
	})
	if err != nil {
		return queue.RollbackResult{}, err
	}
	return result, nil
}
