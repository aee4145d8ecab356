-- What carriers reported.

-- query: add_event
INSERT INTO telephony_events (id, call_sid, event_type, event_seq, payload, created_at, campaign_id, item_id,
                              claim_version, call_id, source, reported_at, occurred_at, amd, cause)
VALUES (:id, :call_sid, :event_type, :event_seq, :payload, :now, :campaign_id, :item_id,
        :claim_version, :call_id, :source, :reported_at, :occurred_at, :amd, :cause)
ON CONFLICT (call_sid, event_type, event_seq) DO NOTHING

-- query: adopt_event
-- The event has found its call.
UPDATE telephony_events
   SET call_id = :call_id, campaign_id = :campaign_id, item_id = :item_id, claim_version = :claim_version
 WHERE id = :id

-- fragment: event_columns
e.id, e.call_sid, e.event_type, COALESCE(e.event_seq, 0) AS event_seq, e.payload, e.created_at,
e.campaign_id, e.item_id, COALESCE(e.claim_version, 0) AS claim_version, e.call_id,
COALESCE(e.source, '') AS source, e.reported_at, COALESCE(e.occurred_at, e.created_at) AS occurred_at,
COALESCE(e.amd, '') AS amd, COALESCE(e.cause, '') AS cause

-- query: list_orphans_of_call
SELECT {{event_columns}} FROM telephony_events e
 WHERE e.call_sid = :call_sid AND e.call_id IS NULL
 ORDER BY e.id

-- query: list_matched_orphans
-- Orphans whose call is there by now.
SELECT {{event_columns}} FROM telephony_events e
 WHERE e.call_id IS NULL
   AND EXISTS (SELECT 1 FROM call_attempts a WHERE a.call_sid = e.call_sid)
 ORDER BY e.id
 LIMIT :limit

-- query: list_events
-- The conditions are put together from the fragments below, so that each choice has a
-- plan of its own.
SELECT {{event_columns}} FROM telephony_events e
 WHERE e.id > :after {{chosen}}
 ORDER BY e.id
 LIMIT :limit

-- fragment: events_of_campaign
AND e.campaign_id = :campaign_id

-- fragment: events_of_item
AND e.item_id = :item_id

-- fragment: events_of_call
AND e.call_sid = :call_sid

-- fragment: events_since
AND e.created_at >= :since

-- fragment: events_until
AND e.created_at < :until

-- fragment: events_orphaned
AND e.call_id IS NULL
