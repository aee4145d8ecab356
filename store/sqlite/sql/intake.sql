-- A batch of contacts arrives as one JSON array.

-- query: add_contacts
INSERT INTO contacts (id, source_key, account_id, first_name, last_name, company,
                      phone, phone_key, phone_status, email, email_key,
                      country, region, postal_code, timezone,
                      is_valid, is_opted_out, attributes, created_at)
SELECT r.value ->> 'id', r.value ->> 'source_key', r.value ->> 'account_id', r.value ->> 'first_name',
       r.value ->> 'last_name', r.value ->> 'company',
       r.value ->> 'phone', r.value ->> 'phone_key', r.value ->> 'phone_status', r.value ->> 'email',
       r.value ->> 'email_key', r.value ->> 'country', r.value ->> 'region', r.value ->> 'postal_code',
       r.value ->> 'timezone', r.value ->> 'is_valid', r.value ->> 'is_opted_out',
       NULLIF(r.value -> 'attributes', 'null'), :now
  FROM json_each(:contacts) r
 WHERE TRUE
ON CONFLICT (source_key) WHERE source_key IS NOT NULL DO NOTHING

-- query: honour_opt_outs
UPDATE contacts
   SET is_opted_out = TRUE
 WHERE source_key IN (SELECT r.value ->> 'source_key' FROM json_each(:contacts) r WHERE r.value ->> 'is_opted_out')
   AND is_opted_out IS NOT TRUE

-- query: add_campaign_contacts
INSERT INTO campaign_contacts (campaign_id, contact_id, priority, attempts, next_attempt_at, finished_at, finish_reason)
SELECT :campaign_id, c.id, r.value ->> 'priority', r.value ->> 'attempts', r.value ->> 'next_attempt_at',
       r.value ->> 'finished_at', r.value ->> 'finish_reason'
  FROM json_each(:contacts) r
  JOIN contacts c ON c.source_key = r.value ->> 'source_key'
 WHERE TRUE
ON CONFLICT (campaign_id, contact_id) DO NOTHING
