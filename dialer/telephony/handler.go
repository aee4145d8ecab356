package telephony

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/benbjohnson/clock"
	"go.opentelemetry.io/otel/metric"
	"go.opentelemetry.io/otel/metric/noop"

	"github.com/outdial/outdial"
	"github.com/outdial/outdial/dialer"
)

// Config adjusts a Handler. The zero value works.
type Config struct {
	// Clock tells the time. Defaults to the system's clock.
	Clock clock.Clock
	// Policy decides whether and when a contact is dialed again after a call. It must
	// be that of the dialer. Defaults to that of the zero RetryPolicy.
	Policy dialer.RetryPolicy
	// MaxAge is how long ago an event may have happened, by the carrier's clock, and
	// MaxAhead how far in the future, to be believed. An event outside that counts as
	// of now: a call cannot have ended years ago. Default to 24 hours and 5 minutes.
	MaxAge   time.Duration
	MaxAhead time.Duration
	// Recorded is called after an event was merged into its call, and its transaction
	// committed: never for one that was there before, nor for an orphan. It is how a
	// dialer learns that a person has answered. The sender waits for it, so it should
	// do no more than wake somebody up. Defaults to doing nothing.
	Recorded func(ctx context.Context, result RecordResult)
	// Logger receives one record for each event, and one for each report that is
	// refused. It never receives a payload or a phone number in full.
	// Defaults to discarding them.
	Logger *slog.Logger
	// Meter makes the instruments that Metrics lists. Defaults to measuring nothing.
	Meter metric.Meter
}

