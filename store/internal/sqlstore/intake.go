package sqlstore

import (
	"context"
	"encoding/json"
	"slices"

	"github.com/google/uuid"

	"github.com/outdial/outdial"
	"github.com/outdial/outdial/queue/intake"
)

// contactRecord is a new contact as the statements of AddContacts read it from a
// JSON array. Empty is null.
type contactRecord struct {
	ID            uuid.UUID       `json:"id"`
	SourceKey     string          `json:"source_key"`
	AccountID     *uuid.UUID      `json:"account_id"`
	FirstName     *string         `json:"first_name"`
	LastName      *string         `json:"last_name"`
	Company       *string         `json:"company"`
	Phone         *string         `json:"phone"`
	PhoneKey      *string         `json:"phone_key"`
	PhoneStatus   string          `json:"phone_status"`
	Email         *string         `json:"email"`
	EmailKey      *string         `json:"email_key"`
	Country       *string         `json:"country"`
	Region        *string         `json:"region"`
	PostalCode    *string         `json:"postal_code"`
	Timezone      *string         `json:"timezone"`
	IsValid       bool            `json:"is_valid"`
	IsOptedOut    bool            `json:"is_opted_out"`
	Attributes    json.RawMessage `json:"attributes"`
	Priority      int             `json:"priority"`
	Attempts      int             `json:"attempts"`
	NextAttemptAt any             `json:"next_attempt_at"`
	FinishedAt    any             `json:"finished_at"`
	FinishReason  *string         `json:"finish_reason"`
}

// AddContacts implements intake.Store.
func (s *Store) AddContacts(ctx context.Context, p intake.AddContactsParams) (intake.AddContactsResult, error) {
	if len(p.Contacts) == 0 {
		return intake.AddContactsResult{}, nil
	}
	records := make([]contactRecord, len(p.Contacts))
	for i, contact := range p.Contacts {
		record, err := s.contactRecord(contact)
		if err != nil {
			return intake.AddContactsResult{}, err
		}
		records[i] = record
	}
	encoded, err := EncodeJSON(records)
	if err != nil {
		return intake.AddContactsResult{}, err
	}
	args := Args{"campaign_id": p.CampaignID, "now": s.at(p.Now), "contacts": encoded}
	var added int
	err = s.Write(ctx, func(c *Conn) error {
		if err := s.RequireCampaign(ctx, c, p.CampaignID); err != nil {
			return err
		}
		if _, err := c.Exec(ctx, "add_contacts", args); err != nil {
			return err
		}
		if slices.ContainsFunc(records, func(r contactRecord) bool { return r.IsOptedOut }) {
			if _, err := c.Exec(ctx, "honour_opt_outs", args); err != nil {
				return err
			}
		}
		added, err = c.Exec(ctx, "add_campaign_contacts", args)
		return err
	})
	if err != nil {
		return intake.AddContactsResult{}, err
	}
	return intake.AddContactsResult{Added: added, Unchanged: len(p.Contacts) - added}, nil
}

func (s *Store) contactRecord(added intake.NewContact) (contactRecord, error) {
	contact := added.Contact
	id := contact.ID
	if id == uuid.Nil {
		var err error
		if id, err = outdial.NewID(); err != nil {
			return contactRecord{}, err
		}
	}
	record := contactRecord{
		ID:            id,
		SourceKey:     added.SourceKey,
		FirstName:     orNull(contact.FirstName),
		LastName:      orNull(contact.LastName),
		Company:       orNull(contact.Company),
		Phone:         orNull(contact.Phone.E164()),
		PhoneStatus:   string(contact.PhoneStatus),
		Email:         orNull(contact.Email.Address()),
		EmailKey:      orNull(contact.Email.Key()),
		Country:       orNull(contact.Country),
		Region:        orNull(contact.Region),
		PostalCode:    orNull(contact.PostalCode),
		Timezone:      orNull(contact.Timezone),
		IsValid:       !contact.Invalid,
		IsOptedOut:    contact.OptedOut,
		Attributes:    contact.Attributes,
		Priority:      added.Priority,
		Attempts:      added.Attempts,
		NextAttemptAt: s.at(added.NextAttemptAt),
		FinishedAt:    s.at(added.FinishedAt),
		FinishReason:  orNull(added.FinishReason),
	}
	if record.PhoneStatus == "" {
		record.PhoneStatus = string(outdial.PhoneUnknown)
	}
	if contact.Phone.IsE164() {
		record.PhoneKey = record.Phone
	}
	if contact.AccountID != uuid.Nil {
		record.AccountID = &contact.AccountID
	}
	if len(record.Attributes) == 0 {
		record.Attributes = nil
	}
	return record, nil
}

func orNull(text string) *string {
	if text == "" {
		return nil
	}
	return &text
}
