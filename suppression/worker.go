package suppression

import (
	"cmp"
	"context"
	"log/slog"
	"time"

	"github.com/benbjohnson/clock"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
	"go.opentelemetry.io/otel/metric/noop"
)

// WorkerStore is what a Worker needs of a database.
type WorkerStore interface {
	PurgeStore

	// ListImports is that of ImportStore.
	ListImports(ctx context.Context) ([]Import, error)
}

// The cursors of workers. All processes share them.
const (
	// cursorFirst follows the feed as it comes.
	cursorFirst = "purge"
	// cursorAgain goes over the same events later.
	cursorAgain = "purge_again"
)

// WorkerConfig adjusts a Worker. The zero value works.
type WorkerConfig struct {
	// PollEvery is how often the feed is looked at when nobody says that there is
	// something. One look is one small query. Defaults to 250 ms.
	PollEvery time.Duration
	// LookAgainAfter is when the worker goes over an event a second time. An item that
	// was being queued at the very moment of the change may have been invisible the
	// first time; nobody can pull it, but it would stay in the queue for ever. It should
	// be longer than the longest transaction that queues. Defaults to 1 minute.
	LookAgainAfter time.Duration
	// Events and Items are the most that one transaction looks at and fails.
	// Default to 2,000 and 1,000.
	Events int
	Items  int
	// StaleAfter is the age at which a list is too old to call by, and CheckListsEvery
	// how often the log is told. Default to 31 days (see Config) and 24 hours.
	StaleAfter      time.Duration
	CheckListsEvery time.Duration
	// Clock tells the time. A test or a simulation brings its own.
	// Defaults to the system's clock.
	Clock clock.Clock
	// Meter counts what is purged, and how late. Defaults to counting nothing.
	Meter metric.Meter
	// Logger receives one record for each step that failed items, and one for each
	// error. Defaults to discarding them.
	Logger *slog.Logger
}

