//! What targets are decided from, read by SQL from one published set.

use std::collections::BTreeMap;

use arrow::array::{Array, ArrayRef, AsArray};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Date32Type, Int64Type, TimeUnit, TimestampMicrosecondType};
use arrow::record_batch::RecordBatch;
use paceline_query::Engine;
use paceline_query::evidence::{CALENDAR, DEALS, NODES, Question, READINESS, REPS, RESULTS};
use paceline_schemas::measure::{MEASURES, Vector};
use paceline_schemas::symbol::NodeKind;
use paceline_schemas::time::{Day, Instant};
use paceline_targets::{Calendar, CalendarDay, Facts, Org, OrgNode, Readiness, Rep};

use crate::failure::{Exit, Failure};

/// Days before and after the span asked for that the calendar holds.
const MARGIN_DAYS: i32 = 120;

/// The span of some facts.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Span {
    /// First and last day of the evidence.
    pub(crate) from: Day,
    pub(crate) as_of: Day,
    /// The day on which teams and roles are looked at.
    pub(crate) on: Day,
    /// Last day that the calendar must hold.
    pub(crate) until: Day,
}

/// Everything that a decision is taken from.
pub(crate) fn facts(engine: &Engine, default_site: &str, span: Span) -> Result<Facts, Failure> {
    let window = [span.from, span.as_of];
    let mut facts = Facts {
        as_of: span.as_of,
        from: span.from,
        ..Facts::default()
    };
    for batch in ask(engine, &REPS, &[span.on])? {
        let columns = Columns::of(&batch)?;
        for row in 0..batch.num_rows() {
            let rep = Rep {
                team_id: columns.name(2, row),
                site_id: columns.name(3, row),
                role: columns.name(5, row),
                hired_on: columns.day(6, row),
                is_active: columns.day(7, row).is_none_or(|left| left >= span.as_of),
            };
            facts.reps.insert(columns.name(0, row), rep);
        }
    }
    for batch in ask(engine, &RESULTS, &window)? {
        let columns = Columns::of(&batch)?;
        for row in 0..batch.num_rows() {
            let mut vector = Vector::ZERO;
            for (at, sum) in vector.0.iter_mut().enumerate().take(MEASURES) {
                *sum = columns.integer(at + 2, row);
            }
            let key = (columns.name(0, row), columns.name(1, row));
            facts.results.insert(key, vector);
        }
    }
    for batch in ask(engine, &DEALS, &window)? {
        let columns = Columns::of(&batch)?;
        for row in 0..batch.num_rows() {
            let key = (columns.name(0, row), columns.name(1, row));
            facts.deals.entry(key).or_default().push(columns.integer(2, row));
        }
    }
    let first = span.from.plus(-MARGIN_DAYS);
    (facts.calendar, facts.calendars) = calendars(engine, default_site, first, span.until.plus(MARGIN_DAYS))?;
    for batch in ask(engine, &READINESS, &window)? {
        let columns = Columns::of(&batch)?;
        if batch.num_rows() > 0 {
            facts.readiness = Readiness {
                open_days: columns.integer(0, 0),
                missing_ppm: columns.integer(1, 0),
                unreconciled_deals: columns.integer(2, 0),
            };
        }
    }
    Ok(facts)
}

/// The calendar of the default site, and those of all sites, from `first` to `last`.
pub(crate) fn calendars(
    engine: &Engine,
    default_site: &str,
    first: Day,
    last: Day,
) -> Result<(Calendar, BTreeMap<String, Calendar>), Failure> {
    let mut sites: BTreeMap<String, Vec<CalendarDay>> = BTreeMap::new();
    for batch in ask(engine, &CALENDAR, &[first, last])? {
        let columns = Columns::of(&batch)?;
        for row in 0..batch.num_rows() {
            let day = CalendarDay {
                day: columns.day(1, row).unwrap_or_default(),
                workday: columns.boolean(2, row),
                weight_bp: columns.integer(3, row),
                quarter_start: columns.day(4, row).unwrap_or_default(),
                year_start: columns.day(5, row).unwrap_or_default(),
                starts_at: columns.instant(6, row),
                ends_at: columns.instant(7, row),
            };
            sites.entry(columns.name(0, row)).or_default().push(day);
        }
    }
    let gap = || {
        Failure::new(
            Exit::OurFault,
            "`dim_calendar` lacks a date; run an import or `paceline run` once",
        )
    };
    let mut calendars = BTreeMap::new();
    for (site, days) in sites {
        calendars.insert(site, Calendar::new(days).ok_or_else(gap)?);
    }
    let default = calendars.get(default_site).cloned().ok_or_else(gap)?;
    Ok((default, calendars))
}

