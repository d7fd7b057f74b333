//! The owner of one unit: it claims the chain of manifests, resumes from it and extends it.
//!
//! Safety is the conditional create alone. Whoever finds the wanted number taken by a higher epoch yields; nobody asks a lease,
//! a clock or a group.

pub(crate) mod chain;
mod resumption;
mod stage;

use bytes::Bytes;
use futures::{StreamExt, TryStreamExt};
use paceline_schemas::position::Offset;
use paceline_schemas::tables::Table;
use paceline_schemas::time::{Day, Instant};

pub use stage::TableRows;

use self::chain::Chain;
use crate::delta::Tables;
use crate::error::Error;
use crate::layout;
use crate::manifest::{Books, Digest, Epoch, Fingerprint, Loss, Manifest, Sequence, StateRef};
use crate::protocol::commit::{self, Draft, FoldConfig, Identity, Taken};
use crate::protocol::publish::Progress;
use crate::protocol::resume::Passed;
use crate::set::Reached;
use crate::store::{Created, Store};
use crate::unit::Unit;

/// Claims made before the unit is left to the others.
const CLAIMS_MAX: u32 = 16;

/// What the log holds of the unit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LogBounds {
    /// First offset still there.
    pub low: Offset,
    /// First offset not there yet.
    pub next: Offset,
}

/// Where the fold goes on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Opened {
    /// The newest intact state; `None`: the fold starts empty.
    pub state: Option<Bytes>,
    /// The number of that state.
    pub state_seq: Option<Sequence>,
    /// The offset from which the log is read.
    pub state_next: Offset,
    /// The offset up to which the fold runs without output.
    pub next: Offset,
    /// The watermark at `next`.
    pub watermark: Option<Instant>,
    /// The manifests that this run passes; their books must come out again.
    pub replay: Vec<Passed>,
    /// Sum of the books of `replay`.
    pub books: Books,
    /// The record at `next - 1`, which the log must still have.
    pub last: Option<Fingerprint>,
    /// Our epoch.
    pub epoch: Epoch,
    /// The number of our claim.
    pub seq: Sequence,
    /// Number up to which everything is published.
    pub published: Option<Sequence>,
    /// What was passed over on the way, such as a damaged state.
    pub warnings: Vec<String>,
}

/// What a checkpoint makes durable.
#[derive(Debug, Clone, Default)]
pub struct CheckpointInput {
    /// Rows of each table in the order of its files, with the partition column.
    pub rows: Vec<TableRows>,
    /// First offset after the stretch.
    pub next: Offset,
    /// Watermark after the stretch.
    pub watermark: Option<Instant>,
    /// The record at `next - 1`.
    pub last: Option<Fingerprint>,
    /// What became of the records.
    pub books: Books,
    /// The canonical encoding of the fold at `next`.
    pub state: Option<Bytes>,
    /// What the fold is configured with.
    pub config: FoldConfig,
    /// Stretches given up by name.
    pub accepted_loss: Vec<Loss>,
}

/// A checkpoint that counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Committed {
    /// Its number.
    pub seq: Sequence,
    /// Files staged.
    pub files: usize,
    /// Rows staged.
    pub rows: u64,
}

/// A claimed unit.
#[derive(Debug)]
pub struct Owner {
    store: Store,
    contract: &'static [Table],
    unit: Unit,
    identity: Identity,
    newest: Manifest,
    pending: Vec<Manifest>,
    published: Option<Sequence>,
    staged: u64,
}

impl Owner {
    /// Claims the unit and finds where its fold goes on.
    ///
    /// # Errors
    /// The chain is broken or cut, the configuration or the log does not fit it, or others keep claiming it.
    pub async fn open(
        tables: &mut Tables,
        contract: &'static [Table],
        unit: Unit,
        identity: Identity,
        config: &FoldConfig,
        log: LogBounds,
        at: Instant,
    ) -> Result<(Self, Opened), Error> {
        let store = tables.store().clone();
        for _ in 0..CLAIMS_MAX {
            let chain = Chain::load(&store, unit).await?;
            check_before_claim(tables, &chain, unit, &identity, config, log).await?;
            let claim = commit::claim(chain.newest(), unit, &identity, config, log.low, at);
            let path = layout::manifest(unit, claim.seq());
            match store.create(&path, claim.encode().into()).await? {
                Created::Taken(_) => {}
                Created::Ours => {
                    let (opened, chain) = resumption::resume(&store, chain, claim.clone(), log).await?;
                    let published = claim.body().published;
                    let pending = chain
                        .into_iter()
                        .filter(|manifest| Some(manifest.seq()) > published)
                        .collect();
                    let owner = Self {
                        store,
                        contract,
                        unit,
                        identity,
                        newest: claim,
                        pending,
                        published,
                        staged: 0,
                    };
                    return Ok((owner, opened));
                }
            }
        }
        let reason = format!("other processes claimed it {CLAIMS_MAX} times in a row; find out which ones run");
        Err(Error::Halt { unit, reason })
    }

    /// The unit.
    pub fn unit(&self) -> Unit {
        self.unit
    }

    /// Number of the newest manifest.
    pub fn seq(&self) -> Sequence {
        self.newest.seq()
    }

    /// First offset after the newest manifest.
    pub fn next(&self) -> Offset {
        self.newest.body().input.next
    }

    /// Number up to which everything is published.
    pub fn published(&self) -> Option<Sequence> {
        self.published
    }

    /// The record before the newest manifest's end.
    pub fn last(&self) -> Option<&Fingerprint> {
        self.newest.body().input.last.as_ref()
    }

    /// Whether nobody has written a manifest since our newest.
    ///
    /// # Errors
    /// The store fails.
    pub async fn is_newest(&self) -> Result<bool, Error> {
        let path = layout::manifest(self.unit, self.newest.seq().next());
        Ok(self.store.read(&path).await?.is_none())
    }

