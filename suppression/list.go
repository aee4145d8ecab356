package suppression

import (
	"context"
	"slices"

	"github.com/google/uuid"

	"github.com/outdial/outdial"
)

// ListRequest asks for a page of the list.
type ListRequest struct {
	// Kind and Source restrict the page; empty does not.
	Kind   Kind
	Source Source
	// CampaignID is one campaign's own entries, and the nil UUID those that hold in
	// every campaign, unless AllCampaigns asks for both.
	CampaignID   uuid.UUID
	AllCampaigns bool
	// Cursor is where the page before ended. Empty starts.
	Cursor string
	// Limit is the size of the page, at most outdial.MaxPage.
	// Defaults to outdial.DefaultPage.
	Limit int
}

// Page is one page of the list, and the cursor that continues it, empty at the end.
type Page struct {
	Entries    []Listed
	NextCursor string
}

// List returns a page of the list, oldest first. Entries that have run out are not on
// it. Errors match ErrForbidden (scope suppression:write; agents) and ErrInvalid.
func (s *Service) List(ctx context.Context, actor outdial.Actor, req ListRequest) (Page, error) {
	if err := requireCare(actor); err != nil {
		return Page{}, err
	}
	limit, err := outdial.PageSize(req.Limit)
	if err != nil {
		return Page{}, err
	}
	after, err := outdial.ParseCursor(req.Cursor)
	if err != nil {
		return Page{}, err
	}
	p := ListParams{
		Kind: req.Kind, Source: req.Source, CampaignID: req.CampaignID, AllCampaigns: req.AllCampaigns,
		After: after, Limit: limit, Now: s.now(),
	}
	if err := p.check(); err != nil {
		return Page{}, err
	}
	result, err := s.store.ListSuppressions(ctx, p)
	if err != nil {
		return Page{}, err
	}
	page := Page{Entries: result.Entries}
	if result.More && len(result.Entries) > 0 {
		page.NextCursor = outdial.Cursor(result.Entries[len(result.Entries)-1].ID)
	}
	return page, nil
}

// check says whether what is asked for can be on the list.
func (p ListParams) check() error {
	switch {
	case p.Kind != "" && p.Kind != KindPhone && p.Kind != KindEmail:
		return outdial.Invalid("kind", "must be phone or email")
	case p.Source != "" && !slices.Contains(Sources(), p.Source):
		return outdial.Invalid("source", "must be manual, webhook, qa or import")
	case p.AllCampaigns && p.CampaignID != uuid.Nil:
		return outdial.Invalid("campaign_id", "is named, and all are asked for")
	}
	return nil
}
