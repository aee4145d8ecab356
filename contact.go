package outdial

import (
	"encoding/json"
	"log/slog"
	"time"

	"github.com/google/uuid"
)

// Contact is somebody who may be called. A host may already have such a table;
// the library then adds only the columns that are missing.
type Contact struct {
	ID uuid.UUID
	// AccountID groups contacts of one company or household, so that a cap can
	// keep a queue from calling all of them. The nil UUID means no account; such
	// contacts are never capped together.
	AccountID uuid.UUID
	FirstName string
	LastName  string
	Company   string
	// Phone is what will be dialed. When PhoneStatus is PhoneInvalid it may be
	// whatever was given.
	Phone       Phone
	PhoneStatus PhoneStatus
	Email       Email
	// Country is an ISO 3166-1 alpha-2 code, Region a state or province.
	Country    string
	Region     string
	PostalCode string
	// Timezone is an IANA name, or empty when nobody knows.
	Timezone string
	// Invalid marks a contact that must not be used at all, OptedOut one who
	// asked not to be contacted. Neither is ever queued.
	Invalid  bool
	OptedOut bool
	// Attributes are a host's own fields, as one JSON object.
	Attributes json.RawMessage
}

// LogValue implements slog.LogValuer with what tells contacts apart and nothing
// that says who they are: a handler that writes JSON would otherwise write every
// field, the number and the address in full.
func (c Contact) LogValue() slog.Value {
	return slog.GroupValue(
		slog.Any("contact_id", c.ID), slog.Any("account_id", c.AccountID),
		slog.Any("phone", c.Phone), slog.String("phone_status", string(c.PhoneStatus)),
		slog.Any("email", c.Email))
}

// Campaign is one calling effort with its own audience and queues.
type Campaign struct {
	ID        uuid.UUID
	Name      string
	CreatedAt time.Time
}
