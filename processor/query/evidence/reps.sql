-- The reps who are there on $on: team, site, role, tenure.
SELECT rep_id, display_name, team_id, site_id, manager_id, role, hired_on, left_on
FROM dim_rep
WHERE valid_from <= $on AND (valid_to IS NULL OR valid_to >= $on)
ORDER BY rep_id
