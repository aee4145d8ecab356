package httpapi

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/nyaruka/phonenumbers"

	"github.com/outdial/outdial"
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
	value := from.Value
	switch {
	case actor.ManagesOthers():
	case from.Kind == suppression.KindEmail:
		value = outdial.Email(value).Masked()
	default:
		value = outdial.Phone(value).Masked()
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

// listSuppressions answers GET /suppressions.
func (a *api) listSuppressions(r *request) (reply, error) {
	query := r.URL.Query()
	req := suppression.ListRequest{
		Kind: suppression.Kind(query.Get("kind")), Source: suppression.Source(query.Get("source")), Cursor: query.Get("cursor"),
	}
	var err error
	if req.CampaignID, err = r.queryID("campaign_id"); err != nil {
		return reply{}, err
	}
	if req.AllCampaigns, err = r.queryFlag("all_campaigns"); err != nil {
		return reply{}, err
	}
	if req.Limit, err = r.queryLimit("limit", outdial.MaxPage); err != nil {
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
	phone, email := o.phone("phone", o.region(defaultRegion)), o.email("email")
	made := suppression.NewPhone(phone)
	switch {
	case phone == "" && email == "":
		o.refuse("phone", "or email is required")
	case phone != "" && email != "":
		o.refuse("email", "stands beside a phone; send them as two entries")
	case email != "":
		made = suppression.NewEmail(email)
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
	for i, raw := range phones {
		phone, problem := readPhone(raw, region)
		body.refuseUnless(problem == "", fmt.Sprintf("phones[%d]", i), problem)
		req.Targets = append(req.Targets, suppression.PhoneTarget(phone))
	}
	for i, raw := range emails {
		email, problem := readEmail(raw)
		body.refuseUnless(problem == "", fmt.Sprintf("emails[%d]", i), problem)
		req.Targets = append(req.Targets, suppression.EmailTarget(email))
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
		req := suppression.ConsentRequest{
			ContactID:  body.optionalID("contact_id"),
			Phone:      body.phone("phone", body.region(a.cfg.DefaultRegion)),
			Email:      body.email("email"),
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

// region takes the country of numbers that name none.
func (o *object) region(otherwise string) string {
	region := o.text("region")
	switch {
	case region == "":
		return otherwise
	case !isRegion(region):
		o.refuse("region", notARegion)
	}
	return region
}

const notARegion = "is not the ISO 3166 code of a country, such as US"

// isRegion says whether numbers can be read as those of a country.
func isRegion(code string) bool {
	return phonenumbers.GetSupportedRegions()[strings.ToUpper(code)]
}

// values takes the members phones and emails, of which there may be that many together.
func (o *object) values(most int) (phones, emails []string) {
	phones = o.texts("phones", most)
	emails = o.texts("emails", most)
	o.refuseUnless(len(phones)+len(emails) <= most, "phones", fmt.Sprintf("and emails are more than %d", most))
	return phones, emails
}

func (o *object) refuseUnless(good bool, field, problem string) {
	if !good {
		o.refuse(field, problem)
	}
}

// phone takes a number as people write it; without one it is empty.
func (o *object) phone(name, region string) outdial.Phone {
	raw := o.text(name)
	if raw == "" {
		return ""
	}
	phone, problem := readPhone(raw, region)
	o.refuseUnless(problem == "", name, problem)
	return phone
}

// email takes an e-mail address; without one it is empty.
func (o *object) email(name string) outdial.Email {
	raw := o.text(name)
	if raw == "" {
		return ""
	}
	email, problem := readEmail(raw)
	o.refuseUnless(problem == "", name, problem)
	return email
}

// readPhone reads a number, or says what is wrong with it without repeating it.
func readPhone(raw, region string) (phone outdial.Phone, problem string) {
	phone, err := outdial.ParsePhone(raw, region)
	return phone, problemOf(err)
}

func readEmail(raw string) (email outdial.Email, problem string) {
	email, err := outdial.ParseEmail(raw)
	return email, problemOf(err)
}

// problemOf is what an error says about a value, without the field that it names.
func problemOf(err error) string {
	if field, ok := errors.AsType[*outdial.FieldError](err); ok {
		return field.Problem
	}
	if err != nil {
		return "cannot be read"
	}
	return ""
}
