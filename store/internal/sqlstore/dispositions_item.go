package sqlstore

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/outdial/outdial"
	"github.com/outdial/outdial/dialer"
	"github.com/outdial/outdial/disposition"
	"github.com/outdial/outdial/queue"
)

// recording is one disposition on its way into the database.
type recording struct {
	store *Store
	c     *Conn
	p     disposition.RecordParams

	// What the disposition is about. Phone is the number that was called.
	queue           disposition.Queue
	contactID       uuid.UUID
	agentID         uuid.UUID
	phone, phoneKey string
	state           string
	failReason      string
	version         int
	// fixed says that the item stays as it is, whatever the disposition says.
	fixed bool
	// inHand says that an agent had the item when a purge took it.
	inHand bool
	// call is that of an item of the power queue.
	call dialer.Call
	// standing is what the campaign knows of the contact.
	standing standing
	// before is what a correction of this disposition puts back.
	before before

	tried    disposition.Tried
	decision disposition.Decision
	result   disposition.Result
}

// standing is what a campaign knows of a contact, as the query get_standing selects it.
type standing struct {
	PolicyRow

	Attempts      int     `db:"attempts"`
	NextAttemptAt instant `db:"next_attempt_at"`
	FinishedAt    instant `db:"finished_at"`
	FinishReason  string  `db:"finish_reason"`
	Timezone      string  `db:"timezone"`
	PhoneStatus   string  `db:"phone_status"`
	Suppressed    bool    `db:"suppressed"`
}

// before is how things stood before a disposition: what a correction puts back. It is
// kept as JSON beside the disposition.
type before struct {
	NextAttemptAt time.Time `json:"next_attempt_at,omitzero"`
	FinishedAt    time.Time `json:"finished_at,omitzero"`
	FinishReason  string    `json:"finish_reason,omitempty"`
	PhoneStatus   string    `json:"phone_status,omitempty"`
	// AttemptedAt is when the attempt was first recorded.
	AttemptedAt time.Time `json:"attempted_at"`
	// Pooled, CallbackAgentID and Priority are the item's.
	Pooled          bool      `json:"pooled,omitempty"`
	CallbackAgentID uuid.UUID `json:"callback_agent_id,omitzero"`
	Priority        int       `json:"priority,omitempty"`
	// Fixed says that the item could not be moved any more.
	Fixed   bool                 `json:"fixed,omitempty"`
	Remains []disposition.Remain `json:"remains,omitempty"`
}

// find says which queue the item is in, and whom it is about, before anything is
// locked.
func (r *recording) find(ctx context.Context) error {
	var row struct {
		Queue     string    `db:"queue"`
		ContactID uuid.UUID `db:"contact_id"`
		Phone     string    `db:"phone"`
		PhoneKey  string    `db:"phone_key"`
	}
	err := r.c.Get(ctx, &row, "find_subject", Args{"campaign_id": r.p.CampaignID, "item_id": r.p.ItemID})
	if isNoRow(err) {
		return noItem()
	}
	r.queue, r.contactID, r.phone, r.phoneKey = disposition.Queue(row.Queue), row.ContactID, row.Phone, row.PhoneKey
	return err
}

// mayQueue says whether the disposition may queue somebody who is not queued now.
func (r *recording) mayQueue() bool {
	effect := r.p.Rule.Effect
	return r.p.Supersedes != uuid.Nil ||
		r.queue == disposition.QueuePower && (effect == disposition.EffectRetry || effect == disposition.EffectCallback)
}

// lockNumber takes everybody who has the number, if the disposition is about that, or
// the contact alone, if the contact may be queued.
func (r *recording) lockNumber(ctx context.Context) error {
	var who []uuid.UUID
	switch effect := r.p.Rule.Effect; {
	case effect.AboutPhone():
		return r.c.Select(ctx, &who, "lock_phone", Args{"phone_key": r.phoneKey})
	case effect == disposition.EffectRetry || effect == disposition.EffectCallback:
		return r.c.Select(ctx, &who, "share_contact", Args{"contact_id": r.contactID})
	default:
		return nil
	}
}

