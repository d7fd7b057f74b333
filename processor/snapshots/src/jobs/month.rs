//! A month's file written anew: the due dates computed, the rows of the others copied.

use std::collections::BTreeMap;

use arrow::array::{AsArray, RecordBatch};
use arrow::datatypes::Date32Type;
use paceline_schemas::tables::Table;
use paceline_schemas::time::{Day, Instant};

use super::{Job, TAG_DATE, file_of_month, sets_of, version};
use crate::delta::{Change, DeltaHandle, LiveFile, Names, TAG_ORIGIN, Tables};
use crate::error::Error;
use crate::layout::{self, Origin};
use crate::parquet::{Contents, FileWriter, split};
use crate::store::Store;

/// The column of a job table that its files are ordered by first.
const AS_OF: &str = "as_of";

/// What became of a month.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// Committed as this version.
    Committed(u64),
    /// Another run committed these dates first.
    Overtaken,
}

type Rows = Box<dyn Iterator<Item = Result<RecordBatch, Error>> + Send>;

/// A month in progress: one date after the other, in bounded memory.
pub struct MonthWriter {
    job: Job,
    contract: &'static Table,
    month: String,
    begun_at: u64,
    due: Vec<Day>,
    written: Option<Day>,
    old: Option<LiveFile>,
    rest: Rows,
    held: Option<RecordBatch>,
    rows: u64,
    file: FileWriter,
}

impl std::fmt::Debug for MonthWriter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("MonthWriter")
            .field("job", &self.job)
            .field("month", &self.month)
            .finish_non_exhaustive()
    }
}

impl MonthWriter {
    pub(super) async fn begin(
        job: Job,
        store: &Store,
        names: &Names,
        handle: &DeltaHandle,
        month: &str,
        due: Vec<Day>,
    ) -> Result<Self, Error> {
        let contract = handle.contract();
        let old = file_of_month(handle, month)?;
        let rest: Rows = match &old {
            None => Box::new(std::iter::empty()),
            Some(file) => {
                let path = format!("{}/{}", layout::table(contract.name), file.path);
                let foreign = || Error::Damaged {
                    path: path.clone(),
                    detail: "its entry has no digest".to_owned(),
                };
                let blake3 = file.blake3().ok_or_else(foreign)?;
                Box::new(Contents::read(store, &path, file.len, blake3).await?.rows(contract)?)
            }
        };
        let name = names.next(job.set, Origin::Job(job.name.to_owned()));
        let path = format!(
            "{}/{}",
            layout::table(contract.name),
            name.within_table(contract.partition.map(|column| (column, month)))
        );
        let footer = vec![("job", job.name.to_owned()), ("set", job.set.to_string())];
        let file = FileWriter::begin(store, contract, path, footer)?;
        let begun_at = handle.version();
        let month = month.to_owned();
        Ok(Self {
            job,
            contract,
            month,
            begun_at,
            due,
            written: None,
            old,
            rest,
            held: None,
            rows: 0,
            file,
        })
    }

    /// The dates to compute, in order.
    pub fn due(&self) -> &[Day] {
        &self.due
    }

    /// Writes rows of a due date, with their partition column; the dates come in order, each in one piece or several.
    ///
    /// # Errors
    /// The date is not due or comes too late, or the rows do not fit.
    pub async fn write(&mut self, day: Day, rows: &RecordBatch) -> Result<(), Error> {
        let fault = |detail: String| {
            Err(Error::Contract {
                table: self.contract.name.to_owned(),
                detail,
            })
        };
        if !self.due.contains(&day) || self.written.is_some_and(|written| written > day) {
            return fault(format!("date {day} is not due, or comes after a later one"));
        }
        if self.written != Some(day) {
            self.copy_until(Some(day)).await?;
            self.written = Some(day);
        }
        for part in split(self.contract, rows)? {
            if part.value.as_deref() != Some(self.month.as_str()) {
                return fault(format!(
                    "rows of month `{}` came for {}",
                    part.value.unwrap_or_default(),
                    self.month
                ));
            }
            self.put(&part.rows).await?;
        }
        Ok(())
    }

