//! The views of the contract: their SQL, as files that can be read, in an order in which each finds what it reads.

/// A view.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct View {
    /// Name; a stored table of that name is hidden by it.
    pub name: &'static str,
    /// A SELECT with a comment above it.
    pub sql: &'static str,
}

macro_rules! views {
    ($($name:literal),* $(,)?) => {
        &[$(View { name: $name, sql: include_str!(concat!("../views/", $name, ".sql")) }),*]
    };
}

const ALL: &[View] = views![
    "ops_freshness",
    "fct_call",
    "fct_deal",
    "fct_lead",
    "agg_rep_hour",
    "agg_rep_day",
    "agg_rep_window",
    "agg_team_day",
    "agg_team_window",
    "tgt_target",
    "tgt_target_day",
    "tgt_target_sum",
];

/// All views; one that reads another comes after it.
pub fn all() -> &'static [View] {
    ALL
}

#[cfg(test)]
mod tests {
    use super::*;
    use paceline_schemas::tables::{self, TableKind};

    #[test]
    fn every_view_of_the_contract_has_its_sql() {
        let mut contract: Vec<&str> = tables::all()
            .iter()
            .filter(|table| table.kind == TableKind::View)
            .map(|table| table.name)
            .collect();
        let mut here: Vec<&str> = ALL.iter().map(|view| view.name).collect();
        contract.sort_unstable();
        here.sort_unstable();
        assert_eq!(here, contract);
    }

    #[test]
    fn every_view_says_what_it_is() {
        for view in ALL {
            assert!(view.sql.starts_with("-- "), "{}", view.name);
        }
    }
}
