-- The indexes of the do-not-call list's feed, built without blocking writers. A build
-- that is interrupted leaves an index marked INVALID: drop it and run this version
-- again.

-- +goose NO TRANSACTION
-- +goose Up

CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS uq_suppression_events_number
    ON suppression_events (number) WHERE number IS NOT NULL;

-- A campaign's own entries are few among those that hold in every campaign.
CREATE INDEX CONCURRENTLY IF NOT EXISTS ix_suppressions_campaign
    ON suppressions (campaign_id, id) WHERE campaign_id <> '00000000-0000-0000-0000-000000000000';