// lock locks the item and reads what the campaign knows of its contact.
func (r *recording) lock(ctx context.Context) error {
	lock := r.lockItem
	if r.queue == disposition.QueuePower {
		lock = r.lockCallItem
	}
	if err := lock(ctx); err != nil {
		return err
	}
	err := r.c.Get(ctx, &r.standing, "get_standing", Args{
		"campaign_id": r.p.CampaignID, "contact_id": r.contactID, "now": r.store.at(r.p.Now),
	})
	if isNoRow(err) {
		return outdial.NotFound("contact")
	}
	if err != nil {
		return err
	}
	r.before.NextAttemptAt, r.before.FinishedAt = r.standing.NextAttemptAt.Time, r.standing.FinishedAt.Time
	r.before.FinishReason, r.before.PhoneStatus = r.standing.FinishReason, r.standing.PhoneStatus
	r.before.AttemptedAt = r.p.Now.UTC().Truncate(time.Microsecond)
	if r.queue == disposition.QueuePower && r.before.FinishReason == string(dialer.OutcomeConnected) {
		// The end of the conversation finished the contact for as long as nobody said more.
		r.before.FinishReason, r.before.FinishedAt = "", time.Time{}
	}
	return nil
}

func (r *recording) lockItem(ctx context.Context) error {
	var row ItemRow
	err := r.c.Get(ctx, &row, "lock_item", Args{"campaign_id": r.p.CampaignID, "item_id": r.p.ItemID})
	if isNoRow(err) {
		return noItem()
	}
	r.contactID, r.agentID = row.ContactID, row.AgentID.UUID
	r.state, r.version, r.failReason = row.State, row.LockVersion, row.FailReason
	r.before.Pooled, r.before.CallbackAgentID, r.before.Priority = row.Pooled, row.CallbackAgentID.UUID, row.Priority
	r.inHand = row.LockedAt.Valid()
	return err
}

func (r *recording) lockCallItem(ctx context.Context) error {
	args := Args{"campaign_id": r.p.CampaignID, "item_id": r.p.ItemID}
	var item struct {
		CallID   uuid.NullUUID `db:"call_id"`
		Priority int           `db:"priority"`
	}
	if err := r.c.Get(ctx, &item, "get_call_item", args); err != nil {
		return err
	}
	row, found, err := getRow[lockedCall](ctx, r.c, "lock_call_and_item", Args{
		"campaign_id": r.p.CampaignID, "call_id": item.CallID.UUID,
	})
	if err != nil {
		return err
	}
	if !found {
		return outdial.Conflict("the item has not been called")
	}
	r.call = row.Call()
	r.contactID, r.agentID = row.ContactID, r.call.AgentID
	r.phone, r.phoneKey = row.Phone, row.PhoneKey
	r.state, r.version, r.failReason = row.State, row.Version, row.FailReason
	r.before.Priority = item.Priority
	r.inHand = !r.call.ConnectedAt.IsZero() && row.Version == r.call.ItemVersion+1
	return nil
}

// purged says whether a purge has just taken the item out of the agent's hands.
func (r *recording) purged() bool {
	return r.inHand && r.state == string(queue.StateFailed) && r.version == r.p.LockVersion+1 &&
		(r.failReason == disposition.FailSuppressed || r.failReason == disposition.FailInvalidNumber)
}

// check says whether the agent may dispose of the item.
func (r *recording) check() error {
	r.fixed = r.purged()
	r.before.Fixed = r.fixed
	switch {
	case !r.fixed && !r.seen():
		return outdial.Conflict(fmt.Sprintf("lock_version is %d by now", r.version))
	case r.p.AgentID != uuid.Nil && r.agentID != uuid.Nil && r.agentID != r.p.AgentID:
		return outdial.Forbidden("another agent has the item")
	case !r.fixed && !r.disposable():
		return outdial.Conflict(fmt.Sprintf("a disposition is not possible while the item is %s", r.state))
	}
	return nil
}

// seen says whether the caller has seen the item as it is. What the call itself did to
// an item of the power queue since is no news to its agent.
func (r *recording) seen() bool {
	if r.queue == disposition.QueueAgent {
		return r.version == r.p.LockVersion
	}
	return r.version == r.call.ItemVersion && r.call.Ref.LockVersion <= r.p.LockVersion && r.p.LockVersion <= r.version
}

func (r *recording) disposable() bool {
	if r.queue == disposition.QueueAgent {
		return queue.MoveComplete.Allowed(queue.State(r.state))
	}
	return !r.call.ConnectedAt.IsZero() && slices.ContainsFunc(dialer.States(), func(to dialer.State) bool {
		return dialer.MoveDispose.Allowed(dialer.State(r.state), to)
	})
}
