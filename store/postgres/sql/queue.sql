-- What Postgres does its own way: rows are skipped while somebody else has them
-- locked, and the rules of bulk changes are functions in the database.

-- fragment: claim_lock
FOR UPDATE OF q SKIP LOCKED

-- fragment: any_campaign
-- The values of a pull, in a form that hides them from the planner. To plan a pull takes
-- ten times as long as to run it, so the server must see no gain in planning it for the
-- values at hand: statistics that do not know the campaign yet, or know that no callback
-- is due, would make it try each time.
(SELECT CAST(:campaign_id AS uuid))

-- fragment: any_agent
(SELECT CAST(:agent_id AS uuid))

-- fragment: any_now
(SELECT CAST(:now AS timestamptz))

-- query: pull_item
-- The pull that nearly every pull is: a callback, or the agent's own queue, or the pool
-- when that is empty, at its highest priority. Where the first item there is scheduled
-- for later, so are all that are scheduled, and the others are next. It gives up, and
-- leaves the agent to pull_any_item, when nothing at that priority can be had. One small
-- statement, because building a large plan costs more than running it.
WITH
held AS MATERIALIZED (
    SELECT 1 FROM agent_queue q
     WHERE {{held}}
),
own_head AS MATERIALIZED (
    SELECT q.priority, q.scheduled_for > :now AS later FROM agent_queue q WHERE {{own}}
     ORDER BY q.priority DESC, q.scheduled_for, q.queued_at, q.id LIMIT 1
),
pool_head AS MATERIALIZED (
    SELECT q.priority, q.scheduled_for > :now AS later FROM agent_queue q WHERE {{pool}}
     ORDER BY q.priority DESC, q.scheduled_for, q.queued_at, q.id LIMIT 1
),
picked AS MATERIALIZED (
    SELECT CASE
         WHEN EXISTS (SELECT 1 FROM held) THEN NULL
         ELSE COALESCE({{next_callback}}, CASE
             WHEN EXISTS (SELECT 1 FROM own_head) THEN COALESCE(
                 (SELECT q.id FROM agent_queue q
                   WHERE {{own}} AND q.priority = (SELECT priority FROM own_head WHERE later IS NOT TRUE)
                     AND (q.scheduled_for IS NULL OR q.scheduled_for <= :now) AND {{callable}}
                   ORDER BY q.scheduled_for, q.queued_at, q.id LIMIT 1 {{claim_lock}}),
                 (SELECT q.id FROM agent_queue q
                   WHERE {{own}} AND q.priority = (SELECT priority FROM own_head WHERE later)
                     AND q.scheduled_for IS NULL AND {{callable}}
                   ORDER BY q.scheduled_for, q.queued_at, q.id LIMIT 1 {{claim_lock}}))
             ELSE COALESCE(
                 (SELECT q.id FROM agent_queue q
                   WHERE {{pool}} AND {{unlocked}} AND q.priority = (SELECT priority FROM pool_head WHERE later IS NOT TRUE)
                     AND (q.scheduled_for IS NULL OR q.scheduled_for <= :now) AND {{callable}}
                   ORDER BY q.scheduled_for, q.queued_at, q.id LIMIT 1 {{claim_lock}}),
                 (SELECT q.id FROM agent_queue q
                   WHERE {{pool}} AND {{unlocked}} AND q.priority = (SELECT priority FROM pool_head WHERE later)
                     AND q.scheduled_for IS NULL AND {{callable}}
                   ORDER BY q.scheduled_for, q.queued_at, q.id LIMIT 1 {{claim_lock}}))
             END)
         END AS item_id
),
{{claimed}}
SELECT {{item_columns}}
  FROM claimed q
  LEFT JOIN contacts c ON c.id = q.contact_id

-- fragment: claimed
-- The item is picked in a step of its own. As a subquery of the update's condition,
-- the choice would be made once more when the row that was picked turns out to have
-- changed since the snapshot; a better row that came free in between would then be
-- the answer, the condition would fail for both, and the pull would come back empty.
claimed AS (
    UPDATE agent_queue q
       SET queue_state = 'locked', agent_id = :agent_id, locked_at = :now,
           lock_expires_at = :lock_expires_at, lock_version = q.lock_version + 1
      FROM picked
     WHERE q.id = picked.item_id
    RETURNING q.*
)

-- query: pull_any_item
-- The pull in full: every priority in turn, of the agent's queue and then of the
-- pool. That the agent holds nothing is the caller's to see first, and the unique
-- index's to make sure of.
WITH RECURSIVE
{{levels}},
picked AS MATERIALIZED (SELECT {{next_item}} AS item_id),
{{claimed}}
SELECT {{item_columns}}
  FROM claimed q
  LEFT JOIN contacts c ON c.id = q.contact_id

-- query: lock_campaign
SELECT outdial_lock_campaign(:campaign_id, :now)

-- fragment: replaced
outdial_queue_replace(
    :campaign_id, :agent_id, :actor_id, {{matched}}, :per_account_cap, :max_queue_size,
    :release_in_progress, :dry_run, :now, :row_id_prefix, :row_id_suffix, :audit_id, :meta)

-- query: replace_queue
SELECT {{replaced}}

-- query: preview_queue
SELECT {{replaced}} || jsonb_build_object('audience', {{audience_size}})

-- query: clear_queue
SELECT outdial_queue_clear(:campaign_id, :agent_id, :actor_id, :now, :audit_id)

-- query: enqueue_items
SELECT outdial_queue_enqueue(
    :campaign_id, :agent_id, :actor_id, {{matched}}, :priority, :scheduled_for, :launch_id,
    :enqueued_by, :enqueued_reason, :now, :row_id_prefix, :row_id_suffix, :audit_id, :meta)

-- fragment: matched_everybody
CAST(NULL AS uuid[])

-- fragment: matched_by_filter
ARRAY(SELECT c.id
        FROM campaign_contacts cc
        JOIN contacts c ON c.id = cc.contact_id
        {{filter_joins}}
       WHERE cc.campaign_id = :campaign_id AND {{filter}})

-- fragment: matched_by_id
ARRAY(SELECT CAST(asked.id AS uuid) FROM jsonb_array_elements_text(CAST(:contact_ids AS jsonb)) AS asked (id))
