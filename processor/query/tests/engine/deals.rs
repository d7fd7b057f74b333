//! `fct_deal`: the state by aspects, the version that stands, refunds that add up.

use crate::seed::{Floor, Row, at, day, lines, row};

const SOURCE: &str = "//acme/file/crm";

/// An event of the one deal, on a day of April.
fn deal(kind: &'static str, id: &'static str, revision: i64, on: i64, more: Row) -> Row {
    let date = format!("2026-04-{on:02}");
    let mut row = row! { shard: 0, offset: revision, source: SOURCE, event_id: id, type: kind, revision: revision,
    rep_id: "ann", site_id: "main", deal_id: "d1", currency: "USD", occurred_at: at(&format!("{date}T10:00:00Z")),
    business_date: day(&date), credit_role: "owner", credit_bp: 10_000, business_month: "2026-04" };
    row.extend(more);
    row
}

fn opened() -> Row {
    deal("deal.opened", "o", 0, 1, row! { stage_id: "new" })
}

fn won(amount: i64) -> Row {
    deal(
        "deal.won",
        "w",
        0,
        10,
        row! { amount_minor: amount, credit_minor: amount, customer_kind: "new" },
    )
}

fn refunded(id: &'static str, of: &'static str, refund: &'static str, minor: i64, full: bool) -> Row {
    deal(
        "deal.refunded",
        id,
        0,
        20,
        row! { refunds: "w", supersedes: of, refund_id: refund, refund_minor: minor,
        credit_refund_minor: minor, full: full },
    )
}

/// The rows in both orders, one file per row.
fn read(columns: &str, rows: &[Row]) -> Vec<String> {
    let answers = [rows.to_vec(), rows.iter().rev().cloned().collect()].map(|rows| {
        let floor = Floor::new();
        for row in rows {
            floor.write("fct_deal_event", &[row]);
        }
        lines(
            &floor.engine(),
            &format!("SELECT {columns} FROM fct_deal ORDER BY rep_id"),
        )
    });
    let [forwards, backwards] = answers;
    assert_eq!(forwards, backwards);
    forwards
}

const STATE: &str = "state, opened_date, won_date, lost_date, cancelled_date, amount_minor";

#[test]
fn the_stage_says_the_state_until_an_outcome_does() {
    let moved = deal(
        "deal.stage_changed",
        "s",
        4,
        5,
        row! { stage_id: "offer", to_stage_id: "offer" },
    );
    assert_eq!(
        read("state, stage_id, opened_date", &[opened(), moved.clone()]),
        ["open offer 2026-04-01"]
    );
    let found = read(STATE, &[opened(), won(100), moved]);
    assert_eq!(found, ["won 2026-04-01 2026-04-10 NULL NULL 100"]);
}

#[test]
fn a_win_before_its_opening_is_a_win() {
    assert_eq!(read(STATE, &[won(100)]), ["won NULL 2026-04-10 NULL NULL 100"]);
}

#[test]
fn an_amendment_restates_the_outcome_in_place() {
    let amount = deal(
        "deal.amended",
        "a",
        7,
        10,
        row! { status: "won", amount_minor: 150, credit_minor: 150 },
    );
    assert_eq!(read(STATE, &[won(100), amount]), ["won NULL 2026-04-10 NULL NULL 150"]);
    let mistake = deal("deal.amended", "a", 7, 10, row! { status: "open", credit_bp: 0 });
    assert_eq!(
        read("state, won_date, credit_bp", &[won(100), mistake]),
        ["open NULL 0"]
    );
}

#[test]
fn a_cancelled_deal_shows_the_win_that_was_cancelled() {
    let cancelled = deal("deal.cancelled", "c", 8, 15, row! { cancels: "w", reason: "customer" });
    let found = read(
        &format!("{STATE}, customer_kind"),
        &[opened(), won(100), cancelled.clone()],
    );
    assert_eq!(found, ["cancelled 2026-04-01 2026-04-10 NULL 2026-04-15 100 new"]);
    let again = deal("deal.won", "w2", 9, 18, row! { amount_minor: 90, reinstated: true });
    assert_eq!(
        read(STATE, &[won(100), cancelled, again]),
        ["won NULL 2026-04-18 NULL NULL 90"]
    );
}

#[test]
fn a_win_that_became_a_loss_in_one_change_is_a_loss() {
    let cancelled = deal("deal.cancelled", "x#cancelled", 8, 15, row! { cancels: "w" });
    let lost = deal("deal.lost", "x", 8, 15, row! { lost_reason: "price" });
    let found = read(&format!("{STATE}, lost_reason"), &[won(100), cancelled, lost]);
    assert_eq!(found, ["lost NULL NULL 2026-04-15 NULL NULL price"]);
}

#[test]
fn a_loss_that_is_taken_back_is_open_again() {
    let lost = deal("deal.lost", "l", 0, 9, row! { lost_reason: "price" });
    let reopened = deal(
        "deal.stage_changed",
        "s",
        6,
        12,
        row! { reopened: true, stage_id: "offer" },
    );
    let found = read("state, stage_id, lost_date, lost_reason", &[opened(), lost, reopened]);
    assert_eq!(found, ["open offer NULL NULL"]);
}

const REFUNDS: &str = "state, credit_refunded_minor, \"full\"";

#[test]
fn refunds_add_up_each_once_and_the_last_makes_them_full() {
    let half = refunded("r1", "w", "one", 40, false);
    let rest = refunded("r2", "w", "two", 60, true);
    assert_eq!(read(REFUNDS, &[won(100)]), ["won 0 false"]);
    assert_eq!(read(REFUNDS, &[won(100), half.clone()]), ["won 40 false"]);
    assert_eq!(read(REFUNDS, &[won(100), half.clone(), rest, half]), ["won 100 true"]);
}

#[test]
fn a_later_version_of_the_win_carries_earlier_refunds() {
    let carried = row! { status: "won", amount_minor: 80, credit_minor: 80, credit_refunded_minor: 40, full: false };
    let rows = [
        won(100),
        refunded("r1", "w", "one", 40, false),
        deal("deal.amended", "a", 7, 10, carried),
        refunded("r2", "a", "two", 10, false),
    ];
    assert_eq!(read(REFUNDS, &rows), ["won 50 false"]);
}

#[test]
fn each_rep_of_a_split_has_a_row() {
    let other = deal(
        "deal.won",
        "w#1",
        0,
        10,
        row! { rep_id: "bob", credit_role: "split", credit_bp: 4_000 },
    );
    assert_eq!(
        read("rep_id, credit_role, credit_bp", &[won(100), other]),
        ["ann owner 10000", "bob split 4000"]
    );
}

#[test]
fn money_for_reading_is_left_out_where_minor_units_are_no_hundredths() {
    assert_eq!(read("amount_minor, amount", &[won(105_400)]), ["105400 1054.00"]);
    let mut yen = won(105_400);
    yen.extend(row! { currency: "JPY" });
    assert_eq!(read("amount_minor, amount", &[yen]), ["105400 NULL"]);
}
