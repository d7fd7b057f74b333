//! What is wrong with a file or a mapping is said with its place, under a code of its own, and costs no good row.

use std::fs;
use std::path::Path;

use paceline_tests::sandbox::{Finished, Sandbox};

use crate::deals_file::{DealRow, deals_csv, import_people, own_mapping};

const USAGE: Option<i32> = Some(2);
const FOUND_WANTING: Option<i32> = Some(3);

fn floor() -> Sandbox {
    let sandbox = Sandbox::new();
    import_people(&sandbox, &[("ada", "main"), ("bo", "main")]);
    sandbox
}

fn good(deal: &str) -> DealRow {
    DealRow::opened(deal, "ada", "2025-02-20").won("2025-03-01", "10.00")
}

fn import(sandbox: &Sandbox, file: &Path, mapping: &Path) -> Finished {
    sandbox.run(&Sandbox::import_words(&[file], mapping))
}

/// A deals file with this line after two good rows, and a good row at its end.
#[track_caller]
fn assert_line_4_is_refused(bad: &str, reason: &str) {
    let sandbox = floor();
    let text = deals_csv(&[good("D1"), good("D2")]) + bad + "\nD3,bo,a,Pro,Lost,2025-02-20,,2025-03-01,,USD\n";
    let report = sandbox.import(&[&sandbox.file("deals.csv", text)], &own_mapping("deals.toml"));
    assert!(report.rejected >= 1, "{}", report.whole);
    for reject in &report.rejects {
        assert_eq!((reject.line, reject.reason.as_str()), (4, reason), "{}", report.whole);
        assert!(!reject.detail.is_empty(), "{}", report.whole);
    }
    let sums = sandbox.sql("SELECT SUM(wins), SUM(losses) FROM agg_rep_day");
    assert_eq!(sums.rows, [["2", "1"]], "the good rows are in");
    let kept = sandbox.sql("SELECT DISTINCT reason, origin_line FROM ops_dead_letter");
    assert_eq!(kept.rows, [[reason, "4"]]);
    sandbox.fsck();
}

#[test]
fn a_row_with_too_few_fields_is_refused() {
    assert_line_4_is_refused("D9,ada,Pro", "malformed");
}

#[test]
fn a_date_that_is_none_is_refused() {
    assert_line_4_is_refused("D9,ada,a,Pro,New,2025-02-31,,,,USD", "bad_time");
}

#[test]
fn a_date_in_the_future_is_refused() {
    assert_line_4_is_refused("D9,ada,a,Pro,New,2190-02-01,,,,USD", "clock_skew");
}

#[test]
fn a_row_without_a_rep_is_refused() {
    assert_line_4_is_refused("D9,,a,Pro,New,2025-02-20,,,,USD", "missing_field");
}

#[test]
fn an_amount_that_is_none_is_refused_and_its_deal_is_opened_all_the_same() {
    assert_line_4_is_refused("D9,ada,a,Pro,Won,2025-02-20,,2025-03-01,ten,USD", "bad_money");
}

#[test]
fn a_row_over_the_limit_is_refused() {
    let wide = format!("D9,ada,{},Pro,New,2025-02-20,,,,USD", "x".repeat(70_000));
    assert_line_4_is_refused(&wide, "too_large");
}

/// Imports with the deals mapping after a change of its text; the fault must be named with the file and that word.
#[track_caller]
fn assert_mapping_is_refused(from: &str, to: &str, word: &str) {
    let sandbox = floor();
    let text = fs::read_to_string(own_mapping("deals.toml")).expect("the mapping is there");
    assert!(text.contains(from), "`{from}` is not in the mapping");
    let mapping = sandbox.file("bad.toml", text.replacen(from, to, 1));
    let finished = import(&sandbox, &sandbox.file("deals.csv", deals_csv(&[good("D1")])), &mapping);
    assert_eq!(finished.code, USAGE, "{finished:?}");
    assert!(
        finished.stderr.contains("bad.toml") && finished.stderr.contains(word),
        "{}",
        finished.stderr
    );
    assert_eq!(sandbox.sql("SELECT COUNT(*) FROM fct_deal").number(), 0);
}

#[test]
fn a_mapping_with_an_unknown_type_is_refused() {
    assert_mapping_is_refused("deal.won", "deal.exploded", "deal.exploded");
}

#[test]
fn a_mapping_with_an_unknown_key_is_refused() {
    assert_mapping_is_refused("rep_namespace =", "rep_namepsace =", "rep_namepsace");
}

#[test]
fn a_mapping_with_an_unknown_field_is_refused() {
    assert_mapping_is_refused("product_id = ", "produkt_id = ", "produkt_id");
}

#[test]
fn a_mapping_without_a_required_field_is_refused() {
    assert_mapping_is_refused("rep_id = \"rep\"", "", "rep_id");
}