// WithDefaults returns a copy in which every field that was left out has its
// default.
func (c Config) WithDefaults() Config {
	if c.Clock == nil {
		c.Clock = clock.New()
	}
	if c.MaxAge <= 0 {
		c.MaxAge = 24 * time.Hour
	}
	if c.MaxAhead <= 0 {
		c.MaxAhead = 5 * time.Minute
	}
	if c.Recorded == nil {
		c.Recorded = func(context.Context, RecordResult) {}
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	if c.Meter == nil {
		c.Meter = noop.Meter{}
	}
	return c
}

// Handler takes events in. It is safe for concurrent use, keeps no state and starts
// no goroutine. Make one with New.
type Handler struct {
	store   Store
	cfg     Config
	measure instruments
}

// New returns a Handler over the store.
func New(store Store, cfg Config) *Handler {
	cfg = cfg.WithDefaults()
	return &Handler{store: store, cfg: cfg, measure: newInstruments(cfg.Meter, cfg.Logger)}
}

// WithStore returns a Handler like this one over another store, such as one bound to
// a host's transaction with postgres.Store.WithTx. It does not call Config.Recorded:
// only the host knows when its transaction is committed, and passes the results on
// then.
func (h *Handler) WithStore(store Store) *Handler {
	bound := *h
	bound.store = store
	bound.cfg.Recorded = func(context.Context, RecordResult) {}
	return &bound
}

// Result says what came of an event.
type Result struct {
	RecordResult

	// At is when the event counts as having happened.
	At time.Time
	// Implausible says that the report's own time was not believed.
	Implausible bool
}

// Handle takes an event whose sender is known: because a signature was checked, or
// because the host itself reports what it did. A second copy of an event changes
// nothing, and an event whose call nobody knows is kept until it appears; neither is
// an error.
//
// Errors match outdial.ErrInvalid when the event can never be taken. After any other
// the event is not stored, and should be sent again.
func (h *Handler) Handle(ctx context.Context, event Event) (Result, error) {
	event, err := checked(event)
	if err != nil {
		h.Reject(ctx, event.Source, err)
		return Result{}, err
	}
	now := kept(h.cfg.Clock.Now())
	result := Result{At: event.At}
	switch {
	case event.At.IsZero():
		result.At = now
	case now.Sub(event.At) > h.cfg.MaxAge || event.At.Sub(now) > h.cfg.MaxAhead:
		result.At, result.Implausible = now, true
		h.measure.countRejected(ctx, event.Source, ReasonImplausibleTime)
		h.cfg.Logger.LogAttrs(ctx, slog.LevelWarn, "time of event not believed",
			append(eventLogged(event), slog.String("reported_at", event.At.Format(time.RFC3339)))...)
		if year := event.At.Year(); year < 1 || year > 9999 {
			event.At = time.Time{} // Not every store keeps such a year.
		}
	}
	result.RecordResult, err = h.store.RecordEvent(ctx, RecordParams{
		Event: event, At: result.At, Policy: h.cfg.Policy, Now: now,
	})
	if err != nil {
		h.measure.countEvent(ctx, event, EffectFailed)
		return Result{}, fmt.Errorf("record the event: %w", err)
	}
	h.account(ctx, event, result, now)
	if !result.Duplicate && !result.Orphan {
		h.cfg.Recorded(ctx, result.RecordResult)
	}
	return result, nil
}

// HandleAs takes an event that somebody reports under their own name rather than
// under a signature. It needs the scope telephony:webhook. Errors are those of Handle
// and ErrForbidden.
func (h *Handler) HandleAs(ctx context.Context, actor outdial.Actor, event Event) (Result, error) {
	if err := actor.Require(outdial.ScopeTelephonyWebhook); err != nil {
		h.Reject(ctx, event.Source, err)
		return Result{}, err
	}
	return h.Handle(ctx, event)
}

// Reject counts and logs a report that was refused before it became an event. Front
// ends call it with what an adapter returned; Handle does so by itself.
func (h *Handler) Reject(ctx context.Context, source string, err error) {
	reason := ReasonOf(err)
	h.measure.countRejected(ctx, source, reason)
	h.cfg.Logger.LogAttrs(ctx, slog.LevelWarn, "report refused",
		slog.String("source", source), slog.String("reason", string(reason)), slog.String("cause", err.Error()))
}

// account counts and logs what came of an event.
func (h *Handler) account(ctx context.Context, event Event, result Result, now time.Time) {
	effect := result.Effect()
	h.measure.countEvent(ctx, event, effect)
	if effect == EffectDuplicate {
		h.cfg.Logger.LogAttrs(ctx, slog.LevelDebug, "event repeated", eventLogged(event)...)
		return
	}
	if !event.At.IsZero() && !result.Implausible {
		h.measure.recordDelay(ctx, event, now.Sub(event.At))
	}
	if effect == EffectOrphan {
		h.cfg.Logger.LogAttrs(ctx, slog.LevelInfo, "event of an unknown call kept", eventLogged(event)...)
		return
	}
	h.cfg.Logger.LogAttrs(ctx, slog.LevelInfo, "event recorded", recordLogged(event, result.RecordResult)...)
}

// eventLogged is what a log record says of an event.
func eventLogged(event Event) []slog.Attr { return event.LogValue().Group() }

// recordLogged is what a log record says of an event that was merged into its call.
func recordLogged(event Event, result RecordResult) []slog.Attr {
	call := result.Call
	return []slog.Attr{
		slog.Any("campaign_id", call.Ref.CampaignID), slog.Any("queue_id", call.Ref.ItemID),
		slog.Any("contact_id", call.ContactID), slog.Any("agent_id", call.AgentID),
		slog.String("call_sid", event.CallSID), slog.Int("lock_version", call.ItemVersion),
		slog.String("event_type", string(event.Type)), slog.Int("event_seq", event.Seq),
		slog.String("source", event.Source), slog.String("status", string(result.State)),
		slog.Bool("moved", result.Moved),
	}
}

// kept returns a time in the precision that every store keeps; the zero time stays
// zero.
func kept(at time.Time) time.Time {
	if at.IsZero() {
		return time.Time{}
	}
	return at.UTC().Truncate(time.Microsecond)
}
