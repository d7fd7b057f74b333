//! Which manifests and states are no longer needed.

use paceline_schemas::time::{HOUR_US, Instant};

use super::resume;
use crate::manifest::{Manifest, Sequence};

/// Manifests kept whatever their age.
pub const MANIFESTS_KEPT: usize = 64;
/// States kept.
pub const STATES_KEPT: usize = 3;
/// How long a manifest is kept at least.
pub const MANIFEST_AGE_US: i64 = 7 * 24 * HOUR_US;
/// How long a file that nothing names is kept.
pub const ORPHAN_AGE_US: i64 = 24 * HOUR_US;

/// The lowest number to keep, and the states to keep.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kept {
    /// Manifests below it go.
    pub oldest: Sequence,
    /// Paths of the states kept; others that are old enough go.
    pub states: Vec<String>,
}

/// Decides over a chain, oldest first. `None` for an empty one.
///
/// Kept are manifests above what is published, above the oldest kept state, younger than the age, and the last of them all.
pub fn kept(chain: &[Manifest], published: Option<Sequence>, at: Instant) -> Option<Kept> {
    let newest = chain.last()?.seq();
    let states: Vec<_> = resume::states(chain).into_iter().take(STATES_KEPT).collect();
    let young = chain
        .iter()
        .find(|manifest| manifest.body().at.0 > at.0 - MANIFEST_AGE_US)
        .map(Manifest::seq);
    let last = chain.get(chain.len().saturating_sub(MANIFESTS_KEPT)).map(Manifest::seq);
    // Without a state the whole log is replayed against the books: every manifest is passed.
    let by_state = states
        .iter()
        .map(|state| state.seq)
        .min()
        .or_else(|| chain.first().map(Manifest::seq));
    let oldest = [published.map_or(Some(Sequence(0)), Some), by_state, young, last]
        .into_iter()
        .flatten()
        .min();
    Some(Kept {
        oldest: oldest.unwrap_or(newest),
        states: states.into_iter().map(|state| state.path).collect(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture;

    const LATE: Instant = Instant(i64::MAX / 2);

    #[test]
    fn published_state_age_and_count_each_keep_manifests() {
        let chain = fixture::chain(100);
        let newest = Sequence(99);
        let oldest = |published, at| kept(&chain, published, at).expect("kept").oldest.0;
        assert_eq!(oldest(Some(newest), LATE), 36);
        assert_eq!(oldest(Some(Sequence(10)), LATE), 10);
        assert_eq!(oldest(None, LATE), 0);
        assert_eq!(oldest(Some(newest), chain[20].body().at), 0);
    }

    #[test]
    fn the_three_newest_states_stay_and_hold_their_manifests() {
        let chain = fixture::chain(300);
        let kept = kept(&chain, Some(Sequence(299)), LATE).expect("kept");
        assert_eq!(kept.states.len(), STATES_KEPT);
        assert!(kept.oldest <= Sequence(300 - 64));
        let without: Vec<_> = fixture::chain_without_state(300);
        assert_eq!(
            super::kept(&without, Some(Sequence(299)), LATE).expect("kept").oldest,
            Sequence(0)
        );
    }

    #[test]
    fn an_empty_chain_keeps_nothing() {
        assert_eq!(kept(&[], None, LATE), None);
    }
}
