-- The power queue: its items, the calls that were placed for them, what carriers
-- reported, the agents, and who may dial.
--
-- A host that has a campaign_queue or telephony_events already keeps them, with
-- their rows: only missing columns are added.

-- +goose Up

ALTER TABLE campaign_settings
    ADD COLUMN IF NOT EXISTS status text NOT NULL DEFAULT 'stopped';

CREATE TABLE IF NOT EXISTS campaign_queue (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    campaign_id uuid NOT NULL,
    contact_id uuid NOT NULL,
    status text NOT NULL
);
ALTER TABLE campaign_queue
    ADD COLUMN IF NOT EXISTS priority integer NOT NULL DEFAULT 0,
    ADD COLUMN IF NOT EXISTS next_attempt_at timestamptz,
    ADD COLUMN IF NOT EXISTS attempts integer NOT NULL DEFAULT 0,
    ADD COLUMN IF NOT EXISTS call_zone text,
    ADD COLUMN IF NOT EXISTS call_sid text,
    ADD COLUMN IF NOT EXISTS agent_id uuid,
    ADD COLUMN IF NOT EXISTS call_id uuid,
    ADD COLUMN IF NOT EXISTS lock_version integer NOT NULL DEFAULT 0,
    ADD COLUMN IF NOT EXISTS enqueued_by text,
    ADD COLUMN IF NOT EXISTS enqueued_reason text,
    ADD COLUMN IF NOT EXISTS fail_reason text,
    ADD COLUMN IF NOT EXISTS launch_id uuid,
    ADD COLUMN IF NOT EXISTS created_at timestamptz,
    ADD COLUMN IF NOT EXISTS updated_at timestamptz;
-- NOT VALID spares the scan of a host's rows.
ALTER TABLE campaign_queue DROP CONSTRAINT IF EXISTS campaign_queue_status_check;
ALTER TABLE campaign_queue ADD CONSTRAINT campaign_queue_status_check
    CHECK (status IN ('queued', 'dialing', 'ringing', 'connected', 'unknown', 'completed', 'failed')) NOT VALID;

CREATE OR REPLACE TRIGGER campaign_queue_provenance_is_immutable
    BEFORE UPDATE OF enqueued_by, enqueued_reason ON campaign_queue
    FOR EACH ROW
    WHEN (OLD.enqueued_by IS DISTINCT FROM NEW.enqueued_by
       OR OLD.enqueued_reason IS DISTINCT FROM NEW.enqueued_reason)
    EXECUTE FUNCTION outdial_refuse_change();

-- One row for each attempt. claim_version is the item's lock_version after the claim:
-- with it, events name the attempt. item_version is the one that the call left: while
-- the item has it, nobody else has touched the item.
CREATE TABLE IF NOT EXISTS call_attempts (
    id uuid PRIMARY KEY,
    campaign_id uuid NOT NULL,
    item_id uuid NOT NULL,
    claim_version integer NOT NULL,
    item_version integer NOT NULL,
    contact_id uuid NOT NULL,
    phone text NOT NULL,
    phone_key text NOT NULL,
    attempt integer NOT NULL DEFAULT 0,
    lease_token bigint NOT NULL DEFAULT 0,
    claimed_at timestamptz NOT NULL,
    placed_at timestamptz,
    lost_at timestamptz,
    call_sid text,
    agent_id uuid,
    initiated_at timestamptz,
    ringing_at timestamptz,
    answered_at timestamptz,
    amd text,
    amd_at timestamptz,
    connected_at timestamptz,
    abandoned_at timestamptz,
    ended_at timestamptz,
    cause text,
    not_placed_at timestamptz,
    outcome text,
    settled_at timestamptz,
    updated_at timestamptz NOT NULL
);

-- Which call has a phone. One row for each call that is not settled, whatever its
-- campaign: this key, and not any lock, keeps two campaigns from dialing one number
-- at once.
CREATE TABLE IF NOT EXISTS phone_holds (
    phone_key text PRIMARY KEY,
    campaign_id uuid NOT NULL,
    call_id uuid NOT NULL,
    held_at timestamptz NOT NULL
);

CREATE TABLE IF NOT EXISTS telephony_events (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    call_sid text NOT NULL,
    event_type text NOT NULL,
    event_seq integer DEFAULT 0,
    payload jsonb,
    created_at timestamptz DEFAULT now()
);
-- call_id is the call that the event was merged into; null marks an orphan.
ALTER TABLE telephony_events
    ADD COLUMN IF NOT EXISTS campaign_id uuid,
    ADD COLUMN IF NOT EXISTS item_id uuid,
    ADD COLUMN IF NOT EXISTS claim_version integer,
    ADD COLUMN IF NOT EXISTS call_id uuid,
    ADD COLUMN IF NOT EXISTS source text,
    ADD COLUMN IF NOT EXISTS reported_at timestamptz,
    ADD COLUMN IF NOT EXISTS occurred_at timestamptz,
    ADD COLUMN IF NOT EXISTS amd text,
    ADD COLUMN IF NOT EXISTS cause text;

-- An agent works in one campaign at a time. call_id is the call that they are or were
-- last in.
CREATE TABLE IF NOT EXISTS agent_sessions (
    agent_id uuid PRIMARY KEY,
    campaign_id uuid NOT NULL,
    state text NOT NULL
        CHECK (state IN ('ready', 'reserved', 'on_call', 'wrapup', 'paused', 'offline')),
    since timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    call_id uuid
);

-- Who may dial for a campaign. The row stays when the lease ends, so that tokens only
-- grow.
CREATE TABLE IF NOT EXISTS dialer_leases (
    campaign_id uuid PRIMARY KEY,
    holder text NOT NULL,
    token bigint NOT NULL,
    expires_at timestamptz NOT NULL
);
