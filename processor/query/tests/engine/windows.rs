//! `agg_rep_window` against a recount that walks over every site, date and row.

use std::collections::BTreeMap;
use std::sync::Arc;

use paceline_schemas::measure::{MEASURES, Measure};
use paceline_schemas::time::{Day, Instant};

use crate::seed::{Floor, Row, Value, day, row, texts};

/// A site with a calendar of its own.
struct Calendar {
    site: &'static str,
    /// Days from Thursday, 1970-01-01, to the first day of a week.
    week_offset: i32,
    fiscal_month: i32,
    /// Microseconds from midnight UTC to the start of a business date.
    starts_us: i64,
}

const SITES: [Calendar; 2] = [
    Calendar {
        site: "berlin",
        week_offset: 4,
        fiscal_month: 1,
        starts_us: -3_600_000_000,
    },
    Calendar {
        site: "dallas",
        week_offset: 3,
        fiscal_month: 7,
        starts_us: 36_000_000_000,
    },
];

impl Calendar {
    fn week(&self, on: Day) -> Day {
        on.plus(-(on.0 - self.week_offset).rem_euclid(7))
    }

    fn period(&self, on: Day, months: i32) -> Day {
        let date = on.date();
        let month = i32::from(date.month()) - 1;
        let into = (month - (self.fiscal_month - 1)).rem_euclid(months);
        let first = i32::from(date.year()) * 12 + month - into;
        day(&format!(
            "{:04}-{:02}-01",
            first.div_euclid(12),
            first.rem_euclid(12) + 1
        ))
    }

    fn starts(&self, on: Day) -> Instant {
        Instant(i64::from(on.0) * 86_400_000_000 + self.starts_us)
    }

    fn row(&self, on: Day) -> Row {
        row! { site_id: self.site, business_date: on, workday: true, weight_bp: 10_000, starts_at: self.starts(on),
        ends_at: self.starts(on.plus(1)), week_start: self.week(on), month_start: self.period(on, 1),
        quarter_start: self.period(on, 3), half_start: self.period(on, 6), year_start: self.period(on, 12) }
    }

    fn windows(&self, as_of: Day) -> [(&'static str, Day); 9] {
        [
            ("7d", as_of.plus(-6)),
            ("28d", as_of.plus(-27)),
            ("90d", as_of.plus(-89)),
            ("today", as_of),
            ("wtd", self.week(as_of)),
            ("mtd", self.period(as_of, 1)),
            ("qtd", self.period(as_of, 3)),
            ("htd", self.period(as_of, 6)),
            ("ytd", self.period(as_of, 12)),
        ]
    }
}

/// A small generator of numbers, the same on every run.
pub(crate) struct Numbers(pub(crate) u64);

impl Numbers {
    pub(crate) fn below(&mut self, bound: u64) -> i64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        i64::try_from((self.0 >> 33) % bound).expect("small")
    }
}

struct Increment {
    site: usize,
    rep: &'static str,
    currency: &'static str,
    on: Day,
    measures: [i64; MEASURES],
}

impl Increment {
    fn row(&self) -> Row {
        let mut row =
            row! { business_date: self.on, rep_id: self.rep, site_id: SITES[self.site].site, currency: self.currency };
        row.extend(
            Measure::ALL
                .iter()
                .zip(self.measures)
                .map(|(measure, value)| (measure.name(), Value::Int(value))),
        );
        row
    }
}

const FIRST: &str = "2025-11-20";
const LAST: &str = "2026-07-12";

/// Increments over eight months, some of which a later one takes back.
fn increments(seed: u64) -> Vec<Increment> {
    let mut numbers = Numbers(seed);
    let reps = [("ann", 0), ("李雷", 0), ("bob", 1), ("both", 0), ("both", 1)];
    let mut all = Vec::new();
    let span = u64::try_from(day(LAST).0 - day(FIRST).0 + 1).expect("ordered");
    for _ in 0..160 {
        let (rep, site) = reps[usize::try_from(numbers.below(5)).expect("small")];
        let mut measures = [0; MEASURES];
        for value in &mut measures {
            *value = numbers.below(4) - 1;
        }
        let increment = Increment {
            site,
            rep,
            currency: ["USD", "EUR"][usize::try_from(numbers.below(2)).expect("small")],
            on: day(FIRST).plus(i32::try_from(numbers.below(span)).expect("small")),
            measures,
        };
        if numbers.below(4) == 0 {
            all.push(Increment {
                measures: measures.map(|value| -value),
                ..increment
            });
        }
        all.push(increment);
    }
    all
}

type Sums = BTreeMap<(String, String, String, String), Vec<i64>>;

fn recount(all: &[Increment], watermark: Instant) -> Sums {
    let mut sums = Sums::new();
    let first = all.iter().map(|increment| increment.on).min().expect("some");
    for (index, calendar) in SITES.iter().enumerate() {
        let mut as_of = first;
        while calendar.starts(as_of) < watermark {
            for (window, from) in calendar.windows(as_of) {
                let inside = |i: &&Increment| i.site == index && from <= i.on && i.on <= as_of;
                for increment in all.iter().filter(inside) {
                    let key = (
                        increment.rep.into(),
                        window.into(),
                        as_of.to_string(),
                        increment.currency.into(),
                    );
                    let sum = sums.entry(key).or_insert_with(|| vec![0; MEASURES]);
                    sum.iter_mut()
                        .zip(increment.measures)
                        .for_each(|(sum, value)| *sum += value);
                }
            }
            as_of = as_of.plus(1);
        }
    }
    sums.retain(|_, sum| sum.iter().any(|value| *value != 0));
    sums
}

