package sqlstore

import (
	"context"
	"time"

	"github.com/google/uuid"

	"github.com/outdial/outdial/disposition"
	"github.com/outdial/outdial/suppression"
)

// purges are the statements by which items of one queue are looked for and failed.
type purges struct{ byContact, inOrder, fail string }

func purgesOf(queue suppression.Queue) purges {
	if queue == suppression.QueuePower {
		return purges{byContact: "struck_call_items", inOrder: "active_call_items", fail: "fail_call_items"}
	}
	return purges{byContact: "struck_items", inOrder: "active_items", fail: "fail_items"}
}

// itemsCampaign has the list asked for the campaign of the item q, and not for one that
// the caller names.
func itemsCampaign() map[string]string { return map[string]string{"campaign": "q.campaign_id"} }

// PurgeSuppressed implements suppression.Store.
func (s *Store) PurgeSuppressed(ctx context.Context, p suppression.PurgeParams) (suppression.PurgeResult, error) {
	// Nearly every look finds nothing, and need not take the cursor for that.
	waiting, _, err := s.pendingEvents(ctx, s.reader(), p, 1)
	if err != nil || len(waiting) == 0 {
		return suppression.PurgeResult{}, err
	}
	var result suppression.PurgeResult
	err = s.Write(ctx, func(c *Conn) error {
		var err error
		result, err = s.purgeStep(ctx, c, p)
		return err
	})
	if err != nil {
		return suppression.PurgeResult{}, err
	}
	return result, nil
}

// pendingEvents returns the next events behind the cursor that are old enough, and
// whether others are behind them.
func (s *Store) pendingEvents(
	ctx context.Context, c *Conn, p suppression.PurgeParams, limit int,
) (events []suppression.Event, more bool, err error) {
	var rows []eventRow
	if err := c.Select(ctx, &rows, "pending_events", Args{"cursor": p.Cursor, "limit": limit + 1}); err != nil {
		return nil, false, err
	}
	for i, row := range rows {
		event := row.event()
		if !p.Before.IsZero() && !event.CreatedAt.Before(p.Before) {
			break
		}
		if i == limit {
			return events, true, nil
		}
		events = append(events, event)
	}
	return events, false, nil
}

func (s *Store) purgeStep(ctx context.Context, c *Conn, p suppression.PurgeParams) (suppression.PurgeResult, error) {
	taken, err := s.takeCursor(ctx, c, p.Cursor)
	if err != nil || !taken {
		return suppression.PurgeResult{Busy: !taken}, err
	}
	events, more, err := s.pendingEvents(ctx, c, p, p.Events)
	if err != nil || len(events) == 0 {
		return suppression.PurgeResult{}, err
	}
	var targets []suppression.Target
	for _, event := range events {
		if event.Action != suppression.EventRemove {
			targets = append(targets, event.Target)
		}
	}
	var result suppression.PurgeResult
	rest, done := p.Items, true
	for _, items := range []struct {
		of     suppression.Queue
		failed *int
	}{{suppression.QueueAgent, &result.AgentItems}, {suppression.QueuePower, &result.PowerItems}} {
		found, failed, err := s.failStruck(ctx, c, purgesOf(items.of), targets, rest, p.Now)
		if err != nil {
			return suppression.PurgeResult{}, err
		}
		*items.failed = failed
		rest -= failed
		done = done && found == failed
	}
	if !done {
		result.More = true
		return result, nil
	}
	result.Events, result.Since, result.More = len(events), events[0].CreatedAt, more
	_, err = c.Exec(ctx, "move_cursor", Args{"cursor": p.Cursor, "number": events[len(events)-1].Position.Number})
	return result, err
}

// takeCursor takes the cursor for the rest of the transaction, or says that another has
// it.
func (s *Store) takeCursor(ctx context.Context, c *Conn, name string) (bool, error) {
	args := Args{"cursor": name}
	_, found, err := getRow[int64](ctx, c, "lock_cursor", args)
	if err != nil || found {
		return found, err
	}
	var there int
	if err := c.Get(ctx, &there, "cursor_exists", args); err != nil || there > 0 {
		return false, err
	}
	if _, err := c.Exec(ctx, "add_cursor", args); err != nil {
		return false, err
	}
	_, found, err = getRow[int64](ctx, c, "lock_cursor", args)
	return found, err
}

// failStruck fails items of one queue whose contact is on the list by one of the
// targets, at most limit. It returns how many it found, one more than limit standing
// for all that there are, and how many it failed.
func (s *Store) failStruck(
	ctx context.Context, c *Conn, by purges, targets []suppression.Target, limit int, now time.Time,
) (found, failed int, err error) {
	if len(targets) == 0 {
		return 0, 0, nil
	}
	args, err := askedTargets(targets)
	if err != nil {
		return 0, 0, err
	}
	args["now"], args["limit"] = s.at(now), limit+1
	var ids []uuid.UUID
	if err := c.SelectText(ctx, &ids, by.byContact, itemsCampaign(), args); err != nil {
		return 0, 0, err
	}
	failed, err = s.failItems(ctx, c, by, ids[:min(len(ids), limit)], now)
	return len(ids), failed, err
}

func (s *Store) failItems(ctx context.Context, c *Conn, by purges, ids []uuid.UUID, now time.Time) (int, error) {
	if len(ids) == 0 {
		return 0, nil
	}
	encoded, err := EncodeJSON(ids)
	if err != nil {
		return 0, err
	}
	return c.Exec(ctx, by.fail, Args{
		"ids": encoded, "fail_reason": disposition.FailSuppressed, "now": s.at(now),
	})
}

// SweepSuppressed implements suppression.Store.
func (s *Store) SweepSuppressed(ctx context.Context, p suppression.SweepParams) (suppression.SweepResult, error) {
	by := purgesOf(p.Queue)
	var result suppression.SweepResult
	err := s.Write(ctx, func(c *Conn) error {
		result = suppression.SweepResult{Last: p.After}
		var rows []struct {
			ID     uuid.UUID `db:"id"`
			Struck bool      `db:"struck"`
		}
		args := Args{"after": p.After, "limit": p.Limit, "now": s.at(p.Now)}
		if err := c.SelectText(ctx, &rows, by.inOrder, itemsCampaign(), args); err != nil {
			return err
		}
		result.More = len(rows) == p.Limit
		var struck []uuid.UUID
		for _, row := range rows {
			result.Last = row.ID
			if row.Struck {
				struck = append(struck, row.ID)
			}
		}
		var err error
		result.Failed, err = s.failItems(ctx, c, by, struck, p.Now)
		return err
	})
	if err != nil {
		return suppression.SweepResult{}, err
	}
	return result, nil
}
