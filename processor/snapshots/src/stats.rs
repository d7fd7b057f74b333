//! Least and greatest values per column: from a Parquet footer, to and from the statistics of a Delta log.

use std::collections::BTreeMap;

use paceline_schemas::tables::{ColumnType, Table};
use paceline_schemas::time::{Day, Instant};
use parquet::file::metadata::ParquetMetaData;
use parquet::file::statistics::Statistics;
use serde_json::{Map, Value, json};

/// A bound of a column.
#[derive(Debug, Clone, PartialEq)]
pub enum Bound {
    /// Text, possibly cut: a lower bound is at most, an upper one at least the value.
    Text(String),
    /// Integer.
    BigInt(i64),
    /// Float.
    Double(f64),
    /// Truth value.
    Boolean(bool),
    /// Date.
    Date(Day),
    /// Instant, rounded outwards to the millisecond.
    Timestamp(Instant),
}

/// What is known of a column in one file.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Range {
    /// At most the least value.
    pub min: Option<Bound>,
    /// At least the greatest value.
    pub max: Option<Bound>,
    /// NULLs.
    pub nulls: Option<u64>,
}

/// Statistics of one file.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct FileStats {
    /// Rows.
    pub rows: u64,
    /// Per column; the partition column is not in the file.
    pub columns: BTreeMap<String, Range>,
}

impl FileStats {
    /// Reads a footer.
    pub fn of_footer(table: &Table, footer: &ParquetMetaData) -> Self {
        let rows = footer
            .row_groups()
            .iter()
            .map(|group| u64::try_from(group.num_rows()).unwrap_or(0))
            .sum();
        let names = footer
            .file_metadata()
            .schema_descr()
            .columns()
            .iter()
            .map(|column| column.name().to_owned());
        let columns = names.enumerate().filter_map(|(index, name)| {
            let kind = table.column(&name)?.kind;
            Some((name, range_of(kind, footer, index)))
        });
        Self {
            rows,
            columns: columns.collect(),
        }
    }

    /// The statistics of a Delta `Add`.
    pub fn to_delta(&self) -> String {
        let bounds = |pick: fn(&Range) -> Option<&Bound>, up: bool| -> Map<String, Value> {
            let known = self
                .columns
                .iter()
                .filter_map(|(name, range)| Some((name.clone(), write(pick(range)?, up)?)));
            known.collect()
        };
        let nulls: Map<String, Value> = self
            .columns
            .iter()
            .filter_map(|(name, range)| Some((name.clone(), json!(range.nulls?))))
            .collect();
        json!({
            "numRecords": self.rows,
            "minValues": bounds(|range| range.min.as_ref(), false),
            "maxValues": bounds(|range| range.max.as_ref(), true),
            "nullCount": nulls,
        })
        .to_string()
    }

    /// Reads the statistics of a Delta `Add`; what does not parse is not known.
    pub fn of_delta(table: &Table, text: &str) -> Option<Self> {
        let stats: Value = serde_json::from_str(text).ok()?;
        let bound = |group: &str, name: &str, kind| read(kind, stats.get(group)?.get(name)?);
        let columns = table
            .columns
            .iter()
            .filter(|column| Some(column.name) != table.partition)
            .map(|column| {
                let range = Range {
                    min: bound("minValues", column.name, column.kind),
                    max: bound("maxValues", column.name, column.kind),
                    nulls: stats
                        .get("nullCount")
                        .and_then(|nulls| nulls.get(column.name)?.as_u64()),
                };
                (column.name.to_owned(), range)
            });
        Some(Self {
            rows: stats.get("numRecords")?.as_u64()?,
            columns: columns.collect(),
        })
    }

    /// The dates between which the rows lie.
    pub fn dates(&self, column: &str) -> (Option<Day>, Option<Day>) {
        let day = |bound: Option<&Bound>| match bound {
            Some(Bound::Date(day)) => Some(*day),
            _ => None,
        };
        self.columns
            .get(column)
            .map_or((None, None), |range| (day(range.min.as_ref()), day(range.max.as_ref())))
    }
}

fn range_of(kind: ColumnType, footer: &ParquetMetaData, index: usize) -> Range {
    let groups: Vec<_> = footer
        .row_groups()
        .iter()
        .map(|group| group.column(index).statistics())
        .collect();
    let Some(groups) = groups.into_iter().collect::<Option<Vec<_>>>() else {
        return Range::default();
    };
    let nulls = groups.iter().map(|statistics| statistics.null_count_opt()).sum();
    // A group of NULLs only has no bounds and bounds nothing.
    let holds_values = |statistics: &&&Statistics| statistics.null_count_opt().is_none() || has_bounds(statistics);
    let bounds: Vec<_> = groups
        .iter()
        .filter(holds_values)
        .map(|statistics| bounds_of(kind, statistics))
        .collect();
    let fold = |up: bool| {
        let each: Option<Vec<Bound>> = bounds
            .iter()
            .map(|(min, max)| if up { max.clone() } else { min.clone() })
            .collect();
        each?
            .into_iter()
            .reduce(|a, b| if is_less(&a, &b) == up { b } else { a })
    };
    Range {
        min: fold(false),
        max: fold(true),
        nulls,
    }
}

