package disposition

import (
	"context"
	"log/slog"
	"time"

	"github.com/benbjohnson/clock"
	"github.com/google/uuid"
	"go.opentelemetry.io/otel/metric"
	"go.opentelemetry.io/otel/metric/noop"

	"github.com/outdial/outdial"
	"github.com/outdial/outdial/dialer"
	"github.com/outdial/outdial/dialer/callwindow"
)

// Config adjusts a Service. The zero value works, except that it promises nobody a
// callback until Windows says when people may be called.
type Config struct {
	// Map is what the buttons mean. Defaults to the canonical map.
	Map Map
	// Policy is how often and when contacts are tried again where a campaign does not
	// say. It must be the one that the dialer and telephony.Handler have.
	// Defaults to that of the zero RetryPolicy.
	Policy dialer.RetryPolicy
	// Windows says when people may be called, and so when they can ask to be.
	// Defaults to never: a callback fails with dialer.ErrNoWindows.
	Windows callwindow.Windows
	// CorrectWithin is how long after a disposition its agent may put another in its
	// place. Longer forgives more, and keeps hosts that act on dispositions waiting.
	// Defaults to 2 minutes.
	CorrectWithin time.Duration
	// Clock tells the time. A test or a simulation brings its own.
	// Defaults to the system's clock.
	Clock clock.Clock
	// Meter counts what is recorded. Defaults to counting nothing.
	Meter metric.Meter
	// Logger receives one record for each change. It never receives a phone number or
	// what an agent wrote.
	// Defaults to discarding them.
	Logger *slog.Logger
}

// WithDefaults returns a copy in which every field that was left out has its default.
func (c Config) WithDefaults() Config {
	if c.Windows == nil {
		c.Windows = noWindows{}
	}
	if c.CorrectWithin <= 0 {
		c.CorrectWithin = 2 * time.Minute
	}
	if c.Clock == nil {
		c.Clock = clock.New()
	}
	if c.Meter == nil {
		c.Meter = noop.Meter{}
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	return c
}

// noWindows is Windows that nobody configured.
type noWindows struct{}

// Open implements callwindow.Windows.
func (noWindows) Open(context.Context, uuid.UUID, time.Time) (callwindow.Open, error) {
	return callwindow.Open{}, dialer.ErrNoWindows
}

// Service records dispositions as a host sees it. It is safe for concurrent use, keeps
// no state and starts no goroutine. Make one with New.
type Service struct {
	store    Store
	cfg      Config
	recorded metric.Int64Counter
}

// New returns a Service over the store.
func New(store Store, cfg Config) *Service {
	cfg = cfg.WithDefaults()
	return &Service{store: store, cfg: cfg, recorded: metricRecorded.Counter(cfg.Meter, cfg.Logger)}
}

// WithStore returns a Service like this one over another store, such as one bound to a
// host's transaction with postgres.Store.WithTx.
func (s *Service) WithStore(store Store) *Service {
	bound := *s
	bound.store = store
	return &bound
}

// Map returns what the buttons mean, for front ends that draw them.
func (s *Service) Map() Map { return s.cfg.Map }

// now is the time of one request, in the precision that every store keeps.
func (s *Service) now() time.Time {
	return s.cfg.Clock.Now().UTC().Truncate(time.Microsecond)
}

// requireView says whether the actor may see what was recorded in a campaign.
func requireView(actor outdial.Actor, campaignID uuid.UUID) error {
	if err := actor.Require(outdial.ScopeQueueWrite, outdial.ScopeDialerControl); err != nil {
		return err
	}
	return outdial.RequireID("campaign_id", campaignID)
}
