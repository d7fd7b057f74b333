//! The metrics of a running process: all their names, and the text in which they are scraped.
//!
//! Everything begins with `paceline_` and is in base units; no label ever names a rep or a customer. The format is that
//! of OpenMetrics 1.0.

use std::fmt;
use std::sync::Arc;

use paceline_schemas::position::Topic;
use paceline_schemas::time::Instant;
use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric, text};
use prometheus_client::metrics::counter::ConstCounter;
use prometheus_client::metrics::gauge::ConstGauge;
use prometheus_client::registry::Registry;

use crate::clock;
use crate::status::{Board, Status, seconds};

/// Labels and values of one metric.
type Samples<T> = Vec<(Vec<(&'static str, String)>, T)>;

#[derive(Debug)]
struct Scrape(Arc<Board>);

/// The text of a scrape.
///
/// # Errors
/// A value cannot be written.
pub fn render(board: &Arc<Board>) -> Result<String, fmt::Error> {
    let mut registry = Registry::with_prefix("paceline");
    registry.register_collector(Box::new(Scrape(Arc::clone(board))));
    let mut rendered = String::new();
    text::encode(&mut rendered, &registry)?;
    Ok(rendered)
}

impl Collector for Scrape {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let status = self.0.status();
        let now = clock::now();
        let version = vec![("version", env!("CARGO_PKG_VERSION").to_owned())];
        gauge(
            &mut encoder,
            "build_info",
            "Always 1; the version is a label",
            vec![(version, 1.0)],
        )?;
        let one = |value: bool| vec![(Vec::new(), f64::from(u8::from(value)))];
        gauge(
            &mut encoder,
            "ready",
            "1 while the process does its work",
            one(status.not_ready().is_empty()),
        )?;
        gauge(
            &mut encoder,
            "ingest_active",
            "1 while this process writes to the log",
            one(status.writes),
        )?;
        fold(&mut encoder, &status, now)?;
        checkpoints(&mut encoder, &status, now)?;
        intake(&mut encoder, &status)
    }
}

fn fold(encoder: &mut DescriptorEncoder<'_>, status: &Status, now: Instant) -> fmt::Result {
    let of = |partition: &u32| {
        vec![
            ("topic", Topic::Events.name().to_owned()),
            ("partition", partition.to_string()),
        ]
    };
    let mut results = Samples::new();
    let (mut late, mut duplicate) = (0, 0);
    for (partition, shard) in &status.shards {
        let books = shard.books;
        late += books.late;
        duplicate += books.duplicate;
        for (result, count) in [
            ("applied", books.applied),
            ("duplicate", books.duplicate),
            ("dead_letter", books.dead),
            ("tick", books.ticks),
        ] {
            results.push(([of(partition), vec![("result", result.to_owned())]].concat(), count));
        }
    }
    counter(
        encoder,
        "consumer_records",
        "Records folded, by what became of them",
        results,
    )?;
    counter(
        encoder,
        "late_events",
        "Events older than lateness_max behind the watermark; they count",
        vec![(Vec::new(), late)],
    )?;
    counter(
        encoder,
        "duplicate_events",
        "Re-sends that were dropped",
        vec![(Vec::new(), duplicate)],
    )?;
    let each = |value: &dyn Fn(&crate::status::ShardStatus) -> Option<f64>| -> Samples<f64> {
        let shards = status.shards.iter();
        shards.filter_map(|(p, shard)| Some((of(p), value(shard)?))).collect()
    };
    let lag = each(&|shard| Some(count(shard.lag_records())));
    gauge(
        encoder,
        "consumer_lag_records",
        "Records of the log that are not folded yet",
        lag,
    )?;
    let lag = each(&|shard| Some(shard.lag_seconds(now)));
    gauge(
        encoder,
        "consumer_lag_seconds",
        "Age of the last folded record while more wait",
        lag,
    )?;
    let watermarks = each(&|shard| shard.watermark.map(|at| seconds(at.0)));
    gauge(
        encoder,
        "watermark_timestamp_seconds",
        "Highest event time seen",
        watermarks,
    )
}

fn checkpoints(encoder: &mut DescriptorEncoder<'_>, status: &Status, now: Instant) -> fmt::Result {
    let of = |partition: &u32| vec![("partition", partition.to_string())];
    let age = |at: Instant| seconds(now.0.saturating_sub(at.0).max(0));
    let made = status
        .shards
        .iter()
        .filter_map(|(p, shard)| Some((of(p), shard.checkpoint_at?)));
    let made: Vec<_> = made.collect();
    let stamps = made
        .iter()
        .map(|(labels, at)| (labels.clone(), seconds(at.0)))
        .collect();
    gauge(
        encoder,
        "checkpoint_last_success_timestamp_seconds",
        "When the shard's last checkpoint was made",
        stamps,
    )?;
    let ages = made.into_iter().map(|(labels, at)| (labels, age(at))).collect();
    gauge(
        encoder,
        "checkpoint_age_seconds",
        "Time since the shard's last checkpoint",
        ages,
    )?;
    let waiting = status.shards.iter().map(|(p, shard)| {
        let waits = shard.unsaved_since.map_or(0.0, |since| since.elapsed().as_secs_f64());
        (of(p), waits)
    });
    let waiting = waiting.collect();
    gauge(
        encoder,
        "checkpoint_pending_seconds",
        "How long the oldest folded record waits for a checkpoint",
        waiting,
    )?;
    let published = status.published_at.into_iter();
    let stamps = published.clone().map(|at| (Vec::new(), seconds(at.0))).collect();
    gauge(
        encoder,
        "publish_last_success_timestamp_seconds",
        "When this process last published a set",
        stamps,
    )?;
    let ages = published.map(|at| (Vec::new(), age(at))).collect();
    gauge(
        encoder,
        "publish_age_seconds",
        "Time since this process last published a set",
        ages,
    )?;
    let owed = status.owed_since.map_or(0.0, |since| since.elapsed().as_secs_f64());
    let help = "How long committed rows wait for publication";
    gauge(encoder, "publish_pending_seconds", help, vec![(Vec::new(), owed)])
}

fn intake(encoder: &mut DescriptorEncoder<'_>, status: &Status) -> fmt::Result {
    let letters = status.dead_letters.iter();
    let letters = letters
        .map(|(reason, count)| (vec![("reason", (*reason).to_owned())], *count))
        .collect();
    counter(encoder, "dead_letters", "What this process refused, by reason", letters)?;
    let of = |name: &String| vec![("connection", name.clone())];
    let records = status
        .connections
        .iter()
        .map(|(name, at)| (of(name), at.records))
        .collect();
    counter(
        encoder,
        "connection_records",
        "Records taken from a connection",
        records,
    )?;
    let failing = status.connections.iter();
    let failing = failing
        .map(|(name, at)| (of(name), f64::from(u8::from(at.failing.is_some()))))
        .collect();
    gauge(
        encoder,
        "connection_failing",
        "1 while a connection cannot be read",
        failing,
    )
}

#[expect(clippy::cast_precision_loss, reason = "metrics are floats")]
fn count(number: u64) -> f64 {
    number as f64
}

fn gauge(encoder: &mut DescriptorEncoder<'_>, name: &str, help: &str, samples: Samples<f64>) -> fmt::Result {
    family(
        encoder,
        name,
        help,
        samples
            .into_iter()
            .map(|(labels, value)| (labels, ConstGauge::new(value))),
    )
}

fn counter(encoder: &mut DescriptorEncoder<'_>, name: &str, help: &str, samples: Samples<u64>) -> fmt::Result {
    family(
        encoder,
        name,
        help,
        samples
            .into_iter()
            .map(|(labels, value)| (labels, ConstCounter::new(value))),
    )
}

fn family<M: EncodeMetric>(
    encoder: &mut DescriptorEncoder<'_>,
    name: &str,
    help: &str,
    samples: impl Iterator<Item = (Vec<(&'static str, String)>, M)>,
) -> fmt::Result {
    let mut samples = samples.peekable();
    let Some((_, first)) = samples.peek() else {
        return Ok(());
    };
    let mut family = encoder.encode_descriptor(name, help, None, first.metric_type())?;
    for (labels, metric) in samples {
        if labels.is_empty() {
            return metric.encode(family);
        }
        let labels = labels.as_slice();
        metric.encode(family.encode_family(&labels)?)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use paceline_snapshots::manifest::Books;

    use super::*;
    use crate::status::{ConnectionStatus, ShardStatus};

    #[test]
    fn every_metric_is_there_with_its_unit() {
        let board = Arc::new(Board::default());
        {
            let mut status = board.status();
            let shard = ShardStatus {
                next: 5,
                end: 9,
                appended_at: Some(Instant(1)),
                watermark: Some(Instant(2_000_000)),
                checkpoint_at: Some(Instant(3_000_000)),
                books: Books {
                    applied: 4,
                    late: 1,
                    ..Books::default()
                },
                ..ShardStatus::default()
            };
            status.shards.insert(1, shard);
            status.published_at = Some(Instant(4_000_000));
            status.dead_letters.insert("malformed", 3);
            status
                .connections
                .insert("dialer".to_owned(), ConnectionStatus::default());
        }
        let text = render(&board).expect("text");
        for line in [
            "paceline_consumer_records_total{topic=\"paceline.events\",partition=\"1\",result=\"applied\"} 4",
            "paceline_consumer_lag_records{topic=\"paceline.events\",partition=\"1\"} 4.0",
            "paceline_watermark_timestamp_seconds{topic=\"paceline.events\",partition=\"1\"} 2.0",
            "paceline_late_events_total 1",
            "paceline_checkpoint_last_success_timestamp_seconds{partition=\"1\"} 3.0",
            "paceline_publish_last_success_timestamp_seconds 4.0",
            "paceline_dead_letters_total{reason=\"malformed\"} 3",
            "paceline_connection_failing{connection=\"dialer\"} 0.0",
            "paceline_ready 0.0",
        ] {
            assert!(text.lines().any(|found| found == line), "{line}\n{text}");
        }
        assert!(text.ends_with("# EOF\n"), "{text}");
    }
}
