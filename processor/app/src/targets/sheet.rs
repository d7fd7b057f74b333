//! Targets that are kept in a sheet or a CRM: read by a mapping, proposed as one proposal per plan year.

use std::collections::BTreeSet;
use std::path::Path;

use paceline_ingest::import::Read;
use paceline_schemas::symbol::DecidedBy;
use paceline_schemas::time::Day;
use paceline_snapshots::Which;
use paceline_targets::{Org, SheetCell, SheetNote, Sources, amount_text, months_after};

use super::propose::{finish, looked_at, told_of};
use super::{Desk, facts, mark, refused};
use crate::commands::sql::engine_at;
use crate::failure::{Exit, Failure};
use crate::request::{By, Told};

/// Refused rows that are named; all are counted.
const SHOWN: usize = 20;

pub(super) fn import(
    mut desk: Desk<'_>,
    (file, name, text): (&Path, &str, &str),
    dry_run: bool,
    by: &By,
) -> Result<Told, Failure> {
    let mark = mark(by, DecidedBy::Import)?;
    let (cells, mut notes, refused_rows) = read(&desk, file, name, text)?;
    if cells.is_empty() {
        return Err(refused(format!(
            "`{}` has no target: {}",
            file.display(),
            notes.join("; ")
        )));
    }
    let policy_version = desk.policy_version(dry_run)?;
    desk.publish()?;
    let engine = engine_at(desk.config, Which::Latest)?;
    let years: BTreeSet<Day> = cells.iter().map(|cell| year_of(&desk, cell.month)).collect();
    let mut orgs: Vec<(Day, Org)> = Vec::new();
    for year in years {
        orgs.push((year, facts::org(&engine, looked_at(&desk, year, mark.at))?));
    }
    let last = orgs.last().map_or_else(Day::default, |(year, _)| *year);
    let first = orgs.first().map_or(last, |(year, _)| *year);
    let span = facts::Span {
        from: first,
        as_of: first,
        on: last,
        until: months_after(last, 12),
    };
    let facts = facts::facts(&engine, desk.config.default_site.as_str(), span)?;
    let sources = Sources {
        org: orgs.last().map(|(_, org)| org).ok_or_else(|| refused("no plan year"))?,
        facts: &facts,
        known: &desk.ledger,
        policy: &desk.config.targets.policy,
        policy_version: &policy_version,
    };
    let by_year: Vec<(Day, &Org)> = orgs.iter().map(|(year, org)| (*year, org)).collect();
    let (proposals, found) = paceline_targets::sheet(&cells, &by_year, sources).map_err(refused)?;
    notes.extend(found.iter().map(say));
    let mut all = Told {
        notes,
        wanting: refused_rows > 0,
        columns: vec!["proposal".to_owned(), "rows".to_owned()],
        ..Told::default()
    };
    for drafts in proposals {
        let row = vec![drafts.proposal_id.clone(), drafts.size.to_string()];
        let told = finish(&mut desk, told_of(&drafts), drafts, &mark, dry_run)?;
        all.rows.push(row);
        all.written += told.written;
        all.known += told.known;
        all.proposal = told.proposal;
        all.notes.extend(told.notes);
    }
    Ok(all)
}

/// First day of the plan year of the default site in which a month lies.
fn year_of(desk: &Desk<'_>, month: Day) -> Day {
    let site = desk.config.sites.get(&desk.config.default_site);
    site.map_or(month, |site| site.periods(month).year_start)
}

fn read(desk: &Desk<'_>, file: &Path, name: &str, text: &str) -> Result<(Vec<SheetCell>, Vec<String>, usize), Failure> {
    let mapping = crate::intake::compile(name, text)?;
    if !mapping.compiled.is_of_targets() {
        return Err(Failure::new(
            Exit::Usage,
            format!("`{name}` emits no `target.cell`; `paceline import` takes it"),
        ));
    }
    let stamper = desk
        .stamper
        .ok_or_else(|| Failure::new(Exit::OurFault, "a sheet was given to who knows no people"))?;
    let (mut cells, mut notes, mut refused_rows) = (Vec::new(), Vec::new(), 0);
    let mut refuse = |line: u64, detail: String| {
        refused_rows += 1;
        if refused_rows <= SHOWN {
            notes.push(format!("line {line} is refused: {detail}"));
        }
    };
    for row in crate::intake::open(file, &mapping)? {
        match row.map_err(crate::intake::unreadable)? {
            Read::Refused(refused) => refuse(refused.line, refused.reject.to_string()),
            Read::Row(row) => {
                for cell in mapping.compiled.target_cells(&row, stamper) {
                    match cell {
                        Ok(cell) => cells.push(SheetCell {
                            node_id: cell.node_id,
                            metric: cell.metric,
                            currency: cell.currency,
                            month: cell.month,
                            value: cell.value,
                        }),
                        Err(rejected) => refuse(row.line, rejected.reject.to_string()),
                    }
                }
            }
        }
    }
    if refused_rows > SHOWN {
        notes.push(format!("and {} more refused cells", refused_rows - SHOWN));
    }
    Ok((cells, notes, refused_rows))
}

fn say(note: &SheetNote) -> String {
    match note {
        SheetNote::Unknown { node_id, cells } => {
            format!("`{node_id}` is no rep then: {cells} cells are left out; import people first, or mend the sheet")
        }
        SheetNote::Outlier { cell, neighbours } => {
            let unit = cell
                .currency
                .as_ref()
                .map_or_else(|| "count".to_owned(), |currency| format!("minor:{currency}"));
            format!(
                "look at {} {} {}: {} stands between {} and {}; it is taken as it is",
                cell.node_id,
                cell.metric,
                cell.month.month(),
                amount_text(cell.value, &unit),
                amount_text(neighbours.0, &unit),
                amount_text(neighbours.1, &unit)
            )
        }
        SheetNote::RollUp { node_id, year, of } => format!(
            "the year {} of {node_id} is the sum of {}: a total beside its parts counts twice in the team above",
            year.date().year(),
            of.join(", ")
        ),
    }
}
