//! How the contract reads as Delta metadata.

use deltalake_core::kernel::{Metadata, Protocol};
use paceline_schemas::tables::{ColumnType, Table};
use paceline_schemas::time::Instant;
use serde_json::{Value, json};
use uuid::Uuid;

/// The protocol that every engine knows: no optional features.
pub(super) fn protocol() -> serde_json::Result<Protocol> {
    serde_json::from_value(json!({ "minReaderVersion": 1, "minWriterVersion": 2 }))
}

pub(super) fn metadata(table: &Table, at: Instant) -> serde_json::Result<Metadata> {
    let partitions: Vec<&str> = table.partition.into_iter().collect();
    serde_json::from_value(json!({
        "id": Uuid::new_v4().to_string(),
        "name": table.name,
        "description": table.comment,
        "format": { "provider": "parquet", "options": {} },
        "schemaString": schema(table).to_string(),
        "partitionColumns": partitions,
        "configuration": {},
        "createdTime": super::millis(at),
    }))
}

fn schema(table: &Table) -> Value {
    let fields: Vec<Value> = table
        .columns
        .iter()
        .map(|column| {
            json!({
                "name": column.name,
                "type": type_name(column.kind),
                "nullable": column.nullable,
                "metadata": { "comment": column.comment },
            })
        })
        .collect();
    json!({ "type": "struct", "fields": fields })
}

fn type_name(kind: ColumnType) -> &'static str {
    match kind {
        ColumnType::Text => "string",
        ColumnType::BigInt => "long",
        ColumnType::Double => "double",
        ColumnType::Boolean => "boolean",
        ColumnType::Date => "date",
        ColumnType::Timestamp => "timestamp",
        ColumnType::Money => "decimal(18,2)",
    }
}
