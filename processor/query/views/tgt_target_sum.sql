-- The target of a node and period: the days of the reps and reserves below it, each as long as it was below it.
-- Months and longer periods are those of the plan year. A week is by the site of the rep on the date, of a reserve by a
-- site of the reps beside it, else from Monday, and is cut at month ends.
-- Of a rate the mean over the planned denominators, rounded half to even, for months and longer periods.
WITH beside AS (
  SELECT b.descendant_id AS node_id, MIN(r.site_id) AS site_id
  FROM dim_org b
  JOIN dim_org o ON o.ancestor_id = b.ancestor_id AND o.descendant_kind = 'rep'
  JOIN dim_rep r ON r.rep_id = o.descendant_id
  WHERE b.descendant_kind = 'reserve' AND b.depth = 1
  GROUP BY b.descendant_id),
dated AS (
  SELECT d.*, COALESCE(c.week_start, d.business_date - (CAST(d.business_date AS INT) - 4) % 7) AS week_start
  FROM tgt_target_day d
  LEFT JOIN dim_rep r ON r.rep_id = d.node_id
    AND d.business_date >= r.valid_from AND (r.valid_to IS NULL OR d.business_date <= r.valid_to)
  LEFT JOIN beside b ON b.node_id = d.node_id
  LEFT JOIN dim_calendar c ON c.site_id = COALESCE(r.site_id, b.site_id) AND c.business_date = d.business_date),
-- Each day once for the rep or reserve itself and once for every node above it.
placed AS (
  SELECT COALESCE(o.ancestor_id, d.node_id) AS node_id, COALESCE(o.ancestor_kind, d.node_kind) AS node_kind, d.metric,
    d.unit, d.currency, d.business_date, d.month_start, d.year_start, d.week_start, d.value, d.denominator_planned
  FROM (VALUES (FALSE), (TRUE)) p(above)
  CROSS JOIN dated d
  LEFT JOIN dim_org o ON p.above AND o.descendant_id = d.node_id AND o.descendant_kind IN ('rep', 'reserve')
    AND d.business_date >= o.valid_from AND (o.valid_to IS NULL OR d.business_date <= o.valid_to)
  WHERE NOT p.above OR o.ancestor_id IS NOT NULL),
-- Months since the year 0, and those since the plan year began.
summed AS (
  SELECT node_id, node_kind, metric, unit, currency, business_date, month_start, week_start,
    CAST(DATE_PART('year', month_start) * 12 + DATE_PART('month', month_start) - 1 AS BIGINT) AS month,
    CAST(DATE_PART('year', month_start) * 12 + DATE_PART('month', month_start)
      - DATE_PART('year', year_start) * 12 - DATE_PART('month', year_start) AS BIGINT) AS into,
    SUM(value) AS value, SUM(denominator_planned) AS denominator_planned,
    SUM(CAST(value AS DECIMAL(38, 0)) * denominator_planned) AS weighted
  FROM placed
  GROUP BY 1, 2, 3, 4, 5, 6, 7, 8, 9, 10),
spread AS (
  SELECT s.*, p.period_kind, s.month - s.into % p.months AS begins, p.months
  FROM (VALUES ('day', 1), ('week', 1), ('month', 1), ('quarter', 3), ('half', 6), ('year', 12)) p(period_kind, months)
  JOIN summed s ON s.unit <> 'ppm' OR p.period_kind NOT IN ('day', 'week')),
bounded AS (
  SELECT *,
    CASE period_kind
      WHEN 'day' THEN business_date
      WHEN 'week' THEN GREATEST(week_start, month_start)
      ELSE MAKE_DATE(begins / 12, begins % 12 + 1, 1)
    END AS period_start,
    CASE period_kind
      WHEN 'day' THEN business_date
      WHEN 'week' THEN LEAST(week_start + 6, MAKE_DATE((begins + 1) / 12, (begins + 1) % 12 + 1, 1) - 1)
      ELSE MAKE_DATE((begins + months) / 12, (begins + months) % 12 + 1, 1) - 1
    END AS period_end
  FROM spread),
total AS (
  SELECT node_id, node_kind, metric, unit, currency, period_kind, period_start, period_end, SUM(value) AS value,
    SUM(denominator_planned) AS denominator_planned, SUM(weighted) AS weighted,
    CAST(NULLIF(SUM(denominator_planned), 0) AS DECIMAL(38, 0)) AS parts
  FROM bounded
  GROUP BY 1, 2, 3, 4, 5, 6, 7, 8),
divided AS (
  SELECT *, (weighted - weighted % parts) / parts AS quotient, weighted % parts AS remainder
  FROM total)
SELECT node_id, node_kind, metric, unit, currency, period_kind, period_start, period_end,
  CASE
    WHEN unit <> 'ppm' THEN value
    WHEN 2 * remainder > parts OR 2 * remainder = parts AND CAST(quotient AS BIGINT) % 2 = 1
      THEN CAST(quotient AS BIGINT) + 1
    ELSE CAST(quotient AS BIGINT)
  END AS value,
  denominator_planned
FROM divided
