-- Sums of a node of the organisation by business date: of all reps below it on that date.
-- One rep belongs to a team, its site and the company at once, so nodes of one kind may be added up, others not.
SELECT o.ancestor_id AS node_id, d.business_date, d.currency,
  SUM(d.dials) AS dials, SUM(d.connects) AS connects, SUM(d.live_answers) AS live_answers, SUM(d.contacts) AS contacts,
  SUM(d.rpc) AS rpc, SUM(d.pitches) AS pitches, SUM(d.interested) AS interested, SUM(d.wins) AS wins,
  SUM(d.losses) AS losses, SUM(d.cancels) AS cancels, SUM(d.refunds) AS refunds, SUM(d.customers_new) AS customers_new,
  SUM(d.revenue_minor) AS revenue_minor, SUM(d.wins_booked) AS wins_booked,
  SUM(d.revenue_booked_minor) AS revenue_booked_minor, SUM(d.cancelled_minor) AS cancelled_minor,
  SUM(d.refunded_minor) AS refunded_minor, SUM(d.talk_s) AS talk_s, SUM(d.hold_s) AS hold_s, SUM(d.ring_s) AS ring_s,
  SUM(d.acw_s) AS acw_s, SUM(d.ready_s) AS ready_s, SUM(d.pause_productive_s) AS pause_productive_s,
  SUM(d.pause_unproductive_s) AS pause_unproductive_s, SUM(d.break_s) AS break_s, SUM(d.short_calls) AS short_calls,
  SUM(d.callbacks_due) AS callbacks_due, SUM(d.callbacks_on_time) AS callbacks_on_time,
  SUM(d.leads_assigned) AS leads_assigned
FROM stored.agg_rep_day d
JOIN dim_org o ON o.descendant_id = d.rep_id AND o.descendant_kind = 'rep' AND o.ancestor_kind <> 'rep'
  AND d.business_date >= o.valid_from AND (o.valid_to IS NULL OR d.business_date <= o.valid_to)
GROUP BY o.ancestor_id, d.business_date, d.currency
HAVING
  SUM(d.dials) <> 0 OR SUM(d.connects) <> 0 OR SUM(d.live_answers) <> 0 OR SUM(d.contacts) <> 0 OR SUM(d.rpc) <> 0 OR
  SUM(d.pitches) <> 0 OR SUM(d.interested) <> 0 OR SUM(d.wins) <> 0 OR SUM(d.losses) <> 0 OR SUM(d.cancels) <> 0 OR
  SUM(d.refunds) <> 0 OR SUM(d.customers_new) <> 0 OR SUM(d.revenue_minor) <> 0 OR SUM(d.wins_booked) <> 0 OR
  SUM(d.revenue_booked_minor) <> 0 OR SUM(d.cancelled_minor) <> 0 OR SUM(d.refunded_minor) <> 0 OR SUM(d.talk_s) <> 0 OR
  SUM(d.hold_s) <> 0 OR SUM(d.ring_s) <> 0 OR SUM(d.acw_s) <> 0 OR SUM(d.ready_s) <> 0 OR
  SUM(d.pause_productive_s) <> 0 OR SUM(d.pause_unproductive_s) <> 0 OR SUM(d.break_s) <> 0 OR
  SUM(d.short_calls) <> 0 OR SUM(d.callbacks_due) <> 0 OR SUM(d.callbacks_on_time) <> 0 OR SUM(d.leads_assigned) <> 0
