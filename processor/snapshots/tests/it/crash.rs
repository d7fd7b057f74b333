//! A process of which any one write goes wrong, or that ends at it: the next one goes on, and every row is published once.

use arrow::array::RecordBatch;
use paceline_snapshots::jobs::Job;
use paceline_snapshots::maintain::{Upkeep, compact, tidy};
use paceline_snapshots::{Error, Store, Unit, announce, publish};

use crate::support::*;

const SHARD: Unit = Unit::Shard(0);
const END: u64 = 12;

/// Folds up to `END`, publishes on the way, compacts, runs a job, tidies.
async fn run(store: &Store, writer: u128) -> Result<(), Error> {
    let (mut tables, mut owner, opened) = open(store, writer, SHARD).await?;
    let mut next = opened.next;
    publish(&mut tables, &mut [&mut owner], at(1)).await?;
    while next < END {
        owner
            .checkpoint(&checkpoint_input(SHARD, next..next + 4, next == 4), at(2))
            .await?;
        next += 4;
        if next != 4 {
            publish(&mut tables, &mut [&mut owner], at(3)).await?;
        }
    }
    compact(&mut tables, at(60), AT, at(60)).await?;
    let set = announce(&mut tables, &[], at(60)).await?;
    let job = Job {
        table: "snap_rep_window",
        name: "snap-rep-window",
        set,
    };
    for (month, due) in job.due(&mut tables, &[day(0), day(4)]).await? {
        let Some(mut open) = job.begin(&mut tables, &month, &due).await? else {
            continue;
        };
        for date in open.due().to_vec() {
            let first = u64::try_from(date.0 - day(0).0).expect("after") * PER_DAY;
            open.write(date, &rows(contract("snap_rep_window"), SHARD, first..first + 1))
                .await?;
        }
        open.commit(&mut tables, at(61)).await?;
    }
    announce(&mut tables, &[], at(62)).await?;
    tidy(
        &mut tables,
        Upkeep {
            retention_us: 0,
            commits_per_checkpoint: 4,
        },
        at(63),
    )
    .await?;
    Ok(())
}

/// Writes that a run makes at least; a smaller count would mean that the crashes miss most of it.
const WRITES_MIN: u64 = 40;
/// The crash points are shared out among this many tests.
const SHARES: u64 = 4;

async fn crash(moment: Moment, share: u64) {
    let mut fatal = share;
    loop {
        let folder = folder();
        let (store, handle) = crashing(&folder.root, fatal, moment);
        let first = run(&store, 1).await;
        let reached = handle.reached();
        assert!(
            !(reached && moment.ends_the_process()) || first.is_err(),
            "write {fatal} {moment:?}"
        );
        let store = healthy(&folder.root);
        run(&store, 2)
            .await
            .unwrap_or_else(|error| panic!("after write {fatal} {moment:?} ({first:?}): {error:?}"));
        let counted = count(&store).await;
        assert_eq!(
            counted,
            Counted {
                files: counted.files,
                ..expected(&[(SHARD, END)])
            },
            "write {fatal} {moment:?}"
        );
        let set = read(&store).await;
        let job = batches(&store, &set, "snap_rep_window").await;
        assert_eq!(
            job.iter().map(RecordBatch::num_rows).sum::<usize>(),
            2,
            "write {fatal} {moment:?}"
        );
        if !reached {
            assert!(first.is_ok(), "{first:?}");
            assert!(fatal > WRITES_MIN, "only {fatal} writes");
            return;
        }
        fatal += SHARES;
    }
}

macro_rules! crashes {
    ($($name:ident: $moment:expr, $share:literal;)*) => {$(
        #[tokio::test(flavor = "multi_thread")]
        async fn $name() {
            crash($moment, $share).await;
        }
    )*};
}

crashes! {
    a_crash_before_any_write_loses_and_doubles_nothing_1: Moment::Before, 1;
    a_crash_before_any_write_loses_and_doubles_nothing_2: Moment::Before, 2;
    a_crash_before_any_write_loses_and_doubles_nothing_3: Moment::Before, 3;
    a_crash_before_any_write_loses_and_doubles_nothing_4: Moment::Before, 4;
    a_crash_after_any_write_loses_and_doubles_nothing_1: Moment::After, 1;
    a_crash_after_any_write_loses_and_doubles_nothing_2: Moment::After, 2;
    a_crash_after_any_write_loses_and_doubles_nothing_3: Moment::After, 3;
    a_crash_after_any_write_loses_and_doubles_nothing_4: Moment::After, 4;
    a_refusal_of_any_write_loses_and_doubles_nothing_1: Moment::Refused, 1;
    a_refusal_of_any_write_loses_and_doubles_nothing_2: Moment::Refused, 2;
    a_refusal_of_any_write_loses_and_doubles_nothing_3: Moment::Refused, 3;
    a_refusal_of_any_write_loses_and_doubles_nothing_4: Moment::Refused, 4;
    an_unclear_answer_to_any_write_loses_and_doubles_nothing_1: Moment::Unclear, 1;
    an_unclear_answer_to_any_write_loses_and_doubles_nothing_2: Moment::Unclear, 2;
    an_unclear_answer_to_any_write_loses_and_doubles_nothing_3: Moment::Unclear, 3;
    an_unclear_answer_to_any_write_loses_and_doubles_nothing_4: Moment::Unclear, 4;
}
