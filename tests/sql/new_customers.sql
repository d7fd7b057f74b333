-- New and returning customers by week of the win.
SELECT c.week_start, d.customer_kind, COUNT(*) AS wins
FROM fct_deal d
JOIN dim_calendar c ON c.site_id = d.site_id AND c.business_date = d.won_date
WHERE d.state = 'won'
GROUP BY 1, 2
ORDER BY 1, 2
