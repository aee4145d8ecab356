-- What Postgres does its own way with the do-not-call list: values arrive as JSON.

-- fragment: entries
jsonb_to_recordset(CAST(:entries AS jsonb)) AS r (
    id uuid, kind text, value text, value_key text, campaign_id uuid, source text, reason text,
    expires_at timestamptz, received_at timestamptz, action text, number bigint)

-- fragment: actor
CAST(:actor_id AS uuid)

-- fragment: moment
CAST(:now AS timestamptz)

-- fragment: asked_phones
jsonb_array_elements_text(CAST(:phones AS jsonb)) WITH ORDINALITY AS r (value_key, place)

-- fragment: asked_emails
jsonb_array_elements_text(CAST(:emails AS jsonb)) WITH ORDINALITY AS r (value_key, place)

-- fragment: asked_ids
SELECT CAST(r.id AS uuid) FROM jsonb_array_elements_text(CAST(:ids AS jsonb)) AS r (id)
