package engine

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/google/uuid"

	"github.com/outdial/outdial/dialer"
)

// Connect does what a call needs: it finds an agent for a person who has answered, or
// lets them go when none is free, and hangs up on a machine. It returns at once and
// works on in the background. Most calls need nothing; a call that ended has its
// campaign looked at soon.
//
// Call it with the call of each telephony.RecordResult that the Recorded hook of a
// telephony.Handler gets, in every process that takes reports. To call it twice, or
// in two processes at once, is harmless. An engine that was closed does nothing: the
// process that has the campaign looks after its calls too, though a little later.
func (e *Engine) Connect(ctx context.Context, call dialer.Call) {
	if !call.EndedAt.IsZero() || !call.SettledAt.IsZero() {
		e.Wake(call.Ref.CampaignID)
	}
	if e.need(call, e.now()) == needNothing {
		e.hands.tell(call)
		return
	}
	if e.cfg.Events == nil {
		e.logCall(ctx, slog.LevelError, "call not connected", call, errNoEvents)
		return
	}
	if !e.hands.take(call) {
		return
	}
	if !e.spawn(ctx, func(ctx context.Context) { e.attend(ctx, call.ID) }) {
		e.hands.drop(call.ID)
	}
}

// attend does what a call in hand needs, until it needs nothing.
func (e *Engine) attend(ctx context.Context, id uuid.UUID) {
	for {
		call := e.hands.begin(id)
		switch e.need(call, e.now()) {
		case needAgent:
			e.connect(ctx, call)
		case needHangup:
			e.hangUp(ctx, call)
		case needNothing:
		}
		if e.hands.leave(id) {
			return
		}
	}
}

// need is what there is to do about a call.
type need int

const (
	needNothing need = iota
	needAgent
	needHangup
)

func (e *Engine) need(call dialer.Call, now time.Time) need {
	if call.CallSID == "" || !call.EndedAt.IsZero() || !call.SettledAt.IsZero() {
		return needNothing
	}
	if e.forsaken(call, now) {
		if e.hungUp.has(call.ID, now) {
			return needNothing
		}
		return needHangup
	}
	since, waits := e.waitingSince(call, now)
	if waits && (call.AgentID == uuid.Nil || e.forgotten(since, now)) {
		return needAgent
	}
	return needNothing
}

// forsaken says whether the call goes on with nobody to talk to: a machine, unless an
// agent is on the way to it, or a person who was let go and whose line was forgotten.
func (e *Engine) forsaken(call dialer.Call, now time.Time) bool {
	switch {
	case call.AtMachine():
		return call.AgentID == uuid.Nil || e.forgotten(call.AMDAt, now)
	case !call.AbandonedAt.IsZero():
		return !now.Before(call.AbandonedAt.Add(e.cfg.AnnounceFor + e.cfg.RequestTimeout))
	default:
		return false
	}
}

// waitingSince says whether a person waits for an agent, and since when that is known:
// since the detection's verdict, or since there was none in time.
func (e *Engine) waitingSince(call dialer.Call, now time.Time) (time.Time, bool) {
	if call.AwaitsAgent(!e.cfg.WithoutDetection) {
		if call.AMD != "" {
			return call.AMDAt, true
		}
		return call.AnsweredAt, true
	}
	patient := call.AnsweredAt.Add(e.cfg.AMDPatience)
	if call.AMD == "" && call.AwaitsAgent(false) && !now.Before(patient) {
		return patient, true
	}
	return time.Time{}, false
}

// forgotten says whether so much time has passed that a process which was about to
// bring an agent into the call has either done so or died.
func (e *Engine) forgotten(since, now time.Time) bool {
	return !now.Before(since.Add(e.cfg.ConnectWithin + e.cfg.RequestTimeout))
}

// hangUp ends a call. What the carrier does not do is tried again after a while.
func (e *Engine) hangUp(ctx context.Context, call dialer.Call) {
	const tries = 3
	for range tries {
		err := e.ask(ctx, "hang up", call, e.now().Add(e.cfg.RequestTimeout), func(ctx context.Context) error {
			return e.carrier.Hangup(ctx, dialer.HangupRequest{Token: call.ID, CallSID: call.CallSID})
		})
		if err == nil || errors.Is(err, dialer.ErrCallNotFound) {
			break
		}
		e.logCall(ctx, slog.LevelWarn, "call not hung up", call, err)
		if !e.wait(ctx, e.cfg.ReserveEvery) {
			return
		}
	}
	e.hungUp.add(call.ID, e.now())
}
