package postgres_test

// What a host has that came before the library: the tables, indexes and functions
// of the first version of the queue, and contacts of its own.

const firstTables = `
CREATE TABLE contacts (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  account_id uuid,
  first_name varchar(80),
  phone varchar(40),
  email varchar(254),
  is_valid boolean NOT NULL,
  is_opted_out boolean,
  loyalty_points integer NOT NULL DEFAULT 0
);
CREATE TABLE campaign_contacts (
  campaign_id uuid NOT NULL,
  contact_id uuid NOT NULL REFERENCES contacts (id),
  note text,
  PRIMARY KEY (campaign_id, contact_id)
);

CREATE TABLE IF NOT EXISTS agent_queue (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  campaign_id uuid NOT NULL,
  agent_id uuid NOT NULL,
  contact_id uuid NOT NULL,
  queue_state text NOT NULL CHECK (queue_state IN ('queued','locked','in_progress','released')),
  queued_at timestamptz,
  released_at timestamptz,
  created_by uuid,
  released_by uuid
);

-- Lightweight audit log if you don't already have one.
CREATE TABLE IF NOT EXISTS audit_log (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  actor_id uuid NOT NULL,
  action text NOT NULL,
  target_type text NOT NULL,
  target_id uuid NOT NULL,
  meta jsonb,
  created_at timestamptz NOT NULL DEFAULT now()
);
`

const firstIndexes = `
CREATE EXTENSION IF NOT EXISTS pg_trgm;
CREATE EXTENSION IF NOT EXISTS pgcrypto;

-- Performance & integrity
CREATE UNIQUE INDEX IF NOT EXISTS uq_agent_queue_active
  ON agent_queue (campaign_id, contact_id)
  WHERE queue_state IN ('queued','locked','in_progress');

CREATE INDEX IF NOT EXISTS ix_agent_queue_campaign_state
  ON agent_queue (campaign_id, queue_state);

-- Optional accel for "first_name contains"
CREATE INDEX IF NOT EXISTS ix_contacts_first_name_trgm
  ON contacts USING gin (first_name gin_trgm_ops);
`

