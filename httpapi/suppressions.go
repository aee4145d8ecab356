package httpapi

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/outdial/outdial"
	"github.com/outdial/outdial/queue/intake"
	"github.com/outdial/outdial/suppression"
)

// withSuppressions says whether the routes of suppressions exist.
func withSuppressions(cfg Config) bool { return cfg.Suppressions != nil }

// entry is the JSON form of a suppression.Listed. Its names are the table's columns;
// what does not apply is null.
type entry struct {
	ID         uuid.UUID          `json:"id"`
	Kind       suppression.Kind   `json:"kind"`
	Value      string             `json:"value"`
	CampaignID *uuid.UUID         `json:"campaign_id"`
	Source     suppression.Source `json:"source"`
	Reason     *string            `json:"reason"`
	CreatedBy  *uuid.UUID         `json:"created_by"`
	CreatedAt  time.Time          `json:"created_at"`
	ReceivedAt *time.Time         `json:"received_at"`
	ExpiresAt  *time.Time         `json:"expires_at"`
}

// newEntry returns the form of an entry that the actor may see. The value is in full
// for those who keep the list, and for nobody else: an agent who asks about a contact
// would learn a number that is not theirs to dial.
func newEntry(from suppression.Listed, actor outdial.Actor) entry {
	value := from.Masked()
	if actor.ManagesOthers() {
		value = from.Value
	}
	return entry{
		ID:         from.ID,
		Kind:       from.Kind,
		Value:      value,
		CampaignID: idOrNull(from.CampaignID),
		Source:     from.Source,
		Reason:     textOrNull(from.Reason),
		CreatedBy:  idOrNull(from.CreatedBy),
		CreatedAt:  from.CreatedAt.UTC(),
		ReceivedAt: timeOrNull(from.ReceivedAt),
		ExpiresAt:  timeOrNull(from.ExpiresAt),
	}
}

func newEntries(from []suppression.Listed, actor outdial.Actor) []entry {
	entries := make([]entry, len(from))
	for i := range from {
		entries[i] = newEntry(from[i], actor)
	}
	return entries
}

// suppressionsAsked reads which part of the list is asked for.
func suppressionsAsked(r *request) (suppression.ListRequest, error) {
	query := r.URL.Query()
	req := suppression.ListRequest{
		Kind: suppression.Kind(query.Get("kind")), Source: suppression.Source(query.Get("source")), Cursor: query.Get("cursor"),
	}
	var err error
	if req.CampaignID, err = r.queryID("campaign_id"); err != nil {
		return req, err
	}
	if req.AllCampaigns, err = r.queryFlag("all_campaigns"); err != nil {
		return req, err
	}
	req.Limit, err = r.queryLimit("limit", outdial.MaxPage)
	return req, err
}

// listSuppressions answers GET /suppressions.
func (a *api) listSuppressions(r *request) (reply, error) {
	req, err := suppressionsAsked(r)
	if err != nil {
		return reply{}, err
	}
	page, err := a.cfg.Suppressions.List(r.Context(), r.actor, req)
	if err != nil {
		return reply{}, fmt.Errorf("list the suppressions: %w", err)
	}
	return answer(list[entry]{Items: newEntries(page.Entries, r.actor), NextCursor: page.NextCursor})
}

// addSuppressions answers POST /suppressions: one entry, or a list of them.
func (a *api) addSuppressions(r *request) (reply, error) {
	body, err := a.readObject(r)
	if err != nil {
		return reply{}, err
	}
	given := body.objects("entries", suppression.MaxEntries)
	single := given == nil
	var entries []suppression.Entry
	if single {
		entries = []suppression.Entry{takeEntry(body, a.cfg.DefaultRegion)}
	} else {
		region := body.region(a.cfg.DefaultRegion)
		for _, each := range given {
			entries = append(entries, takeEntry(each, region))
			body.keep(each.done())
		}
	}
	if err := body.done(); err != nil {
		return reply{}, err
	}
	result, err := a.cfg.Suppressions.Add(r.Context(), r.actor, entries...)
	if single {
		err = ofTheOnlyEntry(err)
	}
	if err != nil {
		return reply{}, fmt.Errorf("add suppressions: %w", err)
	}
	return answer(result)
}

// takeEntry takes the members of an entry, of which one says whom it is about.
func takeEntry(o *object, defaultRegion string) suppression.Entry {
	region := o.region(defaultRegion)
	made, email := o.who(suppression.KindPhone, region), o.who(suppression.KindEmail, region)
	switch {
	case made.Value == "" && email.Value == "":
		o.refuse("phone", "or email is required")
	case made.Value != "" && email.Value != "":
		o.refuse("email", "stands beside a phone; send them as two entries")
	case email.Value != "":
		made = email
	}
	made.CampaignID = o.optionalID("campaign_id")
	made.Source = suppression.Source(o.text("source"))
	made.Reason = o.text("reason")
	made.ExpiresAt = o.instant("expires_at")
	made.ReceivedAt = o.instant("received_at")
	return made
}

