-- Who won how many deals, and what are they worth?
SELECT rep_id, SUM(wins) AS wins, SUM(losses) AS losses, SUM(revenue_minor) AS revenue_minor, currency
FROM agg_rep_day
GROUP BY rep_id, currency
ORDER BY revenue_minor DESC, rep_id
