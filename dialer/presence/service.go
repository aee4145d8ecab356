package presence

import (
	"context"
	"log/slog"
	"time"

	"github.com/benbjohnson/clock"
	"github.com/google/uuid"

	"github.com/outdial/outdial"
	"github.com/outdial/outdial/queue"
)

// Config adjusts a Service. The zero value works.
type Config struct {
	// Clock tells the time. A test or a simulation brings its own.
	// Defaults to the system's clock.
	Clock clock.Clock
	// ExpireAfter is how long an agent counts as there without being heard of. Shorter
	// notices crashed browsers sooner, longer forgives bad networks. Browsers should
	// send three heartbeats in that time.
	// Defaults to 30 seconds.
	ExpireAfter time.Duration
	// Agents, when given, refuses agents the host does not know.
	// Defaults to accepting every agent id.
	Agents queue.AgentDirectory
	// Logger receives one record for each change.
	// Defaults to discarding them.
	Logger *slog.Logger
}

// WithDefaults returns a copy in which every field that was left out has its
// default.
func (c Config) WithDefaults() Config {
	if c.Clock == nil {
		c.Clock = clock.New()
	}
	if c.ExpireAfter <= 0 {
		c.ExpireAfter = 30 * time.Second
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	return c
}

// Service keeps what agents do as a host sees it: what they choose and that they are
// there. Which call they get, the engine decides. It is safe for concurrent use, keeps
// no state and starts no goroutine. Make one with New.
type Service struct {
	store Store
	cfg   Config
}

// New returns a Service over the store.
func New(store Store, cfg Config) *Service {
	return &Service{store: store, cfg: cfg.WithDefaults()}
}

// WithStore returns a Service like this one over another store, such as one bound
// to a host's transaction with postgres.Store.WithTx.
func (s *Service) WithStore(store Store) *Service {
	bound := *s
	bound.store = store
	return &bound
}

// SetRequest asks for a state.
type SetRequest struct {
	// CampaignID is the campaign that the agent works in from now on.
	CampaignID uuid.UUID
	// AgentID is whose state it is. The nil UUID is the actor.
	AgentID uuid.UUID
	// State is one that an agent may choose: see State.Chosen.
	State State
}

// Set puts an agent into a state of their own choice and says that they were heard of.
// Agents choose for themselves, managers and admins for anyone. To choose the state
// that one is in changes nothing but the expiry, so that a double click takes nobody's
// turn away.
//
// Errors match ErrForbidden (scope queue:pull, for managers and admins also
// dialer:control; another agent), ErrInvalid (a state that follows from calls),
// ErrNotFound (campaign, agent), and ErrConflict while a call has the agent.
func (s *Service) Set(ctx context.Context, actor outdial.Actor, req SetRequest) (Session, error) {
	if err := requireWorker(actor); err != nil {
		return Session{}, err
	}
	if err := outdial.RequireID("campaign_id", req.CampaignID); err != nil {
		return Session{}, err
	}
	if !req.State.Chosen() {
		return Session{}, outdial.Invalid("state", "must be ready, paused or offline")
	}
	if req.AgentID == uuid.Nil {
		req.AgentID = actor.ID
	}
	if err := queue.RequireAgent(ctx, s.cfg.Agents, actor, req.CampaignID, req.AgentID); err != nil {
		return Session{}, err
	}
	now := s.now()
	session, err := s.store.SetPresence(ctx, SetParams{
		CampaignID: req.CampaignID, AgentID: req.AgentID, State: req.State, ExpiresAt: now.Add(s.cfg.ExpireAfter), Now: now,
	})
	if err != nil {
		return Session{}, err
	}
	s.cfg.Logger.InfoContext(ctx, "presence set", slog.Any("campaign_id", session.CampaignID),
		slog.Any("agent_id", session.AgentID), slog.Any("actor_id", actor.ID), slog.String("state", string(session.State)))
	return session, nil
}

// HeartbeatRequest says who is there.
type HeartbeatRequest struct {
	// AgentID is who was heard of. The nil UUID is the actor.
	AgentID uuid.UUID
}

// Heartbeat says that an agent is still there, and returns what they are doing: what
// has become of them since, such as a call that has them, is news to their browser.
//
// Errors match ErrForbidden as those of Set, ErrInvalid, and ErrNotFound when the agent
// has gone offline or never came: they must Set a state first.
func (s *Service) Heartbeat(ctx context.Context, actor outdial.Actor, req HeartbeatRequest) (Session, error) {
	if err := requireWorker(actor); err != nil {
		return Session{}, err
	}
	if req.AgentID == uuid.Nil {
		req.AgentID = actor.ID
	}
	if err := outdial.RequireID("agent_id", req.AgentID); err != nil {
		return Session{}, err
	}
	if err := actor.RequireAgent(req.AgentID); err != nil {
		return Session{}, err
	}
	now := s.now()
	return s.store.TouchPresence(ctx, TouchParams{
		AgentID: req.AgentID, ExpiresAt: now.Add(s.cfg.ExpireAfter), Now: now,
	})
}

// List returns the sessions of a campaign in the order of agent ids. Who has expired is
// offline there, whether or not anybody has noted it yet. Errors match
// ErrForbidden (scope dialer:control, for managers and admins also queue:write or
// queue:pull) and ErrInvalid.
func (s *Service) List(ctx context.Context, actor outdial.Actor, campaignID uuid.UUID) ([]Session, error) {
	anyOf := []outdial.Scope{outdial.ScopeDialerControl}
	if actor.ManagesOthers() {
		anyOf = append(anyOf, outdial.ScopeQueueWrite, outdial.ScopeQueuePull)
	}
	if err := actor.Require(anyOf...); err != nil {
		return nil, err
	}
	if err := outdial.RequireID("campaign_id", campaignID); err != nil {
		return nil, err
	}
	sessions, err := s.store.ListPresence(ctx, ListParams{CampaignID: campaignID})
	if err != nil {
		return nil, err
	}
	now := s.now()
	for i, session := range sessions {
		if state := session.StateAt(now); state != session.State {
			sessions[i].State, sessions[i].Since = state, session.ExpiresAt
		}
	}
	return sessions, nil
}

// Expire makes everybody offline who has not been heard of for too long and is in no
// call, and frees agents whose call is over. It returns how many it changed. Nobody is
// given a call after their time anyway: this keeps lists and counts true, and the
// engine does it too. It needs the scope ops:run.
func (s *Service) Expire(ctx context.Context, actor outdial.Actor) (int, error) {
	if err := actor.Require(outdial.ScopeOpsRun); err != nil {
		return 0, err
	}
	expired, err := s.store.ExpirePresence(ctx, ExpireParams{Now: s.now()})
	if err != nil {
		return 0, err
	}
	if expired > 0 {
		s.cfg.Logger.InfoContext(ctx, "presence expired", slog.Int("expired", expired))
	}
	return expired, nil
}

// requireWorker checks that the actor may say what agents do at all. Whose state they
// may change is another question.
func requireWorker(actor outdial.Actor) error {
	if actor.ManagesOthers() {
		return actor.Require(outdial.ScopeQueuePull, outdial.ScopeDialerControl)
	}
	return actor.Require(outdial.ScopeQueuePull)
}

// now is the time of one request, in the precision that every store keeps.
func (s *Service) now() time.Time {
	return s.cfg.Clock.Now().UTC().Truncate(time.Microsecond)
}
