//! Draws that are contract: the same key gives the same numbers on every machine and in every version.
//!
//! A key is hashed by FNV-1a 64, expanded by SplitMix64 and drawn from by xoshiro256++.

/// 2^-53, the step of [`Xoshiro256PlusPlus::uniform`].
const STEP: f64 = 1.0 / 9_007_199_254_740_992.0;

/// FNV-1a, 64 bit (Fowler, Noll, Vo).
pub fn fnv1a_64(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3)
    })
}

/// SplitMix64 (Steele, Lea, Flood): spreads one word over the state of a larger generator.
#[derive(Debug, Clone)]
pub struct SplitMix64(u64);

impl SplitMix64 {
    /// Starts at `seed`; every seed is a good one.
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// Draws 64 bits.
    pub fn draw(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }
}

/// xoshiro256++ (Blackman, Vigna, <https://prng.di.unimi.it/>).
#[derive(Debug, Clone)]
pub struct Xoshiro256PlusPlus {
    state: [u64; 4],
}

impl Xoshiro256PlusPlus {
    /// Starts at a given state, which must not be all zero: that one yields zeros for ever.
    pub fn from_state(state: [u64; 4]) -> Self {
        Self { state }
    }

    /// Starts at the four words that SplitMix64 makes of `seed`.
    pub fn from_seed(seed: u64) -> Self {
        let mut words = SplitMix64::new(seed);
        Self {
            state: std::array::from_fn(|_| words.draw()),
        }
    }

    /// Starts where `key` says, for example `node|metric|period_start|as_of|policy_version`.
    pub fn from_key(key: &str) -> Self {
        Self::from_seed(fnv1a_64(key.as_bytes()))
    }

    /// Draws 64 bits.
    pub fn draw(&mut self) -> u64 {
        let [s0, s1, s2, s3] = self.state;
        let drawn = s0.wrapping_add(s3).rotate_left(23).wrapping_add(s0);
        let (crossed2, crossed3) = (s2 ^ s0, s3 ^ s1);
        self.state = [
            s0 ^ crossed3,
            s1 ^ crossed2,
            crossed2 ^ (s1 << 17),
            crossed3.rotate_left(45),
        ];
        drawn
    }

    /// Draws a number strictly between 0 and 1.
    pub fn uniform(&mut self) -> f64 {
        unit(self.draw())
    }
}

/// The middle of the step of 2^-53 that `bits` fall into.
fn unit(bits: u64) -> f64 {
    // The half is lost to rounding in the upper half of the range, where the last middle would become 1.
    (((bits >> 11) as f64 + 0.5) * STEP).min(1.0 - STEP)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hashes_are_those_of_fnv() {
        assert_eq!(fnv1a_64(b""), 0xcbf2_9ce4_8422_2325);
        assert_eq!(fnv1a_64(b"a"), 0xaf63_dc4c_8601_ec8c);
        assert_eq!(
            fnv1a_64(b"r-017|revenue_minor|2026-04-01|2026-04-15|tp-7"),
            0x5605_6cd6_fbc2_67f3
        );
    }

    #[test]
    fn words_are_those_of_the_published_generators() {
        let mut words = SplitMix64::new(0);
        let drawn: [u64; 3] = std::array::from_fn(|_| words.draw());
        assert_eq!(
            drawn,
            [0xe220_a839_7b1d_cdaf, 0x6e78_9e6a_a1b9_65f4, 0x06c4_5d18_8009_454f]
        );

        let mut draws = Xoshiro256PlusPlus::from_state([1, 2, 3, 4]);
        let drawn: [u64; 4] = std::array::from_fn(|_| draws.draw());
        assert_eq!(
            drawn,
            [41_943_041, 58_720_359, 3_588_806_011_781_223, 3_591_011_842_654_386]
        );
    }

    #[test]
    fn a_key_fixes_its_draws() {
        let draws = Xoshiro256PlusPlus::from_key("r-017|revenue_minor|2026-04-01|2026-04-15|tp-7");
        let (mut words, mut units) = (draws.clone(), draws);
        assert_eq!(
            [words.draw(), words.draw()],
            [0x2f64_0584_25fc_5faf, 0x8f4b_dc14_ff8f_ca63]
        );
        assert!((units.uniform() - 0.185_120).abs() < 5e-7);
        assert!((units.uniform() - 0.559_751).abs() < 5e-7);
    }

    #[test]
    fn a_unit_is_neither_0_nor_1() {
        assert!(unit(0) > 0.0);
        assert!(unit(u64::MAX) < 1.0);
    }
}
