-- What SQLite does its own way with the do-not-call list: values arrive as JSON.

-- fragment: entries
(SELECT value ->> 'id' AS id, value ->> 'kind' AS kind, value ->> 'value' AS value, value ->> 'value_key' AS value_key,
        value ->> 'campaign_id' AS campaign_id, value ->> 'source' AS source, value ->> 'reason' AS reason,
        value ->> 'expires_at' AS expires_at, value ->> 'received_at' AS received_at,
        value ->> 'action' AS action, value ->> 'number' AS number
   FROM json_each(:entries)) AS r

-- fragment: asked_phones
(SELECT value AS value_key, key + 1 AS place FROM json_each(:phones)) AS r

-- fragment: asked_emails
(SELECT value AS value_key, key + 1 AS place FROM json_each(:emails)) AS r

-- fragment: asked_ids
SELECT value FROM json_each(:ids)
