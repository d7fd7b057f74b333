//! What would have led to another decision.

use paceline_schemas::symbol::Recalibrated;

use super::layout::Sheet;
use super::numbers::{grouped, millionths, noun};
use super::{Language, View, results};
use crate::evidence::Kind;
use crate::guard::{ONE, RARE_SIDE_MIN};

pub(super) fn write(view: &View<'_>, sheet: &mut Sheet) {
    let before = match view.reason() {
        "not_eligible" => Some(not_eligible(view)),
        "data_not_ready" => Some(
            view.language
                .pick(
                    "Once the days are closed and the missing events are in, the next evaluation judges the results.",
                    "待业务日关闭、缺失数据补齐后，下次评估再作判断。",
                )
                .to_owned(),
        ),
        "frozen" => Some(frozen(view)),
        "cooldown" => cooldown(view),
        "insufficient_evidence" => insufficient(view),
        "common_shift" => Some(
            view.language
                .pick(
                    "Had the rest of the team not moved, the results would have been judged by themselves.",
                    "若团队其他人没有同样的变化，则会单独判断本人业绩。",
                )
                .to_owned(),
        ),
        "within_band" => Some(results::leaving(view)),
        "awaiting_confirmation" => confirmation(view),
        "quarter_cap_reached" => quarter(view),
        "below_resolution" => resolution(view),
        "reserve_exhausted" => reserve(view),
        _ => None,
    };
    if let Some(text) = before {
        sheet.line(&text);
    }
    let is_judged = view.moves()
        || [
            "awaiting_confirmation",
            "quarter_cap_reached",
            "below_resolution",
            "reserve_exhausted",
        ]
        .contains(&view.reason());
    if is_judged {
        sheet.line(&results::reaching(view));
    }
    if view.outcome == Recalibrated::Proposed {
        sheet.line(&alone(view));
    }
}

fn not_eligible(view: &View<'_>) -> String {
    let language = view.language;
    if !view.figures.may_be_recalibrated() {
        let name = view.figures.name();
        return language.pick(
            format!("Targets of this metric ({name}) are changed by people only."),
            format!("{name} 的目标只能由人调整。"),
        );
    }
    let words = if view.effective().is_none() {
        (
            "The plan year is too far gone; its targets stay as they are.",
            "计划年度即将结束，目标不再变动。",
        )
    } else {
        (
            "Either the months are locked or the rep is no longer active: without the lock, or with an active rep, the \
             results would be judged.",
            "月份已锁定，或该销售代表已停用；解除锁定或恢复启用后，才会根据业绩判断。",
        )
    };
    language.pick(words.0, words.1).to_owned()
}

fn frozen(view: &View<'_>) -> String {
    let Some(freeze) = view.policy.freeze_on(view.evidence.as_of) else {
        return view
            .language
            .pick(
                "After the freeze the results are judged again.",
                "冻结期结束后再作判断。",
            )
            .to_owned();
    };
    let figures = &view.figures;
    let (from, to, reason) = (figures.day(freeze.from), figures.day(freeze.to), &freeze.reason);
    let first = figures.day(freeze.to.plus(1));
    view.language.pick(
        format!("The freeze lasts from {from} to {to} ({reason}); an evaluation from {first} on may move the target."),
        format!("冻结期为{from}至{to}（{reason}）；{first}起的评估才可调整目标。"),
    )
}

fn cooldown(view: &View<'_>) -> Option<String> {
    let (passed, bound) = view.measured("cooldown")?;
    let missing = bound - passed;
    let days = noun(&grouped(missing), missing == 1, "working days");
    let first = view.workday_after(view.evidence.as_of, missing);
    Some(match (first.map(|day| view.figures.day(day)), view.language) {
        (Some(day), Language::English) => {
            format!("The first evaluation that may move the target is that of {day}, {days} later.")
        }
        (Some(day), Language::Chinese) => {
            format!("再过 {} 个工作日，即{day}的评估起，才可调整目标。", grouped(missing))
        }
        (None, Language::English) => format!("An evaluation {days} later may move the target."),
        (None, Language::Chinese) => format!("再过 {} 个工作日，才可调整目标。", grouped(missing)),
    })
}