/// Who is where on `on`.
pub(crate) fn org(engine: &Engine, on: Day) -> Result<Org, Failure> {
    let mut nodes: BTreeMap<String, OrgNode> = BTreeMap::new();
    for batch in ask(engine, &NODES, &[on])? {
        let columns = Columns::of(&batch)?;
        for row in 0..batch.num_rows() {
            let kind = columns.text(1, row).and_then(|kind| NodeKind::from_symbol(&kind));
            let node = OrgNode {
                parent: columns.text(2, row),
                kind: kind.unwrap_or(NodeKind::Team),
                from: None,
                to: None,
                manager: None,
            };
            nodes.insert(columns.name(0, row), node);
        }
    }
    for batch in ask(engine, &REPS, &[on])? {
        let columns = Columns::of(&batch)?;
        for row in 0..batch.num_rows() {
            let rep_id = columns.name(0, row);
            if nodes.get(&rep_id).is_some_and(|node| node.kind != NodeKind::Rep) {
                let text = format!(
                    "`{rep_id}` is the name of a rep and of a team; targets need names of their own: rename the team in \
                     the mapping of people and import them again"
                );
                return Err(Failure::new(Exit::Failed, text));
            }
            let node = OrgNode {
                parent: columns.text(2, row),
                kind: NodeKind::Rep,
                from: columns.day(6, row),
                to: columns.day(7, row),
                manager: columns.text(4, row),
            };
            nodes.insert(rep_id, node);
        }
    }
    Ok(Org::new(nodes))
}

/// What a page says of a rep.
#[derive(Debug, Clone)]
pub(crate) struct Person {
    pub(crate) name: Option<String>,
    pub(crate) team_id: String,
    pub(crate) site_id: String,
}

/// The reps of a day, by their ids.
pub(crate) fn names(engine: &Engine, on: Day) -> Result<BTreeMap<String, Person>, Failure> {
    let mut names = BTreeMap::new();
    for batch in ask(engine, &REPS, &[on])? {
        let columns = Columns::of(&batch)?;
        for row in 0..batch.num_rows() {
            let person = Person {
                name: columns.text(1, row),
                team_id: columns.name(2, row),
                site_id: columns.name(3, row),
            };
            names.insert(columns.name(0, row), person);
        }
    }
    Ok(names)
}

/// Two columns of an answer: a text and a number.
pub(crate) fn pairs(engine: &Engine, sql: &str) -> Result<Vec<(String, i64)>, Failure> {
    let mut pairs = Vec::new();
    for batch in answer(engine, sql)? {
        let columns = Columns::of(&batch)?;
        pairs.extend((0..batch.num_rows()).map(|row| (columns.name(0, row), columns.integer(1, row))));
    }
    Ok(pairs)
}

/// The first date of an answer.
pub(crate) fn first_day(engine: &Engine, sql: &str) -> Result<Option<Day>, Failure> {
    let batches = answer(engine, sql)?;
    let first = batches.iter().find(|batch| batch.num_rows() > 0);
    first.map_or(Ok(None), |batch| Ok(Columns::of(batch)?.day(0, 0)))
}

fn answer(engine: &Engine, sql: &str) -> Result<Vec<RecordBatch>, Failure> {
    let (_, batches) = engine
        .query_all(sql)
        .map_err(|error| crate::commands::sql::refused(&error))?;
    Ok(batches)
}

fn ask(engine: &Engine, question: &Question, days: &[Day]) -> Result<Vec<RecordBatch>, Failure> {
    answer(engine, &question.with(days))
}

/// The cells of a batch, each column brought to one of five types.
struct Columns(Vec<ArrayRef>);

impl Columns {
    fn of(batch: &RecordBatch) -> Result<Self, Failure> {
        let plain = |column: &ArrayRef| {
            let kind = match column.data_type() {
                DataType::Utf8 | DataType::Utf8View | DataType::LargeUtf8 | DataType::Dictionary(..) => DataType::Utf8,
                DataType::Date32 => DataType::Date32,
                DataType::Boolean => DataType::Boolean,
                DataType::Timestamp(..) => DataType::Timestamp(TimeUnit::Microsecond, None),
                _ => DataType::Int64,
            };
            cast(column, &kind)
        };
        let columns: Result<Vec<ArrayRef>, _> = batch.columns().iter().map(plain).collect();
        columns
            .map(Self)
            .map_err(|e| Failure::new(Exit::OurFault, format!("columns of the evidence: {e}")))
    }

    fn text(&self, at: usize, row: usize) -> Option<String> {
        let column = self.0.get(at)?.as_string_opt::<i32>()?;
        column.is_valid(row).then(|| column.value(row).to_owned())
    }

    fn name(&self, at: usize, row: usize) -> String {
        self.text(at, row).unwrap_or_default()
    }

    fn integer(&self, at: usize, row: usize) -> i64 {
        let column = self.0.get(at).and_then(|column| column.as_primitive_opt::<Int64Type>());
        column
            .filter(|column| column.is_valid(row))
            .map_or(0, |column| column.value(row))
    }

    fn day(&self, at: usize, row: usize) -> Option<Day> {
        let column = self.0.get(at)?.as_primitive_opt::<Date32Type>()?;
        column.is_valid(row).then(|| Day(column.value(row)))
    }

    fn boolean(&self, at: usize, row: usize) -> bool {
        let column = self.0.get(at).and_then(|column| column.as_boolean_opt());
        column.is_some_and(|column| column.is_valid(row) && column.value(row))
    }

    fn instant(&self, at: usize, row: usize) -> Instant {
        let column = self
            .0
            .get(at)
            .and_then(|column| column.as_primitive_opt::<TimestampMicrosecondType>());
        Instant(
            column
                .filter(|column| column.is_valid(row))
                .map_or(0, |column| column.value(row)),
        )
    }
}
