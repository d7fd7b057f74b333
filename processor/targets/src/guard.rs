//! The checks of a recalibration: what is measured, what it is held against, and which one decides.
//!
//! All checks are computed and kept; the first that fails decides. Ratios are parts per million, so that every
//! comparison is one of integers.

use paceline_schemas::event::target::{Cell, Check};
use paceline_schemas::ids::Label;
use paceline_schemas::symbol::{Authority, Recalibrated};
use paceline_schemas::time::Day;

use crate::policy::Policy;

/// One in parts per million.
pub(crate) const ONE: i64 = 1_000_000;

/// The checks in the order in which they are made.
pub(crate) const CHECKS: [&str; 13] = [
    "eligible",
    "data_ready",
    "not_frozen",
    "cooldown",
    "evidence",
    "not_common",
    "significant",
    "confirmed",
    "capped",
    "material",
    "dated",
    "budget",
    "authority",
];

/// The reasons that a decision may have.
pub(crate) const REASONS: [&str; 13] = [
    "not_eligible",
    "data_not_ready",
    "frozen",
    "cooldown",
    "insufficient_evidence",
    "common_shift",
    "within_band",
    "awaiting_confirmation",
    "quarter_cap_reached",
    "below_resolution",
    "reserve_exhausted",
    "evidence_below",
    "evidence_above",
];

/// What is known about a target when its checks are made.
#[derive(Debug, Clone, Default)]
pub(crate) struct Case {
    /// Whether metric, target and rep may be recalibrated at all.
    pub(crate) is_eligible: bool,
    /// Days of the evidence that are not closed, missing events in ppm, deals that do not add up.
    pub(crate) open_days: i64,
    pub(crate) missing_ppm: i64,
    pub(crate) unreconciled_deals: i64,
    /// Whether a freeze holds.
    pub(crate) is_frozen: bool,
    /// Working days since the last change; none if there was none.
    pub(crate) since_change: Option<i64>,
    /// The evidence in millionths of its unit, and how much is needed.
    pub(crate) evidence: i64,
    pub(crate) evidence_min: i64,
    /// The rarer side of a rate, and how much of it is needed.
    pub(crate) rare_side: Option<i64>,
    /// Performance over target with its interval, ppm.
    pub(crate) theta: i64,
    pub(crate) low: i64,
    pub(crate) high: i64,
    /// Evaluations of the same sign that count, this one included if it does.
    pub(crate) confirmations: i64,
    /// What the quarter's changes so far have made of the target, ppm.
    pub(crate) quarter_used: i64,
    /// The cells that would change, each with what is left of it from the change on.
    pub(crate) remainder: Vec<(Cell, i64)>,
    /// Whether the row is a rate.
    pub(crate) is_rate: bool,
    /// From when on the change would count.
    pub(crate) effective: Option<Day>,
}

/// Least numerator and least complement of a rate for which its interval is trusted.
pub(crate) const RARE_SIDE_MIN: i64 = 10;

/// The change that a case asks for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Change {
    /// New over old, as allowed, ppm.
    pub(crate) ratio: i64,
    /// What is left of the row from the change on: before, after, and without limits.
    pub(crate) old: i64,
    pub(crate) new: i64,
    pub(crate) uncapped: i64,
    /// By how much each cell changes.
    pub(crate) deltas: Vec<(Day, i64)>,
}

/// How the checks ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Verdict {
    pub(crate) outcome: Recalibrated,
    pub(crate) reason: &'static str,
    pub(crate) authority: Authority,
    pub(crate) checks: Vec<Check>,
}

/// -1 where the performance lies below the band, 1 above, 0 within.
pub(crate) fn sign(low: i64, high: i64, band: i64) -> i64 {
    i64::from(low > ONE + band) - i64::from(high < ONE - band)
}

