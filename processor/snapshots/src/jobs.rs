//! Results of jobs, month by month, and dimension tables that are replaced as a whole.
//!
//! A job has no offset and no manifest: its input is a pinned set, its output one commit per month of `as_of` dates. Each date
//! of a month's file is tagged with the set that it was computed from, so a date holds the newest set's rows, once, however
//! often and by whomever the job is run. Readers see the result with the next [`announce`](crate::announce).

mod month;
mod replace;

use std::collections::{BTreeMap, BTreeSet};

use paceline_schemas::time::Day;

pub use month::{MonthWriter, Outcome};
pub use replace::replace_table;

use crate::delta::{DeltaHandle, LiveFile, Tables};
use crate::error::Error;

/// Start of the tags that name a date's set.
const TAG_DATE: &str = "paceline.set.";
/// Dates of one set in a version of the job's application id.
const DATES_PER_SET: i64 = 100_000_000;

/// A job and the set that it reads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Job {
    /// The table that it fills, partitioned by month of `as_of`.
    pub table: &'static str,
    /// Its name.
    pub name: &'static str,
    /// The published set that it reads.
    pub set: u64,
}

impl Job {
    /// Of `dates`, those that no set as new as this one has computed, by month.
    ///
    /// # Errors
    /// The table cannot be read.
    pub async fn due(&self, tables: &mut Tables, dates: &[Day]) -> Result<BTreeMap<String, Vec<Day>>, Error> {
        let handle = tables.get(self.table)?;
        handle.refresh().await?;
        let mut months: BTreeMap<String, BTreeSet<Day>> = BTreeMap::new();
        for day in dates {
            months.entry(day.month()).or_default().insert(*day);
        }
        let mut due = BTreeMap::new();
        for (month, dates) in months {
            let dates = self.due_of_month(handle, &month, &dates).await?;
            if !dates.is_empty() {
                due.insert(month, dates);
            }
        }
        Ok(due)
    }

    /// Begins a month whose dates are `due`; `None` if none of them is due any more.
    ///
    /// # Errors
    /// The table cannot be read, or its file of the month is damaged.
    pub async fn begin(&self, tables: &mut Tables, month: &str, dates: &[Day]) -> Result<Option<MonthWriter>, Error> {
        let (store, names) = (tables.store().clone(), tables.names());
        let handle = tables.get(self.table)?;
        handle.refresh().await?;
        let dates: BTreeSet<Day> = dates.iter().copied().filter(|day| day.month() == month).collect();
        let due = self.due_of_month(handle, month, &dates).await?;
        if due.is_empty() {
            return Ok(None);
        }
        MonthWriter::begin(self.clone(), &store, &names, handle, month, due)
            .await
            .map(Some)
    }

    fn app_id(&self) -> String {
        format!("paceline/job/{}", self.name)
    }

    async fn due_of_month(
        &self,
        handle: &mut DeltaHandle,
        month: &str,
        dates: &BTreeSet<Day>,
    ) -> Result<Vec<Day>, Error> {
        let done = file_of_month(handle, month)?
            .map(|file| sets_of(&file))
            .unwrap_or_default();
        let txn = handle.txn(&self.app_id()).await?;
        Ok(due(self.set, dates, &done, txn))
    }
}

/// The version of the job's application id after `last` was computed from `set`: set 1234, 2026-11-23 → 123420261123.
fn version(set: u64, last: Day) -> i64 {
    let date = last.date();
    let number = i64::from(date.year()) * 10_000 + i64::from(date.month()) * 100 + i64::from(date.day());
    i64::try_from(set)
        .unwrap_or(i64::MAX / DATES_PER_SET)
        .saturating_mul(DATES_PER_SET)
        .saturating_add(number)
}

/// Of `dates`, those that are due for `set`.
///
/// An empty result leaves no file to tag; then the application id tells that this set has been here, oldest month first.
fn due(set: u64, dates: &BTreeSet<Day>, done: &BTreeMap<Day, u64>, txn: Option<i64>) -> Vec<Day> {
    let Some(last) = dates.last() else { return Vec::new() };
    let passed =
        txn.is_some_and(|txn| txn >= version(set, *last) && txn / DATES_PER_SET == version(set, *last) / DATES_PER_SET);
    if passed && done.is_empty() {
        return Vec::new();
    }
    dates
        .iter()
        .copied()
        .filter(|day| done.get(day).is_none_or(|by| *by < set))
        .collect()
}

fn file_of_month(handle: &DeltaHandle, month: &str) -> Result<Option<LiveFile>, Error> {
    let mut files = handle
        .files()?
        .into_iter()
        .filter(|file| file.partition.as_deref() == Some(month));
    match (files.next(), files.next()) {
        (Some(file), Some(_)) => {
            let detail = format!(
                "month {month} has more than one file, one of them `{}`; run the job again into an empty table",
                file.path
            );
            Err(Error::Contract {
                table: handle.contract().name.to_owned(),
                detail,
            })
        }
        (file, _) => Ok(file),
    }
}

fn sets_of(file: &LiveFile) -> BTreeMap<Day, u64> {
    let tags = file.tags.iter();
    tags.filter_map(|(key, set)| Some((Day::parse(key.strip_prefix(TAG_DATE)?).ok()?, set.parse().ok()?)))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> Day {
        Day::parse(text).expect("date")
    }

    #[test]
    fn the_version_holds_set_and_date() {
        assert_eq!(version(1234, day("2026-11-23")), 123_420_261_123);
        assert!(version(2, day("2026-01-01")) > version(1, day("9999-12-31")));
    }

    #[test]
    fn a_date_is_due_until_a_set_as_new_has_computed_it() {
        let dates: BTreeSet<Day> = ["2026-11-01", "2026-11-02"].map(day).into();
        let done = BTreeMap::from([(day("2026-11-01"), 7)]);
        let (first, second) = (day("2026-11-01"), day("2026-11-02"));
        assert_eq!(due(6, &dates, &done, None), [second]);
        assert_eq!(due(7, &dates, &done, None), [second]);
        assert_eq!(due(8, &dates, &done, None), [first, second]);
        assert_eq!(due(7, &dates, &BTreeMap::new(), None), [first, second]);
    }

    #[test]
    fn an_empty_result_is_told_by_the_application_id() {
        let dates: BTreeSet<Day> = ["2026-11-01", "2026-11-02"].map(day).into();
        let nothing = BTreeMap::new();
        assert!(due(7, &dates, &nothing, Some(version(7, day("2026-11-02")))).is_empty());
        assert!(due(7, &dates, &nothing, Some(version(7, day("2026-12-31")))).is_empty());
        assert_eq!(due(7, &dates, &nothing, Some(version(7, day("2026-10-31")))).len(), 2);
        assert_eq!(due(8, &dates, &nothing, Some(version(7, day("2026-12-31")))).len(), 2);
    }
}
