package telephony

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/google/uuid"

	"github.com/outdial/outdial"
)

// replayPage is how many events Replay reads at once.
const replayPage = 200

// Selection says which kept events to run again: those that satisfy everything that
// is given. The zero Selection is all of them.
type Selection struct {
	CampaignID uuid.UUID
	// ItemID restricts them to one item of the campaign, which must be given too.
	ItemID  uuid.UUID
	CallSID string
	// Since and Until restrict them to those that came in that time, Until excluded.
	Since, Until time.Time
	// Orphans restricts them to events whose call nobody knew.
	Orphans bool
}

// ReplayEffect is what came of an event that was run again.
type ReplayEffect string

// The effects.
const (
	// ReplayChanged moved an item, or has found its call.
	ReplayChanged ReplayEffect = "changed"
	// ReplayUnchanged is an event whose call knew it all.
	ReplayUnchanged ReplayEffect = "unchanged"
	// ReplayOrphan is an event whose call is still unknown.
	ReplayOrphan ReplayEffect = "orphan"
)

// ReplayEffects lists every effect there is, in a stable order.
func ReplayEffects() []ReplayEffect {
	return []ReplayEffect{ReplayChanged, ReplayUnchanged, ReplayOrphan}
}

// ReplayResult counts the events that were run again.
type ReplayResult struct {
	Replayed int `json:"replayed"`
	// Changed counts those that moved an item or found their call.
	Changed int `json:"changed"`
	// Orphans counts those whose call is still unknown.
	Orphans int `json:"orphans"`
}

// Replay merges kept events into their calls again, in the order in which they came,
// each in a transaction of its own. On a call that has had all its events it changes
// nothing, however often it runs. Events that come while it runs it may leave out: they
// are new.
//
// It needs the scope ops:run. When the context ends, or the store fails, the result
// says what had been done by then. Errors match ErrForbidden and ErrInvalid.
func (h *Handler) Replay(ctx context.Context, actor outdial.Actor, selection Selection) (ReplayResult, error) {
	if err := actor.Require(outdial.ScopeOpsRun); err != nil {
		return ReplayResult{}, err
	}
	if err := selection.check(); err != nil {
		return ReplayResult{}, err
	}
	result, err := h.replay(ctx, selection)
	h.cfg.Logger.LogAttrs(ctx, slog.LevelInfo, "events replayed",
		slog.Any("campaign_id", selection.CampaignID), slog.Any("queue_id", selection.ItemID),
		slog.String("call_sid", selection.CallSID), slog.Any("actor_id", actor.ID),
		slog.Int("replayed", result.Replayed), slog.Int("changed", result.Changed),
		slog.Int("orphans", result.Orphans), slog.Bool("complete", err == nil))
	return result, err
}

func (s Selection) check() error {
	switch {
	case s.ItemID != uuid.Nil && s.CampaignID == uuid.Nil:
		return outdial.Invalid("campaign_id", "is required beside item_id")
	case s.CallSID != "" && (len(s.CallSID) > MaxCallSID || !visible(s.CallSID)):
		return outdial.Invalid("call_sid", "is not the name of a call")
	case !s.Since.IsZero() && !s.Until.IsZero() && !s.Since.Before(s.Until):
		return outdial.Invalid("until", "must be after since")
	}
	return nil
}

func (h *Handler) replay(ctx context.Context, selection Selection) (ReplayResult, error) {
	params := ListParams{
		CampaignID: selection.CampaignID, ItemID: selection.ItemID, CallSID: selection.CallSID,
		Since: kept(selection.Since), Until: kept(selection.Until), Orphans: selection.Orphans, Limit: replayPage,
	}
	if params.Until.IsZero() {
		// Without an end a replay could follow a busy carrier for ever. Other processes'
		// clocks may be a little ahead.
		params.Until = kept(h.cfg.Clock.Now().Add(h.cfg.MaxAhead))
	}
	var result ReplayResult
	for {
		page, err := h.store.ListEvents(ctx, params)
		if err != nil {
			return result, fmt.Errorf("list the events: %w", err)
		}
		for _, event := range page.Events {
			if err := ctx.Err(); err != nil {
				return result, fmt.Errorf("replay: %w", err)
			}
			effect, err := h.replayEvent(ctx, event)
			if err != nil {
				return result, err
			}
			result.count(effect)
		}
		if !page.More || len(page.Events) == 0 {
			return result, nil
		}
		params.After = page.Events[len(page.Events)-1].ID
	}
}

func (h *Handler) replayEvent(ctx context.Context, event Kept) (ReplayEffect, error) {
	result, err := h.store.RecordEvent(ctx, RecordParams{
		Event: event.Event, At: event.OccurredAt, Kept: event.ID, Policy: h.cfg.Policy, Now: kept(h.cfg.Clock.Now()),
	})
	if err != nil {
		return "", fmt.Errorf("record event %s again: %w", event.ID, err)
	}
	effect := ReplayUnchanged
	switch {
	case result.Orphan:
		effect = ReplayOrphan
	case result.Moved || event.CallID == uuid.Nil:
		effect = ReplayChanged
		h.cfg.Logger.LogAttrs(ctx, slog.LevelInfo, "event recorded", recordLogged(event.Event, result)...)
		h.cfg.Recorded(ctx, result)
	}
	h.measure.countReplayed(ctx, effect)
	return effect, nil
}

func (r *ReplayResult) count(effect ReplayEffect) {
	r.Replayed++
	switch effect {
	case ReplayChanged:
		r.Changed++
	case ReplayOrphan:
		r.Orphans++
	}
}
