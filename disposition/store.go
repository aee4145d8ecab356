package disposition

import (
	"context"
	"encoding/json"
	"time"

	"github.com/google/uuid"

	"github.com/outdial/outdial"
	"github.com/outdial/outdial/dialer"
	"github.com/outdial/outdial/dialer/callwindow"
)

// Store is what dispositions need of a database. Each method is one atomic step: when
// it returns an error, nothing has changed. Parameters have been checked but for what
// a method says, and every params struct that has a use for it carries Now.
//
// The sentences below are a contract. Package storetest has a test for each.
type Store interface {
	// RecordDisposition applies a disposition to an item of either queue, as Decide
	// says, with the campaign's policy over that of the process. It moves the item,
	// keeps the contact's ledger, writes the disposition and one audit entry, and makes
	// a lead where there is none yet.
	//
	// An item of the agent queue must be locked or in progress. An item of the power
	// queue must have had a conversation, which may still go on, and no disposition
	// yet; its attempt was counted when it was placed. LockVersion must be the item's,
	// or, in the power queue, one that the same call gave it. Anything else is
	// ErrConflict, an item that another agent has is ErrForbidden, and an item that the
	// campaign has not is ErrNotFound.
	//
	// An item that a purge took out of the agent's hands meanwhile stays as it is: the
	// attempt counts, and what was recorded is kept. It does not finish a contact who is
	// active again in the campaign, unless it is EffectSuppress.
	//
	// A request with the fingerprint of one that was recorded for the same item and
	// LockVersion changes nothing and has the same result; another one is ErrConflict.
	//
	// EffectSuppress puts the number that was called on the list for every campaign,
	// and EffectInvalidate marks it as wrong wherever it stands. Both fail every active
	// item with that number, of every campaign and of both queues, in the same step.
	//
	// A contact who is on the list by now is not queued again: the item fails,
	// FailSuppressed.
	//
	// A personal callback waits in the pool for its agent; one for anyone waits in the
	// pool, or in the power queue if the item is of that. A callback time must pass
	// CheckCallback, and a contact's zone must be among Open, or it is a
	// *WindowClosedError.
	//
	// With Supersedes, the disposition takes the place of the item's last one, which
	// must be that agent's and no older than CorrectWithin, while nobody has touched the
	// item since: ErrConflict otherwise, and ErrNotFound when the item has no such
	// disposition. What the earlier one did is put back first, except that who is on
	// the list stays there, and items of other contacts that were failed stay failed.
	RecordDisposition(ctx context.Context, p RecordParams) (Result, error)

	// ListDispositions returns what was recorded in a campaign, in the order of the ids,
	// which is that of recording.
	ListDispositions(ctx context.Context, p ListParams) (ListResult, error)

	// ListLeads returns the leads of a campaign in the order of their ids.
	ListLeads(ctx context.Context, p ListLeadsParams) (ListLeadsResult, error)

	// CampaignPolicy returns what the campaign overrides, zero fields where nothing. An
	// unknown campaign is ErrNotFound.
	CampaignPolicy(ctx context.Context, campaignID uuid.UUID) (dialer.RetryPolicy, error)

	// SetCampaignPolicy replaces what the campaign overrides, and writes one audit
	// entry. An unknown campaign is ErrNotFound.
	SetCampaignPolicy(ctx context.Context, p SetPolicyParams) error
}

// Queue names one of the two queues.
type Queue string

// The queues.
const (
	QueueAgent Queue = "agent"
	QueuePower Queue = "power"
)

// Recipient says whose a callback is.
type Recipient string

// The recipients.
const (
	// RecipientAgent is the agent who promised it, until they fail to be there.
	RecipientAgent Recipient = "agent"
	// RecipientAnyone is whoever is free.
	RecipientAnyone Recipient = "anyone"
)

// RecordParams says what an agent has recorded.
type RecordParams struct {
	CampaignID uuid.UUID
	ItemID     uuid.UUID
	// LockVersion is the version the caller has seen.
	LockVersion int
	// AgentID is who must have the item; the nil UUID is anyone.
	AgentID uuid.UUID
	ActorID uuid.UUID
	Rule    Rule
	// CallbackAt and CallbackFor are those of a callback.
	CallbackAt  time.Time
	CallbackFor Recipient
	// Open is where people may be called at CallbackAt.
	Open callwindow.Open
	// Metadata is a JSON object, or nil.
	Metadata json.RawMessage
	// Supersedes is the disposition that was a mistake; the nil UUID is none.
	Supersedes uuid.UUID
	// CorrectWithin is how old that may be.
	CorrectWithin time.Duration
	// Policy is that of the process.
	Policy dialer.RetryPolicy
	// Fingerprint is a digest of what was asked.
	Fingerprint string
	Idempotency outdial.Idempotency
	Now         time.Time
}

// Remain is something that a correction cannot put back.
type Remain string

// The remains.
const (
	// RemainSuppression is the number's place on the list.
	RemainSuppression Remain = "suppression"
	// RemainPurged is what was taken out of the queues with that number: it stays failed.
	RemainPurged Remain = "purged_items"
)

