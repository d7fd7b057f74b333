-- Conversion over the last 28 days as of the end of October.
SELECT rep_id, pitches, interested, wins, ROUND(100.0 * interested / NULLIF(pitches, 0), 1) AS interested_per_100_pitches
FROM agg_rep_window
WHERE "window" = '28d' AND as_of = DATE '2025-10-30'
ORDER BY rep_id, currency
