-- What is kept beside a change: idempotency keys and audit entries.

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
