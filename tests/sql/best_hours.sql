-- At which hour does somebody pick up?
SELECT local_hour, SUM(dials) AS dials, SUM(live_answers) AS live_answers
FROM agg_rep_hour
GROUP BY local_hour
ORDER BY local_hour
