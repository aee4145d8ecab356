-- Where a contact is active, in whatever campaign: for purges, and to see whether an
-- agent has somebody in hand.
--
-- The conditions are in a form that no other question can use. An index with a
-- condition such as queue_state IN ('locked', 'in_progress') is one more way to find
-- what an agent has locked, which every pull would have the planner weigh.

-- +goose NO TRANSACTION
-- +goose Up

CREATE INDEX CONCURRENTLY IF NOT EXISTS ix_agent_queue_contact
    ON agent_queue (contact_id) WHERE COALESCE(queue_state IN ('queued', 'locked', 'in_progress'), FALSE);
CREATE INDEX CONCURRENTLY IF NOT EXISTS ix_campaign_queue_contact
    ON campaign_queue (contact_id) WHERE COALESCE(status NOT IN ('completed', 'failed'), FALSE);
DROP INDEX CONCURRENTLY IF EXISTS ix_agent_queue_in_hand;
