//! Mappings: how the rows of one kind of file become events, or targets.
//!
//! A mapping is read ([`RawMapping`]), checked as a whole against the fields of its event types, and compiled; only a
//! [`CompiledMapping`] meets rows. What is absent: expressions, joins, and any state between rows. The invariant: each
//! block stands alone, so a row may yield an event of one block and a refusal of another.

mod assemble;
mod block;
mod compile;
mod raw;
mod rep;
mod target;
mod value;

use std::sync::Arc;

use paceline_schemas::event::EventType;
use paceline_schemas::ids::Currency;
use paceline_schemas::reject::Reject;
use phonenumber::country::Id;

pub use assemble::Notes;
pub use raw::{RawBlock, RawCondition, RawConverter, RawField, RawMapping};
pub use target::TargetCell;

use crate::convert::zone::ZoneTable;
use crate::import::Layout;
use block::Block;
use target::CellBlock;

/// A fault of a mapping.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{path}`: {message}")]
pub struct Fault {
    /// Path of the key.
    pub path: String,
    /// What is wrong with it and what would be right.
    pub message: String,
}

/// A block of a mapping that could not make an event of a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rejected {
    /// Why.
    pub reject: Reject,
    /// Number of the block, from 0.
    pub block: u32,
    /// Type that the block yields; of a cell the one of the proposal that it would be part of.
    pub event_type: EventType,
    /// Entity of the row, as far as it has one.
    pub entity: Option<String>,
}

/// How reps are named in the rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Namespace {
    /// As in the company.
    Company,
    /// As the source knows them.
    Aliases,
}

/// Whether amounts contain tax.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Amounts {
    /// Without tax.
    Net,
    /// With tax.
    Gross,
}

/// What a mapping says about the whole of its files.
#[derive(Debug, Clone)]
pub struct Settings {
    /// How reps are named.
    pub namespace: Namespace,
    /// Whether rows of reps that nobody has introduced are refused.
    pub refuses_unknown_reps: bool,
    /// Zone of times without offset; none: the site's.
    pub zone: Option<ZoneTable>,
    /// Texts that mean nothing.
    pub nulls: Vec<String>,
    /// Country in which numbers without country code are dialled.
    pub country: Option<Id>,
    /// Currency of amounts that name none.
    pub currency: Option<Currency>,
    /// Whether amounts contain tax.
    pub amounts: Amounts,
    /// Whether numbers name customers.
    pub hashes_phones: bool,
    /// Whether a call with disposition `sale` is a deal too.
    pub deals_from_sales: bool,
    /// Whether a won deal moves with its owner.
    pub credit_follows_owner: bool,
    /// Whether a cancelled win that is stated again stays cancelled.
    pub cancelled_wins_stay: bool,
    /// Days after a win within which the customer counts as retained.
    pub retained_within_days: i64,
}

/// A mapping without faults.
#[derive(Debug, Clone)]
pub struct CompiledMapping {
    name: Arc<str>,
    connection: String,
    entity: Vec<usize>,
    layout: Layout,
    columns: Vec<String>,
    settings: Settings,
    attributes: Vec<(String, usize)>,
    blocks: Vec<Block>,
    cells: Vec<CellBlock>,
}

/// Reads and checks a mapping.
///
/// # Errors
/// Everything that is wrong with it, each with the path of its key.
pub fn parse(text: &str) -> Result<CompiledMapping, Vec<Fault>> {
    let raw: RawMapping = toml::from_str(text).map_err(|error| {
        let line = error
            .span()
            .and_then(|span| text.get(..span.start))
            .map_or(1, |before| before.split('\n').count());
        vec![Fault {
            path: format!("line {line}"),
            message: error.message().replace('\n', " "),
        }]
    })?;
    compile(&raw)
}

/// Checks a mapping.
///
/// # Errors
/// Everything that is wrong with it, each with the path of its key.
pub fn compile(raw: &RawMapping) -> Result<CompiledMapping, Vec<Fault>> {
    compile::compile(raw)
}

impl CompiledMapping {
    /// Name of the mapping.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Connection whose source the events have.
    pub fn connection(&self) -> &str {
        &self.connection
    }

    /// How the rows are laid out.
    pub fn layout(&self) -> &Layout {
        &self.layout
    }

    /// Columns that the mapping uses; rows have their cells in this order.
    pub fn columns(&self) -> &[String] {
        &self.columns
    }

    /// What holds for the whole of its files.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// True when its rows are targets: they give cells and no events.
    pub fn is_of_targets(&self) -> bool {
        !self.cells.is_empty()
    }

    /// Types of the events that it yields, one per block.
    pub fn event_types(&self) -> impl Iterator<Item = EventType> {
        self.blocks.iter().map(|block| block.event_type)
    }
}

#[cfg(test)]
mod tests;
