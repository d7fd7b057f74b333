//! Whether manifests continue each other.

use crate::manifest::{Body, Kind, Manifest, Sequence};

/// A break between a manifest and its predecessor, or within it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("manifest {seq}: {detail}")]
pub struct Break {
    /// The manifest.
    pub seq: Sequence,
    /// Both sides of what does not fit.
    pub detail: String,
}

/// Checks what one manifest says about itself.
///
/// # Errors
/// Names the rule that it breaks.
pub fn check_alone(body: &Body) -> Result<(), Break> {
    let fault = |detail: String| Err(Break { seq: body.seq, detail });
    let input = &body.input;
    if input.next < input.from {
        return fault(format!(
            "it ends at offset {} before it begins at {}",
            input.next, input.from
        ));
    }
    if !body.books.balance() {
        return fault(format!("its books do not balance: {:?}", body.books));
    }
    if body.books.consumed > input.next - input.from {
        return fault(format!(
            "{} records were consumed of {} offsets",
            body.books.consumed,
            input.next - input.from
        ));
    }
    if let Some(state) = body
        .state
        .as_ref()
        .filter(|state| state.next > input.next || state.seq > body.seq)
    {
        return fault(format!(
            "its state at {} (number {}) lies beyond it",
            state.next, state.seq
        ));
    }
    if let Some(published) = body.published.filter(|published| *published >= body.seq) {
        return fault(format!("it says that {published} is published"));
    }
    if body.kind == Kind::Claim && (input.next != input.from || !body.tables.is_empty()) {
        return fault("it is a claim and carries rows or offsets".to_owned());
    }
    if body.seq == Sequence(0) && (body.prev.is_some() || body.kind != Kind::Claim) {
        return fault("the first one must be a claim without a predecessor".to_owned());
    }
    Ok(())
}

/// Checks that `next` continues `prev`.
///
/// # Errors
/// Names the rule that is broken.
pub fn check_link(prev: &Manifest, next: &Manifest) -> Result<(), Break> {
    check_alone(next.body())?;
    let (before, after) = (prev.body(), next.body());
    let fault = |detail: String| Err(Break { seq: after.seq, detail });
    if after.unit != before.unit || after.deployment != before.deployment {
        return fault(format!("it belongs to unit `{}` of `{}`", after.unit, after.deployment));
    }
    if after.seq != before.seq.next() {
        return fault(format!("it follows number {}", before.seq));
    }
    if after.prev != Some(prev.digest()) {
        return fault(format!("its `prev` is not the digest of number {}", before.seq));
    }
    if after.input.from != before.input.next {
        return fault(format!(
            "it begins at offset {}, its predecessor ends at {}",
            after.input.from, before.input.next
        ));
    }
    let epoch = match after.kind {
        Kind::Claim => before.epoch.0 + 1,
        Kind::Checkpoint => before.epoch.0,
    };
    if after.epoch.0 != epoch {
        return fault(format!("it has epoch {}, expected {epoch}", after.epoch));
    }
    if after.input.watermark < before.input.watermark {
        return fault("its watermark went back".to_owned());
    }
    if after.published < before.published {
        return fault("what is published went back".to_owned());
    }
    Ok(())
}

/// Checks a stretch of a chain, oldest first.
///
/// # Errors
/// The first break.
pub fn check(manifests: &[Manifest]) -> Result<(), Break> {
    if let Some(first) = manifests.first() {
        check_alone(first.body())?;
    }
    manifests.windows(2).try_for_each(|pair| match pair {
        [prev, next] => check_link(prev, next),
        _ => Ok(()),
    })
}

/// What the listing of a unit's manifests says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Listed {
    /// No manifest.
    Empty,
    /// The numbers run from the oldest kept to the newest. A sleeper may have filled a collected number below the oldest.
    Chain {
        /// First number of the unbroken run that ends with the newest.
        oldest: Sequence,
        /// The highest number.
        newest: Sequence,
    },
}

/// Derives the run of numbers that counts. The highest number counts; below the first gap nothing does.
pub fn derive_listed(numbers: &[Sequence]) -> Listed {
    let mut sorted = numbers.to_vec();
    sorted.sort_unstable();
    let Some(newest) = sorted.last().copied() else {
        return Listed::Empty;
    };
    let mut oldest = newest;
    for number in sorted.into_iter().rev().skip(1) {
        if number.next() != oldest {
            break;
        }
        oldest = number;
    }
    Listed::Chain { oldest, newest }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture;
    use crate::manifest::{Digest, Epoch};

    fn broken(change: impl FnOnce(&mut Body)) -> String {
        let chain = fixture::chain(6);
        let mut body = chain[5].body().clone();
        change(&mut body);
        check_link(&chain[4], &Manifest::seal(body)).expect_err("broken").detail
    }

    #[test]
    fn a_chain_of_claims_and_checkpoints_holds() {
        assert_eq!(check(&fixture::chain(8)), Ok(()));
    }

    #[test]
    fn every_rule_of_the_link_is_checked() {
        assert!(broken(|b| b.seq = Sequence(9)).contains("follows number 4"));
        assert!(broken(|b| b.prev = Some(Digest::of(b"x"))).contains("prev"));
        assert!(broken(|b| b.input.from -= 1).contains("begins at"));
        assert!(broken(|b| b.input.next = 0).contains("before it begins"));
        assert!(broken(|b| b.epoch = Epoch(9)).contains("epoch"));
        assert!(broken(|b| b.kind = Kind::Claim).contains("claim"));
        assert!(broken(|b| b.books.applied += 1).contains("balance"));
        assert!(
            broken(|b| {
                b.books.consumed += 900;
                b.books.applied += 900
            })
            .contains("consumed")
        );
        assert!(broken(|b| b.published = Some(b.seq)).contains("published"));
        assert!(broken(|b| b.published = None).contains("went back"));
        assert!(broken(|b| b.input.watermark = Some(0)).contains("watermark"));
        assert!(broken(|b| b.deployment = "other".to_owned()).contains("other"));
        assert!(broken(|b| b.state.as_mut().expect("state").next = 1 << 40).contains("state"));
    }

    #[test]
    fn the_first_manifest_is_a_claim_without_predecessor() {
        let mut body = fixture::chain(1)[0].body().clone();
        assert_eq!(check_alone(&body), Ok(()));
        body.prev = Some(Digest::of(b"x"));
        assert!(check_alone(&body).is_err());
    }

    #[test]
    fn the_run_that_ends_with_the_highest_number_counts() {
        let listed = |numbers: &[u64]| derive_listed(&numbers.iter().map(|n| Sequence(*n)).collect::<Vec<_>>());
        assert_eq!(listed(&[]), Listed::Empty);
        for (numbers, oldest, newest) in [
            (&[0_u64][..], 0, 0),
            (&[0, 1, 2], 0, 2),
            (&[2, 0, 1], 0, 2),
            (&[3, 7, 8, 9], 7, 9),
            (&[0, 2], 2, 2),
        ] {
            let expected = Listed::Chain {
                oldest: Sequence(oldest),
                newest: Sequence(newest),
            };
            assert_eq!(listed(numbers), expected, "{numbers:?}");
        }
    }
}
