//! What happens to a deal after its win: corrections, cancellations, refunds, reopenings, other owners.

use std::collections::BTreeMap;

use jiff::civil::date;
use paceline_tests::oracle::{FinalDeal, Oracle, Refund, SiteRules, Standing};
use paceline_tests::sandbox::Sandbox;

use crate::deals_file::{DealRow, deals_csv, import_deals, import_people, own_mapping, refunds_csv};
use crate::recount::assert_counts;

pub(crate) const REPS: [(&str, &str); 4] = [("ada", "main"), ("bo", "main"), ("cyd", "main"), ("李雷", "main")];

pub(crate) fn floor() -> Sandbox {
    let sandbox = Sandbox::new();
    import_people(&sandbox, &REPS);
    sandbox
}

pub(crate) fn oracle(deals: impl IntoIterator<Item = FinalDeal>) -> Oracle {
    let mut oracle = Oracle::new(vec![SiteRules::utc("main", "USD")], BTreeMap::new());
    deals.into_iter().for_each(|deal| oracle.add_final_deal(deal));
    oracle
}

pub(crate) fn final_deal(row: &DealRow, standing: Standing) -> FinalDeal {
    FinalDeal {
        deal_id: row.deal.clone(),
        rep_id: row.rep.clone(),
        product_id: row.product.clone(),
        lead_source: String::new(),
        currency: row.currency.clone(),
        customer: row.account.clone(),
        standing,
    }
}

#[test]
fn an_amount_corrected_after_60_days_counts_on_the_day_of_the_win() {
    let sandbox = floor();
    let deal = DealRow::opened("D1", "ada", "2025-02-20");
    import_deals(&sandbox, "march.csv", &[deal.won("2025-03-01", "1054.00")]);
    // Another deal moves the clock on by sixty days.
    let other = DealRow::opened("D2", "bo", "2025-04-30").won("2025-04-30", "10.00");
    import_deals(
        &sandbox,
        "april.csv",
        &[deal.won("2025-03-01", "1154.00"), other.clone()],
    );
    let expected = [
        final_deal(&deal, Standing::won(date(2025, 3, 1), 115_400)),
        final_deal(&other, Standing::won(date(2025, 4, 30), 1_000)),
    ];
    assert_counts(&sandbox, &oracle(expected), "corrected");
    let history = sandbox.sql("SELECT type FROM fct_deal_event WHERE deal_id = 'D1' ORDER BY appended_at, \"offset\"");
    let types: Vec<&str> = history.rows.iter().map(|row| row[0].as_str()).collect();
    assert_eq!(types, ["deal.opened", "deal.won", "deal.amended"]);
}

#[test]
fn a_cancellation_after_100_days_leaves_the_booked_win() {
    let sandbox = floor();
    let deal = DealRow::opened("D1", "ada", "2025-02-20");
    import_deals(&sandbox, "march.csv", &[deal.won("2025-03-01", "1054.00")]);
    import_deals(&sandbox, "june.csv", &[deal.cancelled("2025-06-09")]);
    let standing = Standing::Won {
        on: date(2025, 3, 1),
        amount_minor: 105_400,
        cancelled_on: Some(date(2025, 6, 9)),
        refunds: Vec::new(),
    };
    assert_counts(&sandbox, &oracle([final_deal(&deal, standing)]), "cancelled");
    let state = sandbox.sql("SELECT state FROM fct_deal WHERE deal_id = 'D1'");
    assert_eq!(state.value(), "cancelled");
}

