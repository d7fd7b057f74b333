-- How long does a connected call keep a rep busy?
SELECT rep_id, SUM(connects) AS connects, SUM(talk_s) AS talk_s, SUM(hold_s) AS hold_s, SUM(acw_s) AS acw_s,
  SUM(talk_s + hold_s + acw_s) / NULLIF(SUM(connects), 0) AS aht_s
FROM agg_rep_day
GROUP BY rep_id
ORDER BY rep_id
