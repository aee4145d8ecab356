-- Dispositions: the item that one is about, what it does to it, to its contact and to
-- everybody who has its number, and what was recorded.

-- query: find_subject
-- Which queue an item is in, and the number that was, or is to be, called.
SELECT 'agent' AS queue, q.contact_id, COALESCE(c.phone, '') AS phone, COALESCE(c.phone_key, '') AS phone_key
  FROM agent_queue q
  LEFT JOIN contacts c ON c.id = q.contact_id
 WHERE q.campaign_id = :campaign_id AND q.id = :item_id
 UNION ALL
SELECT 'power' AS queue, i.contact_id, COALESCE(a.phone, '') AS phone, COALESCE(a.phone_key, '') AS phone_key
  FROM campaign_queue i
  LEFT JOIN call_attempts a ON a.id = i.call_id AND a.campaign_id = i.campaign_id
 WHERE i.campaign_id = :campaign_id AND i.id = :item_id

-- query: lock_phone
-- Whoever records something about a number takes the contacts who have it first, in one
-- order for everybody, and items after that.
SELECT q.id FROM contacts q WHERE q.phone_key = :phone_key ORDER BY q.id
{{number_lock}}

-- query: share_contact
-- Whoever may queue somebody waits for those who record something about their number,
-- and sees it then.
SELECT q.id FROM contacts q WHERE q.id = :contact_id
{{share_lock}}

-- query: lock_item
SELECT {{item_columns}}
  FROM agent_queue q
  LEFT JOIN contacts c ON c.id = q.contact_id
 WHERE q.campaign_id = :campaign_id AND q.id = :item_id
{{row_lock}}

-- fragment: policy_columns
s.max_attempts AS policy_max_attempts, s.max_voicemails AS policy_max_voicemails,
s.max_attempts_per_day AS policy_max_per_day, s.vm_cooldown_hours AS policy_vm_cooldown_hours,
s.cool_downs AS policy_cool_downs

-- query: get_standing
-- What the campaign knows of a contact.
SELECT COALESCE(cc.attempts, 0) AS attempts, cc.next_attempt_at, cc.finished_at,
       COALESCE(cc.finish_reason, '') AS finish_reason,
       COALESCE(c.timezone, '') AS timezone, COALESCE(c.phone_status, 'unknown') AS phone_status,
       {{suppressed}} AS suppressed, {{policy_columns}}
  FROM contacts c
  LEFT JOIN campaign_contacts cc ON cc.campaign_id = :campaign_id AND cc.contact_id = c.id
  LEFT JOIN campaign_settings s ON s.campaign_id = :campaign_id
 WHERE c.id = :contact_id

-- query: count_voicemails
-- How many attempts of the contact reached a machine, besides the one at hand.
SELECT (SELECT count(*) FROM call_attempts a
         WHERE a.campaign_id = :campaign_id AND a.contact_id = :contact_id
           AND a.outcome = 'voicemail_detected' AND a.id <> :call_id)
     + (SELECT count(*) FROM dispositions d
         WHERE d.campaign_id = :campaign_id AND d.contact_id = :contact_id
           AND d.outcome = 'voicemail_detected' AND d.superseded_by IS NULL
           AND (d.call_id IS NULL OR d.call_id <> :call_id) AND d.id <> :supersedes)

-- query: recent_attempts
-- When the contact was tried lately, besides the attempt at hand.
SELECT a.placed_at AS at FROM call_attempts a
 WHERE a.campaign_id = :campaign_id AND a.contact_id = :contact_id
   AND a.placed_at > :since AND COALESCE(a.outcome, '') <> 'not_placed' AND a.id <> :call_id
 UNION ALL
SELECT d.recorded_at AS at FROM dispositions d
 WHERE d.campaign_id = :campaign_id AND d.contact_id = :contact_id
   AND d.recorded_at > :since AND d.queue = 'agent' AND d.supersedes IS NULL
   AND (d.item_id <> :item_id OR d.recorded_at <> :attempted_at)

-- query: dispose_item
UPDATE agent_queue
   SET queue_state = :state, agent_id = :agent_id, pooled = :pooled, scheduled_for = :scheduled_for,
       callback_at = :callback_at, callback_agent_id = :callback_agent_id, fail_reason = :fail_reason,
       attempts = attempts + :by, locked_at = NULL, lock_expires_at = NULL, lock_version = lock_version + 1
 WHERE campaign_id = :campaign_id AND id = :item_id AND lock_version = :item_version

-- query: count_item_attempt
UPDATE agent_queue SET attempts = attempts + 1 WHERE campaign_id = :campaign_id AND id = :item_id

-- query: get_call_item
SELECT call_id, priority FROM campaign_queue WHERE campaign_id = :campaign_id AND id = :item_id

-- query: dispose_call_item
UPDATE campaign_queue
   SET status = :state, next_attempt_at = COALESCE(:next_attempt_at, next_attempt_at), priority = :priority,
       fail_reason = :fail_reason, lock_version = lock_version + 1, updated_at = :now
 WHERE campaign_id = :campaign_id AND id = :item_id AND lock_version = :item_version

-- query: add_callback
-- The callback of somebody whom the power queue had called.
INSERT INTO agent_queue (id, campaign_id, contact_id, queue_state, priority, scheduled_for, queued_at, created_by,
                         enqueued_by, enqueued_reason, pooled, callback_at, callback_agent_id)
VALUES (:id, :campaign_id, :contact_id, 'queued', :priority, :callback_at, :now, :actor_id,
        :enqueued_by, 'callback', TRUE, :callback_at, :callback_agent_id)

