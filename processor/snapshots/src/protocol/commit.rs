//! Claims and checkpoints: the body to create, and what a taken number means.

use std::collections::BTreeMap;

use paceline_schemas::position::Offset;
use paceline_schemas::time::Instant;
use uuid::Uuid;

use super::chain;
use crate::manifest::{
    Body, Books, Epoch, FORMAT, Fault, Fingerprint, Input, Kind, Loss, Manifest, Sequence, StagedTable, StateRef,
};
use crate::unit::Unit;

/// Who writes, and for what deployment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// The deployment that the data directory belongs to.
    pub deployment: String,
    /// This process.
    pub writer: Uuid,
    /// Version of the program.
    pub code: String,
    /// Version of the fold's results.
    pub logic: u32,
    /// Partitions of the unit's topic.
    pub partitions: u32,
    /// Identity of the log.
    pub cluster: String,
}

/// What the fold is configured with.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FoldConfig {
    /// Digest of each piece of configuration that the fold reads.
    pub config_hash: BTreeMap<String, String>,
    /// Limits, which may change.
    pub params: BTreeMap<String, i64>,
}

/// Whether a unit may be taken by this process.
///
/// A key that the configuration adds is taken; one that changed or is missing stops the start.
///
/// # Errors
/// Both sides of the first difference, and what to do.
pub fn check_resume(newest: &Body, identity: &Identity, config: &FoldConfig) -> Result<(), String> {
    if newest.deployment != identity.deployment {
        return Err(format!(
            "the data belongs to deployment `{}`, the configuration names `{}`; name the right data directory",
            newest.deployment, identity.deployment
        ));
    }
    if newest.input.cluster != identity.cluster {
        return Err(format!(
            "it was fed by log `{}`, found log `{}`; connect the log it was fed by, or rebuild into an empty directory",
            newest.input.cluster, identity.cluster
        ));
    }
    if newest.partitions != identity.partitions {
        return Err(format!(
            "it was built with {} partitions, the topic has {}; restore the count, or rebuild into an empty directory",
            newest.partitions, identity.partitions
        ));
    }
    if newest.logic != identity.logic {
        return Err(format!(
            "its results are of logic {}, this program has {}; run the program that wrote it, or import the files again into an empty data directory",
            newest.logic, identity.logic
        ));
    }
    for (key, was) in &newest.config_hash {
        match config.config_hash.get(key) {
            Some(is) if is == was => {}
            Some(_) => {
                return Err(format!(
                    "the configuration `{key}` changed; restore it, or import the files again into an empty data directory"
                ));
            }
            None => {
                return Err(format!(
                    "the configuration `{key}` is missing; restore it, or import the files again into an empty data directory"
                ));
            }
        }
    }
    Ok(())
}

/// The claim to create on top of `newest`, or as the first manifest with the log's first offset.
pub fn claim(
    newest: Option<&Manifest>,
    unit: Unit,
    identity: &Identity,
    config: &FoldConfig,
    log_start: Offset,
    at: Instant,
) -> Manifest {
    let before = newest.map(Manifest::body);
    let next = before.map_or(log_start, |body| body.input.next);
    let body = Body {
        seq: before.map_or(Sequence(0), |body| body.seq.next()),
        prev: newest.map(Manifest::digest),
        kind: Kind::Claim,
        epoch: Epoch(before.map_or(1, |body| body.epoch.0 + 1)),
        input: Input {
            from: next,
            next,
            watermark: before.and_then(|body| body.input.watermark),
            last: before.and_then(|body| body.input.last.clone()),
            topic: unit.topic().name().to_owned(),
            cluster: identity.cluster.clone(),
        },
        state: before.and_then(|body| body.state.clone()),
        published: before.and_then(|body| body.published),
        accepted_loss: before.map(|body| body.accepted_loss.clone()).unwrap_or_default(),
        ..blank(unit, identity, config, at)
    };
    Manifest::seal(body)
}