// ofTheOnlyEntry names a field as whoever sent one entry knows it.
func ofTheOnlyEntry(err error) error {
	if field, ok := errors.AsType[*outdial.FieldError](err); ok {
		return outdial.Invalid(strings.TrimPrefix(field.Field, "entries[0]."), field.Problem)
	}
	return err
}

// removeSuppressions answers DELETE /suppressions. Whom it is about stands in the body,
// since addresses of requests are kept in logs all over the world.
func (a *api) removeSuppressions(r *request) (reply, error) {
	body, err := a.readObject(r)
	if err != nil {
		return reply{}, err
	}
	region := body.region(a.cfg.DefaultRegion)
	phones, emails := body.values(suppression.MaxEntries)
	req := suppression.RemoveRequest{CampaignID: body.optionalID("campaign_id"), Reason: body.text("reason")}
	for _, named := range []struct {
		kind   suppression.Kind
		member string
		values []string
	}{{suppression.KindPhone, "phones", phones}, {suppression.KindEmail, "emails", emails}} {
		for i, raw := range named.values {
			made, problem := readValue(named.kind, raw, region)
			if listed := outdial.Phone(raw); problem != "" && named.kind == suppression.KindPhone && listed.IsE164() {
				// What the list shows can be taken off it, by whatever way it came there.
				made, problem = suppression.NewPhone(listed), ""
			}
			if problem != "" {
				body.refuse(fmt.Sprintf("%s[%d]", named.member, i), problem)
			}
			req.Targets = append(req.Targets, made.Target())
		}
	}
	if phones == nil && emails == nil {
		body.refuse("phones", "or emails are required")
	}
	if err := body.done(); err != nil {
		return reply{}, err
	}
	result, err := a.cfg.Suppressions.Remove(r.Context(), r.actor, req)
	if err != nil {
		return reply{}, fmt.Errorf("remove suppressions: %w", err)
	}
	return answer(result)
}

// changeConsent answers POST /suppressions/revoke and POST /suppressions/restore.
func changeConsent(
	change func(*suppression.Service, context.Context, outdial.Actor, suppression.ConsentRequest) (suppression.Consent, error),
) func(*api, *request) (reply, error) {
	return func(a *api, r *request) (reply, error) {
		body, err := a.readObject(r)
		if err != nil {
			return reply{}, err
		}
		region := body.region(a.cfg.DefaultRegion)
		req := suppression.ConsentRequest{
			ContactID:  body.optionalID("contact_id"),
			Phone:      outdial.Phone(body.who(suppression.KindPhone, region).Value),
			Email:      outdial.Email(body.who(suppression.KindEmail, region).Value),
			CampaignID: body.optionalID("campaign_id"),
			Source:     suppression.Source(body.text("source")),
			Reason:     body.text("reason"),
			ReceivedAt: body.instant("received_at"),
		}
		if err := body.done(); err != nil {
			return reply{}, err
		}
		result, err := change(a.cfg.Suppressions, r.Context(), r.actor, req)
		if err != nil {
			return reply{}, fmt.Errorf("change somebody's consent: %w", err)
		}
		return answer(result)
	}
}

// region takes the country of numbers that name none, as its code.
func (o *object) region(otherwise string) string {
	named := o.text("region")
	if named == "" {
		named = otherwise
	}
	code, known := intake.CountryCode(named)
	if !known {
		o.refuse("region", "is not a country")
	}
	return code
}

// values takes the members phones and emails, of which there may be that many together.
func (o *object) values(most int) (phones, emails []string) {
	phones, emails = o.texts("phones", most), o.texts("emails", most)
	if len(phones)+len(emails) > most {
		o.refuse("phones", fmt.Sprintf("and emails are more than %d", most))
	}
	return phones, emails
}

// who takes the member that has the name of a kind, as a global manual entry. Without
// one its value is empty.
func (o *object) who(kind suppression.Kind, region string) suppression.Entry {
	raw := o.text(string(kind))
	if raw == "" {
		return suppression.Entry{}
	}
	made, problem := readValue(kind, raw, region)
	if problem != "" {
		o.refuse(string(kind), problem)
		// So that nobody takes it for a member that was left out.
		made.Value = raw
	}
	return made
}

// readValue reads a number or an address, as a global manual entry, or says what is wrong
// with it without repeating it.
func readValue(kind suppression.Kind, raw, region string) (made suppression.Entry, problem string) {
	made, err := suppression.ParseEntry(raw, region)
	if err == nil && made.Kind == kind {
		return made, ""
	}
	if field, ok := errors.AsType[*outdial.FieldError](err); ok && field.Field == string(kind) {
		return suppression.Entry{}, field.Problem
	}
	if kind == suppression.KindEmail {
		return suppression.Entry{}, "is not an e-mail address"
	}
	return suppression.Entry{}, "is not a phone number"
}
