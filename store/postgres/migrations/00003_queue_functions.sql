-- The rules of replace and clear, once. The library calls outdial_queue_replace
-- and outdial_queue_clear; queue_replace, clear_my_queue and clear_all_queues are
-- the same rules for any other client.

-- +goose Up

-- Takes the campaign's row lock, so that bulk changes of one campaign run one
-- after another: two of them never wait for each other's rows. That no contact is
-- active twice rests on uq_agent_queue_active, not on this lock. Returns false
-- when there is no such campaign; a campaign that a host made by writing
-- campaign_contacts is taken in here.
-- +goose StatementBegin
CREATE OR REPLACE FUNCTION outdial_lock_campaign(p_campaign_id uuid, p_now timestamptz) RETURNS boolean
LANGUAGE plpgsql AS $$
BEGIN
    PERFORM FROM campaign_settings WHERE campaign_id = p_campaign_id FOR NO KEY UPDATE;
    IF FOUND THEN
        RETURN true;
    END IF;
    INSERT INTO campaign_settings (campaign_id, created_at)
    SELECT p_campaign_id, p_now
     WHERE EXISTS (SELECT FROM campaign_contacts WHERE campaign_id = p_campaign_id)
    ON CONFLICT (campaign_id) DO NOTHING;
    PERFORM FROM campaign_settings WHERE campaign_id = p_campaign_id FOR NO KEY UPDATE;
    RETURN FOUND;
END$$;
-- +goose StatementEnd

-- The contacts that were asked for, each with the first reason why it must not be
-- queued, and the active row it has, if any. p_matched holds the contacts that a
-- filter or a caller chose; null is the whole campaign. p_judge_cooling is false
-- for callbacks and retries, which have a time of their own.
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
           q.id, q.agent_id, q.queue_state, q.pooled, q.lock_expires_at
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

