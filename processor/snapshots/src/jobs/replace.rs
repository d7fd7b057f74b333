//! Tables that follow from the configuration: replaced as a whole, and only when they differ.

use std::collections::BTreeMap;

use arrow::array::RecordBatch;
use arrow::row::{RowConverter, SortField};
use paceline_schemas::position::Offset;
use paceline_schemas::time::Instant;

use crate::delta::{Change, TAG_ORIGIN, Tables};
use crate::error::Error;
use crate::layout::{self, Origin};
use crate::manifest::Digest;
use crate::parquet::{FileWriter, split};

/// Tag with the digest of the rows.
const TAG_CONTENT: &str = "paceline.content";
/// Rounds before the caller hears of it.
const ROUNDS_MAX: u32 = 8;

/// Replaces all rows of an unpartitioned table, unless it holds just these; returns whether it did.
///
/// With `from`, the offset up to which a topic was read for the rows, rows of a later offset are left as they are: of
/// two processes that replace the table at once the one that knows more wins.
///
/// Readers see the new rows with the next [`announce`](crate::announce).
///
/// # Errors
/// The rows do not fit, the table is partitioned, or the store fails.
pub async fn replace_table(
    tables: &mut Tables,
    name: &str,
    rows: &RecordBatch,
    from: Option<Offset>,
    at: Instant,
) -> Result<bool, Error> {
    let (store, names) = (tables.store().clone(), tables.names());
    let handle = tables.get(name)?;
    let contract = handle.contract();
    if contract.partition.is_some() {
        return Err(Error::Contract {
            table: name.to_owned(),
            detail: "a partitioned table is not replaced".to_owned(),
        });
    }
    let parts = split(contract, rows)?;
    let content = digest(name, rows)?;
    let kind = if from.is_some() { "topic" } else { "table" };
    let app_id = format!("paceline/{kind}/{name}");
    let from = from.map(|offset| i64::try_from(offset).unwrap_or(i64::MAX));
    let mut file = None;
    for _ in 0..ROUNDS_MAX {
        handle.refresh().await?;
        let live = handle.files()?;
        let known = handle.txn(&app_id).await?;
        if from.is_some() && known > from {
            return Ok(false);
        }
        let same = |tags: &BTreeMap<String, String>| tags.get(TAG_CONTENT) == Some(&content.to_string());
        if live.iter().all(|file| same(&file.tags)) && live.len() == usize::from(rows.num_rows() > 0) {
            return Ok(file.is_some());
        }
        if file.is_none() && rows.num_rows() > 0 {
            let name = names.next(handle.version() + 1, Origin::Job("table".to_owned()));
            let path = format!("{}/{}", layout::table(contract.name), name.within_table(None));
            let mut open = FileWriter::begin(&store, contract, path, vec![("content", content.to_string())])?;
            for part in &parts {
                open.write(&part.rows).await?;
            }
            file = Some(open.finish().await?);
        }
        let tags = [(TAG_ORIGIN, "table".to_owned()), (TAG_CONTENT, content.to_string())];
        let tags: BTreeMap<_, _> = tags.map(|(key, value)| (key.to_owned(), value)).into();
        let adds = file.iter().map(|file| (file.clone(), None, tags.clone())).collect();
        let txn = from.unwrap_or_else(|| known.unwrap_or(0) + 1);
        let change = Change {
            adds,
            removes: live,
            txns: vec![(app_id.clone(), txn)],
            rearranges: false,
        };
        if let Err(error) = handle.commit(change, at).await {
            tracing::debug!(table = name, %error, "commit is looked at again");
            continue;
        }
        return Ok(true);
    }
    Err(Error::Contended {
        table: name.to_owned(),
        rounds: ROUNDS_MAX,
    })
}

/// Digest of the rows, whatever their layout in memory.
fn digest(table: &str, rows: &RecordBatch) -> Result<Digest, Error> {
    let fields = rows
        .schema()
        .fields()
        .iter()
        .map(|field| SortField::new(field.data_type().clone()))
        .collect();
    let converter = RowConverter::new(fields).map_err(Error::arrow(table))?;
    let encoded = converter.convert_columns(rows.columns()).map_err(Error::arrow(table))?;
    let mut hasher = blake3::Hasher::new();
    for row in &encoded {
        hasher.update(&(row.as_ref().len() as u64).to_le_bytes());
        hasher.update(row.as_ref());
    }
    Ok(Digest::of_hasher(&hasher))
}