/// What a checkpoint adds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Draft {
    /// First offset after the stretch.
    pub next: Offset,
    /// Watermark after the stretch.
    pub watermark: Option<Instant>,
    /// The record at `next - 1`.
    pub last: Option<Fingerprint>,
    /// What became of the records.
    pub books: Books,
    /// A new state, which is durable already.
    pub state: Option<StateRef>,
    /// The staged files, which are durable already.
    pub tables: Vec<StagedTable>,
    /// Number up to which everything is published.
    pub published: Option<Sequence>,
    /// Stretches given up by name since the predecessor.
    pub accepted_loss: Vec<Loss>,
}

/// The checkpoint to create on top of `newest`, which is ours.
///
/// # Errors
/// The draft does not continue `newest`.
pub fn checkpoint(
    newest: &Manifest,
    identity: &Identity,
    config: &FoldConfig,
    draft: Draft,
    at: Instant,
) -> Result<Manifest, chain::Break> {
    let before = newest.body();
    let body = Body {
        seq: before.seq.next(),
        prev: Some(newest.digest()),
        kind: Kind::Checkpoint,
        epoch: before.epoch,
        input: Input {
            from: before.input.next,
            next: draft.next,
            watermark: draft.watermark.map(|watermark| watermark.0).max(before.input.watermark),
            last: draft.last.or_else(|| before.input.last.clone()),
            topic: before.input.topic.clone(),
            cluster: before.input.cluster.clone(),
        },
        state: draft.state.or_else(|| before.state.clone()),
        tables: draft.tables,
        books: draft.books,
        published: draft.published.max(before.published),
        accepted_loss: before
            .accepted_loss
            .iter()
            .copied()
            .chain(draft.accepted_loss)
            .collect(),
        ..blank(before.unit, identity, config, at)
    };
    let manifest = Manifest::seal(body);
    chain::check_link(newest, &manifest)?;
    Ok(manifest)
}

fn blank(unit: Unit, identity: &Identity, config: &FoldConfig, at: Instant) -> Body {
    Body {
        format: FORMAT,
        deployment: identity.deployment.clone(),
        unit,
        seq: Sequence(0),
        prev: None,
        kind: Kind::Claim,
        writer: identity.writer,
        epoch: Epoch(0),
        code: identity.code.clone(),
        logic: identity.logic,
        partitions: identity.partitions,
        at,
        config_hash: config.config_hash.clone(),
        params: config.params.clone(),
        input: Input {
            topic: String::new(),
            cluster: String::new(),
            from: 0,
            next: 0,
            watermark: None,
            last: None,
        },
        state: None,
        tables: Vec::new(),
        books: Books::default(),
        published: None,
        accepted_loss: Vec::new(),
    }
}

/// What a number that is taken means to the one who wanted it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Taken {
    /// Another owner claimed the unit: yield.
    Superseded(Epoch),
    /// The bytes do not decode: halt, `fsck` repairs.
    Damaged(Fault),
    /// Other bytes of no higher epoch: it cannot be, halt.
    Impossible(Epoch),
}

