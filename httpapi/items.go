package httpapi

import (
	"context"
	"fmt"
	"net/http"

	"github.com/outdial/outdial"
	"github.com/outdial/outdial/queue"
)

// list is the JSON form of a page: what it holds, and the cursor of the next one,
// empty at the end.
type list[T any] struct {
	Items      []T    `json:"items"`
	NextCursor string `json:"next_cursor"`
}

// listCampaigns answers GET /campaigns.
func (a *api) listCampaigns(r *request) (reply, error) {
	campaigns, err := a.cfg.Queue.Campaigns(r.Context(), r.actor)
	if err != nil {
		return reply{}, fmt.Errorf("list the campaigns: %w", err)
	}
	if campaigns == nil {
		campaigns = []queue.CampaignSummary{}
	}
	return answer(list[queue.CampaignSummary]{Items: campaigns})
}

// listItems answers GET /campaigns/{campaignId}/queues.
func (a *api) listItems(r *request) (reply, error) {
	req := queue.ListRequest{
		CampaignID: r.campaignID,
		State:      queue.State(r.URL.Query().Get("state")),
		Cursor:     r.URL.Query().Get("cursor"),
	}
	var err error
	if req.AgentID, err = r.queryID("agent_id"); err != nil {
		return reply{}, err
	}
	if req.Limit, err = r.queryLimit("limit", queue.MaxPage); err != nil {
		return reply{}, err
	}
	page, err := a.cfg.Queue.List(r.Context(), r.actor, req)
	if err != nil {
		return reply{}, fmt.Errorf("list the items: %w", err)
	}
	body := list[item]{Items: make([]item, len(page.Items)), NextCursor: page.NextCursor}
	for i := range page.Items {
		body.Items[i] = newItem(page.Items[i], r.actor)
	}
	return answer(body)
}

// pullItem answers POST /campaigns/{campaignId}/queues/pull: the item, or 204
// when there is nothing to call.
func (a *api) pullItem(r *request) (reply, error) {
	body, err := a.readObject(r)
	if err != nil {
		return reply{}, err
	}
	req := queue.PullRequest{CampaignID: r.campaignID, AgentID: body.optionalID("agent_id")}
	if err := body.done(); err != nil {
		return reply{}, err
	}
	pulled, err := a.cfg.Queue.Pull(r.Context(), r.actor, req)
	if err != nil {
		return reply{}, fmt.Errorf("pull an item: %w", err)
	}
	if pulled == nil {
		return reply{status: http.StatusNoContent}, nil
	}
	return answer(newItem(*pulled, r.actor))
}

// startItem answers POST /campaigns/{campaignId}/queue_items/{id}/start.
func (a *api) startItem(r *request) (reply, error) { return a.moveItem(r, a.cfg.Queue.Start) }

// heartbeatItem answers POST /campaigns/{campaignId}/queue_items/{id}/heartbeat.
func (a *api) heartbeatItem(r *request) (reply, error) { return a.moveItem(r, a.cfg.Queue.Heartbeat) }

// releaseItem answers POST /campaigns/{campaignId}/queue_items/{id}/release.
func (a *api) releaseItem(r *request) (reply, error) { return a.moveItem(r, a.cfg.Queue.Release) }

type move func(context.Context, outdial.Actor, queue.ItemRequest) (queue.Item, error)

func (a *api) moveItem(r *request, move move) (reply, error) {
	itemID, err := outdial.ParseID("id", r.PathValue("id"))
	if err != nil {
		return reply{}, err
	}
	body, err := a.readObject(r)
	if err != nil {
		return reply{}, err
	}
	req := queue.ItemRequest{CampaignID: r.campaignID, ItemID: itemID, LockVersion: body.version("lock_version")}
	if err := body.done(); err != nil {
		return reply{}, err
	}
	moved, err := move(r.Context(), r.actor, req)
	if err != nil {
		return reply{}, fmt.Errorf("move the item: %w", err)
	}
	return answer(newItem(moved, r.actor))
}
