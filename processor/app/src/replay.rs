//! Dead letters: the table that shows them, and the replay that reads their origin again.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use arrow::record_batch::RecordBatch;
use paceline_ingest::dead_letter::{DeadLetter, Origin, Resolution};
use paceline_ingest::log::{LogReader, ReadLimit, Record};
use paceline_schemas::position::Topic;
use paceline_schemas::reject::Reason;
use paceline_schemas::time::Instant;
use paceline_snapshots::rows::{Cell, batch_of};

use crate::clock;
use crate::config::Config;
use crate::failure::Failure;
use crate::imports::{Import, Imports};
use crate::intake::{Intake, Mapping, RefusedAgain, Tally};
use crate::request::{Answer, Listener, ReplayOptions};

/// The record that carries a dead letter.
pub(crate) fn record_of(letter: &DeadLetter) -> Record {
    Record::to(0, letter.dead_letter_id.clone().into_bytes(), letter.encode())
}

/// All dead letters in their newest version, by id.
pub(crate) fn letters(log: &dyn LogReader) -> Result<BTreeMap<String, DeadLetter>, Failure> {
    let mut letters = BTreeMap::new();
    let mut at = log.bounds(Topic::DeadLetters, 0)?.low;
    loop {
        let records = log.read(Topic::DeadLetters, 0, at, ReadLimit::default())?;
        let Some(last) = records.last() else { return Ok(letters) };
        at = last.offset + 1;
        for record in &records {
            let Ok(letter) = DeadLetter::decode(&record.payload) else {
                continue;
            };
            let known: Option<&DeadLetter> = letters.get(&letter.dead_letter_id);
            match known {
                // A crash re-sends a letter; only another attempt says something new.
                Some(known) if known.attempt >= letter.attempt => {}
                _ => drop(letters.insert(letter.dead_letter_id.clone(), letter)),
            }
        }
    }
}

/// The rows of `ops_dead_letter`.
pub(crate) fn table(log: &dyn LogReader) -> Result<RecordBatch, Failure> {
    let letters = letters(log)?;
    let mut ordered: Vec<&DeadLetter> = letters.values().collect();
    ordered.sort_by(|a, b| (a.received_at, &a.dead_letter_id).cmp(&(b.received_at, &b.dead_letter_id)));
    let texts: Vec<(String, String)> = ordered
        .iter()
        .map(|letter| (symbol(&letter.stage), symbol(&letter.resolution)))
        .collect();
    Ok(batch_of(
        "ops_dead_letter",
        ordered
            .iter()
            .zip(&texts)
            .map(|(letter, (stage, resolution))| row(letter, stage, resolution)),
    ))
}

fn symbol(value: &impl serde::Serialize) -> String {
    serde_json::to_value(value)
        .ok()
        .and_then(|value| value.as_str().map(str::to_owned))
        .unwrap_or_default()
}

fn row<'a>(letter: &'a DeadLetter, stage: &'a str, resolution: &'a str) -> Vec<Cell<'a>> {
    let text = |text: &'a Option<String>| text.as_deref().map_or(Cell::Null, Cell::Text);
    let int = |number: u64| Cell::Int(i64::try_from(number).unwrap_or(i64::MAX));
    let mut origin = [Cell::Null; 8];
    match &letter.origin {
        Origin::File {
            name,
            digest,
            line,
            block,
            mapping,
        } => {
            origin[0] = Cell::Text(name);
            origin[1] = Cell::Text(digest);
            origin[2] = int(*line);
            origin[3] = Cell::Int(i64::from(*block) + 1);
            origin[7] = Cell::Text(mapping);
        }
        Origin::Record {
            topic,
            partition,
            offset,
        } => {
            origin[4] = Cell::Text(topic);
            origin[5] = Cell::Int(i64::from(*partition));
            origin[6] = int(*offset);
        }
        Origin::Request { .. } => {}
    }
    let mut cells = vec![
        Cell::Text(&letter.dead_letter_id),
        Cell::Text(letter.reason.as_str()),
        Cell::Text(&letter.detail),
        Cell::Text(stage),
        text(&letter.source),
        text(&letter.event_type),
        text(&letter.event_id),
    ];
    cells.extend(origin);
    cells.extend([
        Cell::At(letter.received_at),
        int(letter.size),
        Cell::Text(&letter.sha256),
        Cell::Int(i64::from(letter.attempt)),
        Cell::Text(resolution),
    ]);
    cells
}

