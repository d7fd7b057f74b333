-- How did the teams do, month by month?
SELECT team_id, date_trunc('month', business_date) AS month, SUM(dials) AS dials, SUM(wins) AS wins,
  SUM(revenue_minor) AS revenue_minor
FROM agg_rep_day
GROUP BY 1, 2
ORDER BY 1, 2
