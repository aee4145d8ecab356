package suppression

import (
	"context"
	"log/slog"
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/outdial/outdial"
)

// ConsentRequest says who has taken their consent back, or given it again. At least one
// of ContactID, Phone and Email is needed.
type ConsentRequest struct {
	// ContactID is a contact, with the phone and the e-mail address that they have.
	ContactID uuid.UUID
	// Phone and Email are values that whoever asked has given, in whatever contacts
	// they stand.
	Phone outdial.Phone
	Email outdial.Email
	// CampaignID limits it to one campaign. The nil UUID is all of them, and marks the
	// contacts as opted out.
	CampaignID uuid.UUID
	// Source defaults to SourceManual.
	Source Source
	// Reason is how they said so, such as "STOP by text". RestoreConsent requires it.
	Reason string
	// ReceivedAt is when they said so. Defaults to now.
	ReceivedAt time.Time
}

// Consent is what became of a request.
type Consent struct {
	ConsentResult

	// ReceivedAt is when they said so, EffectiveAt the moment from which it holds. 47
	// CFR 64.1200(a)(10) asks for no more than ten business days between the two.
	ReceivedAt  time.Time `json:"received_at"`
	EffectiveAt time.Time `json:"effective_at"`
}

// RevokeConsent honours somebody's wish not to be contacted any more, everywhere at
// once: their phone and e-mail address come onto the list, and unless it is for one
// campaign only, their contacts are marked as opted out. When it was received and when
// it took effect are kept with the entries, the events and the audit log.
//
// Errors match ErrForbidden (scope suppression:write), ErrNotFound (contact, campaign)
// and ErrInvalid.
func (s *Service) RevokeConsent(ctx context.Context, actor outdial.Actor, req ConsentRequest) (Consent, error) {
	if err := requireChange(actor); err != nil {
		return Consent{}, err
	}
	p, err := s.consentParams(actor, req)
	if err != nil {
		return Consent{}, err
	}
	return s.consent(ctx, p, "consent revoked", s.store.RevokeConsent)
}

// RestoreConsent takes back what RevokeConsent with the same values does: the contacts
// are no longer opted out, and the entries go, but for those that an import brought,
// since a registry's entry is not undone by a form. It says why in Reason.
//
// Errors match ErrForbidden (scope suppression:write; agents), ErrNotFound and
// ErrInvalid.
func (s *Service) RestoreConsent(ctx context.Context, actor outdial.Actor, req ConsentRequest) (Consent, error) {
	if err := requireCare(actor); err != nil {
		return Consent{}, err
	}
	if err := requireReason(req.Reason); err != nil {
		return Consent{}, err
	}
	p, err := s.consentParams(actor, req)
	if err != nil {
		return Consent{}, err
	}
	return s.consent(ctx, p, "consent restored", s.store.RestoreConsent)
}

func (s *Service) consent(
	ctx context.Context, p ConsentParams, what string, do func(context.Context, ConsentParams) (ConsentResult, error),
) (Consent, error) {
	result, err := do(ctx, p)
	if err != nil {
		return Consent{}, err
	}
	s.changed(ctx, EventAdd, result.Added)
	s.changed(ctx, EventRemove, result.Removed)
	s.cfg.Logger.InfoContext(ctx, what, slog.Any("contact_id", p.ContactID), slog.Any("campaign_id", p.CampaignID),
		slog.Int("contacts", result.Contacts), slog.Int("added", result.Added), slog.Int("removed", result.Removed),
		slog.Any("actor_id", p.ActorID))
	return Consent{ConsentResult: result, ReceivedAt: p.ReceivedAt, EffectiveAt: p.Now}, nil
}

func (s *Service) consentParams(actor outdial.Actor, req ConsentRequest) (ConsentParams, error) {
	p := ConsentParams{
		ContactID: req.ContactID, CampaignID: req.CampaignID, Source: req.Source, Reason: req.Reason,
		ReceivedAt: kept(req.ReceivedAt), ActorID: actor.ID, Now: s.now(),
	}
	if p.Source == "" {
		p.Source = SourceManual
	}
	if p.ReceivedAt.IsZero() {
		p.ReceivedAt = p.Now
	}
	switch {
	case req.ContactID == uuid.Nil && req.Phone == "" && req.Email == "":
		return ConsentParams{}, outdial.Invalid("contact_id", "or a phone or an e-mail address is required")
	case p.Source == SourceImport || !slices.Contains(Sources(), p.Source):
		return ConsentParams{}, outdial.Invalid("source", "must be manual, webhook or qa")
	}
	for _, named := range []struct {
		field string
		given bool
		entry Entry
	}{
		{"phone", req.Phone != "", NewPhone(req.Phone)},
		{"email", req.Email != "", NewEmail(req.Email)},
	} {
		if !named.given {
			continue
		}
		entry := named.entry
		entry.CampaignID, entry.Source, entry.Reason, entry.ReceivedAt = p.CampaignID, p.Source, p.Reason, p.ReceivedAt
		if field, problem := entry.settle(p.Now); problem != "" {
			if field == "value" {
				field = named.field
			}
			return ConsentParams{}, outdial.Invalid(field, problem)
		}
		p.Entries = append(p.Entries, entry)
	}
	if p.ReceivedAt.After(p.Now) {
		return ConsentParams{}, outdial.Invalid("received_at", "is in the future")
	}
	return p, checkReason(p.Reason)
}
