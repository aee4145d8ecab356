-- The power queue: its items, the calls that were placed for them, what carriers
-- reported, the agents, and who may dial.
--
-- Ids are UUIDs as text, times are integers: microseconds since 1970 in UTC. A host
-- that has a campaign_queue or telephony_events already keeps them; their missing
-- columns, and the status of campaign_settings, are added before this runs (see
-- columns.sql).

-- +goose Up

CREATE TABLE IF NOT EXISTS campaign_queue (
    id TEXT PRIMARY KEY,
    campaign_id TEXT NOT NULL,
    contact_id TEXT NOT NULL,
    status TEXT NOT NULL
        CHECK (status IN ('queued', 'dialing', 'ringing', 'connected', 'unknown', 'completed', 'failed')),
    priority INTEGER NOT NULL DEFAULT 0,
    next_attempt_at INTEGER,
    attempts INTEGER NOT NULL DEFAULT 0,
    call_zone TEXT,
    call_sid TEXT,
    agent_id TEXT,
    call_id TEXT,
    lock_version INTEGER NOT NULL DEFAULT 0,
    enqueued_by TEXT,
    enqueued_reason TEXT,
    fail_reason TEXT,
    launch_id TEXT,
    created_at INTEGER,
    updated_at INTEGER
);

-- No contact is in the power queue twice. An unknown call counts: it may be one.
CREATE UNIQUE INDEX IF NOT EXISTS uq_campaign_queue_active
    ON campaign_queue (campaign_id, contact_id)
    WHERE status NOT IN ('completed', 'failed');

-- What is due, by status, for lists and counts.
CREATE INDEX IF NOT EXISTS ix_campaign_queue_pull
    ON campaign_queue (campaign_id, status, next_attempt_at, priority DESC);

-- The order in which items are claimed. An item without a time is due before any
-- other, and the claim walks priority by priority, so that what waits for later is
-- never read.
CREATE INDEX IF NOT EXISTS ix_campaign_queue_claim
    ON campaign_queue (campaign_id, priority DESC, COALESCE(next_attempt_at, 0), id)
    WHERE status = 'queued';

-- What is being dialed: little at any time, and the sweep crosses campaigns.
CREATE INDEX IF NOT EXISTS ix_campaign_queue_live ON campaign_queue (updated_at) WHERE status IN ('dialing', 'ringing');

CREATE INDEX IF NOT EXISTS ix_campaign_queue_launch
    ON campaign_queue (campaign_id, launch_id) WHERE launch_id IS NOT NULL;

-- +goose StatementBegin
CREATE TRIGGER IF NOT EXISTS campaign_queue_provenance_is_immutable
BEFORE UPDATE OF enqueued_by, enqueued_reason ON campaign_queue
WHEN OLD.enqueued_by IS NOT NEW.enqueued_by OR OLD.enqueued_reason IS NOT NEW.enqueued_reason
BEGIN
    SELECT RAISE(ABORT, 'campaign_queue_provenance_is_immutable: update is not allowed on campaign_queue');
END;
-- +goose StatementEnd

-- One row for each attempt. claim_version is the item's lock_version after the claim:
-- with it, events name the attempt. item_version is the one that the call left: while
-- the item has it, nobody else has touched the item.
CREATE TABLE IF NOT EXISTS call_attempts (
    id TEXT PRIMARY KEY,
    campaign_id TEXT NOT NULL,
    item_id TEXT NOT NULL,
    claim_version INTEGER NOT NULL,
    item_version INTEGER NOT NULL,
    contact_id TEXT NOT NULL,
    phone TEXT NOT NULL,
    phone_key TEXT NOT NULL,
    attempt INTEGER NOT NULL DEFAULT 0,
    lease_token INTEGER NOT NULL DEFAULT 0,
    claimed_at INTEGER NOT NULL,
    placed_at INTEGER,
    lost_at INTEGER,
    call_sid TEXT,
    agent_id TEXT,
    initiated_at INTEGER,
    ringing_at INTEGER,
    answered_at INTEGER,
    amd TEXT,
    amd_at INTEGER,
    connected_at INTEGER,
    abandoned_at INTEGER,
    ended_at INTEGER,
    cause TEXT,
    not_placed_at INTEGER,
    outcome TEXT,
    settled_at INTEGER,
    updated_at INTEGER NOT NULL
);

-- How events name an attempt.
CREATE UNIQUE INDEX IF NOT EXISTS uq_call_attempts_ref ON call_attempts (campaign_id, item_id, claim_version);
-- How they name it when they carry nothing but the carrier's name for the call.
CREATE INDEX IF NOT EXISTS ix_call_attempts_call_sid ON call_attempts (call_sid) WHERE call_sid IS NOT NULL;
-- How often a phone was called, by everybody.
CREATE INDEX IF NOT EXISTS ix_call_attempts_phone ON call_attempts (phone_key, placed_at);
-- What is under way: little at any time, and a sweep reads all of it.
CREATE INDEX IF NOT EXISTS ix_call_attempts_live ON call_attempts (campaign_id, id) WHERE settled_at IS NULL;

-- Which call has a phone. One row for each call that is not settled, whatever its
-- campaign: this key, and not any lock, keeps two campaigns from dialing one number
-- at once.
CREATE TABLE IF NOT EXISTS phone_holds (
    phone_key TEXT PRIMARY KEY,
    campaign_id TEXT NOT NULL,
    call_id TEXT NOT NULL,
    held_at INTEGER NOT NULL
);

-- call_id is the call that the event was merged into; null marks an orphan.
CREATE TABLE IF NOT EXISTS telephony_events (
    id TEXT PRIMARY KEY,
    call_sid TEXT NOT NULL,
    event_type TEXT NOT NULL,
    event_seq INTEGER DEFAULT 0,
    payload TEXT,
    created_at INTEGER,
    campaign_id TEXT,
    item_id TEXT,
    claim_version INTEGER,
    call_id TEXT,
    source TEXT,
    reported_at INTEGER,
    occurred_at INTEGER,
    amd TEXT,
    cause TEXT
);
CREATE UNIQUE INDEX IF NOT EXISTS uq_telephony_events ON telephony_events (call_sid, event_type, event_seq);
CREATE INDEX IF NOT EXISTS ix_telephony_events_item ON telephony_events (campaign_id, item_id, id);
CREATE INDEX IF NOT EXISTS ix_telephony_events_orphans ON telephony_events (call_sid) WHERE call_id IS NULL;

-- An agent works in one campaign at a time. call_id is the call that they are or were
-- last in.
CREATE TABLE IF NOT EXISTS agent_sessions (
    agent_id TEXT PRIMARY KEY,
    campaign_id TEXT NOT NULL,
    state TEXT NOT NULL
        CHECK (state IN ('ready', 'reserved', 'on_call', 'wrapup', 'paused', 'offline')),
    since INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    call_id TEXT
);
-- Who is reserved next.
CREATE INDEX IF NOT EXISTS ix_agent_sessions_idle ON agent_sessions (campaign_id, state, since, agent_id);

-- Who may dial for a campaign. The row stays when the lease ends, so that tokens only
-- grow.
CREATE TABLE IF NOT EXISTS dialer_leases (
    campaign_id TEXT PRIMARY KEY,
    holder TEXT NOT NULL,
    token INTEGER NOT NULL,
    expires_at INTEGER NOT NULL
);

-- Whether an agent has a contact in hand, in whatever campaign.
CREATE INDEX IF NOT EXISTS ix_agent_queue_in_hand ON agent_queue (contact_id) WHERE queue_state IN ('locked', 'in_progress');
