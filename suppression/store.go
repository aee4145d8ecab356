package suppression

import (
	"context"
	"time"

	"github.com/google/uuid"
)

// Store is what suppression needs of a database. Each method is one atomic step: when
// it returns an error, nothing has changed. Parameters have been checked, entries have
// their normalized keys, and every params struct that has a use for it carries Now.
//
// Whatever changes the list writes the entries, one event for each entry that changed,
// and one audit entry, in one transaction. An entry whose ExpiresAt is not after Now is
// not on the list. To add to a campaign that does not exist is ErrNotFound: such an entry
// would suppress nobody, and nobody would notice.
//
// The sentences below are a contract. Package storetest has a test for each.
type Store interface {
	// AddSuppressions puts entries on the list. Adding an entry twice is once: what is
	// there already stays as it is, except that it lasts until the later of the two
	// ends. An entry that has run out counts as not there. Two entries for one Place
	// in a call are added one after another.
	AddSuppressions(ctx context.Context, p AddParams) (AddResult, error)

	// RemoveSuppressions takes entries off the list: those that stand in exactly these
	// places, whatever their source. What is not there is passed over.
	RemoveSuppressions(ctx context.Context, p RemoveParams) (RemoveResult, error)

	// RevokeConsent puts the phone and the e-mail address of the contact, and the
	// targets that are named, on the list. Unless it is for one campaign only, it also
	// marks as opted out the contact and all contacts that have a target that is named.
	// An unknown contact is ErrNotFound.
	RevokeConsent(ctx context.Context, p ConsentParams) (ConsentResult, error)

	// RestoreConsent takes back what RevokeConsent with the same parameters does. An
	// entry that came from SourceImport stays: it is a registry's, and not theirs.
	RestoreConsent(ctx context.Context, p ConsentParams) (ConsentResult, error)

	// FindSuppressions returns the entries that hold for any of the targets, or for the
	// phone or the e-mail address of the contact, in the campaign or in all; and
	// whether the contact has opted out. Entries are ordered by their ids. An unknown
	// contact is ErrNotFound.
	FindSuppressions(ctx context.Context, p FindParams) (FindResult, error)

	// MatchSuppressions says which of many targets an entry holds for, in the campaign
	// or in all. Every entry counts that was committed before the call began.
	MatchSuppressions(ctx context.Context, p MatchParams) (MatchResult, error)

	// ListSuppressions returns entries that are on the list, in the order of their ids,
	// which is that of adding.
	ListSuppressions(ctx context.Context, p ListParams) (ListResult, error)

	ImportStore
	PurgeStore
}

// AddParams asks to suppress.
type AddParams struct {
	Entries []Entry
	ActorID uuid.UUID
	Now     time.Time
}

// AddResult says what is new.
type AddResult struct {
	// Added entries were not on the list, Extended ones last longer than they did.
	Added    int `json:"added"`
	Extended int `json:"extended"`
}

// RemoveParams asks to take entries off the list.
type RemoveParams struct {
	Places []Place
	// Reason is kept with the events.
	Reason  string
	ActorID uuid.UUID
	Now     time.Time
}

// RemoveResult says how many entries are gone.
type RemoveResult struct {
	Removed int `json:"removed"`
}

// ConsentParams says who has taken their consent back, or given it again: a contact,
// or whoever has one of the targets, or both.
type ConsentParams struct {
	// ContactID is the nil UUID when only targets are named.
	ContactID uuid.UUID
	// Entries are the targets that are named, as entries to add: with the campaign,
	// source, reason and ReceivedAt below.
	Entries []Entry
	// CampaignID limits it to one campaign; the nil UUID is all of them.
	CampaignID uuid.UUID
	Source     Source
	Reason     string
	// ReceivedAt is when they said so. Now is when it takes effect.
	ReceivedAt time.Time
	ActorID    uuid.UUID
	Now        time.Time
}

// ConsentResult says what a revocation, or the opposite, changed.
type ConsentResult struct {
	// Contacts are those whose flag changed.
	Contacts int `json:"contacts"`
	// Added entries came onto the list, Removed ones left it.
	Added   int `json:"added"`
	Removed int `json:"removed"`
}

// FindParams asks about a few targets.
type FindParams struct {
	Targets []Target
	// ContactID is the nil UUID when only targets are asked about.
	ContactID uuid.UUID
	// CampaignID is the nil UUID for the entries that hold in every campaign.
	CampaignID uuid.UUID
	Now        time.Time
}

// FindResult is why somebody must not be called; the zero value if they may.
type FindResult struct {
	Entries  []Listed
	OptedOut bool
}

// Listed is an entry that is on the list.
type Listed struct {
	Entry

	ID        uuid.UUID
	CreatedBy uuid.UUID
	// CreatedAt is the moment from which the entry holds.
	CreatedAt time.Time
}

// MatchParams asks about many targets.
type MatchParams struct {
	Targets    []Target
	CampaignID uuid.UUID
	Now        time.Time
}

// MatchResult says which of the targets are on the list.
type MatchResult struct {
	// Indexes are those of the targets, ascending.
	Indexes []int
}

// ListParams asks for a page of the list.
type ListParams struct {
	// Kind and Source are empty for all. CampaignID is one campaign's own entries, and
	// the nil UUID those that hold in every campaign, unless AllCampaigns asks for both.
	Kind         Kind
	Source       Source
	CampaignID   uuid.UUID
	AllCampaigns bool
	// After is the id of the last entry of the page before.
	After uuid.UUID
	Limit int
	Now   time.Time
}

