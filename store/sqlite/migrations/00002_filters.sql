-- What filters need: the attributes that imports brought, and the indexes of the
-- fields that are selective.

-- +goose Up

-- The keys that imported contacts have among their attributes, each with the type
-- that all of its values have had so far.
CREATE TABLE IF NOT EXISTS contact_attributes (
    key TEXT PRIMARY KEY,
    type TEXT NOT NULL,
    created_at INTEGER NOT NULL
);

CREATE INDEX IF NOT EXISTS ix_contacts_account_id ON contacts (account_id);
CREATE INDEX IF NOT EXISTS ix_contacts_created_at ON contacts (created_at);
