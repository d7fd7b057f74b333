//! Whole runs on a healthy disk.

use std::collections::BTreeMap;

use paceline_schemas::time::Day;
use paceline_snapshots::jobs::{Job, Outcome, replace_table};
use paceline_snapshots::maintain::{Upkeep, collect, compact, tidy};
use paceline_snapshots::manifest::Sequence;
use paceline_snapshots::stats::Bound;
use paceline_snapshots::{Error, Reader, Store, Tables, Unit, Which, announce, publish};
use uuid::Uuid;

use crate::support::*;

const SHARD: Unit = Unit::Shard(0);

#[tokio::test(flavor = "multi_thread")]
async fn rows_of_two_units_are_published_once_in_shared_commits() {
    let folder = folder();
    let store = healthy(&folder.root);
    let (mut tables, mut first, opened) = open(&store, 1, SHARD).await.expect("open");
    assert_eq!(
        (opened.state, opened.state_next, opened.next, opened.epoch.0),
        (None, 0, 0, 1)
    );
    let (mut second, _) = claim(&mut tables, 1, Unit::Shard(1)).await.expect("claim");
    for end in [10, 20] {
        first
            .checkpoint(&checkpoint_input(SHARD, end - 10..end, false), at(1))
            .await
            .expect("checkpoint");
    }
    second
        .checkpoint(&checkpoint_input(Unit::Shard(1), 0..5, false), at(1))
        .await
        .expect("checkpoint");
    let set = publish(&mut tables, &mut [&mut first, &mut second], at(2))
        .await
        .expect("publish");
    let again = publish(&mut tables, &mut [&mut first, &mut second], at(3))
        .await
        .expect("publish");
    assert_eq!(set, again);
    let counted = count(&store).await;
    assert_eq!(
        counted,
        Counted {
            files: counted.files,
            ..expected(&[(SHARD, 20), (Unit::Shard(1), 5)])
        }
    );
    let read = read(&store).await;
    assert_eq!(read.set_id, set);
    assert_eq!(read.tables["fct_call_event"].version, 1);
    let seq = BTreeMap::from([(SHARD, Sequence(2)), (Unit::Shard(1), Sequence(1))]);
    assert_eq!(read.tables["fct_call_event"].seq, seq);
    assert_eq!(read.watermark(), Some(paceline_schemas::time::Instant(AT.0 + 5)));
}

