//! Two sites with days of their own: other zones, another start of the day, other weeks, years and currencies.

use std::collections::BTreeMap;

use jiff::civil::{Weekday, date, time};
use jiff::tz::TimeZone;
use paceline_tests::generator::{Call, Direction, OUTCOMES, write_calls};
use paceline_tests::oracle::{FinalDeal, Oracle, SiteRules, Standing};
use paceline_tests::sandbox::{Sandbox, mapping};

use crate::calls_file::{CallRow, calls_csv};
use crate::deals_file::{DealRow, import_deals, import_people, own_mapping};
use crate::recount::assert_counts;

const SETTINGS: &str = r#"
default_site = "berlin"

[[sites]]
site_id = "berlin"
zone = "Europe/Berlin"
shift_boundary = "04:00"
week_start = "monday"
fiscal_year_start_month = 4
currency = "EUR"
country = "DE"

[[sites]]
site_id = "denver"
zone = "America/Denver"
week_start = "sunday"
currency = "USD"
country = "US"
"#;

const PEOPLE: [(&str, &str); 2] = [("uwe", "berlin"), ("kim", "denver")];

fn zone(name: &str) -> TimeZone {
    TimeZone::get(name).expect("the zone is known")
}

fn oracle() -> Oracle {
    let mut berlin = SiteRules::utc("berlin", "EUR");
    berlin.zone = zone("Europe/Berlin");
    berlin.shift_boundary = time(4, 0, 0, 0);
    berlin.fiscal_month = 4;
    let mut denver = SiteRules::utc("denver", "USD");
    denver.zone = zone("America/Denver");
    denver.week_start = Weekday::Sunday;
    let site_of_rep = PEOPLE.map(|(rep, site)| (rep.to_owned(), site.to_owned()));
    Oracle::new(vec![berlin, denver], BTreeMap::from(site_of_rep))
}

/// A sale of one minute that ends in that second.
fn call(number: usize, rep: &str, ended: i64) -> Call {
    Call {
        call_id: format!("{number:05}"),
        leg: 1,
        rep_id: rep.to_owned(),
        direction: Direction::Outbound,
        started: ended - 70,
        answered: Some(ended - 60),
        ended,
        talk_s: Some(60),
        hold_s: Some(0),
        ring_s: 10,
        wrap_s: 5,
        outcome: OUTCOMES[15],
        phone: "2125550100".to_owned(),
        campaign: "autumn",
        lead_source: "web",
        callback_due: None,
        callback_for: None,
    }
}

/// Calls every half an hour around the four clock changes of a year.
fn calls_around_the_changes() -> Vec<Call> {
    let changes = [
        date(2025, 3, 9),
        date(2025, 3, 30),
        date(2025, 10, 26),
        date(2025, 11, 2),
    ];
    let mut calls = Vec::new();
    for change in changes {
        let noon = change
            .at(12, 0, 0, 0)
            .to_zoned_datetime(TimeZone::UTC)
            .expect("UTC has every day");
        for half_hour in -72..72 {
            for (rep, _) in PEOPLE {
                calls.push(call(
                    calls.len(),
                    rep,
                    noon.timestamp().as_second() + half_hour * 1_800 + 600,
                ));
            }
        }
    }
    calls
}

#[test]
fn days_of_two_sites_keep_their_hours_through_both_clock_changes() {
    let sandbox = Sandbox::with_config(SETTINGS);
    import_people(&sandbox, &PEOPLE);
    let calls = calls_around_the_changes();
    let mut text = Vec::new();
    write_calls(&mut text, &calls, true).expect("a vector takes everything");
    let report = sandbox.import(&[&sandbox.file("calls.csv", text)], &mapping("sample_calls.toml"));
    assert_eq!(report.rejected, 0, "{}", report.whole);
    let mut oracle = oracle();
    calls.iter().for_each(|call| oracle.add_call(call));
    assert_counts(&sandbox, &oracle, "clock changes");
    for (site, day, hours) in [
        ("berlin", "2025-03-29", 23),
        ("berlin", "2025-10-25", 25),
        ("berlin", "2025-10-26", 24),
        ("denver", "2025-03-09", 23),
        ("denver", "2025-11-02", 25),
    ] {
        let statement = format!(
            "SELECT COUNT(DISTINCT hour_start) FROM agg_rep_hour \
             WHERE site_id = '{site}' AND business_date = DATE '{day}' AND dials > 0"
        );
        assert_eq!(sandbox.sql(&statement).number(), hours, "{site} on {day}");
    }
    sandbox.fsck();
}

#[test]
fn amounts_of_two_currencies_never_meet() {
    let sandbox = Sandbox::with_config(SETTINGS);
    import_people(&sandbox, &PEOPLE);
    let mut oracle = oracle();
    let mut rows = Vec::new();
    for (at, (rep, currency)) in [("uwe", "EUR"), ("uwe", "USD"), ("kim", "USD"), ("kim", "EUR")]
        .iter()
        .enumerate()
    {
        let mut deal = DealRow::opened(&format!("D{at}"), rep, "2025-03-28");
        (*currency).clone_into(&mut deal.currency);
        let won_on = date(2025, 3, 30);
        rows.push(deal.won(&won_on.to_string(), &format!("{}.50", 100 + at)));
        oracle.add_final_deal(FinalDeal {
            deal_id: deal.deal.clone(),
            rep_id: deal.rep.clone(),
            product_id: deal.product.clone(),
            lead_source: String::new(),
            currency: deal.currency.clone(),
            customer: deal.account.clone(),
            standing: Standing::won(won_on, (100 + i64::try_from(at).expect("few")) * 100 + 50),
        });
    }
    import_deals(&sandbox, "deals.csv", &rows);
    assert_counts(&sandbox, &oracle, "two currencies");
}

#[test]
fn local_times_that_come_twice_or_never_are_taken_and_flagged() {
    let sandbox = Sandbox::with_config(SETTINGS);
    import_people(&sandbox, &PEOPLE);
    let text = std::fs::read_to_string(own_mapping("calls.toml")).expect("the mapping is there");
    let local = sandbox.file("local.toml", text.replace("zone = \"UTC\"", "zone = \"Europe/Berlin\""));
    let twice = ["2025-10-26 02:10:00", "2025-10-26 02:11:00", "2025-10-26 02:30:00"];
    let never = ["2025-03-30 01:55:00", "2025-03-30 01:56:00", "2025-03-30 02:30:00"];
    let rows = [
        CallRow::sale("twice", "uwe", twice),
        CallRow::sale("never", "uwe", never),
    ];
    sandbox.import(&[&sandbox.file("calls.csv", calls_csv(&rows))], &local);
    let ends = sandbox.sql("SELECT call_id, CAST(ended_at AS VARCHAR), flags FROM fct_call ORDER BY call_id");
    let [never, twice] = ends.rows.as_slice() else {
        panic!("two calls: {ends:?}")
    };
    assert!(
        never[1].contains("01:30:00") && never[2].contains("local_time_gap"),
        "{never:?}"
    );
    assert!(
        twice[1].contains("00:30:00") && twice[2].contains("local_time_ambiguous"),
        "{twice:?}"
    );
}
