//! Decisions that change nothing.

use paceline_schemas::event::Target;
use paceline_schemas::ids::Label;
use paceline_schemas::symbol::Recalibrated;
use paceline_targets::{Freeze, Page, Policy};

use crate::cases::{day, evidence, kept, measured, of_money, of_rate, passes, stays};
use crate::{compare, full, of_wins};

#[test]
fn a_target_that_may_not_move_says_why() {
    of_wins("kept_not_eligible", &kept("eligible", "not_eligible"));
    let mut data = kept("eligible", "not_eligible");
    data.metric = Label::new("connects").ok();
    full(&data, [40; 3], |page| compare("kept_not_eligible_metric", &page));
    let mut data = kept("eligible", "not_eligible");
    for check in data.checks.iter_mut().filter(|check| check.check.as_str() == "dated") {
        (check.passed, check.measured, check.bound) = (false, None, None);
    }
    of_wins("kept_not_eligible_over", &data);
}

#[test]
fn a_target_is_kept_before_its_results_are_looked_at() {
    let mut data = kept("data_ready", "data_not_ready");
    measured(&mut data, "data_ready", (31_000, 10_000));
    of_wins("kept_data_not_ready_missing", &data);
    measured(&mut data, "data_ready", (2, 0));
    of_wins("kept_data_not_ready_open", &data);

    let data = kept("not_frozen", "frozen");
    let policy = Policy {
        freezes: vec![Freeze {
            from: day("2026-04-06"),
            to: day("2026-04-17"),
            reason: "pay run".to_owned(),
        }],
        ..Policy::default()
    };
    full(&data, [40, 42, 44], |page| {
        compare(
            "kept_frozen",
            &Page {
                policy: &policy,
                ..page
            },
        )
    });

    let mut data = kept("cooldown", "cooldown");
    measured(&mut data, "cooldown", (12, 20));
    let page = of_wins("kept_cooldown", &data);
    assert!(page.contains("27 Apr"), "8 working days after 15 Apr");
}

#[test]
fn a_target_is_kept_while_there_are_too_few_results() {
    let few = || kept("evidence", "insufficient_evidence");
    let mut data = few();
    evidence(&mut data, |evidence| {
        (evidence.n_eff, evidence.numerator, evidence.denominator) = (14_200_000, 9, 14);
        (evidence.theta, evidence.low, evidence.high) = (801_500, 540_000, 1_105_000);
        evidence.weight_own = 542_000;
    });
    measured(&mut data, "evidence", (14_200_000, 20_000_000));
    measured(&mut data, "significant", (1_105_000, 970_000));
    passes(&mut data, "significant", false);
    of_wins("kept_insufficient_evidence_count", &data);

    let mut data = few();
    of_rate(&mut data);
    evidence(&mut data, |evidence| {
        (evidence.n_eff, evidence.denominator) = (141_000_000, 141)
    });
    measured(&mut data, "evidence", (141_000_000, 200_000_000));
    let name = "kept_insufficient_evidence_rate";
    full(&data, [100_000; 3], |page| compare(name, &page));

    let mut data = few();
    of_rate(&mut data);
    evidence(&mut data, |evidence| evidence.numerator = 7);
    measured(&mut data, "evidence", (7_000_000, 10_000_000));
    let name = "kept_insufficient_evidence_rare";
    full(&data, [100_000; 3], |page| compare(name, &page));

    let mut data = few();
    of_money(&mut data);
    evidence(&mut data, |evidence| evidence.n_eff = 19_000_000);
    measured(&mut data, "evidence", (19_000_000, 20_000_000));
    let name = "kept_insufficient_evidence_money";
    full(&data, [24_000_000; 3], |page| compare(name, &page));
}

#[test]
fn a_target_without_anything_to_hold_the_results_against_is_kept() {
    let mut data = kept("evidence", "insufficient_evidence");
    evidence(&mut data, |evidence| {
        (evidence.n_eff, evidence.numerator, evidence.denominator) = (0, 3, 0);
        (evidence.theta, evidence.low, evidence.high) = (1_000_000, 0, 1_000_000);
        (evidence.weight_own, evidence.peers, evidence.prior_strength) = (0, 0, 0);
    });
    measured(&mut data, "evidence", (0, 20_000_000));
    (data.old_value, data.proposed_value, data.uncapped_value) = (Some(0), Some(0), Some(0));
    of_wins("kept_insufficient_evidence_none", &data);
}

#[test]
fn results_within_the_band_keep_the_target() {
    let within = |data: &mut Target| {
        evidence(data, |evidence| evidence.confirmations = 0);
        measured(data, "confirmed", (0, 2));
    };
    let mut data = kept("significant", "within_band");
    within(&mut data);
    evidence(&mut data, |evidence| {
        evidence.numerator = 44;
        (evidence.theta, evidence.low, evidence.high) = (869_565, 687_500, 1_070_700);
    });
    measured(&mut data, "significant", (1_070_700, 970_000));
    measured(&mut data, "capped", (-130_435, 0));
    (data.proposed_value, data.uncapped_value) = (Some(88), Some(88));
    of_wins("kept_within_band_count", &data);

    let mut data = kept("significant", "within_band");
    of_rate(&mut data);
    within(&mut data);
    evidence(&mut data, |evidence| {
        evidence.numerator = 31;
        (evidence.theta, evidence.low, evidence.high) = (1_025_000, 802_000, 1_266_000);
    });
    measured(&mut data, "significant", (802_000, 1_030_000));
    measured(&mut data, "capped", (25_000, 0));
    (data.proposed_value, data.uncapped_value) = (Some(102_500), Some(102_500));
    let name = "kept_within_band_rate";
    full(&data, [100_000; 3], |page| compare(name, &page));

    let mut data = kept("significant", "within_band");
    of_money(&mut data);
    within(&mut data);
    evidence(&mut data, |evidence| {
        evidence.numerator = 27_200_000;
        (evidence.theta, evidence.low, evidence.high) = (894_000, 702_000, 1_101_000);
    });
    measured(&mut data, "significant", (1_101_000, 970_000));
    measured(&mut data, "capped", (-106_000, 0));
    (data.proposed_value, data.uncapped_value) = (Some(53_640_000), Some(53_640_000));
    let name = "kept_within_band_money";
    full(&data, [24_000_000; 3], |page| compare(name, &page));
}

#[test]
fn a_change_that_does_not_fit_the_limits_is_not_made() {
    let mut data = kept("capped", "quarter_cap_reached");
    measured(&mut data, "capped", (0, -250_000));
    measured(&mut data, "material", (0, 1));
    passes(&mut data, "material", false);
    data.proposed_value = data.old_value;
    of_wins("kept_quarter_cap_reached", &data);

    let mut data = kept("material", "below_resolution");
    (data.old_value, data.proposed_value, data.uncapped_value) = (Some(6), Some(6), Some(5));
    measured(&mut data, "material", (0, 1));
    of_wins("kept_below_resolution", &data);

    let mut data = stays("budget", Recalibrated::NeedsParent, "reserve_exhausted");
    measured(&mut data, "budget", (53, 48));
    of_wins("needs_parent", &data);
    measured(&mut data, "budget", (0, 0));
    of_wins("needs_parent_without_reserve", &data);
}

#[test]
fn a_shift_of_the_whole_team_goes_to_the_market() {
    of_wins(
        "routed_to_market",
        &stays("not_common", Recalibrated::Routed, "common_shift"),
    );
}
