-- What agents record: dispositions, the leads that they make, and callbacks.
--
-- Ids are UUIDs as text, times are integers: microseconds since 1970 in UTC. A host that
-- has tables of these names already keeps them; their missing columns, and those of
-- agent_queue and campaign_settings, are added before this runs (see columns.sql).

-- +goose Up

-- lock_version is the item's that was disposed of, item_version the one that the
-- disposition left. before is what a correction puts back, response what a repeated
-- request gets.
CREATE TABLE IF NOT EXISTS dispositions (
    id TEXT PRIMARY KEY,
    campaign_id TEXT NOT NULL,
    contact_id TEXT NOT NULL,
    queue TEXT,
    item_id TEXT,
    lock_version INTEGER,
    item_version INTEGER,
    call_id TEXT,
    agent_id TEXT,
    actor_id TEXT,
    code TEXT,
    effect TEXT,
    outcome TEXT,
    attempt INTEGER,
    callback_at INTEGER,
    metadata TEXT,
    supersedes TEXT,
    superseded_by TEXT,
    before TEXT,
    fingerprint TEXT,
    response TEXT,
    recorded_at INTEGER
);
-- A version of an item is disposed of once.
CREATE UNIQUE INDEX IF NOT EXISTS uq_dispositions_item ON dispositions (campaign_id, item_id, lock_version);
CREATE INDEX IF NOT EXISTS ix_dispositions_contact ON dispositions (campaign_id, contact_id, recorded_at);

CREATE TABLE IF NOT EXISTS leads (
    id TEXT PRIMARY KEY,
    campaign_id TEXT NOT NULL,
    contact_id TEXT NOT NULL,
    disposition_id TEXT,
    agent_id TEXT,
    created_at INTEGER,
    withdrawn_at INTEGER
);
-- A contact becomes a lead of a campaign once.
CREATE UNIQUE INDEX IF NOT EXISTS uq_leads ON leads (campaign_id, contact_id);

-- Callbacks come before everything else once they are due, whoever's they are.
CREATE INDEX IF NOT EXISTS ix_agent_queue_callbacks
    ON agent_queue (campaign_id, callback_at, id)
    WHERE queue_state IN ('queued', 'locked') AND callback_at IS NOT NULL;
-- The pool without them: a pull need not walk over callbacks of next week.
CREATE INDEX IF NOT EXISTS ix_agent_queue_pool
    ON agent_queue (campaign_id, priority DESC, scheduled_for, queued_at, id)
    WHERE queue_state IN ('queued', 'locked') AND pooled AND callback_at IS NULL;
DROP INDEX IF EXISTS ix_agent_queue_pull_pool;

-- How often a contact was called, for caps.
CREATE INDEX IF NOT EXISTS ix_call_attempts_contact ON call_attempts (campaign_id, contact_id, placed_at);
