-- What each rep achieved from $from to $as_of: the sum of every measure, per currency.
SELECT rep_id, currency,
  SUM(dials) AS dials, SUM(connects) AS connects, SUM(live_answers) AS live_answers, SUM(contacts) AS contacts,
  SUM(rpc) AS rpc, SUM(pitches) AS pitches, SUM(interested) AS interested, SUM(wins) AS wins, SUM(losses) AS losses,
  SUM(cancels) AS cancels, SUM(refunds) AS refunds, SUM(customers_new) AS customers_new,
  SUM(revenue_minor) AS revenue_minor, SUM(wins_booked) AS wins_booked,
  SUM(revenue_booked_minor) AS revenue_booked_minor, SUM(cancelled_minor) AS cancelled_minor,
  SUM(refunded_minor) AS refunded_minor, SUM(talk_s) AS talk_s, SUM(hold_s) AS hold_s, SUM(ring_s) AS ring_s,
  SUM(acw_s) AS acw_s, SUM(ready_s) AS ready_s, SUM(pause_productive_s) AS pause_productive_s,
  SUM(pause_unproductive_s) AS pause_unproductive_s, SUM(break_s) AS break_s, SUM(short_calls) AS short_calls,
  SUM(callbacks_due) AS callbacks_due, SUM(callbacks_on_time) AS callbacks_on_time, SUM(leads_assigned) AS leads_assigned
FROM stored.agg_rep_day
WHERE business_date BETWEEN $from AND $as_of
GROUP BY rep_id, currency
ORDER BY rep_id, currency
