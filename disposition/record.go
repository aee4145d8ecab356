package disposition

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/google/uuid"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"

	"github.com/outdial/outdial"
	"github.com/outdial/outdial/dialer/callwindow"
)

// Request is what an agent has recorded about one item of either queue.
type Request struct {
	CampaignID uuid.UUID
	ItemID     uuid.UUID
	// LockVersion is the item's version that the agent has seen.
	LockVersion int
	// Disposition is a code or an alias of the Map.
	Disposition string
	// CallbackAt is when somebody asked to be called. Callbacks need one, and nothing
	// else has one.
	CallbackAt time.Time
	// CallbackFor says whose the callback is. Defaults to RecipientAgent.
	CallbackFor Recipient
	// Metadata is a JSON object of a host's own, at most MaxMetadata bytes. It is kept
	// and never looked at.
	Metadata json.RawMessage
	// Supersedes is the disposition that was a mistake, for somebody who has pressed the
	// wrong button; the nil UUID is none. LockVersion is then the one that it left.
	Supersedes     uuid.UUID
	IdempotencyKey string
}

// Record applies a disposition, as Store.RecordDisposition says. Agents record for
// their own items, managers and admins for anyone's. To repeat a request is harmless,
// with or without an idempotency key.
//
// Errors match ErrForbidden (scope queue:pull; another agent's item), ErrInvalid (an
// unknown disposition, a callback time that cannot be, metadata), ErrNotFound,
// ErrConflict when the item has moved on since the caller saw it or was not called, and
// ErrIdempotencyMismatch. A callback outside of the contact's hours is a
// *WindowClosedError, which names the next possible time. On any error nothing has
// changed.
func (s *Service) Record(ctx context.Context, actor outdial.Actor, req Request) (Result, error) {
	params, err := s.recordParams(ctx, actor, req)
	if err != nil {
		return Result{}, err
	}
	result, err := s.store.RecordDisposition(ctx, params)
	if closed := (*WindowClosedError)(nil); errors.As(err, &closed) {
		return Result{}, s.whenOpen(ctx, req.CampaignID, closed.Zone, params.CallbackAt)
	}
	if err != nil {
		return Result{}, err
	}
	s.recorded.Add(ctx, 1, metric.WithAttributes(
		attribute.String("disposition", string(result.Code)), attribute.String("queue", string(result.Queue))))
	s.cfg.Logger.InfoContext(ctx, "disposition recorded",
		slog.Any("campaign_id", req.CampaignID), slog.Any("queue_id", req.ItemID), slog.Any("actor_id", actor.ID),
		slog.String("disposition", string(result.Code)), slog.String("queue", string(result.Queue)),
		slog.String("queue_state", result.State), slog.Int("lock_version", result.LockVersion),
		slog.Int("purged", result.Purged))
	return result, nil
}

func (s *Service) recordParams(ctx context.Context, actor outdial.Actor, req Request) (RecordParams, error) {
	if err := actor.Require(outdial.ScopeQueuePull); err != nil {
		return RecordParams{}, err
	}
	if err := outdial.RequireID("campaign_id", req.CampaignID); err != nil {
		return RecordParams{}, err
	}
	if err := outdial.RequireID("item_id", req.ItemID); err != nil {
		return RecordParams{}, err
	}
	const largest = 1<<31 - 1
	if req.LockVersion < 0 || req.LockVersion > largest {
		return RecordParams{}, outdial.Invalid("lock_version", "is out of range")
	}
	rule, err := s.cfg.Map.Resolve(req.Disposition)
	if err != nil {
		return RecordParams{}, err
	}
	if err := req.checkCallback(rule); err != nil {
		return RecordParams{}, err
	}
	if err := checkMetadata(req.Metadata); err != nil {
		return RecordParams{}, err
	}
	params := RecordParams{
		CampaignID: req.CampaignID, ItemID: req.ItemID, LockVersion: req.LockVersion, ActorID: actor.ID,
		Rule: rule, CallbackAt: req.CallbackAt.UTC().Truncate(time.Microsecond), CallbackFor: req.CallbackFor,
		Metadata: req.Metadata, Supersedes: req.Supersedes, CorrectWithin: s.cfg.CorrectWithin,
		Policy: s.cfg.Policy, Now: s.now(),
	}
	if !actor.ManagesOthers() {
		params.AgentID = actor.ID
	}
	if rule.Effect == EffectCallback {
		if params.CallbackFor == "" {
			params.CallbackFor = RecipientAgent
		}
		if params.Open, err = s.cfg.Windows.Open(ctx, req.CampaignID, params.CallbackAt); err != nil {
			return RecordParams{}, fmt.Errorf("ask when people may be called: %w", err)
		}
	} else {
		params.CallbackAt = time.Time{}
	}
	return params, params.protect(actor, req.IdempotencyKey)
}

// protect makes the request safe to repeat. Every request has a fingerprint, whether
// it comes under a key or not.
func (p *RecordParams) protect(actor outdial.Actor, key string) error {
	asked := map[string]any{
		"campaign_id": p.CampaignID, "item_id": p.ItemID, "lock_version": p.LockVersion,
		"disposition": p.Rule.Code, "callback_at": p.CallbackAt, "callback_for": p.CallbackFor,
		"metadata": string(p.Metadata), "supersedes": p.Supersedes,
	}
	const operation = string(outdial.ActionDispositionRecord)
	whole, err := outdial.NewIdempotency(actor, "any", operation, asked)
	if err != nil {
		return err
	}
	p.Fingerprint = whole.Fingerprint
	p.Idempotency, err = outdial.NewIdempotency(actor, key, operation, asked)
	return err
}

func (req Request) checkCallback(rule Rule) error {
	if rule.Effect != EffectCallback {
		if !req.CallbackAt.IsZero() || req.CallbackFor != "" {
			return outdial.Invalid("callback_at", "goes with a callback alone")
		}
		return nil
	}
	if req.CallbackAt.IsZero() {
		return outdial.Invalid("callback_at", "is required for a callback")
	}
	if year := req.CallbackAt.UTC().Year(); year < 1 || year > 9999 {
		return outdial.Invalid("callback_at", "is out of range")
	}
	switch req.CallbackFor {
	case "", RecipientAgent, RecipientAnyone:
		return nil
	default:
		return outdial.Invalid("callback_for", "must be agent or anyone")
	}
}

// whenOpen is the error of a callback outside of the contact's hours, with the next
// possible time.
func (s *Service) whenOpen(ctx context.Context, campaignID uuid.UUID, zone string, at time.Time) error {
	next, err := callwindow.Next(ctx, s.cfg.Windows, campaignID, zone, at)
	if err != nil {
		return fmt.Errorf("look for the next possible time: %w", err)
	}
	return &WindowClosedError{Zone: zone, Next: next}
}
