//! Blocks of type `target.cell` against the fields of a cell.

use paceline_schemas::metrics::Unit;

use super::Compiler;
use super::converter::{check_keys, format, value_by};
use crate::convert::month::Month;
use crate::convert::time::Format;
use crate::mapping::block::Condition;
use crate::mapping::raw::{RawBlock, RawConverter, RawMapping};
use crate::mapping::target::{self, CellBlock};
use crate::mapping::value::{Convert, Origin, Value};

/// Type of the blocks.
pub(super) const TYPE: &str = "target.cell";
/// Fields of a cell.
pub(super) const FIELDS: [&str; 5] = ["node_id", "metric", "currency", "month", "value"];

const FACTOR_MAX: i64 = 1_000_000_000;

/// True when the block yields cells of targets.
pub(super) fn is_cell(block: &RawBlock) -> bool {
    block.event_type == TYPE
}

/// Compiles the fields of a block, its own and those of all blocks.
pub(super) fn compile(
    compiler: &mut Compiler,
    raw: &RawMapping,
    path: &str,
    block: &RawBlock,
    conditions: Vec<Condition>,
) -> Option<CellBlock> {
    for name in block.fields.keys().filter(|name| !FIELDS.contains(&name.as_str())) {
        let message = format!("`{TYPE}` has no field `{name}`; it has {}", FIELDS.join(", "));
        compiler.fault(&format!("{path}.fields.{name}"), message);
    }
    let [node, metric, currency, month, value] = FIELDS.map(|name| field(compiler, raw, path, block, name));
    if let Some(metric) = &metric {
        check_currency(compiler, raw, path, metric, currency.as_ref());
    }
    Some(CellBlock {
        conditions,
        node: node?,
        metric: metric?,
        currency,
        month: month?,
        value: value?,
    })
}

fn field(compiler: &mut Compiler, raw: &RawMapping, path: &str, block: &RawBlock, name: &str) -> Option<Value> {
    let (path, field) = match (block.fields.get(name), raw.fields.get(name)) {
        (Some(own), _) => (format!("{path}.fields.{name}"), own),
        (None, Some(common)) => (format!("fields.{name}"), common),
        (None, None) if name == "currency" => return None,
        (None, None) => {
            compiler.fault(&format!("{path}.fields"), format!("`{TYPE}` needs `{name}`"));
            return None;
        }
    };
    value_by(compiler, &path, name, field, |compiler, table| {
        convert(compiler, &path, name, table)
    })
}

fn convert(compiler: &mut Compiler, path: &str, name: &str, table: &RawConverter) -> Option<Convert> {
    let keys: &[&str] = match name {
        "month" => &["month", "time"],
        "value" => &["decimal", "times"],
        _ => &[],
    };
    check_keys(compiler, path, name, table, keys);
    match name {
        "metric" => Some(Convert::Checked(|text| {
            target::metric(text).map(drop).map_err(|error| error.hint)
        })),
        "currency" => Some(Convert::Checked(|text| super::currency(text).map(drop))),
        "month" => month(compiler, path, table).map(Convert::Month),
        "value" => {
            let factor = table.times.unwrap_or(1);
            if !(1..=FACTOR_MAX).contains(&factor) {
                compiler.fault(&format!("{path}.times"), format!("expected 1 to {FACTOR_MAX}"));
            }
            Some(Convert::Times(factor))
        }
        _ => Some(Convert::Text),
    }
}

fn month(compiler: &mut Compiler, path: &str, table: &RawConverter) -> Option<Month> {
    let format = format(compiler, path, table)?;
    match (table.month, format) {
        (None, None) => Some(Month::Written),
        (None, Some(format @ Format::Pattern(_))) => Some(Month::Dated(format)),
        (None, Some(_)) => {
            compiler.fault(&format!("{path}.time"), "expected a strftime pattern of a date");
            None
        }
        (Some(_), Some(_)) => {
            compiler.fault(path, "expected `month` for a year, or `time` for a date, not both");
            None
        }
        (Some(number), None) => match i8::try_from(number) {
            Ok(month @ 1..=12) => Some(Month::OfYear(month)),
            _ => {
                compiler.fault(&format!("{path}.month"), "expected 1 to 12");
                None
            }
        },
    }
}

// Where neither depends on the row, money must have a currency, and what is no money must have none.
fn check_currency(compiler: &mut Compiler, raw: &RawMapping, path: &str, metric: &Value, currency: Option<&Value>) {
    let Origin::Constant(name) = &metric.origin else {
        return;
    };
    let Ok(metric) = target::metric(name) else { return };
    let stated = match currency.map(|value| &value.origin) {
        Some(Origin::Constant(code)) => Some(code.as_str()),
        Some(_) => return,
        None => raw.currency.as_deref().filter(|_| metric.unit == Unit::Minor),
    };
    if let Err(error) = metric.target_unit(stated) {
        compiler.fault(&format!("{path}.fields"), error.to_string());
    }
}
