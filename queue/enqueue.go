package queue

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"

	"github.com/outdial/outdial"
	"github.com/outdial/outdial/queue/filter"
)

// MaxEnqueueContacts is how many contacts one Enqueue may name one by one. A
// filter has no such limit.
const MaxEnqueueContacts = 10_000

// maxPriority keeps a priority within what both engines store.
const maxPriority = 1 << 30

// maxYear keeps a time within what JSON and both engines can write.
const maxYear = 9999

// EnqueueRequest asks to add contacts to a queue.
type EnqueueRequest struct {
	CampaignID uuid.UUID
	// AgentID is whose queue; the nil UUID is the pool that every agent of the
	// campaign pulls from.
	AgentID uuid.UUID
	// ContactIDs are the contacts to add, at most MaxEnqueueContacts. When it is
	// nil, Filter chooses, and a nil Filter is the whole campaign.
	ContactIDs []uuid.UUID
	Filter     filter.Expr
	// Reason says why they are queued. Defaults to ReasonManualAdd when contacts
	// are named and ReasonCampaignAudience otherwise.
	Reason outdial.Reason
	// By overrides who queued them, for work done in somebody's name: "system",
	// or the id of a verification project. Defaults to the actor's id.
	By string
	// Priority, when not nil, overrides the contacts' own priority.
	Priority *int
	// ScheduledFor is the time before which they must not be pulled; zero is now.
	ScheduledFor time.Time
	// LaunchID groups several calls so that RollbackLaunch can revert them
	// together. Defaults to a new launch, returned in the result.
	LaunchID       uuid.UUID
	IdempotencyKey string
}

// Enqueue adds contacts to an agent's queue or to the pool, and never touches
// what is queued already. Agents add to their own queue, managers and admins to
// anyone's and to the pool. It is rate limited per actor and per campaign.
//
// Errors match ErrForbidden (scope queue:write), ErrInvalid, ErrNotFound
// (campaign, agent), ErrIdempotencyMismatch and ErrRateLimited. On any error
// nothing has changed.
func (s *Service) Enqueue(ctx context.Context, actor outdial.Actor, req EnqueueRequest) (EnqueueResult, error) {
	params, err := s.enqueueParams(ctx, actor, req)
	if err != nil {
		return EnqueueResult{}, err
	}
	if err := s.actors.Allow(actor.ID, params.Now); err != nil {
		return EnqueueResult{}, err
	}
	if err := s.campaigns.Allow(req.CampaignID, params.Now); err != nil {
		return EnqueueResult{}, err
	}
	result, err := s.store.EnqueueItems(ctx, params)
	if err != nil {
		return EnqueueResult{}, err
	}
	s.cfg.Logger.InfoContext(ctx, "contacts enqueued",
		slog.Any("campaign_id", req.CampaignID), slog.Any("agent_id", req.AgentID),
		slog.Any("actor_id", actor.ID), slog.Any("launch_id", result.LaunchID),
		slog.Int("enqueued", result.Enqueued), slog.Int("skipped", result.Skipped.Total()))
	return result, nil
}

func (s *Service) enqueueParams(ctx context.Context, actor outdial.Actor, req EnqueueRequest) (EnqueueParams, error) {
	if err := actor.Require(outdial.ScopeQueueWrite); err != nil {
		return EnqueueParams{}, err
	}
	if err := outdial.RequireID("campaign_id", req.CampaignID); err != nil {
		return EnqueueParams{}, err
	}
	if err := s.requireTarget(ctx, actor, req); err != nil {
		return EnqueueParams{}, err
	}
	if err := req.Check(); err != nil {
		return EnqueueParams{}, err
	}
	expr, err := filter.ResolveWith(ctx, req.Filter, s.cfg.Fields, s.store)
	if err != nil {
		return EnqueueParams{}, err
	}
	provenance := req.Provenance(actor)
	req.ScheduledFor = req.ScheduledFor.UTC().Truncate(time.Microsecond)
	idempotency, err := outdial.NewIdempotency(actor, req.IdempotencyKey, string(outdial.ActionQueueEnqueue), map[string]any{
		"campaign_id": req.CampaignID, "agent_id": req.AgentID, "contact_ids": req.ContactIDs,
		"filters": filter.Describe(req.Filter), "provenance": provenance, "priority": req.Priority,
		"scheduled_for": req.ScheduledFor, "launch_id": req.LaunchID,
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
		CampaignID: req.CampaignID, AgentID: req.AgentID, ActorID: actor.ID,
		ContactIDs: req.ContactIDs, Filter: expr, Priority: req.Priority,
		ScheduledFor: req.ScheduledFor, LaunchID: launchID,
		Provenance: provenance, Idempotency: idempotency, Now: s.now(),
	}, nil
}

func (s *Service) requireTarget(ctx context.Context, actor outdial.Actor, req EnqueueRequest) error {
	if req.AgentID != uuid.Nil {
		return RequireAgent(ctx, s.cfg.Agents, actor, req.CampaignID, req.AgentID)
	}
	if !actor.ManagesOthers() {
		return outdial.Forbidden("an agent adds to their own queue only")
	}
	return nil
}

// Check says what is wrong with the request, whoever sends it and wherever it goes.
// The error matches ErrInvalid. The power queue takes what passes it too.
func (req EnqueueRequest) Check() error {
	if len(req.ContactIDs) > MaxEnqueueContacts {
		return outdial.Invalid("contact_ids", fmt.Sprintf("names more than %d contacts", MaxEnqueueContacts))
	}
	if req.ContactIDs != nil && req.Filter != nil {
		return outdial.Invalid("filters", "cannot be combined with contact_ids")
	}
	if slices.Contains(req.ContactIDs, uuid.Nil) {
		return outdial.Invalid("contact_ids", "contains the nil UUID")
	}
	if req.Priority != nil && (*req.Priority > maxPriority || *req.Priority < -maxPriority) {
		return outdial.Invalid("priority", "is out of range")
	}
	if req.Reason != "" && !slices.Contains(outdial.Reasons(), req.Reason) {
		return outdial.Invalid("reason", "is not a reason for queueing")
	}
	if len(req.By) > outdial.MaxIdempotencyKey {
		return outdial.Invalid("by", "is too long")
	}
	if !utf8.ValidString(req.By) || strings.ContainsRune(req.By, 0) {
		return outdial.Invalid("by", "is not plain text")
	}
	if year := req.ScheduledFor.UTC().Year(); year < 0 || year > maxYear {
		return outdial.Invalid("scheduled_for", "is out of range")
	}
	return nil
}

// Provenance is where the items will have come from when the actor sends the request.
func (req EnqueueRequest) Provenance(actor outdial.Actor) outdial.Provenance {
	provenance := outdial.Provenance{By: req.By, Reason: req.Reason}
	if provenance.By == "" {
		provenance.By = actor.ID.String()
	}
	if provenance.Reason == "" {
		provenance.Reason = outdial.ReasonCampaignAudience
		if req.ContactIDs != nil {
			provenance.Reason = outdial.ReasonManualAdd
		}
	}
	return provenance
}
