//! The checks, each with what was measured and what that was held against.

use paceline_schemas::event::target::Check;
use paceline_schemas::symbol::{Authority, Recalibrated};
use paceline_schemas::time::Day;

use super::layout::Sheet;
use super::numbers::{grouped, millionths, multiple, noun};
use super::words::{authority_words, check_words};
use super::{Language, View};
use crate::evidence::Kind;
use crate::guard::{ONE, RARE_SIDE_MIN};

pub(super) fn write(view: &View<'_>, sheet: &mut Sheet) {
    let failed = view.data.checks.iter().position(|check| !check.passed);
    for (check, at) in view.data.checks.iter().zip(0..) {
        let name = check.check.as_str();
        let mark = if check.passed { '✓' } else { '✗' };
        let head = format!(
            "{:>2} {mark} {}",
            at + 1,
            check_words(name, view.language).unwrap_or(name)
        );
        let numbers = check.measured.zip(check.bound);
        let detail = numbers.map_or_else(|| without_numbers(view, check), |numbers| detail(view, check, numbers));
        let decided = view.language.pick("←\u{a0}this\u{a0}decided", "←\u{a0}由此决定");
        let text = match (failed == Some(at), detail.is_empty()) {
            (true, true) => decided.to_owned(),
            (true, false) => format!("{detail} {decided}"),
            (false, _) => detail,
        };
        sheet.item(&head, &text);
    }
}

fn without_numbers(view: &View<'_>, check: &Check) -> String {
    let words = match check.check.as_str() {
        "not_common" if !check.passed => ("the team has moved likewise", "团队有同样的变化"),
        "cooldown" => ("never changed", "从未调整"),
        "not_common" => ("not examined", "未作检查"),
        "budget" => ("a rate is balanced by nothing", "比率无须平衡"),
        "dated" => ("no day is left on which it could count", "计划年度内已无可生效的日期"),
        _ => ("", ""),
    };
    view.language.pick(words.0, words.1).to_owned()
}

/// What a check measured and its bound, in its own unit.
fn detail(view: &View<'_>, check: &Check, (measured, bound): (i64, i64)) -> String {
    match check.check.as_str() {
        "data_ready" => ready(view, check.passed, measured, bound),
        "cooldown" => {
            let (days, needed) = (grouped(measured), noun(&grouped(bound), bound == 1, "working days"));
            view.language.pick(
                format!("{days} of {needed} since"),
                format!("已过 {days} 个工作日，须满 {} 个", grouped(bound)),
            )
        }
        "evidence" => evidence(view, measured, bound),
        "significant" => significant(view, measured, bound),
        "confirmed" => confirmed(view, measured, bound),
        "capped" => capped(view, measured, bound),
        "material" => {
            let (moved, least) = (view.figures.difference(measured), view.figures.difference(bound));
            view.language.pick(
                format!("moves {moved}, at least {least}"),
                format!("变动 {moved}，至少 {least}"),
            )
        }
        "dated" => dated(view, measured, bound),
        "budget" => budget(view, check.passed, measured, bound),
        "authority" => authority(view, measured, bound),
        _ => format!("{} / {}", grouped(measured), grouped(bound)),
    }
}

fn ready(view: &View<'_>, passed: bool, measured: i64, bound: i64) -> String {
    // Days that are open and deals that do not add up are both held against 0; events that are missing seldom are.
    if !passed && bound == 0 && view.policy.missing_max_ppm != 0 {
        let count = grouped(measured);
        return view.language.pick(
            format!("days not closed, or deals that do not add up: {count}"),
            format!("未关闭的业务日或归属不符的成交：{count}"),
        );
    }
    let (missing, most) = (view.figures.percent(measured), view.figures.percent(bound));
    view.language.pick(
        format!("missing {missing}, at most {most}"),
        format!("缺失 {missing}，最多 {most}"),
    )
}

fn evidence(view: &View<'_>, measured: i64, bound: i64) -> String {
    let figures = &view.figures;
    let (have, need) = (millionths(measured), millionths(bound));
    let is_one = measured == ONE;
    let (english, chinese) = match figures.kind {
        Kind::Rate if bound == RARE_SIDE_MIN * ONE => (
            format!("{have} of the rarer result, at least {need}"),
            format!("较少的一类结果 {have} 次，至少 {need} 次"),
        ),
        Kind::Rate => (
            format!("{}, at least {need}", noun(&have, is_one, &figures.denominator())),
            format!("{} {have}，至少 {need}", figures.denominator()),
        ),
        Kind::Money => (
            format!("{}, at least {need}", noun(&have, is_one, "deals")),
            format!("成交 {have} 笔，至少 {need} 笔"),
        ),
        Kind::Count => (
            format!("{} expected, at least {need}", noun(&have, is_one, &figures.name())),
            format!("期望{} {have}，至少 {need}", figures.name()),
        ),
    };
    view.language.pick(english, chinese)
}

