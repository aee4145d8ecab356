-- Purges: items of both queues whose contacts must not be called any more.

-- fragment: active
-- In the form of the index by contact.
COALESCE(q.queue_state IN ('queued', 'locked', 'in_progress'), FALSE)

-- fragment: active_call
COALESCE(q.status NOT IN ('completed', 'failed'), FALSE)

-- fragment: fail_doomed
-- The times of the lock stay: they show that an agent had the item in hand.
UPDATE agent_queue AS i
   SET queue_state = 'failed', fail_reason = :fail_reason, lock_expires_at = NULL, lock_version = i.lock_version + 1
  FROM doomed
 WHERE i.id = doomed.id

-- fragment: fail_doomed_calls
UPDATE campaign_queue AS i
   SET status = 'failed', fail_reason = :fail_reason, lock_version = i.lock_version + 1, updated_at = :now
  FROM doomed
 WHERE i.id = doomed.id

-- query: pending_events
-- What a cursor has not passed yet.
SELECT {{change_columns}}
  FROM suppression_events q
 WHERE q.number > COALESCE((SELECT c.number FROM suppression_cursors c WHERE c.name = :cursor), 0)
 ORDER BY q.number
 LIMIT :limit

-- query: cursor_exists
SELECT count(*) FROM suppression_cursors WHERE name = :cursor

-- query: add_cursor
INSERT INTO suppression_cursors (name, number) VALUES (:cursor, 0) ON CONFLICT (name) DO NOTHING

-- query: lock_cursor
-- Whoever finds it taken leaves the work to who has it.
SELECT q.number FROM suppression_cursors q WHERE q.name = :cursor
{{claim_lock}}

-- query: move_cursor
UPDATE suppression_cursors SET number = :number WHERE name = :cursor

-- fragment: struck_contacts
SELECT h.id FROM contacts h WHERE h.phone_key IN (SELECT r.value_key FROM {{asked_phones}})
 UNION
SELECT h.id FROM contacts h WHERE h.email_key IN (SELECT r.value_key FROM {{asked_emails}})

-- query: struck_items
SELECT q.id
  FROM agent_queue q
  JOIN contacts c ON c.id = q.contact_id
 WHERE q.contact_id IN ({{struck_contacts}}) AND {{active}} AND {{suppressed}}
 ORDER BY q.id
 LIMIT :limit

-- query: struck_call_items
SELECT q.id
  FROM campaign_queue q
  JOIN contacts c ON c.id = q.contact_id
 WHERE q.contact_id IN ({{struck_contacts}}) AND {{active_call}} AND {{suppressed}}
 ORDER BY q.id
 LIMIT :limit

-- fragment: struck
-- A scalar subquery, so that each item asks for its own contact.
COALESCE((SELECT c.is_opted_out IS TRUE OR {{suppressed}} FROM contacts c WHERE c.id = q.contact_id), FALSE)

-- query: active_items
SELECT q.id, {{struck}} AS struck FROM agent_queue q
 WHERE q.id > :after AND {{active}}
 ORDER BY q.id
 LIMIT :limit

-- query: active_call_items
SELECT q.id, {{struck}} AS struck FROM campaign_queue q
 WHERE q.id > :after AND {{active_call}}
 ORDER BY q.id
 LIMIT :limit

-- query: fail_items
-- Nobody waits here: what somebody else is changing is left for the next time.
WITH doomed AS MATERIALIZED (
    SELECT q.id FROM agent_queue q
     WHERE q.id IN ({{asked_ids}}) AND {{active}}
     ORDER BY q.id
    {{claim_lock}}
)
{{fail_doomed}}

-- query: fail_call_items
WITH doomed AS MATERIALIZED (
    SELECT q.id FROM campaign_queue q
     WHERE q.id IN ({{asked_ids}}) AND {{active_call}}
     ORDER BY q.id
    {{claim_lock}}
)
{{fail_doomed_calls}}
