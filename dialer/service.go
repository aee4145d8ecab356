package dialer

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/benbjohnson/clock"
	"github.com/google/uuid"
	"golang.org/x/time/rate"

	"github.com/outdial/outdial/dialer/callwindow"
	"github.com/outdial/outdial/queue/filter"
	"github.com/outdial/outdial/queue/limit"
)

// ErrNoWindows means that nobody has said when people may be called: Config.Windows
// is missing.
var ErrNoWindows = errors.New("no call windows are configured")

// Config adjusts a Service. The zero value works, except that it calls nobody until
// Windows says when.
type Config struct {
	// Clock tells the time. A test or a simulation brings its own.
	// Defaults to the system's clock.
	Clock clock.Clock
	// Fields are the fields that filters may name: those of a contact, and a host's
	// own columns. Attributes that imports brought need not be among them.
	// Defaults to the fields of a contact.
	Fields *filter.Fields
	// Logger receives one record for each change. It never receives a phone number.
	// Defaults to discarding them.
	Logger *slog.Logger
	// Windows says when people may be called. A host that may call anybody at any time
	// says so with callwindow.Always.
	// Defaults to never: NextDials fails with ErrNoWindows, since that nobody has
	// thought of the hour must not mean that phones ring at night.
	Windows callwindow.Windows
	// Caps says how often one number may be tried.
	// Defaults to no caps, which leaves Policy.MaxAttempts for each campaign.
	Caps callwindow.Caps
	// AbandonedHold is how long a number is left alone by all campaigns after somebody
	// answered it to silence. Negative is not at all.
	// Defaults to 72 hours.
	AbandonedHold time.Duration
	// Policy decides what a sweep makes of calls that are over. It must be the one
	// that the engine and telephony.Handler have.
	Policy RetryPolicy
	// EnqueueRate is how many enqueues per second one actor, and one campaign, may ask
	// for in the long run, and EnqueueBurst how many at once. They do not bound how
	// many contacts one enqueue adds. Default to 1 and 30; rate.Inf lifts the limit.
	EnqueueRate  rate.Limit
	EnqueueBurst int
	// UnplacedAfter is how long a claimed call may wait to be placed before a sweep
	// puts its item back. Shorter frees the contacts of a process that died sooner,
	// longer forgives one that claims many calls at once and places them slowly.
	// Defaults to a minute.
	UnplacedAfter time.Duration
	// StuckAfter is how long a call may dial or ring without news before a sweep calls
	// it lost. Defaults to 10 minutes.
	StuckAfter time.Duration
	// TalkAtMost is how long a conversation may last before a sweep takes the news of
	// its end for lost. Defaults to 4 hours.
	TalkAtMost time.Duration
}

// WithDefaults returns a copy in which every field that was left out has its
// default.
func (c Config) WithDefaults() Config {
	if c.Clock == nil {
		c.Clock = clock.New()
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	if c.Windows == nil {
		c.Windows = noWindows{}
	}
	if c.Caps == nil {
		c.Caps = callwindow.FixedCaps{}
	}
	if c.AbandonedHold == 0 {
		c.AbandonedHold = 72 * time.Hour
	}
	if c.EnqueueRate <= 0 {
		c.EnqueueRate = 1
	}
	if c.EnqueueBurst <= 0 {
		c.EnqueueBurst = 30
	}
	if c.UnplacedAfter <= 0 {
		c.UnplacedAfter = time.Minute
	}
	if c.StuckAfter <= 0 {
		c.StuckAfter = 10 * time.Minute
	}
	if c.TalkAtMost <= 0 {
		c.TalkAtMost = 4 * time.Hour
	}
	return c
}

// noWindows is Windows that nobody configured.
type noWindows struct{}

// Open implements callwindow.Windows.
func (noWindows) Open(context.Context, uuid.UUID, time.Time) (callwindow.Open, error) {
	return callwindow.Open{}, ErrNoWindows
}

// Service is the power queue as a host uses it. It is safe for concurrent use, keeps
// no state but the rate limits, and starts no goroutine: package dialer/engine is
// what dials. Make one with New.
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
