-- A batch of contacts arrives as one JSON array.

-- fragment: records
jsonb_to_recordset(CAST(:contacts AS jsonb)) AS r (
    id uuid, source_key text, account_id uuid, first_name text, last_name text, company text,
    phone text, phone_key text, phone_status text, email text, email_key text,
    country text, region text, postal_code text, timezone text,
    is_valid boolean, is_opted_out boolean, attributes jsonb,
    priority integer, attempts integer, next_attempt_at timestamptz, finished_at timestamptz, finish_reason text)

-- query: add_contacts
INSERT INTO contacts (id, source_key, account_id, first_name, last_name, company,
                      phone, phone_key, phone_status, email, email_key,
                      country, region, postal_code, timezone,
                      is_valid, is_opted_out, attributes, created_at)
SELECT r.id, r.source_key, r.account_id, r.first_name, r.last_name, r.company,
       r.phone, r.phone_key, r.phone_status, r.email, r.email_key,
       r.country, r.region, r.postal_code, r.timezone,
       r.is_valid, r.is_opted_out, r.attributes, CAST(:now AS timestamptz)
  FROM {{records}}
ON CONFLICT (source_key) WHERE source_key IS NOT NULL DO NOTHING

-- query: honour_opt_outs
UPDATE contacts
   SET is_opted_out = TRUE
 WHERE source_key IN (SELECT r.source_key FROM {{records}} WHERE r.is_opted_out) AND is_opted_out IS NOT TRUE

-- query: add_campaign_contacts
INSERT INTO campaign_contacts (campaign_id, contact_id, priority, attempts, next_attempt_at, finished_at, finish_reason)
SELECT CAST(:campaign_id AS uuid), c.id, r.priority, r.attempts, r.next_attempt_at, r.finished_at, r.finish_reason
  FROM {{records}}
  JOIN contacts c ON c.source_key = r.source_key
ON CONFLICT (campaign_id, contact_id) DO NOTHING
