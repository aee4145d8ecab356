package httpapi

import (
	_ "embed"
	"errors"
	"fmt"
	"net/http"

	"github.com/outdial/outdial"
	"github.com/outdial/outdial/dialer"
	"github.com/outdial/outdial/dialer/telephony"
	"github.com/outdial/outdial/queue"
)

// swept is the JSON form of what a sweep did. What belongs to a service that is not
// there is left out.
type swept struct {
	queueSwept
	*dialerSwept

	AgentsExpired *int `json:"agents_expired,omitempty"`
}

type (
	queueSwept  = queue.SweepResult
	dialerSwept = dialer.SweepResult
)

// sweep answers POST /ops/sweep. Each queue is swept by itself: when one fails, what
// was done before stays done, and sweeping again is harmless.
func (a *api) sweep(r *request) (reply, error) {
	body, err := a.readObject(r)
	if err != nil {
		return reply{}, err
	}
	if err := body.done(); err != nil {
		return reply{}, err
	}
	var result swept
	if result.queueSwept, err = a.cfg.Queue.Sweep(r.Context(), r.actor); err != nil {
		return reply{}, fmt.Errorf("sweep: %w", err)
	}
	if a.cfg.Dialer != nil {
		calls, err := a.cfg.Dialer.Sweep(r.Context(), r.actor)
		if err != nil {
			return reply{}, fmt.Errorf("sweep the power queue: %w", err)
		}
		result.dialerSwept = &calls
	}
	if a.cfg.Presence != nil {
		expired, err := a.cfg.Presence.Expire(r.Context(), r.actor)
		if err != nil {
			return reply{}, fmt.Errorf("sweep the agents: %w", err)
		}
		result.AgentsExpired = &expired
	}
	return answer(result)
}

// purge answers POST /ops/purge. It works in steps: when it fails half way, what was
// done before stays done, and purging again is harmless.
func (a *api) purge(r *request) (reply, error) {
	body, err := a.readObject(r)
	if err != nil {
		return reply{}, err
	}
	if err := body.done(); err != nil {
		return reply{}, err
	}
	result, err := a.cfg.Suppressions.Purge(r.Context(), r.actor)
	if err != nil {
		return reply{}, fmt.Errorf("purge: %w", err)
	}
	return answer(result)
}

// rolledBack is the JSON form of what a rollback did. Items of the agent queue are
// released, those of the power queue failed; without a power queue there is no Failed.
type rolledBack struct {
	Released int  `json:"released"`
	Failed   *int `json:"failed,omitempty"`
	Kept     int  `json:"kept"`
}

// rollback answers POST /ops/rollback. A launch may have filled either queue, or both
// under one id: it is taken out of the agent queue first and of the power queue then,
// and is unknown when neither knows it. When the second fails, what was done to the
// first stays done, and asking again is harmless.
func (a *api) rollback(r *request) (reply, error) {
	body, err := a.readObject(r)
	if err != nil {
		return reply{}, err
	}
	campaignID, launchID := body.id("campaign_id"), body.id("launch_id")
	if err := body.done(); err != nil {
		return reply{}, err
	}
	items, unknown := a.cfg.Queue.RollbackLaunch(r.Context(), r.actor,
		queue.RollbackRequest{CampaignID: campaignID, LaunchID: launchID})
	if unknown != nil && (a.cfg.Dialer == nil || !errors.Is(unknown, outdial.ErrNotFound)) {
		return reply{}, fmt.Errorf("roll back: %w", unknown)
	}
	result := rolledBack{Released: items.Released, Kept: items.Kept}
	if a.cfg.Dialer == nil {
		return answer(result)
	}
	calls, err := a.cfg.Dialer.RollbackLaunch(r.Context(), r.actor,
		dialer.RollbackRequest{CampaignID: campaignID, LaunchID: launchID})
	if err != nil && (unknown != nil || !errors.Is(err, outdial.ErrNotFound)) {
		return reply{}, fmt.Errorf("roll back the power queue: %w", err)
	}
	result.Failed = &calls.Failed
	result.Kept += calls.Kept
	return answer(result)
}

// replay answers POST /ops/replay.
func (a *api) replay(r *request) (reply, error) {
	body, err := a.readObject(r)
	if err != nil {
		return reply{}, err
	}
	selection := telephony.Selection{
		CampaignID: body.optionalID("campaign_id"),
		ItemID:     body.optionalID("item_id"),
		CallSID:    body.text("call_sid"),
		Since:      body.instant("since"),
		Until:      body.instant("until"),
		Orphans:    body.flag("orphans", false),
	}
	if err := body.done(); err != nil {
		return reply{}, err
	}
	result, err := a.cfg.Telephony.Replay(r.Context(), r.actor, selection)
	if err != nil {
		return reply{}, fmt.Errorf("replay: %w", err)
	}
	return answer(result)
}

//go:embed openapi.yaml
var openAPIDocument []byte

// openAPI answers GET /openapi.yaml.
func (a *api) openAPI(*request) (reply, error) {
	return reply{status: http.StatusOK, contentType: "application/yaml", content: openAPIDocument}, nil
}

// status is the body of the health routes when all is well.
type status struct {
	Status string `json:"status"`
}

// healthy answers GET /healthz: the process is up and answers requests, whatever
// state its database is in.
func (a *api) healthy(*request) (reply, error) { return answer(status{Status: "ok"}) }

// ready answers GET /readyz: the server can work, or a 503 that says no more than
// that. The cause is in the log.
func (a *api) ready(r *request) (reply, error) {
	if err := a.cfg.Ready(r.Context()); err != nil {
		return reply{}, fmt.Errorf("%w: %w", errNotReady, err)
	}
	return answer(status{Status: "ready"})
}
