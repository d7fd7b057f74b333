//! Names for subqueries that have none.
//!
//! The optimizer of DataFusion 55 takes two projections that read alike for one: `SELECT a + a AS a FROM (SELECT a + a
//! AS a FROM …)` adds once and not twice. It does so only where the columns of the inner one have no qualifier, which
//! they get from the name of the subquery.

use std::ops::ControlFlow;

use datafusion::sql::parser::Statement;
use datafusion::sql::sqlparser::ast::{Ident, TableAlias, TableFactor, VisitMut, VisitorMut};

/// Gives every subquery in a `FROM` a name.
pub(crate) fn name_subqueries(statement: &mut Statement) {
    match statement {
        Statement::Statement(sql) => {
            // The visitor never breaks off.
            let _whole: ControlFlow<()> = sql.visit(&mut Naming::default());
        }
        Statement::Explain(explain) => name_subqueries(&mut explain.statement),
        Statement::CreateExternalTable(_) | Statement::CopyTo(_) | Statement::Reset(_) => {}
    }
}

#[derive(Debug, Default)]
struct Naming {
    named: usize,
}

impl VisitorMut for Naming {
    type Break = ();

    fn pre_visit_table_factor(&mut self, factor: &mut TableFactor) -> ControlFlow<()> {
        if let TableFactor::Derived {
            alias: alias @ None, ..
        } = factor
        {
            self.named += 1;
            *alias = Some(TableAlias {
                explicit: true,
                name: Ident::with_quote('"', format!("unnamed subquery {}", self.named)),
                columns: Vec::new(),
                at: None,
            });
        }
        ControlFlow::Continue(())
    }
}