#[test]
fn refunds_in_part_and_in_full_go_back_to_the_day_of_the_win() {
    let sandbox = floor();
    let part = DealRow::opened("D1", "ada", "2025-02-20");
    let full = DealRow::opened("D2", "李雷", "2025-02-21");
    import_deals(
        &sandbox,
        "march.csv",
        &[part.won("2025-03-01", "100.00"), full.won("2025-03-02", "80.00")],
    );
    let row = |refund: &str, deal: &DealRow, on: &str, amount: &str| {
        [refund, &deal.deal, &deal.rep, on, amount].map(str::to_owned)
    };
    let rows = [
        row("R1", &part, "2025-04-01", "30.00"),
        row("R2", &full, "2025-04-02", "50.00"),
        row("R3", &full, "2025-05-02", "30.00"),
    ];
    let file = sandbox.file("refunds.csv", refunds_csv(&rows));
    let report = sandbox.import(&[&file], &own_mapping("refunds.toml"));
    assert_eq!((report.published, report.rejected), (3, 0), "{}", report.whole);
    let won = |on, amount_minor, refunds| Standing::Won {
        on,
        amount_minor,
        cancelled_on: None,
        refunds,
    };
    let refund = |on, minor| Refund { on, minor };
    let expected = [
        final_deal(
            &part,
            won(date(2025, 3, 1), 10_000, vec![refund(date(2025, 4, 1), 3_000)]),
        ),
        final_deal(
            &full,
            won(
                date(2025, 3, 2),
                8_000,
                vec![refund(date(2025, 4, 2), 5_000), refund(date(2025, 5, 2), 3_000)],
            ),
        ),
    ];
    assert_counts(&sandbox, &oracle(expected), "refunded");
    let again = sandbox.file("again.csv", refunds_csv(rows.iter().rev()));
    assert_eq!(sandbox.import(&[&again], &own_mapping("refunds.toml")).published, 0);
}

#[test]
fn a_lost_deal_that_is_reopened_and_won_is_no_loss() {
    let sandbox = floor();
    let deal = DealRow::opened("D1", "bo", "2025-02-20");
    let states = [
        deal.lost("2025-03-05"),
        deal.reopened("2025-04-01"),
        deal.won("2025-05-10", "12.34"),
    ];
    for (at, state) in states.into_iter().enumerate() {
        import_deals(&sandbox, &format!("export-{at}.csv"), &[state]);
    }
    let expected = [final_deal(&deal, Standing::won(date(2025, 5, 10), 1_234))];
    assert_counts(&sandbox, &oracle(expected), "reopened");
}

#[test]
fn a_win_that_is_reopened_is_cancelled_and_counts_again_when_it_is_won_again() {
    let sandbox = floor();
    let deal = DealRow::opened("D1", "bo", "2025-02-20");
    let states = [
        deal.won("2025-03-05", "50.00"),
        deal.reopened("2025-04-01"),
        deal.won("2025-05-10", "60.00"),
    ];
    for (at, state) in states.into_iter().enumerate() {
        import_deals(&sandbox, &format!("export-{at}.csv"), &[state]);
    }
    let first = Standing::Won {
        on: date(2025, 3, 5),
        amount_minor: 5_000,
        cancelled_on: Some(date(2025, 4, 1)),
        refunds: Vec::new(),
    };
    let expected = [
        final_deal(&deal, first),
        final_deal(&deal, Standing::won(date(2025, 5, 10), 6_000)),
    ];
    assert_counts(&sandbox, &oracle(expected), "won again");
}

#[test]
fn a_deal_that_moves_to_another_rep_takes_its_win_along() {
    let sandbox = floor();
    let deal = DealRow::opened("D1", "ada", "2025-02-20").won("2025-03-05", "50.00");
    import_deals(&sandbox, "before.csv", std::slice::from_ref(&deal));
    let moved = deal.of_rep("cyd");
    import_deals(&sandbox, "after.csv", std::slice::from_ref(&moved));
    assert_counts(
        &sandbox,
        &oracle([final_deal(&moved, Standing::won(date(2025, 3, 5), 5_000))]),
        "moved",
    );
}

