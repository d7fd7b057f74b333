-- The newest published set, per table and shard. How far the live rows lag is known to a live endpoint only.
WITH ranked AS (
  SELECT *, ROW_NUMBER() OVER (PARTITION BY "table", shard ORDER BY published_at DESC, version DESC, seq DESC) AS rank
  FROM ops_publish_log)
SELECT "table", shard, version, seq, next_offset, watermark, published_at, CAST(NULL AS BOOLEAN) AS stale
FROM ranked
WHERE rank = 1
