-- How many call-backs were promised, and how many were kept in time?
SELECT rep_id, SUM(callbacks_due) AS callbacks_due, SUM(callbacks_on_time) AS callbacks_on_time
FROM agg_rep_day
GROUP BY rep_id
ORDER BY rep_id
