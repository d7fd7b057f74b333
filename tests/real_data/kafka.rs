//! The same files over a real Kafka with four partitions.

use std::env;
use std::io::{self, Write as _};

use std::fs;
use std::path::Path;

use paceline_tests::emitter::{connection, produce, records, unique};
use paceline_tests::sandbox::{DEADLINE, Dump, Sandbox, mapping};

use crate::bank::{assert_days, with_dates};
use crate::crm::{ROWS, UNDATED, baseline};
use crate::data_set;

/// The broker, or nothing, with a note, where there is none.
#[expect(
    clippy::disallowed_methods,
    reason = "whoever runs the test says here where the broker is"
)]
fn broker() -> Option<String> {
    let address = env::var("PACELINE_TEST_KAFKA").ok();
    if address.is_none() {
        writeln!(io::stderr(), "skipped: PACELINE_TEST_KAFKA names no broker").expect("standard error is open");
    }
    address
}

#[test]
#[ignore = "reads the data that PACELINE_REAL_DATA names, over the broker of PACELINE_TEST_KAFKA"]
fn files_imported_over_kafka_end_in_the_same_tables() {
    let (Some(base), Some(address)) = (baseline(), broker()) else {
        return;
    };
    let sandbox = Sandbox::on_kafka(&address);
    let teams = base.folder.join("sales_teams.csv");
    sandbox.import(&[&teams], &mapping("crm_maven_people.toml"));
    let report = sandbox.import(&[&base.folder.join("sales_pipeline.csv")], &mapping("crm_maven.toml"));
    assert_eq!((report.rows, report.rejected), (ROWS, UNDATED), "{}", report.whole);
    Dump::of(&sandbox).assert_same(&base.dump, "over Kafka");
    let windows = "SELECT * FROM snap_rep_window ORDER BY as_of, rep_id, \"window\", currency";
    assert_eq!(sandbox.sql(windows).rows, base.sandbox.sql(windows).rows);
    sandbox.fsck();
}

/// The bank's calls with the number of each row, by which a call is known when it comes again.
fn numbered_calls(folder: &Path) -> String {
    let text = fs::read_to_string(folder.join("bank-full.csv")).expect("the file is there");
    let dated = with_dates(&text);
    let lines = dated.lines().enumerate();
    let numbered = lines.map(|(number, line)| match number {
        0 => format!("\"row\";{line}\n"),
        _ => format!("{number};{line}\n"),
    });
    numbered.collect()
}

fn by_row(mapping_text: &str) -> String {
    mapping_text.replacen("delimiter = \";\"\n", "delimiter = \";\"\nentity = [\"row\"]\n", 1)
}

#[test]
#[ignore = "reads the data that PACELINE_REAL_DATA names, over the broker of PACELINE_TEST_KAFKA"]
fn calls_and_deals_produced_to_two_topics_end_in_the_same_tables() {
    let (Some(base), Some(bank), Some(address)) = (baseline(), data_set("bank_marketing"), broker()) else {
        return;
    };
    let calls = numbered_calls(&bank);
    let calls_mapping = by_row(&fs::read_to_string(mapping("bank_calls.toml")).expect("the mapping is there"));
    let embedded = base.sandbox.copy();
    let calls_mapping = embedded.file("bank_calls.toml", calls_mapping);
    let report = embedded.import(&[&embedded.file("bank.csv", &calls)], &calls_mapping);
    assert_eq!((report.rows, report.rejected), (45_211, 0), "{}", report.whole);

    let topics = ["calls", "deals"].map(|name| format!("{name}-{}", unique()));
    let settings = connection("bank", &topics[0], Some(&calls_mapping))
        + &connection("crm", &topics[1], Some(&mapping("crm_maven.toml")))
        + "[snapshots]\ncheckpoint_every = \"1s\"\n[ingest]\ntick_every = \"1s\"\n";
    let sandbox = Sandbox::on_kafka_with(&address, &settings);
    let teams = base.folder.join("sales_teams.csv");
    sandbox.import(&[&teams], &mapping("crm_maven_people.toml"));
    let mut serving = sandbox.start(&["run"]);
    let deals = fs::read(base.folder.join("sales_pipeline.csv")).expect("the file is there");
    let mut all = records(&deals, b',', &topics[1], "opportunity_id");
    all.extend(records(calls.as_bytes(), b';', &topics[0], "row"));
    let partitions = topics.each_ref().map(|topic| format!("{topic}:4"));
    produce(Path::new(env!("CARGO_TARGET_TMPDIR")), &address, &partitions, &all);
    for (view, wanted) in [
        ("fct_call", 45_211),
        ("fct_deal", ROWS - UNDATED),
        ("ops_dead_letter", UNDATED),
    ] {
        let statement = format!("SELECT COUNT(*) FROM {view}");
        serving.wait_until(&statement, DEADLINE, || {
            let answer = sandbox.run(&["sql", "--format", "csv", &statement]);
            answer.code == Some(0) && answer.stdout.lines().nth(1) == Some(wanted.to_string().as_str())
        });
    }
    // Once nothing more comes, the last day has begun everywhere.
    let last_day = "SELECT COUNT(*) FROM agg_rep_window WHERE as_of = DATE '2017-12-31'";
    let wanted = embedded.sql(last_day).number();
    serving.wait_until("the last day", DEADLINE, || sandbox.sql(last_day).number() == wanted);
    let stopped = serving.stop();
    assert_eq!(stopped.code, Some(0), "{}", stopped.stderr);
    Dump::of(&sandbox).assert_same(&Dump::of(&embedded), "produced to two topics");
    assert_days(&sandbox, &bank);
    sandbox.fsck();
}
