-- The indexes, built without blocking writers. A build that is interrupted leaves
-- an index marked INVALID: drop it and run this version again.

-- +goose NO TRANSACTION
-- +goose Up

-- No contact is active twice in a campaign. This index, and not any lock, is what
-- keeps two agents apart.
CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS uq_agent_queue_active
    ON agent_queue (campaign_id, contact_id)
    WHERE queue_state IN ('queued', 'locked', 'in_progress');

-- Counts by state and by agent, and "everything this agent holds".
CREATE INDEX CONCURRENTLY IF NOT EXISTS ix_agent_queue_campaign_state
    ON agent_queue (campaign_id, queue_state, agent_id);

-- The order in which an agent's own items are pulled, and the pool's. Each row is
-- in one of the two. The pool keeps locked rows, because an expired lock is none.
CREATE INDEX CONCURRENTLY IF NOT EXISTS ix_agent_queue_pull
    ON agent_queue (campaign_id, agent_id, priority DESC, scheduled_for, queued_at, id)
    WHERE queue_state = 'queued' AND NOT pooled;
CREATE INDEX CONCURRENTLY IF NOT EXISTS ix_agent_queue_pull_pool
    ON agent_queue (campaign_id, priority DESC, scheduled_for, queued_at, id)
    WHERE queue_state IN ('queued', 'locked') AND pooled;

-- An agent holds one item at a time in a campaign, however often they click. A lock
-- without an end is not the library's: an older program may hold several.
CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS uq_agent_queue_held
    ON agent_queue (campaign_id, agent_id)
    WHERE queue_state = 'locked' AND lock_expires_at IS NOT NULL;

-- The sweep crosses campaigns, so time leads.
CREATE INDEX CONCURRENTLY IF NOT EXISTS ix_agent_queue_expiry
    ON agent_queue (lock_expires_at)
    WHERE queue_state = 'locked';

CREATE INDEX CONCURRENTLY IF NOT EXISTS ix_agent_queue_launch
    ON agent_queue (campaign_id, launch_id)
    WHERE launch_id IS NOT NULL;

CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS uq_campaign_contacts
    ON campaign_contacts (campaign_id, contact_id);

-- A lookup is always for one value, in every campaign and in this one.
CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS uq_suppressions
    ON suppressions (value_key, kind, campaign_id);

CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS uq_contacts_source_key
    ON contacts (source_key) WHERE source_key IS NOT NULL;
CREATE INDEX CONCURRENTLY IF NOT EXISTS ix_contacts_phone_key ON contacts (phone_key);
CREATE INDEX CONCURRENTLY IF NOT EXISTS ix_contacts_email_key ON contacts (email_key);

CREATE INDEX CONCURRENTLY IF NOT EXISTS ix_audit_log_target ON audit_log (target_id, created_at);

-- Contacts that were there before have no keys yet.
UPDATE contacts SET phone_key = phone WHERE phone_key IS NULL AND phone ~ '^\+[1-9][0-9]{6,14}$';
UPDATE contacts SET email_key = lower(btrim(email)) WHERE email_key IS NULL AND email IS NOT NULL;

-- "first name contains" reads this one when the text is selective.
CREATE EXTENSION IF NOT EXISTS pg_trgm;
CREATE INDEX CONCURRENTLY IF NOT EXISTS ix_contacts_first_name_trgm
    ON contacts USING gin (first_name gin_trgm_ops);
