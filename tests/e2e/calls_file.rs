//! Calls as the tests write them: local times, one row per call.

const COLUMNS: &str = "call,rep,start,answered,end,result\n";

/// One row of a calls file.
#[derive(Debug, Clone)]
pub(crate) struct CallRow {
    pub(crate) call: String,
    pub(crate) rep: String,
    pub(crate) start: String,
    pub(crate) answered: String,
    pub(crate) end: String,
    pub(crate) result: String,
}

impl CallRow {
    /// A call that was answered and led to a sale.
    pub(crate) fn sale(call: &str, rep: &str, [start, answered, end]: [&str; 3]) -> Self {
        Self {
            call: call.to_owned(),
            rep: rep.to_owned(),
            start: start.to_owned(),
            answered: answered.to_owned(),
            end: end.to_owned(),
            result: "SALE".to_owned(),
        }
    }

    /// A call of two minutes at that hour of that day.
    pub(crate) fn plain(call: &str, rep: &str, day: &str, hour: u32) -> Self {
        let at = |minute: u32| format!("{day} {hour:02}:{minute:02}:00");
        Self::sale(call, rep, [&at(0), &at(1), &at(3)])
    }
}

/// The text of a calls file.
pub(crate) fn calls_csv<'a>(rows: impl IntoIterator<Item = &'a CallRow>) -> String {
    let line = |row: &CallRow| {
        [&row.call, &row.rep, &row.start, &row.answered, &row.end, &row.result]
            .map(String::as_str)
            .join(",")
            + "\n"
    };
    rows.into_iter().fold(COLUMNS.to_owned(), |text, row| text + &line(row))
}
