-- Contacts that are active in the power queue are collisions for the agent queue, and
-- the other way round. Bulk changes of both take the campaign's row lock first, so
-- that each sees what the others have queued.

-- +goose Up

-- The contacts that were asked for, each with the first reason why it must not be
-- queued, and the active row it has in either queue, if any. A row of the power queue
-- belongs to no agent and no pool, so that it is a collision for everybody. p_matched
-- holds the contacts that a filter or a caller chose; null is the whole campaign.
-- p_judge_cooling is false for callbacks and retries, which have a time of their own.
--
-- The planner inlines this function, so that a statement can ask it without
-- building the list first; of its two arms one is always empty, and the planner
-- knows which. What it must not know is the campaign: by statistics older than the
-- campaign there is nothing in it, and a plan made for nothing takes minutes for a
-- hundred thousand. (SELECT p_campaign_id) makes it reckon with an average one.
-- +goose StatementBegin
CREATE OR REPLACE FUNCTION outdial_queue_judge(
    p_campaign_id uuid, p_matched uuid[], p_judge_cooling boolean, p_now timestamptz
) RETURNS TABLE (
    contact_id uuid, priority integer, account_id uuid, reason text,
    row_id uuid, row_agent_id uuid, row_state text, row_pooled boolean, row_lock_expires_at timestamptz
)
LANGUAGE sql STABLE AS $$
    SELECT m.contact_id, COALESCE(m.priority, 0), c.account_id,
           CASE
               WHEN c.is_valid IS NOT TRUE THEN 'invalid'
               WHEN c.phone_key IS NULL OR c.phone_status = 'invalid' THEN 'no_phone'
               WHEN c.is_opted_out IS TRUE THEN 'opted_out'
               WHEN COALESCE(phone_everywhere.id, phone_here.id, email_everywhere.id, email_here.id) IS NOT NULL
                   THEN 'suppressed'
               WHEN m.finished_at IS NOT NULL THEN 'finished'
               WHEN p_judge_cooling AND m.next_attempt_at > p_now THEN 'cooling_down'
           END,
           COALESCE(q.id, p.id), q.agent_id, COALESCE(q.queue_state, p.status),
           CASE WHEN q.id IS NULL AND p.id IS NOT NULL THEN false ELSE q.pooled END, q.lock_expires_at
      FROM (SELECT cc.contact_id, cc.priority, cc.next_attempt_at, cc.finished_at
              FROM campaign_contacts cc
             WHERE cc.campaign_id = (SELECT p_campaign_id) AND p_matched IS NULL
             UNION ALL
            SELECT cc.contact_id, cc.priority, cc.next_attempt_at, cc.finished_at
              FROM (SELECT DISTINCT unnest(p_matched)) AS asked (contact_id)
              JOIN campaign_contacts cc ON cc.campaign_id = (SELECT p_campaign_id) AND cc.contact_id = asked.contact_id
             WHERE p_matched IS NOT NULL) m
      JOIN contacts c ON c.id = m.contact_id
      LEFT JOIN agent_queue q
        ON q.campaign_id = (SELECT p_campaign_id)
       AND q.contact_id = m.contact_id
       AND q.queue_state IN ('queued', 'locked', 'in_progress')
      LEFT JOIN campaign_queue p
        ON p.campaign_id = (SELECT p_campaign_id)
       AND p.contact_id = m.contact_id
       AND p.status NOT IN ('completed', 'failed')
      -- Four joins on a unique key, for every campaign and for this one: the
      -- planner hashes a short list and looks a long one up.
      LEFT JOIN suppressions phone_everywhere
        ON phone_everywhere.value_key = c.phone_key AND phone_everywhere.kind = 'phone'
       AND phone_everywhere.campaign_id = '00000000-0000-0000-0000-000000000000'
       AND (phone_everywhere.expires_at IS NULL OR phone_everywhere.expires_at > p_now)
      LEFT JOIN suppressions phone_here
        ON phone_here.value_key = c.phone_key AND phone_here.kind = 'phone'
       AND phone_here.campaign_id = p_campaign_id
       AND (phone_here.expires_at IS NULL OR phone_here.expires_at > p_now)
      LEFT JOIN suppressions email_everywhere
        ON email_everywhere.value_key = c.email_key AND email_everywhere.kind = 'email'
       AND email_everywhere.campaign_id = '00000000-0000-0000-0000-000000000000'
       AND (email_everywhere.expires_at IS NULL OR email_everywhere.expires_at > p_now)
      LEFT JOIN suppressions email_here
        ON email_here.value_key = c.email_key AND email_here.kind = 'email'
       AND email_here.campaign_id = p_campaign_id
       AND (email_here.expires_at IS NULL OR email_here.expires_at > p_now)
$$;
-- +goose StatementEnd

-- Adds contacts to the power queue, due at once, and returns the counts as JSON, or
-- null when there is no such campaign. A contact that is active already, in either
-- queue, is a collision: nothing that exists changes.
-- +goose StatementBegin
CREATE OR REPLACE FUNCTION outdial_calls_enqueue(
    p_campaign_id uuid,
    p_actor_id uuid,
    p_matched uuid[],
    p_priority integer,
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
        INSERT INTO campaign_queue (id, campaign_id, contact_id, status, priority, next_attempt_at, call_zone,
                                    enqueued_by, enqueued_reason, launch_id, created_at, updated_at)
        SELECT (p_row_id_prefix || lpad(row_number() OVER (ORDER BY p.priority DESC, p.contact_id)::text, 8, '0')
                || p_row_id_suffix)::uuid,
               p_campaign_id, p.contact_id, 'queued', p.priority, p_now, COALESCE(c.timezone, ''),
               p_enqueued_by, p_enqueued_reason, p_launch_id, p_now, p_now
          FROM plan p
          JOIN contacts c ON c.id = p.contact_id
         WHERE p.reason IS NULL
         ORDER BY p.priority DESC, p.contact_id
        ON CONFLICT (campaign_id, contact_id) WHERE status NOT IN ('completed', 'failed')
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
    VALUES (p_audit_id, p_actor_id, 'dialer.enqueue', 'campaign', p_campaign_id, p_meta || v_result, p_now);
    RETURN v_result;
END$$;
-- +goose StatementEnd
