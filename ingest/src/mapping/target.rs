//! Targets kept in a sheet: from a row to its cells.
//!
//! What is absent: the grid that the cells become part of, and whether a node exists. The invariants: a cell without a
//! value is no target, not one of 0; a value is exact or refused, never rounded.

use std::borrow::Cow;

use paceline_schemas::event::EventType;
use paceline_schemas::field::FieldValue;
use paceline_schemas::ids::{Currency, NodeId};
use paceline_schemas::metrics::{self, Metric, Unit, UnknownMetric};
use paceline_schemas::reject::{Reason, Reject};
use paceline_schemas::time::Day;

use super::block::{Condition, all_hold};
use super::value::{Converted, Origin, Value};
use super::{CompiledMapping, Namespace, Rejected, rep};
use crate::convert::number::Decimal;
use crate::import::Row;
use crate::stamp::Stamper;

/// Digits after the point of a share of 1 in parts per million.
const PPM_EXPONENT: u32 = 6;

/// What a node shall reach in a month.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TargetCell {
    /// Rep, team or site.
    pub node_id: String,
    /// Metric of the registry.
    pub metric: String,
    /// Currency, of money only.
    pub currency: Option<String>,
    /// First day of the month.
    pub month: Day,
    /// Target in the unit of the metric: pieces, minor units, seconds, parts per million.
    pub value: i64,
    /// Line at which the row begins.
    pub line: u64,
}

/// A block that yields cells.
#[derive(Debug, Clone)]
pub(super) struct CellBlock {
    pub(super) conditions: Vec<Condition>,
    pub(super) node: Value,
    pub(super) metric: Value,
    pub(super) currency: Option<Value>,
    pub(super) month: Value,
    pub(super) value: Value,
}

/// The metric of that name, if it can have targets.
///
/// # Errors
/// There is none, or it is a ratio that is no share.
pub(super) fn metric(name: &str) -> Result<&'static Metric, UnknownMetric> {
    let metric = metrics::resolve(name)?;
    // Which currency it is does not matter here: `XXX` is the code of none.
    metric.target_unit((metric.unit == Unit::Minor).then_some("XXX"))?;
    Ok(metric)
}

impl CompiledMapping {
    /// Makes the cells of a row, one for each block that takes it and finds a value.
    pub fn target_cells(&self, row: &Row, stamper: &Stamper) -> Vec<Result<TargetCell, Rejected>> {
        let mut cells = Vec::new();
        for (number, block) in (0..).zip(&self.cells) {
            if !all_hold(&block.conditions, row, &self.settings.nulls) {
                continue;
            }
            let cell = self.target_cell(block, row, stamper).map_err(|reject| Rejected {
                reject,
                block: number,
                event_type: EventType::TargetProposed,
                entity: self.entity_of(row).ok(),
            });
            cells.extend(cell.transpose());
        }
        cells
    }

    fn target_cell(&self, block: &CellBlock, row: &Row, stamper: &Stamper) -> Result<Option<TargetCell>, Reject> {
        // Of a wide sheet the line alone does not say which of its cells is meant.
        let at_value = |reject: Reject| match &block.value.origin {
            Origin::Column(column) => reject.at(&self.columns[*column]).at("value"),
            Origin::Joined(_) | Origin::FirstOf(_) | Origin::Constant(_) => reject.at("value"),
        };
        let Some(text) = self.text_of(&block.value, row).map_err(at_value)? else {
            return Ok(None);
        };
        let metric = self.needed(&block.metric, "metric", row)?;
        let metric =
            self::metric(&metric).map_err(|error| Reject::new(Reason::MappingFailed, error.hint).at("metric"))?;
        let currency = self.currency_of(block, metric, row)?;
        let value = match block.value.convert(&text) {
            Ok(Converted::Amount(amount)) => exact(amount, metric, currency.as_ref()),
            Ok(_) => Err(failed(metric, "no number")),
            Err(reject) => Err(failed(metric, reject.detail)),
        };
        Ok(Some(TargetCell {
            node_id: self.node_of(&block.node, row, stamper)?,
            metric: metric.id.to_owned(),
            currency: currency.map(|code| code.as_str().to_owned()),
            month: self.month_of(&block.month, row)?,
            value: value.map_err(at_value)?,
            line: row.line,
        }))
    }

