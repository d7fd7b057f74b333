//! The numbers behind a decision.

use super::layout::Sheet;
use super::numbers::{grouped, millionths, multiple, noun};
use super::{Language, View};
use crate::evidence::Kind;

pub(super) fn write(view: &View<'_>, sheet: &mut Sheet) {
    sheet.line(&results(view));
    let evidence = &view.evidence;
    if evidence.weight_own == 0 && evidence.low == 0 {
        sheet.line(view.language.pick(
            "There is nothing to hold these results against, so the target is taken to be right.",
            "没有可供比较的期望值，因此视目标为合适。",
        ));
        return;
    }
    sheet.line(&performance(view));
    sheet.line(&weights(view));
}

/// What was achieved in the window, and what the target expected of it.
fn results(view: &View<'_>) -> String {
    let (figures, evidence) = (&view.figures, &view.evidence);
    let days = i64::from(evidence.as_of.0) - i64::from(evidence.from.0) + 1;
    let (from, to) = (figures.day(evidence.from), figures.day(evidence.as_of));
    let name = figures.name();
    match (figures.kind, view.language) {
        (Kind::Count, Language::English) => format!(
            "{} where the target expected {}, in the {days} days from {from} to {to}.",
            figures.value(evidence.numerator),
            millionths(evidence.n_eff),
        ),
        (Kind::Count, Language::Chinese) => format!(
            "{from}至{to}共 {days} 天：{name} {}，目标期望 {}。",
            figures.bare(evidence.numerator),
            millionths(evidence.n_eff),
        ),
        (Kind::Money, Language::English) => format!(
            "{} from {} where the target expected {}, in the {days} days from {from} to {to}.",
            figures.value(evidence.numerator),
            noun(&millionths(evidence.n_eff), evidence.n_eff == 1_000_000, "deals"),
            figures.value(evidence.denominator),
        ),
        (Kind::Money, Language::Chinese) => format!(
            "{from}至{to}共 {days} 天：{name} {}（{} 笔成交），目标期望 {}。",
            figures.value(evidence.numerator),
            millionths(evidence.n_eff),
            figures.value(evidence.denominator),
        ),
        (Kind::Rate, _) => rate(view, days, &from, &to),
    }
}

fn rate(view: &View<'_>, days: i64, from: &str, to: &str) -> String {
    let (figures, evidence) = (&view.figures, &view.evidence);
    let (numerator, denominator) = (figures.numerator(), figures.denominator());
    let (above, below) = (grouped(evidence.numerator), grouped(evidence.denominator));
    let target = figures.value(view.left().0);
    let share = i128::from(evidence.numerator) * 1_000_000 / i128::from(evidence.denominator.max(1));
    let share = figures.about_percent(i64::try_from(share).unwrap_or_default());
    view.language.pick(
        format!(
            "{} out of {}, that is {share}, where the target is {target}, in the {days} days from {from} to {to}.",
            noun(&above, evidence.numerator == 1, &numerator),
            noun(&below, evidence.denominator == 1, &denominator),
        ),
        format!(
            "{from}至{to}共 {days} 天：{denominator} {below}，其中{numerator} {above}，即 {share}；目标为 {target}。"
        ),
    )
}

/// θ with its interval.
fn performance(view: &View<'_>) -> String {
    let evidence = &view.evidence;
    let theta = multiple(evidence.theta);
    let (low, high) = (multiple(evidence.low), multiple(evidence.high));
    let sure = view.figures.about_percent(view.policy.interval_ppm);
    view.language.pick(
        format!(
            "Taken together with the peers that is {theta} of the target (θ); luck taken into account, it lies with \
             {sure} certainty within {low}–{high}."
        ),
        format!("结合同类组来看，相当于目标的 {theta} 倍（θ）；考虑偶然因素，{sure} 的可能落在 {low}–{high}。"),
    )
}

fn weights(view: &View<'_>) -> String {
    let evidence = &view.evidence;
    let own = view.figures.whole_percent(evidence.weight_own);
    let rest = view.figures.whole_percent(1_000_000 - evidence.weight_own);
    let peers = evidence.peers;
    view.language.pick(
        format!(
            "Own results weigh {own}, those of the peer group ({}) {rest}.",
            noun(&grouped(peers), peers == 1, "reps")
        ),
        format!("本人业绩占权重 {own}，同类组（{peers} 人）占 {rest}。"),
    )
}
