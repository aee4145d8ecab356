-- What filters may name, and what it holds.

-- query: list_attributes
SELECT key, type FROM contact_attributes

-- query: add_attribute
INSERT INTO contact_attributes (key, type, created_at)
VALUES (:key, :type, :now)
ON CONFLICT (key) DO NOTHING

-- query: widen_attribute
UPDATE contact_attributes SET type = :type WHERE key = :key AND type = :seen

-- query: count_values
-- One more than is of interest says that there are more.
SELECT counted.value, counted.contacts
  FROM (SELECT held.value, count(*) AS contacts
          FROM (SELECT {{field}} AS value FROM {{audience}} LIMIT :sample) held
         WHERE held.value IS NOT NULL
         GROUP BY held.value) counted
 LIMIT :most + 1

-- query: count_audience
SELECT {{audience_size}}

-- fragment: audience_size
(SELECT count(*) FROM campaign_contacts cc WHERE cc.campaign_id = :campaign_id)

-- fragment: audience_campaign
campaign_contacts cc JOIN contacts c ON c.id = cc.contact_id WHERE cc.campaign_id = :campaign_id

-- fragment: audience_everybody
contacts c
