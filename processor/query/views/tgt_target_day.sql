-- The target of each date: the day of the newest approved version that counts on it.
-- What is left of a month after the days before it is laid over the weights of its days: the running sum is rounded,
-- half up, and a day is what the running sum gains. All of it is in whole numbers, and division is by the floor.
-- A rate holds on each day, and each date of the month has an equal part of the planned denominator.
WITH number AS (
  SELECT n FROM (VALUES (0), (1), (2), (3), (4), (5), (6), (7), (8), (9), (10), (11), (12), (13), (14), (15), (16),
    (17), (18), (19), (20), (21), (22), (23), (24), (25), (26), (27), (28), (29), (30)) v(n)),
laid AS (
  SELECT t.*, t.valid_from + v.n AS business_date,
    CAST(NULLIF(SPLIT_PART(t.weights, ' ', v.n + 1), '') AS BIGINT) AS phase_weight
  FROM tgt_target t
  JOIN number v ON t.valid_from + v.n <= t.period_end
  WHERE t.lock IS NULL AND t.approved_at IS NOT NULL),
passed AS (
  SELECT *,
    CAST(value AS DECIMAL(38, 0)) - kept AS rest,
    CAST(SUM(phase_weight) OVER (PARTITION BY node_id, metric, target_id, period_start, version ORDER BY business_date)
      AS DECIMAL(38, 0)) AS until,
    CAST(SUM(phase_weight) OVER (PARTITION BY node_id, metric, target_id, period_start, version)
      AS DECIMAL(38, 0)) AS whole
  FROM laid),
-- Twice the share of what has passed and half a unit, over twice the whole.
share AS (
  SELECT *, 2 * rest * until + whole AS a, 2 * rest * (until - phase_weight) + whole AS a_before,
    NULLIF(2 * whole, 0) AS b
  FROM passed
  WHERE valid_to IS NULL OR business_date < valid_to),
run AS (
  SELECT *, COALESCE(CAST((a - ((a % b) + b) % b) / b AS BIGINT), 0) AS reached,
    COALESCE(CAST((a_before - ((a_before % b) + b) % b) / b AS BIGINT), 0) AS reached_before,
    CAST(DATE_PART('day', business_date) AS BIGINT) AS k, CAST(DATE_PART('day', period_end) AS BIGINT) AS days
  FROM share)
SELECT target_id, version, node_id, node_kind, parent_node_id, metric, unit, currency, business_date,
  period_start AS month_start, year_start, phase_weight,
  CASE WHEN unit = 'ppm' THEN value ELSE reached - reached_before END AS value,
  kept + reached AS expected_cumulative,
  denominator_planned / days + (denominator_planned % days) * k / days - (denominator_planned % days) * (k - 1) / days
    AS denominator_planned
FROM run
