-- Versions of the months of targets, and of entered and locked cells, with the two times of each.
-- [valid_from, valid_to) is when the value counts, [approved_at, superseded_at) when the log knew it; NULL is open.
-- What has come about is judged by the newest published set: what is active by its watermark, and which proposals stay
-- incomplete by its instant.
WITH set_time AS (SELECT MAX(watermark) AS watermark, MAX(published_at) AS published_at FROM ops_freshness),
version AS (
  SELECT t.*, COALESCE(p.state, 'incomplete') AS state, COALESCE(p.recorded_at, t.recorded_at) AS proposed_at,
    p.effective_at AS agreed_at,
    CASE WHEN t.proposal_id IS NULL THEN t.recorded_at WHEN p.state = 'approved' THEN p.ended_at END AS approved_at
  FROM stored.tgt_target t
  LEFT JOIN tgt_proposal p ON p.proposal_id = t.proposal_id),
-- Versions that never counted stand apart, so that what follows a version is the next one that does.
followed AS (
  SELECT *,
    LEAD(approved_at) OVER (PARTITION BY node_id, metric, target_id, period_start, approved_at IS NULL ORDER BY version)
      AS next_at,
    MIN(valid_from) OVER (PARTITION BY node_id, metric, target_id, period_start, approved_at IS NULL ORDER BY version
      ROWS BETWEEN 1 FOLLOWING AND UNBOUNDED FOLLOWING) AS next_from
  FROM version)
SELECT f.target_id, f.version, f.node_id, f.node_kind, f.parent_target_id, f.parent_node_id, f.metric, f.unit,
  f.currency, f.period_kind, f.period_start, f.period_end, f.year_start, f.value, f.valid_from, f.kept, f.weights,
  f.denominator_planned, f.lock, f.bound, f.method, f.reason_code, f.policy_version, f.proposal_id, f.decided_by,
  f.decider_id, f.decided_at, COALESCE(f.effective_at, f.agreed_at) AS effective_at, f.recorded_at, f.approved_at,
  CASE WHEN f.approved_at IS NOT NULL THEN f.next_at END AS superseded_at,
  CASE WHEN f.approved_at IS NOT NULL AND f.next_from IS NOT NULL THEN GREATEST(f.next_from, f.valid_from) END
    AS valid_to,
  CASE
    WHEN f.approved_at IS NOT NULL AND f.next_at IS NOT NULL THEN 'superseded'
    WHEN f.approved_at IS NOT NULL AND COALESCE(f.effective_at, f.agreed_at) <= s.watermark THEN 'active'
    WHEN f.approved_at IS NOT NULL THEN 'approved'
    WHEN f.state IN ('rejected', 'withdrawn', 'refused') THEN f.state
    WHEN f.state = 'incomplete' AND f.proposed_at + INTERVAL '24 hours' <= s.published_at THEN 'incomplete'
    ELSE 'proposed'
  END AS status
FROM followed f
CROSS JOIN set_time s