impl Case {
    /// What the target would change to.
    pub(crate) fn change(&self, policy: &Policy) -> Change {
        let ratio = self.capped(policy);
        let old: i64 = self.remainder.iter().map(|(_, left)| left).sum();
        let by = |ratio: i64| self.remainder.iter().map(move |(_, left)| towards_old(*left, ratio));
        let (old, whole) = if self.is_rate {
            (self.rate(), self.rate())
        } else {
            (old, old)
        };
        let scaled = |ratio: i64| {
            if self.is_rate {
                whole + towards_old(whole, ratio)
            } else {
                whole + by(ratio).sum::<i64>()
            }
        };
        Change {
            ratio,
            old,
            new: scaled(ratio),
            uncapped: scaled(self.theta),
            deltas: self
                .remainder
                .iter()
                .map(|(cell, _)| cell.month)
                .zip(by(ratio))
                .collect(),
        }
    }

    /// The rate that holds from the change on.
    fn rate(&self) -> i64 {
        self.remainder.first().map_or(0, |(_, left)| *left)
    }

    fn capped(&self, policy: &Policy) -> i64 {
        let step = self.theta.clamp(ONE - policy.cap_step_ppm, ONE + policy.cap_step_ppm);
        let used = self.quarter_used.max(1);
        let room = |bound: i64| i128::from(bound) * i128::from(ONE);
        // Rounded inwards, so that the quarter's bound is never crossed.
        let least = (room(ONE - policy.cap_quarter_ppm) + i128::from(used) - 1).div_euclid(i128::from(used));
        let most = room(ONE + policy.cap_quarter_ppm).div_euclid(i128::from(used));
        let narrow = |bound: i128| i64::try_from(bound).unwrap_or(ONE);
        step.clamp(narrow(least).min(ONE), narrow(most).max(ONE))
    }

    /// Makes all checks. `fits` says whether the reserve can take the change, with what it measured and its bound.
    pub(crate) fn judge(&self, policy: &Policy, change: &Change, fits: Option<(bool, i64, i64)>) -> Verdict {
        let mut panel = Panel::default();
        let kept = Recalibrated::Kept;
        panel.add("eligible", self.is_eligible, None, (kept, "not_eligible"));
        self.readiness(policy, &mut panel);
        panel.add("not_frozen", !self.is_frozen, None, (kept, "frozen"));
        let rested = self.since_change.is_none_or(|days| days >= policy.cooldown_workdays);
        let bound = policy.cooldown_workdays;
        panel.add(
            "cooldown",
            rested,
            self.since_change.map(|days| (days, bound)),
            (kept, "cooldown"),
        );
        let suffices = self.evidence >= self.evidence_min && self.rare_side.is_none_or(|side| side >= RARE_SIDE_MIN);
        let measured = match self.rare_side {
            Some(side) if self.evidence >= self.evidence_min => (side * ONE, RARE_SIDE_MIN * ONE),
            _ => (self.evidence, self.evidence_min),
        };
        panel.add("evidence", suffices, Some(measured), (kept, "insufficient_evidence"));
        panel.add("not_common", true, None, (Recalibrated::Routed, "common_shift"));
        self.change_checks(policy, change, &mut panel);
        let (passed, numbers) = fits.map_or((true, None), |(fits, measured, bound)| (fits, Some((measured, bound))));
        panel.add(
            "budget",
            passed,
            numbers,
            (Recalibrated::NeedsParent, "reserve_exhausted"),
        );
        let authority = authority(policy, change.ratio);
        let is_ours = authority == Authority::Policy;
        let step = (change.ratio - ONE).abs();
        panel.add(
            "authority",
            is_ours,
            Some((step, policy.authority_policy_ppm)),
            (Recalibrated::Proposed, reason_of(change)),
        );
        let (outcome, reason) = panel
            .failed
            .unwrap_or_else(|| (Recalibrated::Applied, reason_of(change)));
        Verdict {
            outcome,
            reason,
            authority,
            checks: panel.checks,
        }
    }

