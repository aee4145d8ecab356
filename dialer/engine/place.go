package engine

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime"
	"runtime/debug"
	"strings"
	"time"

	"github.com/outdial/outdial"
	"github.com/outdial/outdial/dialer"
)

// place dials one claimed call and writes down what came of it. The work goes on when
// running ends, but a call that was not placed by then is not placed any more.
func (c *campaign) place(ctx, running context.Context, lease dialer.Lease, call dialer.Call) {
	limits, err := c.limits(ctx, c.id)
	switch {
	case err != nil:
		c.complain(ctx, "call not placed", c.id, err)
		c.giveBack(ctx, call, ResultGivenBack)
		return
	case running.Err() != nil:
		c.giveBack(ctx, call, ResultGivenBack)
		return
	}
	now := c.now()
	deadline := now.Add(c.cfg.OriginateTimeout)
	placed, err := c.keepPlaced(ctx, dialer.PlaceParams{
		CampaignID: c.id, CallID: call.ID, Lease: lease, Limits: limits,
		RetryAfter: c.cfg.RefusedFor, Now: now,
	})
	switch {
	case err != nil:
		// Whatever the store has kept: nobody else had the call, and it is not dialed.
		c.logCall(ctx, slog.LevelWarn, "call not placed", call, err)
		c.giveBack(ctx, call, ResultGivenBack)
		return
	case placed.Refusal != "":
		c.measure.countCall(ctx, ResultRefused)
		c.cfg.Logger.LogAttrs(ctx, slog.LevelInfo, "call refused",
			append(call.LogValue().Group(), slog.String("refusal", string(placed.Refusal)))...)
		return
	case !c.now().Before(deadline):
		c.logCall(ctx, slog.LevelWarn, "call not placed", call, errSlept)
		c.giveBack(ctx, placed.Call, ResultLate)
		return
	}
	c.originate(ctx, placed.Call, deadline)
}

// errSlept is why a call is given back whose moment has passed.
var errSlept = errors.New("too much time has passed since it was allowed")

func (c *campaign) keepPlaced(ctx context.Context, p dialer.PlaceParams) (dialer.PlaceResult, error) {
	ctx, cancel := c.within(ctx, c.cfg.RequestTimeout)
	defer cancel()
	return c.store.PlaceCall(ctx, p)
}

// originate asks the carrier to begin the call. What it answers is written down.
func (c *campaign) originate(ctx context.Context, call dialer.Call, deadline time.Time) {
	var answer dialer.OriginateResult
	err := c.ask(ctx, "originate", call, deadline, func(ctx context.Context) (err error) {
		answer, err = c.carrier.Originate(ctx, dialer.OriginateRequest{
			Token: call.ID, To: call.Phone, Ref: call.Ref,
			RingFor: c.cfg.RingFor, DetectMachine: !c.cfg.WithoutDetection,
		})
		return err
	})
	known := dialer.RecordCallParams{CallSID: answer.CallSID}
	result := ResultPlaced
	switch now := c.now(); {
	case err == nil:
		known.Facts.InitiatedAt = now
	case errors.Is(err, dialer.ErrTrunkBusy):
		result, known.Facts.NotPlacedAt = ResultTrunkBusy, now
		c.pause()
	case errors.Is(err, dialer.ErrNumberRejected):
		result, known.Facts.EndedAt, known.Facts.Cause = ResultRejected, now, dialer.CauseRejected
	default:
		result, known.Lost = ResultLost, true
		c.logCall(ctx, slog.LevelWarn, "nobody knows whether the call was placed", call, err)
	}
	c.measure.countCall(ctx, result)
	if recorded, err := c.record(ctx, call, known); err == nil {
		c.Connect(ctx, recorded.Call)
	}
}

// ask puts one request to the carrier. It gives it until the deadline, and takes a
// panic for an answer that was lost.
func (e *Engine) ask(
	ctx context.Context, what string, call dialer.Call, deadline time.Time, request func(context.Context) error,
) (err error) {
	ctx, cancel := e.until(context.WithoutCancel(ctx), deadline)
	defer cancel()
	defer func() {
		if panicked := recover(); panicked != nil {
			err = fmt.Errorf("%s: %w: the carrier panicked: %s", what, dialer.ErrCarrierTimeout, describe(panicked))
			e.cfg.Logger.LogAttrs(ctx, slog.LevelError, "the carrier panicked", append(call.LogValue().Group(),
				slog.String("request", what), slog.String("cause", describe(panicked)), slog.String("stack", string(debug.Stack())))...)
		}
	}()
	return request(ctx)
}

// describe says what a panic was about, without the words of the carrier, which may
// name a number.
func describe(panicked any) string {
	if err, ok := panicked.(runtime.Error); ok {
		return err.Error()
	}
	return fmt.Sprintf("a %T", panicked)
}

// logCall logs what went wrong with a call. A number in the carrier's words is
// redacted.
func (e *Engine) logCall(ctx context.Context, level slog.Level, what string, call dialer.Call, err error) {
	e.cfg.Logger.LogAttrs(ctx, level, what, append(call.LogValue().Group(), slog.String("cause", redacted(err, call.Phone)))...)
}

func redacted(err error, phone outdial.Phone) string {
	text := err.Error()
	if digits := strings.TrimPrefix(phone.E164(), "+"); digits != "" {
		text = strings.ReplaceAll(text, "+"+digits, phone.Masked())
		text = strings.ReplaceAll(text, digits, phone.Masked())
	}
	return text
}