-- query: withdraw_callback
UPDATE agent_queue
   SET queue_state = 'released', released_at = :now, released_by = :actor_id, lock_version = lock_version + 1
 WHERE campaign_id = :campaign_id AND id = :item_id AND queue_state = 'queued' AND lock_version = 0

-- query: count_active
-- The items with which a contact is active, besides one.
SELECT (SELECT count(*) FROM agent_queue a
         WHERE a.campaign_id = :campaign_id AND a.contact_id = :contact_id
           AND a.queue_state IN ('queued', 'locked', 'in_progress') AND a.id <> :item_id)
     + (SELECT count(*) FROM campaign_queue i
         WHERE i.campaign_id = :campaign_id AND i.contact_id = :contact_id
           AND i.status NOT IN ('completed', 'failed') AND i.id <> :item_id)

-- query: set_standing
UPDATE campaign_contacts
   SET next_attempt_at = :next_attempt_at, finished_at = :finished_at, finish_reason = :finish_reason
 WHERE campaign_id = :campaign_id AND contact_id = :contact_id

-- query: set_phone_status
-- Only contacts with one status get another one: to mark a number as wrong, and to take
-- that back.
UPDATE contacts SET phone_status = :to
 WHERE phone_key = :phone_key AND (:any OR phone_status = :from) AND phone_status <> :to

-- query: purge_items
-- Who is to go is picked in a step of its own, as in a pull: a condition with a subquery
-- would be asked anew, by the old snapshot, of a row that somebody has changed meanwhile.
WITH doomed AS MATERIALIZED (
    SELECT q.id FROM agent_queue q
     WHERE q.contact_id IN (SELECT c.id FROM contacts c WHERE c.phone_key = :phone_key)
       AND {{active}}
       AND q.id <> :item_id
     ORDER BY q.id
    {{row_lock}}
)
{{fail_doomed}}

-- query: purge_call_items
WITH doomed AS MATERIALIZED (
    SELECT q.id FROM campaign_queue q
     WHERE q.contact_id IN (SELECT c.id FROM contacts c WHERE c.phone_key = :phone_key)
       AND {{active_call}}
       AND q.id <> :item_id
     ORDER BY q.id
    {{row_lock}}
)
{{fail_doomed_calls}}

-- query: add_lead
INSERT INTO leads (id, campaign_id, contact_id, disposition_id, agent_id, created_at)
VALUES (:id, :campaign_id, :contact_id, :disposition_id, :agent_id, :now)
ON CONFLICT (campaign_id, contact_id) DO NOTHING

-- query: restore_lead
UPDATE leads SET withdrawn_at = NULL, disposition_id = :disposition_id
 WHERE campaign_id = :campaign_id AND contact_id = :contact_id AND withdrawn_at IS NOT NULL

-- query: get_lead
SELECT id FROM leads WHERE campaign_id = :campaign_id AND contact_id = :contact_id

-- query: withdraw_lead
UPDATE leads SET withdrawn_at = :now
 WHERE campaign_id = :campaign_id AND contact_id = :contact_id AND disposition_id = :disposition_id

-- query: list_leads
SELECT q.id, q.campaign_id, q.contact_id, q.disposition_id, q.agent_id, q.created_at, q.withdrawn_at
  FROM leads q
 WHERE {{listed}} AND q.id > :after
 ORDER BY q.id
 LIMIT :limit

-- query: add_disposition
INSERT INTO dispositions (id, campaign_id, contact_id, queue, item_id, lock_version, item_version, call_id, agent_id,
                          actor_id, code, effect, outcome, attempt, callback_at, metadata, supersedes, before,
                          fingerprint, response, recorded_at)
VALUES (:id, :campaign_id, :contact_id, :queue, :item_id, :lock_version, :item_version, :call_id, :agent_id,
        :actor_id, :code, :effect, :outcome, :attempt, :callback_at, :metadata, :supersedes, :before,
        :fingerprint, :response, :now)

-- query: supersede
UPDATE dispositions SET superseded_by = :id WHERE id = :supersedes

-- fragment: disposition_columns
q.id, q.campaign_id, q.contact_id, q.queue, q.item_id, q.lock_version, q.item_version, q.call_id, q.agent_id,
q.actor_id, q.code, q.effect, q.attempt, q.callback_at, q.metadata, q.supersedes, q.superseded_by, q.recorded_at

-- query: get_recorded
SELECT {{disposition_columns}}, q.before, q.fingerprint, q.response
  FROM dispositions q
 WHERE q.campaign_id = :campaign_id AND q.item_id = :item_id AND q.lock_version = :lock_version

-- query: lock_recorded
SELECT {{disposition_columns}}, q.before, q.fingerprint, q.response
  FROM dispositions q
 WHERE q.campaign_id = :campaign_id AND q.item_id = :item_id AND q.id = :supersedes
{{row_lock}}

-- query: list_dispositions
SELECT {{disposition_columns}}
  FROM dispositions q
 WHERE {{listed}} AND (:any_contact OR q.contact_id = :contact_id) AND q.id > :after
 ORDER BY q.id
 LIMIT :limit

-- query: get_policy
SELECT {{policy_columns}} FROM campaign_settings s WHERE s.campaign_id = :campaign_id

-- query: set_policy
UPDATE campaign_settings
   SET max_attempts = :max_attempts, max_voicemails = :max_voicemails, max_attempts_per_day = :max_per_day,
       vm_cooldown_hours = :vm_cooldown_hours, cool_downs = :cool_downs
 WHERE campaign_id = :campaign_id
