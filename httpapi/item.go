package httpapi

import (
	"time"

	"github.com/google/uuid"

	"github.com/outdial/outdial"
	"github.com/outdial/outdial/queue"
)

// item is the JSON form of a queue.Item. Its names are the table's columns; what
// does not apply is null.
type item struct {
	ID             uuid.UUID   `json:"id"`
	CampaignID     uuid.UUID   `json:"campaign_id"`
	AgentID        *uuid.UUID  `json:"agent_id"`
	ContactID      uuid.UUID   `json:"contact_id"`
	State          queue.State `json:"queue_state"`
	Priority       int         `json:"priority"`
	Pooled         bool        `json:"pooled"`
	ScheduledFor   *time.Time  `json:"scheduled_for"`
	CallbackAt     *time.Time  `json:"callback_at"`
	CallbackAgent  *uuid.UUID  `json:"callback_agent_id"`
	QueuedAt       *time.Time  `json:"queued_at"`
	ReleasedAt     *time.Time  `json:"released_at"`
	LockedAt       *time.Time  `json:"locked_at"`
	LockExpiresAt  *time.Time  `json:"lock_expires_at"`
	LockVersion    int         `json:"lock_version"`
	Attempts       int         `json:"attempts"`
	FailReason     *string     `json:"fail_reason"`
	LaunchID       *uuid.UUID  `json:"launch_id"`
	EnqueuedBy     *string     `json:"enqueued_by"`
	EnqueuedReason *string     `json:"enqueued_reason"`
	Contact        contact     `json:"contact"`
}

// contact is what an item shows of who it is about.
type contact struct {
	ID        uuid.UUID  `json:"id"`
	AccountID *uuid.UUID `json:"account_id"`
	FirstName string     `json:"first_name"`
	LastName  string     `json:"last_name"`
	Company   string     `json:"company"`
	Phone     string     `json:"phone"`
	Timezone  string     `json:"timezone"`
}

// newItem returns the form of an item that the actor may see. The phone is in
// full only for the agent who has to dial it now.
func newItem(from queue.Item, actor outdial.Actor) item {
	phone := from.Contact.Phone.Masked()
	if holds(actor, from) {
		phone = from.Contact.Phone.E164()
	}
	return item{
		ID:             from.ID,
		CampaignID:     from.CampaignID,
		AgentID:        idOrNull(from.AgentID),
		ContactID:      from.ContactID,
		State:          from.State,
		Priority:       from.Priority,
		Pooled:         from.Pooled,
		ScheduledFor:   timeOrNull(from.ScheduledFor),
		CallbackAt:     timeOrNull(from.CallbackAt),
		CallbackAgent:  idOrNull(from.CallbackAgentID),
		QueuedAt:       timeOrNull(from.QueuedAt),
		ReleasedAt:     timeOrNull(from.ReleasedAt),
		LockedAt:       timeOrNull(from.LockedAt),
		LockExpiresAt:  timeOrNull(from.LockExpiresAt),
		LockVersion:    from.LockVersion,
		Attempts:       from.Attempts,
		FailReason:     textOrNull(from.FailReason),
		LaunchID:       idOrNull(from.LaunchID),
		EnqueuedBy:     textOrNull(from.Provenance.By),
		EnqueuedReason: textOrNull(string(from.Provenance.Reason)),
		Contact: contact{
			ID:        from.Contact.ID,
			AccountID: idOrNull(from.Contact.AccountID),
			FirstName: from.Contact.FirstName,
			LastName:  from.Contact.LastName,
			Company:   from.Contact.Company,
			Phone:     phone,
			Timezone:  from.Contact.Timezone,
		},
	}
}

// holds says whether the item is the actor's to call. An item of nobody is
// nobody's, even for an actor without an id.
func holds(actor outdial.Actor, from queue.Item) bool {
	working := from.State == queue.StateLocked || from.State == queue.StateInProgress
	return working && from.AgentID != uuid.Nil && from.AgentID == actor.ID
}

func idOrNull(id uuid.UUID) *uuid.UUID {
	if id == uuid.Nil {
		return nil
	}
	return &id
}

func textOrNull(text string) *string {
	if text == "" {
		return nil
	}
	return &text
}

func timeOrNull(at time.Time) *time.Time {
	if at.IsZero() {
		return nil
	}
	at = at.UTC()
	return &at
}
