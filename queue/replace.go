package queue

import (
	"context"
	"log/slog"

	"github.com/google/uuid"

	"github.com/outdial/outdial"
	"github.com/outdial/outdial/queue/filter"
)

// ReplaceRequest asks to set an agent's queue.
type ReplaceRequest struct {
	CampaignID uuid.UUID
	AgentID    uuid.UUID
	// Filter chooses among the campaign's contacts; nil is all of them.
	Filter filter.Expr
	// PerAccountCap and MaxQueueSize bound the final queue, kept items included.
	// Zero is no bound.
	PerAccountCap int
	MaxQueueSize  int
	// ReleaseInProgress takes running items out as well. By default they stay.
	ReleaseInProgress bool
	// IdempotencyKey, when given, makes a repeated call return the stored result.
	IdempotencyKey string
}

// Preview is what a Replace would do, in words of the future.
type Preview struct {
	// Audience counts the campaign's contacts, Matched those that the filter
	// matches, and Eligible those of Matched who may be called at all, whoever holds
	// them and whether or not there is room: Matched without those that are invalid,
	// without a phone, opted out, suppressed, finished or cooling down.
	Audience int `json:"audience"`
	Matched  int `json:"matched"`
	Eligible int `json:"eligible"`
	// ToRelease, ToAssign and ToSkip are what would be done. Matched equals
	// MatchedKept + ToAssign + ToSkip.Total().
	ToRelease int   `json:"to_release"`
	ToAssign  int   `json:"to_assign"`
	ToSkip    Skips `json:"to_skip"`
	// Unchanged counts those of ToAssign that the agent has already.
	Unchanged             int `json:"unchanged"`
	KeptInProgress        int `json:"kept_in_progress"`
	SkippedDueToCollision int `json:"skipped_due_to_collision"`
	MatchedKept           int `json:"matched_in_progress"`
}

// Replace sets the agent's queue to exactly the contacts that match, in a
// deterministic order: priority descending, then contact id. Running items stay
// unless asked otherwise. The change is applied as a difference, so that the same
// call twice writes nothing the second time.
//
// Errors match ErrNotEnabled (flag queue_replace_v1), ErrForbidden (scope
// queue:write; another agent's queue), ErrInvalid, ErrNotFound (campaign, agent)
// and ErrIdempotencyMismatch. On any error nothing has changed.
func (s *Service) Replace(ctx context.Context, actor outdial.Actor, req ReplaceRequest) (ReplaceResult, error) {
	params, err := s.replaceParams(ctx, actor, req)
	if err != nil {
		return ReplaceResult{}, err
	}
	started := s.cfg.Clock.Now()
	result, err := s.store.ReplaceQueue(ctx, params)
	if err != nil {
		return ReplaceResult{}, err
	}
	s.cfg.Logger.InfoContext(ctx, "queue replaced",
		slog.Any("campaign_id", req.CampaignID), slog.Any("agent_id", req.AgentID),
		slog.Any("actor_id", actor.ID), slog.Int("released", result.Released),
		slog.Int("assigned", result.Assigned), slog.Int("unchanged", result.Unchanged),
		slog.Int("skipped", result.Skipped.Total()), slog.Duration("took", s.cfg.Clock.Since(started)))
	return result, nil
}

// Preview computes what Replace would do with the same request and writes
// nothing. With nothing in between, the two give equal counts.
func (s *Service) Preview(ctx context.Context, actor outdial.Actor, req ReplaceRequest) (Preview, error) {
	req.IdempotencyKey = ""
	params, err := s.replaceParams(ctx, actor, req)
	if err != nil {
		return Preview{}, err
	}
	params.DryRun = true
	plan, err := s.store.ReplaceQueue(ctx, params)
	if err != nil {
		return Preview{}, err
	}
	return Preview{
		Audience:              plan.Audience,
		Matched:               plan.Matched,
		Eligible:              plan.Matched - plan.Skipped.ineligible(),
		ToRelease:             plan.Released,
		ToAssign:              plan.Assigned,
		ToSkip:                plan.Skipped,
		Unchanged:             plan.Unchanged,
		KeptInProgress:        plan.KeptInProgress,
		SkippedDueToCollision: plan.SkippedDueToCollision,
		MatchedKept:           plan.MatchedKept,
	}, nil
}

