package sim

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"github.com/benbjohnson/clock"
	"github.com/google/uuid"

	"github.com/outdial/outdial"
	"github.com/outdial/outdial/dialer/presence"
)

// Presence is where simulated agents say what they do. A presence.Store is one.
type Presence interface {
	SetPresence(ctx context.Context, p presence.SetParams) (presence.Session, error)
	TouchPresence(ctx context.Context, p presence.TouchParams) (presence.Session, error)
}

// AgentsConfig adjusts Agents.
type AgentsConfig struct {
	// Seed decides everything that is left to chance.
	Seed uint64
	// Clock tells the time. Defaults to the system's clock.
	Clock clock.Clock
	// Logger receives one record for each thing that went wrong. Defaults to
	// discarding them.
	Logger *slog.Logger
	// CampaignID is where they work, and IDs who they are.
	CampaignID uuid.UUID
	IDs        []uuid.UUID
	// WrapUp is how long they write down what was said. Defaults to 5 to 20 seconds,
	// when all of it is zero.
	WrapUp Span
	// HeartbeatEvery is how often they are heard of, and ExpireAfter how long without
	// that they count as there. It is also how soon they notice that a call is over.
	// Default to 5 and 30 seconds.
	HeartbeatEvery time.Duration
	ExpireAfter    time.Duration
}

// WithDefaults returns a copy in which every field that was left out has its
// default.
func (c AgentsConfig) WithDefaults() AgentsConfig {
	if c.Clock == nil {
		c.Clock = clock.New()
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	if c.WrapUp == (Span{}) {
		c.WrapUp = Span{5 * time.Second, 20 * time.Second}
	}
	if c.HeartbeatEvery <= 0 {
		c.HeartbeatEvery = 5 * time.Second
	}
	if c.ExpireAfter <= 0 {
		c.ExpireAfter = 30 * time.Second
	}
	return c
}

// Agents are people at work: they sign in, are ready, write down what was said after
// each call, and are ready again. Begin them with StartAgents and end them with Close.
type Agents struct {
	cfg      AgentsConfig
	presence Presence
	agenda   *agenda

	mu    sync.Mutex
	calls int
}

// StartAgents signs the agents in, one after another within a heartbeat.
func StartAgents(p Presence, cfg AgentsConfig) *Agents {
	cfg = cfg.WithDefaults()
	agents := &Agents{cfg: cfg, presence: p, agenda: newAgenda(cfg.Clock)}
	for i, id := range cfg.IDs {
		mine := &agent{Agents: agents, id: id, chance: newChance(cfg.Seed, id.String(), 0)}
		agents.agenda.after(cfg.HeartbeatEvery*time.Duration(i)/time.Duration(len(cfg.IDs)), mine.live)
	}
	return agents
}

// Close ends the agents as a crashed browser does: they say nothing any more.
func (a *Agents) Close() { a.agenda.close() }

// Calls returns how many calls they have wrapped up.
func (a *Agents) Calls() int {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.calls
}

// agent is one of them. Only one of its entries in the agenda is ever due.
type agent struct {
	*Agents

	id     uuid.UUID
	chance chance
	// writesUntil is when the agent has written down what was said in the call.
	writesUntil time.Time
	writesAbout uuid.UUID
}

// live is one heartbeat, and the next one later.
func (a *agent) live() {
	ctx, now := a.agenda.ctx, a.agenda.now()
	session, err := a.presence.TouchPresence(ctx, presence.TouchParams{
		AgentID: a.id, ExpiresAt: now.Add(a.cfg.ExpireAfter), Now: now,
	})
	next := a.cfg.HeartbeatEvery
	switch {
	case errors.Is(err, outdial.ErrNotFound):
		a.ready(ctx, now)
	case err != nil:
		a.complain(ctx, "agent not heard of", err)
	case session.State == presence.StateWrapUp:
		next = min(next, a.write(ctx, session, now))
	}
	a.agenda.after(next, a.live)
}

// write writes down what was said, and returns how long it goes on.
func (a *agent) write(ctx context.Context, session presence.Session, now time.Time) time.Duration {
	if a.writesAbout != session.CallID {
		a.writesAbout, a.writesUntil = session.CallID, session.Since.Add(a.chance.within(a.cfg.WrapUp))
	}
	left := a.writesUntil.Sub(now)
	if left > 0 {
		return left
	}
	if a.ready(ctx, now) {
		a.mu.Lock()
		a.calls++
		a.mu.Unlock()
	}
	return a.cfg.HeartbeatEvery
}

func (a *agent) ready(ctx context.Context, now time.Time) bool {
	_, err := a.presence.SetPresence(ctx, presence.SetParams{
		CampaignID: a.cfg.CampaignID, AgentID: a.id, State: presence.StateReady,
		ExpiresAt: now.Add(a.cfg.ExpireAfter), Now: now,
	})
	if err != nil {
		a.complain(ctx, "agent not ready", err)
	}
	return err == nil
}

func (a *agent) complain(ctx context.Context, what string, err error) {
	if ctx.Err() == nil {
		a.cfg.Logger.Warn(what, slog.Any("agent_id", a.id), slog.String("cause", err.Error()))
	}
}
