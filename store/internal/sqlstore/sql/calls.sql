-- Calls: the attempts to reach somebody, and what is known of each.

-- fragment: call_columns
q.id, q.campaign_id, q.item_id, q.claim_version, q.item_version, q.contact_id, q.phone, q.phone_key, q.attempt,
q.claimed_at, q.placed_at, q.lost_at, COALESCE(q.call_sid, '') AS call_sid, q.agent_id,
q.initiated_at, q.ringing_at, q.answered_at, COALESCE(q.amd, '') AS amd, q.amd_at, q.connected_at,
q.abandoned_at, q.ended_at, COALESCE(q.cause, '') AS cause, q.not_placed_at,
COALESCE(q.outcome, '') AS outcome, q.settled_at

-- query: lock_call
SELECT {{call_columns}} FROM call_attempts q
 WHERE q.campaign_id = :campaign_id AND q.id = :call_id
{{row_lock}}

-- fragment: call_with_item
SELECT {{call_columns}}, i.status AS item_status, i.lock_version AS item_lock_version,
       i.next_attempt_at AS item_next_attempt_at, COALESCE(i.fail_reason, '') AS item_fail_reason,
       COALESCE(i.call_sid, '') AS item_call_sid, {{policy_columns}}
  FROM call_attempts q
  JOIN campaign_queue i ON i.id = q.item_id AND i.campaign_id = q.campaign_id
  LEFT JOIN campaign_settings s ON s.campaign_id = q.campaign_id

-- query: lock_call_and_item
{{call_with_item}}
 WHERE q.campaign_id = :campaign_id AND q.id = :call_id
{{both_lock}}

-- query: lock_call_by_ref
{{call_with_item}}
 WHERE q.campaign_id = :campaign_id AND q.item_id = :item_id AND q.claim_version = :claim_version
{{both_lock}}

-- query: lock_call_by_sid
{{call_with_item}}
 WHERE q.call_sid = :call_sid
 ORDER BY q.id
 LIMIT 1
{{both_lock}}

-- query: lock_stuck_calls
-- A call that somebody is writing to just now is not stuck.
{{call_with_item}}
 WHERE q.settled_at IS NULL AND q.lost_at IS NULL
   AND (q.placed_at IS NULL AND q.claimed_at < :unplaced_since
        OR q.placed_at IS NOT NULL AND q.connected_at IS NULL AND q.updated_at < :stuck_since
        OR q.placed_at IS NOT NULL AND q.connected_at IS NOT NULL AND q.updated_at < :talking_since)
 ORDER BY q.id
{{both_lock}} {{skip_locked}}

-- query: place_call
UPDATE call_attempts SET placed_at = :now, attempt = :attempt, lease_token = :lease_token, updated_at = :now
 WHERE campaign_id = :campaign_id AND id = :call_id

-- query: write_call
UPDATE call_attempts
   SET item_version = :item_version, call_sid = :call_sid, lost_at = :lost_at,
       initiated_at = :initiated_at, ringing_at = :ringing_at, answered_at = :answered_at,
       amd = :amd, amd_at = :amd_at, connected_at = :connected_at, abandoned_at = :abandoned_at,
       ended_at = :ended_at, cause = :cause, not_placed_at = :not_placed_at,
       outcome = :outcome, settled_at = :settled_at, updated_at = :now
 WHERE campaign_id = :campaign_id AND id = :call_id

-- query: assign_call
UPDATE call_attempts SET agent_id = :agent_id, updated_at = :now
 WHERE campaign_id = :campaign_id AND id = :call_id

-- query: hold_phone
INSERT INTO phone_holds (phone_key, campaign_id, call_id, held_at)
VALUES (:phone_key, :campaign_id, :call_id, :now)
ON CONFLICT (phone_key) DO NOTHING

-- query: free_phone
DELETE FROM phone_holds WHERE phone_key = :phone_key AND call_id = :call_id

-- query: list_calls
-- The conditions are put together from the fragments below, so that each choice has a
-- plan of its own.
SELECT {{call_columns}} FROM call_attempts q
 WHERE q.id > :after {{chosen}}
 ORDER BY q.id
 LIMIT :limit

-- fragment: calls_of_campaign
AND q.campaign_id = :campaign_id

-- fragment: calls_unsettled
AND q.settled_at IS NULL

-- fragment: calls_in_states
AND EXISTS (SELECT 1 FROM campaign_queue i
             WHERE i.id = q.item_id AND i.campaign_id = q.campaign_id AND i.lock_version = q.item_version
               AND (',' || CAST(:states AS text) || ',') LIKE '%,' || i.status || ',%')
