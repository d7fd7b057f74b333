-- Which lead source earns most per contact?
SELECT lead_source, SUM(contacts) AS contacts, SUM(wins) AS wins, SUM(revenue_minor) AS revenue_minor,
  SUM(revenue_minor) / NULLIF(SUM(contacts), 0) AS revenue_minor_per_contact
FROM agg_rep_day
GROUP BY lead_source
ORDER BY lead_source
