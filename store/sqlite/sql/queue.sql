-- What SQLite does its own way: there is one writer, so that no row is ever locked
-- by somebody else, and a bulk change keeps its plan in a temporary table instead
-- of in one long statement.

-- fragment: claim_lock

-- fragment: any_campaign
:campaign_id

-- fragment: any_agent
:agent_id

-- fragment: any_now
:now

-- query: touch_campaign
-- Takes the writer's place before anything is read.
UPDATE campaign_settings SET campaign_id = campaign_id WHERE campaign_id = :campaign_id

-- query: adopt_campaign
INSERT INTO campaign_settings (campaign_id, name, created_at)
SELECT :campaign_id, '', :now
 WHERE EXISTS (SELECT 1 FROM campaign_contacts WHERE campaign_id = :campaign_id)
ON CONFLICT (campaign_id) DO NOTHING

-- fragment: listed
-- The plus sign keeps the planner from the index on the campaign: it would read and
-- sort all of the campaign for every page, while the ids are in order already.
+q.campaign_id = :campaign_id

-- query: claim_item
UPDATE agent_queue
   SET queue_state = 'locked', agent_id = :agent_id, locked_at = :now,
       lock_expires_at = :lock_expires_at, lock_version = lock_version + 1
 WHERE id = (WITH RECURSIVE {{levels}}
               SELECT {{next_item}}
                WHERE NOT EXISTS (SELECT 1 FROM agent_queue q WHERE {{held}}))
RETURNING id, lock_version, pooled

-- query: create_plan
CREATE TEMP TABLE IF NOT EXISTS outdial_plan (
    contact_id TEXT NOT NULL,
    account_id TEXT,
    priority INTEGER NOT NULL,
    row_id TEXT,
    own BOOLEAN NOT NULL,
    settled BOOLEAN NOT NULL,
    restart BOOLEAN NOT NULL,
    reason TEXT
)

-- query: clear_plan
DELETE FROM temp.outdial_plan

-- fragment: judged
-- The contacts that were asked for, each with the first reason why it must not be
-- queued, and the active row it has in either queue, if any. A row of the power queue
-- belongs to no agent and no pool, so that it is a collision for everybody.
SELECT cc.contact_id, COALESCE(cc.priority, 0) AS priority, c.account_id,
       CASE
           WHEN c.is_valid IS NOT TRUE THEN 'invalid'
           WHEN c.phone_key IS NULL OR c.phone_status = 'invalid' THEN 'no_phone'
           WHEN c.is_opted_out IS TRUE THEN 'opted_out'
           WHEN {{suppressed}} THEN 'suppressed'
           WHEN cc.finished_at IS NOT NULL THEN 'finished'
           WHEN :judge_cooling AND cc.next_attempt_at > :now THEN 'cooling_down'
       END AS reason,
       COALESCE(q.id, p.id) AS row_id, q.agent_id AS row_agent_id,
       COALESCE(q.queue_state, p.status) AS row_state,
       CASE WHEN q.id IS NULL AND p.id IS NOT NULL THEN FALSE ELSE q.pooled END AS row_pooled,
       q.lock_expires_at AS row_lock_expires_at
  FROM campaign_contacts cc
  JOIN contacts c ON c.id = cc.contact_id
  LEFT JOIN agent_queue q
    ON q.campaign_id = :campaign_id
   AND q.contact_id = cc.contact_id
   AND q.queue_state IN ('queued', 'locked', 'in_progress')
  LEFT JOIN campaign_queue p
    ON p.campaign_id = :campaign_id
   AND p.contact_id = cc.contact_id
   AND p.status NOT IN ('completed', 'failed')
 WHERE cc.campaign_id = :campaign_id AND ({{filter}})

-- fragment: matched_by_id
c.id IN (SELECT value FROM json_each(:contact_ids))

-- query: plan_replace
INSERT INTO temp.outdial_plan (contact_id, account_id, priority, row_id, own, settled, restart, reason)
SELECT j.contact_id, j.account_id, j.priority, j.row_id,
       j.row_agent_id IS :agent_id AND j.row_state IN ('queued', 'locked'),
       COALESCE(j.row_state = 'queued' AND NOT j.row_pooled, FALSE),
       COALESCE(j.row_state = 'in_progress' AND j.row_agent_id = :agent_id AND :release_in_progress, FALSE),
       CASE
           WHEN j.row_state = 'in_progress' AND j.row_agent_id = :agent_id AND NOT :release_in_progress
               THEN 'kept'
           WHEN j.reason IS NOT NULL
               THEN j.reason
           WHEN j.row_id IS NOT NULL
            AND j.row_agent_id IS NOT :agent_id
            AND NOT (j.row_pooled AND (j.row_state = 'queued'
                                       OR j.row_state = 'locked' AND j.row_lock_expires_at <= :now))
               THEN 'collision'
       END
  FROM ({{judged}}) j

-- query: plan_account_cap
UPDATE temp.outdial_plan
   SET reason = 'account_cap'
 WHERE rowid IN (
    SELECT id
      FROM (SELECT p.rowid AS id,
                   row_number() OVER (PARTITION BY p.account_id ORDER BY p.priority DESC, p.contact_id)
                   + COALESCE(k.kept, 0) AS account_rank
              FROM temp.outdial_plan p
              LEFT JOIN (SELECT c.account_id, count(*) AS kept
                           FROM agent_queue q
                           JOIN contacts c ON c.id = q.contact_id
                          WHERE {{kept}}
                          GROUP BY c.account_id) k ON k.account_id = p.account_id
             WHERE p.reason IS NULL AND p.account_id IS NOT NULL)
     WHERE account_rank > :per_account_cap)

