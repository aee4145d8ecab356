package httpapi

import (
	"fmt"

	"github.com/outdial/outdial"
	"github.com/outdial/outdial/queue"
)

// setQueue answers POST /campaigns/{campaignId}/queues/set.
func (a *api) setQueue(r *request) (reply, error) {
	req, dryRun, err := a.replaceRequest(r)
	if err != nil {
		return reply{}, err
	}
	if dryRun {
		return a.preview(r, req)
	}
	result, err := a.cfg.Queue.Replace(r.Context(), r.actor, req)
	if err != nil {
		return reply{}, fmt.Errorf("set the queue: %w", err)
	}
	return answer(result)
}

// previewQueue answers POST /campaigns/{campaignId}/queues/preview, which takes
// the body of set and never writes, whatever its dry_run says.
func (a *api) previewQueue(r *request) (reply, error) {
	req, _, err := a.replaceRequest(r)
	if err != nil {
		return reply{}, err
	}
	return a.preview(r, req)
}

func (a *api) preview(r *request, req queue.ReplaceRequest) (reply, error) {
	plan, err := a.cfg.Queue.Preview(r.Context(), r.actor, req)
	if err != nil {
		return reply{}, fmt.Errorf("preview the queue: %w", err)
	}
	return answer(plan)
}

func (a *api) replaceRequest(r *request) (req queue.ReplaceRequest, dryRun bool, err error) {
	body, err := a.readObject(r)
	if err != nil {
		return req, false, err
	}
	req = queue.ReplaceRequest{
		CampaignID:        r.campaignID,
		AgentID:           body.id("agent_id"),
		Filter:            body.filter("filters"),
		PerAccountCap:     body.bound("per_account_cap"),
		MaxQueueSize:      body.bound("max_queue_size"),
		ReleaseInProgress: !body.flag("keep_in_progress", true),
		IdempotencyKey:    r.key,
	}
	dryRun = body.flag("dry_run", false)
	return req, dryRun, body.done()
}

// clearQueue answers POST /campaigns/{campaignId}/queues/clear.
func (a *api) clearQueue(r *request) (reply, error) {
	body, err := a.readObject(r)
	if err != nil {
		return reply{}, err
	}
	req := queue.ClearRequest{CampaignID: r.campaignID, AgentID: body.id("agent_id"), IdempotencyKey: r.key}
	if err := body.done(); err != nil {
		return reply{}, err
	}
	result, err := a.cfg.Queue.Clear(r.Context(), r.actor, req)
	if err != nil {
		return reply{}, fmt.Errorf("clear the queue: %w", err)
	}
	return answer(result)
}

// clearAllQueues answers POST /campaigns/{campaignId}/queues/clear_all.
func (a *api) clearAllQueues(r *request) (reply, error) {
	body, err := a.readObject(r)
	if err != nil {
		return reply{}, err
	}
	if err := body.done(); err != nil {
		return reply{}, err
	}
	result, err := a.cfg.Queue.ClearAll(r.Context(), r.actor,
		queue.ClearAllRequest{CampaignID: r.campaignID, IdempotencyKey: r.key})
	if err != nil {
		return reply{}, fmt.Errorf("clear all queues: %w", err)
	}
	return answer(result)
}

// enqueue answers POST /campaigns/{campaignId}/queues/enqueue.
func (a *api) enqueue(r *request) (reply, error) {
	body, err := a.readObject(r)
	if err != nil {
		return reply{}, err
	}
	req := queue.EnqueueRequest{
		CampaignID:     r.campaignID,
		AgentID:        body.optionalID("agent_id"),
		ContactIDs:     body.ids("contact_ids"),
		Filter:         body.filter("filters"),
		Reason:         outdial.Reason(body.text("reason")),
		Priority:       body.integer("priority"),
		ScheduledFor:   body.instant("scheduled_for"),
		LaunchID:       body.optionalID("launch_id"),
		IdempotencyKey: r.key,
	}
	if err := body.done(); err != nil {
		return reply{}, err
	}
	result, err := a.cfg.Queue.Enqueue(r.Context(), r.actor, req)
	if err != nil {
		return reply{}, fmt.Errorf("enqueue: %w", err)
	}
	return answer(result)
}

// stats is the JSON form of a campaign's counts.
type stats struct {
	States map[queue.State]int `json:"states"`
	Agents []map[string]any    `json:"agents"`
}

// queueStats answers GET /campaigns/{campaignId}/queues/stats.
func (a *api) queueStats(r *request) (reply, error) {
	counted, err := a.cfg.Queue.Stats(r.Context(), r.actor, r.campaignID)
	if err != nil {
		return reply{}, fmt.Errorf("count the queues: %w", err)
	}
	body := stats{States: map[queue.State]int{}, Agents: make([]map[string]any, 0, len(counted.Agents))}
	for _, state := range queue.States() {
		body.States[state] = counted.States[state]
	}
	for _, agent := range counted.Agents {
		row := map[string]any{"agent_id": idOrNull(agent.AgentID)}
		for _, state := range queue.States() {
			row[string(state)] = agent.States[state]
		}
		body.Agents = append(body.Agents, row)
	}
	return answer(body)
}
