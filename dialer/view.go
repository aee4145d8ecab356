package dialer

import (
	"context"
	"slices"

	"github.com/google/uuid"

	"github.com/outdial/outdial"
)

// ListRequest asks for a page of a campaign's items.
type ListRequest struct {
	CampaignID uuid.UUID
	// State restricts the page to one state; empty does not.
	State State
	// Cursor is where the page before ended, as List returned it. Empty starts.
	Cursor string
	// Limit is the size of the page, at most outdial.MaxPage. Defaults to
	// outdial.DefaultPage.
	Limit int
}

// Page is one page of items, and the cursor that continues it, empty at the end.
type Page struct {
	Items      []Item
	NextCursor string
}

// List returns a page of items in the order of their ids, which is the order in which
// they were queued. An item is nobody's own, so that only managers and admins see
// them. Errors match ErrForbidden (scopes dialer:control or queue:write) and
// ErrInvalid.
func (s *Service) List(ctx context.Context, actor outdial.Actor, req ListRequest) (Page, error) {
	err := requireManager(actor, "only managers and admins see the power queue", outdial.ScopeDialerControl, outdial.ScopeQueueWrite)
	if err != nil {
		return Page{}, err
	}
	if err := outdial.RequireID("campaign_id", req.CampaignID); err != nil {
		return Page{}, err
	}
	if req.State != "" && !slices.Contains(States(), req.State) {
		return Page{}, outdial.Invalid("state", "is not a state of the power queue")
	}
	limit, err := outdial.PageSize(req.Limit)
	if err != nil {
		return Page{}, err
	}
	after, err := outdial.ParseCursor(req.Cursor)
	if err != nil {
		return Page{}, err
	}
	result, err := s.store.ListCallItems(ctx, ListItemsParams{
		CampaignID: req.CampaignID, State: req.State, After: after, Limit: limit,
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

// CallsRequest asks for a page of calls.
type CallsRequest struct {
	// CampaignID restricts the page to one campaign; the nil UUID does not.
	CampaignID uuid.UUID
	// Unsettled restricts the page to calls that are not settled: those under way, and
	// those of which nobody knows.
	Unsettled bool
	// States restrict the page to calls whose item is in one of them and still theirs;
	// none does not.
	States []State
	// Cursor is where the page before ended, as Calls returned it. Empty starts.
	Cursor string
	// Limit is the size of the page, at most outdial.MaxPage. Defaults to
	// outdial.DefaultPage.
	Limit int
}

// CallPage is one page of calls, and the cursor that continues it, empty at the end.
type CallPage struct {
	Calls      []Call
	NextCursor string
}

// Calls returns a page of calls in the order in which they were claimed. It is for
// operators: a Call names the phone that is dialed. Errors match ErrForbidden (scope
// dialer:control) and ErrInvalid.
func (s *Service) Calls(ctx context.Context, actor outdial.Actor, req CallsRequest) (CallPage, error) {
	if err := actor.Require(outdial.ScopeDialerControl); err != nil {
		return CallPage{}, err
	}
	for _, state := range req.States {
		if !slices.Contains(States(), state) {
			return CallPage{}, outdial.Invalid("states", "names what is not a state of the power queue")
		}
	}
	limit, err := outdial.PageSize(req.Limit)
	if err != nil {
		return CallPage{}, err
	}
	after, err := outdial.ParseCursor(req.Cursor)
	if err != nil {
		return CallPage{}, err
	}
	result, err := s.store.ListCalls(ctx, ListCallsParams{
		CampaignID: req.CampaignID, Unsettled: req.Unsettled, States: req.States, After: after, Limit: limit,
	})
	if err != nil {
		return CallPage{}, err
	}
	page := CallPage{Calls: result.Calls}
	if result.More && len(result.Calls) > 0 {
		page.NextCursor = outdial.Cursor(result.Calls[len(result.Calls)-1].ID)
	}
	return page, nil
}

// CallRequest names a call.
type CallRequest struct {
	CampaignID uuid.UUID
	CallID     uuid.UUID
}

// Call returns one call, for whoever is in it: its Ref is what the agent names when they
// record what came of it. Agents see the calls that they were reserved for, managers and
// admins all. Errors match ErrForbidden (scopes queue:pull or dialer:control; another
// agent's call), ErrInvalid and ErrNotFound.
func (s *Service) Call(ctx context.Context, actor outdial.Actor, req CallRequest) (Call, error) {
	if err := actor.Require(outdial.ScopeQueuePull, outdial.ScopeDialerControl); err != nil {
		return Call{}, err
	}
	if err := outdial.RequireID("campaign_id", req.CampaignID); err != nil {
		return Call{}, err
	}
	if err := outdial.RequireID("call_id", req.CallID); err != nil {
		return Call{}, err
	}
	// The page that begins with the call: calls are listed in the order of their ids.
	result, err := s.store.ListCalls(ctx, ListCallsParams{CampaignID: req.CampaignID, After: preceding(req.CallID), Limit: 1})
	if err != nil {
		return Call{}, err
	}
	if len(result.Calls) == 0 || result.Calls[0].ID != req.CallID {
		return Call{}, outdial.NotFound("call")
	}
	call := result.Calls[0]
	if !actor.ManagesOthers() && call.AgentID != actor.ID {
		return Call{}, outdial.Forbidden("an agent sees their own calls only")
	}
	return call, nil
}

// preceding is the id just before another one, which must not be the nil UUID.
func preceding(id uuid.UUID) uuid.UUID {
	for at := len(id) - 1; at >= 0; at-- {
		id[at]--
		if id[at] != 0xff {
			break
		}
	}
	return id
}

// Stats counts a campaign's items by state, and its agents. Everybody who works in the
// campaign may see them. Errors match ErrForbidden (scopes dialer:control, queue:write
// or queue:pull), ErrInvalid and ErrNotFound (campaign).
func (s *Service) Stats(ctx context.Context, actor outdial.Actor, campaignID uuid.UUID) (StatsResult, error) {
	if err := actor.Require(outdial.ScopeDialerControl, outdial.ScopeQueueWrite, outdial.ScopeQueuePull); err != nil {
		return StatsResult{}, err
	}
	if err := outdial.RequireID("campaign_id", campaignID); err != nil {
		return StatsResult{}, err
	}
	return s.store.DialerStats(ctx, StatsParams{CampaignID: campaignID, Now: s.now()})
}
