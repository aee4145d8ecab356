package httpapi

import (
	"fmt"

	"github.com/google/uuid"

	"github.com/outdial/outdial"
	"github.com/outdial/outdial/suppression"
)

const (
	// maxChecked is how many values one request asks about.
	maxChecked = 10_000
	// maxDetailed is for how many of those that are on the list the entries are looked
	// up. Each takes a question of its own.
	maxDetailed = 100
)

// checked is the JSON form of what is known about one value: that it may be called, or
// that it must not.
type checked struct {
	// Phone and Email are as they were sent.
	Phone     *string    `json:"phone,omitempty"`
	Email     *string    `json:"email,omitempty"`
	ContactID *uuid.UUID `json:"contact_id,omitempty"`
	// Suppressed is true also of what cannot be read: whoever looks at this member alone
	// must not take such a value for one that may be called.
	Suppressed bool  `json:"suppressed"`
	OptedOut   *bool `json:"opted_out,omitempty"`
	// Entries are null where they were not looked up.
	Entries []entry `json:"entries"`
	Error   string  `json:"error,omitempty"`
}

// checkSuppressions answers POST /suppressions/check: the phones, the addresses and the
// contact of the request, in its order.
func (a *api) checkSuppressions(r *request) (reply, error) {
	body, err := a.readObject(r)
	if err != nil {
		return reply{}, err
	}
	region := body.region(a.cfg.DefaultRegion)
	phones, emails := body.values(maxChecked)
	contactID, campaignID := body.optionalID("contact_id"), body.optionalID("campaign_id")
	if phones == nil && emails == nil && contactID == uuid.Nil {
		body.refuse("phones", "or emails or a contact_id are required")
	}
	if err := body.done(); err != nil {
		return reply{}, err
	}
	items := make([]checked, 0, len(phones)+len(emails)+1)
	targets := make([]suppression.Target, 0, cap(items))
	for i := range phones {
		made, problem := readValue(suppression.KindPhone, phones[i], region)
		items, targets = append(items, checked{Phone: &phones[i], Error: problem}), append(targets, made.Target())
	}
	for i := range emails {
		made, problem := readValue(suppression.KindEmail, emails[i], region)
		items, targets = append(items, checked{Email: &emails[i], Error: problem}), append(targets, made.Target())
	}
	if err := a.checkMany(r, items, targets, campaignID); err != nil {
		return reply{}, fmt.Errorf("check the suppressions: %w", err)
	}
	if contactID != uuid.Nil {
		verdict, err := a.cfg.Suppressions.Check(r.Context(), r.actor,
			suppression.CheckRequest{ContactID: contactID, CampaignID: campaignID})
		if err != nil {
			return reply{}, fmt.Errorf("check a contact: %w", err)
		}
		items = append(items, checked{
			ContactID: &contactID, Suppressed: verdict.Suppressed, OptedOut: &verdict.OptedOut,
			Entries: newEntries(verdict.Entries, r.actor),
		})
	}
	return answer(list[checked]{Items: items})
}

// checkMany fills in what is known about each of the items, whose targets these are.
func (a *api) checkMany(r *request, items []checked, targets []suppression.Target, campaignID uuid.UUID) error {
	req := suppression.CheckManyRequest{CampaignID: campaignID}
	var asked []int
	for i := range items {
		if items[i].Error != "" {
			items[i].Suppressed = true
			continue
		}
		items[i].Entries = []entry{}
		asked, req.Targets = append(asked, i), append(req.Targets, targets[i])
	}
	found, err := a.cfg.Suppressions.CheckMany(r.Context(), r.actor, req)
	if err != nil {
		return err
	}
	for n, index := range found {
		item, target := &items[asked[index]], req.Targets[index]
		item.Suppressed, item.Entries = true, nil
		if n >= maxDetailed {
			continue
		}
		one := suppression.CheckRequest{CampaignID: campaignID}
		if target.Kind == suppression.KindEmail {
			one.Email = outdial.Email(target.Key)
		} else {
			one.Phone = outdial.Phone(target.Key)
		}
		verdict, err := a.cfg.Suppressions.Check(r.Context(), r.actor, one)
		if err != nil {
			return err
		}
		item.Entries = newEntries(verdict.Entries, r.actor)
	}
	return nil
}
