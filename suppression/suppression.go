// Package suppression holds who must never be called: numbers and addresses on a
// do-not-call or opt-out list, for every campaign or for one.
//
// The guarantee that the rest of the library builds on: no item is pulled,
// replaced in or enqueued whose phone or e-mail was suppressed by a transaction
// that committed before the claim began. The claiming statement itself asks the
// database.
package suppression

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"time"

	"github.com/google/uuid"

	"github.com/outdial/outdial"
)

// Kind says what an entry matches on.
type Kind string

// The kinds of entry.
const (
	KindPhone Kind = "phone"
	KindEmail Kind = "email"
)

// Source says where an entry came from.
type Source string

// The sources of entries.
const (
	SourceManual  Source = "manual"
	SourceWebhook Source = "webhook"
	SourceQA      Source = "qa"
	SourceImport  Source = "import"
)

// Entry is one line of the list. Printing or logging one redacts whom it is
// about.
type Entry struct {
	Kind Kind
	// Value is the phone in E.164 or the e-mail address, and Key the normalized
	// form that contacts are matched on. Use NewPhone and NewEmail to get both
	// right.
	Value string
	Key   string
	// CampaignID limits the entry to one campaign; the nil UUID is all of them.
	CampaignID uuid.UUID
	Source     Source
	Reason     string
	// ExpiresAt ends the entry; zero never does.
	ExpiresAt time.Time
}

// NewPhone returns a global manual entry for a phone.
func NewPhone(phone outdial.Phone) Entry {
	return Entry{Kind: KindPhone, Value: phone.E164(), Key: phone.E164(), Source: SourceManual}
}

// NewEmail returns a global manual entry for an e-mail address.
func NewEmail(email outdial.Email) Entry {
	return Entry{Kind: KindEmail, Value: email.Address(), Key: email.Key(), Source: SourceManual}
}

// String returns the kind and the redacted value.
func (e Entry) String() string { return string(e.Kind) + " " + e.masked() }

// GoString returns the redacted form, so that %#v does not leak the value.
func (e Entry) GoString() string { return "suppression.Entry(" + e.String() + ")" }

// Format implements fmt.Formatter with the redacted form, whatever the verb.
func (e Entry) Format(f fmt.State, verb rune) {
	if verb == 'v' && f.Flag('#') {
		_, _ = io.WriteString(f, e.GoString())
		return
	}
	_, _ = fmt.Fprintf(f, fmt.FormatString(f, verb), e.String())
}

// LogValue implements slog.LogValuer with what the entry says, its value
// redacted. The reason is free text that may name anybody, and stays out.
func (e Entry) LogValue() slog.Value {
	return slog.GroupValue(
		slog.String("kind", string(e.Kind)), slog.String("value", e.masked()),
		slog.Any("campaign_id", e.CampaignID), slog.String("source", string(e.Source)))
}

// masked is the value as a log may carry it.
func (e Entry) masked() string {
	if e.Kind == KindEmail {
		return outdial.Email(e.Value).Masked()
	}
	return outdial.Phone(e.Value).Masked()
}

// Store is what suppression needs of a database.
type Store interface {
	// AddSuppressions puts entries on the list, with one event for each that was
	// not there yet and one audit entry for the call, in one transaction. Adding
	// an entry twice is once.
	AddSuppressions(ctx context.Context, p AddParams) (AddResult, error)
}

// AddParams asks to suppress.
type AddParams struct {
	Entries []Entry
	ActorID uuid.UUID
	Now     time.Time
}

// AddResult says how many entries were new.
type AddResult struct {
	Added int `json:"added"`
}
