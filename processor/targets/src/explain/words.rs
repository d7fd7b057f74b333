//! What the codes of decisions say, in the words of both languages.

use paceline_schemas::symbol::{Authority, Recalibrated};

use super::Language;
use crate::ledger::Refusal;

/// Why a decision ended as it did, in one sentence; `None` for a code that no recalibration gives.
pub fn reason_words(reason_code: &str, language: Language) -> Option<&'static str> {
    let (en, zh) = match reason_code {
        "not_eligible" => (
            "This target is not one that results may move now.",
            "该目标目前不能根据业绩调整。",
        ),
        "data_not_ready" => (
            "The numbers of these days are not complete yet.",
            "这段时间的数据尚不完整。",
        ),
        "frozen" => ("No target moves during a freeze.", "目前处于冻结期，目标一律不调整。"),
        "cooldown" => ("The last change is too recent.", "距上次调整的时间还不够长。"),
        "insufficient_evidence" => (
            "There are too few results yet to judge the target by.",
            "目前业绩数据太少，不足以判断目标是否合适。",
        ),
        "common_shift" => (
            "The whole team has moved, so the market is looked at and not the person.",
            "整个团队同时发生变化，应先看市场，而不是个人。",
        ),
        "within_band" => (
            "The results do not differ clearly from the target.",
            "业绩与目标没有明显差异。",
        ),
        "awaiting_confirmation" => (
            "The results differ clearly from the target, but a later evaluation must show the same.",
            "业绩与目标有明显差异，但还须由之后的评估再次证实。",
        ),
        "quarter_cap_reached" => (
            "The target has changed by as much as it may within one quarter.",
            "本季度的累计调整已达上限。",
        ),
        "below_resolution" => (
            "The change would be too small to be worth making.",
            "调整幅度太小，没有必要调整。",
        ),
        "reserve_exhausted" => (
            "The reserve beside this target cannot take the difference, so the target above must change first.",
            "缓冲无法承担差额，须先调整上级目标。",
        ),
        "evidence_below" => ("The results lie clearly below the target.", "业绩明显低于目标。"),
        "evidence_above" => ("The results lie clearly above the target.", "业绩明显高于目标。"),
        _ => return None,
    };
    Some(language.pick(en, zh))
}

/// What a check asks; `None` for one that no recalibration makes.
pub(super) fn check_words(check: &str, language: Language) -> Option<&'static str> {
    let (en, zh) = match check {
        "eligible" => ("target may be moved", "目标允许调整"),
        "data_ready" => ("numbers are complete", "数据完整"),
        "not_frozen" => ("no freeze", "不在冻结期"),
        "cooldown" => ("last change long ago", "距上次调整够久"),
        "evidence" => ("enough results", "业绩数据足够"),
        "not_common" => ("not the whole team", "不是团队的共同变化"),
        "significant" => ("clearly off the target", "明显偏离目标"),
        "confirmed" => ("confirmed by repetition", "已重复证实"),
        "capped" => ("room for a change", "有调整余地"),
        "material" => ("change worth making", "幅度值得调整"),
        "dated" => ("date of the change", "生效日期"),
        "budget" => ("reserve takes the rest", "缓冲可承担差额"),
        "authority" => ("policy may do it alone", "政策可自行调整"),
        _ => return None,
    };
    Some(language.pick(en, zh))
}

pub(super) fn outcome_words(outcome: Recalibrated, language: Language) -> &'static str {
    let (en, zh) = match outcome {
        Recalibrated::Applied => ("APPLIED", "已调整"),
        Recalibrated::Proposed => ("PROPOSED", "已提议调整"),
        Recalibrated::Watching => ("WATCHING", "继续观察"),
        Recalibrated::Kept => ("KEPT", "维持不变"),
        Recalibrated::NeedsParent => ("NEEDS PARENT", "须调整上级目标"),
        Recalibrated::Routed => ("ROUTED TO MARKET", "转入市场分析"),
    };
    language.pick(en, zh)
}

pub(super) fn authority_words(authority: Authority, language: Language) -> &'static str {
    let (en, zh) = match authority {
        Authority::Policy => ("the policy itself", "政策自动执行"),
        Authority::Team => ("the manager of the team", "团队经理"),
        Authority::Site => ("the manager of the site", "站点经理"),
        Authority::Company => ("the management of the company", "公司管理层"),
    };
    language.pick(en, zh)
}

pub(super) fn refusal_words(refusal: Refusal, language: Language) -> &'static str {
    let (en, zh) = match refusal {
        Refusal::SumMismatch => ("its numbers do not add up", "数值合计不符"),
        Refusal::Locked => ("it changes a locked value", "涉及已锁定的数值"),
        Refusal::StaleBase => ("the target was changed in the meantime", "目标在此期间已被更改"),
        Refusal::BadTransition => ("it had already ended", "提案已结束"),
    };
    language.pick(en, zh)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::guard::{CHECKS, REASONS};

    #[test]
    fn every_check_and_every_reason_has_words_in_both_languages() {
        for language in [Language::English, Language::Chinese] {
            for check in CHECKS {
                assert!(check_words(check, language).is_some(), "{check}");
            }
            for reason in REASONS {
                assert!(reason_words(reason, language).is_some(), "{reason}");
            }
        }
        assert_eq!(reason_words("plan_error", Language::English), None);
    }
}
