-- The indexes of the fields that filters find few contacts by, built without blocking
-- writers. A build that is interrupted leaves an index marked INVALID: drop it and run
-- this version again.

-- +goose NO TRANSACTION
-- +goose Up

CREATE INDEX CONCURRENTLY IF NOT EXISTS ix_contacts_account_id ON contacts (account_id);
CREATE INDEX CONCURRENTLY IF NOT EXISTS ix_contacts_created_at ON contacts (created_at);
