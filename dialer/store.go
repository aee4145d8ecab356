package dialer

import (
	"context"
	"time"

	"github.com/google/uuid"

	"github.com/outdial/outdial"
	"github.com/outdial/outdial/dialer/callwindow"
	"github.com/outdial/outdial/queue"
	"github.com/outdial/outdial/queue/filter"
)

// Store is what the power queue needs of a database. Each method is one atomic step:
// when it returns an error, nothing has changed. Parameters have been checked, and
// every params struct carries Now: an implementation validates nothing and reads no
// clock. Methods may be called from many goroutines and from many processes; a
// caller never sees a deadlock or a serialization failure.
//
// Where a method takes a RetryPolicy, that of the campaign overrides it.
//
// The sentences below are a contract. Package storetest has a test for each.
type Store interface {
	filter.AttributeCatalog

	// EnqueueCalls adds contacts to the power queue, due at once. It skips those who
	// must not be called and those who are active in either queue of the campaign, and
	// never changes an existing item. An unknown campaign is ErrNotFound.
	EnqueueCalls(ctx context.Context, p EnqueueParams) (queue.EnqueueResult, error)

	// ClaimCalls takes up to Limit items that are due and makes a call for each, in
	// the order of priority descending, earliest first. Nothing is claimed unless the
	// campaign is running. Items are passed over whose contact must not be called or
	// is active in the agent queue, whose zone is closed, and whose phone is held by
	// another call, has had as many calls as a cap allows, was abandoned since
	// AbandonedSince, or is in an agent's hands in any campaign. No two calls that are
	// not settled have one phone, whatever runs at the same time. A lease that
	// another holder has taken, or that has expired, is ErrConflict; an unknown
	// campaign is ErrNotFound.
	ClaimCalls(ctx context.Context, p ClaimParams) (ClaimResult, error)

	// PlaceCall keeps that the call is about to be placed and counts the attempt,
	// after it has looked once more at everything that ClaimCalls looks at. When a
	// refusal applies, the item fails if the refusal is final and waits for RetryAfter
	// otherwise, and the call is settled as not placed. A call that was placed before,
	// or whose item has moved on, is ErrConflict, and so is a lost lease.
	PlaceCall(ctx context.Context, p PlaceParams) (PlaceResult, error)

	// RecordCall merges what is known of a call into its facts and brings its item to
	// where they say. It is for what the carrier answers; events go through
	// telephony.Store. Events about the call's CallSID that came before anybody knew
	// whose they were are merged too. An unknown call is ErrNotFound.
	RecordCall(ctx context.Context, p RecordCallParams) (RecordCallResult, error)

	// SweepCalls settles as not placed the calls that were claimed before
	// UnplacedSince and never placed, makes unknown those that have been dialing or
	// ringing without news since StuckSince, or connected since TalkingSince, and
	// merges events that have found their call meanwhile. Items that have been dialing
	// or ringing since StuckSince and have no call at all, because another program left
	// them so, wait for their turn again.
	SweepCalls(ctx context.Context, p SweepParams) (SweepResult, error)

	// ListCalls returns calls in the order of their ids, which is that of their
	// claims.
	ListCalls(ctx context.Context, p ListCallsParams) (ListCallsResult, error)

	// ListCallItems returns a page of items in the order of their ids.
	ListCallItems(ctx context.Context, p ListItemsParams) (ListItemsResult, error)

	// ControlCampaign changes whether a campaign is dialed. A control that the
	// campaign's status does not allow is ErrConflict; an unknown campaign is
	// ErrNotFound.
	ControlCampaign(ctx context.Context, p ControlParams) (ControlResult, error)

	// ListDialing returns the campaigns that are running, or that have calls which are
	// not settled, in the order of their ids.
	ListDialing(ctx context.Context) ([]uuid.UUID, error)

	// DialerStats counts a campaign's items by state, and its agents. An unknown
	// campaign is ErrNotFound.
	DialerStats(ctx context.Context, p StatsParams) (StatsResult, error)

	// RollbackCalls fails the items of a launch that are still queued and were never
	// claimed. An unknown launch is ErrNotFound.
	RollbackCalls(ctx context.Context, p RollbackParams) (RollbackResult, error)

	// AcquireLease gives the campaign to Holder until Now plus For. The holder of a
	// lease that has not expired gets it prolonged, under the same token. When
	// another has it, it is ErrConflict. A lease that has expired is given under a
	// higher token, even to who had it.
	AcquireLease(ctx context.Context, p LeaseParams) (Lease, error)

	// ReleaseLease gives a lease up, so that nobody need wait for its end. One that
	// has changed hands is left alone.
	ReleaseLease(ctx context.Context, p ReleaseLeaseParams) error
}

// EnqueueParams asks to add contacts to the power queue.
type EnqueueParams struct {
	CampaignID uuid.UUID
	ActorID    uuid.UUID
	// ContactIDs are the contacts to add. When it is nil, Filter chooses among the
	// campaign's contacts, and a nil Filter is all of them.
	ContactIDs []uuid.UUID
	Filter     filter.Expr
	// Priority overrides the contacts' own priority in the campaign when it is not
	// nil.
	Priority *int
	// LaunchID groups what is enqueued here so that it can be rolled back.
	LaunchID    uuid.UUID
	Provenance  outdial.Provenance
	Idempotency outdial.Idempotency
	Now         time.Time
}

