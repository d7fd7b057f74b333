//! Decisions of recalibrations, and what came of them.

use arrow::record_batch::RecordBatch;
use paceline_schemas::event::Target;
use paceline_schemas::event::target::Evidence;
use paceline_schemas::symbol::Recalibrated;
use paceline_schemas::time::Instant;
use paceline_targets::{Decided, Ledger};

use super::columns::Cell::{At, Date, Double, Int, Text};
use super::columns::{Cell, Columns};
use super::targets::{at, effective_at, int, put_all, text};

pub(super) fn tgt_adjustment(ledger: &Ledger) -> RecordBatch {
    let mut columns = Columns::new("tgt_adjustment");
    for decided in ledger.decisions() {
        if let Some(evidence) = decided.evidence() {
            put_adjustment(&mut columns, ledger, decided, evidence);
        }
    }
    columns.finish()
}

/// What came of a decision: who let it count, when the log took that, and from when on it counts.
fn agreed<'a>(ledger: &'a Ledger, decided: &'a Decided) -> Option<(&'a str, Instant, Option<Instant>)> {
    let data = decided.data();
    match data.outcome {
        Some(Recalibrated::Applied) if !decided.is_stale => {
            Some((decider(data), decided.recorded_at, data.effective_at))
        }
        Some(Recalibrated::Proposed) => {
            let proposal = ledger.proposal(data.proposal_id.as_ref()?.as_str())?;
            let effective_at = effective_at(proposal)?;
            let (who, when) = proposal.ended.as_ref()?;
            Some((who.as_deref().unwrap_or_default(), *when, Some(effective_at)))
        }
        _ => None,
    }
}

fn decider(data: &Target) -> &str {
    let by = data.decided_by.unwrap_or_default().as_str();
    data.decider_id.as_ref().map_or(by, |id| id.as_str())
}

fn put_adjustment(columns: &mut Columns, ledger: &Ledger, decided: &Decided, evidence: &Evidence) {
    let (data, envelope) = (decided.data(), &decided.event.envelope);
    let agreed = agreed(ledger, decided);
    let is_change = matches!(data.outcome, Some(Recalibrated::Applied | Recalibrated::Proposed));
    let version = data.version.map(|version| version.0);
    let judged = data.supersedes_version.map(|version| version.0);
    let taken = data
        .against
        .as_ref()
        .and_then(|_| data.old_value.zip(data.proposed_value));
    let checks = serde_json::to_string(&data.checks).unwrap_or_default();
    let effective_at = agreed.map_or(data.effective_at, |(_, _, at)| at);
    put_all(
        columns,
        [
            ("decision_id", Text(envelope.id.as_str())),
            ("target_id", Text(decided.target_id())),
            ("as_of", Date(evidence.as_of)),
            (
                "policy_version",
                text(data.policy_version.as_ref().map(|version| version.as_str())),
            ),
            ("from_version", int(if is_change { judged } else { version })),
            ("to_version", int(version.filter(|_| is_change))),
            ("outcome", Text(data.outcome.unwrap_or_default().as_str())),
            (
                "reason_code",
                text(data.reason_code.as_ref().map(|reason| reason.as_str())),
            ),
            ("old_value", int(data.old_value)),
            ("proposed_value", int(data.proposed_value)),
            ("uncapped_value", int(data.uncapped_value)),
            ("reserve_delta", int(taken.map(|(old, new)| old - new))),
            ("theta_ppm", Int(evidence.theta)),
            ("ci_lo_ppm", Int(evidence.low)),
            ("ci_hi_ppm", Int(evidence.high)),
            ("evidence_n", millionths(evidence.n_eff)),
            ("numerator", Int(evidence.numerator)),
            ("denominator", Int(evidence.denominator)),
            ("prior_strength", millionths(evidence.prior_strength)),
            ("confirmations", Int(evidence.confirmations)),
            ("checks", Text(&checks)),
            ("inputs_sha256", Text(evidence.inputs_sha256.as_str())),
            ("authority", text(data.authority.map(|authority| authority.as_str()))),
            ("requested_by", Text(decider(data))),
            ("approved_by", text(agreed.map(|(who, _, _)| who))),
            ("approved_at", at(agreed.map(|(_, when, _)| when))),
            ("effective_at", at(effective_at)),
            ("recorded_at", At(decided.recorded_at)),
            (
                "published_set",
                text(envelope.publishedset.as_ref().map(|set| set.as_str())),
            ),
            (
                "published_offsets",
                text(envelope.publishedoffsets.as_ref().map(|offsets| offsets.as_str())),
            ),
        ],
    );
}

/// Evidence is told in millionths, within what a float holds exactly.
fn millionths<'a>(value: i64) -> Cell<'a> {
    Double(value as f64 / 1e6)
}
