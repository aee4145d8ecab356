package main

import (
	"context"
	"errors"
	"hash/fnv"
	"log/slog"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/benbjohnson/clock"
	"github.com/google/uuid"

	"github.com/outdial/outdial"
	"github.com/outdial/outdial/dialer"
	"github.com/outdial/outdial/dialer/presence"
	"github.com/outdial/outdial/dialer/sim"
	"github.com/outdial/outdial/disposition"
)

// desk is where simulated agents work. Before they are ready for the next call they say
// what came of the last one, as a host's front end has people do: with the item and the
// version of their call, as the host has heard of it.
type desk struct {
	sim.Presence

	dispositions *disposition.Service
	clock        clock.Clock
	log          *slog.Logger
	pace         pace

	mu sync.Mutex
	// talks are the last conversations of the agents who sit here.
	talks map[uuid.UUID]talk
}

// talk is a conversation, and whether its agent has said what came of it.
type talk struct {
	call dialer.Call
	said bool
}

func newDesk(cfg simulationConfig, agents []uuid.UUID) *desk {
	d := &desk{
		Presence: cfg.store, dispositions: cfg.dispositions, clock: cfg.clock, log: cfg.log, pace: cfg.pace,
		talks: make(map[uuid.UUID]talk, len(agents)),
	}
	for _, id := range agents {
		d.talks[id] = talk{said: true}
	}
	return d
}

// hear notes what has become of a call. News of one before the last come late.
func (d *desk) hear(call dialer.Call) {
	d.mu.Lock()
	defer d.mu.Unlock()
	last, here := d.talks[call.AgentID]
	switch {
	case !here || call.ConnectedAt.IsZero():
	case last.call.ID == call.ID:
		d.talks[call.AgentID] = talk{call, last.said}
	case call.ConnectedAt.After(last.call.ConnectedAt):
		d.talks[call.AgentID] = talk{call, false}
	}
}

// SetPresence implements sim.Presence.
func (d *desk) SetPresence(ctx context.Context, p presence.SetParams) (presence.Session, error) {
	if err := d.say(ctx, p.AgentID); err != nil {
		return presence.Session{}, err
	}
	return d.Presence.SetPresence(ctx, p)
}

// say records what came of the agent's last conversation, once. What can never be
// recorded is let be, so that the agent is not kept from the next call.
func (d *desk) say(ctx context.Context, agentID uuid.UUID) error {
	d.mu.Lock()
	last := d.talks[agentID]
	d.mu.Unlock()
	if last.said {
		return nil
	}
	agent := outdial.Actor{ID: agentID, Role: outdial.RoleAgent, Scopes: []outdial.Scope{outdial.ScopeQueuePull}}
	_, err := d.dispositions.Record(ctx, agent, whatCameOf(last.call, d.clock.Now(), d.pace))
	switch {
	case errors.Is(err, outdial.ErrConflict), errors.Is(err, outdial.ErrNotFound),
		errors.Is(err, outdial.ErrForbidden), errors.Is(err, outdial.ErrInvalid):
		d.log.Warn("disposition not recorded", slog.Any("agent_id", agentID), slog.String("cause", err.Error()))
	case err != nil:
		return err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if now := d.talks[agentID]; now.call.ID == last.call.ID {
		d.talks[agentID] = talk{now.call, true}
	}
	return nil
}

// mood is what some of a hundred people say when they are called.
type mood struct {
	code disposition.Code
	of   int
}

// moods add up to a hundred. Some machines sound like people to every detection.
var moods = []mood{
	{disposition.CodeNotInterested, 64},
	{disposition.CodeCallback, 14},
	{disposition.CodeConverted, 12},
	{disposition.CodeVoicemail, 4},
	{disposition.CodeDoNotCall, 3},
	{disposition.CodeInvalidNumber, 3},
}

// whatCameOf is what an agent says of a conversation. The same person says the same at
// the same attempt, in whatever order people are called.
func whatCameOf(call dialer.Call, now time.Time, pace pace) disposition.Request {
	person := fnv.New64a()
	_, _ = person.Write(call.ContactID[:])
	chance := rand.New(rand.NewPCG(simulatedSeed, person.Sum64()+uint64(call.Attempt))) //nolint:gosec // a demo must be repeatable
	req := disposition.Request{
		CampaignID: call.Ref.CampaignID, ItemID: call.Ref.ItemID, LockVersion: call.ItemVersion,
	}
	at := chance.IntN(100)
	for _, each := range moods {
		if at < each.of {
			req.Disposition = string(each.code)
			break
		}
		at -= each.of
	}
	if req.Disposition != string(disposition.CodeCallback) {
		return req
	}
	// Most do not mind who calls. The dialer calls those again, and the others wait for
	// their agent in the agent queue.
	const mind = 4
	req.CallbackFor = disposition.RecipientAnyone
	if chance.IntN(mind) == 0 {
		req.CallbackFor = disposition.RecipientAgent
	}
	const soonest, spread = 5 * time.Minute, 20 * time.Minute
	req.CallbackAt = now.Add(pace.of(soonest + time.Duration(chance.Int64N(int64(spread)))))
	return req
}
