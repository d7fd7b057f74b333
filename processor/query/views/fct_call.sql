-- One call leg in its latest version; legs that were retracted are left out.
-- A leg that moved to another rep is retracted under the former one in the same revision: of equals the one that counts stands.
WITH ranked AS (
  SELECT *, ROW_NUMBER() OVER (PARTITION BY source, call_id, leg_id
    ORDER BY revision DESC, retracted, "offset" DESC) AS rank
  FROM stored.fct_call_event)
SELECT
  shard, "offset", source, event_id, occurred_at, appended_at, late, revision, rep_id, site_id, business_date,
  hour_start, local_hour, currency, campaign_id, lead_source, product_id, lead_id, customer_key, call_id, leg_id,
  conversation_id, leg_no, leg_role, transferred_to, direction, dial_mode, list_id, queue_id, attempt_no, phone_masked,
  phone_country, started_at, answered_at, ended_at, disposed_at, queue_s, ring_s, talk_s, hold_s, wrap_s, amd,
  disposition, disposition_native, reached, step, short, ended_by, callback_due_at, callback_for_due_at,
  callback_on_time, recording_ref, correlationid, causationid, flags, native, attributes
FROM ranked
WHERE rank = 1 AND NOT retracted
