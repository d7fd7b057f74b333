//! Where a record lies: topic, partition, offset, and the key that decides the partition.

use serde::{Deserialize, Serialize};

/// One partition of a topic.
pub type Partition = u32;

/// Position of a record within its partition. Dense in the embedded log; Kafka may leave gaps.
pub type Offset = u64;

/// The canonical topics.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Topic {
    /// All that counts for a rep, keyed by `rep_id`.
    #[serde(rename = "paceline.events")]
    Events,
    /// Reps, teams, roster, absence: one partition.
    #[serde(rename = "paceline.people")]
    People,
    /// Targets and their decisions: one partition.
    #[serde(rename = "paceline.targets")]
    Targets,
    /// Market factors and calendars: one partition.
    #[serde(rename = "paceline.market")]
    Market,
    /// What could not be taken, with its reason.
    #[serde(rename = "paceline.dead-letters")]
    DeadLetters,
}

impl Topic {
    /// All canonical topics, in a fixed order.
    pub const ALL: [Self; 5] = [
        Self::Events,
        Self::People,
        Self::Targets,
        Self::Market,
        Self::DeadLetters,
    ];

    /// Name of the topic in the log.
    pub fn name(self) -> &'static str {
        match self {
            Self::Events => "paceline.events",
            Self::People => "paceline.people",
            Self::Targets => "paceline.targets",
            Self::Market => "paceline.market",
            Self::DeadLetters => "paceline.dead-letters",
        }
    }

    /// The topic of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|topic| topic.name() == name)
    }
}

/// The topic of states to which the live windows go: the newest row per rep, window and currency. It is written from
/// the fold and read by dashboards, and is no part of the log.
pub const REP_WINDOWS: &str = "paceline.rep-windows";

/// The partition of a key, as Java's Kafka clients choose it (murmur2, seed 0x9747b28c).
pub fn partition_of(key: &[u8], partitions: u32) -> Partition {
    (murmur2(key) & 0x7fff_ffff) % partitions.max(1)
}

fn murmur2(data: &[u8]) -> u32 {
    const M: u32 = 0x5bd1_e995;
    let len = u32::try_from(data.len()).unwrap_or(u32::MAX);
    let mut h = 0x9747_b28c_u32 ^ len;
    let mut chunks = data.chunks_exact(4);
    for chunk in &mut chunks {
        let mut k = chunk
            .iter()
            .rev()
            .fold(0_u32, |acc, byte| (acc << 8) | u32::from(*byte));
        k = k.wrapping_mul(M);
        k ^= k >> 24;
        h = h.wrapping_mul(M) ^ k.wrapping_mul(M);
    }
    let rest = chunks.remainder();
    if !rest.is_empty() {
        for (i, byte) in rest.iter().enumerate() {
            h ^= u32::from(*byte) << (8 * i);
        }
        h = h.wrapping_mul(M);
    }
    h ^= h >> 13;
    h = h.wrapping_mul(M);
    h ^ (h >> 15)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn murmur2_agrees_with_the_java_client() {
        // Vectors of Kafka's own `UtilsTest.testMurmur2`.
        for (text, hash) in [
            ("21", -973_932_308_i32),
            ("foobar", -790_332_482),
            ("a-little-bit-long-string", -985_981_536),
            ("a-little-bit-longer-string", -1_486_304_829),
            ("lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8", -58_897_971),
            ("abc", 479_470_107),
        ] {
            assert_eq!(murmur2(text.as_bytes()), hash.cast_unsigned(), "{text}");
        }
    }

    #[test]
    fn topics_are_found_by_their_name() {
        for topic in Topic::ALL {
            assert_eq!(Topic::from_name(topic.name()), Some(topic));
        }
        assert_eq!(Topic::from_name("other"), None);
    }
}
