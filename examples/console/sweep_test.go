package main

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"testing"
	"time"

	"github.com/benbjohnson/clock"
	"github.com/stretchr/testify/require"

	"github.com/outdial/outdial"
	"github.com/outdial/outdial/queue"
)

// sweeps hands on the sweeps that were asked for, and fails all of them.
type sweeps chan int

// Sweep implements sweeper.
func (s sweeps) Sweep(ctx context.Context, actor outdial.Actor) (queue.SweepResult, error) {
	if err := actor.Require(outdial.ScopeOpsRun); err != nil {
		return queue.SweepResult{}, err
	}
	select {
	case s <- 1:
		return queue.SweepResult{}, errors.New("the database is away")
	case <-ctx.Done():
		return queue.SweepResult{}, ctx.Err()
	}
}

func TestTheServerSweepsEveryFiveMinutesUntilItStops(t *testing.T) {
	t.Parallel()
	mock, asked, log := clock.NewMock(), make(sweeps), &buffer{}
	stop := startSweeping(t.Context(), mock, asked, slog.New(slog.NewTextHandler(io.Writer(log), nil)))
	mock.Add(sweepEvery - time.Second)
	select {
	case <-asked:
		require.Fail(t, "swept too early")
	default:
	}
	mock.Add(time.Second)
	for range 3 {
		select {
		case <-asked:
		case <-time.After(patienceOfTests):
			require.Fail(t, "did not sweep")
		}
		mock.Add(sweepEvery)
	}
	// A sweep waits in Sweep now, or is about to: stop must end it.
	stop()
	require.Contains(t, log.String(), "sweep failed")
	require.NotContains(t, log.String(), "canceled")
}