    fn text_of<'a>(&self, value: &'a Value, row: &'a Row) -> Result<Option<Cow<'a, str>>, Reject> {
        let text = value.read(row, &self.settings.nulls).map_err(|error| error.reject())?;
        Ok(text.map(|text| text.value))
    }

    fn needed<'a>(&self, value: &'a Value, name: &str, row: &'a Row) -> Result<Cow<'a, str>, Reject> {
        let text = self.text_of(value, row).map_err(|reject| reject.at(name))?;
        text.ok_or_else(|| Reject::missing(name))
    }

    // The currency of the mapping is only that of money that names none.
    fn currency_of(&self, block: &CellBlock, metric: &Metric, row: &Row) -> Result<Option<Currency>, Reject> {
        let stated = match &block.currency {
            Some(value) => self.text_of(value, row).map_err(|reject| reject.at("currency"))?,
            None => None,
        };
        let currency = match stated {
            Some(code) => Some(
                super::compile::currency(&code)
                    .map_err(|_| Reject::new(Reason::BadMoney, "no ISO 4217 code").at("currency"))?,
            ),
            None => self.settings.currency.clone().filter(|_| metric.unit == Unit::Minor),
        };
        let reason = if currency.is_some() {
            Reason::BadMoney
        } else {
            Reason::MissingCurrency
        };
        metric
            .target_unit(currency.as_ref().map(Currency::as_str))
            .map_err(|error| Reject::new(reason, error.to_string()).at("currency"))?;
        Ok(currency)
    }

    fn node_of(&self, node: &Value, row: &Row, stamper: &Stamper) -> Result<String, Reject> {
        let native = self.needed(node, "node_id", row)?;
        match self.settings.namespace {
            Namespace::Company => NodeId::new(&native)
                .map(|node_id| node_id.as_str().to_owned())
                .map_err(|error| Reject::new(Reason::SchemaViolation, error.to_string()).at("node_id")),
            Namespace::Aliases => {
                let source = stamper
                    .source(&self.connection)
                    .map_err(|error| Reject::new(Reason::AdapterFault, error.to_string()).at("source"))?;
                let (rep_id, _) =
                    rep::resolve(self, stamper, source.as_str(), &native).map_err(|reject| reject.at("node_id"))?;
                Ok(rep_id.as_str().to_owned())
            }
        }
    }

    fn month_of(&self, month: &Value, row: &Row) -> Result<Day, Reject> {
        let text = self.needed(month, "month", row)?;
        match month.convert(&text).map_err(|reject| reject.at("month"))? {
            Converted::Ready(FieldValue::Date(day)) => Ok(day),
            _ => Err(Reject::missing("month")),
        }
    }
}

fn exact(amount: Decimal, metric: &Metric, currency: Option<&Currency>) -> Result<i64, Reject> {
    let exponent = match metric.unit {
        Unit::Minor => currency.map_or(0, Currency::exponent),
        Unit::Count | Unit::Seconds => 0,
        Unit::Ppm => PPM_EXPONENT,
    };
    match amount.to_units(exponent) {
        Some((value, false)) => Ok(value),
        Some((_, true)) if exponent == 0 => Err(failed(metric, "no whole number")),
        Some((_, true)) => Err(failed(metric, format!("more than {exponent} digits after the point"))),
        None => Err(failed(metric, "out of range")),
    }
}

fn failed(metric: &Metric, detail: impl Into<String>) -> Reject {
    let is_money = metric.unit == Unit::Minor;
    Reject::new(
        if is_money {
            Reason::BadMoney
        } else {
            Reason::MappingFailed
        },
        detail,
    )
}
