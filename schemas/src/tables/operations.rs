//! The pipeline about itself: its books, what came late, what was refused, what was published.

use super::ColumnType::{BigInt, Boolean, Date, Text, Timestamp};
use super::{Column, Table, TableKind, optional, required};

fn ingest_day() -> Table {
    Table {
        name: "ops_ingest_day",
        comment: "Books of one source and business date, as increments: consumed = applied + duplicates + dead_letters + ticks",
        kind: TableKind::Increments,
        columns: vec![
            required("source", Text, "Where the records came from; empty for unreadable ones"),
            optional(
                "business_date",
                Date,
                "Business date of the events; NULL for ticks and unreadable records",
            ),
            required("consumed", BigInt, "Records read from the log"),
            required("applied", BigInt, "Events that were added"),
            required("duplicates", BigInt, "Re-sends that changed nothing"),
            required("dead_letters", BigInt, "Records refused"),
            required("ticks", BigInt, "Clock ticks"),
            required("late", BigInt, "Late events, within applied"),
        ],
        key: &["source", "business_date"],
        partition: None,
        order: &["source", "business_date"],
    }
}

fn late_event() -> Table {
    Table {
        name: "ops_late_event",
        comment: "Events older than the lateness limit behind the watermark, as increments; all of them were applied",
        kind: TableKind::Increments,
        columns: vec![
            required("source", Text, "Where the events came from"),
            required("business_date", Date, "Business date of the events"),
            required("arrived_on", Date, "Day, in UTC, on which the log took them"),
            required("events", BigInt, "Late events"),
        ],
        key: &["source", "business_date", "arrived_on"],
        partition: None,
        order: &["source", "business_date", "arrived_on"],
    }
}

fn dead_letter() -> Table {
    Table {
        name: "ops_dead_letter",
        comment: "One input that was refused, and why; never its content",
        kind: TableKind::Operations,
        columns: vec![
            required(
                "dead_letter_id",
                Text,
                "Id derived from the origin; the same on every replay",
            ),
            required("reason", Text, "One of the closed list of reasons"),
            required("detail", Text, "Path, limit and measure; never content"),
            required("stage", Text, "gateway, adapter, codec or processor"),
            optional("source", Text, "Where the input came from"),
            optional("event_type", Text, "Type of the event where it was readable"),
            optional("event_id", Text, "Id of the event where it was readable"),
            optional("origin_file", Text, "Name of the file"),
            optional("origin_digest", Text, "SHA-256 of the file"),
            optional("origin_line", BigInt, "Line of the file, the header being line 1"),
            optional("origin_block", BigInt, "Block of the mapping, from 1"),
            optional("origin_topic", Text, "Topic of the record"),
            optional("origin_partition", BigInt, "Partition of the record"),
            optional("origin_offset", BigInt, "Offset of the record"),
            optional("mapping", Text, "Mapping that read the file"),
            required("received_at", Timestamp, "When the input was received; UTC"),
            required("size_bytes", BigInt, "Size of the input in bytes"),
            required("sha256", Text, "SHA-256 of the input"),
            required("attempt", BigInt, "How often it has been tried"),
            required("resolution", Text, "open, replayed, discarded or failed_again"),
        ],
        key: &["dead_letter_id"],
        partition: None,
        order: &["received_at", "dead_letter_id"],
    }
}

fn publish_columns() -> Vec<Column> {
    vec![
        required("table", Text, "Name of the table"),
        required("shard", Text, "Shard, or broadcast unit, that the row is about"),
        required("version", BigInt, "Delta version of the table in the set"),
        required(
            "seq",
            BigInt,
            "Number of the newest checkpoint that is complete in the table",
        ),
        required("next_offset", BigInt, "Offset up to which the log is in the table"),
        optional("watermark", Timestamp, "Watermark of the shard at that checkpoint; UTC"),
        required("published_at", Timestamp, "When the set was published; UTC"),
    ]
}

pub(super) fn stored() -> Vec<Table> {
    vec![
        ingest_day(),
        late_event(),
        dead_letter(),
        Table {
            name: "ops_publish_log",
            comment: "One published set: table versions that belong together, and how far each shard is in them",
            kind: TableKind::Operations,
            columns: publish_columns(),
            key: &["table", "shard", "version"],
            partition: None,
            order: &["published_at", "table", "shard"],
        },
    ]
}

pub(super) fn views() -> Vec<Table> {
    let stale = optional(
        "stale",
        Boolean,
        "Whether the shard lags; NULL where no live endpoint is known",
    );
    vec![Table {
        name: "ops_freshness",
        comment: "How fresh each table is, per shard: the newest published set",
        kind: TableKind::View,
        columns: publish_columns().into_iter().chain([stale]).collect(),
        key: &["table", "shard"],
        partition: None,
        order: &[],
    }]
}
