package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/benbjohnson/clock"

	"github.com/outdial/outdial"
	"github.com/outdial/outdial/dialer"
	"github.com/outdial/outdial/dialer/presence"
	"github.com/outdial/outdial/queue"
)

// sweepCommand sweeps once.
type sweepCommand struct{ database }

// Run prints what came back, as JSON.
func (c *sweepCommand) Run(t *terminal) (err error) {
	st, err := c.openExisting(t)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, st.Close()) }()
	all := services{
		queue:    queue.New(st, queue.Config{Clock: t.clock}),
		dialer:   dialer.New(st, dialer.Config{Clock: t.clock, Policy: retryPolicy()}),
		presence: presence.New(st, presence.Config{Clock: t.clock}),
	}
	result, err := all.Sweep(t.ctx, outdial.System())
	if err != nil {
		return err
	}
	return printJSON(t, result)
}

// services are those that have something to sweep.
type services struct {
	queue    *queue.Service
	dialer   *dialer.Service
	presence *presence.Service
}

// swept is what a sweep of all of them did, in the words of POST /ops/sweep.
type swept struct {
	queueSwept
	dialerSwept

	AgentsExpired int `json:"agents_expired"`
}

type (
	queueSwept  = queue.SweepResult
	dialerSwept = dialer.SweepResult
)

// Sweep sweeps one after another. When one fails, what was done before stays done,
// and sweeping again is harmless.
func (s services) Sweep(ctx context.Context, actor outdial.Actor) (result swept, err error) {
	if result.queueSwept, err = s.queue.Sweep(ctx, actor); err != nil {
		return result, fmt.Errorf("sweep: %w", err)
	}
	if result.dialerSwept, err = s.dialer.Sweep(ctx, actor); err != nil {
		return result, fmt.Errorf("sweep the power queue: %w", err)
	}
	if result.AgentsExpired, err = s.presence.Expire(ctx, actor); err != nil {
		return result, fmt.Errorf("sweep the agents: %w", err)
	}
	return result, nil
}

func printJSON(t *terminal, value any) error {
	content, err := json.Marshal(value)
	if err != nil {
		return fmt.Errorf("encode the result: %w", err)
	}
	fmt.Fprintln(t.out, string(content))
	return nil
}

// sweepEvery is how often the server sweeps.
const sweepEvery = 5 * time.Minute

// sweeper is what a sweep is asked of, whatever it answers.
type sweeper[R any] interface {
	Sweep(ctx context.Context, actor outdial.Actor) (R, error)
}

// startSweeping sweeps every so often until the function that it returns is
// called, which waits for a sweep under way. A sweep that fails is logged; the
// next one makes up for it.
func startSweeping[R any](ctx context.Context, clk clock.Clock, swept sweeper[R], log *slog.Logger) (stop func()) {
	ctx, cancel := context.WithCancel(ctx)
	// Before the goroutine, so that a clock set forward at once is not missed.
	ticker := clk.Ticker(sweepEvery)
	var done sync.WaitGroup
	done.Go(func() {
		defer ticker.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-ticker.C:
				if _, err := swept.Sweep(ctx, outdial.System()); err != nil && ctx.Err() == nil {
					log.ErrorContext(ctx, "sweep failed", slog.String("error", err.Error()))
				}
			}
		}
	})
	return func() {
		cancel()
		done.Wait()
	}
}
