//! Options: which windows there are, how long panes are kept, and the limits of the fold.

use compact_str::CompactString;
use paceline_schemas::time::{HOUR_US, MINUTE_US};

use crate::error::Fault;

const DAY_US: i64 = 24 * HOUR_US;

/// Most windows that one shard keeps; a row set is one word.
pub(crate) const WINDOWS_MAX: usize = 64;

/// Longest hop. Minutes are kept this much longer than asked, so that no hop outlives its panes.
pub(crate) const HOP_MAX_US: i64 = HOUR_US;

/// Most days of panes.
const DAYS_KEPT_MAX: i32 = 4_000;

/// Longest time that minutes are kept.
const MINUTES_KEPT_MAX_US: i64 = 31 * DAY_US;

/// Most ids that the index of the dedup can number.
const DEDUP_IDS_MAX: usize = 1 << 30;

/// Events with `t' − length < time ≤ t'`, where *t'* is now rounded down to the hop.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trailing {
    /// Name of the rows.
    pub name: CompactString,
    /// Length in microseconds, whole minutes.
    pub length_us: i64,
    /// Step in which the window moves, in microseconds, whole minutes up to one hour.
    pub hop_us: i64,
}

/// The last business days of the site, today included.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Days {
    /// Name of the rows.
    pub name: CompactString,
    /// How many days.
    pub days: i32,
}

/// A calendar period, from its start to today.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Period {
    /// Today alone.
    Day,
    /// Since the site's first day of the week.
    Week,
    /// Since the first of the month.
    Month,
    /// Since the start of the fiscal quarter.
    Quarter,
    /// Since the start of the fiscal half.
    Half,
    /// Since the start of the fiscal year.
    Year,
}

impl Period {
    /// All periods.
    pub const ALL: [Self; 6] = [
        Self::Day,
        Self::Week,
        Self::Month,
        Self::Quarter,
        Self::Half,
        Self::Year,
    ];

    /// Name of the rows.
    pub fn name(self) -> &'static str {
        match self {
            Self::Day => "today",
            Self::Week => "wtd",
            Self::Month => "mtd",
            Self::Quarter => "qtd",
            Self::Half => "htd",
            Self::Year => "ytd",
        }
    }

    /// Days of the longest period of the kind.
    fn days_max(self) -> i32 {
        match self {
            Self::Day => 1,
            Self::Week => 7,
            Self::Month => 31,
            Self::Quarter => 92,
            Self::Half => 184,
            Self::Year => 366,
        }
    }
}

/// Windows, retention and limits of a shard.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Options {
    /// Trailing windows.
    pub trailing: Vec<Trailing>,
    /// Windows over the last days.
    pub days: Vec<Days>,
    /// Windows from the start of a period.
    pub to_date: Vec<Period>,
    /// How long minutes are kept: bounds the trailing windows.
    pub minutes_kept_us: i64,
    /// How many days are kept: bounds the calendar windows.
    pub days_kept: i32,
    /// An event further behind the watermark is labelled late.
    pub lateness_max_us: i64,
    /// An event further ahead of its append time is refused.
    pub skew_max_us: i64,
    /// Re-sends within this much append time change nothing; whole minutes.
    pub dedup_horizon_us: i64,
    /// Ids remembered for that; the oldest goes first.
    pub dedup_ids_max: usize,
}

impl Default for Options {
    fn default() -> Self {
        let trailing = |name: &str, length_us, hop_us| Trailing {
            name: name.into(),
            length_us,
            hop_us,
        };
        let days = |name: &str, days| Days {
            name: name.into(),
            days,
        };
        Self {
            trailing: vec![
                trailing("1h", HOUR_US, MINUTE_US),
                trailing("24h", 24 * HOUR_US, 5 * MINUTE_US),
            ],
            days: vec![days("7d", 7), days("28d", 28), days("90d", 90)],
            to_date: Period::ALL.to_vec(),
            minutes_kept_us: 48 * HOUR_US,
            days_kept: 400,
            lateness_max_us: 40 * DAY_US,
            skew_max_us: 10 * MINUTE_US,
            dedup_horizon_us: 7 * DAY_US,
            dedup_ids_max: 4_000_000,
        }
    }
}

impl Options {
    /// All faults of the options; none means that they can be used.
    pub fn validate(&self) -> Vec<Fault> {
        let mut faults = Faults(Vec::new());
        self.check_trailing(&mut faults);
        self.check_calendar(&mut faults);
        self.check_names(&mut faults);
        self.check_limits(&mut faults);
        faults.0
    }

