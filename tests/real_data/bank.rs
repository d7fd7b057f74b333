//! bank_marketing: 45,211 real calls of a campaign, whose dates follow from the order of the file.

use std::fs;
use std::path::Path;

use paceline_tests::sandbox::{Sandbox, mapping};

use crate::crm::truth_rows;
use crate::data_set;

const MONTHS: [&str; 12] = [
    "jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec",
];
const DAY: usize = 9;
const MONTH: usize = 10;

/// Puts the date in front of every row. The file is in the order of its dates, so a lower month begins another year.
pub(crate) fn with_dates(text: &str) -> String {
    let mut lines = text.lines();
    let header = lines.next().expect("the file has a header");
    let mut dated = format!("\"date\";{header}\n");
    let (mut year, mut last_month) = (2008, 0);
    for line in lines {
        let fields: Vec<&str> = line.split(';').collect();
        let name = fields[MONTH].trim_matches('"');
        let month = 1 + MONTHS
            .iter()
            .position(|month| *month == name)
            .expect("the month has a name");
        if month < last_month {
            year += 1;
        }
        last_month = month;
        let day: u32 = fields[DAY].parse().expect("the day is a number");
        dated.push_str(&format!("\"{year}-{month:02}-{day:02}\";{line}\n"));
    }
    dated
}

#[test]
#[ignore = "reads the data that PACELINE_REAL_DATA names"]
fn dials_sales_and_talk_per_day_equal_the_recount() {
    let Some(folder) = data_set("bank_marketing") else {
        return;
    };
    let text = fs::read_to_string(folder.join("bank-full.csv")).expect("the file is there");
    let sandbox = Sandbox::new();
    let report = sandbox.import(
        &[&sandbox.file("bank.csv", with_dates(&text))],
        &mapping("bank_calls.toml"),
    );
    assert_eq!((report.rows, report.rejected), (45_211, 0), "{}", report.whole);
    assert_days(&sandbox, &folder);
    sandbox.fsck();
}

/// Compares dials, sales and talk of each day with the recount.
pub(crate) fn assert_days(sandbox: &Sandbox, folder: &Path) {
    let days = sandbox.sql(
        "SELECT d.business_date, d.dials, s.sales, d.talk_s \
         FROM (SELECT business_date, SUM(dials) AS dials, SUM(talk_s) AS talk_s FROM agg_rep_day GROUP BY 1) d \
         JOIN (SELECT business_date, SUM(CASE WHEN disposition = 'sale' THEN 1 ELSE 0 END) AS sales \
               FROM fct_call GROUP BY 1) s ON s.business_date = d.business_date",
    );
    let expected = truth_rows(folder, "gt_full_day.csv");
    let expected = expected.into_iter().map(|mut row| {
        row.truncate(4);
        row
    });
    days.assert_rows("gt_full_day", expected.collect());
}
