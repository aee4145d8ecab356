// Package intake brings contacts in. It reads a CSV file as people export it,
// normalizes phones and addresses, reports every row it cannot use, and streams
// the rest into a campaign in batches, so that a file of any size needs the same
// memory. On the way it learns what the other columns hold, so that filters can
// name them.
package intake

import (
	"context"
	"time"

	"github.com/google/uuid"

	"github.com/outdial/outdial"
	"github.com/outdial/outdial/queue/filter"
)

// Store is what intake needs of a database.
type Store interface {
	// EnsureCampaign returns the campaign with that id, or with that name when ID
	// is the nil UUID, and creates it when there is none. A name is compared as it
	// is, in upper and lower case. Creating one with an id needs a name too; an
	// unknown id without a name is ErrNotFound.
	EnsureCampaign(ctx context.Context, p EnsureCampaignParams) (EnsureCampaignResult, error)

	// AddContacts adds each contact that the database does not have yet, and puts
	// it into the campaign. Contacts are told apart by their SourceKey; one that
	// exists already is not changed, whatever its other fields say, except that an
	// opt-out is honoured.
	AddContacts(ctx context.Context, p AddContactsParams) (AddContactsResult, error)

	// RegisterAttributes makes attributes known as fields that filters may name. One
	// that is known already gets the type that holds both what it held and what it
	// holds now; a type is never narrowed.
	RegisterAttributes(ctx context.Context, p RegisterAttributesParams) error

	// RecordImport writes the audit entry of an import.
	RecordImport(ctx context.Context, p RecordImportParams) error
}

// EnsureCampaignParams names a campaign.
type EnsureCampaignParams struct {
	ID   uuid.UUID
	Name string
	Now  time.Time
}

// EnsureCampaignResult is the campaign, and whether it is new.
type EnsureCampaignResult struct {
	Campaign outdial.Campaign
	Created  bool
}

// NewContact is a contact on its way in.
type NewContact struct {
	// SourceKey tells contacts apart across imports: the same person in the same
	// list has the same key.
	SourceKey string
	// Priority orders the contact in the campaign's queues, higher first.
	Priority int
	// Attempts, NextAttemptAt, FinishedAt and FinishReason are what is already
	// known of the contact in this campaign, for lists that come from another
	// system. The zero values are a contact nobody has tried.
	Attempts      int
	NextAttemptAt time.Time
	FinishedAt    time.Time
	FinishReason  string
	Contact       outdial.Contact
}

// AddContactsParams asks to add a batch of contacts to a campaign. No two of them
// have one SourceKey.
type AddContactsParams struct {
	CampaignID uuid.UUID
	Contacts   []NewContact
	Now        time.Time
}

// RegisterAttributesParams names the attributes that contacts came with, each key
// once.
type RegisterAttributesParams struct {
	Attributes []filter.ImportedAttribute
	Now        time.Time
}

// AddContactsResult says what became of a batch: Added counts the contacts that
// are new to the campaign, Unchanged those that were in it already.
type AddContactsResult struct{ Added, Unchanged int }

// RecordImportParams is what an import's audit entry says.
type RecordImportParams struct {
	CampaignID uuid.UUID
	ActorID    uuid.UUID
	Result     Result
	Now        time.Time
}

// Result counts the rows of an import. Its JSON form is the last line that the
// import command prints.
type Result struct {
	CampaignID uuid.UUID `json:"campaign_id"`
	// Imported rows are new to the campaign, Unchanged ones were in it already,
	// Rejected ones could not be used.
	Imported  int `json:"imported"`
	Unchanged int `json:"unchanged"`
	Rejected  int `json:"rejected"`
}
