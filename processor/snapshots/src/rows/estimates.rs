//! `agg_rep_estimate`: one row per rep, metric and currency.

use arrow::record_batch::RecordBatch;
use paceline_schemas::time::Day;
use paceline_targets::RepEstimate;

use super::columns::Cell::{Date, Double, Int, Null, Text};
use super::columns::batch_of;

/// The estimates of one date.
pub fn estimates(as_of: Day, estimates: &[RepEstimate]) -> RecordBatch {
    let month = as_of.month();
    let rows = estimates.iter().map(|row| {
        vec![
            Text(&row.rep_id),
            Text(row.metric),
            row.currency.as_deref().map_or(Null, Text),
            Date(as_of),
            Text(&row.peer_group),
            Double(row.numerator),
            Double(row.denominator),
            Double(row.evidence),
            Double(row.mean),
            Double(row.lo),
            Double(row.hi),
            Double(row.weight_own),
            Int(row.peers),
            Double(row.group_mean),
            Double(row.above_group),
            Double(row.prior_strength),
            Text(&month),
        ]
    });
    batch_of("agg_rep_estimate", rows)
}
