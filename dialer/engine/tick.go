package engine

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/outdial/outdial"
	"github.com/outdial/outdial/dialer"
	"github.com/outdial/outdial/dialer/pacing"
	"github.com/outdial/outdial/dialer/presence"
)

// dial places as many calls as the law allows.
func (c *campaign) dial(ctx context.Context, calls []dialer.Call) error {
	now := c.now()
	if now.Before(c.pausedUntil()) {
		return nil
	}
	sessions, err := c.store.ListPresence(ctx, presence.ListParams{CampaignID: c.id})
	if err != nil {
		return fmt.Errorf("list agents: %w", err)
	}
	wanted := min(c.cfg.Law.Calls(snapshot(calls, sessions, now, c.cfg.InFlightFor)), c.cfg.MaxPerTick)
	places := c.takePlaces(wanted)
	defer func() { c.leavePlaces(places) }()
	if places == 0 || ctx.Err() != nil {
		return nil
	}
	claimed, err := c.claim(ctx, places)
	if err != nil {
		return err
	}
	for _, call := range claimed {
		lease := c.lease
		if !c.spawn(ctx, func(work context.Context) {
			defer c.leavePlaces(1)
			c.place(work, ctx, lease, call)
		}) {
			c.giveBack(ctx, call, ResultGivenBack)
			continue
		}
		places--
	}
	return nil
}

// claim takes the next calls. It is finished even when the engine stops meanwhile, so
// that what was claimed is known and can be given back.
func (c *campaign) claim(ctx context.Context, limit int) ([]dialer.Call, error) {
	limits, err := c.limits(ctx, c.id)
	if err != nil {
		return nil, err
	}
	ctx, cancel := c.within(ctx, c.cfg.RequestTimeout)
	defer cancel()
	claimed, err := c.store.ClaimCalls(ctx, dialer.ClaimParams{
		CampaignID: c.id, Limit: limit, Lease: c.lease, Limits: limits, Now: c.now(),
	})
	switch {
	case errors.Is(err, outdial.ErrConflict):
		c.lost(ctx)
		return nil, nil
	case err != nil:
		return nil, fmt.Errorf("claim calls: %w", err)
	}
	return claimed.Calls, nil
}

// limits returns what the rules allow at this moment.
func (e *Engine) limits(ctx context.Context, campaignID uuid.UUID) (dialer.Limits, error) {
	now := e.now()
	open, err := e.cfg.Windows.Open(ctx, campaignID, now)
	if err != nil {
		return dialer.Limits{}, fmt.Errorf("read the call windows: %w", err)
	}
	caps, err := e.cfg.Caps.Caps(ctx, campaignID)
	if err != nil {
		return dialer.Limits{}, fmt.Errorf("read the attempt caps: %w", err)
	}
	return dialer.Limits{Open: open, Caps: caps, AbandonedSince: now.Add(-e.cfg.AbandonedHold)}, nil
}

// snapshot is the campaign as the pacing law sees it. An agent whom one of the calls
// names counts as taken, whatever their session says meanwhile.
func snapshot(calls []dialer.Call, sessions []presence.Session, now time.Time, inFlightFor time.Duration) pacing.Snapshot {
	var s pacing.Snapshot
	taken := map[uuid.UUID]bool{}
	for _, call := range calls {
		if call.AgentID != uuid.Nil {
			taken[call.AgentID] = true
		} else if takesAgent(call, now, inFlightFor) {
			s.CallsInFlight++
		}
	}
	for _, session := range sessions {
		if session.StateAt(now) == presence.StateReady && !taken[session.AgentID] {
			s.ReadyAgents++
		}
	}
	return s
}

// takesAgent says whether the call, which has no agent yet, may come to need one.
func takesAgent(call dialer.Call, now time.Time, inFlightFor time.Duration) bool {
	if !call.EndedAt.IsZero() || !call.AbandonedAt.IsZero() || !call.ConnectedAt.IsZero() || call.AMD.Machine() {
		return false
	}
	switch {
	case call.PlacedAt.IsZero():
		return now.Sub(call.ClaimedAt) < inFlightFor
	case !call.LostAt.IsZero():
		return now.Sub(call.PlacedAt) < inFlightFor
	default:
		return true
	}
}

// takePlaces takes up to n of the places for calls being placed, and says how many.
func (e *Engine) takePlaces(n int) int {
	for taken := range max(0, n) {
		select {
		case e.placing <- struct{}{}:
		default:
			return taken
		}
	}
	return max(0, n)
}

func (e *Engine) leavePlaces(n int) {
	for range n {
		<-e.placing
	}
}

func (c *campaign) pausedUntil() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.resumeAt
}

// pause places nothing for a while, since the carrier has no line.
func (c *campaign) pause() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.resumeAt = c.now().Add(c.cfg.TrunkPause)
}
