-- One deal and rep in its current state.
-- A deal has two aspects. The outcome (won, lost, amended, cancelled, a loss taken back) says the state; the stage says it
-- where no outcome stands. Of each aspect the highest revision counts, of equals the last in the log; a change of two events has one
-- revision, and the first of them, marked after # in its id, gives way. The columns are those of the version that stands:
-- of a cancelled deal, of the win that was cancelled.
WITH event AS (
  SELECT *,
    event_id LIKE '%#cancelled' OR event_id LIKE '%#out' OR event_id LIKE '%#out.%' AS gives_way,
    CASE type
      WHEN 'deal.won' THEN 'won'
      WHEN 'deal.lost' THEN 'lost'
      WHEN 'deal.cancelled' THEN 'cancelled'
      WHEN 'deal.amended' THEN COALESCE(status, 'open')
      WHEN 'deal.stage_changed' THEN CASE WHEN reopened THEN 'open' END
    END AS outcome
  FROM stored.fct_deal_event),
outcome AS (
  SELECT source, deal_id, rep_id, outcome, occurred_at, business_date,
    ROW_NUMBER() OVER (PARTITION BY source, deal_id, rep_id
      ORDER BY revision DESC, gives_way, "offset" DESC) AS rank
  FROM event
  WHERE outcome IS NOT NULL),
opened AS (
  SELECT source, deal_id, rep_id, occurred_at, business_date,
    ROW_NUMBER() OVER (PARTITION BY source, deal_id, rep_id
      ORDER BY revision DESC, "offset" DESC) AS rank
  FROM event
  WHERE type = 'deal.opened'),
fitting AS (
  SELECT e.*, COALESCE(o.outcome, 'open') AS state, o.occurred_at AS decided_at, o.business_date AS decided_date,
    CASE COALESCE(o.outcome, 'open')
      WHEN 'open' THEN e.type IN ('deal.opened', 'deal.stage_changed') OR e.type = 'deal.amended' AND e.outcome = 'open'
      WHEN 'lost' THEN e.outcome = 'lost'
      ELSE e.outcome = 'won'
    END IS TRUE AS fits
  FROM event e
  LEFT JOIN outcome o ON o.source = e.source AND o.deal_id = e.deal_id AND o.rep_id = e.rep_id AND o.rank = 1),
base AS (
  SELECT *, ROW_NUMBER() OVER (PARTITION BY source, deal_id, rep_id
    ORDER BY fits DESC, revision DESC, gives_way, "offset" DESC) AS rank
  FROM fitting),
-- Refunds of a win add up, each once. A later version of the win carries what was refunded before it.
refund AS (
  SELECT source, deal_id, rep_id, supersedes, refund_id, credit_refund_minor, "full",
    ROW_NUMBER() OVER (PARTITION BY source, deal_id, rep_id, supersedes, refund_id
      ORDER BY revision DESC, "offset" DESC) AS rank
  FROM event
  WHERE type = 'deal.refunded'),
refunded AS (
  SELECT source, deal_id, rep_id, supersedes, SUM(credit_refund_minor) AS credit_minor, BOOL_OR("full") AS whole
  FROM refund
  WHERE rank = 1
  GROUP BY source, deal_id, rep_id, supersedes)
SELECT
  b.shard, b."offset", b.source, b.event_id, b.occurred_at, b.appended_at, b.late, b.revision, b.rep_id, b.site_id,
  b.business_date, b.hour_start, b.local_hour, b.currency, b.campaign_id, b.lead_source, b.product_id, b.lead_id,
  b.customer_key, b.deal_id, b.pipeline_id, b.stage_id, b.stage_rank, b.call_id, b.quantity, b.expected_close_on,
  b.probability_bp, b.forecast_category, b.term_months, b.customer_kind, b.amount_minor, b.credit_role, b.credit_bp,
  b.credit_minor, COALESCE(b.credit_refunded_minor, 0) + COALESCE(r.credit_minor, 0) AS credit_refunded_minor,
  COALESCE(b."full", false) OR COALESCE(r.whole, false) AS "full", b.lost_reason, b.competitor, b.merged_into,
  b.correlationid, b.causationid, b.flags, b.native, b.attributes,
  b.state, o.occurred_at AS opened_at, o.business_date AS opened_date,
  CASE WHEN b.state IN ('won', 'cancelled') THEN b.occurred_at END AS won_at,
  CASE WHEN b.state IN ('won', 'cancelled') THEN b.business_date END AS won_date,
  CASE WHEN b.state = 'lost' THEN b.occurred_at END AS lost_at,
  CASE WHEN b.state = 'lost' THEN b.business_date END AS lost_date,
  CASE WHEN b.state = 'cancelled' THEN b.decided_at END AS cancelled_at,
  CASE WHEN b.state = 'cancelled' THEN b.decided_date END AS cancelled_date,
  -- Minor units of these currencies are not hundredths.
  CASE WHEN b.currency NOT IN ('BIF', 'CLP', 'DJF', 'GNF', 'ISK', 'JPY', 'KMF', 'KRW', 'PYG', 'RWF', 'UGX', 'UYI', 'VND',
      'VUV', 'XAF', 'XOF', 'XPF', 'BHD', 'IQD', 'JOD', 'KWD', 'LYD', 'OMR', 'TND')
    THEN CAST(CAST(b.amount_minor AS DECIMAL(20, 0)) * CAST(0.01 AS DECIMAL(3, 2)) AS DECIMAL(18, 2)) END AS amount
FROM base b
LEFT JOIN opened o ON o.source = b.source AND o.deal_id = b.deal_id AND o.rep_id = b.rep_id AND o.rank = 1
LEFT JOIN refunded r ON r.source = b.source AND r.deal_id = b.deal_id AND r.rep_id = b.rep_id AND r.supersedes = b.event_id
WHERE b.rank = 1
