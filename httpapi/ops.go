package httpapi

import (
	_ "embed"
	"fmt"
	"net/http"

	"github.com/outdial/outdial/queue"
)

// sweep answers POST /ops/sweep.
func (a *api) sweep(r *request) (reply, error) {
	body, err := a.readObject(r)
	if err != nil {
		return reply{}, err
	}
	if err := body.done(); err != nil {
		return reply{}, err
	}
	result, err := a.cfg.Queue.Sweep(r.Context(), r.actor)
	if err != nil {
		return reply{}, fmt.Errorf("sweep: %w", err)
	}
	return answer(result)
}

// rollback answers POST /ops/rollback.
func (a *api) rollback(r *request) (reply, error) {
	body, err := a.readObject(r)
	if err != nil {
		return reply{}, err
	}
	req := queue.RollbackRequest{CampaignID: body.id("campaign_id"), LaunchID: body.id("launch_id")}
	if err := body.done(); err != nil {
		return reply{}, err
	}
	result, err := a.cfg.Queue.RollbackLaunch(r.Context(), r.actor, req)
	if err != nil {
		return reply{}, fmt.Errorf("roll back: %w", err)
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
