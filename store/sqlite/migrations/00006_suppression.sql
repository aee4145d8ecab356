-- The feed of the do-not-call list: a number for each change, how far those have come
-- who follow it, and which lists were imported.
--
-- Ids are UUIDs as text, times are integers: microseconds since 1970 in UTC. The columns
-- that suppressions and suppression_events lack are added before this runs (see
-- columns.sql).

-- +goose Up

-- The last number that was given out. Numbers have no gaps and are committed in their
-- order: who has seen one has seen all before it.
CREATE TABLE IF NOT EXISTS suppression_feed (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    number INTEGER NOT NULL
);

-- Events from before have no numbers yet.
DROP TRIGGER IF EXISTS suppression_events_are_append_only_update;
UPDATE suppression_events
   SET number = n.number
  FROM (SELECT id, row_number() OVER (ORDER BY created_at, id) AS number
          FROM suppression_events WHERE value_key IS NOT NULL) n
 WHERE suppression_events.id = n.id AND suppression_events.number IS NULL
   AND NOT EXISTS (SELECT 1 FROM suppression_feed);
-- +goose StatementBegin
CREATE TRIGGER suppression_events_are_append_only_update
BEFORE UPDATE ON suppression_events
BEGIN
    SELECT RAISE(ABORT, 'suppression_events_are_append_only: update is not allowed on suppression_events');
END;
-- +goose StatementEnd
INSERT INTO suppression_feed (id, number)
SELECT 1, COALESCE(max(number), 0) FROM suppression_events WHERE TRUE
ON CONFLICT (id) DO NOTHING;

CREATE UNIQUE INDEX IF NOT EXISTS uq_suppression_events_number
    ON suppression_events (number) WHERE number IS NOT NULL;

-- How far those have come who follow the feed.
CREATE TABLE IF NOT EXISTS suppression_cursors (
    name TEXT PRIMARY KEY,
    number INTEGER NOT NULL
);

CREATE TABLE IF NOT EXISTS suppression_imports (
    id TEXT PRIMARY KEY,
    list TEXT NOT NULL,
    version TEXT NOT NULL,
    campaign_id TEXT NOT NULL,
    published_at INTEGER NOT NULL,
    started_by TEXT NOT NULL,
    lines INTEGER NOT NULL DEFAULT 0,
    bytes INTEGER NOT NULL DEFAULT 0,
    rejected INTEGER NOT NULL DEFAULT 0,
    digest TEXT NOT NULL DEFAULT '',
    added INTEGER NOT NULL DEFAULT 0,
    extended INTEGER NOT NULL DEFAULT 0,
    unchanged INTEGER NOT NULL DEFAULT 0,
    started_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    completed_at INTEGER
);
-- A version of a list is imported once.
CREATE UNIQUE INDEX IF NOT EXISTS uq_suppression_imports ON suppression_imports (campaign_id, list, version);

-- A campaign's own entries are few among those that hold in every campaign.
CREATE INDEX IF NOT EXISTS ix_suppressions_campaign
    ON suppressions (campaign_id, id) WHERE campaign_id <> '00000000-0000-0000-0000-000000000000';
