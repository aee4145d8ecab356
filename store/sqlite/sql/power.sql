-- What SQLite does its own way with the power queue: it has one writer, so that
-- nothing is locked by somebody else, and a claim is several small statements.

-- fragment: row_lock

-- fragment: number_lock

-- fragment: both_lock

-- fragment: skip_locked

-- fragment: share_lock

-- fragment: long_ago
0

-- fragment: caps
(SELECT value ->> 'attempts' AS attempts, value ->> 'since' AS since FROM json_each(:caps))

-- fragment: open_zones
SELECT value FROM json_each(:open_zones)

-- query: plan_calls
INSERT INTO temp.outdial_plan (contact_id, priority, own, settled, restart, reason)
SELECT j.contact_id, COALESCE(:priority, j.priority), FALSE, FALSE, FALSE,
       CASE WHEN j.reason IS NULL AND j.row_id IS NOT NULL THEN 'collision' ELSE j.reason END
  FROM ({{judged}}) j

-- query: add_calls
INSERT INTO campaign_queue (id, campaign_id, contact_id, status, priority, next_attempt_at, call_zone,
                            enqueued_by, enqueued_reason, launch_id, created_at, updated_at)
SELECT {{row_id}}, :campaign_id, contact_id, 'queued', priority, :now, zone,
       :enqueued_by, :enqueued_reason, :launch_id, :now, :now
  FROM (SELECT p.contact_id, p.priority, COALESCE(c.timezone, '') AS zone,
               printf('%08d', row_number() OVER (ORDER BY p.priority DESC, p.contact_id)) AS counter
          FROM temp.outdial_plan p
          JOIN contacts c ON c.id = p.contact_id
         WHERE p.reason IS NULL
         ORDER BY p.priority DESC, p.contact_id)

-- query: may_claim
SELECT {{running}}

-- query: first_level
SELECT q.priority FROM campaign_queue q WHERE {{waiting}} ORDER BY q.priority DESC LIMIT 1

-- query: next_level
SELECT q.priority FROM campaign_queue q WHERE {{waiting}} AND q.priority < :priority ORDER BY q.priority DESC LIMIT 1

-- query: due_calls
SELECT q.id FROM campaign_queue q
 WHERE {{waiting}} AND q.priority = :priority AND {{due_at}} <= :now
   AND {{zone_open}} AND NOT {{in_agent_queue}} AND {{dialable}}
 ORDER BY {{due_at}}, q.id
 LIMIT :limit

-- query: hold_phones
-- A phone that several items share is dialed for the first of them.
INSERT INTO phone_holds (phone_key, campaign_id, call_id, held_at)
SELECT c.phone_key, :campaign_id, d.value ->> 'call_id', :now
  FROM json_each(:due) d
  JOIN campaign_queue q ON q.id = d.value ->> 'id'
  JOIN contacts c ON c.id = q.contact_id
 WHERE TRUE
 ORDER BY d.value ->> 'call_id'
ON CONFLICT (phone_key) DO NOTHING

-- query: claim_items
UPDATE campaign_queue AS q
   SET status = 'dialing', call_id = d.call_id, call_sid = NULL, agent_id = NULL, fail_reason = NULL,
       lock_version = q.lock_version + 1, updated_at = :now
  FROM (SELECT value ->> 'id' AS id, value ->> 'call_id' AS call_id FROM json_each(:due)) d
 WHERE q.id = d.id
   AND EXISTS (SELECT 1 FROM phone_holds h JOIN contacts c ON c.phone_key = h.phone_key
                WHERE c.id = q.contact_id AND h.call_id = d.call_id)

-- query: make_calls
INSERT INTO call_attempts (id, campaign_id, item_id, claim_version, item_version, contact_id,
                           phone, phone_key, lease_token, claimed_at, updated_at)
SELECT q.call_id, q.campaign_id, q.id, q.lock_version, q.lock_version, q.contact_id,
       c.phone, c.phone_key, :lease_token, :now, :now
  FROM json_each(:due) d
  JOIN campaign_queue q ON q.id = d.value ->> 'id' AND q.call_id = d.value ->> 'call_id'
  JOIN contacts c ON c.id = q.contact_id
 ORDER BY q.call_id

-- query: claimed_calls
SELECT {{call_columns}} FROM call_attempts q
 WHERE q.id IN (SELECT value ->> 'call_id' FROM json_each(:due))
 ORDER BY q.id