#[tokio::test(flavor = "multi_thread")]
async fn statistics_and_partitions_of_files_reach_the_reader() {
    let folder = folder();
    let store = healthy(&folder.root);
    let (mut tables, mut owner, _) = open(&store, 1, SHARD).await.expect("open");
    let days = 60 * PER_DAY;
    owner
        .checkpoint(&checkpoint_input(SHARD, 0..days, false), at(1))
        .await
        .expect("checkpoint");
    publish(&mut tables, &mut [&mut owner], at(2)).await.expect("publish");
    let set = read(&store).await;
    let facts = &set.tables["fct_call_event"];
    assert!(facts.files.len() > 1);
    for file in &facts.files {
        let month = &file.partition_values["business_month"];
        let stats = file.stats.as_ref().expect("statistics");
        let (min, max) = stats.dates("business_date");
        assert_eq!(
            (min.map(Day::month).as_ref(), max.map(Day::month).as_ref()),
            (Some(month), Some(month))
        );
        assert_eq!(stats.columns["shard"].min, Some(Bound::BigInt(0)));
        assert!(file.path.contains(&format!("business_month={month}/")));
    }
    assert!(
        set.tables["agg_rep_day"]
            .files
            .iter()
            .all(|file| file.partition_values.is_empty())
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_owner_resumes_from_the_state_and_passes_the_manifests_after_it() {
    let folder = folder();
    let store = healthy(&folder.root);
    let (mut tables, mut owner, _) = open(&store, 1, SHARD).await.expect("open");
    for (n, end) in [10, 20, 30].into_iter().enumerate() {
        owner
            .checkpoint(&checkpoint_input(SHARD, end - 10..end, n == 1), at(1))
            .await
            .expect("checkpoint");
    }
    publish(&mut tables, &mut [&mut owner], at(2)).await.expect("publish");
    let (_, next, opened) = open(&store, 2, SHARD).await.expect("open");
    assert_eq!(opened.state.as_deref(), Some(b"state of 0 at 20".as_slice()));
    assert_eq!((opened.state_next, opened.next, opened.epoch.0), (20, 30, 2));
    assert_eq!(
        opened
            .replay
            .iter()
            .map(|passed| (passed.from, passed.next))
            .collect::<Vec<_>>(),
        [(20, 30)]
    );
    assert_eq!(opened.books.consumed, 10);
    assert_eq!((next.next(), opened.warnings.len()), (30, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_state_falls_back_to_the_older_one_then_to_the_start() {
    let folder = folder();
    let store = healthy(&folder.root);
    let (_tables, mut owner, _) = open(&store, 1, SHARD).await.expect("open");
    for end in [10, 20] {
        owner
            .checkpoint(&checkpoint_input(SHARD, end - 10..end, true), at(1))
            .await
            .expect("checkpoint");
    }
    let states = store.list("shards/0/state").await.expect("states");
    for (damaged, expected) in states.iter().rev().zip([10, 0]) {
        let file = folder.root.join(&damaged.path);
        let mut bytes = std::fs::read(&file).expect("state");
        bytes[3] ^= 1;
        std::fs::write(&file, bytes).expect("damage");
        let (_, _, opened) = open(&store, 2, SHARD).await.expect("open");
        assert_eq!((opened.state_next, opened.next), (expected, 20));
        assert!(!opened.warnings.is_empty());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_superseded_owner_commits_nothing_and_a_new_claim_goes_on_top() {
    let folder = folder();
    let store = healthy(&folder.root);
    let (mut tables, mut sleeper, _) = open(&store, 1, SHARD).await.expect("open");
    sleeper
        .checkpoint(&checkpoint_input(SHARD, 0..10, false), at(1))
        .await
        .expect("checkpoint");
    let (mut owner, opened) = claim(&mut tables, 2, SHARD).await.expect("claim");
    assert_eq!(opened.next, 10);
    let lost = sleeper.checkpoint(&checkpoint_input(SHARD, 10..20, false), at(2)).await;
    assert!(lost.is_err_and(|error| error.is_superseded()));
    owner
        .checkpoint(&checkpoint_input(SHARD, 10..15, false), at(3))
        .await
        .expect("checkpoint");
    publish(&mut tables, &mut [&mut owner], at(4)).await.expect("publish");
    publish(&mut tables, &mut [&mut sleeper], at(5))
        .await
        .expect_err("a sleeper that publishes after others went on");
    let counted = count(&store).await;
    assert_eq!(
        counted,
        Counted {
            files: counted.files,
            ..expected(&[(SHARD, 15)])
        }
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn manifests_that_were_cut_off_stop_the_start() {
    let folder = folder();
    let store = healthy(&folder.root);
    let (mut tables, mut owner, _) = open(&store, 1, SHARD).await.expect("open");
    owner
        .checkpoint(&checkpoint_input(SHARD, 0..10, false), at(1))
        .await
        .expect("checkpoint");
    publish(&mut tables, &mut [&mut owner], at(2)).await.expect("publish");
    std::fs::remove_dir_all(folder.root.join("shards")).expect("cut");
    let halted = open(&store, 2, SHARD).await.expect_err("halt");
    assert!(matches!(halted, Error::Halt { .. }), "{halted}");
}

#[tokio::test(flavor = "multi_thread")]
async fn compaction_keeps_sums_and_rows_and_leaves_few_files() {
    let folder = folder();
    let store = healthy(&folder.root);
    let (mut tables, mut owner, _) = open(&store, 1, SHARD).await.expect("open");
    for end in 1..=20 {
        owner
            .checkpoint(&checkpoint_input(SHARD, end - 1..end, false), at(1))
            .await
            .expect("checkpoint");
        if end % 5 == 0 {
            publish(&mut tables, &mut [&mut owner], at(2)).await.expect("publish");
        }
    }
    let before = count(&store).await;
    let pinned = read(&store).await.set_id;
    let compacted = compact(&mut tables, at(60), AT, at(60)).await.expect("compact");
    assert!(compacted.merged > 50, "{compacted:?}");
    announce(&mut tables, &[], at(60)).await.expect("announce");
    let after = count(&store).await;
    assert!(after.files <= 12, "{}", after.files);
    assert_eq!(Counted { files: 0, ..after }, Counted { files: 0, ..before });
    let again = compact(&mut tables, at(60), AT, at(61)).await.expect("compact");
    assert_eq!(again.merged, 0, "{again:?}");
    let old = Reader::new(store.clone(), &CONTRACT)
        .load(Which::Set(pinned))
        .await
        .expect("pinned set");
    assert_eq!(old.set_id, pinned);
    assert!(old.tables["fct_call_event"].files.len() >= 20);
    owner
        .checkpoint(&checkpoint_input(SHARD, 20..21, false), at(61))
        .await
        .expect("checkpoint");
    publish(&mut tables, &mut [&mut owner], at(62)).await.expect("publish");
    assert_eq!(count(&store).await.facts.len(), 21);
}

#[tokio::test(flavor = "multi_thread")]
async fn tidying_writes_checkpoints_and_removes_what_nobody_can_read() {
    let folder = folder();
    let store = healthy(&folder.root);
    let (mut tables, mut owner, _) = open(&store, 1, SHARD).await.expect("open");
    for end in 1..=13 {
        owner
            .checkpoint(&checkpoint_input(SHARD, end - 1..end, end % 3 == 0), at(1))
            .await
            .expect("checkpoint");
        publish(&mut tables, &mut [&mut owner], at(2)).await.expect("publish");
    }
    compact(&mut tables, at(60), AT, at(60)).await.expect("compact");
    announce(&mut tables, &[], at(60)).await.expect("announce");
    let tidied = tidy(
        &mut tables,
        Upkeep {
            retention_us: 0,
            commits_per_checkpoint: 5,
        },
        much_later(),
    )
    .await
    .expect("tidy");
    assert!(tidied.checkpoints >= 4, "{tidied:?}");
    assert!(tidied.log_entries > 30 && tidied.files > 30, "{tidied:?}");
    let collected = collect(&mut tables, much_later()).await.expect("collect");
    assert!(collected.states == 1, "{collected:?}");
    let counted = count(&store).await;
    assert_eq!(
        counted,
        Counted {
            files: counted.files,
            ..expected(&[(SHARD, 13)])
        }
    );
    let (mut tables, mut owner, opened) = open(&store, 2, SHARD).await.expect("open");
    assert_eq!(opened.next, 13);
    owner
        .checkpoint(&checkpoint_input(SHARD, 13..14, false), at(61))
        .await
        .expect("checkpoint");
    publish(&mut tables, &mut [&mut owner], at(62)).await.expect("publish");
    assert_eq!(count(&store).await.facts.len(), 14);
    let left = store.list("").await.expect("list");
    assert!(left.len() < 90, "{} objects are left", left.len());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_replaces_its_dates_once_per_set_and_keeps_the_others() {
    let folder = folder();
    let store = healthy(&folder.root);
    let mut tables = Tables::open(&store, &CONTRACT, Uuid::from_u128(1), AT)
        .await
        .expect("tables");
    let dates: Vec<Day> = (0..40).map(|n| day(n * PER_DAY)).collect();
    let run = async |tables: &mut Tables, set: u64, dates: &[Day]| {
        let job = Job {
            table: "snap_rep_window",
            name: "snap-rep-window",
            set,
        };
        let mut committed = 0;
        for (month, due) in job.due(tables, dates).await.expect("due") {
            let Some(mut open) = job.begin(tables, &month, &due).await.expect("begin") else {
                continue;
            };
            for day in open.due().to_vec() {
                let first = u64::try_from(day.0 - dates[0].0).expect("after the first") * PER_DAY;
                let first = first + u64::try_from(dates[0].0 - self::day(0).0).expect("after") * PER_DAY;
                open.write(day, &rows(contract("snap_rep_window"), SHARD, first..first + 2))
                    .await
                    .expect("write");
            }
            assert!(matches!(
                open.commit(tables, at(1)).await.expect("commit"),
                Outcome::Committed(_)
            ));
            committed += due.len();
        }
        committed
    };
    assert_eq!(run(&mut tables, 5, &dates[..10]).await, 10);
    assert_eq!(run(&mut tables, 5, &dates[..10]).await, 0);
    assert_eq!(run(&mut tables, 4, &dates[..10]).await, 0);
    assert_eq!(run(&mut tables, 6, &dates[8..]).await, 32);
    assert_eq!(run(&mut tables, 5, &dates).await, 0);
    announce(&mut tables, &[], at(2)).await.expect("announce");
    let set = Reader::new(store.clone(), &CONTRACT)
        .load(Which::Latest)
        .await
        .expect("set");
    let found = batches(&store, &set, "snap_rep_window").await;
    assert_eq!(found.iter().map(arrow::array::RecordBatch::num_rows).sum::<usize>(), 80);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_table_that_is_replaced_changes_only_when_its_rows_do() {
    let folder = folder();
    let store = healthy(&folder.root);
    let mut tables = Tables::open(&store, &CONTRACT, Uuid::from_u128(1), AT)
        .await
        .expect("tables");
    let content = |count| rows(contract("dim_metric"), SHARD, 0..count);
    for (count, changes) in [(3, true), (3, false), (4, true), (0, true), (0, false), (3, true)] {
        let changed = replace_table(&mut tables, "dim_metric", &content(count), None, at(1))
            .await
            .expect("replace");
        assert_eq!(changed, changes, "{count}");
    }
    let set = Reader::new(store.clone(), &CONTRACT)
        .load(Which::Latest)
        .await
        .expect("set");
    assert_eq!((set.set_id, set.tables["dim_metric"].files.len()), (0, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn all_tables_of_the_contract_are_there_before_the_first_row() {
    let folder = folder();
    let store = Store::local(&folder.root, true).expect("store");
    Tables::open(&store, paceline_schemas::tables::all(), Uuid::from_u128(1), AT)
        .await
        .expect("tables");
    let set = paceline_snapshots::PublishedSet::load(&store, Which::Latest)
        .await
        .expect("set");
    assert_eq!(set.unavailable, BTreeMap::new());
    assert_eq!(set.tables.len(), paceline_schemas::tables::stored().count());
    assert!(set.tables.values().all(|table| table.files.is_empty()));
    let entry = store
        .need("tables/agg_rep_day/_delta_log/00000000000000000000.json")
        .await
        .expect("entry");
    let text = String::from_utf8(entry.to_vec()).expect("text");
    assert!(
        text.contains("Increments of a rep's business date") && text.contains("ISO 4217 code"),
        "{text}"
    );
}
