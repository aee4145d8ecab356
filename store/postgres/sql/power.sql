-- What Postgres does its own way with the power queue: one statement claims items,
-- holds their phones and makes their calls.

-- fragment: row_lock
FOR UPDATE OF q

-- fragment: number_lock
FOR NO KEY UPDATE OF q

-- fragment: both_lock
FOR UPDATE OF q, i

-- fragment: skip_locked
SKIP LOCKED

-- fragment: share_lock
FOR SHARE OF q

-- fragment: long_ago
'-infinity'::timestamptz

-- fragment: caps
(SELECT CAST(x.cap ->> 'attempts' AS integer) AS attempts, CAST(x.cap ->> 'since' AS timestamptz) AS since
   FROM jsonb_array_elements(CAST(:caps AS jsonb)) AS x (cap))

-- fragment: open_zones
SELECT jsonb_array_elements_text(CAST(:open_zones AS jsonb))

-- query: enqueue_calls
SELECT outdial_calls_enqueue(
    :campaign_id, :actor_id, {{matched}}, :priority, :launch_id,
    :enqueued_by, :enqueued_reason, :now, :row_id_prefix, :row_id_suffix, :audit_id, :meta)

-- query: claim_calls
-- Each priority is a range of the index; within it, what is due comes first. Phones
-- are held in the order of their keys, so that two campaigns that want the same ones
-- never wait for each other in a circle. A phone that several items share is dialed
-- for the first of them.
WITH RECURSIVE
level (priority) AS (
    SELECT (SELECT q.priority FROM campaign_queue q WHERE {{waiting}} ORDER BY q.priority DESC LIMIT 1)
     UNION ALL
    SELECT (SELECT q.priority FROM campaign_queue q WHERE {{waiting}} AND q.priority < l.priority
             ORDER BY q.priority DESC LIMIT 1)
      FROM level l WHERE l.priority IS NOT NULL
),
lease AS MATERIALIZED (
    SELECT q.token FROM dialer_leases q
     WHERE q.campaign_id = :campaign_id AND q.token = :lease_token AND q.expires_at > :now
    {{share_lock}}
),
may AS MATERIALIZED (
    SELECT 1 WHERE {{running}} AND (:unleased OR EXISTS (SELECT 1 FROM lease))
),
due AS MATERIALIZED (
    SELECT picked.id, picked.contact_id, row_number() OVER () AS place
      FROM (SELECT candidate.id, candidate.contact_id
              FROM level l
             CROSS JOIN LATERAL (
                   SELECT q.id, q.contact_id FROM campaign_queue q
                    WHERE {{waiting}} AND q.priority = l.priority AND {{due_at}} <= :now
                      AND {{zone_open}} AND NOT {{in_agent_queue}} AND {{dialable}}
                    ORDER BY {{due_at}}, q.id
                    LIMIT :limit
                   {{claim_lock}}) candidate
             WHERE l.priority IS NOT NULL AND EXISTS (SELECT 1 FROM may)
             LIMIT :limit) picked
),
named AS MATERIALIZED (
    SELECT d.id, c.phone, c.phone_key,
           CAST(:row_id_prefix || lpad(CAST(d.place AS text), 8, '0') || :row_id_suffix AS uuid) AS call_id
      FROM due d
      JOIN contacts c ON c.id = d.contact_id
),
held AS (
    INSERT INTO phone_holds (phone_key, campaign_id, call_id, held_at)
    SELECT phone_key, :campaign_id, call_id, :now
      FROM (SELECT DISTINCT ON (n.phone_key) n.phone_key, n.call_id
              FROM named n ORDER BY n.phone_key, n.call_id) one
    ON CONFLICT (phone_key) DO NOTHING
    RETURNING call_id
),
claimed AS (
    UPDATE campaign_queue q
       SET status = 'dialing', call_id = n.call_id, call_sid = NULL, agent_id = NULL, fail_reason = NULL,
           lock_version = q.lock_version + 1, updated_at = :now
      FROM named n
      JOIN held h ON h.call_id = n.call_id
     WHERE q.id = n.id
    RETURNING q.id, q.contact_id, q.lock_version, n.call_id, n.phone, n.phone_key
)
INSERT INTO call_attempts AS q (id, campaign_id, item_id, claim_version, item_version, contact_id,
                                phone, phone_key, lease_token, claimed_at, updated_at)
SELECT call_id, :campaign_id, id, lock_version, lock_version, contact_id, phone, phone_key, :lease_token, :now, :now
  FROM claimed
RETURNING {{call_columns}}
