//! Live rows of one shard on their way to the topic of states: what each window of each rep shows now.
//!
//! Per rep and currency rows are sent at most once in a while; what changes meanwhile is sent together. A row that
//! falls to zero is sent once and then taken away. After a start nothing is sent until the fold is where it was, so
//! that numbers do not go back; then all rows are sent, as they are every hour, which heals whatever was lost.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::sync::Arc;
use std::time::{Duration, Instant as Monotonic};

use paceline_ingest::error::Error;
use paceline_ingest::log::{State, StateSink};
use paceline_schemas::measure::{Measure, Vector};
use paceline_schemas::position::{Offset, Partition};
use paceline_windows::{RowKey, ShardState, WindowIndex, WindowSet};

/// Time after which all rows are sent again.
const REFRESH: Duration = Duration::from_secs(3_600);
/// Wait before all rows are sent again because some could not be delivered.
const AFTER_LOSS: Duration = Duration::from_secs(10);

/// Whose rows are newer: by epoch, then by offset.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Version {
    pub(crate) shard: Partition,
    pub(crate) epoch: u64,
    pub(crate) offset: Offset,
}

/// What of a shard's rows is still to be sent.
#[derive(Debug)]
pub(crate) struct LiveRows {
    every: Duration,
    changed: BTreeMap<Arc<RowKey>, WindowSet>,
    sent: BTreeMap<Arc<RowKey>, Monotonic>,
    /// Rows that were sent as zero and are taken away next.
    zeros: BTreeSet<(Arc<RowKey>, WindowIndex)>,
    /// Where the fold must be before anything is sent.
    silent_until: Option<Offset>,
    refresh_at: Monotonic,
}

impl LiveRows {
    /// Nothing is sent before the fold is at `silent_until`; a row changes at most once in `every`.
    pub(crate) fn new(every: Duration, silent_until: Offset) -> Self {
        Self {
            every,
            changed: BTreeMap::new(),
            sent: BTreeMap::new(),
            zeros: BTreeSet::new(),
            silent_until: Some(silent_until),
            refresh_at: Monotonic::now() + REFRESH,
        }
    }

    /// These rows show something else.
    pub(crate) fn note(&mut self, of: &Arc<RowKey>, windows: WindowSet) {
        if self.silent_until.is_some() {
            return;
        }
        match self.changed.get_mut(of) {
            Some(known) => *known = known.union(windows),
            None => drop(self.changed.insert(Arc::clone(of), windows)),
        }
    }

    /// Some rows were lost on the way.
    pub(crate) fn note_loss(&mut self) {
        self.refresh_at = self.refresh_at.min(Monotonic::now() + AFTER_LOSS);
    }

    /// Sends what has changed and is due.
    pub(crate) fn send(&mut self, state: &ShardState, version: Version, sink: &mut dyn StateSink) -> Result<(), Error> {
        let now = Monotonic::now();
        if self.silent_until.is_some_and(|until| version.offset >= until) {
            self.silent_until = None;
            self.refresh_at = now;
        }
        if self.silent_until.is_some() {
            return Ok(());
        }
        if now >= self.refresh_at {
            self.refresh(state);
            self.refresh_at = now + REFRESH;
        }
        self.sent.retain(|_, at| now < *at + self.every);
        let due: Vec<Arc<RowKey>> = self
            .changed
            .keys()
            .filter(|key| !self.sent.contains_key(*key))
            .cloned()
            .collect();
        let outgoing = Outgoing::new(state, version);
        for key in due {
            let Some(windows) = self.changed.remove(&key) else {
                continue;
            };
            let left = self.send_rows(&key, windows, &outgoing, sink)?;
            if !left.is_empty() {
                self.changed.insert(Arc::clone(&key), left);
            }
            if left == windows {
                // The queue is full.
                break;
            }
            self.sent.insert(key, now);
        }
        Ok(())
    }

    /// Marks every row of every rep, also those that are zero: they may stand in the topic from before.
    fn refresh(&mut self, state: &ShardState) {
        let all = WindowSet::first(state.window_names().len());
        for key in state.keys() {
            self.changed.insert(Arc::clone(key), all);
            self.zeros.extend(all.iter().map(|window| (Arc::clone(key), window)));
        }
    }

    /// Sends rows of one rep; returns those that remain to be sent.
    fn send_rows(
        &mut self,
        key: &Arc<RowKey>,
        windows: WindowSet,
        outgoing: &Outgoing<'_>,
        sink: &mut dyn StateSink,
    ) -> Result<WindowSet, Error> {
        let mut left = windows;
        for window in windows.iter() {
            let row = outgoing.state.row(&key.rep_id, &key.currency, window);
            let zero = (Arc::clone(key), window);
            let goes = row.is_none() && self.zeros.contains(&zero);
            if !outgoing.send(key, window, row, goes, sink)? {
                return Ok(left);
            }
            match (row.is_some(), goes) {
                (true, _) | (false, true) => {
                    self.zeros.remove(&zero);
                    left = left.without(window);
                }
                (false, false) => drop(self.zeros.insert(zero)),
            }
        }
        Ok(left)
    }
}

/// Rows of one moment.
struct Outgoing<'a> {
    state: &'a ShardState,
    headers: [(&'static str, String); 3],
    as_of: String,
    watermark: String,
}

impl<'a> Outgoing<'a> {
    fn new(state: &'a ShardState, version: Version) -> Self {
        let text = |at: Option<paceline_schemas::time::Instant>| {
            at.map_or_else(|| "null".to_owned(), |at| format!("\"{at}\""))
        };
        Self {
            state,
            headers: [
                ("shard", version.shard.to_string()),
                ("epoch", version.epoch.to_string()),
                ("offset", version.offset.to_string()),
            ],
            as_of: text(state.as_of()),
            watermark: text(state.watermark()),
        }
    }

    fn send(
        &self,
        of: &RowKey,
        window: WindowIndex,
        row: Option<Vector>,
        goes: bool,
        sink: &mut dyn StateSink,
    ) -> Result<bool, Error> {
        let name = self.state.window_names().get(usize::from(window.0));
        let Some(name) = name else { return Ok(true) };
        let key = format!("{}|{name}|{}", of.rep_id.as_str(), of.currency.as_str());
        let value = (!goes).then(|| self.value(of, name, row.unwrap_or_default()));
        sink.send(&State {
            key: &key,
            value: value.as_deref(),
            headers: &self.headers,
        })
    }

    /// The whole row as one JSON object: its key, the instants it is of, and every measure.
    fn value(&self, of: &RowKey, window: &str, row: Vector) -> String {
        let quoted = |text: &str| serde_json::Value::from(text).to_string();
        let mut text = format!(
            "{{\"rep_id\":{},\"window\":{},\"currency\":{},\"as_of\":{},\"watermark\":{}",
            quoted(of.rep_id.as_str()),
            quoted(window),
            quoted(of.currency.as_str()),
            self.as_of,
            self.watermark
        );
        for (measure, value) in Measure::ALL.iter().zip(row.0) {
            // A String takes everything.
            write!(text, ",\"{}\":{value}", measure.name()).ok();
        }
        text.push('}');
        text
    }
}

#[cfg(test)]
mod tests;