-- Sets an agent's queue to the plan and returns the counts as JSON, or null when
-- there is no such campaign.
--
-- p_matched holds the contacts that the filter chose; null is the whole campaign.
-- p_row_id_prefix and p_row_id_suffix enclose an eight-digit counter: together
-- they are the ids of new rows, in the order of the plan.
--
-- Raises serialization_failure when an item was started between plan and release:
-- the plan then counted it wrongly, and the caller tries again.
-- +goose StatementBegin
CREATE OR REPLACE FUNCTION outdial_queue_replace(
    p_campaign_id uuid,
    p_agent_id uuid,
    p_actor_id uuid,
    p_matched uuid[],
    p_per_account_cap integer,
    p_max_queue_size integer,
    p_release_in_progress boolean,
    p_dry_run boolean,
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
BEGIN
    IF p_dry_run THEN
        PERFORM WHERE EXISTS (SELECT FROM campaign_settings WHERE campaign_id = p_campaign_id)
                   OR EXISTS (SELECT FROM campaign_contacts WHERE campaign_id = p_campaign_id);
        IF NOT FOUND THEN
            RETURN NULL;
        END IF;
    ELSIF NOT outdial_lock_campaign(p_campaign_id, p_now) THEN
        RETURN NULL;
    END IF;

    WITH
    -- What the agent has now, and what of it must stay.
    own AS NOT MATERIALIZED (
        SELECT q.id, q.contact_id, q.queue_state, q.pooled,
               q.queue_state = 'in_progress' AND NOT p_release_in_progress AS kept
          FROM agent_queue q
         WHERE q.campaign_id = p_campaign_id
           AND q.agent_id = p_agent_id
           AND q.queue_state IN ('queued', 'locked', 'in_progress')
    ),
    kept AS MATERIALIZED (
        SELECT c.account_id
          FROM own o
          JOIN contacts c ON c.id = o.contact_id
         WHERE o.queue_state = 'in_progress' AND o.kept
    ),
    kept_by_account AS MATERIALIZED (
        SELECT account_id, count(*) AS kept FROM kept WHERE account_id IS NOT NULL GROUP BY account_id
    ),
    judged AS NOT MATERIALIZED (
        SELECT j.contact_id, j.priority, j.account_id,
               -- The row that is already there: the agent's own, or one the pool can give.
               j.row_id,
               j.row_agent_id IS NOT DISTINCT FROM p_agent_id AND j.row_state IN ('queued', 'locked') AS own,
               j.row_state = 'queued' AND NOT j.row_pooled AS settled,
               j.row_state = 'in_progress' AND j.row_agent_id = p_agent_id AND p_release_in_progress AS restart,
               CASE
                   WHEN j.row_state = 'in_progress' AND j.row_agent_id = p_agent_id AND NOT p_release_in_progress
                       THEN 'kept'
                   WHEN j.reason IS NOT NULL
                       THEN j.reason
                   WHEN j.row_agent_id IS DISTINCT FROM p_agent_id
                    AND j.row_id IS NOT NULL
                    AND NOT (j.row_pooled AND (j.row_state = 'queued'
                                               OR j.row_state = 'locked' AND j.row_lock_expires_at <= p_now))
                       THEN 'collision'
               END AS reason
          FROM outdial_queue_judge(p_campaign_id, p_matched, true, p_now) j
        -- Keeps the planner from copying the reasons into every expression that
        -- reads one.
        OFFSET 0
    ),
    -- A window that no bound asks for is not computed: with a null bound the
    -- condition that reads it folds away.
    capped AS NOT MATERIALIZED (
        SELECT contact_id, priority, row_id, own, settled, restart,
               CASE WHEN reason IS NULL
                     AND p_per_account_cap IS NOT NULL
                     AND account_rank > p_per_account_cap
                    THEN 'account_cap' ELSE reason END AS reason
          FROM (SELECT j.*,
                       CASE WHEN j.reason IS NULL AND j.account_id IS NOT NULL THEN
                           row_number() OVER (PARTITION BY j.account_id, j.reason IS NULL
                                                  ORDER BY j.priority DESC, j.contact_id)
                           + COALESCE((SELECT k.kept FROM kept_by_account k WHERE k.account_id = j.account_id), 0)
                       END AS account_rank
                  FROM judged j) ranked
    ),
    plan AS MATERIALIZED (
        SELECT contact_id, priority, row_id, own, settled, restart,
               CASE WHEN reason IS NULL
                     AND p_max_queue_size IS NOT NULL
                     AND queue_rank > p_max_queue_size
                    THEN 'queue_full' ELSE reason END AS reason
          FROM (SELECT c.*,
                       row_number() OVER (PARTITION BY c.reason IS NULL ORDER BY c.priority DESC, c.contact_id)
                       + (SELECT count(*) FROM kept) AS queue_rank
                  FROM capped c) ranked
    ),
    reasons AS MATERIALIZED (
        SELECT reason,
               count(*) AS contacts,
               count(*) FILTER (WHERE own) AS own,
               count(*) FILTER (WHERE NOT own AND row_id IS NOT NULL AND NOT restart) AS pool,
               count(*) FILTER (WHERE row_id IS NULL OR restart) AS added
          FROM plan
         GROUP BY reason
    ),
    had AS MATERIALIZED (
        SELECT count(*) AS items FROM own o WHERE NOT o.kept
    ),
    -- Everything that the agent has is in the plan when the two counts agree; then
    -- nothing leaves, and nobody looks for what does.
    someone_leaves AS MATERIALIZED (
        SELECT (SELECT items FROM had) > COALESCE((SELECT r.own FROM reasons r WHERE r.reason IS NULL), 0) AS yes
    ),
    -- A set difference and not a join: it stays linear when the statistics are
    -- older than the queue.
    leaving AS MATERIALIZED (
        SELECT o.id FROM own o WHERE NOT o.kept AND (SELECT yes FROM someone_leaves)
        EXCEPT ALL
        SELECT p.row_id FROM plan p WHERE p.own AND p.reason IS NULL AND (SELECT yes FROM someone_leaves)
    ),
    release AS (
        UPDATE agent_queue q
           SET queue_state = CASE WHEN q.pooled AND q.queue_state = 'locked' THEN 'queued' ELSE 'released' END,
               agent_id = CASE WHEN q.pooled AND q.queue_state = 'locked' THEN NULL ELSE q.agent_id END,
               released_at = CASE WHEN q.pooled AND q.queue_state = 'locked' THEN NULL ELSE p_now END,
               released_by = CASE WHEN q.pooled AND q.queue_state = 'locked' THEN NULL ELSE p_actor_id END,
               locked_at = NULL, lock_expires_at = NULL, lock_version = q.lock_version + 1
          FROM leaving l
         WHERE NOT p_dry_run
           AND q.id = l.id
           -- Tested again in case the row changed meanwhile, and in a form that no
           -- index answers: the only way to the row is its id. With statistics older
           -- than the queue, any other way is a nested loop over all of it.
           AND COALESCE(q.agent_id = p_agent_id
                        AND (q.queue_state IN ('queued', 'locked')
                             OR q.queue_state = 'in_progress' AND p_release_in_progress), false)
        RETURNING 1
    ),
    -- Rows that stay the agent's but were locked or the pool's, and rows the pool gives.
    take AS (
        UPDATE agent_queue q
           SET queue_state = 'queued', agent_id = p_agent_id, pooled = false,
               locked_at = NULL, lock_expires_at = NULL, lock_version = q.lock_version + 1
          FROM plan p
         WHERE NOT p_dry_run
           AND p.reason IS NULL AND p.row_id IS NOT NULL AND NOT p.restart
           AND NOT (p.own AND p.settled)
           AND q.id = p.row_id
           AND COALESCE((q.queue_state = 'queued'
                         OR q.queue_state = 'locked' AND (q.agent_id = p_agent_id OR q.lock_expires_at <= p_now))
                        AND (q.agent_id IS NOT DISTINCT FROM p_agent_id OR q.pooled), false)
        RETURNING p.own
    ),
    added AS (
        INSERT INTO agent_queue (id, campaign_id, agent_id, contact_id, queue_state, priority,
                                 queued_at, created_by, enqueued_by, enqueued_reason)
        SELECT (p_row_id_prefix || lpad(row_number() OVER (ORDER BY p.priority DESC, p.contact_id)::text, 8, '0')
                || p_row_id_suffix)::uuid,
               p_campaign_id, p_agent_id, p.contact_id, 'queued', p.priority,
               p_now, p_actor_id, p_actor_id::text, 'campaign_audience'
          FROM plan p
         WHERE NOT p_dry_run
           AND p.reason IS NULL AND (p.row_id IS NULL OR p.restart)
           -- A running item that was released makes room for its successor first.
           AND (SELECT count(*) FROM release) >= 0
         ORDER BY p.priority DESC, p.contact_id
        ON CONFLICT (campaign_id, contact_id) WHERE queue_state IN ('queued', 'locked', 'in_progress')
        DO NOTHING
        RETURNING 1
    )
    SELECT jsonb_build_object(
               'had', (SELECT items FROM had),
               'leaving', (SELECT count(*) FROM leaving),
               'released', (SELECT count(*) FROM release),
               'kept', (SELECT count(*) FROM kept),
               'matched', (SELECT COALESCE(sum(contacts), 0) FROM reasons),
               'new', (SELECT contacts FROM reasons WHERE reason IS NULL),
               'own', (SELECT own FROM reasons WHERE reason IS NULL),
               'pool', (SELECT pool FROM reasons WHERE reason IS NULL),
               'fresh', (SELECT added FROM reasons WHERE reason IS NULL),
               'taken', (SELECT count(*) FILTER (WHERE NOT own) FROM take),
               'added', (SELECT count(*) FROM added),
               'reasons', (SELECT jsonb_object_agg(reason, contacts) FROM reasons WHERE reason IS NOT NULL))
      INTO v_counts;

    RETURN outdial_queue_replace_result(
        v_counts, p_campaign_id, p_actor_id, p_dry_run, p_now, p_audit_id, p_meta);
END$$;
-- +goose StatementEnd

-- The counts of every skip reason, with zero where there is none. p_lost are rows
-- that somebody else took between plan and write: they are collisions.
-- +goose StatementBegin
CREATE OR REPLACE FUNCTION outdial_queue_skips(p_reasons jsonb, p_lost integer) RETURNS jsonb
LANGUAGE sql IMMUTABLE AS $$
    SELECT jsonb_object_agg(reason, COALESCE((p_reasons->>reason)::integer, 0)
                                    + CASE WHEN reason = 'collision' THEN p_lost ELSE 0 END)
      FROM unnest(ARRAY['invalid', 'no_phone', 'opted_out', 'suppressed', 'finished',
                        'cooling_down', 'collision', 'account_cap', 'queue_full']) AS r (reason)
$$;
-- +goose StatementEnd

-- Turns the counts of a replace into its result and writes the audit entry.
-- +goose StatementBegin
CREATE OR REPLACE FUNCTION outdial_queue_replace_result(
    p_counts jsonb, p_campaign_id uuid, p_actor_id uuid, p_dry_run boolean,
    p_now timestamptz, p_audit_id uuid, p_meta jsonb
) RETURNS jsonb
LANGUAGE plpgsql AS $$
DECLARE
    v_lost integer := 0;
    v_assigned integer := COALESCE((p_counts->>'new')::integer, 0);
    v_skips jsonb;
    v_result jsonb;
BEGIN
    IF NOT p_dry_run THEN
        IF (p_counts->>'released')::integer <> (p_counts->>'leaving')::integer THEN
            RAISE EXCEPTION 'an item of the queue was started while it was being replaced'
                USING ERRCODE = 'serialization_failure';
        END IF;
        v_lost := COALESCE((p_counts->>'pool')::integer, 0) + COALESCE((p_counts->>'fresh')::integer, 0)
                - (p_counts->>'taken')::integer - (p_counts->>'added')::integer;
        v_assigned := v_assigned - v_lost;
    END IF;
    v_skips := outdial_queue_skips(p_counts->'reasons', v_lost);
    v_result := jsonb_build_object(
        'released', p_counts->'had',
        'assigned', v_assigned,
        'unchanged', COALESCE((p_counts->>'own')::integer, 0),
        'kept_in_progress', p_counts->'kept',
        'skipped_due_to_collision', v_skips->'collision',
        'matched', p_counts->'matched',
        'matched_in_progress', COALESCE((p_counts->'reasons'->>'kept')::integer, 0),
        'skipped', v_skips);
    IF NOT p_dry_run THEN
        INSERT INTO audit_log (id, actor_id, action, target_type, target_id, meta, created_at)
        VALUES (p_audit_id, p_actor_id, 'queue.replace', 'campaign', p_campaign_id, p_meta || v_result, p_now);
    END IF;
    RETURN v_result;
END$$;
-- +goose StatementEnd

-- Adds contacts to an agent's queue, or to the pool when p_agent_id is null, and
-- returns the counts as JSON, or null when there is no such campaign. A contact
-- that is active already, with anyone, is a collision: nothing that exists
-- changes.
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
                                 queued_at, created_by, enqueued_by, enqueued_reason, pooled, launch_id)
        SELECT (p_row_id_prefix || lpad(row_number() OVER (ORDER BY p.priority DESC, p.contact_id)::text, 8, '0')
                || p_row_id_suffix)::uuid,
               p_campaign_id, p_agent_id, p.contact_id, 'queued', p.priority, p_scheduled_for,
               p_now, p_actor_id, p_enqueued_by, p_enqueued_reason, p_agent_id IS NULL, p_launch_id
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