// Limits are the rules that a claim and a placement ask of the phone and the hour.
type Limits struct {
	Open callwindow.Open
	Caps []callwindow.Cap
	// AbandonedSince is the time since when a phone must not have been abandoned; zero
	// does not ask.
	AbandonedSince time.Time
}

// ClaimParams asks for the next calls.
type ClaimParams struct {
	CampaignID uuid.UUID
	Limit      int
	// Lease is checked unless it is zero.
	Lease  Lease
	Limits Limits
	Now    time.Time
}

// ClaimResult are the calls that were claimed, in the order of the queue.
type ClaimResult struct{ Calls []Call }

// PlaceParams asks to keep that a call is about to be placed.
type PlaceParams struct {
	CampaignID uuid.UUID
	CallID     uuid.UUID
	// Lease is checked unless it is zero.
	Lease  Lease
	Limits Limits
	// RetryAfter is how long a refused item waits.
	RetryAfter time.Duration
	Now        time.Time
}

// PlaceResult says whether the call may be placed.
type PlaceResult struct {
	// Call is the call as it is now.
	Call Call
	// Refusal is why it must not be placed; empty when it may.
	Refusal Refusal
}

// RecordCallParams says what is known of a call.
type RecordCallParams struct {
	CampaignID uuid.UUID
	CallID     uuid.UUID
	// CallSID is the carrier's name for it, empty when that is not known. It is kept
	// unless the call has one already.
	CallSID string
	Facts   Facts
	// Lost says that nobody knows whether the call was placed. It changes nothing once
	// a carrier has reported anything of the call.
	Lost   bool
	Policy RetryPolicy
	Now    time.Time
}

// RecordCallResult is the call after it.
type RecordCallResult struct {
	Call Call
	// State is the item's state after it.
	State State
}

// SweepParams asks to clean up.
type SweepParams struct {
	UnplacedSince time.Time
	StuckSince    time.Time
	TalkingSince  time.Time
	Policy        RetryPolicy
	Now           time.Time
}

// SweepResult says what a sweep did.
type SweepResult struct {
	// Returned counts items whose call had not been placed, Lost those that became
	// unknown.
	Returned int `json:"returned"`
	Lost     int `json:"lost"`
	// Matched counts events that found their call.
	Matched int `json:"matched_events"`
}

// ListCallsParams asks for calls.
type ListCallsParams struct {
	// CampaignID restricts them to one campaign; the nil UUID does not.
	CampaignID uuid.UUID
	// Unsettled restricts them to calls that are not settled.
	Unsettled bool
	// States restrict them to calls whose item is in one of them and still theirs;
	// none does not.
	States []State
	// After is the id of the last call of the page before; the nil UUID starts.
	After uuid.UUID
	Limit int
}

// ListCallsResult is a page of calls.
type ListCallsResult struct {
	Calls []Call
	More  bool
}

// ListItemsParams asks for a page of items.
type ListItemsParams struct {
	CampaignID uuid.UUID
	// State restricts the page to one state; empty does not.
	State State
	// After is the id of the last item of the page before; the nil UUID starts.
	After uuid.UUID
	Limit int
}

// ListItemsResult is a page of items.
type ListItemsResult struct {
	Items []Item
	More  bool
}

// ControlParams asks to start, pause, resume or stop a campaign.
type ControlParams struct {
	CampaignID uuid.UUID
	Control    Control
	ActorID    uuid.UUID
	Now        time.Time
}

// ControlResult is the campaign's status after it.
type ControlResult struct {
	Status Status `json:"status"`
}

// StatsParams asks for a campaign's counts.
type StatsParams struct {
	CampaignID uuid.UUID
	Now        time.Time
}

// StatsResult counts a campaign's items and agents. Both maps are complete: a state
// with nothing in it has a zero.
type StatsResult struct {
	Status Status        `json:"status"`
	States map[State]int `json:"states"`
	// Due counts the queued items whose time has come.
	Due int `json:"due"`
	// Agents counts the campaign's agents by presence state.
	Agents map[string]int `json:"agents"`
}

// RollbackParams asks to revert a launch.
type RollbackParams struct {
	CampaignID uuid.UUID
	LaunchID   uuid.UUID
	ActorID    uuid.UUID
	Now        time.Time
}

// RollbackResult says what a rollback did.
type RollbackResult struct {
	// Failed counts items taken out; Kept counts active items of the launch that had
	// been claimed before and that stay as they are.
	Failed int `json:"failed"`
	Kept   int `json:"kept"`
}

// LeaseParams asks for the right to dial.
type LeaseParams struct {
	CampaignID uuid.UUID
	Holder     string
	For        time.Duration
	Now        time.Time
}

// ReleaseLeaseParams gives it up.
type ReleaseLeaseParams struct {
	Lease Lease
	Now   time.Time
}
