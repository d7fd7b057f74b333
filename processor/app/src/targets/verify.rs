//! Verification: decisions are taken again from the set that they were read from, and compared byte by byte.

use std::collections::BTreeMap;

use paceline_schemas::time::Day;
use paceline_snapshots::Which;
use paceline_targets::{Decided, Decision, Run};

use super::Desk;
use super::decide::{evidence, known_by};
use crate::commands::sql::engine_at;
use crate::failure::Failure;
use crate::request::Told;

/// Day, policy, published set.
type Batch = (Day, String, Option<u64>);

pub(super) fn verify(desk: &Desk<'_>, as_of: Option<Day>) -> Result<Told, Failure> {
    let mut batches: BTreeMap<Batch, Vec<&Decided>> = BTreeMap::new();
    for decided in desk
        .ledger
        .decisions()
        .filter(|decided| as_of.is_none_or(|day| day == decided.as_of()))
    {
        let policy = decided
            .data()
            .policy_version
            .as_ref()
            .map(ToString::to_string)
            .unwrap_or_default();
        let set = decided
            .event
            .envelope
            .publishedset
            .as_ref()
            .and_then(|set| set.as_str().parse().ok());
        batches.entry((decided.as_of(), policy, set)).or_default().push(decided);
    }
    let mut told = Told {
        columns: ["as_of", "decision", "target", "differs"].map(str::to_owned).into(),
        ..Told::default()
    };
    for ((as_of, policy_version, set), decided) in &batches {
        told.known += decided.len() as u64;
        let again = again(desk, *as_of, policy_version, *set, &mut told)?;
        for one in decided {
            let id = one.event.envelope.id.as_str();
            let differs = match again.get(id) {
                None => "it is not taken again",
                Some(decision) if decision.canonical() != one.canonical() => "other bytes",
                Some(_) => continue,
            };
            let row = [
                as_of.to_string(),
                id.chars().take(12).collect(),
                one.target_id().to_owned(),
                differs.to_owned(),
            ];
            told.rows.push(row.into());
        }
    }
    told.wanting = !told.rows.is_empty();
    told.notes.push(format!(
        "{} decisions taken again, {} differ",
        told.known,
        told.rows.len()
    ));
    Ok(told)
}

fn again(
    desk: &Desk<'_>,
    as_of: Day,
    policy_version: &str,
    set: Option<u64>,
    told: &mut Told,
) -> Result<BTreeMap<String, Decision>, Failure> {
    let Some((_, policy)) = desk.ledger.policies_by_name().find(|(name, _)| *name == policy_version) else {
        told.notes
            .push(format!("the policy {policy_version} is not in the log"));
        return Ok(BTreeMap::new());
    };
    // A set that is gone, or one of another data directory, is replaced by the newest: rows of the past are the same
    // there unless something came late.
    let engine = set.and_then(|set| engine_at(desk.config, Which::Set(set)).ok());
    let facts = engine.and_then(|engine| evidence(&engine, desk.config, policy, as_of).ok());
    let facts = match facts {
        Some(facts) => facts,
        None => {
            told.notes.push(format!(
                "as of {as_of}: the set that was read is gone, the newest is read instead"
            ));
            evidence(&engine_at(desk.config, Which::Latest)?, desk.config, policy, as_of)?
        }
    };
    let Some(end) = facts.calendar.day(as_of).map(|date| date.ends_at) else {
        return Ok(BTreeMap::new());
    };
    let known = known_by(&desk.entries, as_of, end);
    let run = Run {
        facts: &facts,
        known: &known,
        policy,
        policy_version,
    };
    let decisions = paceline_targets::recalibrate(run);
    Ok(decisions
        .into_iter()
        .map(|decision| (decision.id.to_string(), decision))
        .collect())
}
