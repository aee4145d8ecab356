package sqlstore

import (
	"context"
	"database/sql"
	"errors"

	"github.com/google/uuid"

	"github.com/outdial/outdial/queue"
)

// Claim takes the agent's next item, or no item when there is none or when the
// agent holds one already. It is the one part of a pull in which engines differ.
type Claim func(ctx context.Context, args Args) (row ItemRow, found bool, err error)

// held is the item that an agent has locked.
type held struct {
	ID            uuid.UUID      `db:"id"`
	LockExpiresAt instant        `db:"lock_expires_at"`
	LockVersion   int            `db:"lock_version"`
	Refusal       sql.NullString `db:"refusal"`
}

// A pull starts again when another click of the same agent came first, or when a
// lock had to be cleaned up. Neither happens twice in a row but by bad luck.
const maxPulls = 20

// Pull is PullItem for an engine with the given claim.
func (s *Store) Pull(ctx context.Context, p queue.PullParams, claim Claim) (queue.PullResult, error) {
	args := Args{
		"campaign_id": p.CampaignID, "agent_id": p.AgentID, "now": s.at(p.Now),
		"lock_expires_at": s.at(p.Now.Add(p.LockFor)),
	}
	var err error
	for range maxPulls {
		var row ItemRow
		var found bool
		row, found, err = claim(ctx, args)
		switch {
		case err != nil && s.engine.UniqueViolation(err):
			continue
		case err != nil:
			return queue.PullResult{}, err
		case found:
			item := row.Item()
			return queue.PullResult{Item: &item}, nil
		}
		result, again, err := s.resume(ctx, args, p)
		if err != nil || !again {
			return result, err
		}
	}
	return queue.PullResult{}, err
}

// resume answers a pull that claimed nothing: with the item that the agent holds,
// with nothing, or by clearing away a lock that no longer counts, after which the
// pull starts again.
func (s *Store) resume(ctx context.Context, args Args, p queue.PullParams) (result queue.PullResult, again bool, err error) {
	c := s.reader()
	var lock held
	switch err := c.Get(ctx, &lock, "find_held", args); {
	case errors.Is(err, sql.ErrNoRows):
		return queue.PullResult{}, false, s.RequireCampaign(ctx, c, p.CampaignID)
	case err != nil:
		return queue.PullResult{}, false, err
	}
	itemArgs := Args{
		"campaign_id": p.CampaignID, "item_id": lock.ID, "lock_version": lock.LockVersion,
		"fail_reason": lock.Refusal.String,
	}
	live := lock.LockExpiresAt.After(p.Now)
	if live && !lock.Refusal.Valid {
		var row ItemRow
		if err := c.Get(ctx, &row, "get_item", itemArgs); err != nil {
			return queue.PullResult{}, false, err
		}
		item := row.Item()
		// The item may have moved on between the two looks at it.
		if item.LockVersion != lock.LockVersion {
			return queue.PullResult{}, true, nil
		}
		return queue.PullResult{Item: &item, Held: true}, false, nil
	}
	cleanUp := "return_expired"
	if live {
		cleanUp = "fail_item"
	}
	err = s.Write(ctx, func(c *Conn) error {
		_, err := c.Exec(ctx, cleanUp, itemArgs)
		return err
	})
	return queue.PullResult{}, err == nil, err
}
