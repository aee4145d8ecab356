package queue

import (
	"log/slog"
	"time"

	"github.com/google/uuid"

	"github.com/outdial/outdial"
)

// Item is one row of the agent queue: a contact that is, or was, to be called in
// a campaign. Times that do not apply are zero.
type Item struct {
	ID         uuid.UUID
	CampaignID uuid.UUID
	// AgentID is whose item it is. The nil UUID is nobody: the item waits in the
	// pool.
	AgentID   uuid.UUID
	ContactID uuid.UUID
	State     State
	// Priority orders the queue, higher first.
	Priority int
	// Pooled says where the item goes when its lock ends: back to the pool, or to
	// the queue of its agent.
	Pooled bool
	// ScheduledFor is the time before which the item must not be pulled.
	ScheduledFor time.Time
	// CallbackAt is when the contact asked to be called; zero when they did not. It
	// puts the item before all others once it is due.
	CallbackAt time.Time
	// CallbackAgentID is who promised the callback. The item waits for them in the
	// pool, until they fail to be there. The nil UUID is anyone.
	CallbackAgentID uuid.UUID
	QueuedAt        time.Time
	ReleasedAt      time.Time
	LockedAt        time.Time
	// LockExpiresAt is when a locked item may be taken by somebody else.
	LockExpiresAt time.Time
	// LockVersion counts the item's changes of state. A conditional write names
	// the version it has seen and is refused when the item has moved on.
	LockVersion int
	Attempts    int
	FailReason  string
	// LaunchID is the launch that queued the item, the nil UUID when none did.
	LaunchID   uuid.UUID
	Provenance outdial.Provenance
	// Contact is who the item is about.
	Contact outdial.Contact
}

// LogValue implements slog.LogValuer with the item's ids and state, and nothing
// of its contact but the id: a handler that writes JSON would otherwise write
// every field, the contact's number in full.
func (i Item) LogValue() slog.Value { return slog.GroupValue(i.logged()...) }

// logged is what a log record says of an item.
func (i Item) logged() []slog.Attr {
	return []slog.Attr{
		slog.Any("campaign_id", i.CampaignID), slog.Any("queue_id", i.ID),
		slog.Any("contact_id", i.ContactID), slog.Any("agent_id", i.AgentID),
		slog.Int("lock_version", i.LockVersion), slog.String("queue_state", string(i.State)),
	}
}
