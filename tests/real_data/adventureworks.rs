//! adventureworks_sales: 60,855 order lines in two encodings, to the cent.

use paceline_tests::sandbox::{Sandbox, mapping};

use crate::crm::truth_rows;
use crate::data_set;

#[test]
#[ignore = "reads the data that PACELINE_REAL_DATA names"]
fn revenue_per_employee_and_day_equals_the_recount_to_the_cent() {
    let Some(folder) = data_set("adventureworks_sales") else {
        return;
    };
    let sandbox = Sandbox::new();
    let people = sandbox.import(
        &[&folder.join("salespeople.csv")],
        &mapping("adventureworks_people.toml"),
    );
    assert_eq!(people.rejected, 0, "{}", people.whole);
    let first = sandbox.import(
        &[&folder.join("FactResellerSales_to_202005.csv")],
        &mapping("adventureworks.toml"),
    );
    let last = sandbox.import(
        &[&folder.join("ResellerSales_202006.utf16.csv")],
        &mapping("adventureworks_utf16.toml"),
    );
    assert_eq!((first.rows, last.rows), (57_851, 3_004));
    assert_eq!(
        (first.rejected, last.rejected),
        (0, 0),
        "{} {}",
        first.whole,
        last.whole
    );
    let days = sandbox.sql(
        "SELECT rep_id, business_date, SUM(revenue_minor) FROM agg_rep_day GROUP BY 1, 2 HAVING SUM(revenue_minor) <> 0",
    );
    let expected = truth_rows(&folder, "gt_employee_day.csv");
    let expected = expected
        .iter()
        .map(|row| vec![row[0].clone(), row[1].clone(), cents(&row[5])]);
    days.assert_rows("gt_employee_day", expected.collect());
    let units = sandbox.sql("SELECT rep_id, won_date, COUNT(*), SUM(quantity) FROM fct_deal GROUP BY 1, 2");
    let expected = truth_rows(&folder, "gt_employee_day.csv");
    let expected = expected
        .iter()
        .map(|row| vec![row[0].clone(), row[1].clone(), row[3].clone(), row[4].clone()]);
    units.assert_rows("lines and units", expected.collect());
    let total = sandbox.sql("SELECT SUM(revenue_minor) FROM agg_rep_day");
    assert_eq!(total.number(), 8_097_772_021);
    sandbox.fsck();
}

/// Cents of an amount with up to two decimals.
fn cents(amount: &str) -> String {
    let (whole, part) = amount.split_once('.').unwrap_or((amount, ""));
    let cents = format!("{part:0<2}");
    let minor: i64 = format!("{whole}{cents}").parse().expect("an amount");
    minor.to_string()
}
