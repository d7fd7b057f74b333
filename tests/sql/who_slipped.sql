-- Whose pitches found less interest in October than in September?
WITH halves AS (
  SELECT rep_id,
    SUM(CASE WHEN business_date < DATE '2025-10-01' THEN pitches ELSE 0 END) AS pitches_before,
    SUM(CASE WHEN business_date < DATE '2025-10-01' THEN interested ELSE 0 END) AS interested_before,
    SUM(CASE WHEN business_date >= DATE '2025-10-01' THEN pitches ELSE 0 END) AS pitches_after,
    SUM(CASE WHEN business_date >= DATE '2025-10-01' THEN interested ELSE 0 END) AS interested_after
  FROM agg_rep_day
  GROUP BY rep_id)
SELECT rep_id, interested_before, pitches_before, interested_after, pitches_after
FROM halves
WHERE interested_after * pitches_before < interested_before * pitches_after
ORDER BY rep_id
