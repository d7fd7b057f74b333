-- How do calls end?
SELECT disposition, step, COUNT(*) AS legs, SUM(talk_s) AS talk_s
FROM fct_call
GROUP BY disposition, step
ORDER BY legs DESC, disposition
