package engine

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/google/uuid"

	"github.com/outdial/outdial/dialer"
	"github.com/outdial/outdial/dialer/presence"
	"github.com/outdial/outdial/dialer/telephony"
)

// connect finds an agent for a person who has answered, or lets them go when
// Config.ConnectWithin has passed without one.
//
// The store decides between processes: an agent is reserved for one call, a call has
// one agent, and to say that it was abandoned changes nothing once it has one.
func (e *Engine) connect(ctx context.Context, call dialer.Call) {
	now := e.now()
	since, _ := e.waitingSince(call, now)
	if since.After(now) {
		// The carrier's clock is ahead.
		since = now
	}
	s := &search{Engine: e, call: call, since: since, until: since.Add(e.cfg.ConnectWithin)}
	for s.step(ctx) && e.wait(ctx, s.pause()) {
	}
}

// search is for one person's agent.
type search struct {
	*Engine

	call dialer.Call
	// since is when the person was known to wait, and until the time that they may.
	since, until time.Time
	// failed says that an agent was found and could not be connected.
	failed bool
	// said counts how often it was said that the person is let go.
	said int
}

// step tries once, and returns false when there is nothing more to try.
func (s *search) step(ctx context.Context) bool {
	now := s.now()
	s.call = s.hands.look(s.call.ID)
	if _, waits := s.waitingSince(s.call, now); !waits {
		return false
	}
	late := !now.Before(s.until)
	if late && s.failed {
		return s.letGo(ctx)
	}
	reserved, err := s.reserve(ctx, s.call)
	switch {
	case err != nil:
		s.logCall(ctx, slog.LevelWarn, "no agent reserved", s.call, err)
		return !s.forgotten(s.since, now)
	case reserved.Gone:
		return false
	case reserved.Held && !s.forgotten(s.since, now):
		// Another process is about to connect them.
		return false
	case reserved.AgentID != uuid.Nil:
		s.failed = !s.bridge(ctx, s.call, reserved.AgentID, s.since)
		return s.failed
	case late:
		return s.letGo(ctx)
	default:
		return true
	}
}

// letGo lets the person go, and returns true when somebody had an agent for them
// meanwhile: the search goes on then.
func (s *search) letGo(ctx context.Context) bool {
	abandoned, err := s.abandon(ctx, s.call, s.said)
	s.said++
	s.failed = false
	return !abandoned && err == nil
}

// pause is the time to the next try, which is not to come too late.
func (s *search) pause() time.Duration {
	if left := s.until.Sub(s.now()); left > 0 {
		return min(left, s.cfg.ReserveEvery)
	}
	return s.cfg.ReserveEvery
}

func (e *Engine) reserve(ctx context.Context, call dialer.Call) (presence.ReserveResult, error) {
	ctx, cancel := e.within(ctx, e.cfg.RequestTimeout)
	defer cancel()
	return e.store.ReserveAgent(ctx, presence.ReserveParams{
		CampaignID: call.Ref.CampaignID, CallID: call.ID, Now: e.now(),
	})
}

// bridge puts a reserved agent into the call. It returns false when that has failed
// and the agent is free again, so that another may be tried.
func (e *Engine) bridge(ctx context.Context, call dialer.Call, agentID uuid.UUID, since time.Time) bool {
	call.AgentID = agentID
	err := e.ask(ctx, "bridge", call, e.now().Add(e.cfg.RequestTimeout), func(ctx context.Context) error {
		return e.carrier.Bridge(ctx, dialer.BridgeRequest{Token: call.ID, CallSID: call.CallSID, AgentID: agentID})
	})
	switch {
	case err == nil:
		now := e.now()
		e.measure.recordConnect(ctx, now.Sub(since))
		_, _ = e.report(ctx, call, telephony.Event{Type: telephony.TypeConnected, At: now}, e.cfg.RecordFor)
		return true
	case errors.Is(err, dialer.ErrCallNotFound):
		// The person has hung up, and the news of it may be lost.
		e.release(ctx, call, agentID)
		e.inquire(ctx, call)
		return true
	case errors.Is(err, dialer.ErrTrunkBusy), errors.Is(err, dialer.ErrNumberRejected):
		e.logCall(ctx, slog.LevelWarn, "agent not connected", call, err)
		e.release(ctx, call, agentID)
		return false
	default:
		// They may talk already. When neither the carrier's word nor an event says so, the
		// same bridge is asked for again later.
		e.logCall(ctx, slog.LevelWarn, "nobody knows whether the agent was connected", call, err)
		e.inquire(ctx, call)
		return true
	}
}

func (e *Engine) release(ctx context.Context, call dialer.Call, agentID uuid.UUID) {
	ctx, cancel := e.within(ctx, e.cfg.RequestTimeout)
	defer cancel()
	err := e.store.ReleaseAgent(ctx, presence.ReleaseParams{
		CampaignID: call.Ref.CampaignID, CallID: call.ID, AgentID: agentID, Now: e.now(),
	})
	if err != nil {
		e.logCall(ctx, slog.LevelWarn, "agent not released", call, err)
	}
}

// abandon lets a person go for whom there is no agent: it says so first, so that
// nobody is connected any more, and then plays the announcement and hangs up. It
// returns false when the call had an agent, or another process was there first; to
// reserve an agent tells which.
func (e *Engine) abandon(ctx context.Context, call dialer.Call, seq int) (bool, error) {
	event := telephony.Event{Type: telephony.TypeAbandoned, Seq: seq, At: e.now()}
	said, err := e.report(ctx, call, event, e.cfg.RequestTimeout)
	if err != nil || said.AbandonedAt.IsZero() {
		return false, err
	}
	e.measure.countAbandoned(ctx)
	e.cfg.Logger.LogAttrs(ctx, slog.LevelInfo, "call abandoned", said.LogValue().Group()...)
	if !said.EndedAt.IsZero() {
		return true, nil
	}
	err = e.ask(ctx, "play", call, e.now().Add(e.cfg.AnnounceFor), func(ctx context.Context) error {
		return e.carrier.Play(ctx, dialer.PlayRequest{
			Token: call.ID, CallSID: call.CallSID, Announcement: dialer.AnnouncementSafeHarbor,
		})
	})
	if err != nil && !errors.Is(err, dialer.ErrCallNotFound) {
		e.logCall(ctx, slog.LevelWarn, "announcement not played", call, err)
	}
	e.hangUp(ctx, call)
	return true, nil
}
