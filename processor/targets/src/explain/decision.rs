//! Which decision it is, and what happened.

use paceline_schemas::event::target::Cell;
use paceline_schemas::symbol::{Authority, Recalibrated};

use super::layout::{NO_BREAK, Sheet};
use super::words::{authority_words, outcome_words, reason_words, refusal_words};
use super::{Language, View};
use crate::calendar::month_start;
use crate::ledger::{Proposal, State};

/// Characters of an id that tell it from the others.
const ID_SHOWN: usize = 8;

pub(super) fn headline(view: &View<'_>, sheet: &mut Sheet) {
    sheet.heading(&format!(
        "{} · {} · {} · {}",
        who(view),
        view.figures.name(),
        plan_year(view),
        versions(view)
    ));
    let policy = view
        .data
        .policy_version
        .as_ref()
        .map_or("–", |version| version.as_str());
    let as_of = view.evidence.as_of;
    let id: String = view.page.decision_id.chars().take(ID_SHOWN).collect();
    sheet.heading(&view.language.pick(
        format!("policy {policy} · as of {as_of} · decision {id}…"),
        format!("政策 {policy} · 截至 {as_of} · 决定 {id}…"),
    ));
}

fn who(view: &View<'_>) -> String {
    let node = view.data.node_id.as_ref().map_or("–", |node| node.as_str());
    match (view.page.rep_name, view.page.team_name, view.language) {
        (Some(name), Some(team), Language::English) => format!("{node} {name} (team {team})"),
        (Some(name), Some(team), Language::Chinese) => format!("{node} {name}（团队：{team}）"),
        (Some(name), None, _) => format!("{node} {name}"),
        (None, Some(team), Language::English) => format!("{node} (team {team})"),
        (None, Some(team), Language::Chinese) => format!("{node}（团队：{team}）"),
        (None, None, _) => node.to_owned(),
    }
}

fn plan_year(view: &View<'_>) -> String {
    let from = view.data.period_start.unwrap_or_default();
    let to = view.data.period_end.unwrap_or(from);
    let year = from.date().year();
    if from.date().month() == 1 {
        return view.language.pick(format!("{year}"), format!("{year} 年"));
    }
    let (first, last) = (from.month(), to.month());
    view.language
        .pick(format!("{first} to {last}"), format!("{first} 至 {last}"))
}

fn versions(view: &View<'_>) -> String {
    let version = view.data.version.map_or(1, |version| version.0);
    let base = view.data.supersedes_version.map_or(version - 1, |base| base.0);
    match view.outcome {
        Recalibrated::Applied => view.language.pick(
            format!("version {base} → {version}"),
            format!("第 {base} 版 → 第 {version} 版"),
        ),
        Recalibrated::Proposed => view.language.pick(
            format!("version {base} → proposal {version}"),
            format!("第 {base} 版 → 第 {version} 版（提案）"),
        ),
        Recalibrated::Watching | Recalibrated::Kept | Recalibrated::NeedsParent | Recalibrated::Routed => view
            .language
            .pick(format!("version {version}"), format!("第 {version} 版")),
    }
}

pub(super) fn write(view: &View<'_>, sheet: &mut Sheet) {
    let outcome = outcome_words(view.outcome, view.language);
    let reason = reason_words(view.reason(), view.language).unwrap_or_default();
    let code = view.reason();
    sheet.line(&view.language.pick(
        format!("{outcome}. {reason} ({code})"),
        format!("{outcome}。{reason}（{code}）"),
    ));
    for cell in &view.data.cells {
        sheet.line(&month(view, cell));
    }
    if view.page.is_stale {
        sheet.line(view.language.pick(
            "It changes nothing: the target had been changed by someone else before.",
            "此决定不生效：目标在此之前已被他人更改。",
        ));
    } else if view.outcome == Recalibrated::Proposed {
        sheet.line(&standing(view));
    }
}

/// `old → new` of a month, and of what is left of it where the change comes within it.
fn month(view: &View<'_>, cell: &Cell) -> String {
    let figures = &view.figures;
    let month = figures.month(cell.month);
    let space = NO_BREAK;
    let new = figures.bare(cell.value);
    let old = view.old(cell);
    let value = old.map_or_else(|| new.clone(), |old| format!("{} → {new}", figures.bare(old.value)));
    let from = figures.day(cell.from);
    let is_whole = cell.from == month_start(cell.month);
    if is_whole {
        return format!("{month}{space}{space} {value}");
    }
    let left = match old.filter(|_| !figures.is_rate()) {
        Some(old) => {
            let (old, new) = (
                figures.bare(old.value - cell.kept),
                figures.bare(cell.value - cell.kept),
            );
            format!("{old} → {new}")
        }
        None if figures.is_rate() => String::new(),
        None => figures.bare(cell.value - cell.kept),
    };
    match (left.is_empty(), view.language) {
        (true, Language::English) => format!("{month}{space}{space} {value} from {from} on"),
        (true, Language::Chinese) => format!("{month}{space}{space} {value}，{from}起生效"),
        (false, Language::English) => format!("{month}{space}{space} {value} (from {from}: {left})"),
        (false, Language::Chinese) => format!("{month}{space}{space} {value}（{from}起：{left}）"),
    }
}

impl View<'_> {
    /// The cell that a changed one replaces.
    pub(super) fn old(&self, cell: &Cell) -> Option<&Cell> {
        let base = self.data.supersedes_version?.0;
        let mut versions = self.page.row?.approved().rev().filter(|version| version.number <= base);
        versions.find_map(|version| version.cell(cell.month))
    }
}

/// What has become of the proposal.
fn standing(view: &View<'_>) -> String {
    let language = view.language;
    let level = authority_words(view.data.authority.unwrap_or(Authority::Company), language);
    let waits = || {
        language.pick(
            format!("It waits for {level}; until it is approved the old target counts."),
            format!("等待{level}批准；批准之前按原目标执行。"),
        )
    };
    let Some(proposal) = view.page.proposal else {
        return waits();
    };
    let by = ended(proposal);
    let why = proposal.ended_reason.as_deref().unwrap_or("–");
    match proposal.state {
        State::Complete => waits(),
        State::Incomplete => language.pick(
            "It cannot be approved yet: a part of the proposal has not arrived.".to_owned(),
            "暂时无法批准：提案的一部分尚未到达。".to_owned(),
        ),
        State::Approved { .. } => language.pick(
            format!("Approved by {by}; it counts from the days above."),
            format!("已由 {by} 批准，自上述日期起生效。"),
        ),
        State::Rejected => language.pick(
            format!("Rejected by {by}, reason: {why}. The old target counts."),
            format!("已被 {by} 否决，理由：{why}。仍按原目标执行。"),
        ),
        State::Withdrawn => language.pick(
            format!("Withdrawn by {by}, reason: {why}. The old target counts."),
            format!("已由 {by} 撤回，理由：{why}。仍按原目标执行。"),
        ),
        State::Refused(refusal) => {
            let why = refusal_words(refusal, language);
            language.pick(
                format!("It can no longer count: {why}. The old target counts."),
                format!("提案已失效：{why}。仍按原目标执行。"),
            )
        }
    }
}

fn ended(proposal: &Proposal) -> String {
    match &proposal.ended {
        Some((Some(who), _)) => who.clone(),
        Some((None, _)) | None => "–".to_owned(),
    }
}
