-- The indexes of the power queue, built without blocking writers. A build that is
-- interrupted leaves an index marked INVALID: drop it and run this version again.

-- +goose NO TRANSACTION
-- +goose Up

-- No contact is in the power queue twice. An unknown call counts: it may be one.
CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS uq_campaign_queue_active
    ON campaign_queue (campaign_id, contact_id)
    WHERE status NOT IN ('completed', 'failed');

-- What is due, by status, for lists and counts.
CREATE INDEX CONCURRENTLY IF NOT EXISTS ix_campaign_queue_pull
    ON campaign_queue (campaign_id, status, next_attempt_at, priority DESC);

-- The order in which items are claimed. An item without a time is due before any
-- other, and the claim walks priority by priority, so that what waits for later is
-- never read.
CREATE INDEX CONCURRENTLY IF NOT EXISTS ix_campaign_queue_claim
    ON campaign_queue (campaign_id, priority DESC, (COALESCE(next_attempt_at, '-infinity'::timestamptz)), id)
    WHERE status = 'queued';

-- What is being dialed: little at any time, and the sweep crosses campaigns.
CREATE INDEX CONCURRENTLY IF NOT EXISTS ix_campaign_queue_live
    ON campaign_queue (updated_at)
    WHERE status IN ('dialing', 'ringing');

CREATE INDEX CONCURRENTLY IF NOT EXISTS ix_campaign_queue_launch
    ON campaign_queue (campaign_id, launch_id)
    WHERE launch_id IS NOT NULL;

-- How events name an attempt.
CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS uq_call_attempts_ref
    ON call_attempts (campaign_id, item_id, claim_version);
-- How they name it when they carry nothing but the carrier's name for the call.
CREATE INDEX CONCURRENTLY IF NOT EXISTS ix_call_attempts_call_sid
    ON call_attempts (call_sid) WHERE call_sid IS NOT NULL;
-- How often a phone was called, by everybody.
CREATE INDEX CONCURRENTLY IF NOT EXISTS ix_call_attempts_phone
    ON call_attempts (phone_key, placed_at);
-- What is under way: little at any time, and a sweep reads all of it.
CREATE INDEX CONCURRENTLY IF NOT EXISTS ix_call_attempts_live
    ON call_attempts (campaign_id, id) WHERE settled_at IS NULL;

CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS uq_telephony_events
    ON telephony_events (call_sid, event_type, event_seq);
CREATE INDEX CONCURRENTLY IF NOT EXISTS ix_telephony_events_item
    ON telephony_events (campaign_id, item_id, id);
CREATE INDEX CONCURRENTLY IF NOT EXISTS ix_telephony_events_orphans
    ON telephony_events (call_sid) WHERE call_id IS NULL;

-- Who is reserved next.
CREATE INDEX CONCURRENTLY IF NOT EXISTS ix_agent_sessions_idle
    ON agent_sessions (campaign_id, state, since, agent_id);

-- Whether an agent has a contact in hand, in whatever campaign.
CREATE INDEX CONCURRENTLY IF NOT EXISTS ix_agent_queue_in_hand
    ON agent_queue (contact_id) WHERE queue_state IN ('locked', 'in_progress');
