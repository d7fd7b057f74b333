//! The page of every outcome and every reason in both languages.
//!
//! With `PACELINE_UPDATE=1` the pages are written anew.
#![expect(
    clippy::disallowed_methods,
    reason = "the crate is pure, its tests read and write the pages that are kept beside them"
)]

mod cases;
mod kept;
mod taken;

use std::fs;
use std::path::Path;

use paceline_schemas::event::Target;
use paceline_schemas::field::Count;
use paceline_schemas::ids::Label;
use paceline_schemas::symbol::{Authority, DecidedBy, Recalibrated};
use paceline_schemas::time::{Day, Instant};
use paceline_targets::{Language, Page, Policy, Proposal, Refusal, Row, State, explain};
use unicode_width::UnicodeWidthStr;

use cases::{ID, calendar, cell, day, evidence, measured, of_money, of_rate, passes, proposed, row, stays};

/// Compares a page in both languages with those that are kept.
fn compare(name: &str, page: &Page<'_>) -> String {
    let english = compare_one(&format!("{name}.en"), &explain(page, Language::English));
    compare_one(&format!("{name}.zh"), &explain(page, Language::Chinese));
    english
}

fn compare_one(name: &str, text: &str) -> String {
    for line in text.lines() {
        assert!(
            line.width() <= 100,
            "{name}: a line of {} columns: {line}",
            line.width()
        );
        assert_eq!(line, line.trim_end(), "{name}: spaces at the end of a line");
    }
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/explain/{name}.txt"));
    if std::env::var("PACELINE_UPDATE").is_ok_and(|update| update == "1") {
        fs::write(&path, text).unwrap_or_else(|e| panic!("`{}`: {e}", path.display()));
    }
    let kept = fs::read_to_string(&path).unwrap_or_else(|e| panic!("`{}`: {e}", path.display()));
    assert_eq!(
        kept, text,
        "`{name}` differs: run with PACELINE_UPDATE=1 and read the change"
    );
    text.to_owned()
}

