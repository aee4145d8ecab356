-- The feed of the do-not-call list: a number for each change, how far those have come
-- who follow it, when things were asked for, and which lists were imported.

-- +goose Up

ALTER TABLE suppressions
    ADD COLUMN IF NOT EXISTS received_at timestamptz;
ALTER TABLE suppression_events
    ADD COLUMN IF NOT EXISTS number bigint,
    ADD COLUMN IF NOT EXISTS received_at timestamptz,
    ADD COLUMN IF NOT EXISTS reason text,
    ADD COLUMN IF NOT EXISTS actor_id uuid;

-- The last number that was given out. Whoever adds events takes the row as the last
-- thing in the transaction, so that numbers have no gaps and are committed in their
-- order: who has seen one has seen all before it.
CREATE TABLE IF NOT EXISTS suppression_feed (
    id smallint PRIMARY KEY DEFAULT 1 CHECK (id = 1),
    number bigint NOT NULL
);

-- Events from before have no numbers yet. This holds back whoever adds others.
ALTER TABLE suppression_events DISABLE TRIGGER suppression_events_are_append_only;
UPDATE suppression_events e
   SET number = n.number
  FROM (SELECT id, row_number() OVER (ORDER BY created_at, id) AS number
          FROM suppression_events WHERE value_key IS NOT NULL) n
 WHERE e.id = n.id AND e.number IS NULL
   AND NOT EXISTS (SELECT 1 FROM suppression_feed);
ALTER TABLE suppression_events ENABLE TRIGGER suppression_events_are_append_only;
INSERT INTO suppression_feed (id, number)
SELECT 1, COALESCE(max(number), 0) FROM suppression_events
ON CONFLICT (id) DO NOTHING;

-- How far those have come who follow the feed.
CREATE TABLE IF NOT EXISTS suppression_cursors (
    name text PRIMARY KEY,
    number bigint NOT NULL
);

CREATE TABLE IF NOT EXISTS suppression_imports (
    id uuid PRIMARY KEY,
    list text NOT NULL,
    version text NOT NULL,
    campaign_id uuid NOT NULL,
    published_at timestamptz NOT NULL,
    started_by uuid NOT NULL,
    lines bigint NOT NULL DEFAULT 0,
    bytes bigint NOT NULL DEFAULT 0,
    rejected bigint NOT NULL DEFAULT 0,
    digest text NOT NULL DEFAULT '',
    added bigint NOT NULL DEFAULT 0,
    extended bigint NOT NULL DEFAULT 0,
    unchanged bigint NOT NULL DEFAULT 0,
    started_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    completed_at timestamptz
);
-- A version of a list is imported once.
CREATE UNIQUE INDEX IF NOT EXISTS uq_suppression_imports ON suppression_imports (campaign_id, list, version);
