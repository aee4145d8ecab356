package suppression

import (
	"context"
	"log/slog"
	"time"

	"github.com/benbjohnson/clock"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
	"go.opentelemetry.io/otel/metric/noop"

	"github.com/outdial/outdial"
)

// Config adjusts a Service. The zero value works.
type Config struct {
	// Filter spares CheckMany most of its questions to the database. Defaults to none:
	// the database is asked about every value.
	Filter Filter
	// Wake are told whenever this Service has changed the list, such as a Worker and a
	// bloom.Cache, which then need not wait for their next look. Defaults to nobody.
	Wake []Waker
	// StaleAfter is the age at which a registry's list is too old to call by. 16 CFR
	// 310.4(b)(3)(iv) asks for a version of the national registry from no more than 31
	// days before any call. Defaults to 31 days.
	StaleAfter time.Duration
	// Clock tells the time. A test or a simulation brings its own.
	// Defaults to the system's clock.
	Clock clock.Clock
	// Meter counts what is asked and changed. Defaults to counting nothing.
	Meter metric.Meter
	// Logger receives one record for each change. It never receives a value that is on
	// the list, nor a reason. Defaults to discarding them.
	Logger *slog.Logger
}

// WithDefaults returns a copy in which every field that was left out has its default.
func (c Config) WithDefaults() Config {
	if c.StaleAfter <= 0 {
		c.StaleAfter = 31 * 24 * time.Hour
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

// Service is the list as a host sees it. It is safe for concurrent use, keeps no state
// and starts no goroutine. Make one with New.
type Service struct {
	store    Store
	cfg      Config
	changes  metric.Int64Counter
	checks   metric.Int64Counter
	imported metric.Int64Counter
	purged   purgeCounter
}

// New returns a Service over the store.
func New(store Store, cfg Config) *Service {
	cfg = cfg.WithDefaults()
	return &Service{
		store: store, cfg: cfg,
		changes:  metricChanges.Counter(cfg.Meter, cfg.Logger),
		checks:   metricChecks.Counter(cfg.Meter, cfg.Logger),
		imported: metricImported.Counter(cfg.Meter, cfg.Logger),
		purged:   purgeCounter{metricPurged.Counter(cfg.Meter, cfg.Logger)},
	}
}

// WithStore returns a Service like this one over another store, such as one bound to a
// host's transaction with postgres.Store.WithTx. Nobody is woken before the host's
// transaction is committed, and nobody after it: what follows the feed looks by itself.
// Its checks ask the database alone, since no filter knows what the transaction has
// added.
func (s *Service) WithStore(store Store) *Service {
	bound := *s
	bound.store, bound.cfg.Wake, bound.cfg.Filter = store, nil, nil
	return &bound
}

// now is the time of one request, in the precision that every store keeps.
func (s *Service) now() time.Time {
	return s.cfg.Clock.Now().UTC().Truncate(time.Microsecond)
}

// changed says that the list is another one now.
func (s *Service) changed(ctx context.Context, action EventAction, entries int) {
	if entries == 0 {
		return
	}
	s.changes.Add(ctx, int64(entries), metric.WithAttributes(attribute.String("action", string(action))))
	for _, waker := range s.cfg.Wake {
		waker.Wake()
	}
}

// requireChange says whether the actor may put somebody on the list, as agents may.
func requireChange(actor outdial.Actor) error { return actor.Require(outdial.ScopeSuppressionWrite) }

// requireCare says whether the actor may see the list, or take somebody off it.
func requireCare(actor outdial.Actor) error {
	if err := actor.Require(outdial.ScopeSuppressionWrite); err != nil {
		return err
	}
	if !actor.ManagesOthers() {
		return outdial.Forbidden("only managers and admins see the list, import or take anybody off it")
	}
	return nil
}
