package sqlstore

import (
	"context"
	"database/sql"
	"errors"

	"github.com/google/uuid"

	"github.com/outdial/outdial"
	"github.com/outdial/outdial/suppression"
)

// positionRow is a place in the feed.
type positionRow struct {
	Number int64     `db:"number"`
	ID     uuid.UUID `db:"id"`
}

// eventRow is an event as the fragment change_columns selects it.
type eventRow struct {
	positionRow
	placeRow

	Action     string  `db:"action"`
	Source     string  `db:"source"`
	CreatedAt  instant `db:"created_at"`
	ReceivedAt instant `db:"received_at"`
}

func (r eventRow) event() suppression.Event {
	return suppression.Event{
		Position: suppression.Position{Number: r.Number, EventID: r.ID},
		Target:   r.place().Target, CampaignID: r.CampaignID,
		Action: suppression.EventAction(r.Action), Source: suppression.Source(r.Source),
		CreatedAt: r.CreatedAt.Time, ReceivedAt: r.ReceivedAt.Time,
	}
}

// SuppressionHead implements suppression.Feed.
func (s *Store) SuppressionHead(ctx context.Context) (suppression.Position, error) {
	var row positionRow
	err := s.reader().Get(ctx, &row, "feed_head", Args{})
	if errors.Is(err, sql.ErrNoRows) {
		return suppression.Position{}, nil
	}
	return suppression.Position{Number: row.Number, EventID: row.ID}, err
}

// FollowSuppressions implements suppression.Feed. The event at the position itself is
// read too: it shows whose history the position is of.
func (s *Store) FollowSuppressions(ctx context.Context, p suppression.FollowParams) (suppression.FollowResult, error) {
	limit := p.Limit + 1
	if p.After.Number > 0 {
		limit++
	}
	var rows []eventRow
	if err := s.reader().Select(ctx, &rows, "follow_feed", Args{"from": p.After.Number, "limit": limit}); err != nil {
		return suppression.FollowResult{}, err
	}
	if p.After.Number > 0 {
		if len(rows) == 0 || rows[0].Number != p.After.Number || rows[0].ID != p.After.EventID {
			return suppression.FollowResult{}, outdial.Conflict("the feed has another history")
		}
		rows = rows[1:]
	}
	result := suppression.FollowResult{More: len(rows) > p.Limit}
	for _, row := range rows[:min(len(rows), p.Limit)] {
		result.Events = append(result.Events, row.event())
	}
	return result, nil
}

// ScanSuppressions implements suppression.Feed.
func (s *Store) ScanSuppressions(ctx context.Context, p suppression.ScanParams) (suppression.ScanResult, error) {
	var rows []struct {
		ID   uuid.UUID `db:"id"`
		Kind string    `db:"kind"`
		Key  string    `db:"value_key"`
	}
	if err := s.reader().Select(ctx, &rows, "scan_suppressions", Args{"after": p.After, "limit": p.Limit + 1}); err != nil {
		return suppression.ScanResult{}, err
	}
	result := suppression.ScanResult{Last: p.After, More: len(rows) > p.Limit}
	rows = rows[:min(len(rows), p.Limit)]
	result.Targets = make([]suppression.Target, len(rows))
	for i, row := range rows {
		result.Targets[i] = suppression.Target{Kind: suppression.Kind(row.Kind), Key: row.Key}
		result.Last = row.ID
	}
	return result, nil
}
