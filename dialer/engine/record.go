package engine

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/outdial/outdial"
	"github.com/outdial/outdial/dialer"
	"github.com/outdial/outdial/dialer/telephony"
)

// giveBack settles a call that was certainly not placed.
func (e *Engine) giveBack(ctx context.Context, call dialer.Call, result Result) {
	e.measure.countCall(ctx, result)
	_, _ = e.record(ctx, call, dialer.RecordCallParams{Facts: dialer.Facts{NotPlacedAt: e.now()}})
}

// record writes down what the carrier has answered about a call. What cannot be
// written is logged: the sweep and the reconciler find the call later.
func (e *Engine) record(ctx context.Context, call dialer.Call, known dialer.RecordCallParams) (dialer.RecordCallResult, error) {
	known.CampaignID, known.CallID, known.Policy = call.Ref.CampaignID, call.ID, e.cfg.Policy
	var recorded dialer.RecordCallResult
	err := e.persist(ctx, e.cfg.RecordFor, func(ctx context.Context) (err error) {
		known.Now = e.now()
		recorded, err = e.store.RecordCall(ctx, known)
		return err
	})
	if err != nil {
		e.logCall(ctx, slog.LevelError, "call not recorded", call, err)
	}
	return recorded, err
}

// report says what the engine did to a call, as an event. It returns the call after
// it; the zero Call for an event that was there before.
func (e *Engine) report(ctx context.Context, call dialer.Call, event telephony.Event, tryFor time.Duration) (dialer.Call, error) {
	event.Ref, event.CallSID, event.Source = call.Ref, call.CallSID, telephony.SourceDialer
	var result telephony.Result
	err := e.persist(ctx, tryFor, func(ctx context.Context) (err error) {
		result, err = e.cfg.Events.Handle(ctx, event)
		return err
	})
	if err == nil && result.Orphan {
		err = errOrphan
	}
	if err != nil {
		e.logCall(ctx, slog.LevelError, "what was done to a call is not recorded", call, err)
	}
	return result.Call, err
}

// errOrphan is an event about a call that the store knows under another name.
var errOrphan = errors.New("the store knows no such call")

// persist does something that must be done, even when the engine stops meanwhile,
// until it succeeds or can never do so. It tries for some time, and a few times
// however long that takes: when the machine slept during the first, what is known is
// still worth writing down.
func (e *Engine) persist(ctx context.Context, tryFor time.Duration, do func(ctx context.Context) error) error {
	const (
		fewest     = 3
		firstPause = 50 * time.Millisecond
		mostPause  = time.Second
	)
	ctx = context.WithoutCancel(ctx)
	until, pause := e.now().Add(tryFor), firstPause
	for tries := 1; ; tries++ {
		err := e.attempt(ctx, do)
		switch {
		case err == nil, errors.Is(err, outdial.ErrNotFound), errors.Is(err, outdial.ErrInvalid):
			return err
		case tries >= fewest && !e.now().Before(until):
			return err
		}
		e.wait(ctx, pause)
		pause = min(2*pause, mostPause)
	}
}

func (e *Engine) attempt(ctx context.Context, do func(ctx context.Context) error) error {
	ctx, cancel := e.within(ctx, e.cfg.RequestTimeout)
	defer cancel()
	return do(ctx)
}