fn floor(all: &[Increment], watermark: Instant) -> Arc<Floor> {
    let floor = Floor::new();
    for chunk in all.chunks(70) {
        floor.write("agg_rep_day", &chunk.iter().map(Increment::row).collect::<Vec<_>>());
    }
    let days = (day("2025-10-01").0..day("2026-12-31").0).map(Day);
    let calendar: Vec<Row> = days.flat_map(|on| SITES.iter().map(move |site| site.row(on))).collect();
    floor.write("dim_calendar", &calendar);
    floor.write(
        "ops_publish_log",
        &[
            row! { table: "agg_rep_day", shard: "0", version: 1, seq: 1, next_offset: 1, watermark: watermark,
            published_at: watermark },
        ],
    );
    floor
}

fn columns() -> String {
    let measures: Vec<&str> = Measure::ALL.iter().map(|measure| measure.name()).collect();
    format!("rep_id, \"window\", as_of, currency, {}", measures.join(", "))
}

fn keyed(rows: Vec<Vec<String>>) -> Sums {
    let mut sums = Sums::new();
    for row in rows {
        let (key, values) = row.split_at(4);
        let key = (key[0].clone(), key[1].clone(), key[2].clone(), key[3].clone());
        let values = values.iter().map(|value| value.parse().expect("an integer")).collect();
        assert_eq!(sums.insert(key.clone(), values), None, "{key:?} is there twice");
    }
    sums
}

#[test]
fn windows_equal_a_recount_for_sites_with_other_weeks_and_fiscal_years() {
    let all = increments(7);
    // Noon UTC of the last date: the date has begun at one site and not yet, at 10:00, at none.
    let watermark = Instant(i64::from(day(LAST).0) * 86_400_000_000 + 5 * 3_600_000_000);
    let expected = recount(&all, watermark);
    assert!(expected.len() > 5_000 && expected.keys().any(|key| key.2 == LAST));
    let engine = floor(&all, watermark).engine();
    let found = keyed(texts(&engine, &format!("SELECT {} FROM agg_rep_window", columns())).expect("rows"));
    assert_eq!(found.len(), expected.len());
    for (key, sum) in &expected {
        assert_eq!(found.get(key), Some(sum), "{key:?}");
    }
}

#[test]
fn a_filter_on_as_of_rep_or_window_gives_what_it_would_give_afterwards() {
    let all = increments(11);
    let watermark = Instant(i64::from(day(LAST).0) * 86_400_000_000);
    let mut expected = recount(&all, watermark);
    expected.retain(|key, _| key.0 == "both" && key.2 == "2026-07-01" && key.1 != "ytd");
    assert!(!expected.is_empty());
    let filter = "rep_id = 'both' AND as_of = DATE '2026-07-01' AND \"window\" <> 'ytd'";
    let engine = floor(&all, watermark).engine();
    let found = texts(
        &engine,
        &format!("SELECT {} FROM agg_rep_window WHERE {filter}", columns()),
    );
    assert_eq!(keyed(found.expect("rows")), expected);
}

#[test]
fn a_team_has_the_windows_of_its_reps_as_they_belonged_to_it() {
    let all = increments(3);
    let watermark = Instant(i64::from(day(LAST).0) * 86_400_000_000);
    let floor = floor(&all, watermark);
    let below = |node: &'static str, rep: &'static str, from: &str, to: &str| {
        row! { ancestor_id: node, ancestor_kind: "team", descendant_id: rep, descendant_kind: "rep", depth: 1,
        valid_from: day(from), valid_to: day(to) }
    };
    floor.write(
        "dim_org",
        &[
            below("a", "ann", FIRST, "2026-03-31"),
            below("b", "ann", "2026-04-01", LAST),
        ],
    );
    let engine = floor.engine();
    let of_team = |node: &str| {
        let sql = format!(
            "SELECT {} FROM agg_team_window WHERE node_id = '{node}'",
            columns().replacen("rep_id", "node_id", 1)
        );
        keyed(texts(&engine, &sql).expect("rows"))
    };
    let mut of_a: Vec<Increment> = increments(3);
    of_a.retain(|i| i.rep == "ann" && i.on <= day("2026-03-31"));
    let mut of_b: Vec<Increment> = increments(3);
    of_b.retain(|i| i.rep == "ann" && i.on >= day("2026-04-01"));
    for (node, part) in [("a", of_a), ("b", of_b)] {
        let renamed = recount(&part, watermark)
            .into_iter()
            .map(|(key, sum)| ((node.to_owned(), key.1, key.2, key.3), sum));
        assert_eq!(of_team(node), renamed.collect::<Sums>(), "{node}");
    }
}