#[test]
fn a_missing_column_is_named_beside_those_that_exist() {
    let sandbox = floor();
    let text = deals_csv(&[good("D1")]).replacen("amount", "sum", 1);
    let finished = import(&sandbox, &sandbox.file("deals.csv", text), &own_mapping("deals.toml"));
    assert!(matches!(finished.code, Some(1 | 2)), "{finished:?}");
    for word in ["deals.csv", "amount", "sum", "currency"] {
        assert!(
            finished.stderr.contains(word),
            "`{word}` is not in: {}",
            finished.stderr
        );
    }
}

#[test]
fn a_file_that_is_not_there_is_named() {
    let sandbox = floor();
    let finished = import(&sandbox, Path::new("nowhere.csv"), &own_mapping("deals.toml"));
    assert!(matches!(finished.code, Some(1 | 2)), "{finished:?}");
    assert!(finished.stderr.contains("nowhere.csv"), "{}", finished.stderr);
}

#[test]
fn a_dry_run_counts_and_writes_nothing() {
    let sandbox = floor();
    let text = deals_csv(&[good("D1"), good("D2")]) + "D9,ada,a,Pro,New,2025-02-31,,,,USD\n";
    let file = sandbox.file("deals.csv", text);
    let mut words = Sandbox::import_words(&[&file], &own_mapping("deals.toml"));
    words.push("--dry-run".into());
    let finished = sandbox.run(&words);
    assert_eq!(finished.code, FOUND_WANTING, "{finished:?}");
    assert_eq!(sandbox.sql("SELECT COUNT(*) FROM fct_deal").number(), 0);
    assert_eq!(sandbox.sql("SELECT COUNT(*) FROM ops_dead_letter").number(), 0);
    let report = sandbox.import(&[&file], &own_mapping("deals.toml"));
    assert!(!report.duplicate_file && report.published == 4, "{}", report.whole);
}

#[test]
fn statements_that_write_are_refused() {
    let sandbox = floor();
    for statement in [
        "CREATE TABLE x AS SELECT 1",
        "DROP VIEW fct_deal",
        "COPY (SELECT 1) TO 'x.csv'",
    ] {
        let finished = sandbox.run(&["sql", statement]);
        assert!(matches!(finished.code, Some(1 | 2)), "{statement}: {finished:?}");
        assert!(finished.stdout.is_empty(), "{statement}: {}", finished.stdout);
    }
}

#[test]
fn a_bad_setting_is_named_with_its_file() {
    let sandbox = Sandbox::with_config("[snapshots]\ncheckpoint_every = \"soon\"\n");
    let finished = sandbox.run(&["config", "check"]);
    assert_eq!(finished.code, USAGE, "{finished:?}");
    assert!(
        finished.stderr.contains("snapshots.checkpoint_every"),
        "{}",
        finished.stderr
    );
    assert!(finished.stderr.contains("config.toml"), "{}", finished.stderr);
}

#[test]
fn one_file_that_the_mapping_is_not_for_keeps_the_others_out_too() {
    let sandbox = floor();
    let deals = sandbox.file("deals.csv", deals_csv(&[good("D1")]));
    let others = sandbox.file("others.csv", "a\tb\n1\t2\n");
    let finished = sandbox.run(&Sandbox::import_words(&[&deals, &others], &own_mapping("deals.toml")));
    assert_eq!(finished.code, USAGE, "{finished:?}");
    assert!(finished.stderr.contains("others.csv"), "{}", finished.stderr);
    assert!(finished.stderr.contains("`delimiter`"), "{}", finished.stderr);
    let report = sandbox.import(&[&deals], &own_mapping("deals.toml"));
    assert!(!report.duplicate_file && report.published > 0, "{}", report.whole);
}

#[test]
fn a_key_of_customers_that_is_gone_is_not_made_anew() {
    let sandbox = Sandbox::new();
    let import = |file: &Path| {
        let mut command = sandbox.command(&Sandbox::import_words(&[file], &own_mapping("deals.toml")));
        command.env_remove("PACELINE__PEPPER_FILE").output().expect("it runs")
    };
    let first = import(&sandbox.file("deals.csv", deals_csv(&[good("D1")])));
    assert_eq!(first.status.code(), Some(0), "{first:?}");
    fs::remove_file(sandbox.data().join("pepper")).expect("it was made at the first import");
    let refused = import(&sandbox.file("more.csv", deals_csv(&[good("D2")])));
    assert_eq!(refused.status.code(), Some(1), "{refused:?}");
    assert!(
        String::from_utf8_lossy(&refused.stderr).contains("pepper"),
        "{refused:?}"
    );
    assert_eq!(sandbox.sql("SELECT COUNT(*) FROM fct_deal").number(), 1);
}

#[test]
fn what_is_not_there_is_said_to_be_none() {
    let sandbox = floor();
    let nothing = sandbox.run(&["dead-letters", "show", "ffff"]);
    assert_eq!(nothing.code, USAGE, "{nothing:?}");
    assert!(nothing.stderr.contains("ffff"), "{}", nothing.stderr);
    let elsewhere = sandbox.file("note.txt", "no data");
    let folder = elsewhere.parent().and_then(Path::to_str).expect("a folder");
    let no_data = Sandbox::new().over(Path::new(folder)).run(&["fsck"]);
    assert_eq!(no_data.code, USAGE, "{no_data:?}");
}
