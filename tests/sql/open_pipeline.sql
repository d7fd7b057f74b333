-- Which deals are open, and since when?
SELECT rep_id, COUNT(*) AS deals, MIN(opened_date) AS oldest, MAX(opened_date) AS newest
FROM fct_deal
WHERE state = 'open'
GROUP BY rep_id
ORDER BY rep_id
