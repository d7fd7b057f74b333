-- What do the offices bring in?
SELECT d.node_id AS office, SUM(d.dials) AS dials, SUM(d.wins) AS wins, SUM(d.revenue_minor) AS revenue_minor
FROM agg_team_day d
WHERE d.node_id IN (SELECT DISTINCT ancestor_id FROM dim_org WHERE ancestor_kind = 'site')
GROUP BY d.node_id
ORDER BY d.node_id
