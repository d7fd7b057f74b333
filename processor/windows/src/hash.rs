//! A 64-bit hash that is part of the state's format: the same on every machine and in every release.
//!
//! It finds equal ids and damaged bytes. It does not withstand someone who looks for collisions, and need not:
//! an id that collides is judged by its content too.

const SEED: u64 = 0x51c7_6d2e_8fb3_904b;
const SPREAD: u64 = 0x9e6c_63d0_876a_3f6b;
const FINISH: u64 = 0xd1b5_4a32_d192_ed03;

/// The hash of an event's identity.
pub(crate) fn of_id(source: &str, id: &str) -> u64 {
    finish(absorb(absorb(SEED, source.as_bytes()), id.as_bytes()))
}

/// The hash of `bytes`.
pub(crate) fn of_bytes(bytes: &[u8]) -> u64 {
    finish(absorb(SEED, bytes))
}

fn absorb(state: u64, bytes: &[u8]) -> u64 {
    let (words, rest) = bytes.as_chunks::<8>();
    let mut tail = [0; 8];
    for (to, from) in tail.iter_mut().zip(rest) {
        *to = *from;
    }
    // The length goes in first, so that neither a split nor a zero byte at the end is lost.
    let begun = mix(state ^ bytes.len() as u64, FINISH);
    let full = words
        .iter()
        .fold(begun, |sum, word| mix(sum ^ u64::from_le_bytes(*word), SPREAD));
    mix(full ^ u64::from_le_bytes(tail), SPREAD)
}

fn finish(state: u64) -> u64 {
    mix(state ^ SEED, FINISH)
}

/// Both halves of the product, folded; the addition keeps a zero from absorbing what follows.
#[expect(clippy::cast_possible_truncation, reason = "either half fits")]
fn mix(a: u64, b: u64) -> u64 {
    let product = u128::from(a) * u128::from(b);
    (product as u64 ^ (product >> 64) as u64).wrapping_add(a.rotate_left(23))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn the_format_does_not_change() {
        assert_eq!([of_bytes(b""), of_bytes(b"paceline"), of_id("//a/b/c", "1")], GOLDEN);
    }

    const GOLDEN: [u64; 3] = [
        16_391_655_851_103_132_480,
        13_268_456_544_935_310_425,
        10_351_195_005_622_169_516,
    ];

    #[test]
    fn ids_that_differ_a_little_have_hashes_of_their_own() {
        let mut seen = BTreeSet::new();
        for n in 0..20_000 {
            assert!(seen.insert(of_id("//t/v/c", &format!("call-{n}"))));
            assert!(seen.insert(of_id(&format!("//t/v/c{n}"), "call")));
        }
        assert_ne!(of_id("ab", "c"), of_id("a", "bc"));
        assert_ne!(of_bytes(b"a"), of_bytes(b"a\0"));
    }

    #[test]
    fn every_bit_of_the_hash_takes_part() {
        let ones = (0..1_000).fold([0; 64], |mut counts, n: u32| {
            let hash = of_bytes(&n.to_le_bytes());
            for (bit, count) in counts.iter_mut().enumerate() {
                *count += hash >> bit & 1;
            }
            counts
        });
        assert!(ones.iter().all(|count| (400..600).contains(count)), "{ones:?}");
    }
}