func (s *Service) replaceParams(ctx context.Context, actor outdial.Actor, req ReplaceRequest) (ReplaceParams, error) {
	if err := s.requireFlag(ctx, actor); err != nil {
		return ReplaceParams{}, err
	}
	if err := actor.Require(outdial.ScopeQueueWrite); err != nil {
		return ReplaceParams{}, err
	}
	if err := outdial.RequireID("campaign_id", req.CampaignID); err != nil {
		return ReplaceParams{}, err
	}
	if err := requireBound("per_account_cap", req.PerAccountCap); err != nil {
		return ReplaceParams{}, err
	}
	if err := requireBound("max_queue_size", req.MaxQueueSize); err != nil {
		return ReplaceParams{}, err
	}
	if err := RequireAgent(ctx, s.cfg.Agents, actor, req.CampaignID, req.AgentID); err != nil {
		return ReplaceParams{}, err
	}
	expr, err := filter.ResolveWith(ctx, req.Filter, s.cfg.Fields, s.store)
	if err != nil {
		return ReplaceParams{}, err
	}
	idempotency, err := outdial.NewIdempotency(actor, req.IdempotencyKey, string(outdial.ActionQueueReplace), map[string]any{
		"campaign_id": req.CampaignID, "agent_id": req.AgentID,
		"filters": filter.Describe(req.Filter), "per_account_cap": req.PerAccountCap,
		"max_queue_size": req.MaxQueueSize, "release_in_progress": req.ReleaseInProgress,
	})
	if err != nil {
		return ReplaceParams{}, err
	}
	return ReplaceParams{
		CampaignID: req.CampaignID, AgentID: req.AgentID, ActorID: actor.ID,
		Filter: expr, PerAccountCap: req.PerAccountCap, MaxQueueSize: req.MaxQueueSize,
		ReleaseInProgress: req.ReleaseInProgress, Idempotency: idempotency, Now: s.now(),
	}, nil
}

// largestBound keeps a bound within what both engines count in.
const largestBound = 1<<31 - 1

func requireBound(field string, bound int) error {
	switch {
	case bound < 0:
		return outdial.Invalid(field, "must not be negative")
	case bound > largestBound:
		return outdial.Invalid(field, "is too large")
	}
	return nil
}

// ClearRequest asks to empty one agent's queue.
type ClearRequest struct {
	CampaignID     uuid.UUID
	AgentID        uuid.UUID
	IdempotencyKey string
}

// Clear releases the agent's queued and locked items. Running ones stay, and
// what the agent held from the pool goes back to it. Its errors are those of
// Replace.
func (s *Service) Clear(ctx context.Context, actor outdial.Actor, req ClearRequest) (ClearResult, error) {
	if err := s.requireClear(ctx, actor, req.CampaignID); err != nil {
		return ClearResult{}, err
	}
	if err := RequireAgent(ctx, s.cfg.Agents, actor, req.CampaignID, req.AgentID); err != nil {
		return ClearResult{}, err
	}
	return s.clear(ctx, actor, outdial.ActionQueueClear, req)
}

// ClearAllRequest asks to empty every queue of a campaign.
type ClearAllRequest struct {
	CampaignID     uuid.UUID
	IdempotencyKey string
}

// ClearAll releases every queued and locked item of the campaign, the pool's
// included. Running ones stay. Only an admin may; otherwise its errors are those
// of Replace.
func (s *Service) ClearAll(ctx context.Context, actor outdial.Actor, req ClearAllRequest) (ClearResult, error) {
	if err := s.requireClear(ctx, actor, req.CampaignID); err != nil {
		return ClearResult{}, err
	}
	if actor.Role != outdial.RoleAdmin {
		return ClearResult{}, outdial.Forbidden("only an admin clears all queues")
	}
	return s.clear(ctx, actor, outdial.ActionQueueClearAll,
		ClearRequest{CampaignID: req.CampaignID, IdempotencyKey: req.IdempotencyKey})
}

func (s *Service) requireClear(ctx context.Context, actor outdial.Actor, campaignID uuid.UUID) error {
	if err := s.requireFlag(ctx, actor); err != nil {
		return err
	}
	if err := actor.Require(outdial.ScopeQueueWrite); err != nil {
		return err
	}
	return outdial.RequireID("campaign_id", campaignID)
}

func (s *Service) clear(ctx context.Context, actor outdial.Actor, action outdial.Action, req ClearRequest) (ClearResult, error) {
	idempotency, err := outdial.NewIdempotency(actor, req.IdempotencyKey, string(action), map[string]any{
		"campaign_id": req.CampaignID, "agent_id": req.AgentID,
	})
	if err != nil {
		return ClearResult{}, err
	}
	result, err := s.store.ClearQueue(ctx, ClearParams{
		CampaignID: req.CampaignID, AgentID: req.AgentID, ActorID: actor.ID,
		Idempotency: idempotency, Now: s.now(),
	})
	if err != nil {
		return ClearResult{}, err
	}
	s.cfg.Logger.InfoContext(ctx, "queue cleared", slog.String("action", string(action)),
		slog.Any("campaign_id", req.CampaignID), slog.Any("agent_id", req.AgentID),
		slog.Any("actor_id", actor.ID), slog.Int("released", result.Released))
	return result, nil
}
