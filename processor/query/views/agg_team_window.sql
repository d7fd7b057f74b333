-- Calendar windows of a node of the organisation; a day of the window counts for whoever was below the node on that day.
-- Computed like agg_rep_window. Reps of several sites stand side by side: each by the calendar of its own site.
WITH reach AS (
  SELECT site_id, business_date AS as_of, business_date - INTERVAL '6 days' AS d7,
    business_date - INTERVAL '27 days' AS d28, business_date - INTERVAL '89 days' AS d90,
    week_start AS wk, month_start AS mo, quarter_start AS qu, half_start AS ha, year_start AS ye
  FROM dim_calendar
  WHERE starts_at < (SELECT MAX(watermark) FROM ops_freshness)
    AND business_date >= (SELECT MIN(business_date) FROM stored.agg_rep_day)),
part AS (
  SELECT o.ancestor_id AS node_id, d.currency, r.as_of,
    (d.business_date >= r.d7)::INT + 2 * (d.business_date >= r.d28)::INT + 4 * (d.business_date >= r.d90)::INT
      + 8 * (d.business_date = r.as_of)::INT + 16 * (d.business_date >= r.wk)::INT
      + 32 * (d.business_date >= r.mo)::INT + 64 * (d.business_date >= r.qu)::INT
      + 128 * (d.business_date >= r.ha)::INT + 256 * (d.business_date >= r.ye)::INT AS mask,
    SUM(d.dials) AS dials, SUM(d.connects) AS connects, SUM(d.live_answers) AS live_answers,
    SUM(d.contacts) AS contacts, SUM(d.rpc) AS rpc, SUM(d.pitches) AS pitches, SUM(d.interested) AS interested,
    SUM(d.wins) AS wins, SUM(d.losses) AS losses, SUM(d.cancels) AS cancels, SUM(d.refunds) AS refunds,
    SUM(d.customers_new) AS customers_new, SUM(d.revenue_minor) AS revenue_minor, SUM(d.wins_booked) AS wins_booked,
    SUM(d.revenue_booked_minor) AS revenue_booked_minor, SUM(d.cancelled_minor) AS cancelled_minor,
    SUM(d.refunded_minor) AS refunded_minor, SUM(d.talk_s) AS talk_s, SUM(d.hold_s) AS hold_s, SUM(d.ring_s) AS ring_s,
    SUM(d.acw_s) AS acw_s, SUM(d.ready_s) AS ready_s, SUM(d.pause_productive_s) AS pause_productive_s,
    SUM(d.pause_unproductive_s) AS pause_unproductive_s, SUM(d.break_s) AS break_s, SUM(d.short_calls) AS short_calls,
    SUM(d.callbacks_due) AS callbacks_due, SUM(d.callbacks_on_time) AS callbacks_on_time,
    SUM(d.leads_assigned) AS leads_assigned
  FROM reach r
  JOIN stored.agg_rep_day d ON d.site_id = r.site_id AND d.business_date BETWEEN LEAST(r.d90, r.ye) AND r.as_of
  JOIN dim_org o ON o.descendant_id = d.rep_id AND o.descendant_kind = 'rep' AND o.ancestor_kind <> 'rep'
    AND d.business_date >= o.valid_from AND (o.valid_to IS NULL OR d.business_date <= o.valid_to)
  GROUP BY 1, 2, 3, 4)
SELECT p.node_id, w."window", p.as_of, p.currency,
  SUM(p.dials) AS dials, SUM(p.connects) AS connects, SUM(p.live_answers) AS live_answers, SUM(p.contacts) AS contacts,
  SUM(p.rpc) AS rpc, SUM(p.pitches) AS pitches, SUM(p.interested) AS interested, SUM(p.wins) AS wins,
  SUM(p.losses) AS losses, SUM(p.cancels) AS cancels, SUM(p.refunds) AS refunds, SUM(p.customers_new) AS customers_new,
  SUM(p.revenue_minor) AS revenue_minor, SUM(p.wins_booked) AS wins_booked,
  SUM(p.revenue_booked_minor) AS revenue_booked_minor, SUM(p.cancelled_minor) AS cancelled_minor,
  SUM(p.refunded_minor) AS refunded_minor, SUM(p.talk_s) AS talk_s, SUM(p.hold_s) AS hold_s, SUM(p.ring_s) AS ring_s,
  SUM(p.acw_s) AS acw_s, SUM(p.ready_s) AS ready_s, SUM(p.pause_productive_s) AS pause_productive_s,
  SUM(p.pause_unproductive_s) AS pause_unproductive_s, SUM(p.break_s) AS break_s, SUM(p.short_calls) AS short_calls,
  SUM(p.callbacks_due) AS callbacks_due, SUM(p.callbacks_on_time) AS callbacks_on_time,
  SUM(p.leads_assigned) AS leads_assigned
FROM part p
JOIN (VALUES ('7d', 1), ('28d', 2), ('90d', 4), ('today', 8), ('wtd', 16), ('mtd', 32), ('qtd', 64), ('htd', 128),
    ('ytd', 256)) w("window", bit) ON (p.mask & w.bit) <> 0
GROUP BY 1, 2, 3, 4
HAVING
  SUM(p.dials) <> 0 OR SUM(p.connects) <> 0 OR SUM(p.live_answers) <> 0 OR SUM(p.contacts) <> 0 OR SUM(p.rpc) <> 0 OR
  SUM(p.pitches) <> 0 OR SUM(p.interested) <> 0 OR SUM(p.wins) <> 0 OR SUM(p.losses) <> 0 OR SUM(p.cancels) <> 0 OR
  SUM(p.refunds) <> 0 OR SUM(p.customers_new) <> 0 OR SUM(p.revenue_minor) <> 0 OR SUM(p.wins_booked) <> 0 OR
  SUM(p.revenue_booked_minor) <> 0 OR SUM(p.cancelled_minor) <> 0 OR SUM(p.refunded_minor) <> 0 OR SUM(p.talk_s) <> 0 OR
  SUM(p.hold_s) <> 0 OR SUM(p.ring_s) <> 0 OR SUM(p.acw_s) <> 0 OR SUM(p.ready_s) <> 0 OR
  SUM(p.pause_productive_s) <> 0 OR SUM(p.pause_unproductive_s) <> 0 OR SUM(p.break_s) <> 0 OR
  SUM(p.short_calls) <> 0 OR SUM(p.callbacks_due) <> 0 OR SUM(p.callbacks_on_time) <> 0 OR SUM(p.leads_assigned) <> 0
