//! Which state a new owner starts from, and which manifests its replay passes.

use bytes::Bytes;
use paceline_schemas::time::Instant;

use super::chain::Chain;
use super::{LogBounds, Opened};
use crate::error::Error;
use crate::manifest::{Books, Digest, Manifest, Sequence, StateRef};
use crate::protocol::resume;
use crate::store::Store;

/// Finds the newest intact state that the log reaches back to, and the manifests that its replay passes.
pub(super) async fn resume(
    store: &Store,
    mut chain: Chain,
    claim: Manifest,
    log: LogBounds,
) -> Result<(Opened, Vec<Manifest>), Error> {
    let unit = claim.body().unit;
    let mut warnings = Vec::new();
    let mut found = newest_intact(store, &chain, &mut warnings).await?;
    if found.is_none() {
        chain.load_all().await?;
        found = newest_intact(store, &chain, &mut Vec::new()).await?;
    } else if !warnings.is_empty() {
        chain.load_all().await?;
    }
    let first = chain.manifests().first().unwrap_or(&claim).body();
    let (state, state_next) = match found {
        Some((state, bytes)) => (Some((state.seq, bytes)), state.next),
        None if first.seq == Sequence(0) => (None, first.input.from),
        None => {
            let reason =
                "no state is intact, and the manifests do not reach back to the first; rebuild into an empty directory";
            return Err(Error::Halt {
                unit,
                reason: reason.to_owned(),
            });
        }
    };
    if log.low > state_next {
        let reason = format!(
            "the log begins at offset {}, the replay at {state_next}: {} records are gone that no state holds; \
             give the topic a longer retention, and rebuild into an empty directory from what the log still has",
            log.low,
            log.low - state_next
        );
        return Err(Error::Halt { unit, reason });
    }
    let replay = resume::replay(chain.manifests(), state_next).map_err(|reason| Error::Halt { unit, reason })?;
    let mut books = Books::default();
    replay.iter().for_each(|passed| books += passed.books);
    let (state_seq, state) = state.unzip();
    let body = claim.body();
    let opened = Opened {
        state,
        state_seq,
        state_next,
        next: body.input.next,
        watermark: body.input.watermark.map(Instant),
        replay,
        books,
        last: body.input.last.clone(),
        epoch: body.epoch,
        seq: body.seq,
        published: body.published,
        warnings,
    };
    let mut manifests = chain.into_manifests();
    manifests.push(claim);
    Ok((opened, manifests))
}

/// The newest state named by what is loaded of the chain whose bytes are those of its record.
async fn newest_intact(
    store: &Store,
    chain: &Chain,
    warnings: &mut Vec<String>,
) -> Result<Option<(StateRef, Bytes)>, Error> {
    for state in resume::states(chain.manifests()) {
        match read_state(store, &state).await {
            Ok(bytes) => return Ok(Some((state, bytes))),
            Err(error @ Error::Damaged { .. }) => warnings.push(format!("{error}; an older state is taken")),
            Err(error) => return Err(error),
        }
    }
    Ok(None)
}

async fn read_state(store: &Store, state: &StateRef) -> Result<Bytes, Error> {
    let bytes = store.need(&state.path).await?;
    if bytes.len() as u64 == state.len && Digest::of(&bytes) == state.blake3 {
        return Ok(bytes);
    }
    let detail = format!(
        "it has {} bytes or another BLAKE3 than its {} recorded ones",
        bytes.len(),
        state.len
    );
    Err(Error::Damaged {
        path: state.path.clone(),
        detail,
    })
}
