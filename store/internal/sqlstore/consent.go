package sqlstore

import (
	"context"
	"maps"
	"slices"

	"github.com/google/uuid"

	"github.com/outdial/outdial"
	"github.com/outdial/outdial/suppression"
)

// consentRow is what a contact can be reached by.
type consentRow struct {
	Phone    string `db:"phone"`
	PhoneKey string `db:"phone_key"`
	Email    string `db:"email"`
	EmailKey string `db:"email_key"`
	OptedOut bool   `db:"is_opted_out"`
}

// entries are the contact's phone and e-mail address, as far as there are any.
func (r consentRow) entries() []suppression.Entry {
	var entries []suppression.Entry
	if r.PhoneKey != "" {
		entries = append(entries, suppression.Entry{Kind: suppression.KindPhone, Value: r.Phone, Key: r.PhoneKey})
	}
	if r.EmailKey != "" {
		entries = append(entries, suppression.Entry{Kind: suppression.KindEmail, Value: r.Email, Key: r.EmailKey})
	}
	return entries
}

func getConsent(ctx context.Context, c *Conn, contactID uuid.UUID) (consentRow, error) {
	row, found, err := getRow[consentRow](ctx, c, "get_consent", Args{"contact_id": contactID})
	if err == nil && !found {
		err = outdial.NotFound("contact")
	}
	return row, err
}

// RevokeConsent implements suppression.Store.
func (s *Store) RevokeConsent(ctx context.Context, p suppression.ConsentParams) (suppression.ConsentResult, error) {
	return s.setConsent(ctx, p, true)
}

// RestoreConsent implements suppression.Store.
func (s *Store) RestoreConsent(ctx context.Context, p suppression.ConsentParams) (suppression.ConsentResult, error) {
	return s.setConsent(ctx, p, false)
}

func (s *Store) setConsent(ctx context.Context, p suppression.ConsentParams, revoked bool) (suppression.ConsentResult, error) {
	var result suppression.ConsentResult
	err := s.Write(ctx, func(c *Conn) error {
		result = suppression.ConsentResult{}
		entries := slices.Clone(p.Entries)
		named, err := askedTargets(targetsOf(entries))
		if err != nil {
			return err
		}
		if p.ContactID != uuid.Nil {
			contact, err := getConsent(ctx, c, p.ContactID)
			if err != nil {
				return err
			}
			for _, entry := range contact.entries() {
				entry.CampaignID, entry.Source, entry.Reason = p.CampaignID, p.Source, p.Reason
				entry.ReceivedAt = p.ReceivedAt
				entries = append(entries, entry)
			}
		}
		if p.CampaignID == uuid.Nil {
			args := Args{"contact_id": p.ContactID, "opted_out": revoked}
			maps.Copy(args, named)
			if result.Contacts, err = c.Exec(ctx, "set_opted_out", args); err != nil {
				return err
			}
		}
		change := s.newChange(c, p.ActorID, p.Reason, p.Now)
		action := outdial.ActionConsentRestore
		if revoked {
			action = outdial.ActionConsentRevoke
			var added suppression.AddResult
			added, err = change.add(ctx, entries)
			result.Added = added.Added
		} else {
			result.Removed, err = change.remove(ctx, placesOf(entries), notImported)
		}
		if err != nil {
			return err
		}
		if err := change.publish(ctx); err != nil {
			return err
		}
		return s.AddAudit(ctx, c, outdial.AuditEntry{
			ActorID: p.ActorID, Action: action, TargetType: "contact", TargetID: p.ContactID, CreatedAt: p.Now,
			Meta: map[string]any{
				"campaign_id": p.CampaignID, "source": p.Source, "reason": p.Reason, "received_at": p.ReceivedAt,
				"contacts": result.Contacts, "added": result.Added, "removed": result.Removed,
			},
		})
	})
	if err != nil {
		return suppression.ConsentResult{}, err
	}
	return result, nil
}

func targetsOf(entries []suppression.Entry) []suppression.Target {
	targets := make([]suppression.Target, len(entries))
	for i, entry := range entries {
		targets[i] = entry.Target()
	}
	return targets
}

func placesOf(entries []suppression.Entry) []suppression.Place {
	places := make([]suppression.Place, len(entries))
	for i, entry := range entries {
		places[i] = entry.Place()
	}
	return places
}
