package sim

import (
	"context"
	"sync"
	"time"

	"github.com/benbjohnson/clock"
)

// agenda does things later, by a clock, until it is closed.
type agenda struct {
	clock clock.Clock
	// ctx ends when the agenda is closed.
	ctx    context.Context //nolint:containedctx // it lasts as long as what holds it
	cancel context.CancelFunc

	mu      sync.Mutex
	closed  bool
	entries map[*entry]struct{}
	running sync.WaitGroup
}

// entry is one thing to do.
type entry struct{ timer *clock.Timer }

func newAgenda(c clock.Clock) *agenda {
	ctx, cancel := context.WithCancel(context.Background())
	return &agenda{clock: c, ctx: ctx, cancel: cancel, entries: map[*entry]struct{}{}}
}

func (a *agenda) now() time.Time { return a.clock.Now().UTC().Truncate(time.Microsecond) }

// after does something in a goroutine of its own once d has passed, unless it is
// stopped before. On a closed agenda nothing is done.
func (a *agenda) after(d time.Duration, do func()) *entry {
	a.mu.Lock()
	defer a.mu.Unlock()
	e := &entry{}
	if a.closed {
		return e
	}
	a.entries[e] = struct{}{}
	a.running.Add(1)
	if d <= 0 {
		// A mock clock would wait for its next step.
		go a.run(e, do)
		return e
	}
	e.timer = a.clock.AfterFunc(d, func() { a.run(e, do) })
	return e
}

func (a *agenda) run(e *entry, do func()) {
	if a.take(e) {
		defer a.running.Done()
		do()
	}
}

// take removes an entry and says whether it was there: whoever takes it has it, be it
// the clock or who stops it.
func (a *agenda) take(e *entry) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	_, ok := a.entries[e]
	delete(a.entries, e)
	return ok
}

// stop strikes an entry off, if it has not begun.
func (a *agenda) stop(e *entry) {
	if e == nil || !a.take(e) {
		return
	}
	if e.timer != nil {
		e.timer.Stop()
	}
	a.running.Done()
}

// wait returns after d, or with an error once the context or the agenda has ended.
func (a *agenda) wait(ctx context.Context, d time.Duration) error {
	if err := ctx.Err(); err != nil || d <= 0 {
		return err
	}
	passed := make(chan struct{})
	timer := a.clock.AfterFunc(d, func() { close(passed) })
	defer timer.Stop()
	select {
	case <-passed:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	case <-a.ctx.Done():
		return a.ctx.Err()
	}
}

// close strikes everything off and waits for what has begun.
func (a *agenda) close() {
	a.mu.Lock()
	a.closed = true
	left := make([]*entry, 0, len(a.entries))
	for e := range a.entries {
		left = append(left, e)
	}
	a.mu.Unlock()
	a.cancel()
	for _, e := range left {
		a.stop(e)
	}
	a.running.Wait()
}
