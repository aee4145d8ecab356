-- Campaigns, and the contacts that are in them.

-- query: campaign_exists
SELECT count(*) FROM (
    SELECT 1 FROM campaign_settings WHERE campaign_id = :campaign_id
     UNION ALL
    SELECT 1 WHERE EXISTS (SELECT 1 FROM campaign_contacts WHERE campaign_id = :campaign_id)) found

-- query: get_campaign
SELECT campaign_id, name, created_at FROM campaign_settings WHERE campaign_id = :campaign_id

-- query: find_campaign
SELECT campaign_id, name, created_at FROM campaign_settings WHERE name = :name

-- query: add_campaign
INSERT INTO campaign_settings (campaign_id, name, created_at)
VALUES (:campaign_id, :name, :now)
ON CONFLICT DO NOTHING

-- query: list_campaigns
SELECT u.campaign_id, COALESCE(s.name, '') AS name, u.contacts
  FROM (SELECT campaign_id, sum(contacts) AS contacts
          FROM (SELECT campaign_id, 0 AS contacts FROM campaign_settings
                 UNION ALL
                SELECT campaign_id, count(*) FROM campaign_contacts GROUP BY campaign_id) counted
         GROUP BY campaign_id) u
  LEFT JOIN campaign_settings s ON s.campaign_id = u.campaign_id