    fn readiness(&self, policy: &Policy, panel: &mut Panel) {
        let is_ready =
            self.open_days == 0 && self.unreconciled_deals == 0 && self.missing_ppm <= policy.missing_max_ppm;
        let numbers = match (self.open_days, self.unreconciled_deals) {
            (0, 0) => (self.missing_ppm, policy.missing_max_ppm),
            (0, deals) => (deals, 0),
            (days, _) => (days, 0),
        };
        panel.add(
            "data_ready",
            is_ready,
            Some(numbers),
            (Recalibrated::Kept, "data_not_ready"),
        );
    }

    fn change_checks(&self, policy: &Policy, change: &Change, panel: &mut Panel) {
        let kept = Recalibrated::Kept;
        let sign = sign(self.low, self.high, policy.band_ppm);
        let nearest = match (sign, self.theta < ONE) {
            (-1, _) | (0, true) => (self.high, ONE - policy.band_ppm),
            _ => (self.low, ONE + policy.band_ppm),
        };
        panel.add("significant", sign != 0, Some(nearest), (kept, "within_band"));
        let confirmed = self.confirmations >= policy.confirmations;
        let numbers = Some((self.confirmations, policy.confirmations));
        panel.add(
            "confirmed",
            confirmed,
            numbers,
            (Recalibrated::Watching, "awaiting_confirmation"),
        );
        let has_room = change.ratio != ONE || self.theta == ONE;
        let numbers = Some((change.ratio - ONE, self.quarter_used - ONE));
        panel.add("capped", has_room, numbers, (kept, "quarter_cap_reached"));
        let moved = (change.new - change.old).abs();
        let least = (i128::from(change.old.abs()) * i128::from(policy.material_ppm)).div_euclid(i128::from(ONE));
        let least = i64::try_from(least).unwrap_or(i64::MAX).max(1);
        panel.add(
            "material",
            moved >= least,
            Some((moved, least)),
            (kept, "below_resolution"),
        );
        let effective = self.effective.map(|day| i64::from(day.0));
        panel.add(
            "dated",
            effective.is_some(),
            effective.map(|day| (day, policy.notice_workdays)),
            (kept, "not_eligible"),
        );
    }
}

/// By how much `left` changes at `ratio`, rounded towards no change.
fn towards_old(left: i64, ratio: i64) -> i64 {
    let exact = i128::from(left) * i128::from(ratio - ONE);
    i64::try_from(exact / i128::from(ONE)).unwrap_or(0)
}

/// Whose approval a change of that ratio needs.
fn authority(policy: &Policy, ratio: i64) -> Authority {
    let step = (ratio - ONE).abs();
    let bounds = [
        (policy.authority_policy_ppm, Authority::Policy),
        (policy.authority_team_ppm, Authority::Team),
        (policy.authority_site_ppm, Authority::Site),
    ];
    let enough = bounds.into_iter().find(|(bound, _)| step <= *bound);
    enough.map_or(Authority::Company, |(_, authority)| authority)
}

fn reason_of(change: &Change) -> &'static str {
    if change.ratio < ONE {
        "evidence_below"
    } else {
        "evidence_above"
    }
}

#[derive(Debug, Default)]
struct Panel {
    checks: Vec<Check>,
    failed: Option<(Recalibrated, &'static str)>,
}

impl Panel {
    fn add(&mut self, name: &str, passed: bool, numbers: Option<(i64, i64)>, or: (Recalibrated, &'static str)) {
        debug_assert_eq!(CHECKS.get(self.checks.len()), Some(&name));
        debug_assert!(REASONS.contains(&or.1));
        self.checks.push(Check {
            check: Label::new(name).unwrap_or_default(),
            passed,
            measured: numbers.map(|(measured, _)| measured),
            bound: numbers.map(|(_, bound)| bound),
        });
        if !passed {
            self.failed.get_or_insert(or);
        }
    }
}

#[cfg(test)]
mod tests;
