//! Mappings as they are written: every key that may stand there, and no other.

use std::collections::BTreeMap;
use std::fmt;

use serde::Deserialize;
use serde::de::value::{MapAccessDeserializer, SeqAccessDeserializer};
use serde::de::{Deserializer, MapAccess, SeqAccess, Visitor};

/// A mapping file.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RawMapping {
    /// Name of the mapping.
    pub mapping: String,
    /// Connection: source = `//<tenant>/file/<connection>`.
    pub connection: String,
    /// Columns that name the entity, joined by `:`; none: the row's hash.
    #[serde(default)]
    pub entity: Vec<String>,
    /// `company`: reps are named as here; `aliases`: as the source knows them.
    pub rep_namespace: Option<String>,
    /// `keep` or `reject` reps that nobody has introduced.
    pub unknown_rep: Option<String>,
    /// `csv` or `jsonl`.
    pub format: Option<String>,
    /// Encoding of the text.
    pub encoding: Option<String>,
    /// Delimiter.
    pub delimiter: Option<String>,
    /// Whether the first row names the columns.
    pub header: Option<bool>,
    /// Lines before the header.
    pub skip_rows: Option<u64>,
    /// Whether a column that is not used refuses the file.
    pub strict: Option<bool>,
    /// Zone of times without offset.
    pub zone: Option<String>,
    /// Texts that mean nothing; an empty cell always does.
    #[serde(default)]
    pub null: Vec<String>,
    /// Country in which numbers without country code are dialled.
    pub country: Option<String>,
    /// Currency of amounts that name none.
    pub currency: Option<String>,
    /// `net` or `gross` of tax.
    pub amounts: Option<String>,
    /// `none`: numbers change per call and are not hashed.
    pub phone: Option<String>,
    /// Whether a call with disposition `sale` is a deal too.
    pub deals_from_sales: Option<bool>,
    /// `keep` or `follow_owner`: whether a won deal moves with its owner.
    pub credit: Option<String>,
    /// `reinstate` or `stay`: what a win is that is stated again after its cancellation; `stay` where wins and
    /// cancellations come in files of their own.
    pub cancelled_wins: Option<String>,
    /// Days after a win within which the customer counts as retained.
    pub retained_within_days: Option<i64>,
    /// Fields of all blocks.
    #[serde(default)]
    pub fields: BTreeMap<String, RawField>,
    /// Blocks.
    #[serde(default)]
    pub emit: Vec<RawBlock>,
    /// Maps of values.
    #[serde(default)]
    pub maps: BTreeMap<String, BTreeMap<String, String>>,
    /// Labels of all events, by column.
    #[serde(default)]
    pub attributes: BTreeMap<String, String>,
}

/// A block: one kind of event that a row may yield.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RawBlock {
    /// Type of the event.
    #[serde(rename = "type")]
    pub event_type: String,
    /// Conditions, all of which must hold.
    #[serde(default, rename = "where")]
    pub conditions: Vec<RawCondition>,
    /// Fields.
    #[serde(default)]
    pub fields: BTreeMap<String, RawField>,
}

/// A condition on a column.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RawCondition {
    /// The column.
    pub column: String,
    /// It has one of these values.
    #[serde(rename = "in")]
    pub is_in: Option<Vec<String>>,
    /// It has none of these values.
    pub not_in: Option<Vec<String>>,
    /// Whether it is blank or one of the texts of `null`.
    pub blank: Option<bool>,
}

/// Where the value of a field comes from.
#[derive(Debug, Clone)]
pub enum RawField {
    /// A column as it is.
    Column(String),
    /// A column or constant with converters.
    Table(Box<RawConverter>),
    /// A list of objects: `splits`, `aliases`, `shifts`.
    List(Vec<BTreeMap<String, RawField>>),
}

/// A source and its converters.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RawConverter {
    /// One column.
    pub column: Option<String>,
    /// Columns that are joined by a space.
    pub columns: Option<Vec<String>>,
    /// The first of these columns that is not blank.
    pub first_of: Option<Vec<String>>,
    /// The same value for all rows.
    #[serde(rename = "const")]
    pub constant: Option<toml::Value>,
    /// Other names of values; what is not in it stays as written.
    pub alias: Option<BTreeMap<String, String>>,
    /// Name of a map; what is not in it is refused.
    pub map: Option<String>,
    /// Regular expression whose first group is the value.
    pub pattern: Option<String>,
    /// Regular expression whose matches are taken away.
    pub strip: Option<String>,
    /// The number 1234.56 as the source writes it.
    pub decimal: Option<String>,
    /// Unit of a duration.
    pub unit: Option<String>,
    /// Format of a time.
    pub time: Option<String>,
    /// Month of the year that the source states, 1 to 12.
    pub month: Option<i64>,
    /// What a number is multiplied with: 1000 where the source writes thousands.
    pub times: Option<i64>,
}

impl<'de> Deserialize<'de> for RawField {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(FieldVisitor)
    }
}

struct FieldVisitor;

impl<'de> Visitor<'de> for FieldVisitor {
    type Value = RawField;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the name of a column, a table with a column and converters, or a list of tables")
    }

    fn visit_str<E: serde::de::Error>(self, column: &str) -> Result<RawField, E> {
        Ok(RawField::Column(column.to_owned()))
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<RawField, A::Error> {
        RawConverter::deserialize(MapAccessDeserializer::new(map)).map(|table| RawField::Table(Box::new(table)))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, list: A) -> Result<RawField, A::Error> {
        Vec::deserialize(SeqAccessDeserializer::new(list)).map(RawField::List)
    }
}
