-- What agents record: dispositions, the leads that they make, callbacks, and each
-- campaign's own retry policy.
--
-- A host that has tables of these names already keeps them, with their rows: only
-- missing columns are added.

-- +goose Up

ALTER TABLE campaign_settings
    ADD COLUMN IF NOT EXISTS max_attempts integer,
    ADD COLUMN IF NOT EXISTS max_voicemails integer,
    ADD COLUMN IF NOT EXISTS max_attempts_per_day integer,
    ADD COLUMN IF NOT EXISTS vm_cooldown_hours double precision,
    -- The cool-downs by outcome or code, in seconds.
    ADD COLUMN IF NOT EXISTS cool_downs jsonb;

-- A callback waits in the pool, for the agent who promised it or for anyone.
ALTER TABLE agent_queue
    ADD COLUMN IF NOT EXISTS callback_at timestamptz,
    ADD COLUMN IF NOT EXISTS callback_agent_id uuid;

CREATE TABLE IF NOT EXISTS dispositions (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    campaign_id uuid NOT NULL,
    contact_id uuid NOT NULL
);
-- lock_version is the item's that was disposed of, item_version the one that the
-- disposition left. before is what a correction puts back, response what a repeated
-- request gets. metadata is json and not jsonb: it is kept as it came.
ALTER TABLE dispositions
    ADD COLUMN IF NOT EXISTS queue text,
    ADD COLUMN IF NOT EXISTS item_id uuid,
    ADD COLUMN IF NOT EXISTS lock_version integer,
    ADD COLUMN IF NOT EXISTS item_version integer,
    ADD COLUMN IF NOT EXISTS call_id uuid,
    ADD COLUMN IF NOT EXISTS agent_id uuid,
    ADD COLUMN IF NOT EXISTS actor_id uuid,
    ADD COLUMN IF NOT EXISTS code text,
    ADD COLUMN IF NOT EXISTS effect text,
    ADD COLUMN IF NOT EXISTS outcome text,
    ADD COLUMN IF NOT EXISTS attempt integer,
    ADD COLUMN IF NOT EXISTS callback_at timestamptz,
    ADD COLUMN IF NOT EXISTS metadata json,
    ADD COLUMN IF NOT EXISTS supersedes uuid,
    ADD COLUMN IF NOT EXISTS superseded_by uuid,
    ADD COLUMN IF NOT EXISTS before jsonb,
    ADD COLUMN IF NOT EXISTS fingerprint text,
    ADD COLUMN IF NOT EXISTS response jsonb,
    ADD COLUMN IF NOT EXISTS recorded_at timestamptz;
-- A version of an item is disposed of once.
CREATE UNIQUE INDEX IF NOT EXISTS uq_dispositions_item ON dispositions (campaign_id, item_id, lock_version);
CREATE INDEX IF NOT EXISTS ix_dispositions_contact ON dispositions (campaign_id, contact_id, recorded_at);

CREATE TABLE IF NOT EXISTS leads (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    campaign_id uuid NOT NULL,
    contact_id uuid NOT NULL
);
ALTER TABLE leads
    ADD COLUMN IF NOT EXISTS disposition_id uuid,
    ADD COLUMN IF NOT EXISTS agent_id uuid,
    ADD COLUMN IF NOT EXISTS created_at timestamptz,
    ADD COLUMN IF NOT EXISTS withdrawn_at timestamptz;
-- A contact becomes a lead of a campaign once.
CREATE UNIQUE INDEX IF NOT EXISTS uq_leads ON leads (campaign_id, contact_id);

-- Adds contacts to an agent's queue, or to the pool when p_agent_id is null, and
-- returns the counts as JSON, or null when there is no such campaign. A contact that
-- is active already is a collision: nothing that exists changes. What is queued as a
-- callback is one, at the time that it is scheduled for.
-- +goose StatementBegin
CREATE OR REPLACE FUNCTION outdial_queue_enqueue(
    p_campaign_id uuid,
    p_agent_id uuid,
    p_actor_id uuid,
    p_matched uuid[],
    p_priority integer,
    p_scheduled_for timestamptz,
    p_launch_id uuid,
    p_enqueued_by text,
    p_enqueued_reason text,
    p_now timestamptz,
    p_row_id_prefix text,
    p_row_id_suffix text,
    p_audit_id uuid,
    p_meta jsonb
) RETURNS jsonb
LANGUAGE plpgsql
SET plan_cache_mode = force_custom_plan
SET jit = off
SET enable_material = off
SET work_mem = '32MB'
AS $$
DECLARE
    v_counts jsonb;
    v_added integer;
    v_result jsonb;
BEGIN
    IF NOT outdial_lock_campaign(p_campaign_id, p_now) THEN
        RETURN NULL;
    END IF;
    WITH
    plan AS MATERIALIZED (
        SELECT j.contact_id, COALESCE(p_priority, j.priority) AS priority,
               CASE WHEN j.reason IS NULL AND j.row_id IS NOT NULL THEN 'collision' ELSE j.reason END AS reason
          FROM outdial_queue_judge(p_campaign_id, p_matched,
                                   p_enqueued_reason NOT IN ('callback', 'retry'), p_now) j
    ),
    added AS (
        INSERT INTO agent_queue (id, campaign_id, agent_id, contact_id, queue_state, priority, scheduled_for,
                                 queued_at, created_by, enqueued_by, enqueued_reason, pooled, launch_id,
                                 callback_at)
        SELECT (p_row_id_prefix || lpad(row_number() OVER (ORDER BY p.priority DESC, p.contact_id)::text, 8, '0')
                || p_row_id_suffix)::uuid,
               p_campaign_id, p_agent_id, p.contact_id, 'queued', p.priority, p_scheduled_for,
               p_now, p_actor_id, p_enqueued_by, p_enqueued_reason, p_agent_id IS NULL, p_launch_id,
               CASE WHEN p_enqueued_reason = 'callback' THEN COALESCE(p_scheduled_for, p_now) END
          FROM plan p
         WHERE p.reason IS NULL
         ORDER BY p.priority DESC, p.contact_id
        ON CONFLICT (campaign_id, contact_id) WHERE queue_state IN ('queued', 'locked', 'in_progress')
        DO NOTHING
        RETURNING 1
    ),
    reasons AS (
        SELECT COALESCE(reason, 'new') AS reason, count(*) AS contacts FROM plan GROUP BY 1
    )
    SELECT (SELECT jsonb_object_agg(reason, contacts) FROM reasons), (SELECT count(*) FROM added)
      INTO v_counts, v_added;

    v_counts := COALESCE(v_counts, '{}');
    v_result := jsonb_build_object(
        'launch_id', p_launch_id,
        'enqueued', v_added,
        'matched', (SELECT COALESCE(sum(value::integer), 0) FROM jsonb_each_text(v_counts)),
        'skipped', outdial_queue_skips(v_counts, COALESCE((v_counts->>'new')::integer, 0) - v_added));
    INSERT INTO audit_log (id, actor_id, action, target_type, target_id, meta, created_at)
    VALUES (p_audit_id, p_actor_id, 'queue.enqueue', 'campaign', p_campaign_id, p_meta || v_result, p_now);
    RETURN v_result;
END$$;
-- +goose StatementEnd