-- Releases queued and locked items of one agent, or of everybody when p_agent_id
-- is null, and returns how many, or null when there is no such campaign. What one
-- agent held from the pool goes back to it.
-- +goose StatementBegin
CREATE OR REPLACE FUNCTION outdial_queue_clear(
    p_campaign_id uuid, p_agent_id uuid, p_actor_id uuid, p_now timestamptz, p_audit_id uuid
) RETURNS integer
LANGUAGE plpgsql
SET plan_cache_mode = force_custom_plan
SET jit = off
AS $$
DECLARE
    v_released integer;
BEGIN
    IF NOT outdial_lock_campaign(p_campaign_id, p_now) THEN
        RETURN NULL;
    END IF;
    UPDATE agent_queue
       SET queue_state = CASE WHEN pooled AND p_agent_id IS NOT NULL THEN 'queued' ELSE 'released' END,
           agent_id = CASE WHEN pooled AND p_agent_id IS NOT NULL THEN NULL ELSE agent_id END,
           released_at = CASE WHEN pooled AND p_agent_id IS NOT NULL THEN NULL ELSE p_now END,
           released_by = CASE WHEN pooled AND p_agent_id IS NOT NULL THEN NULL ELSE p_actor_id END,
           locked_at = NULL, lock_expires_at = NULL, lock_version = lock_version + 1
     WHERE campaign_id = p_campaign_id
       AND (p_agent_id IS NULL OR agent_id = p_agent_id)
       AND queue_state IN ('queued', 'locked');
    GET DIAGNOSTICS v_released = ROW_COUNT;

    INSERT INTO audit_log (id, actor_id, action, target_type, target_id, meta, created_at)
    VALUES (p_audit_id, p_actor_id,
            CASE WHEN p_agent_id IS NULL THEN 'queue.clear.all' ELSE 'queue.clear.mine' END,
            'campaign', p_campaign_id,
            jsonb_strip_nulls(jsonb_build_object('agent_id', p_agent_id, 'released', v_released)), p_now);
    RETURN v_released;