const firstFunctions = `
-- === SAFE FUNCTIONS (idempotent, transactional) ===

-- Clear MY queue (queued/locked only) for a campaign
CREATE OR REPLACE FUNCTION clear_my_queue(
  p_campaign_id uuid,
  p_agent_id uuid,
  p_actor_user_id uuid
) RETURNS integer
LANGUAGE plpgsql AS $$
DECLARE v_released int;
BEGIN
  WITH upd AS (
    UPDATE agent_queue
       SET queue_state = 'released',
           released_at = now(),
           released_by = p_actor_user_id
     WHERE campaign_id = p_campaign_id
       AND agent_id    = p_agent_id
       AND queue_state IN ('queued','locked')
     RETURNING 1
  )
  SELECT COUNT(*) INTO v_released FROM upd;

  INSERT INTO audit_log (actor_id, action, target_type, target_id, meta)
  VALUES (p_actor_user_id, 'queue.clear.mine', 'campaign', p_campaign_id,
          jsonb_build_object('agent_id', p_agent_id, 'released', v_released));

  RETURN v_released;
END$$;

-- Clear ALL queues (admin only) for a campaign
CREATE OR REPLACE FUNCTION clear_all_queues(
  p_campaign_id uuid,
  p_actor_user_id uuid
) RETURNS integer
LANGUAGE plpgsql AS $$
DECLARE v_released int;
BEGIN
  WITH upd AS (
    UPDATE agent_queue
       SET queue_state = 'released',
           released_at = now(),
           released_by = p_actor_user_id
     WHERE campaign_id = p_campaign_id
       AND queue_state IN ('queued','locked')
     RETURNING 1
  )
  SELECT COUNT(*) INTO v_released FROM upd;

  INSERT INTO audit_log (actor_id, action, target_type, target_id, meta)
  VALUES (p_actor_user_id, 'queue.clear.all', 'campaign', p_campaign_id,
          jsonb_build_object('released', v_released));

  RETURN v_released;
END$$;

-- Replace (primary). Default: keep in_progress.
CREATE OR REPLACE FUNCTION queue_replace(
  p_campaign_id uuid,
  p_agent_id uuid,
  p_actor_user_id uuid,
  p_first_name_contains text DEFAULT NULL,
  p_per_account_cap int DEFAULT NULL,
  p_max_queue_size int DEFAULT NULL,
  p_keep_in_progress boolean DEFAULT true
) RETURNS jsonb
LANGUAGE plpgsql AS $$
DECLARE v_released int := 0; v_assigned int := 0; v_skipped int := 0;
BEGIN
  -- 1) Release my queued/locked (optionally also in_progress)
  WITH upd AS (
    UPDATE agent_queue
       SET queue_state = 'released',
           released_at = now(),
           released_by = p_actor_user_id
     WHERE campaign_id = p_campaign_id
       AND agent_id    = p_agent_id
       AND (
         queue_state IN ('queued','locked')
         OR (queue_state = 'in_progress' AND NOT p_keep_in_progress)
       )
     RETURNING 1
  )
  SELECT COUNT(*) INTO v_released FROM upd;

  -- 2) Candidate pool (respect DNC/validity + filters)
  WITH filtered AS (
    SELECT c.id AS contact_id, c.account_id
      FROM campaign_contacts cc
      JOIN contacts c ON c.id = cc.contact_id
     WHERE cc.campaign_id = p_campaign_id
       AND c.is_valid IS TRUE
       AND (c.is_opted_out IS FALSE OR c.is_opted_out IS NULL)
       -- TODO: also exclude global DNC if stored elsewhere
       AND (
         p_first_name_contains IS NULL
         OR c.first_name ILIKE '%' || p_first_name_contains || '%'
       )
  ),
  ranked AS (
    SELECT contact_id, account_id,
           ROW_NUMBER() OVER (PARTITION BY account_id ORDER BY contact_id) AS rn
      FROM filtered
  ),
  capped AS (
    SELECT contact_id
      FROM ranked
     WHERE p_per_account_cap IS NULL OR rn <= p_per_account_cap
  ),
  available AS (
    SELECT cap.contact_id
      FROM capped cap
 LEFT JOIN agent_queue aq
        ON aq.contact_id  = cap.contact_id
       AND aq.campaign_id = p_campaign_id
       AND aq.queue_state IN ('queued','locked','in_progress')
     WHERE aq.contact_id IS NULL
     LIMIT COALESCE(p_max_queue_size, 2147483647)
  ),
  ins AS (
    INSERT INTO agent_queue (campaign_id, agent_id, contact_id, queue_state, queued_at, created_by)
    SELECT p_campaign_id, p_agent_id, a.contact_id, 'queued', now(), p_actor_user_id
      FROM available a
    ON CONFLICT ON CONSTRAINT uq_agent_queue_active DO NOTHING
    RETURNING 1
  )
  SELECT COUNT(*) INTO v_assigned FROM ins;

  -- 3) Skipped due to collision (for reporting)
  WITH candidates AS (
    SELECT c.id AS contact_id
      FROM campaign_contacts cc
      JOIN contacts c ON c.id = cc.contact_id
     WHERE cc.campaign_id = p_campaign_id
       AND c.is_valid IS TRUE
       AND (c.is_opted_out IS FALSE OR c.is_opted_out IS NULL)
       AND (p_first_name_contains IS NULL OR c.first_name ILIKE '%'||p_first_name_contains||'%')
  )
  SELECT COUNT(*)
    INTO v_skipped
    FROM candidates c
    JOIN agent_queue aq
      ON aq.contact_id = c.contact_id
     AND aq.campaign_id = p_campaign_id
     AND aq.queue_state IN ('queued','locked','in_progress');

  -- 4) Audit
  INSERT INTO audit_log (actor_id, action, target_type, target_id, meta)
  VALUES (
    p_actor_user_id, 'queue.replace', 'campaign', p_campaign_id,
    jsonb_build_object(
      'agent_id', p_agent_id,
      'first_name_contains', p_first_name_contains,
      'per_account_cap', p_per_account_cap,
      'max_queue_size', p_max_queue_size,
      'keep_in_progress', p_keep_in_progress,
      'released', v_released,
      'assigned', v_assigned,
      'skipped_due_to_collision', v_skipped
    )
  );

  RETURN jsonb_build_object(
    'released', v_released,
    'assigned', v_assigned,
    'skipped_due_to_collision', v_skipped
  );
END$$;
`
