//! With which results the decision would have been another.

use super::model::Model;
use super::numbers::{grouped, multiple, noun};
use super::{Language, View};
use crate::evidence::{Kind, as_float, whole};
use crate::guard::{ONE, sign};

/// Of results within the band: where it would have been left.
pub(super) fn leaving(view: &View<'_>) -> String {
    let band = view.policy.band_ppm;
    let model = Model::of(view);
    let model = model.as_ref();
    let below = model.and_then(|model| model.most_below(|ends| sign(ends.0, ends.1, band) < 0));
    let above = model.and_then(|model| model.least_above(|ends| sign(ends.0, ends.1, band) > 0));
    let words = |achieved: i64| model.map(|model| achieved_words(view, model, achieved));
    let name = view.figures.numerator();
    match (below.and_then(words), above.and_then(words), view.language) {
        (Some(below), Some(above), Language::English) => format!(
            "With about {below} or less in the window the results would lie clearly below the target, with about \
             {above} or more clearly above it."
        ),
        (Some(below), Some(above), Language::Chinese) => {
            format!("若统计期内{name}约为 {below} 或更少，即明显低于目标；约为 {above} 或更多，即明显高于目标。")
        }
        (Some(below), None, Language::English) => {
            format!("With about {below} or less in the window the results would lie clearly below the target.")
        }
        (Some(below), None, Language::Chinese) => {
            format!("若统计期内{name}约为 {below} 或更少，即明显低于目标。")
        }
        (None, Some(above), Language::English) => {
            format!("With about {above} or more in the window the results would lie clearly above the target.")
        }
        (None, Some(above), Language::Chinese) => {
            format!("若统计期内{name}约为 {above} 或更多，即明显高于目标。")
        }
        (None, None, _) => nothing(view),
    }
}

/// Of results outside the band: where it would have been reached.
pub(super) fn reaching(view: &View<'_>) -> String {
    let band = view.policy.band_ppm;
    let is_below = view.evidence.theta < ONE;
    let Some(model) = Model::of(view) else {
        return nothing(view);
    };
    let is_within = |ends: (i64, i64)| {
        let sign = sign(ends.0, ends.1, band);
        if is_below { sign >= 0 } else { sign <= 0 }
    };
    let found = if is_below {
        model.least_above(is_within)
    } else {
        model.most_below(is_within)
    };
    let Some(achieved) = found else {
        return nothing(view);
    };
    let (low, high) = model.ends(achieved);
    let (low, high) = (multiple(low), multiple(high));
    let edge = multiple(if is_below { ONE - band } else { ONE + band });
    let name = view.figures.numerator();
    let was = bare(view, &model, model.observed);
    let achieved = achieved_words(view, &model, achieved);
    match (view.moves(), view.language) {
        (true, Language::English) => format!(
            "With about {achieved} in the window instead of {was} the target would have been kept: {low}–{high} would \
             reach {edge}, up to which the results do not differ clearly."
        ),
        (true, Language::Chinese) => format!(
            "若统计期内{name}约为 {achieved}，而不是 {was}，目标会维持不变：区间 {low}–{high} 已触及 {edge}，不算明显差异。"
        ),
        (false, Language::English) => format!(
            "With about {achieved} in the window instead of {was} the results would not differ clearly from the target: \
             {low}–{high} would reach {edge}."
        ),
        (false, Language::Chinese) => format!(
            "若统计期内{name}约为 {achieved}，而不是 {was}，业绩与目标便无明显差异：区间 {low}–{high} 已触及 {edge}。"
        ),
    }
}

fn nothing(view: &View<'_>) -> String {
    view.language
        .pick(
            "No other result in this window alone would have led to another decision.",
            "仅凭统计期内的其他业绩，不会得出不同的决定。",
        )
        .to_owned()
}

/// A number of results with what it counts; of money also in deals.
fn achieved_words(view: &View<'_>, model: &Model, achieved: i64) -> String {
    let value = bare(view, model, achieved);
    let deals = grouped(achieved);
    let of = grouped(view.evidence.denominator);
    let named = || noun(&value, achieved == 1, &view.figures.numerator());
    match (view.figures.kind, view.language) {
        (Kind::Count, Language::English) => named(),
        (Kind::Count, Language::Chinese) => value,
        (Kind::Rate, Language::English) => format!("{} out of {of}", named()),
        (Kind::Rate, Language::Chinese) => format!("{value}（{} {of}）", view.figures.denominator()),
        (Kind::Money, Language::English) => {
            format!("{value} ({} of the present mean)", noun(&deals, achieved == 1, "deals"))
        }
        (Kind::Money, Language::Chinese) => format!("{value}（按目前均值 {deals} 笔）"),
    }
}

fn bare(view: &View<'_>, model: &Model, achieved: i64) -> String {
    match view.figures.kind {
        Kind::Money => view.figures.bare(whole(as_float(achieved) * model.worth)),
        Kind::Count | Kind::Rate => grouped(achieved),
    }
}
