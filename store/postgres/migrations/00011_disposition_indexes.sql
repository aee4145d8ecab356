-- The indexes of callbacks and of what a contact has been through, built without
-- blocking writers. A build that is interrupted leaves an index marked INVALID: drop it
-- and run this version again.

-- +goose NO TRANSACTION
-- +goose Up

-- Callbacks come before everything else once they are due, whoever's they are.
CREATE INDEX CONCURRENTLY IF NOT EXISTS ix_agent_queue_callbacks
    ON agent_queue (campaign_id, callback_at, id)
    WHERE queue_state IN ('queued', 'locked') AND callback_at IS NOT NULL;
-- The pool without them: a pull need not walk over callbacks of next week.
CREATE INDEX CONCURRENTLY IF NOT EXISTS ix_agent_queue_pool
    ON agent_queue (campaign_id, priority DESC, scheduled_for, queued_at, id)
    WHERE queue_state IN ('queued', 'locked') AND pooled AND callback_at IS NULL;
DROP INDEX CONCURRENTLY IF EXISTS ix_agent_queue_pull_pool;

-- How often a contact was called, for caps.
CREATE INDEX CONCURRENTLY IF NOT EXISTS ix_call_attempts_contact ON call_attempts (campaign_id, contact_id, placed_at);
