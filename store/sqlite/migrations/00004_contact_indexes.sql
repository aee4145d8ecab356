-- Where a contact is active, in whatever campaign: for purges, and to see whether an
-- agent has somebody in hand. The conditions are in a form that no other question can
-- use, so that no statement finds its way here by mistake.

-- +goose Up

CREATE INDEX IF NOT EXISTS ix_agent_queue_contact
    ON agent_queue (contact_id) WHERE COALESCE(queue_state IN ('queued', 'locked', 'in_progress'), FALSE);
CREATE INDEX IF NOT EXISTS ix_campaign_queue_contact
    ON campaign_queue (contact_id) WHERE COALESCE(status NOT IN ('completed', 'failed'), FALSE);
DROP INDEX IF EXISTS ix_agent_queue_in_hand;
