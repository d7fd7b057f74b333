//! Blocks: the rows that they take, and the fields that they fill.

use paceline_schemas::event::EventType;
use paceline_schemas::field::FieldSpec;

use super::value::{Value, cell};
use crate::import::Row;

/// One kind of event that a row may yield.
#[derive(Debug, Clone)]
pub(super) struct Block {
    pub(super) event_type: EventType,
    pub(super) conditions: Vec<Condition>,
    /// Reps come first, then the currency: times need the one and amounts the other.
    pub(super) rules: Vec<Rule>,
    /// Whether the block reads when a call was answered.
    pub(super) knows_answers: bool,
}

/// A condition on a column.
#[derive(Debug, Clone)]
pub(super) struct Condition {
    pub(super) column: usize,
    pub(super) test: Test,
}

#[derive(Debug, Clone)]
pub(super) enum Test {
    In(Vec<String>),
    NotIn(Vec<String>),
    Blank(bool),
}

/// A field and its value.
#[derive(Debug, Clone)]
pub(super) struct Rule {
    /// Name in the mapping.
    pub(super) name: String,
    pub(super) target: Target,
}

/// What a value becomes in the event.
#[derive(Debug, Clone)]
pub(super) enum Target {
    /// A field of the data.
    Field(&'static FieldSpec, Value),
    /// A field that names a rep.
    Rep(&'static FieldSpec, Value),
    /// The currency of the amounts.
    Currency(Value),
    /// Time of the event.
    Time(Value),
    /// A phone number, of which only traces are kept.
    Phone(Value),
    /// An account, of which only the key is kept.
    Account(Value),
    /// Order of versions.
    Revision(Value),
    /// Shares of a deal: rep, role, basis points.
    Splits(Vec<(Value, Value, Value)>),
    /// Names of a rep elsewhere: source or connection, id.
    Aliases(Vec<(Value, Value)>),
    /// Shifts: start, end, paid.
    Shifts(Vec<(Value, Value, Value)>),
}

impl Target {
    /// Place in the order of filling.
    pub(super) fn rank(&self) -> u8 {
        match self {
            Self::Rep(..) => 0,
            Self::Currency(_) => 1,
            Self::Field(..)
            | Self::Time(_)
            | Self::Phone(_)
            | Self::Account(_)
            | Self::Revision(_)
            | Self::Splits(_)
            | Self::Aliases(_)
            | Self::Shifts(_) => 2,
        }
    }
}

impl Block {
    /// True when all conditions hold for the row.
    pub(super) fn takes(&self, row: &Row, nulls: &[String]) -> bool {
        all_hold(&self.conditions, row, nulls)
    }
}

/// True when all conditions hold for the row.
pub(super) fn all_hold(conditions: &[Condition], row: &Row, nulls: &[String]) -> bool {
    conditions.iter().all(|condition| condition.holds(row, nulls))
}

impl Condition {
    fn holds(&self, row: &Row, nulls: &[String]) -> bool {
        let text = || row.cell(self.column).unwrap_or_default().trim();
        match &self.test {
            Test::In(values) => values.iter().any(|value| value == text()),
            Test::NotIn(values) => !values.iter().any(|value| value == text()),
            Test::Blank(blank) => cell(row, self.column, nulls).is_none() == *blank,
        }
    }
}
