//! Where things lie under the data directory. Every path is relative to it, with `/` between folders.

use uuid::Uuid;

use crate::manifest::Sequence;
use crate::unit::Unit;

/// Folder of a unit's manifests.
pub fn manifests(unit: Unit) -> String {
    format!("shards/{unit}/manifest")
}

/// A manifest by its number.
pub fn manifest(unit: Unit, seq: Sequence) -> String {
    format!("{}/{:020}.json", manifests(unit), seq.0)
}

/// The number of the manifest at `path`.
pub fn manifest_number(path: &str) -> Option<Sequence> {
    let name = path.rsplit('/').next()?.strip_suffix(".json")?;
    (name.len() == 20).then(|| name.parse().ok().map(Sequence)).flatten()
}

/// Folder of a unit's states.
pub fn states(unit: Unit) -> String {
    format!("shards/{unit}/state")
}

/// A state by the manifest number at whose `next` it was cut.
pub fn state(unit: Unit, seq: Sequence, writer: Uuid) -> String {
    format!("{}/{:020}-{writer}.state", states(unit), seq.0)
}

/// The number in the name of the state at `path`.
pub fn state_number(path: &str) -> Option<Sequence> {
    let name = path.rsplit('/').next()?.strip_suffix(".state")?;
    name.split_once('-')?.0.parse().ok().map(Sequence)
}

/// Folder of a table.
pub fn table(name: &str) -> String {
    format!("tables/{name}")
}

/// Who wrote a data file; its name says so.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// Staged by a checkpoint of the unit.
    Unit(Unit),
    /// Written by a compaction.
    Compaction,
    /// Written by the job, or the replacement of a whole table, of that name.
    Job(String),
}

/// The name of a data file, which is never given twice.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileName {
    /// Number of the manifest, of the set that a job read, or of the table version that was compacted.
    pub number: u64,
    /// Who wrote it.
    pub origin: Origin,
    /// The writing process.
    pub writer: Uuid,
    /// Counter within the writing process.
    pub n: u64,
}

impl FileName {
    /// The path within the folder of its table, in the partition given as `(column, value)`.
    pub fn within_table(&self, partition: Option<(&str, &str)>) -> String {
        let origin = match &self.origin {
            Origin::Unit(unit) => unit.marker(),
            Origin::Compaction => "compact".to_owned(),
            Origin::Job(name) => name.clone(),
        };
        let name = format!("{}-{origin}-{}-{}.parquet", self.number, self.writer, self.n);
        match partition {
            Some((column, value)) => format!("{column}={value}/{name}"),
            None => name,
        }
    }

    /// Reads the name of the file at `path`.
    pub fn parse(path: &str) -> Option<Self> {
        let name = path.rsplit('/').next()?.strip_suffix(".parquet")?;
        let (rest, n) = name.rsplit_once('-')?;
        let writer = Uuid::parse_str(rest.get(rest.len().checked_sub(36)?..)?).ok()?;
        let head = rest.get(..rest.len() - 36)?.strip_suffix('-')?;
        let (number, origin) = head.split_once('-')?;
        let origin = match (Unit::from_marker(origin), origin) {
            (Some(unit), _) => Origin::Unit(unit),
            (None, "compact") => Origin::Compaction,
            (None, job) => Origin::Job(job.to_owned()),
        };
        Some(Self {
            number: number.parse().ok()?,
            origin,
            writer,
            n: n.parse().ok()?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_files_say_who_wrote_them() {
        let writer = Uuid::from_u128(7);
        for origin in [
            Origin::Unit(Unit::Shard(3)),
            Origin::Unit(Unit::DeadLetters),
            Origin::Compaction,
            Origin::Job("snap-rep-window".to_owned()),
        ] {
            let name = FileName {
                number: 812,
                origin,
                writer,
                n: 4,
            };
            let path = name.within_table(Some(("business_month", "2026-11")));
            assert_eq!(FileName::parse(&path), Some(name), "{path}");
        }
        assert_eq!(FileName::parse("business_month=2026-11/part-0001.parquet"), None);
        assert_eq!(FileName::parse("x.parquet"), None);
        assert_eq!(FileName::parse("文件-1.parquet"), None);
    }

    #[test]
    fn numbers_of_manifests_and_states_are_read_from_their_names() {
        let unit = Unit::Shard(0);
        assert_eq!(manifest_number(&manifest(unit, Sequence(12))), Some(Sequence(12)));
        assert_eq!(
            state_number(&state(unit, Sequence(9), Uuid::from_u128(1))),
            Some(Sequence(9))
        );
        assert_eq!(manifest_number("shards/0/manifest/12.json"), None);
    }
}
