package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"github.com/google/uuid"

	"github.com/outdial/outdial"
	"github.com/outdial/outdial/queue"
)

// Claim takes the agent's next item in one statement. It may return the id, the
// version and the pool mark only; the caller then reads the rest.
type Claim func(ctx context.Context, c *Conn, args Args) (row ItemRow, found bool, err error)

// Claims is the one part of a pull in which engines differ.
type Claims struct {
	// Quick is the claim that nearly every pull is. It may find nothing although
	// there is something, and must find nothing when the agent holds an item.
	Quick Claim
	// Full finds an item whenever there is one. It is made once the agent was seen
	// to hold nothing; should that have changed since, it may also break the rule
	// that an agent holds one item, and the pull starts again.
	Full Claim
}

// held is the item that an agent has locked.
type held struct {
	ID            uuid.UUID      `db:"id"`
	LockExpiresAt instant        `db:"lock_expires_at"`
	LockVersion   int            `db:"lock_version"`
	Refusal       sql.NullString `db:"refusal"`
}

// A pull starts again when another click of the same agent came first. That does
// not happen twice in a row but by bad luck.
const maxPulls = 20

// Pull is PullItem for an engine with the given claims.
func (s *Store) Pull(ctx context.Context, p queue.PullParams, claims Claims) (queue.PullResult, error) {
	args := Args{
		"campaign_id": p.CampaignID, "agent_id": p.AgentID, "now": s.at(p.Now),
		"lock_expires_at": s.at(p.Now.Add(p.LockFor)), "callbacks_since": s.at(p.CallbacksSince),
	}
	for range maxPulls {
		result, again, err := s.pullOnce(ctx, args, p, claims)
		switch {
		case err != nil && s.engine.UniqueViolation(err):
			continue
		case err != nil:
			return queue.PullResult{}, err
		case !again:
			return result, nil
		}
	}
	return queue.PullResult{}, outdial.Conflict("the agent pulls too often at once")
}

// pullOnce makes the quick claim, and when that finds nothing looks why.
func (s *Store) pullOnce(
	ctx context.Context, args Args, p queue.PullParams, claims Claims,
) (result queue.PullResult, again bool, err error) {
	var row ItemRow
	var found bool
	err = s.WriteOne(ctx, func(c *Conn) (err error) {
		row, found, err = claims.Quick(ctx, c, args)
		return err
	})
	if err != nil {
		return queue.PullResult{}, false, err
	}
	if found {
		result, err := s.claimed(ctx, s.reader(), row, p)
		return result, false, err
	}
	err = s.Write(ctx, func(c *Conn) (err error) {
		result, again, err = s.resume(ctx, c, args, p, claims.Full)
		return err
	})
	return result, again, err
}

// claimed is the answer to a pull that took the row. What is read afterwards shows
// the item as it is by then; what the claim itself decided stands as it was.
func (s *Store) claimed(ctx context.Context, c *Conn, row ItemRow, p queue.PullParams) (queue.PullResult, error) {
	item := row.Item()
	if row.CampaignID == uuid.Nil {
		version, pooled := row.LockVersion, row.Pooled
		if err := c.Get(ctx, &row, "get_item", Args{"campaign_id": p.CampaignID, "item_id": row.ID}); err != nil {
			return queue.PullResult{}, err
		}
		item = row.Item()
		item.State, item.AgentID, item.LockVersion, item.Pooled = queue.StateLocked, p.AgentID, version, pooled
		item.LockedAt = p.Now.UTC().Truncate(time.Microsecond)
		item.LockExpiresAt = p.Now.Add(p.LockFor).UTC().Truncate(time.Microsecond)
		item.ReleasedAt, item.FailReason = time.Time{}, ""
	}
	return queue.PullResult{Item: &item}, nil
}

// resume answers a pull whose quick claim found nothing: with the item that the
// agent holds, or by claiming in full, after clearing away a lock that no longer
// counts, all in one transaction. It asks to start again when the item moved on
// while it looked.
//
// An agent who holds nothing is not yet an agent for whom there is nothing: the lock
// that stopped the quick claim may have been lost to somebody else since.
func (s *Store) resume(
	ctx context.Context, c *Conn, args Args, p queue.PullParams, claim Claim,
) (result queue.PullResult, again bool, err error) {
	var lock held
	switch err := c.Get(ctx, &lock, "find_held", args); {
	case errors.Is(err, sql.ErrNoRows):
	case err != nil:
		return queue.PullResult{}, false, err
	default:
		result, done, err := s.settle(ctx, c, lock, p)
		if done || err != nil {
			return result, result.Item == nil, err
		}
	}
	row, found, err := claim(ctx, c, args)
	switch {
	case err != nil:
		return queue.PullResult{}, false, err
	case !found:
		return queue.PullResult{}, false, s.RequireCampaign(ctx, c, p.CampaignID)
	}
	result, err = s.claimed(ctx, c, row, p)
	return result, false, err
}

// settle returns the item that the agent holds, or clears a lock away that no longer
// counts. When the item moved on meanwhile it is done, without an item.
func (s *Store) settle(ctx context.Context, c *Conn, lock held, p queue.PullParams) (result queue.PullResult, done bool, err error) {
	itemArgs := Args{
		"campaign_id": p.CampaignID, "item_id": lock.ID, "lock_version": lock.LockVersion,
		"fail_reason": lock.Refusal.String,
	}
	cleanUp := "return_expired"
	if lock.LockExpiresAt.After(p.Now) {
		if !lock.Refusal.Valid {
			var row ItemRow
			if err := c.Get(ctx, &row, "get_item", itemArgs); err != nil {
				return queue.PullResult{}, false, err
			}
			item := row.Item()
			if item.LockVersion != lock.LockVersion {
				return queue.PullResult{}, true, nil
			}
			return queue.PullResult{Item: &item, Held: true}, true, nil
		}
		cleanUp = "fail_item"
	}
	cleared, err := c.Exec(ctx, cleanUp, itemArgs)
	return queue.PullResult{}, cleared == 0, err
}