/// A page with everything that a shell may know, of a row whose second quarter is `values`.
fn full(data: &Target, values: [i64; 3], with: impl Fn(Page<'_>) -> String) -> String {
    let metric = data.metric.as_ref().expect("metric").as_str();
    let unit = data.unit.as_ref().expect("unit").as_str();
    let row: Row = row(metric, unit, values);
    let calendar = calendar();
    let earlier: &[Day] = &[day("2026-03-25")];
    let confirmations = data.evidence.as_ref().map_or(0, |evidence| evidence.confirmations);
    let policy = Policy::default();
    with(Page {
        row: Some(&row),
        rep_name: Some("李雷"),
        team_name: Some("East 1"),
        confirmed_on: Some(if confirmations > 1 { earlier } else { &[] }),
        calendar: Some(&calendar),
        ..Page::new(data, ID, &policy)
    })
}

fn of_wins(name: &str, data: &Target) -> String {
    full(data, [40, 42, 44], |page| compare(name, &page))
}

fn proposal(state: State, reason: Option<&str>) -> Proposal {
    Proposal {
        proposal_id: ID.to_owned(),
        size: 1,
        rows: [("r-017:wins:2026".to_owned(), (2, 1))].into(),
        method: "recalibrate".to_owned(),
        decided_by: DecidedBy::Policy,
        decider_id: None,
        reason_code: "evidence_below".to_owned(),
        authority: Some(Authority::Site),
        against: None,
        effective_at: None,
        decided_at: Instant(0),
        recorded_at: Instant(0),
        state,
        ended: Some((Some("ben".to_owned()), Instant(0))),
        ended_reason: reason.map(str::to_owned),
    }
}

#[test]
fn a_proposal_to_the_manager_of_the_site_shows_the_numbers_it_was_made_from() {
    let page = of_wins("proposed_site", &proposed());
    for number in [
        "PROPOSED",
        "40 → 39",
        "from 23 Apr: 13 → 12",
        "42 → 36",
        "44 → 38",
        "31 wins",
        "52.4",
        "0.668",
        "0.509–0.844",
        "24 reps",
        "0.619–0.983",
        "about 39 wins",
        "68 wins",
        "the manager of the site",
        "25 Mar, 15 Apr",
    ] {
        assert!(page.replace('\n', " ").contains(number), "{number} is not on\n{page}");
    }
}

#[test]
fn a_page_of_the_decision_alone_leaves_out_what_it_does_not_know() {
    let (data, policy) = (proposed(), Policy::default());
    compare("proposed_alone", &Page::new(&data, ID, &policy));
}

#[test]
fn a_change_within_the_authority_of_the_policy_is_applied() {
    let mut data = proposed();
    evidence(&mut data, |evidence| {
        (evidence.theta, evidence.low, evidence.high) = (955_000, 944_000, 966_000);
        (evidence.numerator, evidence.n_eff, evidence.denominator) = (3_820, 4_000_000_000, 4_000);
        evidence.weight_own = 998_000;
    });
    data.metric = Label::new("dials").ok();
    data.cells = vec![
        cell("2026-04-01", "2026-04-23", 3_946, 2_727),
        cell("2026-05-01", "2026-05-01", 4_011, 0),
    ];
    (data.old_value, data.proposed_value, data.uncapped_value) = (Some(5_473), Some(5_230), Some(5_230));
    measured(&mut data, "evidence", (4_000_000_000, 20_000_000));
    measured(&mut data, "significant", (966_000, 970_000));
    measured(&mut data, "capped", (-45_000, 0));
    measured(&mut data, "material", (243, 109));
    measured(&mut data, "budget", (189, 4_200));
    measured(&mut data, "authority", (45_000, 50_000));
    passes(&mut data, "authority", true);
    data.outcome = Some(Recalibrated::Applied);
    data.authority = Some(Authority::Policy);
    data.proposal_id = None;
    full(&data, [4_000, 4_200, 4_100], |page| compare("applied", &page));
    full(&data, [4_000, 4_200, 4_100], |page| {
        compare("applied_stale", &Page { is_stale: true, ..page })
    });
}

#[test]
fn a_proposal_goes_to_who_may_approve_its_size() {
    let mut data = proposed();
    of_money(&mut data);
    evidence(&mut data, |evidence| {
        (evidence.theta, evidence.low, evidence.high) = (1_310_000, 1_062_000, 1_580_000);
        evidence.numerator = 42_500_000;
    });
    measured(&mut data, "significant", (1_062_000, 1_030_000));
    measured(&mut data, "capped", (80_000, 157_000));
    measured(&mut data, "authority", (80_000, 50_000));
    data.reason_code = Label::new("evidence_above").ok();
    data.authority = Some(Authority::Team);
    data.cells = vec![
        cell("2026-04-01", "2026-04-23", 24_436_300, 18_181_800),
        cell("2026-05-01", "2026-05-01", 25_920_000, 0),
    ];
    (data.old_value, data.proposed_value, data.uncapped_value) = (Some(29_818_200), Some(32_174_500), Some(39_061_000));
    full(&data, [24_000_000, 24_000_000, 30_181_800], |page| {
        compare("proposed_team", &page)
    });

    let mut data = proposed();
    of_rate(&mut data);
    measured(&mut data, "capped", (-240_000, 0));
    measured(&mut data, "authority", (240_000, 200_000));
    data.authority = Some(Authority::Company);
    data.cells = vec![
        cell("2026-04-01", "2026-04-23", 76_000, 0),
        cell("2026-05-01", "2026-05-01", 76_000, 0),
    ];
    (data.proposed_value, data.uncapped_value) = (Some(76_000), Some(76_000));
    for cell in &mut data.cells {
        cell.weights.clear();
    }
    full(&data, [100_000; 3], |page| compare("proposed_company", &page));
}

#[test]
fn the_page_of_a_proposal_says_what_has_become_of_it() {
    let data = proposed();
    let states = [
        ("proposal_open", proposal(State::Complete, None)),
        ("proposal_incomplete", proposal(State::Incomplete, None)),
        (
            "proposal_approved",
            proposal(
                State::Approved {
                    effective_at: Instant(0),
                },
                None,
            ),
        ),
        ("proposal_rejected", proposal(State::Rejected, Some("territory"))),
        ("proposal_withdrawn", proposal(State::Withdrawn, Some("plan_error"))),
        ("proposal_refused", proposal(State::Refused(Refusal::StaleBase), None)),
    ];
    for (name, proposal) in states {
        full(&data, [40, 42, 44], |page| {
            compare(
                name,
                &Page {
                    proposal: Some(&proposal),
                    ..page
                },
            )
        });
    }
}

#[test]
fn a_first_evaluation_is_watched() {
    let mut data = stays("confirmed", Recalibrated::Watching, "awaiting_confirmation");
    measured(&mut data, "confirmed", (1, 2));
    evidence(&mut data, |evidence| evidence.confirmations = 1);
    of_wins("watching", &data);
}

#[test]
fn a_plan_year_may_begin_in_any_month() {
    let mut data = proposed();
    (data.period_start, data.period_end) = (Some(day("2026-04-01")), Some(day("2027-03-31")));
    data.version = Some(Count(2));
    let policy = Policy::default();
    let page = explain(&Page::new(&data, ID, &policy), Language::English);
    assert!(page.contains("2026-04 to 2027-03"), "{page}");
}

#[test]
fn a_decision_that_was_taken_is_explained() {
    let (first, second, ledger) = taken::decisions();
    let policy = Policy::default();
    let calendar = calendar();
    let page = |decision: &paceline_targets::Decision, earlier: &[Day], name: &str| {
        let target_id = decision.data.target_id.as_ref().expect("target").as_str();
        compare(
            name,
            &Page {
                row: ledger.row(target_id),
                confirmed_on: Some(earlier),
                calendar: Some(&calendar),
                ..Page::new(&decision.data, decision.id.as_str(), &policy)
            },
        );
    };
    assert_eq!(first.data.outcome, Some(Recalibrated::Watching));
    page(&first, &[], "taken_watching");
    assert_eq!(second.data.outcome, Some(Recalibrated::Proposed));
    page(&second, &[day("2026-04-01")], "taken_proposed");
}

#[test]
fn the_result_that_would_have_changed_it_is_about_that_of_a_recalibration() {
    let ledger = taken::planned();
    let is_clear = |wins: i64| {
        let decision = taken::decide(&ledger, "2026-04-01", wins);
        let mut checks = decision.data.checks.iter();
        checks.any(|check| check.check.as_str() == "significant" && check.passed)
    };
    let policy = Policy::default();
    // One of ten changes what is believed of the ten, which a page holds fixed: most where the ten were alike before.
    for (wins, verb, off) in [(38, "instead of", 3), (60, "or less", 8)] {
        let decision = taken::decide(&ledger, "2026-04-01", wins);
        let page = explain(&Page::new(&decision.data, "d", &policy), Language::English);
        let near = if is_clear(wins) {
            (wins..).find(|wins| !is_clear(*wins))
        } else {
            (0..wins).rev().find(|wins| is_clear(*wins))
        };
        let near = near.expect("a number");
        let found = (near - off..=near + off).any(|near| page.contains(&format!("about {near} wins")));
        assert!(
            found && page.contains(verb),
            "{near} is not about what stands on\n{page}"
        );
    }
}
