package presence

import (
	"context"
	"time"

	"github.com/google/uuid"
)

// Session is an agent at work. An agent works in one campaign at a time.
type Session struct {
	AgentID    uuid.UUID
	CampaignID uuid.UUID
	State      State
	// Since is when the state began: the longest idle agent is the one who has been
	// ready longest.
	Since time.Time
	// ExpiresAt is when the agent counts as gone unless they are heard of before.
	ExpiresAt time.Time
	// CallID is the call that the agent is or was last in, the nil UUID once the agent
	// has chosen a state again.
	CallID uuid.UUID
}

// Store is what presence needs of a database. Each method is one atomic step, as in
// dialer.Store, and the sentences below are a contract in the same way.
type Store interface {
	// SetPresence puts an agent into a state of their own choice, in a campaign, and
	// says that they were heard of. An agent whom a call has is ErrConflict, in
	// whatever campaign. To choose the state that one is in changes nothing but the
	// expiry, and does not begin the idle time anew.
	SetPresence(ctx context.Context, p SetParams) (Session, error)

	// TouchPresence says that an agent was heard of. An agent with no session, or who
	// is offline, is ErrNotFound.
	TouchPresence(ctx context.Context, p TouchParams) (Session, error)

	// ReserveAgent takes the agent of the campaign who has been ready longest, and has
	// not expired, for the call: no agent is ever taken for two. A call that has an
	// agent gets the same one again. A call that ended, was connected or was abandoned
	// gets none, and Gone says so.
	ReserveAgent(ctx context.Context, p ReserveParams) (ReserveResult, error)

	// ReleaseAgent frees the agent who was reserved for a call and did not get into
	// it. The call may have another. Any other agent stays as they are.
	ReleaseAgent(ctx context.Context, p ReleaseParams) error

	// ExpirePresence makes everybody offline who has expired and is in no call, and
	// frees agents whose call is settled. It returns how many it changed.
	ExpirePresence(ctx context.Context, p ExpireParams) (int, error)

	// ListPresence returns the sessions of a campaign in the order of agent ids.
	ListPresence(ctx context.Context, p ListParams) ([]Session, error)
}

// SetParams asks for a state.
type SetParams struct {
	CampaignID uuid.UUID
	AgentID    uuid.UUID
	State      State
	ExpiresAt  time.Time
	Now        time.Time
}

// TouchParams says that an agent was heard of.
type TouchParams struct {
	AgentID   uuid.UUID
	ExpiresAt time.Time
	Now       time.Time
}

// ReserveParams asks for an agent.
type ReserveParams struct {
	CampaignID uuid.UUID
	CallID     uuid.UUID
	Now        time.Time
}

// ReserveResult is the agent who was reserved.
type ReserveResult struct {
	// AgentID is the nil UUID when nobody was free.
	AgentID uuid.UUID
	// Held says that the agent had been reserved for the call before.
	Held bool
	// Gone says that the call needs nobody any more.
	Gone bool
}

// ReleaseParams frees an agent.
type ReleaseParams struct {
	CampaignID uuid.UUID
	CallID     uuid.UUID
	AgentID    uuid.UUID
	Now        time.Time
}

// ExpireParams says what time it is.
type ExpireParams struct{ Now time.Time }

// ListParams asks for a campaign's sessions.
type ListParams struct{ CampaignID uuid.UUID }

// StateAt is what the agent is doing at a moment: offline for somebody who has expired
// and is in no call, even if nobody has noted it yet.
func (s Session) StateAt(now time.Time) State {
	if !s.State.Busy() && !s.ExpiresAt.After(now) {
		return StateOffline
	}
	return s.State
}