/// Judges the bytes found under the number of our checkpoint.
pub fn judge_taken(ours: &Manifest, found: &[u8]) -> Taken {
    match Manifest::decode(found) {
        Ok(theirs) if theirs.body().epoch > ours.body().epoch => Taken::Superseded(theirs.body().epoch),
        Ok(theirs) => Taken::Impossible(theirs.body().epoch),
        Err(fault) => Taken::Damaged(fault),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture;

    fn draft(next: Offset) -> Draft {
        Draft {
            next,
            watermark: None,
            last: None,
            books: Books::default(),
            state: None,
            tables: Vec::new(),
            published: None,
            accepted_loss: Vec::new(),
        }
    }

    #[test]
    fn the_first_claim_starts_at_the_log_with_epoch_one() {
        let claimed = claim(
            None,
            Unit::Shard(2),
            &fixture::identity(),
            &fixture::config(),
            17,
            Instant(5),
        );
        let body = claimed.body();
        assert_eq!(
            (body.seq, body.epoch, body.input.from, body.input.next),
            (Sequence(0), Epoch(1), 17, 17)
        );
        assert_eq!((body.prev, &body.state, body.published), (None, &None, None));
        assert_eq!(chain::check_alone(body), Ok(()));
    }

    #[test]
    fn a_claim_keeps_offset_state_and_loss_and_raises_the_epoch() {
        let chain = fixture::chain(4);
        let claimed = claim(
            chain.last(),
            Unit::Shard(3),
            &fixture::identity(),
            &fixture::config(),
            0,
            Instant(5),
        );
        let (before, after) = (chain[3].body(), claimed.body());
        assert_eq!(
            (after.input.from, after.input.next),
            (before.input.next, before.input.next)
        );
        assert_eq!((&after.state, after.published), (&before.state, before.published));
        assert_eq!(after.epoch.0, before.epoch.0 + 1);
        assert_eq!(chain::check_link(&chain[3], &claimed), Ok(()));
    }

    #[test]
    fn a_checkpoint_continues_its_predecessor_or_is_refused() {
        let chain = fixture::chain(4);
        let next = chain[3].body().input.next;
        let made = checkpoint(
            &chain[3],
            &fixture::identity(),
            &fixture::config(),
            draft(next + 3),
            Instant(9),
        );
        assert_eq!(made.map(|m| (m.seq(), m.body().input.from)), Ok((Sequence(4), next)));
        let refused = checkpoint(
            &chain[3],
            &fixture::identity(),
            &fixture::config(),
            draft(next - 1),
            Instant(9),
        );
        assert!(refused.is_err());
    }

    #[test]
    fn a_watermark_never_goes_back_in_a_checkpoint() {
        let chain = fixture::chain(4);
        let early = Draft {
            watermark: Some(Instant(1)),
            ..draft(chain[3].body().input.next)
        };
        let made = checkpoint(&chain[3], &fixture::identity(), &fixture::config(), early, Instant(9)).expect("made");
        assert_eq!(made.body().input.watermark, chain[3].body().input.watermark);
    }

    #[test]
    fn a_taken_number_supersedes_halts_or_is_damage() {
        let chain = fixture::chain(4);
        let ours = &chain[3];
        let mut theirs = ours.body().clone();
        theirs.epoch = Epoch(ours.body().epoch.0 + 1);
        assert_eq!(
            judge_taken(ours, &Manifest::seal(theirs.clone()).encode()),
            Taken::Superseded(theirs.epoch)
        );
        theirs.epoch = ours.body().epoch;
        theirs.code = "other".to_owned();
        assert_eq!(
            judge_taken(ours, &Manifest::seal(theirs.clone()).encode()),
            Taken::Impossible(theirs.epoch)
        );
        assert!(matches!(judge_taken(ours, b"x"), Taken::Damaged(Fault::Frame)));
    }

    #[test]
    fn what_changed_between_builds_stops_the_start_and_is_named() {
        let body = fixture::checkpoint().body().clone();
        let (identity, config) = (fixture::identity(), fixture::config());
        assert_eq!(check_resume(&body, &identity, &config), Ok(()));
        let mut added = config.clone();
        added.config_hash.insert("site.new.zone".to_owned(), "1".to_owned());
        added.params.insert("dedup_s".to_owned(), 1);
        assert_eq!(check_resume(&body, &identity, &added), Ok(()));
        let mut changed = config.clone();
        changed.config_hash.insert("measures".to_owned(), "x".to_owned());
        assert!(check_resume(&body, &identity, &changed).is_err_and(|reason| reason.contains("`measures` changed")));
        let mut missing = config.clone();
        missing.config_hash.remove("measures");
        assert!(check_resume(&body, &identity, &missing).is_err_and(|reason| reason.contains("`measures` is missing")));
        for (other, word) in [
            (
                Identity {
                    deployment: "x".to_owned(),
                    ..identity.clone()
                },
                "deployment",
            ),
            (
                Identity {
                    cluster: "x".to_owned(),
                    ..identity.clone()
                },
                "log `x`",
            ),
            (
                Identity {
                    partitions: 9,
                    ..identity.clone()
                },
                "9",
            ),
            (Identity { logic: 9, ..identity }, "logic"),
        ] {
            assert!(
                check_resume(&body, &other, &config).is_err_and(|reason| reason.contains(word)),
                "{word}"
            );
        }
    }
}
