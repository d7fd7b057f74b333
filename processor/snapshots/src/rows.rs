//! Rows of a checkpoint: facts, increments and books gathered event by event, taken as Arrow batches.
//!
//! Column by column after the contract in `schemas::tables`; a writer that departs from it panics in its first test.
//! Batches come out in the order that the contract gives for files, so equal input makes equal bytes.

mod adjustments;
mod columns;
mod dimensions;
mod estimates;
mod facts;
mod increments;
mod operations;
mod targets;

pub use columns::{Cell, Columns, batch_of};
pub use dimensions::{calendar, metrics, people};
pub use estimates::estimates;
pub use targets::targets;

use arrow::record_batch::RecordBatch;
use paceline_schemas::event::{Data, Event};
use paceline_schemas::measure::Vector;
use paceline_schemas::measures::Place;
use paceline_schemas::time::{Day, Instant};

/// Where an event lies in the log, and how it came.
#[derive(Debug, Clone, Copy)]
pub struct Arrival {
    /// Partition of the keyed topic.
    pub shard: i64,
    /// Offset of the event.
    pub offset: i64,
    /// When the log took it.
    pub appended_at: Instant,
    /// Whether it was late.
    pub late: bool,
}

/// What became of a record, for the books.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Booked {
    /// Added to the sums.
    Applied {
        /// Whether it was late.
        late: bool,
    },
    /// A re-send.
    Duplicate,
    /// Refused.
    DeadLetter,
    /// A tick.
    Tick,
}

/// Rows gathered since the last checkpoint.
#[derive(Debug, Default)]
pub struct Rows {
    calls: facts::Facts,
    deals: facts::Facts,
    leads: facts::Facts,
    increments: increments::Increments,
    books: operations::Books,
}

impl Rows {
    /// Adds the fact row of an event; events without facts add none.
    pub fn fact(&mut self, event: &Event, arrival: Arrival) {
        match &event.data {
            Data::Call(call) => self.calls.call(event, call, arrival),
            Data::Deal(deal) => self.deals.deal(event, deal, arrival),
            Data::Lead(lead) => self.leads.lead(event, lead, arrival),
            Data::State(_) | Data::People(_) | Data::Target(_) | Data::Tick => {}
        }
    }

    /// Adds a vector to the day and hour rows of its place.
    pub fn increment(&mut self, place: &Place<'_>, vector: &Vector) {
        self.increments.add(place, vector);
    }

    /// Books a record.
    pub fn book(&mut self, source: &str, business_date: Option<Day>, arrived_at: Instant, booked: Booked) {
        self.books.add(source, business_date, arrived_at, booked);
    }

    /// Bytes held, roughly.
    pub fn bytes(&self) -> usize {
        self.calls.bytes() + self.deals.bytes() + self.leads.bytes() + self.increments.bytes()
    }

    /// True when nothing was gathered.
    pub fn is_empty(&self) -> bool {
        self.bytes() == 0 && self.books.is_empty()
    }

    /// Takes everything gathered as one batch per table, tables without rows left out.
    pub fn take(&mut self) -> Vec<(&'static str, RecordBatch)> {
        let gathered = std::mem::take(self);
        let mut tables = Vec::new();
        tables.extend(gathered.calls.finish("fct_call_event"));
        tables.extend(gathered.deals.finish("fct_deal_event"));
        tables.extend(gathered.leads.finish("fct_lead_event"));
        tables.extend(gathered.increments.finish());
        tables.extend(gathered.books.finish());
        tables
    }
}

#[cfg(test)]
mod tests;
