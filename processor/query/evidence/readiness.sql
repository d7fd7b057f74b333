-- Whether the numbers from $from to $as_of are complete: dates that no shard has closed, missing events, deals whose
-- credits do not sum to their amount.
WITH open_day AS (
  SELECT COUNT(*) AS days
  FROM dim_calendar
  WHERE business_date BETWEEN $from AND $as_of
    AND ends_at > COALESCE((SELECT MIN(watermark) FROM ops_freshness WHERE "table" = 'agg_rep_day'), TIMESTAMP '1970-01-01T00:00:00Z')),
book AS (
  SELECT COALESCE(SUM(applied), 0) AS applied, COALESCE(SUM(dead_letters), 0) AS dead
  FROM ops_ingest_day
  WHERE business_date BETWEEN $from AND $as_of),
unreadable AS (
  SELECT COUNT(*) AS letters
  FROM ops_dead_letter
  WHERE resolution = 'open' AND CAST(received_at AS DATE) BETWEEN $from AND $as_of),
deal AS (
  SELECT source, deal_id
  FROM fct_deal
  WHERE state = 'won' AND won_date BETWEEN $from AND $as_of AND COALESCE(credit_role, 'owner') <> 'overlay'
  GROUP BY source, deal_id
  HAVING SUM(credit_bp) = 10000 AND SUM(credit_minor) <> MAX(amount_minor))
SELECT open_day.days AS open_days,
  CAST((book.dead + unreadable.letters) * 1000000 / GREATEST(book.applied + book.dead + unreadable.letters, 1) AS BIGINT) AS missing_ppm,
  (SELECT COUNT(*) FROM deal) AS unreconciled_deals
FROM open_day CROSS JOIN book CROSS JOIN unreadable
