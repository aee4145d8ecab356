-- Items of the power queue: how they are listed, counted, taken back, and what they
-- are when a call moves them.

-- fragment: due_at
-- An item without a time is due before any other.
COALESCE(q.next_attempt_at, {{long_ago}})

-- fragment: waiting
q.campaign_id = :campaign_id AND q.status = 'queued'

-- fragment: running
EXISTS (SELECT 1 FROM campaign_settings s WHERE s.campaign_id = :campaign_id AND s.status = 'running')

-- fragment: in_agent_queue
EXISTS (SELECT 1 FROM agent_queue a
         WHERE a.campaign_id = :campaign_id AND a.contact_id = q.contact_id
           AND a.queue_state IN ('queued', 'locked', 'in_progress'))

-- fragment: active_item
-- An active row a of the agent queue, in the form that ix_agent_queue_contact has.
COALESCE(a.queue_state IN ('queued', 'locked', 'in_progress'), FALSE)

-- fragment: in_hand
-- Whether an agent has the contact c, or another contact with its phone, in hand, in
-- whatever campaign.
EXISTS (SELECT 1 FROM contacts same
          JOIN agent_queue a ON a.contact_id = same.id AND {{active_item}}
         WHERE same.phone_key = c.phone_key AND a.queue_state <> 'queued' AND a.lock_expires_at > :now)

-- fragment: capped
-- Whether the phone of the contact c was called as often as a cap allows.
EXISTS (SELECT 1 FROM {{caps}} cap
         WHERE (SELECT count(*) FROM call_attempts a
                 WHERE a.phone_key = c.phone_key AND a.placed_at >= cap.since
                   AND COALESCE(a.outcome, '') <> 'not_placed') >= cap.attempts)

-- fragment: abandoned
EXISTS (SELECT 1 FROM call_attempts a
         WHERE a.phone_key = c.phone_key AND a.abandoned_at >= :abandoned_since)

-- fragment: zone_open
(:everywhere OR COALESCE(q.call_zone, '') IN ({{open_zones}}))

-- fragment: dialable
-- Whether the contact of the item q may be dialed now. A scalar subquery, so that
-- each candidate asks for its own contact and no plan reads them all.
COALESCE((SELECT {{refusal}} IS NULL
                 AND NOT {{in_call}} AND NOT {{in_hand}} AND NOT {{capped}} AND NOT {{abandoned}}
            FROM contacts c WHERE c.id = q.contact_id), FALSE)

-- query: place_refusal
-- The first reason why a call that was claimed must not be placed, or null; no row
-- when the item has moved on. The state is asked in a form that no index answers: by
-- old statistics nothing is being dialed.
SELECT CASE
           WHEN {{refusal}} IS NOT NULL THEN {{refusal}}
           WHEN c.phone_key <> :phone_key THEN 'phone_changed'
           WHEN NOT {{running}} THEN 'not_running'
           WHEN NOT {{zone_open}} THEN 'window_closed'
           WHEN {{capped}} THEN 'attempt_cap'
           WHEN {{abandoned}} THEN 'recently_abandoned'
           WHEN {{in_hand}} THEN 'agent_calling'
       END AS refusal
  FROM campaign_queue q
  JOIN contacts c ON c.id = q.contact_id
 WHERE q.campaign_id = :campaign_id AND q.id = :item_id
   AND q.lock_version = :item_version AND COALESCE(q.status = 'dialing', FALSE)

-- query: count_placed
UPDATE campaign_queue SET attempts = attempts + :by, updated_at = :now
 WHERE campaign_id = :campaign_id AND id = :item_id

-- query: count_attempt
UPDATE campaign_contacts
   SET attempts = attempts + :by, last_attempt_at = CASE WHEN :by > 0 THEN :now ELSE last_attempt_at END
 WHERE campaign_id = :campaign_id AND contact_id = :contact_id
RETURNING attempts

-- query: settle_contact
-- A contact waits as long as its item does, and is finished when the item ended by a
-- call; neither outlasts news that say otherwise.
UPDATE campaign_contacts
   SET next_attempt_at = :next_attempt_at,
       finished_at = CASE WHEN :finish_reason <> '' THEN :finished_at
                          WHEN finish_reason IN ('connected', 'max_attempts', 'max_voicemails', 'rejected_number') THEN NULL
                          ELSE finished_at END,
       finish_reason = CASE WHEN :finish_reason <> '' THEN :finish_reason
                            WHEN finish_reason IN ('connected', 'max_attempts', 'max_voicemails', 'rejected_number') THEN NULL
                            ELSE finish_reason END
 WHERE campaign_id = :campaign_id AND contact_id = :contact_id

-- fragment: moved_call_item
UPDATE campaign_queue
   SET status = :status, next_attempt_at = :next_attempt_at, fail_reason = :fail_reason,
       call_sid = :call_sid, lock_version = lock_version + 1, updated_at = :now
 WHERE campaign_id = :campaign_id AND id = :item_id AND lock_version = :item_version

