//! A unit's manifests as far as they are needed, verified.

use futures::{StreamExt, TryStreamExt};

use crate::error::Error;
use crate::layout;
use crate::manifest::{Manifest, Sequence};
use crate::protocol::chain::{self, Listed};
use crate::store::Store;
use crate::unit::Unit;

/// Manifests verified at every start.
const VERIFIED: u64 = 64;
/// Manifests read at a time.
const PARALLEL: usize = 16;

/// The loaded end of a chain.
#[derive(Debug)]
pub(crate) struct Chain {
    store: Store,
    unit: Unit,
    oldest: Option<Sequence>,
    manifests: Vec<Manifest>,
}

impl Chain {
    /// Loads the newest manifests: enough to verify, to publish and to resume from the newest state.
    pub(crate) async fn load(store: &Store, unit: Unit) -> Result<Self, Error> {
        let entries = store.list(&layout::manifests(unit)).await?;
        let numbers: Vec<Sequence> = entries
            .iter()
            .filter_map(|entry| layout::manifest_number(&entry.path))
            .collect();
        let mut chain = Self {
            store: store.clone(),
            unit,
            oldest: None,
            manifests: Vec::new(),
        };
        let probe = match chain::derive_listed(&numbers) {
            Listed::Empty => Sequence(0),
            Listed::Chain { oldest, newest } => {
                chain.oldest = Some(oldest);
                let from = Sequence(newest.0.saturating_sub(VERIFIED - 1)).max(oldest);
                chain.manifests = chain.read(from, newest.next()).await?;
                newest.next()
            }
        };
        chain.probe(probe).await?;
        chain.verify()?;
        if let Some(newest) = chain.newest().map(Manifest::body) {
            let published = newest.published.map_or(Sequence(0), Sequence::next);
            let state = newest.state.as_ref().map_or(Sequence(0), |state| state.seq);
            chain.reach(published.min(state)).await?;
        }
        Ok(chain)
    }

    pub(crate) fn newest(&self) -> Option<&Manifest> {
        self.manifests.last()
    }

    pub(crate) fn manifests(&self) -> &[Manifest] {
        &self.manifests
    }

    pub(crate) fn into_manifests(self) -> Vec<Manifest> {
        self.manifests
    }

    /// Loads every manifest that is kept.
    pub(crate) async fn load_all(&mut self) -> Result<(), Error> {
        self.reach(Sequence(0)).await
    }

    /// A listing may be stale: the numbers after it are probed until one is absent.
    async fn probe(&mut self, mut seq: Sequence) -> Result<(), Error> {
        while let Some(bytes) = self.store.read(&layout::manifest(self.unit, seq)).await? {
            self.manifests.push(decode(self.unit, seq, &bytes)?);
            self.oldest.get_or_insert(seq);
            seq = seq.next();
        }
        Ok(())
    }

    async fn reach(&mut self, wanted: Sequence) -> Result<(), Error> {
        let (Some(first), Some(oldest)) = (self.manifests.first().map(Manifest::seq), self.oldest) else {
            return Ok(());
        };
        let wanted = wanted.max(oldest);
        if wanted < first {
            let mut loaded = self.read(wanted, first).await?;
            loaded.append(&mut self.manifests);
            self.manifests = loaded;
            self.verify()?;
        }
        Ok(())
    }

    async fn read(&self, from: Sequence, to: Sequence) -> Result<Vec<Manifest>, Error> {
        let read = futures::stream::iter((from.0..to.0).map(Sequence)).map(|seq| async move {
            let bytes = self.store.need(&layout::manifest(self.unit, seq)).await?;
            decode(self.unit, seq, &bytes)
        });
        read.buffered(PARALLEL).try_collect().await
    }

    fn verify(&self) -> Result<(), Error> {
        let halt = |fault: chain::Break| Error::Halt {
            unit: self.unit,
            reason: format!("{fault}; run `paceline fsck`"),
        };
        chain::check(&self.manifests).map_err(halt)
    }
}

pub(crate) fn decode(unit: Unit, seq: Sequence, bytes: &[u8]) -> Result<Manifest, Error> {
    let path = layout::manifest(unit, seq);
    let manifest = Manifest::decode(bytes).map_err(|fault| Error::Manifest {
        path: path.clone(),
        fault,
    })?;
    if (manifest.body().unit, manifest.seq()) == (unit, seq) {
        return Ok(manifest);
    }
    let detail = format!("it is number {} of unit `{}`", manifest.seq(), manifest.body().unit);
    Err(Error::Damaged { path, detail })
}
