package dialer

import (
	"context"
	"log/slog"

	"github.com/google/uuid"

	"github.com/outdial/outdial"
)

// Start begins to dial a campaign that is stopped. Only managers and admins may.
//
// Errors match ErrForbidden (scope dialer:control), ErrInvalid, ErrNotFound
// (campaign), and ErrConflict when the campaign's status does not allow it.
func (s *Service) Start(ctx context.Context, actor outdial.Actor, campaignID uuid.UUID) (ControlResult, error) {
	return s.control(ctx, actor, campaignID, ControlStart)
}

// Pause stops placing calls for a running campaign until it is resumed. Calls under
// way go on. Its errors are those of Start.
func (s *Service) Pause(ctx context.Context, actor outdial.Actor, campaignID uuid.UUID) (ControlResult, error) {
	return s.control(ctx, actor, campaignID, ControlPause)
}

// Resume goes on dialing a campaign that was paused. Its errors are those of Start.
func (s *Service) Resume(ctx context.Context, actor outdial.Actor, campaignID uuid.UUID) (ControlResult, error) {
	return s.control(ctx, actor, campaignID, ControlResume)
}

// Stop ends the dialing of a campaign. What is queued stays queued and calls under way
// go on. Its errors are those of Start.
func (s *Service) Stop(ctx context.Context, actor outdial.Actor, campaignID uuid.UUID) (ControlResult, error) {
	return s.control(ctx, actor, campaignID, ControlStop)
}

func (s *Service) control(ctx context.Context, actor outdial.Actor, campaignID uuid.UUID, control Control) (ControlResult, error) {
	if err := requireManager(actor, "only managers and admins control dialing", outdial.ScopeDialerControl); err != nil {
		return ControlResult{}, err
	}
	if err := outdial.RequireID("campaign_id", campaignID); err != nil {
		return ControlResult{}, err
	}
	result, err := s.store.ControlCampaign(ctx, ControlParams{
		CampaignID: campaignID, Control: control, ActorID: actor.ID, Now: s.now(),
	})
	if err != nil {
		return ControlResult{}, err
	}
	s.cfg.Logger.InfoContext(ctx, "dialing controlled", slog.Any("campaign_id", campaignID),
		slog.Any("actor_id", actor.ID), slog.String("control", string(control)), slog.String("status", string(result.Status)))
	return result, nil
}

// Sweep puts back the items of calls that were claimed and never placed, and makes
// those unknown of which no news has come for too long, in all campaigns: an unknown
// call is not dialed again until an event or the carrier says what became of it. It
// also matches events to calls that have appeared since. Run it every minute or so. It
// needs the scope ops:run.
func (s *Service) Sweep(ctx context.Context, actor outdial.Actor) (SweepResult, error) {
	if err := actor.Require(outdial.ScopeOpsRun); err != nil {
		return SweepResult{}, err
	}
	now := s.now()
	result, err := s.store.SweepCalls(ctx, SweepParams{
		UnplacedSince: now.Add(-s.cfg.UnplacedAfter), StuckSince: now.Add(-s.cfg.StuckAfter),
		TalkingSince: now.Add(-s.cfg.TalkAtMost), Policy: s.cfg.Policy, Now: now,
	})
	if err != nil {
		return SweepResult{}, err
	}
	if result != (SweepResult{}) {
		s.cfg.Logger.InfoContext(ctx, "stuck calls swept", slog.Int("returned", result.Returned),
			slog.Int("lost", result.Lost), slog.Int("matched_events", result.Matched))
	}
	return result, nil
}

// RollbackRequest names a launch.
type RollbackRequest struct {
	CampaignID uuid.UUID
	LaunchID   uuid.UUID
}

// RollbackLaunch takes out what a launch queued and nobody has dialed since. It needs
// the scope ops:run and a manager or an admin. Errors match ErrForbidden, ErrInvalid
// and ErrNotFound (campaign, launch).
func (s *Service) RollbackLaunch(ctx context.Context, actor outdial.Actor, req RollbackRequest) (RollbackResult, error) {
	if err := requireManager(actor, "only managers and admins roll a launch back", outdial.ScopeOpsRun); err != nil {
		return RollbackResult{}, err
	}
	if err := outdial.RequireID("campaign_id", req.CampaignID); err != nil {
		return RollbackResult{}, err
	}
	if err := outdial.RequireID("launch_id", req.LaunchID); err != nil {
		return RollbackResult{}, err
	}
	result, err := s.store.RollbackCalls(ctx, RollbackParams{
		CampaignID: req.CampaignID, LaunchID: req.LaunchID, ActorID: actor.ID, Now: s.now(),
	})
	if err != nil {
		return RollbackResult{}, err
	}
	s.cfg.Logger.InfoContext(ctx, "launch rolled back before it was dialed",
		slog.Any("campaign_id", req.CampaignID), slog.Any("launch_id", req.LaunchID),
		slog.Any("actor_id", actor.ID), slog.Int("failed", result.Failed), slog.Int("kept", result.Kept))
	return result, nil
}
