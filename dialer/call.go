package dialer

import (
	"log/slog"
	"time"

	"github.com/google/uuid"

	"github.com/outdial/outdial"
)

// Call is one attempt to reach one contact: a row of call_attempts. It is written
// when its item is claimed, before anything is dialed, so that nothing that may have
// been dialed is ever without a row.
type Call struct {
	// Facts are what has happened to the call, as far as anybody has told.
	Facts

	// ID names the attempt. It is the idempotency token of everything that is asked
	// of the carrier about it.
	ID uuid.UUID
	// Ref is how the carrier's events name the attempt.
	Ref Ref
	// ItemVersion is the item's lock_version after this call last moved it. While the
	// item still has it, nobody else has touched the item, and news of the call may
	// move it on; after that they are kept and change nothing.
	ItemVersion int
	ContactID   uuid.UUID
	// Phone is what is dialed.
	Phone outdial.Phone
	// Attempt counts the contact's attempts in the campaign, this one included, from
	// the moment it is placed.
	Attempt   int
	ClaimedAt time.Time
	// PlacedAt is when the call was about to be placed: from then on it may exist.
	PlacedAt time.Time
	// LostAt is when the store noted that nobody knew what became of it. News of the
	// call clear it.
	LostAt time.Time
	// CallSID is the carrier's name for the call, empty until it is known.
	CallSID string
	// AgentID is the agent reserved for it.
	AgentID uuid.UUID
	// Outcome is what came of the call, and SettledAt when that was first known. A
	// call that is not settled holds its phone.
	Outcome   Outcome
	SettledAt time.Time
}

// Ref names an attempt the way an event can carry it, in the address that a carrier
// calls back: the item, and the lock_version that the claim gave it. The zero Ref
// names none.
type Ref struct {
	CampaignID  uuid.UUID
	ItemID      uuid.UUID
	LockVersion int
}

// AwaitsAgent says whether a person has answered and nobody talks to them yet. Where
// no machine detection runs, detects is false and an answer is a person.
func (c Call) AwaitsAgent(detects bool) bool {
	if !c.Answered() || !c.EndedAt.IsZero() || !c.ConnectedAt.IsZero() || !c.AbandonedAt.IsZero() {
		return false
	}
	if c.AMD == "" {
		return !detects
	}
	return !c.AMD.Machine()
}

// AtMachine says whether the call goes on with no person at the other end, so that
// it may be hung up.
func (c Call) AtMachine() bool {
	return c.AMD.Machine() && c.EndedAt.IsZero() && c.ConnectedAt.IsZero() && c.AbandonedAt.IsZero()
}

// LogValue implements slog.LogValuer with what tells calls apart, and the phone
// redacted.
func (c Call) LogValue() slog.Value { return slog.GroupValue(c.logged()...) }

func (c Call) logged() []slog.Attr {
	return []slog.Attr{
		slog.Any("campaign_id", c.Ref.CampaignID), slog.Any("queue_id", c.Ref.ItemID),
		slog.Any("contact_id", c.ContactID), slog.Any("agent_id", c.AgentID),
		slog.Any("call_id", c.ID), slog.String("call_sid", c.CallSID),
		slog.Int("lock_version", c.ItemVersion), slog.Any("phone", c.Phone),
	}
}

// Item is one row of the power queue.
type Item struct {
	ID         uuid.UUID
	CampaignID uuid.UUID
	ContactID  uuid.UUID
	State      State
	// Priority orders the queue, higher first.
	Priority int
	// NextAttemptAt is the time before which the item must not be dialed.
	NextAttemptAt time.Time
	// Attempts counts the calls that were placed for the item.
	Attempts int
	// CallZone is the time zone in which the contact may be called, an IANA name; the
	// empty one is that nobody knows.
	CallZone string
	// CallSID and AgentID are those of the item's last call.
	CallSID string
	AgentID uuid.UUID
	// LockVersion counts the item's changes of state.
	LockVersion int
	FailReason  string
	LaunchID    uuid.UUID
	Provenance  outdial.Provenance
	QueuedAt    time.Time
	UpdatedAt   time.Time
}
