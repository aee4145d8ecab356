-- What is kept beside a change: idempotency keys, audit entries, suppressions.

-- query: claim_key
INSERT INTO idempotency_keys (actor_id, key, fingerprint, created_at)
VALUES (:actor_id, :key, :fingerprint, :now)
ON CONFLICT (actor_id, key) DO NOTHING

-- query: get_key
SELECT fingerprint, response FROM idempotency_keys WHERE actor_id = :actor_id AND key = :key

-- query: store_response
UPDATE idempotency_keys SET response = :response WHERE actor_id = :actor_id AND key = :key

-- query: forget_keys
DELETE FROM idempotency_keys WHERE created_at < :before

-- query: add_audit
INSERT INTO audit_log (id, actor_id, action, target_type, target_id, meta, created_at)
VALUES (:id, :actor_id, :action, :target_type, :target_id, :meta, :now)

-- query: add_suppression
-- An entry that has run out counts as not there.
INSERT INTO suppressions (id, kind, value, value_key, campaign_id, source, reason, created_by, created_at, expires_at)
VALUES (:id, :kind, :value, :value_key, :campaign_id, :source, :reason, :actor_id, :now, :expires_at)
ON CONFLICT (value_key, kind, campaign_id) DO UPDATE
   SET expires_at = excluded.expires_at, source = excluded.source, reason = excluded.reason,
       created_by = excluded.created_by, created_at = excluded.created_at
 WHERE suppressions.expires_at <= excluded.created_at

-- query: extend_suppression
-- An entry that still counts keeps the later of the two ends.
UPDATE suppressions
   SET expires_at = :expires_at
 WHERE value_key = :value_key AND kind = :kind AND campaign_id = :campaign_id
   AND expires_at IS NOT NULL AND (:forever OR expires_at < :expires_at)

-- query: add_suppression_event
INSERT INTO suppression_events (id, kind, value, source, created_at, value_key, campaign_id, action)
VALUES (:id, :kind, :value, :source, :now, :value_key, :campaign_id, 'add')
