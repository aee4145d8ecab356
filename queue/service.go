package queue

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/benbjohnson/clock"
	"golang.org/x/time/rate"

	"github.com/outdial/outdial"
	"github.com/outdial/outdial/queue/filter"
	"github.com/outdial/outdial/queue/limit"
)

// Config adjusts a Service. The zero value works, with every feature flag off.
type Config struct {
	// Clock tells the time. A test or a simulation brings its own.
	// Defaults to the system's clock.
	Clock clock.Clock
	// Flags says which features are on. Defaults to none.
	Flags outdial.Flags
	// Agents, when given, refuses to queue for agents the host does not know.
	// Defaults to accepting every agent id.
	Agents AgentDirectory
	// Fields are the fields that filters may name: those of a contact, and a host's
	// own columns. Attributes that imports brought need not be among them.
	// Defaults to the fields of a contact.
	Fields *filter.Fields
	// Logger receives one record for each change. It never receives a phone
	// number or an address. Defaults to discarding them.
	Logger *slog.Logger
	// LockFor is how long an agent may hold an item without a heartbeat. Shorter
	// returns abandoned items sooner, longer forgives slower agents.
	// Defaults to 15 minutes.
	LockFor time.Duration
	// CallbackGrace is how long a callback waits for the agent who promised it, once it
	// is due, before anyone may take it. Shorter keeps the promise of the time, longer
	// that of the voice.
	// Defaults to 15 minutes.
	CallbackGrace time.Duration
	// EnqueueRate is how many enqueues per second one actor, and one campaign,
	// may ask for in the long run, and EnqueueBurst how many at once. They stop a
	// runaway script from flooding queues; they do not bound how many contacts
	// one enqueue adds. Default to 1 and 30; rate.Inf lifts the limit.
	EnqueueRate  rate.Limit
	EnqueueBurst int
	// KeepKeys is how long an idempotency key is remembered, at least; Sweep
	// forgets older ones. Defaults to 24 hours.
	KeepKeys time.Duration
}

// WithDefaults returns a copy in which every field that was left out has its
// default.
func (c Config) WithDefaults() Config {
	if c.Clock == nil {
		c.Clock = clock.New()
	}
	if c.Flags == nil {
		c.Flags = outdial.StaticFlags{}
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	if c.LockFor <= 0 {
		c.LockFor = 15 * time.Minute
	}
	if c.CallbackGrace <= 0 {
		c.CallbackGrace = 15 * time.Minute
	}
	if c.EnqueueRate <= 0 {
		c.EnqueueRate = 1
	}
	if c.EnqueueBurst <= 0 {
		c.EnqueueBurst = 30
	}
	if c.KeepKeys <= 0 {
		c.KeepKeys = 24 * time.Hour
	}
	return c
}

// Service is the queue as a host uses it. It is safe for concurrent use, keeps no
// state but the rate limits, and starts no goroutine. Make one with New.
type Service struct {
	store     Store
	cfg       Config
	actors    *limit.ByID
	campaigns *limit.ByID
}

// New returns a Service over the store.
func New(store Store, cfg Config) *Service {
	cfg = cfg.WithDefaults()
	return &Service{
		store:     store,
		cfg:       cfg,
		actors:    limit.New("actor", cfg.EnqueueRate, cfg.EnqueueBurst),
		campaigns: limit.New("campaign", cfg.EnqueueRate, cfg.EnqueueBurst),
	}
}

// WithStore returns a Service like this one over another store, such as one bound
// to a host's transaction with postgres.Store.WithTx. Rate limits are shared.
func (s *Service) WithStore(store Store) *Service {
	bound := *s
	bound.store = store
	return &bound
}

// now is the time of one request, in the precision that every store keeps.
func (s *Service) now() time.Time {
	return s.cfg.Clock.Now().UTC().Truncate(time.Microsecond)
}

// Enabled says whether a feature is on for the actor, for front ends that hide
// what is not there.
func (s *Service) Enabled(ctx context.Context, actor outdial.Actor, flag outdial.Flag) bool {
	return s.cfg.Flags.Enabled(ctx, flag, actor)
}

// requireFlag returns an error matching ErrNotEnabled when the flag is off. It
// comes before every other check, so that a feature that is off does not exist.
func (s *Service) requireFlag(ctx context.Context, actor outdial.Actor) error {
	if s.Enabled(ctx, actor, outdial.FlagQueueReplace) {
		return nil
	}
	return fmt.Errorf("%s: %w", outdial.FlagQueueReplace, outdial.ErrNotEnabled)
}
