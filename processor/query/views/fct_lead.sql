-- One lead with its current owner: the rep of the newest assignment or transfer.
-- Of the versions of the assignment the highest revision counts; a transfer counts for the rep who gets the lead, and follows
-- an assignment of the same instant.
WITH version AS (
  SELECT *, ROW_NUMBER() OVER (PARTITION BY source, lead_id
    ORDER BY revision DESC, retracted, "offset" DESC) AS rank
  FROM stored.fct_lead_event
  WHERE type <> 'lead.transferred'),
holding AS (
  SELECT * FROM version WHERE rank = 1 AND NOT retracted
  UNION ALL
  SELECT *, 1 AS rank FROM stored.fct_lead_event WHERE type = 'lead.transferred' AND side = 'in' AND NOT retracted),
newest AS (
  SELECT *, ROW_NUMBER() OVER (PARTITION BY source, lead_id
    ORDER BY occurred_at DESC, type = 'lead.transferred' DESC, revision DESC, "offset" DESC) AS newest
  FROM holding),
touch AS (
  SELECT lead_id, MIN(started_at) AS first_touch_at
  FROM fct_call
  WHERE direction IN ('outbound', 'callback') AND lead_id IS NOT NULL
  GROUP BY lead_id)
SELECT
  n.shard, n."offset", n.source, n.event_id, n.occurred_at, n.appended_at, n.late, n.revision, n.rep_id, n.site_id,
  n.business_date, n.hour_start, n.local_hour, n.currency, n.campaign_id, n.lead_source, n.product_id, n.lead_id,
  n.customer_key, n.list_id, n.phone_masked, n.phone_country, n.priority, n.first_touch_due_at, n.origin,
  n.correlationid, n.causationid, n.flags, n.native, n.attributes,
  n.occurred_at AS assigned_at, t.first_touch_at
FROM newest n
LEFT JOIN touch t ON t.lead_id = n.lead_id
WHERE n.newest = 1
