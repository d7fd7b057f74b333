//! The chain of one unit, its states and its staged files.

use super::{Known, Listing, Report};
use crate::error::Error;
use crate::layout;
use crate::manifest::{Digest, Manifest, Sequence};
use crate::parquet::{Contents, footer_value, read_footer};
use crate::protocol::chain::{self, Listed};
use crate::protocol::collect::STATES_KEPT;
use crate::protocol::resume;
use crate::shard::chain::decode;
use crate::store::Store;
use crate::unit::Unit;

const REPAIR: &str = "restore it from a copy, or import the files again into an empty data directory";

pub(super) async fn check(
    store: &Store,
    unit: Unit,
    listing: &Listing,
    deep: bool,
    report: &mut Report,
) -> Result<Known, Error> {
    let folder = format!("{}/", layout::manifests(unit));
    let below = listing.keys().filter(|path| path.starts_with(&folder));
    let numbers: Vec<Sequence> = below.filter_map(|path| layout::manifest_number(path)).collect();
    let Listed::Chain { oldest, newest } = chain::derive_listed(&numbers) else {
        report.damage(
            folder,
            "there is no manifest",
            "restore the folder from a copy, or rebuild into an empty directory",
        );
        return Ok(Known::default());
    };
    for number in numbers.iter().filter(|number| **number < oldest) {
        let what = format!("number {number} stands alone below {oldest}");
        report.note(layout::manifest(unit, *number), what, "collection removes it");
    }
    let mut manifests: Vec<Manifest> = Vec::new();
    for seq in (oldest.0..=newest.0).map(Sequence) {
        let path = layout::manifest(unit, seq);
        let read = match store.read(&path).await? {
            Some(bytes) => decode(unit, seq, &bytes),
            // Collected since the listing, by a live owner.
            None => continue,
        };
        report.manifests += 1;
        match read {
            Ok(manifest) => manifests.push(manifest),
            Err(error) => report.take(&path, error, REPAIR)?,
        }
    }
    let links = manifests.windows(2).filter_map(|pair| match pair {
        // A damaged manifest in between is a finding of its own.
        [prev, next] if next.seq() == prev.seq().next() => chain::check_link(prev, next).err(),
        _ => None,
    });
    for fault in manifests
        .first()
        .and_then(|first| chain::check_alone(first.body()).err())
        .into_iter()
        .chain(links)
    {
        report.damage(layout::manifest(unit, fault.seq), fault.detail, REPAIR);
    }
    check_states(store, &manifests, listing, deep, report).await?;
    check_pending(store, &manifests, report).await?;
    Ok(Known { manifests })
}

async fn check_states(
    store: &Store,
    manifests: &[Manifest],
    listing: &Listing,
    deep: bool,
    report: &mut Report,
) -> Result<(), Error> {
    let advice = "an older state is taken at the next start; the next checkpoint with a state replaces it";
    for (rank, state) in resume::states(manifests).into_iter().take(STATES_KEPT).enumerate() {
        report.files += 1;
        match listing.get(&state.path) {
            None => report.damage(state.path, "the state is missing", advice),
            Some(entry) if entry.len != state.len => {
                report.damage(
                    state.path,
                    format!("it has {} bytes, its manifest says {}", entry.len, state.len),
                    advice,
                );
            }
            Some(_) if deep || rank == 0 => {
                let bytes = store.read(&state.path).await?.unwrap_or_default();
                if Digest::of(&bytes) != state.blake3 {
                    report.damage(state.path, "its BLAKE3 is not that of its manifest", advice);
                }
            }
            Some(_) => {}
        }
    }
    Ok(())
}

/// Files that no Delta log guards yet are read whole.
async fn check_pending(store: &Store, manifests: &[Manifest], report: &mut Report) -> Result<(), Error> {
    let published = manifests.last().and_then(|newest| newest.body().published);
    for manifest in manifests.iter().filter(|manifest| Some(manifest.seq()) > published) {
        for (_, file) in manifest.files() {
            report.files += 1;
            match Contents::read(store, &file.path, file.len, file.blake3).await {
                Ok(contents) => {
                    let footer = read_footer(&file.path, contents.bytes());
                    let seq = footer.map(|footer| footer_value(&footer, "seq").map(str::to_owned));
                    match seq {
                        Ok(seq) if seq.as_deref() == Some(manifest.seq().to_string().as_str()) => {}
                        Ok(seq) => {
                            let what = format!(
                                "its footer names checkpoint {seq:?}, manifest {} names it",
                                manifest.seq()
                            );
                            report.damage(&file.path, what, REPAIR);
                        }
                        Err(error) => report.take(&file.path, error, REPAIR)?,
                    }
                }
                // What a live owner has published, compacted and removed since is no damage; the tables are checked apart.
                Err(error) => report.take(&file.path, error, REPAIR)?,
            }
        }
    }
    Ok(())
}
