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
	result, err := queue.New(st, queue.Config{Clock: t.clock}).Sweep(t.ctx, outdial.System())
	if err != nil {
		return fmt.Errorf("sweep: %w", err)
	}
	return printJSON(t, result)
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

// sweeper is what a sweep is asked of. *queue.Service is one.
type sweeper interface {
	Sweep(ctx context.Context, actor outdial.Actor) (queue.SweepResult, error)
}

// startSweeping sweeps every so often until the function that it returns is
// called, which waits for a sweep under way. A sweep that fails is logged; the
// next one makes up for it.
func startSweeping(ctx context.Context, clk clock.Clock, queues sweeper, log *slog.Logger) (stop func()) {
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
				if _, err := queues.Sweep(ctx, outdial.System()); err != nil && ctx.Err() == nil {
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
