-- The quarter so far and the year so far, best first.
SELECT "window", rep_id, wins, revenue_minor
FROM agg_rep_window
WHERE as_of = DATE '2025-10-30' AND "window" IN ('qtd', 'ytd') AND revenue_minor > 0
ORDER BY "window", revenue_minor DESC, rep_id
LIMIT 10