    fn check_trailing(&self, faults: &mut Faults) {
        for window in &self.trailing {
            let whole = |us: i64| us > 0 && us % MINUTE_US == 0;
            if !whole(window.length_us) || !whole(window.hop_us) || window.hop_us > HOP_MAX_US {
                faults.add(
                    &window.name,
                    "length and hop must be whole minutes above 0, the hop at most one hour",
                );
            }
            if window.length_us > self.minutes_kept_us {
                faults.add(&window.name, "is longer than `minutes_kept`");
            }
        }
    }

    fn check_calendar(&self, faults: &mut Faults) {
        let periods = self.to_date.iter().map(|period| (period.name(), period.days_max()));
        let lengths = self
            .days
            .iter()
            .map(|window| (window.name.as_str(), window.days))
            .chain(periods);
        for (name, days) in lengths {
            if days < 1 {
                faults.add(name, "must cover at least one day");
            }
            if days > self.days_kept {
                faults.add(name, &format!("can need `{days}` days, which is more than `days_kept`"));
            }
        }
    }

    fn check_names(&self, faults: &mut Faults) {
        let mut names = self.names();
        if names.len() > WINDOWS_MAX {
            faults.add("windows", &format!("are more than `{WINDOWS_MAX}`"));
        }
        names.sort_unstable();
        for (name, next) in names.iter().zip(names.iter().skip(1)) {
            if name == next {
                faults.add(name, "names two windows");
            }
        }
        if names.iter().any(|name| name.is_empty()) {
            faults.add("windows", "one has no name");
        }
    }

    fn check_limits(&self, faults: &mut Faults) {
        let mut within = |key: &str, value: i64, min: i64, max: i64| {
            if value < min || value > max {
                faults.add(key, &format!("`{value}` lies outside of `{min}` to `{max}`"));
            }
        };
        within("minutes_kept_us", self.minutes_kept_us, MINUTE_US, MINUTES_KEPT_MAX_US);
        within("days_kept", i64::from(self.days_kept), 1, i64::from(DAYS_KEPT_MAX));
        within("lateness_max_us", self.lateness_max_us, 0, 4_000 * DAY_US);
        within("skew_max_us", self.skew_max_us, 0, DAY_US);
        within("dedup_horizon_us", self.dedup_horizon_us, MINUTE_US, 400 * DAY_US);
        if self.dedup_horizon_us % MINUTE_US != 0 || self.minutes_kept_us % MINUTE_US != 0 {
            faults.add("dedup_horizon_us, minutes_kept_us", "must be whole minutes");
        }
        if self.dedup_ids_max == 0 || self.dedup_ids_max > DEDUP_IDS_MAX {
            faults.add("dedup_ids_max", &format!("lies outside of `1` to `{DEDUP_IDS_MAX}`"));
        }
    }

    /// Names of the windows: trailing, then days, then to date.
    pub(crate) fn names(&self) -> Vec<CompactString> {
        let trailing = self.trailing.iter().map(|window| window.name.clone());
        let days = self.days.iter().map(|window| window.name.clone());
        let to_date = self
            .to_date
            .iter()
            .map(|period| CompactString::const_new(period.name()));
        trailing.chain(days).chain(to_date).collect()
    }
}

struct Faults(Vec<Fault>);

impl Faults {
    fn add(&mut self, key: &str, message: &str) {
        self.0.push(Fault {
            key: key.to_owned(),
            message: message.to_owned(),
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_default_set_is_the_documented_one() {
        let options = Options::default();
        assert_eq!(options.validate(), []);
        let names = options.names();
        let documented = [
            "1h", "24h", "7d", "28d", "90d", "today", "wtd", "mtd", "qtd", "htd", "ytd",
        ];
        assert_eq!(names, documented);
    }

    #[test]
    fn a_window_longer_than_its_panes_is_refused_and_all_faults_are_told() {
        let mut options = Options {
            days_kept: 365,
            ..Options::default()
        };
        options.trailing.push(Trailing {
            name: "1h".into(),
            length_us: 49 * HOUR_US,
            hop_us: MINUTE_US / 2,
        });
        options.days.push(Days {
            name: "zero".into(),
            days: 0,
        });
        options.dedup_ids_max = 0;
        let keys: Vec<_> = options.validate().into_iter().map(|fault| fault.key).collect();
        assert_eq!(keys, ["1h", "1h", "zero", "ytd", "1h", "dedup_ids_max"]);
    }

    #[test]
    fn a_window_as_long_as_its_panes_is_fine() {
        let mut options = Options::default();
        options.trailing.push(Trailing {
            name: "48h".into(),
            length_us: options.minutes_kept_us,
            hop_us: HOP_MAX_US,
        });
        options.days.push(Days {
            name: "400d".into(),
            days: options.days_kept,
        });
        assert_eq!(options.validate(), []);
    }
}
