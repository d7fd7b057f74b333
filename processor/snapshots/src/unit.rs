//! The unit of ownership: a shard of the events topic, or a broadcast topic.

use std::fmt;
use std::str::FromStr;

use paceline_schemas::position::{Partition, Topic};
use paceline_schemas::tables::{Table, TableKind};
use serde::de::Visitor;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// One log with one owner, one offset and one chain of manifests.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Unit {
    /// A partition of the events topic.
    Shard(Partition),
    /// The topic of people.
    People,
    /// The topic of targets.
    Targets,
    /// The topic of market factors.
    Market,
    /// The topic of dead letters.
    DeadLetters,
}

/// Why a text names no unit.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` names no unit; expected a shard number, b-people, b-targets, b-market or b-dead-letters")]
pub struct UnknownUnit(pub String);

impl Unit {
    /// The topic that the unit folds.
    pub fn topic(self) -> Topic {
        match self {
            Self::Shard(_) => Topic::Events,
            Self::People => Topic::People,
            Self::Targets => Topic::Targets,
            Self::Market => Topic::Market,
            Self::DeadLetters => Topic::DeadLetters,
        }
    }

    /// The partition of the topic.
    pub fn partition(self) -> Partition {
        match self {
            Self::Shard(partition) => partition,
            Self::People | Self::Targets | Self::Market | Self::DeadLetters => 0,
        }
    }

    /// The application id under which the unit appends to Delta tables.
    pub fn app_id(self) -> String {
        format!("paceline/{}", self.marker())
    }

    /// The unit within the name of a staged file.
    pub fn marker(self) -> String {
        match self {
            Self::Shard(partition) => format!("s{partition}"),
            Self::People | Self::Targets | Self::Market | Self::DeadLetters => self.to_string(),
        }
    }

    /// The unit that a marker names.
    pub fn from_marker(marker: &str) -> Option<Self> {
        match marker.strip_prefix('s') {
            Some(number) => number.parse().ok().map(Self::Shard),
            None => marker.parse().ok().filter(|unit| !matches!(unit, Self::Shard(_))),
        }
    }

    /// True if the freshness of `table` is told by this unit.
    ///
    /// Tables that no log feeds are written by the owner of shard 0 and stand on its row.
    pub fn tells(self, table: &Table) -> bool {
        let fed_by = match (table.kind, table.name) {
            (TableKind::Facts | TableKind::Increments, _) => return matches!(self, Self::Shard(_)),
            (TableKind::Decisions, _) => Self::Targets,
            (TableKind::Dimension, "dim_rep" | "dim_org") => Self::People,
            (TableKind::Operations, "ops_dead_letter") => Self::DeadLetters,
            (TableKind::Dimension | TableKind::Job | TableKind::Operations | TableKind::View, _) => Self::Shard(0),
        };
        self == fed_by
    }
}

impl fmt::Display for Unit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Shard(partition) => write!(f, "{partition}"),
            Self::People => f.write_str("b-people"),
            Self::Targets => f.write_str("b-targets"),
            Self::Market => f.write_str("b-market"),
            Self::DeadLetters => f.write_str("b-dead-letters"),
        }
    }
}

impl FromStr for Unit {
    type Err = UnknownUnit;

    fn from_str(text: &str) -> Result<Self, UnknownUnit> {
        match text {
            "b-people" => Ok(Self::People),
            "b-targets" => Ok(Self::Targets),
            "b-market" => Ok(Self::Market),
            "b-dead-letters" => Ok(Self::DeadLetters),
            number => match number.parse::<Partition>() {
                Ok(partition) if partition.to_string() == number => Ok(Self::Shard(partition)),
                _ => Err(UnknownUnit(number.to_owned())),
            },
        }
    }
}

impl Serialize for Unit {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Shard(partition) => serializer.serialize_u32(*partition),
            Self::People | Self::Targets | Self::Market | Self::DeadLetters => serializer.collect_str(self),
        }
    }
}

struct UnitVisitor;

impl Visitor<'_> for UnitVisitor {
    type Value = Unit;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a shard number or the name of a broadcast unit")
    }

    fn visit_u64<E: serde::de::Error>(self, number: u64) -> Result<Unit, E> {
        Partition::try_from(number)
            .map(Unit::Shard)
            .map_err(|_| E::custom("a shard number is out of range"))
    }

    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Unit, E> {
        text.parse().map_err(E::custom)
    }
}

impl<'de> Deserialize<'de> for Unit {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(UnitVisitor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_survive_text_marker_and_json() {
        for unit in [
            Unit::Shard(0),
            Unit::Shard(12),
            Unit::People,
            Unit::Targets,
            Unit::Market,
            Unit::DeadLetters,
        ] {
            assert_eq!(unit.to_string().parse(), Ok(unit));
            assert_eq!(Unit::from_marker(&unit.marker()), Some(unit));
            let json = serde_json::to_string(&unit).expect("encode");
            assert_eq!(serde_json::from_str::<Unit>(&json).expect("decode"), unit);
        }
        assert_eq!(Unit::Shard(3).app_id(), "paceline/s3");
        assert_eq!(Unit::People.app_id(), "paceline/b-people");
    }

    #[test]
    fn a_text_that_names_no_unit_is_refused() {
        for text in ["", "s3", "03", "-1", "+1", "b-else", "4294967296"] {
            assert!(text.parse::<Unit>().is_err(), "{text}");
        }
    }

    #[test]
    fn exactly_one_kind_of_unit_tells_each_table() {
        for table in paceline_schemas::tables::stored() {
            let units = [
                Unit::Shard(0),
                Unit::People,
                Unit::Targets,
                Unit::Market,
                Unit::DeadLetters,
            ];
            assert_eq!(
                units.iter().filter(|unit| unit.tells(table)).count(),
                1,
                "{}",
                table.name
            );
        }
    }
}
