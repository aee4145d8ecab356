-- Items of the agent queue: how one is read, moved, listed and counted.

-- fragment: item_columns
q.id, q.campaign_id, q.agent_id, q.contact_id, q.queue_state, q.priority, q.pooled,
q.scheduled_for, q.queued_at, q.released_at, q.locked_at, q.lock_expires_at, q.lock_version,
q.attempts, COALESCE(q.fail_reason, '') AS fail_reason, q.launch_id, q.callback_at, q.callback_agent_id,
COALESCE(q.enqueued_by, '') AS enqueued_by, COALESCE(q.enqueued_reason, '') AS enqueued_reason,
c.account_id AS contact_account_id,
COALESCE(c.first_name, '') AS contact_first_name, COALESCE(c.last_name, '') AS contact_last_name,
COALESCE(c.company, '') AS contact_company, COALESCE(c.phone, '') AS contact_phone,
COALESCE(c.phone_status, 'unknown') AS contact_phone_status, COALESCE(c.email, '') AS contact_email,
COALESCE(c.country, '') AS contact_country, COALESCE(c.region, '') AS contact_region,
COALESCE(c.postal_code, '') AS contact_postal_code, COALESCE(c.timezone, '') AS contact_timezone,
COALESCE(c.is_valid, FALSE) AS contact_is_valid, COALESCE(c.is_opted_out, FALSE) AS contact_is_opted_out,
c.attributes AS contact_attributes

-- fragment: suppressed
-- Whether the contact c is on the list, for every campaign or for the one at hand. One
-- look for both values.
EXISTS (SELECT 1 FROM suppressions s
         WHERE s.value_key IN (c.phone_key, c.email_key)
           AND (s.kind = 'phone' AND s.value_key = c.phone_key OR s.kind = 'email' AND s.value_key = c.email_key)
           AND s.campaign_id IN ({{campaign}}, '00000000-0000-0000-0000-000000000000')
           AND (s.expires_at IS NULL OR s.expires_at > :now))

-- fragment: campaign
:campaign_id

-- fragment: refusal
-- The first reason for which the contact c must not be called at all, or null.
CASE
    WHEN c.is_valid IS NOT TRUE THEN 'invalid'
    WHEN c.phone_key IS NULL OR c.phone_status = 'invalid' THEN 'no_phone'
    WHEN c.is_opted_out IS TRUE THEN 'opted_out'
    WHEN {{suppressed}} THEN 'suppressed'
END

-- fragment: callable
-- A scalar subquery, so that each candidate asks for its own contact and no plan
-- reads them all. A contact whose phone is in a call of the power queue, in whatever
-- campaign, waits until that is over.
COALESCE((SELECT {{refusal}} IS NULL AND NOT {{in_call}} FROM contacts c WHERE c.id = q.contact_id), FALSE)

-- fragment: in_call
EXISTS (SELECT 1 FROM phone_holds h WHERE h.phone_key = c.phone_key)

-- query: get_item
SELECT {{item_columns}}
  FROM agent_queue q
  LEFT JOIN contacts c ON c.id = q.contact_id
 WHERE q.campaign_id = :campaign_id AND q.id = :item_id

-- fragment: awaited
-- A callback of the pool that waits for the agent.
q.callback_agent_id = :agent_id AND q.queue_state = 'queued'

-- fragment: listed
q.campaign_id = :campaign_id

-- query: list_items
SELECT {{item_columns}}
  FROM agent_queue q
  LEFT JOIN contacts c ON c.id = q.contact_id
 WHERE {{listed}}
   AND q.id > :after
   AND (:any_agent OR q.agent_id = :agent_id OR {{awaited}})
   AND (:any_state OR q.queue_state = :state)
 ORDER BY q.id
 LIMIT :limit

-- query: move_start
-- Asked once more here: a call of the power queue may have been placed since the pull.
-- Whoever places one looks for locked items after holding the phone, and this looks for
-- the phone after the item was locked, so that one of the two sees the other.
UPDATE agent_queue
   SET queue_state = 'in_progress', lock_expires_at = :lock_expires_at, lock_version = lock_version + 1
 WHERE {{move_guard}} AND queue_state = 'locked'
   AND NOT EXISTS (SELECT 1 FROM contacts c WHERE c.id = agent_queue.contact_id AND {{in_call}})

-- query: move_heartbeat
UPDATE agent_queue
   SET lock_expires_at = :lock_expires_at
 WHERE {{move_guard}} AND queue_state IN ('locked', 'in_progress')

-- query: move_give_back
UPDATE agent_queue
   SET queue_state = 'queued', agent_id = CASE WHEN pooled THEN NULL ELSE agent_id END,
       locked_at = NULL, lock_expires_at = NULL, lock_version = lock_version + 1
 WHERE {{move_guard}} AND queue_state = 'locked'

-- fragment: move_guard
campaign_id = :campaign_id AND id = :item_id AND lock_version = :lock_version
   AND (:any_agent OR agent_id = :agent_id)

-- query: queue_stats
SELECT agent_id, queue_state, count(*) AS items
  FROM agent_queue
 WHERE campaign_id = :campaign_id
 GROUP BY agent_id, queue_state

-- query: sweep_locks
UPDATE agent_queue
   SET queue_state = 'queued', agent_id = CASE WHEN pooled THEN NULL ELSE agent_id END,
       locked_at = NULL, lock_expires_at = NULL, lock_version = lock_version + 1
 WHERE id IN (SELECT q.id
                FROM agent_queue q
               WHERE q.queue_state = 'locked' AND q.lock_expires_at <= :now
               {{claim_lock}})
RETURNING pooled

-- query: rollback_launch
UPDATE agent_queue
   SET queue_state = 'released', released_at = :now, released_by = :actor_id,
       lock_version = lock_version + 1
 WHERE campaign_id = :campaign_id AND launch_id = :launch_id
   AND queue_state = 'queued' AND lock_version = 0

-- query: count_launch
SELECT count(*) AS items, COALESCE(sum(CASE WHEN queue_state IN ('queued', 'locked', 'in_progress')
                                            THEN 1 ELSE 0 END), 0) AS active
  FROM agent_queue
 WHERE campaign_id = :campaign_id AND launch_id = :launch_id
