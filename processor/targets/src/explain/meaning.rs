//! What a decision asks of the rep from now on.

use paceline_schemas::symbol::Recalibrated;
use paceline_schemas::time::Day;

use super::View;
use super::layout::Sheet;
use super::numbers::grouped;
use crate::ledger::State;

/// Decisions before whose checks no result was looked at.
const UNJUDGED: [&str; 3] = ["not_eligible", "data_not_ready", "insufficient_evidence"];

pub(super) fn write(view: &View<'_>, sheet: &mut Sheet) {
    let Some(from) = view.effective() else {
        sheet.line(view.language.pick(
            "No day is left of the plan year on which a change could count.",
            "计划年度内已没有可以生效的日期。",
        ));
        return;
    };
    let end = view.quarter_end();
    let force = Force::of(view);
    sheet.line(&asked(view, force, from, end));
    let (old, new) = view.left();
    if !view.figures.is_rate()
        && let Some(days) = workdays(view, from, end)
    {
        sheet.line(&per_day(view, force, days, (old, new)));
    }
    let uncapped = view.data.uncapped_value.unwrap_or(new);
    if uncapped != new || (force == Force::None && uncapped != old) {
        sheet.line(&uncapped_words(view, uncapped));
    }
}

/// Whether the values of a decision count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Force {
    Counts,
    MayCount,
    None,
}

impl Force {
    fn of(view: &View<'_>) -> Self {
        let state = view.page.proposal.map(|proposal| proposal.state);
        match (view.outcome, state) {
            _ if view.page.is_stale => Self::None,
            (Recalibrated::Applied, _) | (Recalibrated::Proposed, Some(State::Approved { .. })) => Self::Counts,
            (Recalibrated::Proposed, None | Some(State::Complete | State::Incomplete)) => Self::MayCount,
            _ => Self::None,
        }
    }
}

fn asked(view: &View<'_>, force: Force, from: Day, end: Option<Day>) -> String {
    let (figures, language) = (&view.figures, view.language);
    let name = figures.name();
    let (old, new) = view.left();
    let (stays, old, new) = (figures.value(old), figures.bare(old), figures.value(new));
    let from = figures.day(from);
    let end = end.map_or_else(
        || language.pick("the end of the quarter", "季度末").to_owned(),
        |end| figures.day(end),
    );
    match force {
        Force::Counts => language.pick(
            format!("The target asks for {new} from {from} to {end}, instead of {old}."),
            format!("{from}至{end}要求的{name}为 {new}，原为 {old}。"),
        ),
        Force::MayCount => language.pick(
            format!("If it is approved, the target asks for {new} from {from} to {end}, instead of {old}."),
            format!("若获批准，{from}至{end}要求的{name}为 {new}，原为 {old}。"),
        ),
        Force::None => language.pick(
            format!("The target stays: {stays} from {from} to {end}."),
            format!("目标不变：{from}至{end}的{name}仍为 {stays}。"),
        ),
    }
}

fn per_day(view: &View<'_>, force: Force, days: i64, (old, new): (i64, i64)) -> String {
    let (was, is) = (view.figures.per_day(old, days), view.figures.per_day(new, days));
    let count = grouped(days);
    if force != Force::None {
        view.language.pick(
            format!("Over {count} working days that is {is} a day, instead of {was}."),
            format!("按 {count} 个工作日计算，每天 {is}，原为 {was}。"),
        )
    } else {
        view.language.pick(
            format!("Over {count} working days that is {was} a day."),
            format!("按 {count} 个工作日计算，每天 {was}。"),
        )
    }
}

/// Days of work from the change to the end of the quarter.
fn workdays(view: &View<'_>, from: Day, end: Option<Day>) -> Option<i64> {
    let weights = view.data.cells.iter().flat_map(|cell| &cell.weights);
    let counted = i64::try_from(weights.filter(|weight| **weight > 0).count()).ok()?;
    let days = if counted > 0 {
        counted
    } else {
        view.page.calendar?.workdays(from.plus(-1), end?)
    };
    (days > 0).then_some(days)
}

fn uncapped_words(view: &View<'_>, uncapped: i64) -> String {
    let value = view.figures.value(uncapped);
    if UNJUDGED.contains(&view.reason()) {
        return view.language.pick(
            format!("The results so far would say {value}, but nothing may be concluded from them."),
            format!("仅按目前业绩推算为 {value}，但尚不能据此下结论。"),
        );
    }
    view.language.pick(
        format!("The results alone, without the limits of the policy, would say {value}."),
        format!("若不受政策限制、仅按业绩推算，则为 {value}。"),
    )
}
