//! `dead-letters replay`: the rows of the very file that was refused, through what is known by now.

use std::fs;

use paceline_tests::sandbox::Sandbox;

use crate::deals_file::own_mapping;

const HEAD: &str = "deal,rep,account,product,currency,stage,opened,closed,changed,amount\n";

fn row(deal: &str, amount: &str) -> String {
    format!("{deal},ada,acme,basic,USD,Won,2025-01-01,2025-02-01,,{amount}\n")
}

fn resolutions(sandbox: &Sandbox) -> Vec<String> {
    let table = sandbox.sql("SELECT resolution FROM ops_dead_letter ORDER BY origin_line");
    table.rows.into_iter().map(|mut row| row.remove(0)).collect()
}

#[test]
fn another_file_at_the_same_path_resolves_nothing() {
    let sandbox = Sandbox::new();
    let file = sandbox.file("deals.csv", format!("{HEAD}{}{}", row("A1", "abc"), row("A2", "5.00")));
    assert_eq!(sandbox.import(&[&file], &own_mapping("deals.toml")).rejected, 1);
    let refused = fs::read(&file).expect("readable");
    for other in [
        HEAD.to_owned(),
        format!("{HEAD}{}", row("B1", "7.00")),
        "a,b\n".to_owned(),
    ] {
        sandbox.file("deals.csv", other);
        let said = sandbox.run(&["dead-letters", "replay"]);
        assert!(said.stderr.contains("stay open"), "{}", said.stderr);
        assert_eq!(resolutions(&sandbox), ["open"]);
    }
    assert_eq!(sandbox.sql("SELECT SUM(wins) FROM agg_rep_day").number(), 1);
    sandbox.file("deals.csv", refused);
    assert_eq!(sandbox.run(&["dead-letters", "replay"]).code, Some(3));
    assert_eq!(resolutions(&sandbox), ["failed_again"]);
    sandbox.fsck();
}

#[test]
fn a_mended_mapping_resolves_what_the_wrong_one_refused() {
    let sandbox = Sandbox::new();
    let file = sandbox.file("deals.csv", format!("{HEAD}{}{}", row("A1", "5.00"), row("A2", "6.00")));
    let right = fs::read_to_string(own_mapping("deals.toml")).expect("a mapping");
    let mapping = sandbox.file("deals.toml", right.replace("%Y-%m-%d", "%m-%d-%Y"));
    let refused = sandbox.import(&[&file], &mapping).rejected;
    assert!(refused >= 2, "{refused}");
    sandbox.file("deals.toml", right);
    let mended = sandbox.import(&[&file], &mapping);
    assert_eq!(mended.rejected, 0);
    sandbox.succeed(&["dead-letters", "replay"]);
    assert!(resolutions(&sandbox).iter().all(|resolution| resolution == "replayed"));
    assert_eq!(sandbox.sql("SELECT SUM(wins) FROM agg_rep_day").number(), 2);
    sandbox.fsck();
}

#[test]
fn a_report_that_cannot_be_printed_is_refused_before_anything_is_done() {
    let sandbox = Sandbox::new();
    let file = sandbox.file("deals.csv", format!("{HEAD}{}", row("A1", "5.00")));
    let mapping = own_mapping("deals.toml");
    let words = [
        "import",
        file.to_str().expect("text"),
        "--mapping",
        mapping.to_str().expect("text"),
    ];
    let refused = sandbox.run(&[&words[..], &["--format", "parquet"]].concat());
    assert_eq!(refused.code, Some(2), "{}", refused.stderr);
    assert!(!sandbox.data().join("imports").exists());
}

#[test]
fn a_directory_without_its_log_is_damaged() {
    let sandbox = Sandbox::new();
    let file = sandbox.file("deals.csv", format!("{HEAD}{}", row("A1", "5.00")));
    sandbox.import(&[&file], &own_mapping("deals.toml"));
    fs::remove_dir_all(sandbox.data().join("log")).expect("removed");
    let found = sandbox.run(&["fsck"]);
    assert_eq!(found.code, Some(3), "{}", found.stdout);
    assert!(found.stdout.contains("damage: log:"), "{}", found.stdout);
}
