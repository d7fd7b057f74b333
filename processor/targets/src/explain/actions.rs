//! What a manager and a rep may do about a decision.

use paceline_schemas::symbol::{Authority, Recalibrated};

use super::View;
use super::layout::Sheet;
use super::words::authority_words;
use crate::ledger::State;

/// Characters of a proposal's name that the commands take for the whole.
const ID_GIVEN: usize = 12;

pub(super) fn write(view: &View<'_>, sheet: &mut Sheet) {
    if is_open(view) {
        answer(view, sheet);
    }
    sheet.line(view.language.pick(
        "the rep: dispute the results or the target, or ask for its versions and decisions",
        "销售代表：对业绩或目标提出申诉，或查看该目标的全部版本与决定",
    ));
    let target = view.data.target_id.as_ref().map_or("TARGET", |id| id.as_str());
    sheet.command(&format!("paceline targets history {target}"));
    sheet.line(view.language.pick(
        "a manager: lock the target, so that no result moves it",
        "经理：锁定目标，使其不再随业绩调整",
    ));
    sheet.command("paceline targets lock --help");
}

fn is_open(view: &View<'_>) -> bool {
    let state = view.page.proposal.map(|proposal| proposal.state);
    view.outcome == Recalibrated::Proposed && !view.page.is_stale && matches!(state, None | Some(State::Complete))
}

fn answer(view: &View<'_>, sheet: &mut Sheet) {
    let level = authority_words(view.data.authority.unwrap_or(Authority::Company), view.language);
    let proposal = view
        .data
        .proposal_id
        .as_ref()
        .map_or(view.page.decision_id, |id| id.as_str());
    let proposal: String = proposal.chars().take(ID_GIVEN).collect();
    sheet.line(
        &view
            .language
            .pick(format!("{level}: approve it"), format!("{level}：批准")),
    );
    sheet.command(&format!("paceline targets approve {proposal} --by NAME"));
    sheet.line(view.language.pick("or reject it, with a reason", "或否决，并说明理由"));
    sheet.command(&format!("paceline targets reject {proposal} --reason WHY --by NAME"));
}
