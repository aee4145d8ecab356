package engine

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"github.com/google/uuid"

	"github.com/outdial/outdial/dialer"
	"github.com/outdial/outdial/dialer/presence"
)

// reconcile asks the carrier about calls of which nobody knows what became of them,
// and about those that have gone on for some time, in case their reports were lost.
func (e *Engine) reconcile(ctx context.Context) {
	calls, err := e.listCalls(ctx, dialer.ListCallsParams{Unsettled: true})
	if err != nil {
		e.complain(ctx, "calls not reconciled", uuid.Nil, err)
		return
	}
	const atOnce = 8
	places := make(chan struct{}, atOnce)
	var asking sync.WaitGroup
	defer asking.Wait()
	for _, call := range e.asked.due(calls, e.now(), e.firstAsked) {
		select {
		case places <- struct{}{}:
		case <-ctx.Done():
			return
		}
		asking.Go(func() {
			defer func() { <-places }()
			e.inquire(ctx, call)
		})
	}
}

// firstAsked is when the carrier is first asked about a call; the zero time is never.
func (e *Engine) firstAsked(call dialer.Call) time.Time {
	switch {
	case call.PlacedAt.IsZero():
		return time.Time{}
	case !call.LostAt.IsZero():
		return call.LostAt
	case !call.ConnectedAt.IsZero():
		return call.ConnectedAt.Add(e.cfg.NewsWithin)
	default:
		return call.PlacedAt.Add(e.cfg.NewsWithin)
	}
}

// inquire asks the carrier about one call and writes down what it says. Two processes
// that do so at once write the same.
func (e *Engine) inquire(ctx context.Context, call dialer.Call) {
	var found dialer.LookupResult
	err := e.ask(ctx, "look up", call, e.now().Add(e.cfg.RequestTimeout), func(ctx context.Context) (err error) {
		found, err = e.carrier.Lookup(ctx, dialer.LookupRequest{Token: call.ID, CallSID: call.CallSID})
		return err
	})
	e.measure.countReconciled(ctx, e.learn(ctx, call, found, err))
}

func (e *Engine) learn(ctx context.Context, call dialer.Call, found dialer.LookupResult, err error) Reconciled {
	now := e.now()
	believed := call.PlacedAt.Add(e.cfg.OriginateTimeout + e.cfg.ReconcileGrace)
	switch {
	case err == nil:
		return e.accept(ctx, call, found)
	case !errors.Is(err, dialer.ErrCallNotFound):
		e.logCall(ctx, slog.LevelWarn, "the carrier does not say what became of a call", call, err)
		return ReconciledFailed
	case call.Seen():
		// It has reported the call itself. Only a person can say who is right.
		e.logCall(ctx, slog.LevelError, "the carrier denies a call that it has reported", call, err)
		return ReconciledDenied
	case now.Before(believed):
		e.asked.again(call.ID, believed)
		return ReconciledEarly
	}
	known := dialer.RecordCallParams{Facts: dialer.Facts{NotPlacedAt: now}}
	if _, err := e.record(ctx, call, known); err != nil {
		return ReconciledFailed
	}
	return ReconciledNotPlaced
}

// accept writes down what the carrier knows, unless it is nothing new.
func (e *Engine) accept(ctx context.Context, call dialer.Call, found dialer.LookupResult) Reconciled {
	known := call.Merge(found.Facts).Equal(call.Facts) && call.LostAt.IsZero()
	if known && (call.CallSID != "" || found.CallSID == "") {
		return ReconciledSame
	}
	recorded, err := e.record(ctx, call, dialer.RecordCallParams{CallSID: found.CallSID, Facts: found.Facts})
	if err != nil {
		return ReconciledFailed
	}
	e.Connect(ctx, recorded.Call)
	return ReconciledFound
}

// sweep looks for lost calls.
func (e *Engine) sweep(ctx context.Context) {
	now := e.now()
	swept, err := e.store.SweepCalls(ctx, dialer.SweepParams{
		UnplacedSince: now.Add(-e.cfg.UnplacedFor), StuckSince: now.Add(-e.cfg.StuckFor),
		TalkingSince: now.Add(-e.cfg.TalkingFor), Policy: e.cfg.Policy, Now: now,
	})
	if err != nil {
		e.complain(ctx, "calls not swept", uuid.Nil, err)
		return
	}
	if swept != (dialer.SweepResult{}) {
		e.cfg.Logger.LogAttrs(ctx, slog.LevelInfo, "calls swept", slog.Int("returned", swept.Returned),
			slog.Int("lost", swept.Lost), slog.Int("matched_events", swept.Matched))
	}
}

// expire looks for agents who are gone.
func (e *Engine) expire(ctx context.Context) {
	if _, err := e.store.ExpirePresence(ctx, presence.ExpireParams{Now: e.now()}); err != nil {
		e.complain(ctx, "agents not expired", uuid.Nil, err)
	}
}
