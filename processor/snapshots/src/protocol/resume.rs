//! From where a new owner goes on.

use paceline_schemas::position::Offset;

use crate::manifest::{Body, Books, Manifest, Sequence, StateRef};

/// The states named by `chain`, newest first, each once.
pub fn states(chain: &[Manifest]) -> Vec<StateRef> {
    let mut found: Vec<StateRef> = Vec::new();
    for state in chain.iter().rev().filter_map(|manifest| manifest.body().state.as_ref()) {
        if !found.iter().any(|known| known.path == state.path) {
            found.push(state.clone());
        }
    }
    found
}

/// One manifest that the replay from a state passes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Passed {
    /// Its number.
    pub seq: Sequence,
    /// Its first offset.
    pub from: Offset,
    /// The offset at which the replayed books must equal `books`.
    pub next: Offset,
    /// What became of its records then.
    pub books: Books,
    /// The limits that held then.
    pub params: std::collections::BTreeMap<String, i64>,
}

impl Passed {
    fn of(body: &Body) -> Self {
        Self {
            seq: body.seq,
            from: body.input.from,
            next: body.input.next,
            books: body.books,
            params: body.params.clone(),
        }
    }
}

/// The manifests that a replay from `start` passes, or why `chain` does not reach back to it.
///
/// # Errors
/// `start` lies before the oldest manifest, or inside one.
pub fn replay(chain: &[Manifest], start: Offset) -> Result<Vec<Passed>, String> {
    let moved = chain
        .iter()
        .map(Manifest::body)
        .filter(|body| body.input.next > start && body.input.next > body.input.from);
    let passed: Vec<Passed> = moved.map(Passed::of).collect();
    match passed.first() {
        Some(first) if first.from != start => Err(format!(
            "the manifests kept begin at offset {}, the replay at {start}",
            first.from
        )),
        _ => Ok(passed),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture;

    #[test]
    fn states_are_tried_newest_first_and_each_once() {
        let chain = fixture::chain(10);
        let found: Vec<u64> = states(&chain).iter().map(|state| state.seq.0).collect();
        assert_eq!(found, [8, 4]);
    }

    #[test]
    fn a_replay_passes_every_manifest_after_the_state_without_a_gap() {
        let chain = fixture::chain(10);
        for state in states(&chain) {
            let passed = replay(&chain, state.next).expect("reached");
            assert_eq!(passed.first().map(|p| p.from), Some(state.next));
            assert!(passed.windows(2).all(|pair| pair[0].next == pair[1].from));
            assert_eq!(passed.last().map(|p| p.next), chain.last().map(|m| m.body().input.next));
        }
    }

    #[test]
    fn a_start_that_the_manifests_do_not_reach_is_refused() {
        let chain = fixture::chain(10);
        assert!(replay(&chain[5..], chain[2].body().input.next).is_err());
        assert!(replay(&chain, chain[2].body().input.next + 1).is_err());
    }

    #[test]
    fn a_state_at_the_end_needs_no_replay() {
        let chain = fixture::chain(10);
        assert_eq!(replay(&chain, chain[9].body().input.next), Ok(Vec::new()));
    }
}
