-- The tables of contacts, campaigns, the agent queue, suppression and audit.
--
-- Ids are UUIDs as text, times are integers: microseconds since 1970 in UTC. A
-- host that has contacts or campaign_contacts already keeps them; their missing
-- columns are added before this runs (see columns.sql).

-- +goose Up

CREATE TABLE IF NOT EXISTS contacts (
    id TEXT PRIMARY KEY,
    account_id TEXT,
    first_name TEXT,
    last_name TEXT,
    company TEXT,
    phone TEXT,
    phone_key TEXT,
    phone_status TEXT NOT NULL DEFAULT 'unknown',
    email TEXT,
    email_key TEXT,
    country TEXT,
    region TEXT,
    postal_code TEXT,
    timezone TEXT,
    is_valid BOOLEAN DEFAULT TRUE,
    is_opted_out BOOLEAN DEFAULT FALSE,
    attributes TEXT,
    source_key TEXT,
    created_at INTEGER
);
CREATE UNIQUE INDEX IF NOT EXISTS uq_contacts_source_key ON contacts (source_key) WHERE source_key IS NOT NULL;
CREATE INDEX IF NOT EXISTS ix_contacts_phone_key ON contacts (phone_key);
CREATE INDEX IF NOT EXISTS ix_contacts_email_key ON contacts (email_key);

CREATE TABLE IF NOT EXISTS campaign_contacts (
    campaign_id TEXT NOT NULL,
    contact_id TEXT NOT NULL,
    priority INTEGER NOT NULL DEFAULT 0,
    attempts INTEGER NOT NULL DEFAULT 0,
    last_attempt_at INTEGER,
    next_attempt_at INTEGER,
    finished_at INTEGER,
    finish_reason TEXT
);
CREATE UNIQUE INDEX IF NOT EXISTS uq_campaign_contacts ON campaign_contacts (campaign_id, contact_id);

CREATE TABLE IF NOT EXISTS campaign_settings (
    campaign_id TEXT PRIMARY KEY,
    name TEXT NOT NULL DEFAULT '',
    created_at INTEGER NOT NULL,
    status TEXT NOT NULL DEFAULT 'stopped',
    max_attempts INTEGER,
    max_voicemails INTEGER,
    max_attempts_per_day INTEGER,
    vm_cooldown_hours REAL,
    cool_downs TEXT
);
CREATE UNIQUE INDEX IF NOT EXISTS uq_campaign_settings_name ON campaign_settings (name) WHERE name <> '';

CREATE TABLE IF NOT EXISTS agent_queue (
    id TEXT PRIMARY KEY,
    campaign_id TEXT NOT NULL,
    agent_id TEXT,
    contact_id TEXT NOT NULL,
    queue_state TEXT NOT NULL
        CHECK (queue_state IN ('queued', 'locked', 'in_progress', 'completed', 'released', 'failed')),
    queued_at INTEGER,
    released_at INTEGER,
    created_by TEXT,
    released_by TEXT,
    priority INTEGER NOT NULL DEFAULT 0,
    scheduled_for INTEGER,
    locked_at INTEGER,
    lock_expires_at INTEGER,
    lock_version INTEGER NOT NULL DEFAULT 0,
    enqueued_by TEXT,
    enqueued_reason TEXT,
    attempts INTEGER NOT NULL DEFAULT 0,
    fail_reason TEXT,
    pooled BOOLEAN NOT NULL DEFAULT FALSE,
    launch_id TEXT,
    callback_at INTEGER,
    callback_agent_id TEXT
);

-- No contact is active twice in a campaign. This index, and not any lock, is what
-- keeps two agents apart.
CREATE UNIQUE INDEX IF NOT EXISTS uq_agent_queue_active
    ON agent_queue (campaign_id, contact_id)
    WHERE queue_state IN ('queued', 'locked', 'in_progress');

-- Counts by state and by agent, and "everything this agent holds".
CREATE INDEX IF NOT EXISTS ix_agent_queue_campaign_state ON agent_queue (campaign_id, queue_state, agent_id);

-- The order in which an agent's own items are pulled, and the pool's. Each row is
-- in one of the two. The pool keeps locked rows, because an expired lock is none.
CREATE INDEX IF NOT EXISTS ix_agent_queue_pull
    ON agent_queue (campaign_id, agent_id, priority DESC, scheduled_for, queued_at, id)
    WHERE queue_state = 'queued' AND NOT pooled;
CREATE INDEX IF NOT EXISTS ix_agent_queue_pull_pool
    ON agent_queue (campaign_id, priority DESC, scheduled_for, queued_at, id)
    WHERE queue_state IN ('queued', 'locked') AND pooled;

-- An agent holds one item at a time in a campaign, however often they click.
CREATE UNIQUE INDEX IF NOT EXISTS uq_agent_queue_held
    ON agent_queue (campaign_id, agent_id) WHERE queue_state = 'locked';

-- The sweep crosses campaigns, so time leads.
CREATE INDEX IF NOT EXISTS ix_agent_queue_expiry ON agent_queue (lock_expires_at) WHERE queue_state = 'locked';
CREATE INDEX IF NOT EXISTS ix_agent_queue_launch ON agent_queue (campaign_id, launch_id) WHERE launch_id IS NOT NULL;