#[test]
fn a_correction_may_stand_above_its_original() {
    let deal = DealRow::opened("D1", "ada", "2025-02-20");
    let (won, cancelled) = (deal.won("2025-03-01", "1054.00"), deal.cancelled("2025-06-09"));
    let standing = Standing::Won {
        on: date(2025, 3, 1),
        amount_minor: 105_400,
        cancelled_on: Some(date(2025, 6, 9)),
        refunds: Vec::new(),
    };
    let never = DealRow::opened("D2", "bob", "2025-02-20").cancelled("2025-06-09");
    let sandbox = floor();
    let report = import_deals(&sandbox, "deals.csv", &[never, cancelled, won]);
    let orphans: Vec<_> = report
        .rejects
        .iter()
        .map(|reject| (reject.reason.as_str(), reject.line))
        .collect();
    assert_eq!((report.rows, report.rejected, orphans), (3, 1, vec![("orphan", 2)]));
    assert_counts(&sandbox, &oracle([final_deal(&deal, standing)]), "cancelled above");
    let letters = sandbox.sql("SELECT reason, origin_line FROM ops_dead_letter");
    assert_eq!(letters.rows, [["orphan", "2"]]);
    sandbox.fsck();
}

#[test]
fn a_correction_without_its_original_is_an_orphan_until_it_is_replayed() {
    let sandbox = floor();
    let deal = DealRow::opened("D1", "ada", "2025-02-20");
    let early = import_deals(&sandbox, "june.csv", &[deal.cancelled("2025-06-09")]);
    assert_eq!(
        (early.rejected, early.rejects[0].reason.as_str(), early.rejects[0].line),
        (1, "orphan", 2)
    );
    let listed = sandbox.sql("SELECT reason, resolution, origin_line FROM ops_dead_letter");
    assert_eq!(listed.rows, [["orphan", "open", "2"]]);
    assert!(sandbox.succeed(&["dead-letters", "list"]).contains("orphan"));
    import_deals(&sandbox, "march.csv", &[deal.won("2025-03-01", "1054.00")]);
    sandbox.succeed(&["dead-letters", "replay", "--reason", "orphan"]);
    let standing = Standing::Won {
        on: date(2025, 3, 1),
        amount_minor: 105_400,
        cancelled_on: Some(date(2025, 6, 9)),
        refunds: Vec::new(),
    };
    assert_counts(&sandbox, &oracle([final_deal(&deal, standing)]), "replayed");
    sandbox.succeed(&["dead-letters", "replay", "--reason", "orphan"]);
    let cancels = sandbox.sql("SELECT SUM(cancels) FROM agg_rep_day");
    assert_eq!(cancels.number(), 1, "a second replay changes nothing");
    sandbox.fsck();
}

#[test]
fn a_cancelled_win_that_is_exported_again_stays_cancelled_where_the_mapping_says_so() {
    for (words, wins) in [("reinstate", 2), ("stay", 1)] {
        let sandbox = Sandbox::new();
        import_people(&sandbox, &[("ada", "main")]);
        let text = std::fs::read_to_string(own_mapping("deals.toml")).expect("a mapping");
        let text = text.replace("null = ", &format!("cancelled_wins = \"{words}\"\nnull = "));
        let mapping = sandbox.file("deals.toml", text);
        let first = DealRow::opened("d1", "ada", "2025-05-02").won("2025-05-05", "100.00");
        let second = DealRow::opened("d2", "ada", "2025-05-02").won("2025-05-06", "10.00");
        for (name, rows) in [
            ("wins.csv", vec![first.clone()]),
            ("cancels.csv", vec![first.cancelled("2025-05-09")]),
            ("more_wins.csv", vec![first.clone(), second]),
        ] {
            let report = sandbox.import(&[&sandbox.file(name, deals_csv(&rows))], &mapping);
            assert_eq!(report.rejected, 0, "{}", report.whole);
        }
        assert_eq!(
            sandbox.sql("SELECT SUM(wins) FROM agg_rep_day").number(),
            wins,
            "{words}"
        );
        sandbox.fsck();
    }
}
