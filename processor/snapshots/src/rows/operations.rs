//! Books of the intake, and late events.

use std::collections::BTreeMap;

use arrow::record_batch::RecordBatch;
use paceline_schemas::time::{Day, Instant};

use super::Booked;
use super::columns::Cell::{Date, Int, Null, Text};
use super::columns::batch_of;

#[derive(Debug, Default, Clone, Copy)]
struct Counts {
    consumed: i64,
    applied: i64,
    duplicates: i64,
    dead_letters: i64,
    ticks: i64,
    late: i64,
}

/// Books of one checkpoint.
#[derive(Debug, Default)]
pub(super) struct Books {
    days: BTreeMap<(String, Option<Day>), Counts>,
    /// The day that was booked last, apart: most events follow one of the same source and day.
    open: Option<((String, Option<Day>), Counts)>,
    late: BTreeMap<(String, Day, Day), i64>,
}

const DAY_US: i64 = 86_400_000_000;

impl Books {
    pub(super) fn is_empty(&self) -> bool {
        self.days.is_empty() && self.open.is_none()
    }

    pub(super) fn add(&mut self, source: &str, business_date: Option<Day>, arrived_at: Instant, booked: Booked) {
        let counts = self.counts(source, business_date);
        counts.consumed += 1;
        match booked {
            Booked::Applied { late } => {
                counts.applied += 1;
                counts.late += i64::from(late);
            }
            Booked::Duplicate => counts.duplicates += 1,
            Booked::DeadLetter => counts.dead_letters += 1,
            Booked::Tick => counts.ticks += 1,
        }
        if let (Booked::Applied { late: true }, Some(day)) = (booked, business_date) {
            let arrived_on = Day(i32::try_from(arrived_at.0.div_euclid(DAY_US)).unwrap_or(i32::MAX));
            *self.late.entry((source.to_owned(), day, arrived_on)).or_default() += 1;
        }
    }

    fn counts(&mut self, source: &str, day: Option<Day>) -> &mut Counts {
        if self
            .open
            .as_ref()
            .is_none_or(|((known, date), _)| known != source || *date != day)
        {
            self.shut();
        }
        let (_, counts) = self
            .open
            .get_or_insert_with(|| ((source.to_owned(), day), Counts::default()));
        counts
    }

    fn shut(&mut self) {
        let Some((key, counts)) = self.open.take() else { return };
        let sums = self.days.entry(key).or_default();
        sums.consumed += counts.consumed;
        sums.applied += counts.applied;
        sums.duplicates += counts.duplicates;
        sums.dead_letters += counts.dead_letters;
        sums.ticks += counts.ticks;
        sums.late += counts.late;
    }

    pub(super) fn finish(mut self) -> Vec<(&'static str, RecordBatch)> {
        self.shut();
        let days = self.days.iter().map(|((source, day), counts)| {
            vec![
                Text(source),
                day.map_or(Null, Date),
                Int(counts.consumed),
                Int(counts.applied),
                Int(counts.duplicates),
                Int(counts.dead_letters),
                Int(counts.ticks),
                Int(counts.late),
            ]
        });
        let late = self
            .late
            .iter()
            .map(|((source, day, arrived_on), events)| vec![Text(source), Date(*day), Date(*arrived_on), Int(*events)]);
        [
            ("ops_ingest_day", batch_of("ops_ingest_day", days)),
            ("ops_late_event", batch_of("ops_late_event", late)),
        ]
        .into_iter()
        .filter(|(_, batch)| batch.num_rows() > 0)
        .collect()
    }
}
