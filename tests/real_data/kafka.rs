//! The same files over a real Kafka with four partitions.

use std::env;
use std::io::{self, Write as _};

use paceline_tests::sandbox::{Dump, Sandbox, mapping};

use crate::crm::{ROWS, UNDATED, baseline};

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
