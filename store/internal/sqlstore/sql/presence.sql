-- Agents: what they do, and who is reserved for which call.

-- fragment: session_columns
agent_id, campaign_id, state, since, expires_at, call_id

-- query: set_presence
INSERT INTO agent_sessions AS held (agent_id, campaign_id, state, since, expires_at)
VALUES (:agent_id, :campaign_id, :state, :now, :expires_at)
ON CONFLICT (agent_id) DO UPDATE
   SET since = CASE WHEN held.state = excluded.state AND held.campaign_id = excluded.campaign_id
                    THEN held.since ELSE excluded.since END,
       call_id = CASE WHEN held.state = excluded.state AND held.campaign_id = excluded.campaign_id
                      THEN held.call_id END,
       campaign_id = excluded.campaign_id, state = excluded.state, expires_at = excluded.expires_at
 WHERE held.state NOT IN ('reserved', 'on_call')
RETURNING {{session_columns}}

-- query: touch_presence
UPDATE agent_sessions SET expires_at = :expires_at
 WHERE agent_id = :agent_id AND state <> 'offline'
RETURNING {{session_columns}}

-- query: pick_agent
SELECT q.agent_id FROM agent_sessions q
 WHERE q.campaign_id = :campaign_id AND q.state = 'ready' AND q.expires_at > :now
 ORDER BY q.since, q.agent_id
 LIMIT 1
{{claim_lock}}

-- query: reserve_agent
UPDATE agent_sessions SET state = 'reserved', since = :now, call_id = :call_id WHERE agent_id = :agent_id

-- query: move_agent
-- Only while the agent has had no other call and no wish of their own since.
UPDATE agent_sessions SET state = :to, since = :now
 WHERE agent_id = :agent_id AND call_id = :call_id
   AND (',' || CAST(:from AS text) || ',') LIKE '%,' || state || ',%'

-- query: expire_presence
UPDATE agent_sessions SET state = 'offline', since = :now
 WHERE expires_at <= :now AND state IN ('ready', 'wrapup', 'paused')

-- query: free_agents
-- Agents whose call is over although nobody has told them.
UPDATE agent_sessions
   SET state = CASE WHEN state = 'reserved' THEN 'ready' ELSE 'wrapup' END, since = :now
 WHERE state IN ('reserved', 'on_call')
   AND EXISTS (SELECT 1 FROM call_attempts c
                WHERE c.campaign_id = agent_sessions.campaign_id AND c.id = agent_sessions.call_id
                  AND c.settled_at IS NOT NULL)

-- query: list_presence
SELECT {{session_columns}} FROM agent_sessions WHERE campaign_id = :campaign_id ORDER BY agent_id