-- query: plan_queue_size
UPDATE temp.outdial_plan
   SET reason = 'queue_full'
 WHERE reason IS NULL
   AND rowid NOT IN (SELECT p.rowid
                       FROM temp.outdial_plan p
                      WHERE p.reason IS NULL
                      ORDER BY p.priority DESC, p.contact_id
                      LIMIT max(0, :max_queue_size - (SELECT count(*) FROM agent_queue q WHERE {{kept}})))

-- fragment: kept
q.campaign_id = :campaign_id AND q.agent_id = :agent_id
AND q.queue_state = 'in_progress' AND NOT :release_in_progress

-- fragment: leaving
q.campaign_id = :campaign_id AND q.agent_id = :agent_id
AND (q.queue_state IN ('queued', 'locked') OR q.queue_state = 'in_progress' AND :release_in_progress)

-- query: plan_counts
SELECT COALESCE(reason, 'new') AS reason, count(*) AS contacts, sum(own) AS own
  FROM temp.outdial_plan
 GROUP BY reason

-- query: count_own
SELECT (SELECT count(*) FROM agent_queue q WHERE {{leaving}}) AS had,
       (SELECT count(*) FROM agent_queue q WHERE {{kept}}) AS kept

-- query: release_leaving
UPDATE agent_queue AS q
   SET queue_state = CASE WHEN q.pooled AND q.queue_state = 'locked' THEN 'queued' ELSE 'released' END,
       agent_id = CASE WHEN q.pooled AND q.queue_state = 'locked' THEN NULL ELSE q.agent_id END,
       released_at = CASE WHEN q.pooled AND q.queue_state = 'locked' THEN NULL ELSE :now END,
       released_by = CASE WHEN q.pooled AND q.queue_state = 'locked' THEN NULL ELSE :actor_id END,
       locked_at = NULL, lock_expires_at = NULL, lock_version = q.lock_version + 1
 WHERE {{leaving}}
   AND q.id NOT IN (SELECT p.row_id FROM temp.outdial_plan p WHERE p.own AND p.reason IS NULL)

-- query: take_planned
-- Rows that stay the agent's but were locked or the pool's, and rows the pool gives.
UPDATE agent_queue
   SET queue_state = 'queued', agent_id = :agent_id, pooled = FALSE,
       locked_at = NULL, lock_expires_at = NULL, lock_version = lock_version + 1
 WHERE id IN (SELECT p.row_id FROM temp.outdial_plan p
               WHERE p.reason IS NULL AND p.row_id IS NOT NULL AND NOT p.restart
                 AND NOT (p.own AND p.settled))

-- fragment: row_id
:row_id_head || substr(counter, 1, 3) || '-' || substr(counter, 4) || :row_id_tail

-- query: add_planned
INSERT INTO agent_queue (id, campaign_id, agent_id, contact_id, queue_state, priority,
                         queued_at, created_by, enqueued_by, enqueued_reason)
SELECT {{row_id}}, :campaign_id, :agent_id, contact_id, 'queued', priority,
       :now, :actor_id, :actor_id, 'campaign_audience'
  FROM (SELECT p.contact_id, p.priority,
               printf('%08d', row_number() OVER (ORDER BY p.priority DESC, p.contact_id)) AS counter
          FROM temp.outdial_plan p
         WHERE p.reason IS NULL AND (p.row_id IS NULL OR p.restart)
         ORDER BY p.priority DESC, p.contact_id)

-- query: plan_enqueue
INSERT INTO temp.outdial_plan (contact_id, priority, own, settled, restart, reason)
SELECT j.contact_id, COALESCE(:priority, j.priority), FALSE, FALSE, FALSE,
       CASE WHEN j.reason IS NULL AND j.row_id IS NOT NULL THEN 'collision' ELSE j.reason END
  FROM ({{judged}}) j

-- query: add_enqueued
INSERT INTO agent_queue (id, campaign_id, agent_id, contact_id, queue_state, priority, scheduled_for,
                         queued_at, created_by, enqueued_by, enqueued_reason, pooled, launch_id, callback_at)
SELECT {{row_id}}, :campaign_id, :agent_id, contact_id, 'queued', priority, :scheduled_for,
       :now, :actor_id, :enqueued_by, :enqueued_reason, :agent_id IS NULL, :launch_id,
       CASE WHEN :enqueued_reason = 'callback' THEN COALESCE(:scheduled_for, :now) END
  FROM (SELECT p.contact_id, p.priority,
               printf('%08d', row_number() OVER (ORDER BY p.priority DESC, p.contact_id)) AS counter
          FROM temp.outdial_plan p
         WHERE p.reason IS NULL
         ORDER BY p.priority DESC, p.contact_id)

-- query: clear_agent
UPDATE agent_queue
   SET queue_state = CASE WHEN pooled THEN 'queued' ELSE 'released' END,
       agent_id = CASE WHEN pooled THEN NULL ELSE agent_id END,
       released_at = CASE WHEN pooled THEN NULL ELSE :now END,
       released_by = CASE WHEN pooled THEN NULL ELSE :actor_id END,
       locked_at = NULL, lock_expires_at = NULL, lock_version = lock_version + 1
 WHERE campaign_id = :campaign_id AND agent_id = :agent_id AND queue_state IN ('queued', 'locked')

-- query: clear_everybody
UPDATE agent_queue
   SET queue_state = 'released', released_at = :now, released_by = :actor_id,
       locked_at = NULL, lock_expires_at = NULL, lock_version = lock_version + 1
 WHERE campaign_id = :campaign_id AND queue_state IN ('queued', 'locked')
