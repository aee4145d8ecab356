package dialer

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/google/uuid"

	"github.com/outdial/outdial"
)

// MaxNextDials is how many calls one NextDials claims at most.
const MaxNextDials = 500

// NextDialsRequest asks for the next calls to place.
type NextDialsRequest struct {
	CampaignID uuid.UUID
	// Limit is how many calls to claim, from 1 to MaxNextDials.
	Limit int
	// Lease is the caller's right to dial for the campaign. The zero Lease is for a
	// host that makes sure by itself that nobody else does.
	Lease Lease
}

// NextDials claims the next calls of a running campaign: contacts whose turn it is and
// who may be called now, in the order of priority descending, earliest first. Each is
// the caller's to place, within Config.UnplacedAfter; nobody else is given its contact
// or its number meanwhile. When nobody may be called it returns none.
//
// A call must still pass Store.PlaceCall before Carrier.Originate, since things may
// have changed in between. Package dialer/engine does all of it.
//
// Errors match ErrForbidden (scope dialer:control), ErrInvalid, ErrNotFound (campaign)
// and ErrConflict (a lost lease). When the windows or the caps cannot say, nothing is
// claimed and the error is theirs; see ErrNoWindows.
func (s *Service) NextDials(ctx context.Context, actor outdial.Actor, req NextDialsRequest) ([]Call, error) {
	if err := actor.Require(outdial.ScopeDialerControl); err != nil {
		return nil, err
	}
	if err := outdial.RequireID("campaign_id", req.CampaignID); err != nil {
		return nil, err
	}
	if req.Limit < 1 || req.Limit > MaxNextDials {
		return nil, outdial.Invalid("limit", fmt.Sprintf("must be from 1 to %d", MaxNextDials))
	}
	if req.Lease != (Lease{}) && req.Lease.CampaignID != req.CampaignID {
		return nil, outdial.Invalid("lease", "is for another campaign")
	}
	now := s.now()
	limits, err := s.limits(ctx, req.CampaignID, now)
	if err != nil {
		return nil, err
	}
	result, err := s.store.ClaimCalls(ctx, ClaimParams{
		CampaignID: req.CampaignID, Limit: req.Limit, Lease: req.Lease, Limits: limits, Now: now,
	})
	if err != nil {
		return nil, err
	}
	if len(result.Calls) > 0 {
		s.cfg.Logger.InfoContext(ctx, "calls claimed", slog.Any("campaign_id", req.CampaignID),
			slog.Any("actor_id", actor.ID), slog.Int("claimed", len(result.Calls)))
	}
	return result.Calls, nil
}

// limits asks what may be called now.
func (s *Service) limits(ctx context.Context, campaignID uuid.UUID, now time.Time) (Limits, error) {
	open, err := s.cfg.Windows.Open(ctx, campaignID, now)
	if err != nil {
		return Limits{}, fmt.Errorf("ask when people may be called: %w", err)
	}
	caps, err := s.cfg.Caps.Caps(ctx, campaignID)
	if err != nil {
		return Limits{}, fmt.Errorf("ask how often people may be called: %w", err)
	}
	limits := Limits{Open: open, Caps: caps}
	if s.cfg.AbandonedHold > 0 {
		limits.AbandonedSince = now.Add(-s.cfg.AbandonedHold)
	}
	return limits, nil
}
