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
    late: BTreeMap<(String, Day, Day), i64>,
}

const DAY_US: i64 = 86_400_000_000;

impl Books {
    pub(super) fn is_empty(&self) -> bool {
        self.days.is_empty()
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

    // Most events follow one of the same source and day, and a look-up by reference spares the key's text.
    fn counts(&mut self, source: &str, day: Option<Day>) -> &mut Counts {
        self.days.entry((source.to_owned(), day)).or_default()
    }

    pub(super) fn finish(self) -> Vec<(&'static str, RecordBatch)> {
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
