//! What `fsck` says of clean, worn and damaged data.

use std::path::Path;

use paceline_snapshots::fsck::{Depth, Report, Severity, fsck};
use paceline_snapshots::maintain::{Upkeep, collect, compact, tidy};
use paceline_snapshots::{Store, Unit, announce, publish};

use crate::support::*;

const SHARD: Unit = Unit::Shard(0);

async fn check(store: &Store, deep: bool) -> Report {
    fsck(store, &CONTRACT, Depth { deep, unit: None }, at(100))
        .await
        .expect("fsck")
}

/// Three published checkpoints with states, compacted, then one that waits.
async fn filled(root: &Path) -> Store {
    let store = healthy(root);
    let (mut tables, mut owner, _) = open(&store, 1, SHARD).await.expect("open");
    for end in [4, 8, 12] {
        owner
            .checkpoint(&checkpoint_input(SHARD, end - 4..end, true), at(1))
            .await
            .expect("checkpoint");
    }
    publish(&mut tables, &mut [&mut owner], at(2)).await.expect("publish");
    compact(&mut tables, at(60), AT, at(60)).await.expect("compact");
    announce(&mut tables, &[], at(60)).await.expect("announce");
    owner
        .checkpoint(&checkpoint_input(SHARD, 12..16, false), at(61))
        .await
        .expect("checkpoint");
    publish(&mut tables, &mut [&mut owner], at(62)).await.expect("publish");
    owner
        .checkpoint(&checkpoint_input(SHARD, 16..20, false), at(63))
        .await
        .expect("checkpoint");
    store
}

async fn paths(store: &Store, folder: &str, end: &str) -> Vec<String> {
    let entries = store.list(folder).await.expect("list");
    entries
        .into_iter()
        .map(|entry| entry.path)
        .filter(|path| path.ends_with(end))
        .collect()
}

fn flip(root: &Path, path: &str, position: usize) {
    let file = root.join(path);
    let mut bytes = std::fs::read(&file).expect("read");
    bytes[position] ^= 0x10;
    std::fs::write(&file, bytes).expect("write");
}

#[tokio::test(flavor = "multi_thread")]
async fn clean_data_has_no_finding_also_after_housekeeping() {
    let folder = folder();
    let store = filled(&folder.root).await;
    let before = check(&store, true).await;
    assert!(before.is_clean(), "{before:?}");
    assert!(before.manifests == 6 && before.files > 10, "{before:?}");
    let (mut tables, mut owner, _) = open(&store, 2, SHARD).await.expect("open");
    publish(&mut tables, &mut [&mut owner], at(64)).await.expect("publish");
    tidy(
        &mut tables,
        Upkeep {
            retention_us: 0,
            commits_per_checkpoint: 2,
        },
        much_later(),
    )
    .await
    .expect("tidy");
    collect(&mut tables, much_later()).await.expect("collect");
    for deep in [false, true] {
        let after = fsck(&store, &CONTRACT, Depth { deep, unit: None }, much_later())
            .await
            .expect("fsck");
        assert!(after.is_clean(), "{after:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn each_kind_of_damage_is_found_where_it_is() {
    let folder = folder();
    let store = filled(&folder.root).await;
    let manifest = paths(&store, "shards/0/manifest", ".json").await.remove(2);
    let state = paths(&store, "shards/0/state", ".state").await.remove(2);
    let read = read(&store).await;
    let live = |table: &str| read.tables[table].files[0].path.clone();
    let staged = paths(&store, "tables/agg_rep_day", ".parquet").await;
    let waiting = staged
        .iter()
        .find(|path| path.contains("/5-s0-"))
        .expect("a staged file")
        .clone();
    let (missing, changed) = (live("fct_call_event"), live("agg_rep_day"));
    std::fs::remove_file(folder.root.join(&missing)).expect("remove");
    for (path, position) in [(&manifest, 200), (&state, 2), (&waiting, 50), (&changed, 50)] {
        flip(&folder.root, path, position);
    }
    let report = check(&store, true).await;
    let damaged: Vec<&str> = report.findings.iter().map(|finding| finding.path.as_str()).collect();
    for path in [&manifest, &state, &waiting, &missing, &changed] {
        assert!(damaged.contains(&path.as_str()), "{path}: {report:?}");
    }
    assert!(report.is_damaged());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cut_chain_and_a_foreign_log_entry_are_found() {
    let folder = folder();
    let store = filled(&folder.root).await;
    for manifest in paths(&store, "shards/0/manifest", ".json").await.iter().skip(2) {
        std::fs::remove_file(folder.root.join(manifest)).expect("remove");
    }
    let log = paths(&store, "tables/dim_metric/_delta_log", ".json").await;
    std::fs::write(folder.root.join(&log[0]), b"").expect("an empty entry");
    let report = check(&store, false).await;
    let says = |word: &str| report.findings.iter().any(|finding| finding.what.contains(word));
    assert!(says("whose newest manifest is 1"), "{report:?}");
    assert!(
        report
            .findings
            .iter()
            .any(|finding| finding.path == "tables/dim_metric"),
        "{report:?}"
    );
    assert!(report.is_damaged());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_table_behind_what_was_announced_is_damaged() {
    let folder = folder();
    let store = filled(&folder.root).await;
    let table = CONTRACT[0].name;
    let commits = paths(&store, &format!("tables/{table}/_delta_log"), ".json").await;
    let newest = commits.iter().max().expect("a commit");
    std::fs::remove_file(folder.root.join(newest)).expect("removed");
    let report = check(&store, false).await;
    let told = report
        .findings
        .iter()
        .any(|found| found.path.ends_with(table) && found.what.contains("the newest published set names"));
    assert!(told && report.is_damaged(), "{report:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn files_that_nothing_names_are_noted_then_collected() {
    let folder = folder();
    let store = filled(&folder.root).await;
    let live = paths(&store, "tables/agg_rep_day", ".parquet").await.remove(0);
    let writer = uuid::Uuid::from_u128(9);
    let orphans = [
        format!("tables/agg_rep_day/2-s0-{writer}-7.parquet"),
        format!("tables/agg_rep_day/2-compact-{writer}-7.parquet"),
    ];
    let ahead = format!("tables/agg_rep_day/99-s0-{writer}-8.parquet");
    for path in orphans.iter().chain([&ahead]) {
        std::fs::copy(folder.root.join(&live), folder.root.join(path)).expect("copy");
    }
    let report = fsck(
        &store,
        &CONTRACT,
        Depth {
            deep: false,
            unit: None,
        },
        much_later(),
    )
    .await
    .expect("fsck");
    let notes = report
        .findings
        .iter()
        .filter(|finding| finding.severity == Severity::Note)
        .count();
    assert_eq!((notes, report.is_damaged()), (3, false), "{report:?}");
    let (mut tables, _owner, _) = open(&store, 2, SHARD).await.expect("open");
    let collected = collect(&mut tables, much_later()).await.expect("collect");
    assert_eq!(collected.orphans, 2);
    assert!(folder.root.join(&ahead).exists(), "its writer may still name it");
}
