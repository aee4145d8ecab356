-- The do-not-call list: its entries, its feed of changes, consent, and imports.

-- fragment: actor
:actor_id

-- fragment: moment
:now

-- query: add_suppressions
-- An entry that has run out counts as not there. Entries are taken in one order by
-- everybody: two who take the same ones the other way round would wait for each other.
INSERT INTO suppressions (id, kind, value, value_key, campaign_id, source, reason, created_by, created_at,
                          expires_at, received_at)
SELECT r.id, r.kind, r.value, r.value_key, r.campaign_id, r.source, r.reason, {{actor}}, {{moment}},
       r.expires_at, r.received_at
  FROM {{entries}}
 WHERE TRUE
 ORDER BY r.value_key, r.kind, r.campaign_id
ON CONFLICT (value_key, kind, campaign_id) DO UPDATE
   SET value = excluded.value, expires_at = excluded.expires_at, source = excluded.source, reason = excluded.reason,
       created_by = excluded.created_by, created_at = excluded.created_at, received_at = excluded.received_at
 WHERE suppressions.expires_at <= excluded.created_at
RETURNING value_key, kind, campaign_id

-- query: extend_suppressions
-- An entry that still counts keeps the later of the two ends.
UPDATE suppressions
   SET expires_at = r.expires_at
  FROM {{entries}}
 WHERE suppressions.value_key = r.value_key AND suppressions.kind = r.kind AND suppressions.campaign_id = r.campaign_id
   AND suppressions.expires_at IS NOT NULL AND (r.expires_at IS NULL OR suppressions.expires_at < r.expires_at)
RETURNING suppressions.value_key, suppressions.kind, suppressions.campaign_id

-- query: remove_suppressions
DELETE FROM suppressions
 WHERE (value_key, kind, campaign_id) IN (SELECT r.value_key, r.kind, r.campaign_id FROM {{entries}})
   AND (expires_at IS NULL OR expires_at > :now)
   AND (:any_source OR source <> 'import')
RETURNING value, value_key, kind, campaign_id, source

-- query: advance_feed
UPDATE suppression_feed SET number = number + :by WHERE id = 1 RETURNING number

-- query: add_suppression_events
INSERT INTO suppression_events (id, kind, value, source, created_at, value_key, campaign_id, action, number,
                                received_at, reason, actor_id)
SELECT r.id, r.kind, r.value, r.source, {{moment}}, r.value_key, r.campaign_id, r.action, r.number,
       r.received_at, r.reason, {{actor}}
  FROM {{entries}}
 WHERE TRUE

-- fragment: in_force
(q.expires_at IS NULL OR q.expires_at > :now)

-- fragment: entry_columns
q.id, q.kind, q.value, q.value_key, q.campaign_id, q.source, COALESCE(q.reason, '') AS reason,
q.created_by, q.created_at, q.expires_at, q.received_at

-- query: find_suppressions
SELECT {{entry_columns}}
  FROM {{asked_phones}}
  JOIN suppressions q ON q.value_key = r.value_key AND q.kind = 'phone' AND {{holds}}
 UNION
SELECT {{entry_columns}}
  FROM {{asked_emails}}
  JOIN suppressions q ON q.value_key = r.value_key AND q.kind = 'email' AND {{holds}}
 ORDER BY id

-- fragment: holds
q.campaign_id IN (:campaign_id, '00000000-0000-0000-0000-000000000000') AND {{in_force}}

-- query: match_phones
SELECT r.place FROM {{asked_phones}} WHERE EXISTS (
    SELECT 1 FROM suppressions q WHERE q.value_key = r.value_key AND q.kind = 'phone' AND {{holds}})

-- query: match_emails
SELECT r.place FROM {{asked_emails}} WHERE EXISTS (
    SELECT 1 FROM suppressions q WHERE q.value_key = r.value_key AND q.kind = 'email' AND {{holds}})

-- query: list_suppressions
SELECT {{entry_columns}}
  FROM suppressions q
 WHERE {{of_campaign}} AND (:any_kind OR q.kind = :kind) AND (:any_source OR q.source = :source)
   AND q.id > :after AND {{in_force}}
 ORDER BY q.id
 LIMIT :limit

-- fragment: of_every_campaign
q.campaign_id = '00000000-0000-0000-0000-000000000000'

-- fragment: of_one_campaign
q.campaign_id = :campaign_id AND q.campaign_id <> '00000000-0000-0000-0000-000000000000'

-- query: scan_suppressions
SELECT q.id, q.kind, q.value_key FROM suppressions q WHERE q.id > :after ORDER BY q.id LIMIT :limit

-- fragment: change_columns
q.number, q.id, q.kind, q.value_key, q.campaign_id, q.action, q.source, q.created_at, q.received_at

-- query: feed_head
SELECT q.number, q.id FROM suppression_events q WHERE q.number IS NOT NULL ORDER BY q.number DESC LIMIT 1

-- query: follow_feed
SELECT {{change_columns}} FROM suppression_events q WHERE q.number >= :from ORDER BY q.number LIMIT :limit

-- query: get_consent
SELECT COALESCE(c.phone, '') AS phone, COALESCE(c.phone_key, '') AS phone_key,
       COALESCE(c.email, '') AS email, COALESCE(c.email_key, '') AS email_key,
       COALESCE(c.is_opted_out, FALSE) AS is_opted_out
  FROM contacts c
 WHERE c.id = :contact_id

-- query: set_opted_out
UPDATE contacts
   SET is_opted_out = :opted_out
 WHERE id IN (SELECT h.id FROM contacts h WHERE h.id = :contact_id UNION {{struck_contacts}})
   AND COALESCE(is_opted_out, FALSE) <> :opted_out

-- query: begin_import
INSERT INTO suppression_imports (id, list, version, campaign_id, published_at, started_by, started_at, updated_at)
VALUES (:id, :list, :version, :campaign_id, :published_at, :actor_id, :now, :now)
ON CONFLICT (campaign_id, list, version) DO NOTHING

-- fragment: import_columns
q.id, q.list, q.version, q.campaign_id, q.published_at, q.started_by, q.lines, q.bytes, q.rejected, q.digest,
q.added, q.extended, q.unchanged, q.started_at, q.updated_at, q.completed_at

-- query: find_import
SELECT {{import_columns}} FROM suppression_imports q
 WHERE q.campaign_id = :campaign_id AND q.list = :list AND q.version = :version

-- query: lock_import
SELECT {{import_columns}} FROM suppression_imports q WHERE q.id = :import_id
{{row_lock}}

-- query: move_import
UPDATE suppression_imports
   SET lines = :lines, bytes = :bytes, rejected = :rejected, digest = :digest,
       added = :added, extended = :extended, unchanged = :unchanged, updated_at = :now, completed_at = :completed_at
 WHERE id = :import_id

-- query: list_imports
SELECT {{import_columns}} FROM suppression_imports q ORDER BY q.started_at DESC, q.id DESC
