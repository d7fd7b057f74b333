//! What people and tools are told about tables and columns, from the contract.

use paceline_schemas::tables::{self, Table, TableKind};

/// A table or view that a query can name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Described {
    /// As a query names it; `stored.` stands before a table that a view hides.
    pub name: String,
    /// Whether it is computed when it is read.
    pub is_view: bool,
    /// What one row is.
    pub comment: &'static str,
    /// The grain.
    pub key: &'static [&'static str],
    /// Columns in order.
    pub columns: Vec<DescribedColumn>,
}

/// A column of a table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DescribedColumn {
    /// Name.
    pub name: &'static str,
    /// SQL name of the type.
    pub sql_type: &'static str,
    /// Whether NULL may stand in it.
    pub nullable: bool,
    /// Definition with unit.
    pub comment: &'static str,
}

/// Everything that a query can name, by name; hidden tables last.
pub fn all() -> Vec<Described> {
    let mut all: Vec<Described> = tables::all().iter().map(described).collect();
    all.sort_by(|a, b| (a.name.starts_with(HIDDEN), &a.name).cmp(&(b.name.starts_with(HIDDEN), &b.name)));
    all
}

/// The table or view that a query means by `name`.
pub fn of(name: &str) -> Option<Described> {
    match name.strip_prefix(HIDDEN) {
        Some(stored) => tables::stored_table(stored).map(|table| Described {
            name: name.to_owned(),
            ..described(table)
        }),
        None => tables::table(name.strip_prefix("public.").unwrap_or(name)).map(described),
    }
}

const HIDDEN: &str = "stored.";

fn described(table: &Table) -> Described {
    let hidden = table.is_stored() && tables::table(table.name).is_some_and(|shown| !shown.is_stored());
    let columns = table.columns.iter().map(|column| DescribedColumn {
        name: column.name,
        sql_type: column.kind.sql(),
        nullable: column.nullable,
        comment: column.comment,
    });
    Described {
        name: if hidden {
            format!("{HIDDEN}{}", table.name)
        } else {
            table.name.to_owned()
        },
        is_view: table.kind == TableKind::View,
        comment: table.comment,
        key: table.key,
        columns: columns.collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_behind_a_view_is_described_under_its_own_name() {
        let view = of("agg_rep_day").expect("view");
        let stored = of("stored.agg_rep_day").expect("table");
        assert!(view.is_view && !stored.is_view);
        assert!(view.columns.iter().any(|column| column.name == "team_id"));
        assert!(!stored.columns.iter().any(|column| column.name == "team_id"));
        assert_eq!(of("nothing"), None);
    }

    #[test]
    fn what_is_listed_can_be_looked_up() {
        for table in all() {
            assert_eq!(of(&table.name), Some(table));
        }
    }
}