-- query: move_call_item
{{moved_call_item}}

-- query: revive_call_item
-- An item that has ended comes back only while its contact is not queued again. It is a
-- statement of its own because the server would plan one that is for both each time.
{{moved_call_item}}
   AND NOT EXISTS (
           SELECT 1 FROM campaign_queue other
            WHERE other.campaign_id = :campaign_id AND other.contact_id = :contact_id
              AND other.id <> :item_id AND other.status NOT IN ('completed', 'failed'))
   AND NOT EXISTS (
           SELECT 1 FROM agent_queue a
            WHERE a.campaign_id = :campaign_id AND a.contact_id = :contact_id
              AND a.queue_state IN ('queued', 'locked', 'in_progress'))

-- query: note_call_item
-- What is known of the item's call, without a change of state.
UPDATE campaign_queue
   SET call_sid = :call_sid, agent_id = :agent_id, updated_at = :now
 WHERE campaign_id = :campaign_id AND id = :item_id AND lock_version = :item_version

-- query: return_foreign_items
-- Items that another program, which keeps no calls, was dialing when it stopped.
UPDATE campaign_queue
   SET status = 'queued', lock_version = lock_version + 1, updated_at = :now
 WHERE id IN (SELECT q.id
                FROM campaign_queue q
               WHERE q.status IN ('dialing', 'ringing') AND q.updated_at < :stuck_since
                 AND NOT EXISTS (SELECT 1 FROM call_attempts a
                                  WHERE a.campaign_id = q.campaign_id AND a.item_id = q.id AND a.settled_at IS NULL)
               {{claim_lock}})

-- query: list_call_items
SELECT q.id, q.campaign_id, q.contact_id, q.status, q.priority, q.next_attempt_at, q.attempts,
       COALESCE(q.call_zone, '') AS call_zone, COALESCE(q.call_sid, '') AS call_sid, q.agent_id,
       q.lock_version, COALESCE(q.fail_reason, '') AS fail_reason, q.launch_id,
       COALESCE(q.enqueued_by, '') AS enqueued_by, COALESCE(q.enqueued_reason, '') AS enqueued_reason,
       q.created_at, q.updated_at
  FROM campaign_queue q
 WHERE {{listed}}
   AND q.id > :after
   AND (:any_state OR q.status = :state)
 ORDER BY q.id
 LIMIT :limit

-- query: dialer_counts
SELECT status, count(*) AS items,
       COALESCE(sum(CASE WHEN next_attempt_at > :now THEN 0 ELSE 1 END), 0) AS due
  FROM campaign_queue
 WHERE campaign_id = :campaign_id
 GROUP BY status

-- query: rollback_calls
UPDATE campaign_queue
   SET status = 'failed', fail_reason = 'rolled_back', lock_version = lock_version + 1, updated_at = :now
 WHERE campaign_id = :campaign_id AND launch_id = :launch_id
   AND status = 'queued' AND lock_version = 0

-- query: count_call_launch
SELECT count(*) AS items, COALESCE(sum(CASE WHEN status NOT IN ('completed', 'failed') THEN 1 ELSE 0 END), 0) AS active
  FROM campaign_queue
 WHERE campaign_id = :campaign_id AND launch_id = :launch_id

-- query: get_status
SELECT status FROM campaign_settings WHERE campaign_id = :campaign_id

-- query: set_status
UPDATE campaign_settings SET status = :status
 WHERE campaign_id = :campaign_id AND (',' || CAST(:from AS text) || ',') LIKE '%,' || status || ',%'

-- query: list_dialing
SELECT campaign_id FROM campaign_settings WHERE status = 'running'
 UNION
SELECT campaign_id FROM call_attempts WHERE settled_at IS NULL

-- query: acquire_lease
INSERT INTO dialer_leases AS held (campaign_id, holder, token, expires_at)
VALUES (:campaign_id, :holder, 1, :expires_at)
ON CONFLICT (campaign_id) DO UPDATE
   SET token = CASE WHEN held.holder = excluded.holder AND held.expires_at > :now THEN held.token ELSE held.token + 1 END,
       holder = excluded.holder, expires_at = excluded.expires_at
 WHERE held.expires_at <= :now OR held.holder = excluded.holder
RETURNING token

-- query: release_lease
UPDATE dialer_leases SET expires_at = :now
 WHERE campaign_id = :campaign_id AND token = :lease_token AND holder = :holder AND expires_at > :now

-- query: hold_lease
-- Whoever wants the lease waits until this transaction has ended.
SELECT q.token FROM dialer_leases q
 WHERE q.campaign_id = :campaign_id AND q.token = :lease_token AND q.expires_at > :now
{{share_lock}}
