//! What is checked when the log opens, before a record is read or written.
//!
//! | the store ends | then |
//! |---|---|
//! | where its bookkeeping says, at or beyond the tip | go on; what the tip lacks was acknowledged within its last second |
//! | elsewhere than its bookkeeping says | halt |
//! | before the tip | halt with the count, unless that very loss was accepted: go on at its end |
//! | anywhere, without a tip file | halt, unless the log is empty or the loss of what is unknown was accepted |

use std::collections::BTreeMap;
use std::path::Path;

use paceline_schemas::position::{Offset, Partition, Topic};

use super::codec::EndRow;
use super::store::Store;
use super::tip::{self, Nexts};
use crate::error::Error;

/// Records that were acknowledged, are gone, and that somebody has named to go on without them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Loss {
    /// The topic.
    pub topic: Topic,
    /// The partition.
    pub partition: Partition,
    /// The first offset that is missing: where the log ends.
    pub from: Offset,
    /// Where the log goes on: at the tip or at a manifest's `next`, whichever is further.
    pub to: Offset,
}

/// A partition as it was found.
#[derive(Debug)]
pub(super) struct Recovered {
    pub(super) row: EndRow,
    pub(super) gaps: Vec<(Offset, Offset)>,
}

/// Checks every partition against the tip file, and brings that up to date.
pub(super) fn recover(
    store: &Store,
    tip_path: &Path,
    places: impl Iterator<Item = (Topic, Partition)>,
    accepted: &[Loss],
) -> Result<BTreeMap<(Topic, Partition), Recovered>, Error> {
    let tip = tip::read(tip_path)?;
    let mut found = BTreeMap::new();
    for (topic, partition) in places {
        let at_tip = tip
            .as_ref()
            .map(|tip| tip.get(&(topic, partition)).copied().unwrap_or(0));
        found.insert(
            (topic, partition),
            recover_partition(store, topic, partition, at_tip, accepted)?,
        );
    }
    let nexts: Nexts = found.iter().map(|(place, found)| (*place, found.row.next)).collect();
    if tip.as_ref() != Some(&nexts) {
        tip::write(tip_path, &nexts)?;
    }
    Ok(found)
}

fn recover_partition(
    store: &Store,
    topic: Topic,
    partition: Partition,
    tip: Option<Offset>,
    accepted: &[Loss],
) -> Result<Recovered, Error> {
    let halt = |offset, detail| Error::Halt {
        topic,
        partition,
        offset,
        detail,
    };
    let Some(mut row) = store.end(topic, partition)? else {
        return Err(halt(
            0,
            "the bookkeeping of the partition is missing; restore the data folder".to_owned(),
        ));
    };
    let mut gaps = store.gaps(topic, partition)?;
    let held = store.after_last(topic, partition)?.unwrap_or(row.low);
    let gap_to_end = gaps.iter().any(|&(from, to)| from == held && to == row.next);
    if held != row.next && !gap_to_end {
        let detail = format!(
            "the records end at `{held}`, their bookkeeping at `{}`; restore the data folder",
            row.next
        );
        return Err(halt(held, detail));
    }
    let loss = accepted
        .iter()
        .find(|loss| (loss.topic, loss.partition, loss.from) == (topic, partition, row.next));
    if let Some(reason) = doubt(&row, tip, loss) {
        return Err(halt(row.next, reason));
    }
    if let Some(loss) = loss.filter(|loss| loss.to > row.next) {
        let from = std::mem::replace(&mut row.next, loss.to);
        store.write_gap(topic, partition, from, row)?;
        gaps.push((from, loss.to));
        tracing::warn!(
            topic = topic.name(),
            partition,
            from,
            to = loss.to,
            "records are lost and were given up by name"
        );
    }
    Ok(Recovered { row, gaps })
}

/// Why the log must not go on, if so.
fn doubt(row: &EndRow, tip: Option<Offset>, loss: Option<&Loss>) -> Option<String> {
    let next = row.next;
    let Some(tip) = tip else {
        let fine = next == 0 || loss.is_some();
        return (!fine).then(|| {
            format!("the tip file is missing, so records may be; restore it from a copy: `{next}-{next}` is what it would say")
        });
    };
    let reached = loss.map_or(next, |loss| loss.to.max(next));
    (reached < tip).then(|| {
        let missing = tip - next;
        format!(
            "`{missing}` acknowledged records are missing; restore the data folder from a copy: `{next}-{tip}` are gone"
        )
    })
}
