package telephony

import (
	"context"
	"time"

	"github.com/google/uuid"

	"github.com/outdial/outdial/dialer"
)

// Store is what telephony needs of a database. Each method is one atomic step, as in
// dialer.Store, and the sentences below are a contract in the same way.
type Store interface {
	// RecordEvent keeps the event, once for each call_sid, type and seq, merges its
	// facts into the call, and brings the item to where Policy.Progress says, if the
	// item's lock_version is still the one that the call left. All of that is one
	// transaction; an event that was there before changes nothing.
	//
	// The call is found by the event's Ref, or else by its CallSID. A call that has no
	// CallSID yet takes the event's. An event whose call nobody knows, or whose CallSID
	// is not the call's, is kept as an orphan; an orphan is merged when its call
	// appears. An event that says abandoned is kept and changes nothing once an agent
	// was reserved for the call.
	//
	// When the call is settled, its phone is free, its agent goes to wrap-up if they
	// talked and is ready otherwise, and the contact may not be tried again in the
	// campaign before the item may.
	RecordEvent(ctx context.Context, p RecordParams) (RecordResult, error)

	// ListEvents returns kept events in the order of their ids, which is that in which
	// they came.
	ListEvents(ctx context.Context, p ListParams) (ListResult, error)
}

// RecordParams is an event to keep.
type RecordParams struct {
	Event Event
	// At is when it happened, as far as anybody can tell.
	At time.Time
	// Kept is the id of an event that is there already and is to be merged again; the
	// nil UUID is a new one.
	Kept   uuid.UUID
	Policy dialer.RetryPolicy
	Now    time.Time
}

// RecordResult says what an event did.
type RecordResult struct {
	// Duplicate says that the event was there before.
	Duplicate bool
	// Orphan says that nobody knows the event's call.
	Orphan bool
	// Call is the call after it, unless the event is an orphan or a duplicate, and
	// State its item's state.
	Call  dialer.Call
	State dialer.State
	// Moved says that the item changed its state.
	Moved bool
}

// Kept is an event as it is stored.
type Kept struct {
	Event

	ID uuid.UUID
	// OccurredAt is RecordParams.At.
	OccurredAt time.Time
	// CallID is the call that it was merged into; the nil UUID marks an orphan.
	CallID    uuid.UUID
	CreatedAt time.Time
}

// ListParams asks for events.
type ListParams struct {
	// CampaignID, ItemID and CallSID restrict them, each unless it is empty.
	CampaignID uuid.UUID
	ItemID     uuid.UUID
	CallSID    string
	// Since and Until restrict them to those that came in that time, Until excluded;
	// zero does not.
	Since, Until time.Time
	// Orphans restricts them to events whose call nobody knows.
	Orphans bool
	// After is the id of the last event of the page before; the nil UUID starts.
	After uuid.UUID
	Limit int
}

// ListResult is a page of events.
type ListResult struct {
	Events []Kept
	More   bool
}
