//! The page that explains a decision: what happened, because of which numbers, and what would have changed it.
//!
//! It is computed from the decision as it is stored, so it says today what it said then. Every sentence is written in
//! both languages beside each other; none is put together from parts.

mod actions;
mod because;
mod checks;
mod decision;
mod layout;
mod meaning;
mod model;
mod numbers;
mod otherwise;
mod results;
mod words;

use paceline_schemas::event::Target;
use paceline_schemas::event::target::{Check, Evidence};
use paceline_schemas::symbol::Recalibrated;
use paceline_schemas::time::Day;

use crate::calendar::{Calendar, month_end};
use crate::ledger::Proposal;
use crate::policy::Policy;
use crate::row::Row;

use layout::Sheet;
use numbers::Figures;
pub use words::reason_words;

/// The language of a page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Language {
    /// English.
    English,
    /// Simplified Chinese.
    Chinese,
}

impl Language {
    fn pick<T>(self, english: T, chinese: T) -> T {
        match self {
            Self::English => english,
            Self::Chinese => chinese,
        }
    }
}

/// What a page is written from. Everything after `policy` may be missing; the page then says less.
#[derive(Debug, Clone, Copy)]
pub struct Page<'a> {
    /// What was decided: data of `target.adjusted`, `target.proposed` or `target.reviewed` of a recalibration.
    pub data: &'a Target,
    /// Id of its event.
    pub decision_id: &'a str,
    /// The policy by which it was decided.
    pub policy: &'a Policy,
    /// Whether the target had been changed before the log took the decision, which then changes nothing.
    pub is_stale: bool,
    /// The row, for the values before the change.
    pub row: Option<&'a Row>,
    /// Display name of the rep.
    pub rep_name: Option<&'a str>,
    /// Display name of the rep's team.
    pub team_name: Option<&'a str>,
    /// The proposal, if it led to one.
    pub proposal: Option<&'a Proposal>,
    /// Last days of the evidence of the evaluations that counted before this one, the oldest first.
    pub confirmed_on: Option<&'a [Day]>,
    /// The calendar of the site, for dates to come.
    pub calendar: Option<&'a Calendar>,
}

impl<'a> Page<'a> {
    /// A page of the decision alone.
    pub fn new(data: &'a Target, decision_id: &'a str, policy: &'a Policy) -> Self {
        Self {
            data,
            decision_id,
            policy,
            is_stale: false,
            row: None,
            rep_name: None,
            team_name: None,
            proposal: None,
            confirmed_on: None,
            calendar: None,
        }
    }
}

/// The page as text of at most 100 columns.
pub fn explain(page: &Page<'_>, language: Language) -> String {
    let view = View::new(page, language);
    let mut sheet = Sheet::default();
    decision::headline(&view, &mut sheet);
    sheet.section(language.pick("decision", "决定"));
    decision::write(&view, &mut sheet);
    sheet.section(language.pick("because", "依据"));
    because::write(&view, &mut sheet);
    sheet.section(language.pick("checks", "检查"));
    checks::write(&view, &mut sheet);
    sheet.section(language.pick("it means", "含义"));
    meaning::write(&view, &mut sheet);
    sheet.section(language.pick("otherwise", "假如"));
    otherwise::write(&view, &mut sheet);
    sheet.section(language.pick("you may", "您可以"));
    actions::write(&view, &mut sheet);
    sheet.finish()
}

/// A page with what several of its parts read from it.
struct View<'a> {
    page: &'a Page<'a>,
    data: &'a Target,
    policy: &'a Policy,
    evidence: Evidence,
    outcome: Recalibrated,
    language: Language,
    figures: Figures,
}

impl<'a> View<'a> {
    fn new(page: &'a Page<'a>, language: Language) -> Self {
        Self {
            page,
            data: page.data,
            policy: page.policy,
            evidence: page.data.evidence.clone().unwrap_or_default(),
            outcome: page.data.outcome.unwrap_or(Recalibrated::Kept),
            language,
            figures: Figures::of(page.data, language),
        }
    }

    fn reason(&self) -> &str {
        self.data.reason_code.as_ref().map_or("", |code| code.as_str())
    }

    fn check(&self, name: &str) -> Option<&Check> {
        self.data.checks.iter().find(|check| check.check.as_str() == name)
    }

    fn measured(&self, name: &str) -> Option<(i64, i64)> {
        let check = self.check(name)?;
        check.measured.zip(check.bound)
    }

    /// Whether the decision changes the target, or would if it were approved.
    fn moves(&self) -> bool {
        matches!(self.outcome, Recalibrated::Applied | Recalibrated::Proposed)
    }

    /// First day on which a change would count.
    fn effective(&self) -> Option<Day> {
        let day = self.check("dated")?.measured?;
        i32::try_from(day).ok().map(Day)
    }

    /// What is left of the row, before and after.
    fn left(&self) -> (i64, i64) {
        let old = self.data.old_value.unwrap_or_default();
        (old, self.data.proposed_value.unwrap_or(old))
    }

    /// Last day of the quarter in which a change would count.
    fn quarter_end(&self) -> Option<Day> {
        if let Some(cell) = self.data.cells.last() {
            return Some(month_end(cell.month));
        }
        let from = self.effective()?;
        let calendar = self.page.calendar?;
        let quarter = calendar.day(from)?.quarter_start;
        let dates = calendar.span(from, self.data.period_end?);
        let same = dates.iter().take_while(|date| date.quarter_start == quarter);
        same.last().map(|date| date.day)
    }

    /// The working day that is the `count`th after `day`.
    fn workday_after(&self, day: Day, count: i64) -> Option<Day> {
        self.page.calendar?.workday_after(day, (count - 1).max(0))
    }

    /// Days on which an evaluation of this sign counted, this one included if it did; `None` if it is not known.
    fn counted_on(&self) -> Option<Vec<Day>> {
        let mut days = self.page.confirmed_on?.to_vec();
        let known = i64::try_from(days.len()).unwrap_or(i64::MAX);
        if self.evidence.confirmations > known {
            days.push(self.evidence.as_of);
        }
        Some(days)
    }
}
