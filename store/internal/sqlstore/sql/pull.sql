-- Pulling: which item an agent gets next.
--
-- Callbacks that are due come first. After them the order is priority descending, due
-- ones first, oldest first. It is walked priority by priority, so that every step is one
-- look into an index: thousands of items that are scheduled for later, or thousands at a
-- low priority, cost a pull nothing.

-- fragment: held
q.campaign_id = {{any_campaign}} AND q.agent_id = {{any_agent}} AND q.queue_state = 'locked'
  AND q.lock_expires_at IS NOT NULL

-- query: find_held
SELECT q.id, q.lock_expires_at, q.lock_version,
       -- The list comes first here: that is what a person asks about later.
       (SELECT CASE WHEN {{suppressed}} THEN 'suppressed' ELSE {{refusal}} END
          FROM contacts c WHERE c.id = q.contact_id) AS refusal
  FROM agent_queue q
 WHERE {{held}}

-- fragment: levels
own_level (priority) AS (
    SELECT (SELECT q.priority FROM agent_queue q WHERE {{own}} ORDER BY q.priority DESC LIMIT 1)
     UNION ALL
    SELECT (SELECT q.priority FROM agent_queue q WHERE {{own}} AND q.priority < l.priority
             ORDER BY q.priority DESC LIMIT 1)
      FROM own_level l WHERE l.priority IS NOT NULL
),
pool_level (priority) AS (
    SELECT (SELECT q.priority FROM agent_queue q WHERE {{pool}} ORDER BY q.priority DESC LIMIT 1)
     UNION ALL
    SELECT (SELECT q.priority FROM agent_queue q WHERE {{pool}} AND q.priority < l.priority
             ORDER BY q.priority DESC LIMIT 1)
      FROM pool_level l WHERE l.priority IS NOT NULL
)

-- fragment: own
q.campaign_id = {{any_campaign}} AND q.agent_id = {{any_agent}} AND q.queue_state = 'queued' AND NOT q.pooled

-- fragment: pool
q.campaign_id = {{any_campaign}} AND q.queue_state IN ('queued', 'locked') AND q.pooled AND q.callback_at IS NULL

-- fragment: unlocked
(q.queue_state = 'queued' OR q.lock_expires_at <= :now)

-- fragment: next_callback
-- The id of the callback to take, or null: one of the pool's that is anyone's by now, or
-- one that the agent has.
(SELECT q.id FROM agent_queue q
  WHERE q.campaign_id = {{any_campaign}} AND q.queue_state IN ('queued', 'locked') AND q.callback_at <= {{any_now}}
    AND (q.pooled AND {{unlocked}}
         AND (q.callback_agent_id IS NULL OR q.callback_agent_id = :agent_id OR q.callback_at <= :callbacks_since)
      OR NOT q.pooled AND q.queue_state = 'queued' AND q.agent_id = :agent_id)
    AND {{callable}}
  ORDER BY q.callback_at, q.id LIMIT 1 {{claim_lock}})

-- fragment: next_item
-- The id of the item to take, or null.
COALESCE(
    {{next_callback}},
    (SELECT level.item_id
       FROM (SELECT COALESCE(
                 (SELECT q.id FROM agent_queue q
                   WHERE {{own}} AND q.priority = l.priority AND q.scheduled_for <= :now AND {{callable}}
                   ORDER BY q.scheduled_for, q.queued_at, q.id LIMIT 1 {{claim_lock}}),
                 (SELECT q.id FROM agent_queue q
                   WHERE {{own}} AND q.priority = l.priority AND q.scheduled_for IS NULL AND {{callable}}
                   ORDER BY q.scheduled_for, q.queued_at, q.id LIMIT 1 {{claim_lock}})) AS item_id
               FROM own_level l
              WHERE l.priority IS NOT NULL
              LIMIT 2147483647) level
      WHERE level.item_id IS NOT NULL
      LIMIT 1),
    (SELECT level.item_id
       FROM (SELECT COALESCE(
                 (SELECT q.id FROM agent_queue q
                   WHERE {{pool}} AND {{unlocked}} AND q.priority = l.priority AND q.scheduled_for <= :now AND {{callable}}
                   ORDER BY q.scheduled_for, q.queued_at, q.id LIMIT 1 {{claim_lock}}),
                 (SELECT q.id FROM agent_queue q
                   WHERE {{pool}} AND {{unlocked}} AND q.priority = l.priority AND q.scheduled_for IS NULL AND {{callable}}
                   ORDER BY q.scheduled_for, q.queued_at, q.id LIMIT 1 {{claim_lock}})) AS item_id
               FROM pool_level l
              WHERE l.priority IS NOT NULL
              LIMIT 2147483647) level
      WHERE level.item_id IS NOT NULL
      LIMIT 1))

-- query: return_expired
UPDATE agent_queue
   SET queue_state = 'queued', agent_id = CASE WHEN pooled THEN NULL ELSE agent_id END,
       locked_at = NULL, lock_expires_at = NULL, lock_version = lock_version + 1
 WHERE campaign_id = :campaign_id AND id = :item_id AND lock_version = :lock_version
   AND queue_state = 'locked'

-- query: fail_item
UPDATE agent_queue
   SET queue_state = 'failed', fail_reason = :fail_reason,
       locked_at = NULL, lock_expires_at = NULL, lock_version = lock_version + 1
 WHERE campaign_id = :campaign_id AND id = :item_id AND lock_version = :lock_version
   AND queue_state = 'locked'
