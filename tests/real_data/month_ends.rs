//! What a CRM would have exported at each month end: everything that was known by then.

use std::path::{Path, PathBuf};

use jiff::ToSpan as _;
use jiff::civil::{Date, date};
use paceline_tests::Random;
use paceline_tests::sandbox::{Dump, mapping};

use crate::crm::{Lines, baseline};

/// The row as it stood at the end of that day; nothing before it was engaged.
fn as_known_on(line: &str, day: Date) -> Option<String> {
    let fields: Vec<&str> = line.split(',').collect();
    let [deal, agent, product, account, _, engaged, closed, _] = fields.as_slice() else {
        panic!("a row of eight fields: {line}");
    };
    let by_then = |text: &str| text.parse::<Date>().is_ok_and(|date| date <= day);
    if engaged.is_empty() || (by_then(engaged) && by_then(closed)) {
        return Some(line.to_owned());
    }
    by_then(engaged).then(|| [deal, agent, product, account, "Engaging", engaged, "", ""].join(","))
}

fn month_ends() -> impl Iterator<Item = Date> {
    (0..15).map(|month| (date(2016, 10, 1) + month.months()).last_of_month())
}

#[test]
#[ignore = "reads the data that PACELINE_REAL_DATA names"]
fn month_end_exports_each_twice_end_in_the_same_tables_and_keep_the_history() {
    let Some(base) = baseline() else { return };
    let file = Lines::read(&base.folder.join("sales_pipeline.csv"));
    let sandbox = base.people.copy();
    let mut random = Random::new(5);
    for day in month_ends() {
        let mut lines: Vec<String> = file.lines.iter().filter_map(|line| as_known_on(line, day)).collect();
        let once = sandbox.file(&format!("{day}.csv"), file.text(&lines));
        random.shuffle(&mut lines);
        let twice = sandbox.file(&format!("{day}-again.csv"), file.text(&lines));
        let files: Vec<&Path> = [&once, &twice].map(PathBuf::as_path).to_vec();
        sandbox.import(&files, &mapping("crm_maven.toml"));
    }
    Dump::of(&sandbox).assert_same(&base.dump, "month ends");
    let outcomes = "SELECT type, COUNT(*) FROM fct_deal_event \
                    WHERE type IN ('deal.opened', 'deal.won', 'deal.lost') GROUP BY 1 ORDER BY 1";
    let counts = sandbox.sql(outcomes);
    assert_eq!(
        counts.rows,
        [["deal.lost", "2473"], ["deal.opened", "8300"], ["deal.won", "4238"]]
    );
    let backwards = sandbox.sql(
        "SELECT COUNT(*) FROM fct_deal_event o JOIN fct_deal_event w ON w.deal_id = o.deal_id \
         WHERE o.type = 'deal.opened' AND w.type IN ('deal.won', 'deal.lost') AND w.appended_at < o.appended_at",
    );
    assert_eq!(backwards.number(), 0, "every outcome comes after its opening");
    let months = sandbox.sql(
        "SELECT COUNT(*) FROM fct_deal_event o JOIN fct_deal_event w ON w.deal_id = o.deal_id \
         WHERE o.type = 'deal.opened' AND w.type IN ('deal.won', 'deal.lost') AND w.appended_at > o.appended_at",
    );
    let expected = file.lines.iter().filter(|line| {
        let month = |at: usize| line.split(',').nth(at).and_then(|day| day.get(..7)).unwrap_or_default();
        !month(6).is_empty() && month(5) != month(6)
    });
    assert!(
        months.number() >= i64::try_from(expected.count()).expect("few"),
        "later exports bring later outcomes"
    );
    sandbox.fsck();
}