    /// Whether rows of an earlier owner or of this one are committed and not published.
    pub fn owes_rows(&self) -> bool {
        self.pending.iter().any(|manifest| manifest.files().next().is_some())
    }

    /// The earliest business date among rows that are committed and not published.
    pub fn owes_from(&self) -> Option<Day> {
        let pending = self.pending.iter().flat_map(Manifest::files);
        pending.filter_map(|(_, file)| file.min).min()
    }

    /// The newest state, and the offset at which it was cut.
    pub fn state(&self) -> Option<&StateRef> {
        self.newest.body().state.as_ref()
    }

    /// Stages the rows and the state, then commits offset, watermark, books, files and state together.
    ///
    /// A failed checkpoint leaves files that nothing names; the same input can be given again.
    ///
    /// # Errors
    /// The rows do not fit, the disk is full or broken, or another owner has the unit.
    pub async fn checkpoint(&mut self, input: &CheckpointInput, at: Instant) -> Result<Committed, Error> {
        let seq = self.newest.seq().next();
        let from = self.newest.body().input.next;
        let plan = stage::plan(self.contract, &input.rows)?;
        let footer = stage::footer(self.unit, seq, self.identity.writer, from, input.next, at);
        let staged = futures::stream::iter(plan.into_iter().zip(self.staged..)).map(|(file, n)| {
            Box::pin(stage::write(
                &self.store,
                self.unit,
                seq,
                self.identity.writer,
                n,
                file,
                footer.clone(),
            ))
        });
        let staged: Vec<_> = staged
            .buffered(4)
            .try_collect()
            .await
            .inspect_err(|_| self.staged += 1 << 20)?;
        self.staged += staged.len() as u64;
        let (files, rows) = (staged.len(), staged.iter().map(|(_, file)| file.rows).sum());
        let state = self.write_state(input, seq).await?;
        let draft = Draft {
            next: input.next,
            watermark: input.watermark,
            last: input.last.clone(),
            books: input.books,
            state,
            tables: stage::by_table(staged),
            published: self.published,
            accepted_loss: input.accepted_loss.clone(),
        };
        let made = commit::checkpoint(&self.newest, &self.identity, &input.config, draft, at);
        let manifest = made.map_err(|fault| Error::Halt {
            unit: self.unit,
            reason: fault.to_string(),
        })?;
        self.commit(manifest).await?;
        Ok(Committed { seq, files, rows })
    }

    async fn commit(&mut self, manifest: Manifest) -> Result<(), Error> {
        let path = layout::manifest(self.unit, manifest.seq());
        let found = match self.store.create(&path, manifest.encode().into()).await? {
            Created::Ours => {
                self.pending.push(manifest.clone());
                self.newest = manifest;
                return Ok(());
            }
            Created::Taken(found) => found,
        };
        let (unit, seq, ours) = (self.unit, manifest.seq(), manifest.body().epoch);
        Err(match commit::judge_taken(&manifest, &found) {
            Taken::Superseded(theirs) => Error::Superseded {
                unit,
                detail: format!("number {seq} is of epoch {theirs}, ours is {ours}"),
            },
            Taken::Damaged(fault) => Error::Manifest { path, fault },
            Taken::Impossible(theirs) => {
                let reason =
                    format!("number {seq} holds other bytes of epoch {theirs}, ours is {ours}; run `paceline fsck`");
                Error::Halt { unit, reason }
            }
        })
    }

    async fn write_state(&mut self, input: &CheckpointInput, seq: Sequence) -> Result<Option<StateRef>, Error> {
        let Some(bytes) = &input.state else { return Ok(None) };
        let path = layout::state(self.unit, seq, self.identity.writer);
        let blake3 = Digest::of(bytes);
        self.store.create_new(&path, bytes.clone()).await?;
        Ok(Some(StateRef {
            seq,
            next: input.next,
            path,
            len: bytes.len() as u64,
            blake3,
            digest: blake3,
        }))
    }

    pub(crate) fn progress(&self) -> Progress<'_> {
        Progress {
            unit: self.unit,
            txn: None,
            published: self.published,
            newest: self.newest.seq(),
            pending: &self.pending,
        }
    }

    /// How far the unit is.
    pub fn reached(&self) -> Reached {
        Reached::of(&self.newest)
    }

    pub(crate) fn note_published(&mut self) {
        self.published = Some(self.newest.seq());
        self.pending.clear();
    }
}

async fn check_before_claim(
    tables: &mut Tables,
    chain: &Chain,
    unit: Unit,
    identity: &Identity,
    config: &FoldConfig,
    log: LogBounds,
) -> Result<(), Error> {
    let newest = chain.newest().map(Manifest::body);
    let top = newest.and_then(|body| i64::try_from(body.seq.0).ok()).unwrap_or(-1);
    for handle in tables.iter_mut() {
        if let Some(txn) = handle.txn(&unit.app_id()).await?.filter(|txn| *txn > top) {
            let table = handle.contract().name;
            let reason =
                format!("table `{table}` has its number {txn}, its newest manifest is {top}; restore `shards/{unit}`");
            return Err(Error::Halt { unit, reason });
        }
    }
    let Some(body) = newest else { return Ok(()) };
    commit::check_resume(body, identity, config).map_err(|reason| Error::Mismatch { unit, reason })?;
    if body.input.next > log.next {
        let lost = body.input.next - log.next;
        let reason = format!(
            "the log ends at offset {}, {} was folded: {lost} records are gone; restore the log, or rebuild into an empty directory",
            log.next, body.input.next
        );
        return Err(Error::Halt { unit, reason });
    }
    Ok(())
}
