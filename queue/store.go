package queue

import (
	"context"
	"time"

	"github.com/google/uuid"

	"github.com/outdial/outdial"
	"github.com/outdial/outdial/queue/filter"
)

// Store is what the queue needs of a database. Each method is one atomic step:
// when it returns an error, nothing has changed. The Service has checked the
// parameters, so an implementation validates nothing; it must return errors that
// match those of package outdial where a method says so, and it reads no clock:
// every params struct carries Now.
//
// Methods may be called from many goroutines and from many processes. A caller
// never sees a deadlock or a serialization failure: an implementation retries
// those itself.
//
// The sentences below are a contract. Package storetest has a test for each.
type Store interface {
	filter.Catalog

	// ReplaceQueue makes the agent's queue exactly what the plan says, as a
	// difference: a row that is in both the old queue and the new is not written,
	// except that a locked one goes back to queued. With DryRun it computes the
	// same plan and writes nothing. An unknown campaign is ErrNotFound.
	//
	// No contact is ever active with two agents of one campaign, nor in both queues,
	// whatever runs at the same time: one that is active in the power queue counts as
	// a collision.
	ReplaceQueue(ctx context.Context, p ReplaceParams) (ReplaceResult, error)

	// ClearQueue releases queued and locked items of one agent, or of everybody
	// when AgentID is the nil UUID. Items in progress stay. Items that an agent
	// holds from the pool go back to it, except when everybody's are cleared.
	ClearQueue(ctx context.Context, p ClearParams) (ClearResult, error)

	// PullItem gives the agent their next item and locks it. An agent who holds a
	// live lock gets the same item again, unchanged. Callbacks that are due come first,
	// the earliest before the others: those of the pool, unless they wait for another
	// agent and were promised after p.CallbacksSince, and those among the agent's own
	// items. Then own items come before the pool's; within each, the order is priority
	// descending, due ones first, oldest first. Items that are scheduled for later,
	// suppressed, whose contact must not be called, or whose contact's phone is in a
	// call of the power queue are passed over. An expired lock counts as no lock.
	// Result.Item is nil when there is nothing to do; an unknown campaign is
	// ErrNotFound.
	PullItem(ctx context.Context, p PullParams) (PullResult, error)

	// MoveItem carries out MoveStart, MoveHeartbeat or MoveGiveBack on an item
	// whose lock_version is still the one given. It is ErrNotFound when the
	// campaign has no such item, ErrForbidden when another agent holds it, and
	// ErrConflict when the version differs, the state does not allow the move, or
	// the contact of an item that is to be started has a phone in a call of the
	// power queue.
	MoveItem(ctx context.Context, p MoveParams) (MoveResult, error)

	// EnqueueItems adds contacts to an agent's queue or to the pool. It skips
	// those who must not be called and those who are already active, in either queue,
	// and it never changes an existing row. Items with ReasonCallback are callbacks at
	// the time that they are scheduled for.
	EnqueueItems(ctx context.Context, p EnqueueParams) (EnqueueResult, error)

	// SweepLocks returns items whose lock has expired to where they came from:
	// the agent's queue, or the pool. It also forgets idempotency keys older than
	// KeysBefore.
	SweepLocks(ctx context.Context, p SweepParams) (SweepResult, error)

	// RollbackLaunch releases the items of a launch that nobody has touched:
	// still queued and never locked. An unknown launch is ErrNotFound.
	RollbackLaunch(ctx context.Context, p RollbackParams) (RollbackResult, error)

	// ListItems returns a page of items in the order of their ids. An agent's are those
	// that the agent has and the callbacks that wait for them.
	ListItems(ctx context.Context, p ListParams) (ListResult, error)

	// QueueStats counts a campaign's items by state and by agent. An unknown
	// campaign is ErrNotFound.
	QueueStats(ctx context.Context, p StatsParams) (StatsResult, error)

	// ListCampaigns returns every campaign with the number of its contacts, by
	// name.
	ListCampaigns(ctx context.Context) ([]CampaignSummary, error)
}

// ReplaceParams asks for a new queue.
type ReplaceParams struct {
	CampaignID uuid.UUID
	AgentID    uuid.UUID
	ActorID    uuid.UUID
	// Filter chooses among the campaign's contacts; nil is all of them.
	Filter filter.Expr
	// PerAccountCap bounds how many contacts of one account the final queue
	// holds, kept ones counted first. Zero is no bound.
	PerAccountCap int
	// MaxQueueSize bounds the final queue, kept items counted first. Zero is no
	// bound.
	MaxQueueSize int
	// ReleaseInProgress releases the agent's running items too, instead of
	// keeping them.
	ReleaseInProgress bool
	// DryRun computes and writes nothing, not even an audit entry.
	DryRun      bool
	Idempotency outdial.Idempotency
	Now         time.Time
}