// Result says what a disposition did. Its JSON form is what callers of the HTTP API
// get, and what a repeated request gets again.
type Result struct {
	ID     uuid.UUID `json:"id"`
	Code   Code      `json:"disposition"`
	Effect Effect    `json:"effect"`
	// Queue, ItemID, State and LockVersion are the item as the disposition left it.
	Queue       Queue     `json:"queue"`
	ItemID      uuid.UUID `json:"item_id"`
	State       string    `json:"state"`
	LockVersion int       `json:"lock_version"`
	FailReason  string    `json:"fail_reason"`
	// CallbackItemID is the item of the agent queue that waits for the callback, when it
	// is another one.
	CallbackItemID *uuid.UUID `json:"callback_item_id"`
	// Attempts counts the contact's attempts in the campaign.
	Attempts int `json:"attempts"`
	// NextAttemptAt is when the contact may, or is to be, called next.
	NextAttemptAt *time.Time `json:"next_attempt_at"`
	// FinishReason is why the campaign is done with the contact, empty when it is not.
	FinishReason string `json:"finish_reason"`
	// LeadID is the contact's lead when the disposition is about one, and LeadCreated
	// says that it is new.
	LeadID      *uuid.UUID `json:"lead_id"`
	LeadCreated bool       `json:"lead_created"`
	// Suppressed says that the number was not on the list before.
	Suppressed bool `json:"suppressed"`
	// Purged counts the items of others that were failed with the number.
	Purged int `json:"purged"`
	// Supersedes is the disposition that this one took the place of, and Remains what of
	// it could not be put back.
	Supersedes *uuid.UUID `json:"supersedes"`
	Remains    []Remain   `json:"remains,omitempty"`
}

// WindowClosedError is an outdial.ErrInvalid: nobody may be called in that zone at the
// time that was asked for.
type WindowClosedError struct {
	// Zone is the contact's, an IANA name; empty when nobody knows.
	Zone string
	// Next is the next possible time, zero when there is none soon.
	Next time.Time
}

// Error implements error.
func (e *WindowClosedError) Error() string {
	const closed = "callback_at: is outside of the hours in which the contact may be called"
	if e.Next.IsZero() {
		return closed
	}
	return closed + "; the next possible time is " + e.Next.UTC().Format(time.RFC3339)
}

// Is reports that a WindowClosedError is an outdial.ErrInvalid.
func (e *WindowClosedError) Is(target error) bool { return target == outdial.ErrInvalid }

// As lets a WindowClosedError be handled as the *outdial.FieldError that it is.
func (e *WindowClosedError) As(target any) bool {
	field, ok := target.(**outdial.FieldError)
	if ok {
		const name = "callback_at"
		*field = &outdial.FieldError{Field: name, Problem: e.Error()[len(name+": "):]}
	}
	return ok
}

// Record is a disposition as it was recorded.
type Record struct {
	ID         uuid.UUID `json:"id"`
	CampaignID uuid.UUID `json:"campaign_id"`
	Queue      Queue     `json:"queue"`
	ItemID     uuid.UUID `json:"item_id"`
	// LockVersion is the item's version that was disposed of, ItemVersion the one that
	// the disposition left.
	LockVersion int       `json:"lock_version"`
	ItemVersion int       `json:"item_version"`
	ContactID   uuid.UUID `json:"contact_id"`
	// CallID is the call of an item of the power queue.
	CallID  uuid.UUID `json:"call_id"`
	AgentID uuid.UUID `json:"agent_id"`
	ActorID uuid.UUID `json:"actor_id"`
	Code    Code      `json:"disposition"`
	Effect  Effect    `json:"effect"`
	// Attempt is the number of the contact's attempt that it was about.
	Attempt    int             `json:"attempt"`
	CallbackAt time.Time       `json:"callback_at,omitzero"`
	Metadata   json.RawMessage `json:"metadata,omitempty"`
	// Supersedes and SupersededBy are the nil UUID where there is no correction.
	Supersedes   uuid.UUID `json:"supersedes"`
	SupersededBy uuid.UUID `json:"superseded_by"`
	RecordedAt   time.Time `json:"recorded_at"`
}

// ListParams asks for a page of dispositions.
type ListParams struct {
	CampaignID uuid.UUID
	// ContactID restricts the page to one contact; the nil UUID does not.
	ContactID uuid.UUID
	// After is the id of the last one of the page before; the nil UUID starts.
	After uuid.UUID
	Limit int
}

// ListResult is a page of dispositions.
type ListResult struct {
	Records []Record
	More    bool
}

// Lead is a contact who became one.
type Lead struct {
	ID         uuid.UUID `json:"id"`
	CampaignID uuid.UUID `json:"campaign_id"`
	ContactID  uuid.UUID `json:"contact_id"`
	// DispositionID is what made it, and AgentID whose call.
	DispositionID uuid.UUID `json:"disposition_id"`
	AgentID       uuid.UUID `json:"agent_id"`
	CreatedAt     time.Time `json:"created_at"`
	// WithdrawnAt is when a correction took it back; zero when it stands.
	WithdrawnAt time.Time `json:"withdrawn_at,omitzero"`
}

// ListLeadsParams asks for a page of leads.
type ListLeadsParams struct {
	CampaignID uuid.UUID
	// After is the id of the last one of the page before; the nil UUID starts.
	After uuid.UUID
	Limit int
}

// ListLeadsResult is a page of leads.
type ListLeadsResult struct {
	Leads []Lead
	More  bool
}

// SetPolicyParams replaces what a campaign overrides.
type SetPolicyParams struct {
	CampaignID uuid.UUID
	ActorID    uuid.UUID
	Policy     dialer.RetryPolicy
	Now        time.Time
}
