-- Sums of a rep's local hour per place, with the team that the rep was in on that date.
-- The stored rows are increments: some cancel out, and what is then left is zero everywhere and no row.
WITH summed AS (
  SELECT business_date, rep_id, site_id, campaign_id, lead_source, product_id, currency, hour_start, local_hour,
    SUM(dials) AS dials, SUM(connects) AS connects, SUM(live_answers) AS live_answers, SUM(contacts) AS contacts,
    SUM(rpc) AS rpc, SUM(pitches) AS pitches, SUM(interested) AS interested, SUM(wins) AS wins, SUM(losses) AS losses,
    SUM(cancels) AS cancels, SUM(refunds) AS refunds, SUM(customers_new) AS customers_new,
    SUM(revenue_minor) AS revenue_minor, SUM(wins_booked) AS wins_booked,
    SUM(revenue_booked_minor) AS revenue_booked_minor, SUM(cancelled_minor) AS cancelled_minor,
    SUM(refunded_minor) AS refunded_minor, SUM(talk_s) AS talk_s, SUM(hold_s) AS hold_s, SUM(ring_s) AS ring_s,
    SUM(acw_s) AS acw_s, SUM(ready_s) AS ready_s, SUM(pause_productive_s) AS pause_productive_s,
    SUM(pause_unproductive_s) AS pause_unproductive_s, SUM(break_s) AS break_s, SUM(short_calls) AS short_calls,
    SUM(callbacks_due) AS callbacks_due, SUM(callbacks_on_time) AS callbacks_on_time,
    SUM(leads_assigned) AS leads_assigned
  FROM stored.agg_rep_hour
  GROUP BY business_date, rep_id, site_id, campaign_id, lead_source, product_id, currency, hour_start, local_hour
  HAVING
    SUM(dials) <> 0 OR SUM(connects) <> 0 OR SUM(live_answers) <> 0 OR SUM(contacts) <> 0 OR SUM(rpc) <> 0 OR
    SUM(pitches) <> 0 OR SUM(interested) <> 0 OR SUM(wins) <> 0 OR SUM(losses) <> 0 OR SUM(cancels) <> 0 OR
    SUM(refunds) <> 0 OR SUM(customers_new) <> 0 OR SUM(revenue_minor) <> 0 OR SUM(wins_booked) <> 0 OR
    SUM(revenue_booked_minor) <> 0 OR SUM(cancelled_minor) <> 0 OR SUM(refunded_minor) <> 0 OR SUM(talk_s) <> 0 OR
    SUM(hold_s) <> 0 OR SUM(ring_s) <> 0 OR SUM(acw_s) <> 0 OR SUM(ready_s) <> 0 OR SUM(pause_productive_s) <> 0 OR
    SUM(pause_unproductive_s) <> 0 OR SUM(break_s) <> 0 OR SUM(short_calls) <> 0 OR SUM(callbacks_due) <> 0 OR
    SUM(callbacks_on_time) <> 0 OR SUM(leads_assigned) <> 0)
SELECT s.business_date, s.rep_id, s.site_id, s.campaign_id, s.lead_source, s.product_id, s.currency, s.hour_start,
  s.local_hour, r.team_id,
  s.dials, s.connects, s.live_answers, s.contacts, s.rpc, s.pitches, s.interested, s.wins, s.losses, s.cancels,
  s.refunds, s.customers_new, s.revenue_minor, s.wins_booked, s.revenue_booked_minor, s.cancelled_minor,
  s.refunded_minor, s.talk_s, s.hold_s, s.ring_s, s.acw_s, s.ready_s, s.pause_productive_s, s.pause_unproductive_s,
  s.break_s, s.short_calls, s.callbacks_due, s.callbacks_on_time, s.leads_assigned
FROM summed s
LEFT JOIN dim_rep r ON r.rep_id = s.rep_id
  AND s.business_date >= r.valid_from AND (r.valid_to IS NULL OR s.business_date <= r.valid_to)
