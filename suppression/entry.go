package suppression

import (
	"fmt"
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
	// SourceManual is a person: an agent, an operator, the callee.
	SourceManual Source = "manual"
	// SourceWebhook is another system, such as a texting service that was told STOP.
	SourceWebhook Source = "webhook"
	// SourceQA is whoever listens to calls afterwards.
	SourceQA Source = "qa"
	// SourceImport is a file, such as a registry's.
	SourceImport Source = "import"
)

// Sources lists every source there is, in a stable order.
func Sources() []Source { return []Source{SourceManual, SourceWebhook, SourceQA, SourceImport} }

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
	// ReceivedAt is when somebody asked for it, which may be earlier than the moment
	// from which it holds: a letter has been on its way. Zero is that moment.
	ReceivedAt time.Time
}

// Target is whom the entry is about.
func (e Entry) Target() Target { return Target{Kind: e.Kind, Key: e.Key} }

// Place is where the entry stands.
func (e Entry) Place() Place { return Place{Target: e.Target(), CampaignID: e.CampaignID} }

// NewPhone returns a global manual entry for a phone.
func NewPhone(phone outdial.Phone) Entry {
	return Entry{Kind: KindPhone, Value: phone.E164(), Key: phone.E164(), Source: SourceManual}
}

// NewEmail returns a global manual entry for an e-mail address.
func NewEmail(email outdial.Email) Entry {
	return Entry{Kind: KindEmail, Value: email.Address(), Key: email.Key(), Source: SourceManual}
}

// Masked is the value as a log, or somebody who does not keep the list, may see it.
func (e Entry) Masked() string { return masked(e.Kind, e.Value) }

// String returns the kind and the redacted value.
func (e Entry) String() string { return string(e.Kind) + " " + e.Masked() }

// GoString returns the redacted form, so that %#v does not leak the value.
func (e Entry) GoString() string { return "suppression.Entry(" + e.String() + ")" }

// Format implements fmt.Formatter with the redacted form, whatever the verb.
func (e Entry) Format(f fmt.State, verb rune) { format(f, verb, e.String(), e.GoString()) }

// LogValue implements slog.LogValuer with what the entry says, its value
// redacted. The reason is free text that may name anybody, and stays out.
func (e Entry) LogValue() slog.Value {
	return slog.GroupValue(
		slog.String("kind", string(e.Kind)), slog.String("value", e.Masked()),
		slog.Any("campaign_id", e.CampaignID), slog.String("source", string(e.Source)))
}