// ReplaceResult says what a replace did, or in a dry run would do. Its JSON form
// is what callers of the HTTP API get.
type ReplaceResult struct {
	// Released counts the queued and locked items that the agent had, and the
	// running ones when those were to go, whether or not their contacts came back.
	Released int `json:"released"`
	// Assigned counts the items of the new queue beyond the kept ones.
	Assigned int `json:"assigned"`
	// Unchanged counts those of Assigned that the agent had already.
	Unchanged int `json:"unchanged"`
	// KeptInProgress counts the running items that stayed.
	KeptInProgress int `json:"kept_in_progress"`
	// SkippedDueToCollision is Skipped[SkipCollision], under its older name.
	SkippedDueToCollision int `json:"skipped_due_to_collision"`
	// Matched counts the contacts the filter matched. It equals MatchedKept +
	// Assigned + Skipped.Total().
	Matched int `json:"matched"`
	// Audience counts the campaign's contacts, whether the filter matches them or
	// not. Only a dry run counts them.
	Audience int `json:"audience,omitempty"`
	// MatchedKept counts those of Matched whose running item was kept.
	MatchedKept int   `json:"matched_in_progress"`
	Skipped     Skips `json:"skipped"`
}

// ClearParams asks to empty queues.
type ClearParams struct {
	CampaignID uuid.UUID
	// AgentID is whose queue; the nil UUID is everybody's.
	AgentID     uuid.UUID
	ActorID     uuid.UUID
	Idempotency outdial.Idempotency
	Now         time.Time
}

// ClearResult says what a clear did.
type ClearResult struct {
	Released int `json:"released"`
}

// PullParams asks for the next item.
type PullParams struct {
	CampaignID uuid.UUID
	AgentID    uuid.UUID
	// LockFor is how long the lock lasts from Now.
	LockFor time.Duration
	// CallbacksSince is the time up to which callbacks that were promised by one agent
	// are everybody's. Zero keeps them all for their agents.
	CallbacksSince time.Time
	Now            time.Time
}

// PullResult is the item an agent works on now, or nil.
type PullResult struct {
	Item *Item
	// Held says that the agent had the item already: nothing was taken.
	Held bool
}

// MoveParams asks for one move of one item.
type MoveParams struct {
	CampaignID uuid.UUID
	ItemID     uuid.UUID
	// AgentID is who must hold the item; the nil UUID is anyone.
	AgentID uuid.UUID
	// LockVersion is the version the caller has seen.
	LockVersion int
	Move        Move
	// LockFor is how long a renewed lock lasts from Now.
	LockFor time.Duration
	Now     time.Time
}

// MoveResult is the item after the move.
type MoveResult struct{ Item Item }

// EnqueueParams asks to add contacts to a queue.
type EnqueueParams struct {
	CampaignID uuid.UUID
	// AgentID is whose queue; the nil UUID is the pool.
	AgentID uuid.UUID
	ActorID uuid.UUID
	// ContactIDs are the contacts to add. When it is nil, Filter chooses among
	// the campaign's contacts, and a nil Filter is all of them.
	ContactIDs []uuid.UUID
	Filter     filter.Expr
	// Priority overrides the contacts' own priority in the campaign when it is
	// not nil.
	Priority *int
	// ScheduledFor is the time before which the items must not be pulled; zero is
	// now.
	ScheduledFor time.Time
	// LaunchID groups what is enqueued here so that it can be rolled back.
	LaunchID    uuid.UUID
	Provenance  outdial.Provenance
	Idempotency outdial.Idempotency
	Now         time.Time
}

// EnqueueResult says what an enqueue did.
type EnqueueResult struct {
	LaunchID uuid.UUID `json:"launch_id"`
	Enqueued int       `json:"enqueued"`
	// Matched counts the contacts that were asked for and are in the campaign. It
	// equals Enqueued + Skipped.Total(). A contact that is active already, with
	// anyone, counts as a collision.
	Matched int   `json:"matched"`
	Skipped Skips `json:"skipped"`
}

// SweepParams asks to return expired locks.
type SweepParams struct {
	// KeysBefore is the age limit of idempotency keys; zero keeps them all.
	KeysBefore time.Time
	Now        time.Time
}

// SweepResult says what a sweep did.
type SweepResult struct {
	// ToAgents counts items returned to their agent's queue, ToPool those
	// returned to the pool.
	ToAgents int `json:"returned_to_agents"`
	ToPool   int `json:"returned_to_pool"`
	// KeysForgotten counts expired idempotency keys.
	KeysForgotten int `json:"idempotency_keys_forgotten"`
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
	// Released counts items taken out; Kept counts items of the launch that
	// somebody had touched and that stay as they are.
	Released int `json:"released"`
	Kept     int `json:"kept"`
}

// ListParams asks for a page of items.
type ListParams struct {
	CampaignID uuid.UUID
	// AgentID restricts the page to one agent's items; the nil UUID does not.
	AgentID uuid.UUID
	// State restricts the page to one state; empty does not.
	State State
	// After is the id of the last item of the page before; the nil UUID starts.
	After uuid.UUID
	// Limit is how many items to return at most.
	Limit int
}

// ListResult is a page of items.
type ListResult struct {
	Items []Item
	// More says that another page follows.
	More bool
}

// StatsParams asks for a campaign's counts.
type StatsParams struct{ CampaignID uuid.UUID }

// StatsResult counts items. Both lists are complete: a state with no items has a
// zero, an agent with no items in any state is not there.
type StatsResult struct {
	States map[State]int
	// Agents is ordered by agent id; the nil UUID stands for the pool.
	Agents []AgentStats
}

// AgentStats counts the items of one agent.
type AgentStats struct {
	AgentID uuid.UUID
	States  map[State]int
}

// CampaignSummary is a campaign with the size of its audience.
type CampaignSummary struct {
	ID       uuid.UUID `json:"id"`
	Name     string    `json:"name"`
	Contacts int       `json:"contacts"`
}
