package queue

import (
	"context"
	"log/slog"

	"github.com/google/uuid"

	"github.com/outdial/outdial"
)

// Sweep returns every item whose lock has expired to where it came from, in all
// campaigns. Agents do not depend on it: Pull takes over an expired lock by
// itself. It keeps counts and lists true while nobody pulls; run it every few
// minutes. It needs the scope ops:run.
func (s *Service) Sweep(ctx context.Context, actor outdial.Actor) (SweepResult, error) {
	if err := actor.Require(outdial.ScopeOpsRun); err != nil {
		return SweepResult{}, err
	}
	now := s.now()
	result, err := s.store.SweepLocks(ctx, SweepParams{Now: now, KeysBefore: now.Add(-s.cfg.KeepKeys)})
	if err != nil {
		return SweepResult{}, err
	}
	if result.ToAgents+result.ToPool > 0 {
		s.cfg.Logger.InfoContext(ctx, "expired locks returned",
			slog.Int("to_agents", result.ToAgents), slog.Int("to_pool", result.ToPool))
	}
	return result, nil
}

// RollbackRequest names a launch.
type RollbackRequest struct {
	CampaignID uuid.UUID
	LaunchID   uuid.UUID
}

// RollbackLaunch takes out what a launch queued and nobody has touched since.
// Items that an agent has had stay as they are. It needs the scope ops:run and a
// manager or an admin. Errors match ErrForbidden, ErrInvalid and ErrNotFound.
func (s *Service) RollbackLaunch(ctx context.Context, actor outdial.Actor, req RollbackRequest) (RollbackResult, error) {
	if err := actor.Require(outdial.ScopeOpsRun); err != nil {
		return RollbackResult{}, err
	}
	if !actor.ManagesOthers() {
		return RollbackResult{}, outdial.Forbidden("only managers and admins roll a launch back")
	}
	if err := outdial.RequireID("campaign_id", req.CampaignID); err != nil {
		return RollbackResult{}, err
	}
	if err := outdial.RequireID("launch_id", req.LaunchID); err != nil {
		return RollbackResult{}, err
	}
	result, err := s.store.RollbackLaunch(ctx, RollbackParams{
		CampaignID: req.CampaignID, LaunchID: req.LaunchID, ActorID: actor.ID, Now: s.now(),
	})
	if err != nil {
		return RollbackResult{}, err
	}
	s.cfg.Logger.InfoContext(ctx, "launch rolled back",
		slog.Any("campaign_id", req.CampaignID), slog.Any("launch_id", req.LaunchID),
		slog.Any("actor_id", actor.ID), slog.Int("released", result.Released), slog.Int("kept", result.Kept))
	return result, nil
}
