package dialer

import (
	"context"
	"log/slog"

	"github.com/google/uuid"

	"github.com/outdial/outdial"
	"github.com/outdial/outdial/queue"
	"github.com/outdial/outdial/queue/filter"
)

// EnqueueRequest asks to add contacts to the power queue.
type EnqueueRequest struct {
	CampaignID uuid.UUID
	// ContactIDs are the contacts to add, at most queue.MaxEnqueueContacts. When it is
	// nil, Filter chooses, and a nil Filter is the whole campaign.
	ContactIDs []uuid.UUID
	Filter     filter.Expr
	// Reason says why they are queued. Defaults to outdial.ReasonManualAdd when
	// contacts are named and outdial.ReasonCampaignAudience otherwise.
	Reason outdial.Reason
	// By overrides who queued them, for work done in somebody's name: "system", or the
	// id of a verification project. Defaults to the actor's id.
	By string
	// Priority, when not nil, overrides the contacts' own priority.
	Priority *int
	// LaunchID groups several calls so that RollbackLaunch can revert them together.
	// Defaults to a new launch, returned in the result.
	LaunchID       uuid.UUID
	IdempotencyKey string
}

// Enqueue adds contacts to the power queue, to be dialed as soon as it is their turn,
// and never touches what is queued already. Contacts who must not be called, or who
// are active in either queue of the campaign, are skipped. Only managers and admins
// may. It is rate limited per actor and per campaign.
//
// Errors match ErrForbidden (scope queue:write), ErrInvalid, ErrNotFound (campaign),
// ErrIdempotencyMismatch and ErrRateLimited. On any error nothing has changed.
func (s *Service) Enqueue(ctx context.Context, actor outdial.Actor, req EnqueueRequest) (queue.EnqueueResult, error) {
	params, err := s.enqueueParams(ctx, actor, req)
	if err != nil {
		return queue.EnqueueResult{}, err
	}
	if err := s.actors.Allow(actor.ID, params.Now); err != nil {
		return queue.EnqueueResult{}, err
	}
	if err := s.campaigns.Allow(req.CampaignID, params.Now); err != nil {
		return queue.EnqueueResult{}, err
	}
	result, err := s.store.EnqueueCalls(ctx, params)
	if err != nil {
		return queue.EnqueueResult{}, err
	}
	s.cfg.Logger.InfoContext(ctx, "contacts enqueued to be dialed",
		slog.Any("campaign_id", req.CampaignID), slog.Any("actor_id", actor.ID), slog.Any("launch_id", result.LaunchID),
		slog.Int("enqueued", result.Enqueued), slog.Int("skipped", result.Skipped.Total()))
	return result, nil
}

func (s *Service) enqueueParams(ctx context.Context, actor outdial.Actor, req EnqueueRequest) (EnqueueParams, error) {
	if err := requireManager(actor, "only managers and admins fill the power queue", outdial.ScopeQueueWrite); err != nil {
		return EnqueueParams{}, err
	}
	if err := outdial.RequireID("campaign_id", req.CampaignID); err != nil {
		return EnqueueParams{}, err
	}
	// What both queues ask of a request stands in package queue.
	added := queue.EnqueueRequest{
		CampaignID: req.CampaignID, ContactIDs: req.ContactIDs, Filter: req.Filter,
		Reason: req.Reason, By: req.By, Priority: req.Priority,
	}
	if err := added.Check(); err != nil {
		return EnqueueParams{}, err
	}
	expr, err := filter.ResolveWith(ctx, req.Filter, s.cfg.Fields, s.store)
	if err != nil {
		return EnqueueParams{}, err
	}
	provenance := added.Provenance(actor)
	idempotency, err := outdial.NewIdempotency(actor, req.IdempotencyKey, string(outdial.ActionDialerEnqueue), map[string]any{
		"campaign_id": req.CampaignID, "contact_ids": req.ContactIDs, "filters": filter.Describe(req.Filter),
		"provenance": provenance, "priority": req.Priority, "launch_id": req.LaunchID,
	})
	if err != nil {
		return EnqueueParams{}, err
	}
	launchID := req.LaunchID
	if launchID == uuid.Nil {
		if launchID, err = outdial.NewID(); err != nil {
			return EnqueueParams{}, err
		}
	}
	return EnqueueParams{
		CampaignID: req.CampaignID, ActorID: actor.ID, ContactIDs: req.ContactIDs, Filter: expr,
		Priority: req.Priority, LaunchID: launchID, Provenance: provenance, Idempotency: idempotency, Now: s.now(),
	}, nil
}

// requireManager checks that a manager or an admin asks, with one of the scopes.
func requireManager(actor outdial.Actor, otherwise string, anyOf ...outdial.Scope) error {
	if err := actor.Require(anyOf...); err != nil {
		return err
	}
	if !actor.ManagesOthers() {
		return outdial.Forbidden(otherwise)
	}
	return nil
}
