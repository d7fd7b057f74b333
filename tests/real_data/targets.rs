//! Targets over files that others made: a goal for the agents of crm_maven, a sheet of targets for the sellers of
//! adventureworks.

use std::collections::BTreeMap;
use std::io::{self, Write as _};

use paceline_tests::sandbox::{Sandbox, mapping, root};

use crate::crm::baseline;
use crate::data_set;

/// The month ends of the last year with results.
const ENDS: [&str; 12] = [
    "2019-06-30",
    "2019-07-31",
    "2019-08-31",
    "2019-09-30",
    "2019-10-31",
    "2019-11-30",
    "2019-12-31",
    "2020-01-31",
    "2020-02-29",
    "2020-03-31",
    "2020-04-30",
    "2020-05-31",
];

#[test]
#[ignore = "reads the data that PACELINE_REAL_DATA names"]
fn twelve_million_are_divided_over_offices_managers_and_agents_and_each_of_them_is_explained() {
    let Some(base) = baseline() else { return };
    let sandbox = base.sandbox.copy();
    let goal = root().join("deploy/goals/crm_maven_2018.toml");
    let goal = goal.to_str().expect("text");
    let planned = sandbox.targets(&["plan", "--goal", goal, "--by", "anna", "--decided-at", "2017-12-20"]);
    sandbox.approve(&planned.proposal(), "2017-12-22");
    let total = sandbox.sql(
        "SELECT SUM(value) FROM tgt_target WHERE metric = 'revenue_minor' AND lock IS NULL AND superseded_at IS NULL",
    );
    assert_eq!(total.number(), 1_200_000_000);
    let agents = sandbox.sql("SELECT COUNT(DISTINCT node_id) FROM tgt_target WHERE node_kind = 'rep' AND lock IS NULL");
    assert_eq!(agents.number(), 35);
    for (kind, periods) in [("month", 12), ("quarter", 4), ("year", 1)] {
        let sums = sandbox.sql(&format!(
            "SELECT COUNT(*), SUM(value) FROM tgt_target_sum WHERE node_id = 'company' AND metric = 'revenue_minor' \
             AND period_kind = '{kind}'"
        ));
        assert_eq!(sums.rows, [[periods.to_string(), "1200000000".to_owned()]], "{kind}");
    }
    let told = sandbox.targets(&["recalibrate", "--as-of", "2017-12-31"]);
    assert_eq!(told.number("written"), 70, "{}", told.notes());
    writeln!(io::stderr(), "note: crm_maven as of 2017-12-31: {}", told.notes()).expect("standard error is open");
    for row in told.whole["rows"].as_array().expect("rows") {
        let target = row[0].as_str().expect("target");
        let (outcome, reason) = (row[1].as_str().expect("outcome"), row[2].as_str().expect("reason"));
        assert!(!outcome.is_empty() && !reason.is_empty(), "{row}");
        for language in ["en", "zh"] {
            let page = sandbox.succeed(&["targets", "explain", target, "--lang", language]);
            assert!(page.contains("2017-12-31"), "{page}");
        }
    }
    // Nobody can be told anything about who has no deal at all.
    let silent =
        sandbox.sql("SELECT DISTINCT outcome, reason_code FROM tgt_adjustment WHERE evidence_n = 0 ORDER BY 1, 2");
    assert_eq!(silent.rows, [["kept", "insufficient_evidence"]]);
    assert_eq!(sandbox.targets(&["verify"]).code, Some(0));
    sandbox.fsck();
}

#[test]
#[ignore = "reads the data that PACELINE_REAL_DATA names"]
fn the_sellers_of_adventureworks_are_recalibrated_month_by_month_and_later_files_change_no_decision() {
    let Some(folder) = data_set("adventureworks_sales") else {
        return;
    };
    let sandbox = Sandbox::new();
    let import = |file: &str, by: &str| sandbox.import(&[&folder.join(file)], &mapping(by));
    assert_eq!(import("salespeople.csv", "adventureworks_people.toml").rejected, 0);
    assert_eq!(
        import("FactResellerSales_to_202005.csv", "adventureworks.toml").rejected,
        0
    );
    let (sheet, by) = (
        folder.join("ResellerSalesTargets.utf16.csv"),
        mapping("adventureworks_targets.toml"),
    );
    let (sheet, by) = (sheet.to_str().expect("text"), by.to_str().expect("text"));
    let told = sandbox.targets(&[
        "import",
        sheet,
        "--mapping",
        by,
        "--by",
        "sheet",
        "--decided-at",
        "2017-06-15",
    ]);
    let notes = told.notes();
    // The typing errors are announced, and so are the managers whose targets are those of their people.
    assert!(notes.contains("look at") && notes.contains("is the sum of"), "{notes}");
    for row in told.whole["rows"].as_array().expect("proposals") {
        sandbox.approve(row[0].as_str().expect("a name"), "2017-06-20");
    }
    let cells = sandbox.sql(
        "SELECT COUNT(*) FROM tgt_target WHERE node_kind = 'rep' AND lock IS NULL AND status IN ('approved', 'active')",
    );
    assert_eq!(cells.number(), 809);
    let mut outcomes: BTreeMap<(String, String), usize> = BTreeMap::new();
    for as_of in ENDS {
        let told = sandbox.targets(&["recalibrate", "--as-of", as_of]);
        assert!(told.number("written") > 0, "{as_of}: {}", told.notes());
        for row in told.whole["rows"].as_array().expect("rows") {
            let text = |at: usize| row[at].as_str().unwrap_or_default().to_owned();
            *outcomes.entry((text(1), text(2))).or_default() += 1;
        }
    }
    writeln!(io::stderr(), "note: adventureworks, twelve month ends: {outcomes:?}").expect("standard error is open");
    let bare = sandbox.sql(
        "SELECT COUNT(*) FROM tgt_adjustment WHERE outcome IN ('applied', 'proposed') \
         AND (evidence_n < 20 OR confirmations < 2 OR inputs_sha256 IS NULL)",
    );
    assert_eq!(bare.number(), 0, "a change without its evidence");
    let decisions = sandbox.decisions();
    assert_eq!(
        import("ResellerSales_202006.utf16.csv", "adventureworks_utf16.toml").rejected,
        0
    );
    for as_of in ENDS {
        assert_eq!(
            sandbox.targets(&["recalibrate", "--as-of", as_of]).number("written"),
            0,
            "{as_of}"
        );
    }
    assert_eq!(sandbox.decisions(), decisions);
    assert_eq!(sandbox.targets(&["verify"]).code, Some(0));
}