fn insufficient(view: &View<'_>) -> Option<String> {
    let (have, need) = view.measured("evidence")?;
    let figures = &view.figures;
    let missing = millionths(need - have);
    let is_one = need - have == ONE;
    let days = grouped(view.policy.evidence_days);
    let (english, chinese) = match figures.kind {
        Kind::Rate if need == RARE_SIDE_MIN * ONE => (
            format!("With {missing} more of the rarer result (a case with success or one without) within {days} days"),
            format!("若 {days} 天内较少的一类结果（成功或未成功）再多 {missing} 次"),
        ),
        Kind::Rate => (
            format!(
                "With {} more within {days} days",
                noun(&missing, is_one, &figures.denominator())
            ),
            format!("若 {days} 天内{}再多 {missing}", figures.denominator()),
        ),
        Kind::Money => (
            format!("With {} more within {days} days", noun(&missing, is_one, "deals")),
            format!("若 {days} 天内再多 {missing} 笔成交"),
        ),
        Kind::Count => (
            format!(
                "Had the target expected {missing} {} more within {days} days",
                figures.name()
            ),
            format!("若目标在 {days} 天内期望的{}再多 {missing}", figures.name()),
        ),
    };
    Some(view.language.pick(
        format!("{english}, the results would be judged."),
        format!("{chinese}，便会根据业绩判断。"),
    ))
}

fn confirmation(view: &View<'_>) -> Option<String> {
    let (have, need) = view.measured("confirmed")?;
    let gap = view.policy.confirm_gap_workdays;
    let last = view.counted_on().and_then(|days| days.last().copied());
    let first = last.and_then(|last| view.workday_after(last, gap));
    let days = noun(&grouped(gap), gap == 1, "working days");
    let missing = need - have;
    Some(
        match (first.map(|day| view.figures.day(day)), missing == 1, view.language) {
            (Some(day), true, Language::English) => {
                format!("If the evaluation of {day} or a later one shows the same, the target is to change.")
            }
            (Some(day), false, Language::English) => {
                format!("If {missing} more evaluations, none before {day}, show the same, the target is to change.")
            }
            (Some(day), _, Language::Chinese) => {
                format!("{day}起，若再有 {missing} 次评估得出同样结果，目标便须调整。")
            }
            (None, true, Language::English) => {
                format!(
                    "If an evaluation {days} or more after the last that counted shows the same, the target is to change."
                )
            }
            (None, false, Language::English) => {
                format!("If {missing} more evaluations, {days} or more apart, show the same, the target is to change.")
            }
            (None, _, Language::Chinese) => {
                format!("若再有 {missing} 次评估（至少相隔 {gap} 个工作日）得出同样结果，目标便须调整。")
            }
        },
    )
}

fn quarter(view: &View<'_>) -> Option<String> {
    let (_, used) = view.measured("capped")?;
    let (used, most) = (
        view.figures.change(used),
        view.figures.about_percent(view.policy.cap_quarter_ppm),
    );
    let next = view.quarter_end().map(|end| view.figures.day(end.plus(1)));
    Some(match (next, view.language) {
        (Some(day), Language::English) => {
            format!("This quarter's changes come to {used} of at most ±{most}; from {day} on there is room again.")
        }
        (Some(day), Language::Chinese) => format!("本季度累计调整 {used}，上限为 ±{most}；{day}起可再次调整。"),
        (None, Language::English) => {
            format!("This quarter's changes come to {used} of at most ±{most}; in the next there is room again.")
        }
        (None, Language::Chinese) => format!("本季度累计调整 {used}，上限为 ±{most}；下季度可再次调整。"),
    })
}

fn resolution(view: &View<'_>) -> Option<String> {
    let (moved, least) = view.measured("material")?;
    let (moved, least) = (view.figures.difference(moved), view.figures.difference(least));
    Some(view.language.pick(
        format!("The change would have been {moved}; from {least} on it would have been made."),
        format!("应调整的幅度为 {moved}；达到 {least} 才会调整。"),
    ))
}

fn reserve(view: &View<'_>) -> Option<String> {
    let (after, most) = view.measured("budget")?;
    if (after, most) == (0, 0) {
        return Some(
            view.language
                .pick(
                    "With a reserve beside this target the change could have been made.",
                    "若该目标设有缓冲，便可以调整。",
                )
                .to_owned(),
        );
    }
    let short = view.figures.value((after.abs() - most).max(0));
    Some(view.language.pick(
        format!(
            "The reserve is {short} short in its tightest month: with that much more room the change could be made."
        ),
        format!("缓冲在最紧的月份还差 {short}；若有这些余地，便可以调整。"),
    ))
}

fn alone(view: &View<'_>) -> String {
    let most = view.figures.about_percent(view.policy.authority_policy_ppm);
    view.language.pick(
        format!("A change of up to {most} the policy would have made by itself."),
        format!("{most} 以内的调整由政策自动执行，无须批准。"),
    )
}