    /// Copies what is left and replaces the month's file.
    ///
    /// # Errors
    /// The table moved on without these dates: begin again.
    pub async fn commit(mut self, tables: &mut Tables, at: Instant) -> Result<Outcome, Error> {
        self.copy_until(None).await?;
        let handle = tables.get(self.job.table)?;
        let last = self.due.last().copied().unwrap_or_default();
        let wanted = version(self.job.set, last);
        // An older set may compute dates that a newer one left out; the application id never goes back.
        let txn = handle
            .txn(&self.job.app_id())
            .await?
            .map_or(wanted, |txn| txn.max(wanted));
        let contended = Error::Contended {
            table: self.job.table.to_owned(),
            rounds: 1,
        };
        if handle.version() != self.begun_at {
            return Err(contended);
        }
        let mut sets = self.old.as_ref().map(sets_of).unwrap_or_default();
        sets.extend(self.due.iter().map(|day| (*day, self.job.set)));
        let mut tags: BTreeMap<String, String> = sets
            .into_iter()
            .map(|(day, set)| (format!("{TAG_DATE}{day}"), set.to_string()))
            .collect();
        tags.insert(TAG_ORIGIN.to_owned(), format!("job/{}", self.job.name));
        let adds = if self.rows == 0 {
            Vec::new()
        } else {
            vec![(self.file.finish().await?, Some(self.month.clone()), tags)]
        };
        let change = Change {
            adds,
            removes: self.old.into_iter().collect(),
            txns: vec![(self.job.app_id(), txn)],
            rearranges: false,
        };
        let Err(error) = handle.commit(change, at).await else {
            return Ok(Outcome::Committed(handle.version()));
        };
        handle.refresh().await?;
        let dates = self.due.into_iter().collect();
        if self.job.due_of_month(handle, &self.month, &dates).await?.is_empty() {
            return Ok(Outcome::Overtaken);
        }
        tracing::debug!(table = self.job.table, %error, "the month is begun again");
        Err(contended)
    }

    /// Copies rows of dates that are not due and lie before `day`.
    async fn copy_until(&mut self, day: Option<Day>) -> Result<(), Error> {
        loop {
            let Some(rows) = self.held.take().map(Ok).or_else(|| self.rest.next()).transpose()? else {
                return Ok(());
            };
            let dates = self.dates(&rows)?;
            let end = day.map_or(dates.len(), |day| dates.partition_point(|date| *date < day));
            let mut start = 0;
            while let Some(date) = dates.get(start..end).and_then(<[Day]>::first) {
                let run = dates
                    .get(start..end)
                    .unwrap_or_default()
                    .partition_point(|other| other <= date);
                if !self.due.contains(date) {
                    let copied = rows.slice(start, run);
                    self.put(&copied).await?;
                }
                start += run;
            }
            if end < rows.num_rows() {
                self.held = Some(rows.slice(end, rows.num_rows() - end));
                return Ok(());
            }
        }
    }

    async fn put(&mut self, rows: &RecordBatch) -> Result<(), Error> {
        self.rows += rows.num_rows() as u64;
        if rows.num_rows() == 0 {
            Ok(())
        } else {
            self.file.write(rows).await
        }
    }

    fn dates(&self, rows: &RecordBatch) -> Result<Vec<Day>, Error> {
        let column = rows
            .column_by_name(AS_OF)
            .and_then(|column| column.as_primitive_opt::<Date32Type>());
        let missing = || Error::Contract {
            table: self.contract.name.to_owned(),
            detail: format!("it has no date `{AS_OF}`"),
        };
        let column = column.ok_or_else(missing)?;
        Ok((0..column.len()).map(|row| Day(column.value(row))).collect())
    }
}
