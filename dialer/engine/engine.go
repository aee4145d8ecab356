package engine

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"github.com/google/uuid"

	"github.com/outdial/outdial"
	"github.com/outdial/outdial/dialer"
)

// Engine dials campaigns and connects who answers. It is safe for concurrent use.
// Make one with New; a process that dials calls Run, one that only takes the
// carrier's reports calls Connect, and Close at its end.
type Engine struct {
	store   Store
	carrier dialer.Carrier
	cfg     Config
	measure instruments
	hands   *hands
	hungUp  *recent
	// placing has a place for each call that may be placed at once.
	placing chan struct{}
	asked   *schedule
	// alive ends when what is under way must be given up.
	alive context.Context //nolint:containedctx // it lasts as long as the engine
	kill  context.CancelFunc

	mu      sync.Mutex
	running bool
	closed  bool
	// holder names the process in leases.
	holder string
	// tasks are the loops, and what has to be finished before the process may end.
	tasks     sync.WaitGroup
	campaigns map[uuid.UUID]*campaign
}

// The errors of Run.
var (
	errNoEvents  = errors.New("engine: Config.Events is required")
	errNoWindows = errors.New("engine: Config.Windows is required: without it nobody may be called")
	errUsed      = errors.New("engine: Run was called before, or Close")
)

// New returns an engine that dials through the carrier.
func New(store Store, carrier dialer.Carrier, cfg Config) *Engine {
	cfg = cfg.WithDefaults()
	alive, kill := context.WithCancel(context.Background())
	return &Engine{
		store: store, carrier: carrier, cfg: cfg,
		measure:   newInstruments(cfg.Meter, cfg.Logger),
		hands:     newHands(),
		hungUp:    newRecent(cfg.AnnounceFor),
		placing:   make(chan struct{}, cfg.MaxPlacing),
		asked:     newSchedule(cfg.ReconcileEvery, cfg.ReconcilePause),
		alive:     alive,
		kill:      kill,
		campaigns: map[uuid.UUID]*campaign{},
	}
}

// Run dials until ctx ends, and returns nil then. It places no more calls from that
// moment on, gives back what was claimed and not placed, writes down what the carrier
// answers to requests under way, and gives its campaigns up, so that another process
// may go on with them at once. Calls under way go on. It waits Config.StopWithin at
// most. An engine runs once.
func (e *Engine) Run(ctx context.Context) error {
	if err := e.start(ctx); err != nil {
		return err
	}
	<-ctx.Done()
	e.Close()
	return nil
}

// start begins the loops, which end with ctx.
func (e *Engine) start(ctx context.Context) error {
	switch {
	case e.cfg.Events == nil:
		return errNoEvents
	case e.cfg.Windows == nil:
		return errNoWindows
	}
	id, err := outdial.NewID()
	if err != nil {
		return err
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.running || e.closed {
		return errUsed
	}
	e.running = true
	e.holder = cmp.Or(e.cfg.Holder, id.String())
	for _, loop := range []struct {
		every time.Duration
		do    func(context.Context)
	}{
		{e.cfg.TickEvery, e.watch},
		{e.cfg.ReconcileEvery, e.reconcile},
		{e.cfg.SweepEvery, e.sweep},
		{e.cfg.ExpireEvery, e.expire},
	} {
		e.tasks.Go(func() { e.every(ctx, loop.every, loop.do) })
	}
	return nil
}

// Close ends Connect: it begins nothing more and waits for what is under way,
// Config.StopWithin at most. Run does the same at its end, and ends only then.
func (e *Engine) Close() {
	e.mu.Lock()
	e.closed = true
	e.mu.Unlock()
	done := make(chan struct{})
	go func() {
		e.tasks.Wait()
		close(done)
	}()
	overdue := make(chan struct{})
	timer := e.cfg.Clock.AfterFunc(e.cfg.StopWithin, func() { close(overdue) })
	defer timer.Stop()
	select {
	case <-done:
	case <-overdue:
		e.cfg.Logger.Warn("calls were left to themselves when the engine stopped")
	}
	e.kill()
}

// spawn does something that outlives its caller, or returns false once the engine is
// closed.
func (e *Engine) spawn(ctx context.Context, do func(ctx context.Context)) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.closed {
		return false
	}
	e.tasks.Go(func() {
		ctx, cancel := context.WithCancel(context.WithoutCancel(ctx))
		defer cancel()
		defer context.AfterFunc(e.alive, cancel)() //nolint:contextcheck // two contexts end it
		do(ctx)
	})
	return true
}

// every does something at once and then again and again until ctx ends.
func (e *Engine) every(ctx context.Context, d time.Duration, do func(context.Context)) {
	ticker := e.cfg.Clock.Ticker(d)
	defer ticker.Stop()
	for ctx.Err() == nil {
		do(ctx)
		select {
		case <-ctx.Done():
		case <-ticker.C:
		}
	}
}

// complain logs that something went wrong with a campaign, unless it is because the
// engine stops.
func (e *Engine) complain(ctx context.Context, what string, campaignID uuid.UUID, err error) {
	if ctx.Err() != nil {
		return
	}
	e.cfg.Logger.LogAttrs(ctx, slog.LevelWarn, what,
		slog.Any("campaign_id", campaignID), slog.String("cause", err.Error()))
}