/// Reads the files of open dead letters again, only their rows, by the newest mapping of that name.
///
/// # Errors
/// The log or a file cannot be read.
pub fn replay(
    intake: &mut Intake,
    config: &Config,
    options: &ReplayOptions,
    listener: &mut dyn Listener,
) -> Result<Answer, Failure> {
    let wanted: Vec<DeadLetter> = letters(intake.log.as_ref())?
        .into_values()
        .filter(|l| is_wanted(l, options))
        .collect();
    let mut files: BTreeMap<(String, String, bool), Vec<DeadLetter>> = BTreeMap::new();
    let mut elsewhere = 0_u64;
    for letter in wanted {
        match &letter.origin {
            Origin::File { digest, mapping, .. } => {
                files
                    .entry((digest.clone(), mapping.clone(), is_of_today(letter.reason)))
                    .or_default()
                    .push(letter);
            }
            Origin::Record { .. } | Origin::Request { .. } => elsewhere += 1,
        }
    }
    if elsewhere > 0 {
        listener.note(&format!(
            "{elsewhere} dead letters are not of files and are not replayed"
        ));
    }
    let imports = Imports::new(&config.data).all()?;
    let mut tally = Tally::default();
    for ((digest, mapping_name, _), letters) in files {
        replay_file(
            intake,
            &imports,
            (&digest, &mapping_name),
            letters,
            options,
            &mut tally,
            listener,
        )?;
    }
    Ok(tally.answer)
}

fn is_wanted(letter: &DeadLetter, options: &ReplayOptions) -> bool {
    let open = matches!(letter.resolution, Resolution::Open | Resolution::FailedAgain);
    open && options
        .reason
        .as_deref()
        .is_none_or(|reason| letter.reason.as_str() == reason)
        && options
            .source
            .as_ref()
            .is_none_or(|source| letter.source.as_ref() == Some(source))
        && options
            .since_us
            .is_none_or(|since| letter.received_at >= Instant(since))
}

fn replay_file(
    intake: &mut Intake,
    imports: &[Import],
    (digest, mapping_name): (&str, &str),
    letters: Vec<DeadLetter>,
    options: &ReplayOptions,
    tally: &mut Tally,
    listener: &mut dyn Listener,
) -> Result<(), Failure> {
    let mapping = imports.iter().find_map(|import| {
        let mapping = crate::intake::compile(mapping_name, &import.mapping_text).ok()?;
        (mapping.compiled.name() == mapping_name).then_some(mapping)
    });
    let paths: BTreeSet<&Path> = imports
        .iter()
        .filter(|import| import.file_digest == digest)
        .map(|import| import.file.as_path())
        .collect();
    // Another file may lie there by now: its lines are others.
    let is_that_file = |path: &Path, mapping: &Mapping| {
        crate::intake::open(path, mapping).is_ok_and(|rows| rows.file().digest == digest)
    };
    let found = mapping.and_then(|mapping| {
        let path = paths.iter().find(|path| is_that_file(path, &mapping))?;
        Some((*path, mapping))
    });
    let Some((file, mapping)) = found else {
        let missing = paths.first().map(|path| path.display().to_string()).unwrap_or_default();
        listener.note(&format!(
            "{} dead letters stay open: the file that was imported as `{missing}` is not there as it was; \
             put it back, or import the mended rows",
            letters.len()
        ));
        return Ok(());
    };
    let lines: BTreeSet<u64> = letters.iter().filter_map(line_of).map(|(line, _)| line).collect();
    tally.refused_again = Some(Vec::new());
    let of_today = letters.iter().all(|letter| is_of_today(letter.reason));
    let first = letters
        .iter()
        .map(|letter| letter.received_at)
        .min()
        .unwrap_or_default();
    let received = if of_today { clock::now() } else { first };
    intake.read_file(file, &mapping, received, options.dry_run, Some(&lines), tally, listener)?;
    let refused = tally.refused_again.take().unwrap_or_default();
    if options.dry_run {
        return Ok(());
    }
    let records = letters
        .into_iter()
        .map(|letter| record_of(&after(letter, &refused)))
        .collect();
    intake.log.append(Topic::DeadLetters, records)?;
    Ok(())
}

/// True where the row is taken as received now: an orphan follows the original that came after it, and what lay in the
/// future then may lie in the past.
fn is_of_today(reason: Reason) -> bool {
    matches!(reason, Reason::Orphan | Reason::ClockSkew)
}

fn line_of(letter: &DeadLetter) -> Option<(u64, u32)> {
    match &letter.origin {
        Origin::File { line, block, .. } => Some((*line, *block)),
        Origin::Record { .. } | Origin::Request { .. } => None,
    }
}

fn after(letter: DeadLetter, refused: &[RefusedAgain]) -> DeadLetter {
    let at = line_of(&letter);
    let refusal = refused.iter().find(|(line, block, _)| Some((*line, *block)) == at);
    letter.tried_again(refusal.map(|(_, _, reject)| reject.clone()))
}
