package engine

import (
	"context"
	"time"
)

// now is the time in the precision that every store keeps. Cutting it also strips the
// monotonic reading, which stands still while a machine sleeps.
func (e *Engine) now() time.Time { return e.cfg.Clock.Now().UTC().Truncate(time.Microsecond) }

// wait returns true after d, or false when ctx ends before.
func (e *Engine) wait(ctx context.Context, d time.Duration) bool {
	if d <= 0 {
		return ctx.Err() == nil
	}
	passed := make(chan struct{})
	timer := e.cfg.Clock.AfterFunc(d, func() { close(passed) })
	defer timer.Stop()
	select {
	case <-passed:
		return true
	case <-ctx.Done():
		return false
	}
}

// deadlined is a context that ends at a time of the engine's clock.
type deadlined struct {
	context.Context //nolint:containedctx // it is one

	at time.Time
}

// Deadline implements context.Context.
func (d deadlined) Deadline() (time.Time, bool) { return d.at, true }

// until returns a context that ends at that time.
func (e *Engine) until(ctx context.Context, at time.Time) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancelCause(ctx)
	left := at.Sub(e.now())
	if left <= 0 {
		cancel(context.DeadlineExceeded)
		return deadlined{ctx, at}, func() {}
	}
	timer := e.cfg.Clock.AfterFunc(left, func() { cancel(context.DeadlineExceeded) })
	return deadlined{ctx, at}, func() {
		timer.Stop()
		cancel(context.Canceled)
	}
}

// within returns a context that ends after d, and not before because the engine stops:
// it is for steps that must be finished once they were begun.
func (e *Engine) within(ctx context.Context, d time.Duration) (context.Context, context.CancelFunc) {
	return e.until(context.WithoutCancel(ctx), e.now().Add(d))
}
