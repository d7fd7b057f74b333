//! Explanations: the newest decision about a target, as a page.

use paceline_schemas::time::Day;
use paceline_targets::Decided;

use super::{Desk, refused};
use crate::failure::Failure;
use crate::request::Told;

pub(super) fn explain(desk: &Desk<'_>, target: &str, as_of: Option<Day>, chinese: bool) -> Result<Told, Failure> {
    let decided = find(desk, target, as_of)?;
    Ok(Told {
        page: Some(format!("{} {chinese}", decided.canonical())),
        ..Told::default()
    })
}

/// The newest decision about a target, or the one of that day. A target is named by its id, or by node and metric.
fn find<'a>(desk: &'a Desk<'_>, target: &str, as_of: Option<Day>) -> Result<&'a Decided, Failure> {
    let is_meant = |decided: &&Decided| {
        let id = decided.target_id();
        let is_named = id == target || id.strip_prefix(target).is_some_and(|rest| rest.starts_with(':'));
        is_named && as_of.is_none_or(|day| day == decided.as_of())
    };
    let mut fitting: Vec<&Decided> = desk.ledger.decisions().filter(is_meant).collect();
    fitting.sort_by_key(|decided| (decided.as_of(), decided.recorded_at));
    let Some(newest) = fitting.last() else {
        let on = as_of.map(|day| format!(" as of {day}")).unwrap_or_default();
        return Err(refused(format!(
            "there is no decision about `{target}`{on}; a target is named as `paceline targets show` shows it, and decided \
             about by `paceline targets recalibrate`"
        )));
    };
    let others = fitting.iter().find(|decided| decided.target_id() != newest.target_id());
    match others {
        Some(other) => Err(refused(format!(
            "`{target}` may be {} or {}; give more of the name",
            newest.target_id(),
            other.target_id()
        ))),
        None => Ok(newest),
    }
}
