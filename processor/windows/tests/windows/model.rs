//! The naive recount: it keeps every record and computes every number from all of them, in plain loops.

use std::collections::BTreeMap;

use paceline_schemas::event::{Data, Event};
use paceline_schemas::ids::{Currency, RepId, SiteId};
use paceline_schemas::measure::{Measure, Vector};
use paceline_schemas::measures::contribution;
use paceline_schemas::time::{Day, HOUR_US, Instant, MINUTE_US};

use crate::generate::{DAY_US, Record, SITES};

/// What the model makes of a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    Redelivered,
    Undecodable,
    Tick,
    Skewed,
    Duplicate,
    Conflict,
    Counted { late_by_us: Option<i64> },
}

/// One part of a counted event.
#[derive(Debug, Clone)]
pub(crate) struct Part {
    pub(crate) rep_id: RepId,
    pub(crate) currency: Currency,
    pub(crate) site_id: SiteId,
    pub(crate) day: Day,
    pub(crate) time: Instant,
    pub(crate) vector: Vector,
}

/// Rows by rep, currency and name of the window.
pub(crate) type Rows = BTreeMap<(String, String, String), Vector>;

#[derive(Debug, Default)]
pub(crate) struct Model {
    next_offset: u64,
    pub(crate) watermark: Option<Instant>,
    pub(crate) given: Option<Instant>,
    /// Source and id, content, minute of append time, of every event that was taken.
    seen: Vec<(String, u64, i64)>,
    append_minute: i64,
    pub(crate) parts: Vec<Part>,
    pub(crate) verdicts: Vec<Verdict>,
}

impl Model {
    pub(crate) fn take(&mut self, record: &Record) -> Verdict {
        let verdict = self.judge(record);
        self.verdicts.push(verdict);
        verdict
    }

    fn judge(&mut self, record: &Record) -> Verdict {
        if record.arrived.offset < self.next_offset {
            return Verdict::Redelivered;
        }
        self.next_offset = record.arrived.offset + 1;
        let Some(event) = &record.event else {
            return Verdict::Undecodable;
        };
        let latest = Instant(record.arrived.append_time.0 + 10 * MINUTE_US);
        let time = event.envelope.time;
        if matches!(event.data, Data::Tick) {
            self.watermark = self.watermark.max(Some(time.min(latest)));
            return Verdict::Tick;
        }
        if time > latest {
            return Verdict::Skewed;
        }
        self.append_minute = self
            .append_minute
            .max(record.arrived.append_time.0.div_euclid(MINUTE_US));
        let id = format!("{} {}", event.envelope.source, event.envelope.id);
        let horizon_minutes = 7 * 24 * 60;
        for (known, content, minute) in &self.seen {
            if *known == id && self.append_minute - minute <= horizon_minutes {
                let same = *content == record.arrived.content;
                return if same { Verdict::Duplicate } else { Verdict::Conflict };
            }
        }
        self.seen.push((id, record.arrived.content, self.append_minute));
        let behind_us = self.watermark.map_or(0, |mark| mark.0 - time.0);
        self.watermark = self.watermark.max(Some(time));
        self.keep(event);
        Verdict::Counted {
            late_by_us: Some(behind_us).filter(|us| *us > 40 * DAY_US),
        }
    }

    fn keep(&mut self, event: &Event) {
        for (place, vector) in contribution(event).parts() {
            self.parts.push(Part {
                rep_id: place.rep_id.clone(),
                currency: place.currency.clone(),
                site_id: place.site_id.clone(),
                day: place.business_date,
                time: place.time,
                vector: *vector,
            });
        }
    }

    fn now(&self) -> Option<Instant> {
        self.watermark.max(self.given)
    }

    /// All rows that are not 0, each from all parts.
    pub(crate) fn rows(&self) -> Rows {
        let mut rows = Rows::new();
        let Some(now) = self.now() else { return rows };
        let mut newest: BTreeMap<(&RepId, &Currency), (Instant, &SiteId)> = BTreeMap::new();
        for part in &self.parts {
            let site = newest
                .entry((&part.rep_id, &part.currency))
                .or_insert((part.time, &part.site_id));
            *site = (*site).max((part.time, &part.site_id));
        }
        for ((rep_id, currency), (_, site_id)) in newest {
            let site = &SITES[site_id];
            let today = site.business_date(now);
            let periods = site.periods(today);
            let trailing = [("1h", HOUR_US, MINUTE_US), ("24h", 24 * HOUR_US, 5 * MINUTE_US)];
            let since = [
                ("7d", Day(today.0 - 6)),
                ("28d", Day(today.0 - 27)),
                ("90d", Day(today.0 - 89)),
                ("today", today),
                ("wtd", periods.week_start),
                ("mtd", periods.month_start),
                ("qtd", periods.quarter_start),
                ("htd", periods.half_start),
                ("ytd", periods.year_start),
            ];
            let own = self
                .parts
                .iter()
                .filter(|part| part.rep_id == *rep_id && part.currency == *currency);
            for part in own {
                let mut add = |name: &str| {
                    let key = (rep_id.to_string(), currency.to_string(), name.to_owned());
                    plus(rows.entry(key).or_default(), &part.vector);
                };
                for (name, length_us, hop_us) in trailing {
                    let end = now.0 - now.0.rem_euclid(hop_us);
                    if part.time.0 > end - length_us && part.time.0 <= end {
                        add(name);
                    }
                }
                for (name, first) in since {
                    if part.day >= first && part.day <= today {
                        add(name);
                    }
                }
            }
        }
        rows.retain(|_, vector| !vector.is_zero());
        rows
    }
}

/// Adds one vector to another, measure by measure.
pub(crate) fn plus(sum: &mut Vector, vector: &Vector) {
    for measure in Measure::ALL {
        sum[*measure] += vector[*measure];
    }
}
