-- The tables of contacts, campaigns, the agent queue, suppression and audit.
--
-- Everything is additive. A host that has contacts, campaign_contacts or an
-- agent_queue already keeps them, with its rows: only missing columns are added.
-- Adding a column with a constant default does not rewrite the table.

-- +goose Up

CREATE TABLE IF NOT EXISTS contacts (
    id uuid PRIMARY KEY
);
ALTER TABLE contacts
    ADD COLUMN IF NOT EXISTS account_id uuid,
    ADD COLUMN IF NOT EXISTS first_name text,
    ADD COLUMN IF NOT EXISTS last_name text,
    ADD COLUMN IF NOT EXISTS company text,
    ADD COLUMN IF NOT EXISTS phone text,
    ADD COLUMN IF NOT EXISTS phone_key text,
    ADD COLUMN IF NOT EXISTS phone_status text NOT NULL DEFAULT 'unknown',
    ADD COLUMN IF NOT EXISTS email text,
    ADD COLUMN IF NOT EXISTS email_key text,
    ADD COLUMN IF NOT EXISTS country text,
    ADD COLUMN IF NOT EXISTS region text,
    ADD COLUMN IF NOT EXISTS postal_code text,
    ADD COLUMN IF NOT EXISTS timezone text,
    ADD COLUMN IF NOT EXISTS is_valid boolean DEFAULT true,
    ADD COLUMN IF NOT EXISTS is_opted_out boolean DEFAULT false,
    ADD COLUMN IF NOT EXISTS attributes jsonb,
    ADD COLUMN IF NOT EXISTS source_key text,
    ADD COLUMN IF NOT EXISTS created_at timestamptz;

CREATE TABLE IF NOT EXISTS campaign_contacts (
    campaign_id uuid NOT NULL,
    contact_id uuid NOT NULL
);
ALTER TABLE campaign_contacts
    ADD COLUMN IF NOT EXISTS priority integer NOT NULL DEFAULT 0,
    ADD COLUMN IF NOT EXISTS attempts integer NOT NULL DEFAULT 0,
    ADD COLUMN IF NOT EXISTS last_attempt_at timestamptz,
    ADD COLUMN IF NOT EXISTS next_attempt_at timestamptz,
    ADD COLUMN IF NOT EXISTS finished_at timestamptz,
    ADD COLUMN IF NOT EXISTS finish_reason text;

CREATE TABLE IF NOT EXISTS campaign_settings (
    campaign_id uuid PRIMARY KEY,
    name text NOT NULL DEFAULT '',
    created_at timestamptz NOT NULL
);
CREATE UNIQUE INDEX IF NOT EXISTS uq_campaign_settings_name
    ON campaign_settings (name) WHERE name <> '';

CREATE TABLE IF NOT EXISTS agent_queue (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    campaign_id uuid NOT NULL,
    agent_id uuid,
    contact_id uuid NOT NULL,
    queue_state text NOT NULL,
    queued_at timestamptz,
    released_at timestamptz,
    created_by uuid,
    released_by uuid
);
ALTER TABLE agent_queue
    ADD COLUMN IF NOT EXISTS priority integer NOT NULL DEFAULT 0,
    ADD COLUMN IF NOT EXISTS scheduled_for timestamptz,
    ADD COLUMN IF NOT EXISTS locked_at timestamptz,
    ADD COLUMN IF NOT EXISTS lock_expires_at timestamptz,
    ADD COLUMN IF NOT EXISTS lock_version integer NOT NULL DEFAULT 0,
    ADD COLUMN IF NOT EXISTS enqueued_by text,
    ADD COLUMN IF NOT EXISTS enqueued_reason text,
    ADD COLUMN IF NOT EXISTS attempts integer NOT NULL DEFAULT 0,
    ADD COLUMN IF NOT EXISTS fail_reason text,
    ADD COLUMN IF NOT EXISTS pooled boolean NOT NULL DEFAULT false,
    ADD COLUMN IF NOT EXISTS launch_id uuid,
    ALTER COLUMN agent_id DROP NOT NULL;
-- An older table knows four states. NOT VALID spares the scan of its rows: they
-- satisfied the narrower check.
ALTER TABLE agent_queue DROP CONSTRAINT IF EXISTS agent_queue_queue_state_check;
ALTER TABLE agent_queue ADD CONSTRAINT agent_queue_queue_state_check
    CHECK (queue_state IN ('queued', 'locked', 'in_progress', 'completed', 'released', 'failed')) NOT VALID;

