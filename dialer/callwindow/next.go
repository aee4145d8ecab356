package callwindow

import (
	"context"
	"slices"
	"time"

	"github.com/google/uuid"
)

const (
	// step is how finely Next looks. Windows open and close at full quarters of an hour,
	// in every zone that there is.
	step = 15 * time.Minute
	// horizon is how far Next looks: past a long weekend of holidays.
	horizon = 14 * 24 * time.Hour
)

// Covers says whether the zone is open.
func (o Open) Covers(zone string) bool { return o.Everywhere || slices.Contains(o.Zones, zone) }

// Next returns the first time, not before from, at which the zone is open: from itself,
// or the first quarter of an hour after it. The zero time means that it stays closed for
// two weeks. Errors are those of the Windows.
func Next(ctx context.Context, windows Windows, campaignID uuid.UUID, zone string, from time.Time) (time.Time, error) {
	for at := from; at.Before(from.Add(horizon)); at = at.Truncate(step).Add(step) {
		open, err := windows.Open(ctx, campaignID, at)
		if err != nil {
			return time.Time{}, err
		}
		if open.Covers(zone) {
			return at, nil
		}
	}
	return time.Time{}, nil
}