END$$;
-- +goose StatementEnd

-- For any client: clears one agent's queue. An unknown campaign has nothing to
-- release.
-- +goose StatementBegin
CREATE OR REPLACE FUNCTION clear_my_queue(
    p_campaign_id uuid,
    p_agent_id uuid,
    p_actor_user_id uuid
) RETURNS integer
LANGUAGE plpgsql AS $$
BEGIN
    IF p_agent_id IS NULL THEN
        RAISE EXCEPTION 'p_agent_id: is required' USING ERRCODE = 'null_value_not_allowed';
    END IF;
    RETURN COALESCE(outdial_queue_clear(p_campaign_id, p_agent_id, p_actor_user_id, now(), gen_random_uuid()), 0);
END$$;
-- +goose StatementEnd

-- For any client: clears every queue of a campaign. Whether the actor may is for
-- the client to check.
-- +goose StatementBegin
CREATE OR REPLACE FUNCTION clear_all_queues(
    p_campaign_id uuid,
    p_actor_user_id uuid
) RETURNS integer
LANGUAGE sql AS $$
    SELECT COALESCE(outdial_queue_clear(p_campaign_id, NULL, p_actor_user_id, now(), gen_random_uuid()), 0)
$$;
-- +goose StatementEnd

-- For any client: replaces an agent's queue. The text is matched as it is:
-- percent signs and underscores are no wildcards.
-- +goose StatementBegin
CREATE OR REPLACE FUNCTION queue_replace(
    p_campaign_id uuid,
    p_agent_id uuid,
    p_actor_user_id uuid,
    p_first_name_contains text DEFAULT NULL,
    p_per_account_cap int DEFAULT NULL,
    p_max_queue_size int DEFAULT NULL,
    p_keep_in_progress boolean DEFAULT true
) RETURNS jsonb
LANGUAGE plpgsql AS $$
DECLARE
    v_matched uuid[];
    v_id text := replace(gen_random_uuid()::text, '-', '');
    v_millis text := lpad(to_hex(floor(extract(epoch FROM clock_timestamp()) * 1000)::bigint), 12, '0');
    v_result jsonb;
