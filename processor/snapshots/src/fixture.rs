//! Chains of manifests for tests.

use paceline_schemas::time::{Day, Instant, MINUTE_US};
use uuid::Uuid;

use crate::manifest::{Books, Digest, Fingerprint, Manifest, StagedFile, StagedTable, StateRef};
use crate::protocol::commit::{Draft, FoldConfig, Identity, checkpoint as next_checkpoint, claim};
use crate::unit::Unit;

const START: i64 = 1_795_428_000_000_000;

pub(crate) fn identity() -> Identity {
    Identity {
        deployment: "demo".to_owned(),
        writer: Uuid::from_u128(0x5eed),
        code: "0.1.0".to_owned(),
        logic: 5,
        partitions: 4,
        cluster: "log-1".to_owned(),
    }
}

pub(crate) fn config() -> FoldConfig {
    FoldConfig {
        config_hash: [("measures", "77ab"), ("site.sh.zone", "5f1c")]
            .map(|(k, v)| (k.to_owned(), v.to_owned()))
            .into(),
        params: [("dedup_s", 604_800), ("skew_s", 600)]
            .map(|(k, v)| (k.to_owned(), v))
            .into(),
    }
}

/// A claim and `len - 1` checkpoints of ten records each, with one file, every fourth with a state.
pub(crate) fn chain(len: u64) -> Vec<Manifest> {
    build(len, 1, true)
}

pub(crate) fn chain_with_files(len: u64, files: usize) -> Vec<Manifest> {
    build(len, files, true)
}

pub(crate) fn chain_without_state(len: u64) -> Vec<Manifest> {
    build(len, 1, false)
}

/// The checkpoint of number 4, which has a state and a file.
pub(crate) fn checkpoint() -> Manifest {
    chain(5).pop().expect("a chain of five")
}

fn build(len: u64, files: usize, with_state: bool) -> Vec<Manifest> {
    let mut chain = vec![claim(None, Unit::Shard(3), &identity(), &config(), 100, Instant(START))];
    for seq in 1..len {
        let newest = chain.last().expect("never empty");
        let at = Instant(START + MINUTE_US * i64::try_from(seq).expect("small"));
        let draft = draft(seq, newest.body().input.next, files, with_state, at);
        chain.push(next_checkpoint(newest, &identity(), &config(), draft, at).expect("continues"));
    }
    chain
}

fn draft(seq: u64, from: u64, files: usize, with_state: bool, at: Instant) -> Draft {
    let next = from + 10;
    let file = |n: usize| StagedFile {
        path: format!(
            "tables/fct_call_event/business_month=2026-11/{seq}-s3-{}-{n}.parquet",
            identity().writer
        ),
        len: 812,
        blake3: Digest::of(format!("{seq} {n}").as_bytes()),
        rows: 7,
        month: Some("2026-11".to_owned()),
        min: Day::parse("2026-11-20").ok(),
        max: Day::parse("2026-11-23").ok(),
    };
    let state = StateRef {
        seq: crate::manifest::Sequence(seq),
        next,
        path: crate::layout::state(Unit::Shard(3), crate::manifest::Sequence(seq), identity().writer),
        len: 9,
        blake3: Digest::of(b"state"),
        digest: Digest::of(b"reps"),
    };
    Draft {
        next,
        watermark: Some(at),
        last: Some(Fingerprint {
            offset: next - 1,
            ts: at.0,
            crc32c: "00c0ffee".to_owned(),
        }),
        books: Books {
            consumed: 10,
            applied: 7,
            duplicate: 1,
            dead: 1,
            ticks: 1,
            late: 2,
        },
        state: (with_state && seq.is_multiple_of(4)).then_some(state),
        tables: vec![StagedTable {
            table: "fct_call_event".to_owned(),
            files: (0..files).map(file).collect(),
        }],
        published: seq.checked_sub(2).map(crate::manifest::Sequence),
        accepted_loss: Vec::new(),
    }
}
