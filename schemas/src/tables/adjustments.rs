//! Decisions of recalibrations, and the estimates of reps beside them.

use super::ColumnType::{BigInt, Date, Double, Text, Timestamp};
use super::{Column, Table, TableKind, optional, required};

fn decided() -> Vec<Column> {
    vec![
        required("decision_id", Text, "The decision; the id of its event"),
        required("target_id", Text, "Row of the grid"),
        required("as_of", Date, "Last day of the evidence"),
        required("policy_version", Text, "Policy by which it was decided"),
        optional("from_version", BigInt, "Version that was judged"),
        optional(
            "to_version",
            BigInt,
            "Version that it brings; NULL if it changes nothing",
        ),
        required(
            "outcome",
            Text,
            "applied, proposed, watching, kept, needs_parent or routed_to_market",
        ),
        required("reason_code", Text, "Why, by the check that decided"),
        optional("old_value", BigInt, "What was left of the row before, in the unit"),
        optional("proposed_value", BigInt, "What is left of it after"),
        optional(
            "uncapped_value",
            BigInt,
            "What would be left of it without the limits of the policy",
        ),
        optional(
            "reserve_delta",
            BigInt,
            "What the reserve takes, in the unit; NULL where none is asked",
        ),
    ]
}

fn evidence() -> Vec<Column> {
    vec![
        required("theta_ppm", BigInt, "Performance over target, in parts per million"),
        required("ci_lo_ppm", BigInt, "Lower end of its interval"),
        required("ci_hi_ppm", BigInt, "Upper end of its interval"),
        required("evidence_n", Double, "Expected count, matured denominator or deals"),
        required(
            "numerator",
            BigInt,
            "Achieved: count, minor units, numerator of the rate",
        ),
        required("denominator", BigInt, "Expected at target; of a rate its denominator"),
        required(
            "prior_strength",
            Double,
            "How much evidence the peers stand for, in the unit of evidence_n",
        ),
        required(
            "confirmations",
            BigInt,
            "Evaluations of the same sign in a row, this one included",
        ),
        required(
            "checks",
            Text,
            "The checks in the order evaluated: a JSON list of check, passed, measured, bound",
        ),
        required(
            "inputs_sha256",
            Text,
            "SHA-256 over the rows read, the policy and the calendar",
        ),
    ]
}

fn agreed() -> Vec<Column> {
    vec![
        optional(
            "authority",
            Text,
            "Whose approval it needs: policy, team, site or company",
        ),
        required("requested_by", Text, "Who decided: policy, or the person"),
        optional("approved_by", Text, "Who let it count; NULL: it does not"),
        optional("approved_at", Timestamp, "When the log took that; UTC"),
        optional("effective_at", Timestamp, "From when on it counts; UTC"),
        required("recorded_at", Timestamp, "When the log took the decision; UTC"),
        optional("published_set", Text, "The published set that was read"),
        optional(
            "published_offsets",
            Text,
            "How far that set held each shard: 0:91544,1:90210",
        ),
    ]
}

fn adjustment() -> Table {
    let key = &["target_id", "as_of", "policy_version"];
    Table {
        name: "tgt_adjustment",
        comment: "One decision of a recalibration with its evidence and checks",
        kind: TableKind::Decisions,
        columns: [decided(), evidence(), agreed()].concat(),
        key,
        partition: None,
        order: key,
    }
}

fn estimate() -> Table {
    Table {
        name: "agg_rep_estimate",
        comment: "What a rep's results say about the rep once the peers have been heard, as of a closed day; by a job",
        kind: TableKind::Job,
        columns: vec![
            required("rep_id", Text, "The rep"),
            required("metric", Text, "Metric, as metric_id of dim_metric"),
            optional("currency", Text, "ISO 4217 code of money; NULL otherwise"),
            required("as_of", Date, "Last business date of the evidence"),
            required("peer_group", Text, "Reps that it was estimated with"),
            required("num", Double, "Achieved: count, minor units, numerator of the rate"),
            required(
                "den",
                Double,
                "Denominator of the rate; expected count or amount of a volume",
            ),
            required("n_eff", Double, "Matured denominator, expected count or deals"),
            required(
                "post_mean",
                Double,
                "Posterior mean: the rate, or the multiple of what was expected",
            ),
            required("lo90", Double, "Lower end of the interval that holds with 90 %"),
            required("hi90", Double, "Upper end of that interval"),
            required(
                "weight_own",
                Double,
                "Weight of the rep's own evidence, 0 to 1; the rest is the peers'",
            ),
            required("peers", BigInt, "Reps in the group, this one included"),
            required("group_mean", Double, "Mean of the group"),
            required("p_above_group", Double, "Probability that the rep is above it"),
            required("prior_strength", Double, "How much evidence the peers stand for"),
            required("as_of_month", Text, "Month of as_of, YYYY-MM; partition of the files"),
        ],
        key: &["rep_id", "metric", "currency", "as_of"],
        partition: Some("as_of_month"),
        order: &["as_of", "metric", "rep_id", "currency"],
    }
}

pub(super) fn stored() -> Vec<Table> {
    vec![adjustment(), estimate()]
}
