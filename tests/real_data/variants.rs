//! The same rows in another order, number, cut or spelling end in the same tables.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use paceline_tests::Random;
use paceline_tests::sandbox::{Dump, Sandbox, mapping};

use crate::crm::{Baseline, Lines, ROWS, UNDATED, baseline};

fn pipeline(base: &Baseline) -> Lines {
    Lines::read(&base.folder.join("sales_pipeline.csv"))
}

/// Imports files over the people alone and compares everything.
#[track_caller]
fn assert_same_tables(base: &Baseline, what: &str, texts: &[String]) {
    let sandbox = base.people.copy();
    let files: Vec<PathBuf> = texts
        .iter()
        .enumerate()
        .map(|(at, text)| sandbox.file(&format!("part-{at}.csv"), text))
        .collect();
    let files: Vec<&Path> = files.iter().map(PathBuf::as_path).collect();
    sandbox.import(&files, &mapping("crm_maven.toml"));
    Dump::of(&sandbox).assert_same(&base.dump, what);
    sandbox.fsck();
}

/// One file per value of a part of the row, in any order.
fn cut(file: &Lines, random: &mut Random, key: impl Fn(&[&str]) -> String) -> Vec<String> {
    let mut parts: BTreeMap<String, Vec<&String>> = BTreeMap::new();
    for line in &file.lines {
        let fields: Vec<&str> = line.split(',').collect();
        parts.entry(key(&fields)).or_default().push(line);
    }
    let mut texts: Vec<String> = parts.into_values().map(|lines| file.text(lines)).collect();
    random.shuffle(&mut texts);
    texts
}

#[test]
#[ignore = "reads the data that PACELINE_REAL_DATA names"]
fn a_shuffled_file_ends_in_the_same_tables() {
    let Some(base) = baseline() else { return };
    let file = pipeline(base);
    let mut lines = file.lines.clone();
    Random::new(1).shuffle(&mut lines);
    assert_same_tables(base, "shuffled", &[file.text(&lines)]);
}

#[test]
#[ignore = "reads the data that PACELINE_REAL_DATA names"]
fn every_tenth_row_doubled_ends_in_the_same_tables() {
    let Some(base) = baseline() else { return };
    let file = pipeline(base);
    let doubled = file.lines.iter().enumerate();
    let lines: Vec<&String> = doubled
        .flat_map(|(at, line)| vec![line; if at % 10 == 9 { 2 } else { 1 }])
        .collect();
    assert_same_tables(base, "doubled", &[file.text(lines)]);
}

#[test]
#[ignore = "reads the data that PACELINE_REAL_DATA names"]
fn one_file_per_year_ends_in_the_same_tables() {
    let Some(base) = baseline() else { return };
    let year = |fields: &[&str]| fields[5].split('-').next().unwrap_or_default().to_owned();
    assert_same_tables(base, "by year", &cut(&pipeline(base), &mut Random::new(2), year));
}

#[test]
#[ignore = "reads the data that PACELINE_REAL_DATA names"]
fn one_file_per_agent_ends_in_the_same_tables() {
    let Some(base) = baseline() else { return };
    let agent = |fields: &[&str]| fields[1].to_owned();
    assert_same_tables(base, "by agent", &cut(&pipeline(base), &mut Random::new(3), agent));
}

#[test]
#[ignore = "reads the data that PACELINE_REAL_DATA names"]
fn one_file_per_office_in_any_order_ends_in_the_same_tables() {
    let Some(base) = baseline() else { return };
    let teams = Lines::read(&base.folder.join("sales_teams.csv"));
    let offices: BTreeMap<&str, &str> = teams
        .lines
        .iter()
        .filter_map(|line| {
            let mut fields = line.split(',');
            Some((fields.next()?, fields.nth(1)?))
        })
        .collect();
    let office = |fields: &[&str]| offices[fields[1]].to_owned();
    let texts = cut(&pipeline(base), &mut Random::new(4), office);
    assert_eq!(texts.len(), 3);
    // One process per file: the second begins where the first has published.
    let sandbox = base.people.copy();
    for (at, text) in texts.iter().enumerate() {
        sandbox.import(
            &[&sandbox.file(&format!("office-{at}.csv"), text)],
            &mapping("crm_maven.toml"),
        );
    }
    Dump::of(&sandbox).assert_same(&base.dump, "by office");
}

#[test]
#[ignore = "reads the data that PACELINE_REAL_DATA names"]
fn a_second_import_publishes_nothing() {
    let Some(base) = baseline() else { return };
    let sandbox = base.sandbox.copy();
    let again = sandbox.run(&Sandbox::import_words(
        &[&base.folder.join("sales_pipeline.csv")],
        &mapping("crm_maven.toml"),
    ));
    let again = paceline_tests::sandbox::Report::read(&again);
    assert!(again.duplicate_file && again.published == 0, "{}", again.whole);
    let file = pipeline(base);
    let backwards = sandbox.file("backwards.csv", file.text(file.lines.iter().rev()));
    let other = sandbox.import(&[&backwards], &mapping("crm_maven.toml"));
    assert_eq!(
        (other.rows, other.published, other.rejected),
        (ROWS, 0, UNDATED),
        "{}",
        other.whole
    );
    Dump::of(&sandbox).assert_same(&base.dump, "imported twice");
}

/// The variant ends with one row of nothing but commas and zeros, which is refused like the undated ones.
#[test]
#[ignore = "reads the data that PACELINE_REAL_DATA names"]
fn the_variant_with_other_dates_ends_in_the_same_tables() {
    let Some(base) = baseline() else { return };
    let sandbox = base.people.copy();
    let variant = base.folder.join("variant_bad_dates_sales_pipeline.csv");
    let report = sandbox.import(&[&variant], &mapping("crm_maven_bad_dates.toml"));
    assert_eq!(
        (report.rows, report.rejected),
        (ROWS + 1, UNDATED + 1),
        "{}",
        report.whole
    );
    Dump::of(&sandbox).assert_same(&base.dump, "other dates");
}

#[test]
#[ignore = "reads the data that PACELINE_REAL_DATA names"]
fn the_variant_after_the_first_publishes_nothing() {
    let Some(base) = baseline() else { return };
    let sandbox = base.sandbox.copy();
    let events = "SELECT COUNT(*) FROM fct_deal_event";
    let before = sandbox.sql(events);
    let variant = base.folder.join("variant_bad_dates_sales_pipeline.csv");
    let report = sandbox.import(&[&variant], &mapping("crm_maven_bad_dates.toml"));
    assert_eq!(
        (report.published, report.rejected),
        (0, UNDATED + 1),
        "{}",
        report.whole
    );
    assert_eq!(sandbox.sql(events), before);
    Dump::of(&sandbox).assert_same(&base.dump, "other dates after the first");
}