fn significant(view: &View<'_>, measured: i64, bound: i64) -> String {
    let (end, edge) = (multiple(measured), multiple(bound));
    let (english, chinese) = match (bound < ONE, measured < bound, measured > bound) {
        (true, true, _) => (
            format!("at most {end}, clear below {edge}"),
            format!("最高 {end}，低于 {edge} 即为明显"),
        ),
        (true, false, _) => (
            format!("up to {end}, clear only below {edge}"),
            format!("最高可达 {end}，须低于 {edge} 才算明显"),
        ),
        (false, _, true) => (
            format!("at least {end}, clear above {edge}"),
            format!("最低 {end}，高于 {edge} 即为明显"),
        ),
        (false, _, false) => (
            format!("down to {end}, clear only above {edge}"),
            format!("最低可至 {end}，须高于 {edge} 才算明显"),
        ),
    };
    view.language.pick(english, chinese)
}

fn confirmed(view: &View<'_>, measured: i64, bound: i64) -> String {
    let (have, need) = (grouped(measured), grouped(bound));
    let days = view.counted_on().filter(|days| !days.is_empty());
    let days = days.map(|days| view.figures.days(&days));
    match (days, view.language) {
        (Some(days), Language::English) => format!("{have} of {need}: {days}"),
        (Some(days), Language::Chinese) => format!("{need} 次中的 {have} 次：{days}"),
        (None, Language::English) => format!("{have} of {need}"),
        (None, Language::Chinese) => format!("{need} 次中的 {have} 次"),
    }
}

fn capped(view: &View<'_>, allowed: i64, used: i64) -> String {
    let figures = &view.figures;
    let wanted = figures.change(view.evidence.theta - ONE);
    let (allowed, used) = (figures.change(allowed), figures.change(used));
    view.language.pick(
        format!("wanted {wanted}, allowed {allowed}; this quarter so far {used}"),
        format!("按业绩 {wanted}，允许 {allowed}；本季度已调整 {used}"),
    )
}

fn dated(view: &View<'_>, measured: i64, bound: i64) -> String {
    let day = view.figures.day(Day(i32::try_from(measured).unwrap_or_default()));
    let notice = noun(&grouped(bound), bound == 1, "working days");
    view.language.pick(
        format!("{day}, after {notice} of notice"),
        format!("{day}，提前 {} 个工作日通知", grouped(bound)),
    )
}

fn budget(view: &View<'_>, passed: bool, measured: i64, bound: i64) -> String {
    if !passed && measured == 0 && bound == 0 {
        return view
            .language
            .pick("there is no reserve beside this target", "该目标没有对应的缓冲")
            .to_owned();
    }
    let figures = &view.figures;
    let (after, most) = (figures.value(measured), figures.bare(bound));
    let taken = taken(view);
    match (taken.is_empty(), view.language) {
        (false, Language::English) => format!("takes {taken}; then at worst {after}, at most ±{most}"),
        (false, Language::Chinese) => format!("承担 {taken}；之后最紧的月份为 {after}，最多 ±{most}"),
        (true, Language::English) => format!("would hold {after} at worst, at most ±{most}"),
        (true, Language::Chinese) => format!("最紧的月份将为 {after}，最多 ±{most}"),
    }
}

/// What the reserve takes of every month that changes.
fn taken(view: &View<'_>) -> String {
    let each = view.data.cells.iter().filter_map(|cell| {
        let taken = view.old(cell)?.value - cell.value;
        let plus = if taken > 0 { "+" } else { "" };
        Some(format!("{plus}{}", view.figures.bare(taken)))
    });
    each.collect::<Vec<_>>().join(view.language.pick(", ", "、"))
}

fn authority(view: &View<'_>, measured: i64, bound: i64) -> String {
    let figures = &view.figures;
    let (step, alone) = (figures.about_percent(measured), figures.about_percent(bound));
    let level = view.data.authority.unwrap_or(Authority::Company);
    let who = authority_words(level, view.language);
    let is_asked = view.outcome == Recalibrated::Proposed || level != Authority::Policy;
    if is_asked {
        view.language.pick(
            format!("{step}, alone up to {alone}: needs {who}"),
            format!("{step}，政策自行调整最多 {alone}：须由{who}批准"),
        )
    } else {
        view.language.pick(
            format!("{step}, alone up to {alone}"),
            format!("{step}，政策自行调整最多 {alone}"),
        )
    }
}
