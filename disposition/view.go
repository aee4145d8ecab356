package disposition

import (
	"context"

	"github.com/google/uuid"

	"github.com/outdial/outdial"
)

// ListRequest asks for a page of what was recorded in a campaign.
type ListRequest struct {
	CampaignID uuid.UUID
	// ContactID restricts the page to one contact; the nil UUID does not.
	ContactID uuid.UUID
	// Cursor is where the page before ended. Empty starts.
	Cursor string
	// Limit is the size of the page, at most outdial.MaxPage.
	// Defaults to outdial.DefaultPage.
	Limit int
}

// Page is one page of dispositions, and the cursor that continues it, empty at the end.
type Page struct {
	Records    []Record
	NextCursor string
}

// List returns a page of dispositions, oldest first. Errors match ErrForbidden (scopes
// queue:write or dialer:control) and ErrInvalid.
func (s *Service) List(ctx context.Context, actor outdial.Actor, req ListRequest) (Page, error) {
	after, limit, err := page(actor, req)
	if err != nil {
		return Page{}, err
	}
	result, err := s.store.ListDispositions(ctx, ListParams{
		CampaignID: req.CampaignID, ContactID: req.ContactID, After: after, Limit: limit,
	})
	if err != nil {
		return Page{}, err
	}
	shown := Page{Records: result.Records}
	if result.More && len(result.Records) > 0 {
		shown.NextCursor = outdial.Cursor(result.Records[len(result.Records)-1].ID)
	}
	return shown, nil
}

// LeadPage is one page of leads, and the cursor that continues it, empty at the end.
type LeadPage struct {
	Leads      []Lead
	NextCursor string
}

// Leads returns a page of a campaign's leads, oldest first. ContactID is not looked at.
// Errors match ErrForbidden (scopes queue:write or dialer:control) and ErrInvalid.
func (s *Service) Leads(ctx context.Context, actor outdial.Actor, req ListRequest) (LeadPage, error) {
	after, limit, err := page(actor, req)
	if err != nil {
		return LeadPage{}, err
	}
	result, err := s.store.ListLeads(ctx, ListLeadsParams{CampaignID: req.CampaignID, After: after, Limit: limit})
	if err != nil {
		return LeadPage{}, err
	}
	shown := LeadPage{Leads: result.Leads}
	if result.More && len(result.Leads) > 0 {
		shown.NextCursor = outdial.Cursor(result.Leads[len(result.Leads)-1].ID)
	}
	return shown, nil
}

func page(actor outdial.Actor, req ListRequest) (after uuid.UUID, limit int, err error) {
	if err := requireView(actor, req.CampaignID); err != nil {
		return uuid.Nil, 0, err
	}
	if limit, err = outdial.PageSize(req.Limit); err != nil {
		return uuid.Nil, 0, err
	}
	after, err = outdial.ParseCursor(req.Cursor)
	return after, limit, err
}
