-- Who works where?
SELECT team_id, rep_id, display_name, hired_on
FROM dim_rep
ORDER BY team_id, rep_id
