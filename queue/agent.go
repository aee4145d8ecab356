package queue

import (
	"context"
	"fmt"

	"github.com/google/uuid"

	"github.com/outdial/outdial"
)

// AgentDirectory knows the host's agents. The library keeps no list of its own:
// people belong to the host.
type AgentDirectory interface {
	// AgentExists says whether the agent may hold contacts of the campaign.
	AgentExists(ctx context.Context, campaignID, agentID uuid.UUID) (bool, error)
}

// RequireAgent checks that the actor may act for the agent and that the directory,
// unless it is nil, knows the agent. Its errors match ErrInvalid without an agent,
// ErrForbidden and ErrNotFound.
func RequireAgent(ctx context.Context, agents AgentDirectory, actor outdial.Actor, campaignID, agentID uuid.UUID) error {
	if err := outdial.RequireID("agent_id", agentID); err != nil {
		return err
	}
	if err := actor.RequireAgent(agentID); err != nil {
		return err
	}
	if agents == nil {
		return nil
	}
	known, err := agents.AgentExists(ctx, campaignID, agentID)
	if err != nil {
		return fmt.Errorf("look up agent: %w", err)
	}
	if !known {
		return outdial.NotFound("agent")
	}
	return nil
}