// ListResult is a page of the list.
type ListResult struct {
	Entries []Listed
	// More says that another page follows.
	More bool
}

// ImportStore is what imports need of a database.
type ImportStore interface {
	// BeginImport returns the import of that version of that list for that campaign,
	// which it begins when there is none. An unknown campaign is ErrNotFound.
	BeginImport(ctx context.Context, p BeginImportParams) (Import, error)

	// ImportSuppressions adds entries as AddSuppressions does, and keeps how far the
	// import has come, in one step. It is ErrConflict when the import is not where the
	// caller believes it to be, or complete.
	ImportSuppressions(ctx context.Context, p ImportParams) (Import, error)

	// ListImports returns all imports, the one that began last first.
	ListImports(ctx context.Context) ([]Import, error)
}

// BeginImportParams names an import.
type BeginImportParams struct {
	// List is the name of the registry or list, Version what tells its issues apart.
	List    string
	Version string
	// CampaignID is the nil UUID for a list that holds in every campaign.
	CampaignID uuid.UUID
	// PublishedAt is the date from which the age of the list counts.
	PublishedAt time.Time
	ActorID     uuid.UUID
	Now         time.Time
}

// Import is one version of a list that was, or is being, imported.
type Import struct {
	ID          uuid.UUID `json:"id"`
	List        string    `json:"list"`
	Version     string    `json:"version"`
	CampaignID  uuid.UUID `json:"campaign_id"`
	PublishedAt time.Time `json:"published_at"`
	StartedBy   uuid.UUID `json:"started_by"`
	Checkpoint
	// Added, Extended and Unchanged count entries, as AddResult does.
	Added     int64     `json:"added"`
	Extended  int64     `json:"extended"`
	Unchanged int64     `json:"unchanged"`
	StartedAt time.Time `json:"started_at"`
	UpdatedAt time.Time `json:"updated_at"`
	// CompletedAt is zero until the whole file has been read.
	CompletedAt time.Time `json:"completed_at,omitzero"`
}

// Checkpoint is how far into its file an import has come.
type Checkpoint struct {
	// Lines and Bytes have been read, and Rejected of the lines were bad.
	Lines    int64 `json:"lines"`
	Bytes    int64 `json:"bytes"`
	Rejected int64 `json:"rejected"`
	// Digest is that of the bytes: a file that begins otherwise is another one.
	Digest string `json:"digest"`
}

// ImportParams is the next part of an import.
type ImportParams struct {
	ImportID uuid.UUID
	Entries  []Entry
	// From is where the caller found the import, To where this part ends. Only their
	// Bytes are compared.
	From Checkpoint
	To   Checkpoint
	// Complete says that the file ends there.
	Complete bool
	ActorID  uuid.UUID
	Now      time.Time
}

// PurgeStore is what takes items out of the queues whose contacts must not be called
// any more. An item that goes fails with the reason outdial's disposition
// do_not_call gives it: suppressed. Its lock_version changes, whoever has it.
type PurgeStore interface {
	// PurgeSuppressed is one step of following the feed of changes: it looks at the
	// next events behind the cursor, and fails items of both queues whose contact is
	// on the list by one of them, for their campaign, and still is. The cursor moves on
	// once no such item is left behind it, so that a step that was interrupted is
	// repeated, and a step that has done all it may says More. An item that somebody
	// else is changing at that moment is left for the next step.
	//
	// Of several processes that use one cursor at once, one works and the others are
	// told Busy.
	PurgeSuppressed(ctx context.Context, p PurgeParams) (PurgeResult, error)

	// SweepSuppressed looks at the next active items of one queue, in the order of
	// their ids, and fails those whose contact is on the list or has opted out, by
	// whatever way that came about.
	SweepSuppressed(ctx context.Context, p SweepParams) (SweepResult, error)
}

// PurgeParams bounds a step.
type PurgeParams struct {
	// Cursor is the name of the place in the feed that is moved on.
	Cursor string
	// Events and Items are the most that a step looks at and fails.
	Events int
	Items  int
	// Before leaves out events that were recorded at that time or later, and what comes
	// after them. Zero leaves out none.
	Before time.Time
	Now    time.Time
}

// PurgeResult says what a step did.
type PurgeResult struct {
	// AgentItems and PowerItems failed.
	AgentItems int
	PowerItems int
	// Events were left behind, the first of them recorded at Since.
	Events int
	Since  time.Time
	// More says that another step has something to do.
	More bool
	// Busy says that another process is at it, and nothing was done.
	Busy bool
}

// Queue names one of the two queues.
type Queue string

// The queues.
const (
	QueueAgent Queue = "agent"
	QueuePower Queue = "power"
)

// SweepParams asks for a part of a sweep.
type SweepParams struct {
	Queue Queue
	// After is the id of the last item that was looked at; the nil UUID begins.
	After uuid.UUID
	// Limit is how many active items are looked at.
	Limit int
	Now   time.Time
}

// SweepResult says what a part of a sweep did.
type SweepResult struct {
	Failed int
	// Last is the id of the last item that was looked at, and More says that there are
	// others.
	Last uuid.UUID
	More bool
}