fn has_bounds(statistics: &Statistics) -> bool {
    statistics.min_bytes_opt().is_some()
}

fn bounds_of(kind: ColumnType, statistics: &Statistics) -> (Option<Bound>, Option<Bound>) {
    let both = |pair: (Option<i64>, Option<i64>), bound: fn(i64) -> Bound| (pair.0.map(bound), pair.1.map(bound));
    match (kind, statistics) {
        (ColumnType::BigInt, Statistics::Int64(s)) => both((s.min_opt().copied(), s.max_opt().copied()), Bound::BigInt),
        (ColumnType::Timestamp, Statistics::Int64(s)) => both((s.min_opt().copied(), s.max_opt().copied()), |value| {
            Bound::Timestamp(Instant(value))
        }),
        (ColumnType::Date, Statistics::Int32(s)) => {
            let date = |value: &i32| Bound::Date(Day(*value));
            (s.min_opt().map(date), s.max_opt().map(date))
        }
        (ColumnType::Double, Statistics::Double(s)) => {
            let finite = |value: &f64| value.is_finite().then_some(Bound::Double(*value));
            (s.min_opt().and_then(finite), s.max_opt().and_then(finite))
        }
        (ColumnType::Boolean, Statistics::Boolean(s)) => (
            s.min_opt().copied().map(Bound::Boolean),
            s.max_opt().copied().map(Bound::Boolean),
        ),
        (ColumnType::Text, Statistics::ByteArray(s)) => {
            let text =
                |value: &parquet::data_type::ByteArray| value.as_utf8().ok().map(|text| Bound::Text(text.to_owned()));
            (s.min_opt().and_then(text), s.max_opt().and_then(text))
        }
        _ => (None, None),
    }
}

fn is_less(a: &Bound, b: &Bound) -> bool {
    match (a, b) {
        (Bound::Text(a), Bound::Text(b)) => a < b,
        (Bound::BigInt(a), Bound::BigInt(b)) => a < b,
        (Bound::Double(a), Bound::Double(b)) => a < b,
        (Bound::Boolean(a), Bound::Boolean(b)) => a < b,
        (Bound::Date(a), Bound::Date(b)) => a < b,
        (Bound::Timestamp(a), Bound::Timestamp(b)) => a < b,
        _ => false,
    }
}

const MILLI_US: i64 = 1_000;

fn write(bound: &Bound, up: bool) -> Option<Value> {
    Some(match bound {
        Bound::Text(text) => json!(text),
        Bound::BigInt(value) => json!(value),
        Bound::Double(value) => json!(value),
        Bound::Boolean(value) => json!(value),
        Bound::Date(day) => json!(day.to_string()),
        Bound::Timestamp(instant) => {
            let floor = instant.floor(MILLI_US);
            let rounded = if up && floor != *instant {
                Instant(floor.0 + MILLI_US)
            } else {
                floor
            };
            json!(format!("{:.3}", rounded.timestamp()))
        }
    })
}

fn read(kind: ColumnType, value: &Value) -> Option<Bound> {
    match kind {
        ColumnType::Text => value.as_str().map(|text| Bound::Text(text.to_owned())),
        ColumnType::BigInt => value.as_i64().map(Bound::BigInt),
        ColumnType::Double => value.as_f64().map(Bound::Double),
        ColumnType::Boolean => value.as_bool().map(Bound::Boolean),
        ColumnType::Date => Day::parse(value.as_str()?).ok().map(Bound::Date),
        ColumnType::Timestamp => Instant::parse(value.as_str()?).ok().map(Bound::Timestamp),
        ColumnType::Money => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statistics_survive_the_delta_log_and_round_outwards() {
        let table = paceline_schemas::tables::stored_table("agg_rep_hour").expect("table");
        let range = |min, max| Range {
            min: Some(min),
            max: Some(max),
            nulls: Some(0),
        };
        let instant = |value| Bound::Timestamp(Instant(value));
        let stats = FileStats {
            rows: 3,
            columns: [
                (
                    "business_date",
                    range(Bound::Date(Day(20_000)), Bound::Date(Day(20_001))),
                ),
                (
                    "rep_id",
                    range(Bound::Text("a".to_owned()), Bound::Text("李雷".to_owned())),
                ),
                ("hour_start", range(instant(1_234_567), instant(1_234_567))),
                ("local_hour", range(Bound::BigInt(-1), Bound::BigInt(23))),
            ]
            .map(|(name, range)| (name.to_owned(), range))
            .into(),
        };
        let back = FileStats::of_delta(table, &stats.to_delta()).expect("parses");
        assert_eq!(back.rows, 3);
        for name in ["business_date", "rep_id", "local_hour"] {
            assert_eq!(back.columns.get(name), stats.columns.get(name), "{name}");
        }
        assert_eq!(
            back.columns.get("hour_start"),
            Some(&range(instant(1_234_000), instant(1_235_000)))
        );
        assert_eq!(back.dates("business_date"), (Some(Day(20_000)), Some(Day(20_001))));
    }
}
