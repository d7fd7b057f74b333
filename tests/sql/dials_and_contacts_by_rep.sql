-- How much did each rep dial in September, and how often did somebody speak with a customer?
SELECT rep_id, SUM(dials) AS dials, SUM(contacts) AS contacts,
  ROUND(100.0 * SUM(contacts) / NULLIF(SUM(dials), 0), 1) AS contacts_per_100_dials
FROM agg_rep_day
WHERE business_date BETWEEN DATE '2025-09-01' AND DATE '2025-09-30'
GROUP BY rep_id
ORDER BY rep_id
