package queue

import (
	"context"
	"slices"

	"github.com/google/uuid"

	"github.com/outdial/outdial"
)

// DefaultPage and MaxPage bound how many items List returns at once.
const (
	DefaultPage = outdial.DefaultPage
	MaxPage     = outdial.MaxPage
)

// ListRequest asks for a page of a campaign's items.
type ListRequest struct {
	CampaignID uuid.UUID
	// AgentID restricts the page to one agent. Agents see their own items only:
	// for them the nil UUID means themselves.
	AgentID uuid.UUID
	// State restricts the page to one state; empty does not.
	State State
	// Cursor is where the page before ended, as List returned it. Empty starts.
	Cursor string
	// Limit is the size of the page, at most MaxPage. Defaults to DefaultPage.
	Limit int
}

// Page is one page of items, and the cursor that continues it, empty at the end.
type Page struct {
	Items      []Item
	NextCursor string
}

// List returns a page of items in the order of their ids, which is the order in
// which they were queued. Errors match ErrForbidden (scopes queue:pull or
// queue:write; another agent's items) and ErrInvalid.
func (s *Service) List(ctx context.Context, actor outdial.Actor, req ListRequest) (Page, error) {
	if err := requireView(actor, req.CampaignID); err != nil {
		return Page{}, err
	}
	if !actor.ManagesOthers() && req.AgentID == uuid.Nil {
		req.AgentID = actor.ID
	}
	if err := actor.RequireAgent(req.AgentID); err != nil {
		return Page{}, err
	}
	if req.State != "" && !slices.Contains(States(), req.State) {
		return Page{}, outdial.Invalid("state", "is not a queue state")
	}
	limit, err := outdial.PageSize(req.Limit)
	if err != nil {
		return Page{}, err
	}
	after, err := outdial.ParseCursor(req.Cursor)
	if err != nil {
		return Page{}, err
	}
	result, err := s.store.ListItems(ctx, ListParams{
		CampaignID: req.CampaignID, AgentID: req.AgentID, State: req.State,
		After: after, Limit: limit,
	})
	if err != nil {
		return Page{}, err
	}
	page := Page{Items: result.Items}
	if result.More && len(result.Items) > 0 {
		page.NextCursor = outdial.Cursor(result.Items[len(result.Items)-1].ID)
	}
	return page, nil
}

// Stats counts a campaign's items by state and by agent. Everybody who works in
// the campaign may see them. Errors match ErrForbidden and ErrNotFound.
func (s *Service) Stats(ctx context.Context, actor outdial.Actor, campaignID uuid.UUID) (StatsResult, error) {
	if err := requireView(actor, campaignID); err != nil {
		return StatsResult{}, err
	}
	return s.store.QueueStats(ctx, StatsParams{CampaignID: campaignID})
}

// Campaigns lists the campaigns by name, each with the number of its contacts.
func (s *Service) Campaigns(ctx context.Context, actor outdial.Actor) ([]CampaignSummary, error) {
	if err := actor.Require(outdial.ScopeQueuePull, outdial.ScopeQueueWrite); err != nil {
		return nil, err
	}
	return s.store.ListCampaigns(ctx)
}

func requireView(actor outdial.Actor, campaignID uuid.UUID) error {
	if err := actor.Require(outdial.ScopeQueuePull, outdial.ScopeQueueWrite); err != nil {
		return err
	}
	return outdial.RequireID("campaign_id", campaignID)
}
