//! Deals as the tests write them: one row per deal in its present state, one row per refund.

use std::path::PathBuf;

use paceline_tests::sandbox::{Report, Sandbox, root};

const COLUMNS: &str = "deal,rep,account,product,stage,opened,changed,closed,amount,currency\n";
/// Stage of a deal whose outcome was taken back.
pub(crate) const REOPENED: &str = "Reopened";

const REFUND_COLUMNS: &str = "refund,deal,rep,on,amount,currency\n";
const PEOPLE_COLUMNS: &str = "rep,team,site\n";

/// One row of a deals file.
#[derive(Debug, Clone)]
pub(crate) struct DealRow {
    pub(crate) deal: String,
    pub(crate) rep: String,
    pub(crate) account: String,
    pub(crate) product: String,
    pub(crate) stage: String,
    pub(crate) opened: String,
    pub(crate) changed: String,
    pub(crate) closed: String,
    pub(crate) amount: String,
    pub(crate) currency: String,
}

impl DealRow {
    /// A deal that has just been opened.
    pub(crate) fn opened(deal: &str, rep: &str, on: &str) -> Self {
        Self {
            deal: deal.to_owned(),
            rep: rep.to_owned(),
            account: format!("account of {deal}"),
            product: "Pro".to_owned(),
            stage: "New".to_owned(),
            opened: on.to_owned(),
            changed: String::new(),
            closed: String::new(),
            amount: String::new(),
            currency: "USD".to_owned(),
        }
    }

    /// The deal, won.
    pub(crate) fn won(&self, on: &str, amount: &str) -> Self {
        let mut row = self.in_stage("Won", "");
        on.clone_into(&mut row.closed);
        amount.clone_into(&mut row.amount);
        row
    }

    /// The deal, lost.
    pub(crate) fn lost(&self, on: &str) -> Self {
        let mut row = self.in_stage("Lost", "");
        on.clone_into(&mut row.closed);
        row
    }

    /// The deal after its win was taken back.
    pub(crate) fn cancelled(&self, on: &str) -> Self {
        self.in_stage("Cancelled", on)
    }

    /// The deal after its outcome was taken back.
    pub(crate) fn reopened(&self, on: &str) -> Self {
        self.in_stage(REOPENED, on)
    }

    fn in_stage(&self, stage: &str, on: &str) -> Self {
        let mut row = self.clone();
        stage.clone_into(&mut row.stage);
        on.clone_into(&mut row.changed);
        row.closed.clear();
        row.amount.clear();
        row
    }

    /// The deal with another owner.
    pub(crate) fn of_rep(&self, rep: &str) -> Self {
        let mut row = self.clone();
        rep.clone_into(&mut row.rep);
        row
    }

    fn line(&self) -> String {
        let fields = [
            &self.deal,
            &self.rep,
            &self.account,
            &self.product,
            &self.stage,
            &self.opened,
            &self.changed,
            &self.closed,
            &self.amount,
            &self.currency,
        ];
        fields.map(String::as_str).join(",") + "\n"
    }
}

/// The text of a deals file.
pub(crate) fn deals_csv<'a>(rows: impl IntoIterator<Item = &'a DealRow>) -> String {
    rows.into_iter()
        .fold(COLUMNS.to_owned(), |text, row| text + &row.line())
}

/// The text of a refunds file; a row is refund, deal, rep, day, amount.
pub(crate) fn refunds_csv<'a>(rows: impl IntoIterator<Item = &'a [String; 5]>) -> String {
    let line = |row: &[String; 5]| row.join(",") + ",USD\n";
    rows.into_iter()
        .fold(REFUND_COLUMNS.to_owned(), |text, row| text + &line(row))
}

/// A mapping of these tests.
pub(crate) fn own_mapping(name: &str) -> PathBuf {
    root().join("tests").join("e2e").join("mappings").join(name)
}

/// Brings reps in, each with its site.
#[track_caller]
pub(crate) fn import_people(sandbox: &Sandbox, people: &[(&str, &str)]) {
    let line = |(rep, site): &(&str, &str)| format!("{rep},team of {site},{site}\n");
    let text = people
        .iter()
        .map(line)
        .fold(PEOPLE_COLUMNS.to_owned(), |text, line| text + &line);
    let report = sandbox.import(&[&sandbox.file("people.csv", text)], &own_mapping("people.toml"));
    assert_eq!(report.rejected, 0, "{}", report.whole);
}

/// Writes a deals file and imports it; where it has reopened deals, they come after the others.
#[track_caller]
pub(crate) fn import_deals(sandbox: &Sandbox, name: &str, rows: &[DealRow]) -> Report {
    let file = sandbox.file(name, deals_csv(rows));
    let report = sandbox.import(&[&file], &own_mapping("deals.toml"));
    if rows.iter().any(|row| row.stage == REOPENED) {
        let reopened = sandbox.import(&[&file], &own_mapping("reopenings.toml"));
        assert_eq!(reopened.rejected, 0, "{}", reopened.whole);
    }
    report
}
