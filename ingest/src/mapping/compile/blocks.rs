//! Blocks: the events, or the cells of targets, that a row may yield.

use paceline_schemas::event::{EventType, Family};

use super::{Compiler, cells, rules};
use crate::mapping::block::{Block, Condition, Test};
use crate::mapping::raw::{RawBlock, RawCondition, RawMapping};
use crate::mapping::target::CellBlock;

const BLOCKS_MAX: usize = 64;

/// Compiles all blocks, those of events and those of cells, of which a mapping has one kind only.
pub(super) fn compile(compiler: &mut Compiler, raw: &RawMapping) -> (Vec<Block>, Vec<CellBlock>) {
    if raw.emit.is_empty() || raw.emit.len() > BLOCKS_MAX {
        compiler.fault("emit", format!("expected 1 to {BLOCKS_MAX} blocks"));
    }
    let (mut blocks, mut cells) = (Vec::new(), Vec::new());
    let has_cells = raw.emit.iter().any(cells::is_cell);
    for (at, block) in raw.emit.iter().enumerate() {
        let path = format!("emit[{at}]");
        if cells::is_cell(block) {
            let conditions = conditions(compiler, &path, block);
            cells.extend(cells::compile(compiler, raw, &path, block, conditions));
            continue;
        }
        if has_cells {
            compiler.fault(
                &format!("{path}.type"),
                format!("a mapping with blocks of type `{}` has no others", cells::TYPE),
            );
        }
        blocks.extend(self::block(compiler, raw, &path, block));
    }
    if has_cells && !raw.attributes.is_empty() {
        compiler.fault("attributes", "targets have no labels");
    }
    check_common(compiler, raw, &blocks, has_cells);
    (blocks, cells)
}

// Each field of all blocks must be one of at least one block.
fn check_common(compiler: &mut Compiler, raw: &RawMapping, blocks: &[Block], has_cells: bool) {
    if blocks.is_empty() && !has_cells {
        return;
    }
    for name in raw.fields.keys() {
        let is_cells = has_cells && cells::FIELDS.contains(&name.as_str());
        if !is_cells && !blocks.iter().any(|block| rules::has_field(block.event_type, name)) {
            compiler.fault(&format!("fields.{name}"), "no block has such a field");
        }
    }
}

fn block(compiler: &mut Compiler, raw: &RawMapping, path: &str, block: &RawBlock) -> Option<Block> {
    let type_path = format!("{path}.type");
    let Some(event_type) = EventType::from_name(&block.event_type) else {
        compiler.fault(&type_path, format!("`{}` is no event type", block.event_type));
        return None;
    };
    if !is_mappable(event_type) {
        compiler.fault(&type_path, format!("`{}` cannot come from a file", block.event_type));
        return None;
    }
    let conditions = conditions(compiler, path, block);
    let rules = rules::compile(compiler, raw, path, block, event_type);
    let knows_answers = rules.iter().any(|rule| rule.name == "answered_at");
    Some(Block {
        event_type,
        conditions,
        rules,
        knows_answers,
    })
}

// Corrections are found by comparing versions, ticks and targets are made, and the key of an objection has a pepper of its own.
fn is_mappable(event_type: EventType) -> bool {
    let is_made_here = matches!(
        event_type,
        EventType::CallAmended
            | EventType::DealAmended
            | EventType::LeadAmended
            | EventType::ClockTicked
            | EventType::CustomerObjected
    );
    event_type.family() != Family::Target && !is_made_here
}

fn conditions(compiler: &mut Compiler, path: &str, block: &RawBlock) -> Vec<Condition> {
    block
        .conditions
        .iter()
        .enumerate()
        .filter_map(|(at, condition)| self::condition(compiler, &format!("{path}.where[{at}]"), condition))
        .collect()
}

fn condition(compiler: &mut Compiler, path: &str, raw: &RawCondition) -> Option<Condition> {
    let column = compiler.column(&format!("{path}.column"), &raw.column);
    let test = match (&raw.is_in, &raw.not_in, raw.blank) {
        (Some(values), None, None) => Test::In(values.clone()),
        (None, Some(values), None) => Test::NotIn(values.clone()),
        (None, None, Some(blank)) => Test::Blank(blank),
        _ => {
            compiler.fault(path, "expected exactly one of `in`, `not_in`, `blank`");
            return None;
        }
    };
    Some(Condition { column, test })
}