// WithDefaults returns a copy in which every field that was left out has its default.
func (c WorkerConfig) WithDefaults() WorkerConfig {
	c.PollEvery = positive(c.PollEvery, 250*time.Millisecond)
	c.LookAgainAfter = positive(c.LookAgainAfter, time.Minute)
	c.Events = positive(c.Events, 2000)
	c.Items = positive(c.Items, 1000)
	c.StaleAfter = positive(c.StaleAfter, Config{}.WithDefaults().StaleAfter)
	c.CheckListsEvery = positive(c.CheckListsEvery, 24*time.Hour)
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

// positive is a value, or its default when it is left out or makes no sense.
func positive[N cmp.Ordered](value, standard N) N {
	var none N
	if value > none {
		return value
	}
	return standard
}

// Worker follows the feed of changes and takes items out of both queues whose contacts
// must not be called any more. Without one, such items are passed over by every claim
// and stay where they are.
//
// Any number of processes may run one on the same database: they share a cursor, and
// while one works the others do not. Whatever a process that dies was at is done by the
// next. Make one with NewWorker.
type Worker struct {
	store  WorkerStore
	cfg    WorkerConfig
	wake   chan struct{}
	purged purgeCounter
	lag    metric.Float64Histogram
}

// NewWorker returns a Worker over the store.
func NewWorker(store WorkerStore, cfg WorkerConfig) *Worker {
	cfg = cfg.WithDefaults()
	return &Worker{
		store: store, cfg: cfg, wake: make(chan struct{}, 1),
		purged: purgeCounter{metricPurged.Counter(cfg.Meter, cfg.Logger)},
		lag:    metricPurgeLag.Histogram(cfg.Meter, cfg.Logger),
	}
}

// Wake implements Waker: the worker looks at once instead of at its next time.
func (w *Worker) Wake() {
	select {
	case w.wake <- struct{}{}:
	default:
	}
}

// Run works until ctx ends, and returns nil then. An error of the database is logged,
// and the work tried again at the next look.
func (w *Worker) Run(ctx context.Context) error {
	poll := w.cfg.Clock.Ticker(w.cfg.PollEvery)
	defer poll.Stop()
	lists := w.cfg.Clock.Ticker(w.cfg.CheckListsEvery)
	defer lists.Stop()
	w.warnOfOldLists(ctx)
	for ctx.Err() == nil {
		if _, err := w.Step(ctx); err != nil && ctx.Err() == nil {
			w.cfg.Logger.WarnContext(ctx, "suppressed items could not be purged", slog.String("cause", err.Error()))
		}
		select {
		case <-ctx.Done():
		case <-w.wake:
		case <-poll.C:
		case <-lists.C:
			w.warnOfOldLists(ctx)
		}
	}
	return nil
}

// Step does all that there is to do now, and returns how many items it failed. It is
// for hosts that have a scheduler of their own, and for tests.
func (w *Worker) Step(ctx context.Context) (Purged, error) {
	var purged Purged
	for _, cursor := range []string{cursorFirst, cursorAgain} {
		if err := w.follow(ctx, cursor, &purged); err != nil {
			return purged, err
		}
	}
	return purged, nil
}

// follow moves one cursor as far as it goes.
func (w *Worker) follow(ctx context.Context, cursor string, purged *Purged) error {
	for ctx.Err() == nil {
		now := w.cfg.Clock.Now().UTC().Truncate(time.Microsecond)
		p := PurgeParams{Cursor: cursor, Events: w.cfg.Events, Items: w.cfg.Items, Now: now}
		if cursor == cursorAgain {
			p.Before = now.Add(-w.cfg.LookAgainAfter)
		}
		result, err := w.store.PurgeSuppressed(ctx, p)
		if err != nil {
			return err
		}
		purged.AgentItems += result.AgentItems
		purged.PowerItems += result.PowerItems
		w.report(ctx, cursor, result, now)
		failed := result.AgentItems + result.PowerItems
		if !result.More || failed+result.Events == 0 {
			// Items that somebody else is changing right now are for the next look.
			return nil
		}
	}
	return ctx.Err()
}

func (w *Worker) report(ctx context.Context, cursor string, result PurgeResult, now time.Time) {
	w.purged.add(ctx, QueueAgent, result.AgentItems)
	w.purged.add(ctx, QueuePower, result.PowerItems)
	if result.Events > 0 && cursor == cursorFirst {
		w.lag.Record(ctx, max(0, now.Sub(result.Since).Seconds()))
	}
	if result.AgentItems+result.PowerItems > 0 {
		w.cfg.Logger.InfoContext(ctx, "suppressed items purged", slog.String("cursor", cursor),
			slog.Int("agent_items", result.AgentItems), slog.Int("power_items", result.PowerItems),
			slog.Int("events", result.Events))
	}
}

// warnOfOldLists says which registries' lists are too old to call by.
func (w *Worker) warnOfOldLists(ctx context.Context) {
	imports, err := w.store.ListImports(ctx)
	if err != nil {
		if ctx.Err() == nil {
			w.cfg.Logger.WarnContext(ctx, "the age of lists could not be read", slog.String("cause", err.Error()))
		}
		return
	}
	for _, stale := range StaleLists(imports, w.cfg.Clock.Now(), w.cfg.StaleAfter) {
		w.cfg.Logger.WarnContext(ctx, "a do-not-call list is too old to call by", slog.String("list", stale.List),
			slog.String("version", stale.Version), slog.Time("published_at", stale.PublishedAt))
	}
}

// purgeCounter counts items that were purged.
type purgeCounter struct{ counter metric.Int64Counter }

func (c purgeCounter) add(ctx context.Context, queue Queue, items int) {
	if items > 0 {
		c.counter.Add(ctx, int64(items), metric.WithAttributes(attribute.String("queue", string(queue))))
	}
}
