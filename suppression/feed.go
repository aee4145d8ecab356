package suppression

import (
	"context"
	"time"

	"github.com/google/uuid"
)

// Actions that change the list, as the feed and the audit log name them.
const (
	// EventAdd is an entry that was not on the list.
	EventAdd EventAction = "add"
	// EventExtend is an entry that lasts longer than it did.
	EventExtend EventAction = "extend"
	// EventRemove is an entry that was on the list.
	EventRemove EventAction = "remove"
)

// EventAction says what happened to an entry.
type EventAction string

// Position is a place in the feed of changes: behind one event. The zero value is the
// beginning.
type Position struct {
	// Number counts the events from 1, without gaps, in the order in which they were
	// committed: who has seen a number has seen all that come before.
	Number int64
	// EventID is the event's own. A number that has another id belongs to another
	// history, such as that of a database from before it was restored.
	EventID uuid.UUID
}

// Event is one change of the list.
type Event struct {
	Position Position
	Target
	CampaignID uuid.UUID
	Action     EventAction
	Source     Source
	// CreatedAt is when it took effect, ReceivedAt when it was asked for.
	CreatedAt  time.Time
	ReceivedAt time.Time
}

// Feed is how a process follows the list without asking it.
type Feed interface {
	// SuppressionHead returns the position of the last event that is committed.
	SuppressionHead(ctx context.Context) (Position, error)

	// FollowSuppressions returns the next events behind a position. Everything that was
	// committed before the call is in the feed by then. A position that is not of this
	// feed's history is ErrConflict.
	FollowSuppressions(ctx context.Context, p FollowParams) (FollowResult, error)

	// ScanSuppressions returns the targets of entries in the order of the entries' ids,
	// those that have run out among them: what a filter is built from.
	ScanSuppressions(ctx context.Context, p ScanParams) (ScanResult, error)
}

// FollowParams asks for the next events.
type FollowParams struct {
	After Position
	Limit int
}

// FollowResult is a part of the feed, in its order.
type FollowResult struct {
	Events []Event
	// More says that others follow.
	More bool
}

// ScanParams asks for a part of all entries.
type ScanParams struct {
	// After is the id of the last entry of the part before.
	After uuid.UUID
	Limit int
}

// ScanResult is a part of all entries.
type ScanResult struct {
	Targets []Target
	// Last is the id of the last entry, and More says that others follow.
	Last uuid.UUID
	More bool
}

// Waker is told that the list has changed, by whoever changed it in this process.
// Wake returns at once; many calls may be one. It is never needed: what follows the
// feed looks by itself too.
type Waker interface{ Wake() }

// Filter says from memory of most values that they are not on the list. Package
// suppression/bloom has one.
type Filter interface {
	// Candidates returns the indexes, ascending, of the targets that may be on the list
	// by an entry that was committed before the call began. It returns false when it
	// cannot tell, and all must be asked about.
	Candidates(ctx context.Context, targets []Target) (indexes []int, ok bool)
}
