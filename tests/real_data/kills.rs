//! An import that dies without warning, and the same command again.

use std::time::Duration;

use paceline_tests::Random;
use paceline_tests::sandbox::{Dump, Sandbox, mapping};

use crate::crm::baseline;

/// Each round kills twice and then lets the command end.
const ROUNDS: u64 = 10;

#[test]
#[ignore = "reads the data that PACELINE_REAL_DATA names"]
fn an_import_killed_at_20_moments_ends_in_the_same_tables() {
    let Some(base) = baseline() else { return };
    let words = Sandbox::import_words(&[&base.folder.join("sales_pipeline.csv")], &mapping("crm_maven.toml"));
    let whole = i64::try_from(base.took.as_millis()).expect("an import is short");
    let mut killed = 0;
    for seed in 0..ROUNDS {
        let mut random = Random::new(seed);
        let sandbox = base.people.copy();
        for _ in 0..2 {
            let moment = u64::try_from(random.between(10, whole)).expect("a moment");
            let ended = sandbox.start(&words).kill_after(Duration::from_millis(moment));
            killed += i32::from(ended.is_none());
            sandbox.fsck();
        }
        let finished = sandbox.run(&words);
        assert_eq!(
            finished.code.map(|code| code == 0 || code == 3),
            Some(true),
            "seed {seed}: {finished:?}"
        );
        Dump::of(&sandbox).assert_same(&base.dump, &format!("killed with seed {seed}"));
        let snapshot = "SELECT * FROM snap_rep_window";
        let expected = base.sandbox.sql(snapshot).sorted();
        sandbox
            .sql(snapshot)
            .assert_rows(&format!("snapshot after seed {seed}"), expected);
        sandbox.fsck();
    }
    assert!(
        killed >= 10,
        "only {killed} imports were still running when they were to be killed"
    );
}
