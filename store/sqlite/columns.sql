-- The columns that a host's own tables may lack, one statement each. SQLite has no
-- ADD COLUMN IF NOT EXISTS: Migrate looks first.
ALTER TABLE contacts ADD COLUMN account_id TEXT;
ALTER TABLE contacts ADD COLUMN first_name TEXT;
ALTER TABLE contacts ADD COLUMN last_name TEXT;
ALTER TABLE contacts ADD COLUMN company TEXT;
ALTER TABLE contacts ADD COLUMN phone TEXT;
ALTER TABLE contacts ADD COLUMN phone_key TEXT;
ALTER TABLE contacts ADD COLUMN phone_status TEXT NOT NULL DEFAULT 'unknown';
ALTER TABLE contacts ADD COLUMN email TEXT;
ALTER TABLE contacts ADD COLUMN email_key TEXT;
ALTER TABLE contacts ADD COLUMN country TEXT;
ALTER TABLE contacts ADD COLUMN region TEXT;
ALTER TABLE contacts ADD COLUMN postal_code TEXT;
ALTER TABLE contacts ADD COLUMN timezone TEXT;
ALTER TABLE contacts ADD COLUMN is_valid BOOLEAN DEFAULT TRUE;
ALTER TABLE contacts ADD COLUMN is_opted_out BOOLEAN DEFAULT FALSE;
ALTER TABLE contacts ADD COLUMN attributes TEXT;
ALTER TABLE contacts ADD COLUMN source_key TEXT;
ALTER TABLE contacts ADD COLUMN created_at INTEGER;
ALTER TABLE campaign_contacts ADD COLUMN priority INTEGER NOT NULL DEFAULT 0;
ALTER TABLE campaign_contacts ADD COLUMN attempts INTEGER NOT NULL DEFAULT 0;
ALTER TABLE campaign_contacts ADD COLUMN last_attempt_at INTEGER;
ALTER TABLE campaign_contacts ADD COLUMN next_attempt_at INTEGER;
ALTER TABLE campaign_contacts ADD COLUMN finished_at INTEGER;
ALTER TABLE campaign_contacts ADD COLUMN finish_reason TEXT;