CREATE TABLE IF NOT EXISTS suppressions (
    id TEXT PRIMARY KEY,
    kind TEXT NOT NULL CHECK (kind IN ('phone', 'email')),
    value TEXT NOT NULL,
    value_key TEXT NOT NULL,
    -- The nil UUID stands for every campaign, so that one unique index covers both.
    campaign_id TEXT NOT NULL DEFAULT '00000000-0000-0000-0000-000000000000',
    source TEXT NOT NULL,
    reason TEXT,
    created_by TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    expires_at INTEGER,
    received_at INTEGER
);
-- A lookup is always for one value, in every campaign and in this one.
CREATE UNIQUE INDEX IF NOT EXISTS uq_suppressions ON suppressions (value_key, kind, campaign_id);

CREATE TABLE IF NOT EXISTS suppression_events (
    id TEXT PRIMARY KEY,
    kind TEXT NOT NULL,
    value TEXT NOT NULL,
    source TEXT NOT NULL,
    created_at INTEGER,
    value_key TEXT,
    campaign_id TEXT,
    action TEXT NOT NULL DEFAULT 'add',
    number INTEGER,
    received_at INTEGER,
    reason TEXT,
    actor_id TEXT
);

CREATE TABLE IF NOT EXISTS audit_log (
    id TEXT PRIMARY KEY,
    actor_id TEXT NOT NULL,
    action TEXT NOT NULL,
    target_type TEXT NOT NULL,
    target_id TEXT NOT NULL,
    meta TEXT,
    created_at INTEGER NOT NULL
);
CREATE INDEX IF NOT EXISTS ix_audit_log_target ON audit_log (target_id, created_at);

CREATE TABLE IF NOT EXISTS idempotency_keys (
    actor_id TEXT NOT NULL,
    key TEXT NOT NULL,
    fingerprint TEXT NOT NULL,
    response TEXT,
    created_at INTEGER NOT NULL,
    PRIMARY KEY (actor_id, key)
);
CREATE INDEX IF NOT EXISTS ix_idempotency_keys_created_at ON idempotency_keys (created_at);

-- A provenance that can be edited is none.
-- +goose StatementBegin
CREATE TRIGGER IF NOT EXISTS agent_queue_provenance_is_immutable
BEFORE UPDATE OF enqueued_by, enqueued_reason ON agent_queue
WHEN OLD.enqueued_by IS NOT NEW.enqueued_by OR OLD.enqueued_reason IS NOT NEW.enqueued_reason
BEGIN
    SELECT RAISE(ABORT, 'agent_queue_provenance_is_immutable: update is not allowed on agent_queue');
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER IF NOT EXISTS audit_log_is_append_only_update
BEFORE UPDATE ON audit_log
BEGIN
    SELECT RAISE(ABORT, 'audit_log_is_append_only: update is not allowed on audit_log');
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER IF NOT EXISTS audit_log_is_append_only_delete
BEFORE DELETE ON audit_log
BEGIN
    SELECT RAISE(ABORT, 'audit_log_is_append_only: delete is not allowed on audit_log');
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER IF NOT EXISTS suppression_events_are_append_only_update
BEFORE UPDATE ON suppression_events
BEGIN
    SELECT RAISE(ABORT, 'suppression_events_are_append_only: update is not allowed on suppression_events');
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER IF NOT EXISTS suppression_events_are_append_only_delete
BEFORE DELETE ON suppression_events
BEGIN
    SELECT RAISE(ABORT, 'suppression_events_are_append_only: delete is not allowed on suppression_events');
END;
-- +goose StatementEnd

-- A host that writes contacts itself gets their keys from here: a number in E.164
-- form is its own key, and a number that changes loses the key of the old one, so
-- that nobody is dialed under a key that was checked for somebody else.
-- +goose StatementBegin
CREATE TRIGGER IF NOT EXISTS contacts_keys_on_insert
AFTER INSERT ON contacts
WHEN NEW.phone_key IS NULL AND NEW.phone GLOB '+[1-9]*' AND substr(NEW.phone, 2) NOT GLOB '*[^0-9]*'
     AND length(NEW.phone) BETWEEN 8 AND 16
  OR NEW.email_key IS NULL AND NEW.email IS NOT NULL
BEGIN
    UPDATE contacts
       SET phone_key = CASE WHEN phone_key IS NULL AND phone GLOB '+[1-9]*' AND substr(phone, 2) NOT GLOB '*[^0-9]*'
                             AND length(phone) BETWEEN 8 AND 16 THEN phone ELSE phone_key END,
           email_key = COALESCE(email_key, lower(trim(email)))
     WHERE id = NEW.id;
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER IF NOT EXISTS contacts_phone_key_on_update
AFTER UPDATE OF phone ON contacts
WHEN NEW.phone IS NOT OLD.phone AND NEW.phone_key IS OLD.phone_key
BEGIN
    UPDATE contacts
       SET phone_status = 'unknown',
           phone_key = CASE WHEN phone GLOB '+[1-9]*' AND substr(phone, 2) NOT GLOB '*[^0-9]*'
                             AND length(phone) BETWEEN 8 AND 16 THEN phone END
     WHERE id = NEW.id;
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER IF NOT EXISTS contacts_email_key_on_update
AFTER UPDATE OF email ON contacts
WHEN NEW.email IS NOT OLD.email AND NEW.email_key IS OLD.email_key
BEGIN
    UPDATE contacts SET email_key = lower(trim(email)) WHERE id = NEW.id;
END;
-- +goose StatementEnd

-- Contacts that were there before have no keys yet.
UPDATE contacts SET phone_key = phone
 WHERE phone_key IS NULL AND phone GLOB '+[1-9]*' AND substr(phone, 2) NOT GLOB '*[^0-9]*'
   AND length(phone) BETWEEN 8 AND 16;
UPDATE contacts SET email_key = lower(trim(email)) WHERE email_key IS NULL AND email IS NOT NULL;
