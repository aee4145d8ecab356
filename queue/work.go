package queue

import (
	"context"
	"log/slog"

	"github.com/google/uuid"

	"github.com/outdial/outdial"
)

// PullRequest asks for the next item to call.
type PullRequest struct {
	CampaignID uuid.UUID
	// AgentID is who will call. The nil UUID is the actor.
	AgentID uuid.UUID
}

// Pull gives the agent their next item, locked for Config.LockFor, or nil when
// there is nothing to call. Callbacks that are due come first; one that another agent
// promised waits Config.CallbackGrace for them. An agent who holds an item already gets that one
// again, so that a double click takes nothing.
//
// Errors match ErrForbidden (scope queue:pull; another agent) and ErrNotFound
// (campaign, agent).
func (s *Service) Pull(ctx context.Context, actor outdial.Actor, req PullRequest) (*Item, error) {
	if err := actor.Require(outdial.ScopeQueuePull); err != nil {
		return nil, err
	}
	if err := outdial.RequireID("campaign_id", req.CampaignID); err != nil {
		return nil, err
	}
	if req.AgentID == uuid.Nil {
		req.AgentID = actor.ID
	}
	if err := RequireAgent(ctx, s.cfg.Agents, actor, req.CampaignID, req.AgentID); err != nil {
		return nil, err
	}
	now := s.now()
	result, err := s.store.PullItem(ctx, PullParams{
		CampaignID: req.CampaignID, AgentID: req.AgentID, LockFor: s.cfg.LockFor,
		CallbacksSince: now.Add(-s.cfg.CallbackGrace), Now: now,
	})
	if err != nil {
		return nil, err
	}
	if result.Item != nil && !result.Held {
		s.logItem(ctx, "item pulled", *result.Item)
	}
	return result.Item, nil
}

// ItemRequest names an item and the version of it that the caller has seen.
type ItemRequest struct {
	CampaignID  uuid.UUID
	ItemID      uuid.UUID
	LockVersion int
}

// Start begins the call of a locked item and renews its lock. Errors match
// ErrForbidden (scope queue:pull; another agent's item), ErrNotFound, and
// ErrConflict when the item has moved on since the caller saw it.
func (s *Service) Start(ctx context.Context, actor outdial.Actor, req ItemRequest) (Item, error) {
	return s.move(ctx, actor, req, MoveStart)
}

// Heartbeat renews the lock of an item that an agent is still at. It leaves
// lock_version as it is, so that one sent twice is harmless. Its errors are those
// of Start.
func (s *Service) Heartbeat(ctx context.Context, actor outdial.Actor, req ItemRequest) (Item, error) {
	return s.move(ctx, actor, req, MoveHeartbeat)
}

// Release gives a locked item back, to the agent's queue or to the pool that it
// came from. Its errors are those of Start.
func (s *Service) Release(ctx context.Context, actor outdial.Actor, req ItemRequest) (Item, error) {
	return s.move(ctx, actor, req, MoveGiveBack)
}

func (s *Service) move(ctx context.Context, actor outdial.Actor, req ItemRequest, move Move) (Item, error) {
	if err := actor.Require(outdial.ScopeQueuePull); err != nil {
		return Item{}, err
	}
	if err := outdial.RequireID("campaign_id", req.CampaignID); err != nil {
		return Item{}, err
	}
	if err := outdial.RequireID("item_id", req.ItemID); err != nil {
		return Item{}, err
	}
	if err := requireBound("lock_version", req.LockVersion); err != nil {
		return Item{}, err
	}
	params := MoveParams{
		CampaignID: req.CampaignID, ItemID: req.ItemID, LockVersion: req.LockVersion,
		Move: move, LockFor: s.cfg.LockFor, Now: s.now(),
	}
	if !actor.ManagesOthers() {
		params.AgentID = actor.ID
	}
	result, err := s.store.MoveItem(ctx, params)
	if err != nil {
		return Item{}, err
	}
	s.logItem(ctx, "item moved by "+string(move), result.Item)
	return result.Item, nil
}

func (s *Service) logItem(ctx context.Context, message string, item Item) {
	s.cfg.Logger.LogAttrs(ctx, slog.LevelInfo, message, item.logged()...)
}