CREATE TABLE IF NOT EXISTS suppressions (
    id uuid PRIMARY KEY,
    kind text NOT NULL CHECK (kind IN ('phone', 'email')),
    value text NOT NULL,
    value_key text NOT NULL,
    -- The nil UUID stands for every campaign, so that one unique index covers both.
    campaign_id uuid NOT NULL DEFAULT '00000000-0000-0000-0000-000000000000',
    source text NOT NULL,
    reason text,
    created_by uuid NOT NULL,
    created_at timestamptz NOT NULL,
    expires_at timestamptz
);

CREATE TABLE IF NOT EXISTS suppression_events (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    kind text NOT NULL,
    value text NOT NULL,
    source text NOT NULL,
    created_at timestamptz DEFAULT now()
);
ALTER TABLE suppression_events
    ADD COLUMN IF NOT EXISTS value_key text,
    ADD COLUMN IF NOT EXISTS campaign_id uuid,
    ADD COLUMN IF NOT EXISTS action text NOT NULL DEFAULT 'add';

CREATE TABLE IF NOT EXISTS audit_log (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    actor_id uuid NOT NULL,
    action text NOT NULL,
    target_type text NOT NULL,
    target_id uuid NOT NULL,
    meta jsonb,
    created_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE IF NOT EXISTS idempotency_keys (
    actor_id uuid NOT NULL,
    key text NOT NULL,
    fingerprint text NOT NULL,
    response jsonb,
    created_at timestamptz NOT NULL,
    PRIMARY KEY (actor_id, key)
);
CREATE INDEX IF NOT EXISTS ix_idempotency_keys_created_at ON idempotency_keys (created_at);

-- A provenance that can be edited is none.
-- +goose StatementBegin
CREATE OR REPLACE FUNCTION outdial_refuse_change() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '%: % is not allowed on %', TG_NAME, lower(TG_OP), TG_TABLE_NAME
        USING ERRCODE = 'restrict_violation';
END$$;
-- +goose StatementEnd

CREATE OR REPLACE TRIGGER agent_queue_provenance_is_immutable
    BEFORE UPDATE OF enqueued_by, enqueued_reason ON agent_queue
    FOR EACH ROW
    WHEN (OLD.enqueued_by IS DISTINCT FROM NEW.enqueued_by
       OR OLD.enqueued_reason IS DISTINCT FROM NEW.enqueued_reason)
    EXECUTE FUNCTION outdial_refuse_change();
CREATE OR REPLACE TRIGGER audit_log_is_append_only
    BEFORE UPDATE OR DELETE ON audit_log
    FOR EACH ROW EXECUTE FUNCTION outdial_refuse_change();
CREATE OR REPLACE TRIGGER suppression_events_are_append_only
    BEFORE UPDATE OR DELETE ON suppression_events
    FOR EACH ROW EXECUTE FUNCTION outdial_refuse_change();

-- A host that writes contacts itself gets their keys from here: a number in E.164
-- form is its own key, and a number that changes loses the key of the old one, so
-- that nobody is dialed under a key that was checked for somebody else.
-- +goose StatementBegin
CREATE OR REPLACE FUNCTION outdial_contact_keys() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE' THEN
        IF NEW.phone IS DISTINCT FROM OLD.phone AND NEW.phone_key IS NOT DISTINCT FROM OLD.phone_key THEN
            NEW.phone_key := NULL;
            NEW.phone_status := 'unknown';
        END IF;
        IF NEW.email IS DISTINCT FROM OLD.email AND NEW.email_key IS NOT DISTINCT FROM OLD.email_key THEN
            NEW.email_key := NULL;
        END IF;
    END IF;
    IF NEW.phone_key IS NULL AND NEW.phone ~ '^\+[1-9][0-9]{6,14}$' THEN
        NEW.phone_key := NEW.phone;
    END IF;
    IF NEW.email_key IS NULL AND NEW.email IS NOT NULL THEN
        NEW.email_key := lower(btrim(NEW.email));
    END IF;
    RETURN NEW;
END$$;
-- +goose StatementEnd

CREATE OR REPLACE TRIGGER contacts_keys_on_insert
    BEFORE INSERT ON contacts
    FOR EACH ROW
    WHEN (NEW.phone_key IS NULL AND NEW.phone IS NOT NULL
       OR NEW.email_key IS NULL AND NEW.email IS NOT NULL)
    EXECUTE FUNCTION outdial_contact_keys();
CREATE OR REPLACE TRIGGER contacts_keys_on_update
    BEFORE UPDATE OF phone, phone_key, email, email_key ON contacts
    FOR EACH ROW EXECUTE FUNCTION outdial_contact_keys();