BEGIN
    IF p_agent_id IS NULL THEN
        RAISE EXCEPTION 'p_agent_id: is required' USING ERRCODE = 'null_value_not_allowed';
    END IF;
    IF p_per_account_cap < 1 THEN
        RAISE EXCEPTION 'p_per_account_cap: must be at least 1' USING ERRCODE = 'invalid_parameter_value';
    END IF;
    IF p_max_queue_size < 1 THEN
        RAISE EXCEPTION 'p_max_queue_size: must be at least 1' USING ERRCODE = 'invalid_parameter_value';
    END IF;
    IF p_first_name_contains <> '' THEN
        v_matched := ARRAY(
            SELECT c.id
              FROM campaign_contacts cc
              JOIN contacts c ON c.id = cc.contact_id
             WHERE cc.campaign_id = p_campaign_id
               AND c.first_name ILIKE '%' || replace(replace(replace(p_first_name_contains,
                       '\', '\\'), '%', '\%'), '_', '\_') || '%');
    END IF;
    FOR attempt IN 1..5 LOOP
        BEGIN
            v_result := outdial_queue_replace(
                p_campaign_id, p_agent_id, p_actor_user_id, v_matched, p_per_account_cap, p_max_queue_size,
                NOT COALESCE(p_keep_in_progress, true), false, now(),
                v_millis || '7' || substr(v_id, 1, 3) || '8', substr(v_id, 4, 7), gen_random_uuid(),
                jsonb_build_object(
                    'agent_id', p_agent_id,
                    'first_name_contains', p_first_name_contains,
                    'per_account_cap', p_per_account_cap,
                    'max_queue_size', p_max_queue_size,
                    'keep_in_progress', COALESCE(p_keep_in_progress, true)));
            EXIT;
        EXCEPTION WHEN serialization_failure THEN
            IF attempt = 5 THEN
                RAISE;
            END IF;
        END;
    END LOOP;
    RETURN jsonb_build_object(
        'released', COALESCE(v_result->'released', '0'),
        'assigned', COALESCE(v_result->'assigned', '0'),
        'skipped_due_to_collision', COALESCE(v_result->'skipped_due_to_collision', '0'));
END$$;
-- +goose StatementEnd
