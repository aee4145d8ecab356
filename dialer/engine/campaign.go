package engine

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/google/uuid"

	"github.com/outdial/outdial"
	"github.com/outdial/outdial/dialer"
)

// campaign is one campaign that the process dials, or would like to. Its loop alone
// touches the fields above the mutex.
type campaign struct {
	*Engine

	id      uuid.UUID
	lease   dialer.Lease
	renewAt time.Time
	// wake brings the next look forward.
	wake chan struct{}
	stop context.CancelFunc
	done chan struct{}

	mu sync.Mutex
	// resumeAt is when the carrier may have a line again.
	resumeAt time.Time
}

// watch begins to look after the campaigns that are dialed, and ends it for those that
// are not any more.
func (e *Engine) watch(ctx context.Context) {
	ids, err := e.store.ListDialing(ctx)
	if err != nil {
		e.complain(ctx, "campaigns not listed", uuid.Nil, err)
		return
	}
	dialed := make(map[uuid.UUID]bool, len(ids))
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.closed {
		return
	}
	for _, id := range ids {
		dialed[id] = true
		if e.campaigns[id] == nil {
			e.campaigns[id] = e.lookAfter(ctx, id)
		}
	}
	for id, c := range e.campaigns {
		if !dialed[id] {
			c.stop()
		}
		select {
		case <-c.done:
			delete(e.campaigns, id)
		default:
		}
	}
}

func (e *Engine) lookAfter(ctx context.Context, id uuid.UUID) *campaign {
	ctx, stop := context.WithCancel(ctx)
	c := &campaign{Engine: e, id: id, wake: make(chan struct{}, 1), stop: stop, done: make(chan struct{})}
	e.tasks.Go(func() { c.run(ctx) })
	return c
}

// Wake has the campaign looked at soon, if this process dials it: because an agent is
// ready, or calls were added.
func (e *Engine) Wake(campaignID uuid.UUID) {
	e.mu.Lock()
	c := e.campaigns[campaignID]
	e.mu.Unlock()
	if c == nil {
		return
	}
	select {
	case c.wake <- struct{}{}:
	default:
	}
}

// run looks at the campaign again and again. After failures the pause grows, so that a
// database in trouble is left in peace.
func (c *campaign) run(ctx context.Context) {
	defer close(c.done)
	defer c.stop()
	defer c.release(ctx)
	failures := 0
	for {
		err := c.look(ctx)
		if err == nil {
			failures = 0
		} else {
			failures++
			c.complain(ctx, "campaign not dialed", c.id, err)
		}
		if !c.rest(ctx, failures) {
			return
		}
	}
}

// rest waits for the next look, and returns false when there is none.
func (c *campaign) rest(ctx context.Context, failures int) bool {
	pause := c.cfg.TickEvery
	if failures > 0 {
		return c.wait(ctx, min(pause<<min(failures, 8), max(pause, c.cfg.LeaseFor/3)))
	}
	// However often it is woken, it looks at most so often.
	const fraction = 5
	if !c.wait(ctx, pause/fraction) {
		return false
	}
	passed := make(chan struct{})
	timer := c.cfg.Clock.AfterFunc(pause-pause/fraction, func() { close(passed) })
	defer timer.Stop()
	select {
	case <-passed:
		return true
	case <-c.wake:
		return true
	case <-ctx.Done():
		return false
	}
}

// look does what there is to do for the campaign, if the process has it.
func (c *campaign) look(ctx context.Context) error {
	held, err := c.hold(ctx)
	if err != nil || !held {
		return err
	}
	// Calls are read before agents: whatever happens in between makes the campaign
	// seem to have more calls or fewer agents than it has.
	calls, err := c.unsettled(ctx)
	if err != nil {
		return fmt.Errorf("list calls: %w", err)
	}
	for _, call := range calls {
		c.Connect(ctx, call)
	}
	return c.dial(ctx, calls)
}

// unsettled returns the campaign's calls that go on, as far as anybody knows.
func (c *campaign) unsettled(ctx context.Context) ([]dialer.Call, error) {
	return c.listCalls(ctx, dialer.ListCallsParams{CampaignID: c.id, Unsettled: true})
}

// listCalls returns every page.
func (e *Engine) listCalls(ctx context.Context, p dialer.ListCallsParams) ([]dialer.Call, error) {
	var calls []dialer.Call
	for p.Limit = 500; ; {
		page, err := e.store.ListCalls(ctx, p)
		if err != nil {
			return nil, err
		}
		calls = append(calls, page.Calls...)
		if !page.More || len(page.Calls) == 0 {
			return calls, nil
		}
		p.After = page.Calls[len(page.Calls)-1].ID
	}
}

// hold gets the campaign's lease or keeps it, and says whether the process has it.
func (c *campaign) hold(ctx context.Context) (bool, error) {
	now := c.now()
	if c.lease.Token != 0 && now.Before(c.renewAt) {
		return true, nil
	}
	lease, err := c.store.AcquireLease(ctx, dialer.LeaseParams{
		CampaignID: c.id, Holder: c.holder, For: c.cfg.LeaseFor, Now: now,
	})
	switch {
	case errors.Is(err, outdial.ErrConflict):
		c.lost(ctx)
		return false, nil
	case err != nil:
		return false, fmt.Errorf("hold the campaign: %w", err)
	}
	if lease.Token != c.lease.Token {
		c.changed(ctx, LeaseAcquired)
	}
	const renewals = 3
	c.lease, c.renewAt = lease, now.Add(c.cfg.LeaseFor/renewals)
	return true, nil
}

// lost notes that another process has the campaign.
func (c *campaign) lost(ctx context.Context) {
	if c.lease.Token != 0 {
		c.changed(ctx, LeaseLost)
	}
	c.lease = dialer.Lease{}
}

// release gives the campaign up, even though ctx has ended.
func (c *campaign) release(ctx context.Context) {
	if c.lease.Token == 0 {
		return
	}
	ctx, cancel := c.within(ctx, c.cfg.RequestTimeout)
	defer cancel()
	if err := c.store.ReleaseLease(ctx, dialer.ReleaseLeaseParams{Lease: c.lease, Now: c.now()}); err != nil {
		c.complain(ctx, "campaign not given up", c.id, err)
		return
	}
	c.changed(ctx, LeaseReleased)
}

func (c *campaign) changed(ctx context.Context, change LeaseChange) {
	c.measure.countLease(ctx, change)
	c.cfg.Logger.LogAttrs(ctx, slog.LevelInfo, "campaign "+string(change),
		slog.Any("campaign_id", c.id), slog.String("holder", c.holder))
}
