package suppression

import (
	"fmt"
	"io"
	"log/slog"

	"github.com/google/uuid"

	"github.com/outdial/outdial"
)

// Target is a value as the list knows it: what contacts and entries are matched on.
// Printing or logging one redacts it.
type Target struct {
	Kind Kind
	// Key is the normalized form: E.164, or the address in lower case.
	Key string
}

// PhoneTarget returns the target of a number in E.164 form.
func PhoneTarget(phone outdial.Phone) Target { return Target{Kind: KindPhone, Key: phone.E164()} }

// EmailTarget returns the target of an address, in whatever case it is.
func EmailTarget(email outdial.Email) Target { return Target{Kind: KindEmail, Key: email.Key()} }

// String returns the kind and the redacted key.
func (t Target) String() string { return string(t.Kind) + " " + masked(t.Kind, t.Key) }

// GoString returns the redacted form, so that %#v does not leak the key.
func (t Target) GoString() string { return "suppression.Target(" + t.String() + ")" }

// Format implements fmt.Formatter with the redacted form, whatever the verb.
func (t Target) Format(f fmt.State, verb rune) { format(f, verb, t.String(), t.GoString()) }

// LogValue implements slog.LogValuer with the redacted form.
func (t Target) LogValue() slog.Value { return slog.StringValue(t.String()) }

// Place is where an entry stands: each target can be on the list once for every
// campaign, and once for each.
type Place struct {
	Target

	// CampaignID is the nil UUID for the entry that holds in every campaign.
	CampaignID uuid.UUID
}

// masked is a value as a log may carry it.
func masked(kind Kind, value string) string {
	if kind == KindEmail {
		return outdial.Email(value).Masked()
	}
	return outdial.Phone(value).Masked()
}

// format prints what is redacted under every verb.
func format(f fmt.State, verb rune, text, source string) {
	if verb == 'v' && f.Flag('#') {
		_, _ = io.WriteString(f, source)
		return
	}
	_, _ = fmt.Fprintf(f, fmt.FormatString(f, verb), text)
}
