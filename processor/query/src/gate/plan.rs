//! The look at a plan: its size, that it only reads, which functions it calls and which tables it scans.

use datafusion::catalog::default_table_source::source_as_provider;
use datafusion::common::tree_node::{TreeNode, TreeNodeRecursion};
use datafusion::error::Result;
use datafusion::execution::context::SQLOptions;
use datafusion::logical_expr::{Expr, LogicalPlan, TableScan, WindowFunctionDefinition};

use crate::delta_table::PublishedTable;
use crate::error::QueryError;
use crate::functions;
use crate::limits::Limits;
use crate::sqlstate::SqlState;

/// Admits a plan that is small enough, only reads, calls allowed functions alone and scans published tables alone.
///
/// # Errors
/// One of these does not hold.
pub(crate) fn check(plan: &LogicalPlan, limits: &Limits) -> Result<(), QueryError> {
    let mut nodes = 0_usize;
    // Repeated use of one WITH query unfolds exponentially: the count ends the walk before anything else walks the plan.
    plan.apply_with_subqueries(|node| {
        nodes += 1;
        if nodes > limits.plan_nodes_max {
            return Ok(TreeNodeRecursion::Stop);
        }
        if let LogicalPlan::TableScan(scan) = node {
            check_scan(scan)?;
        }
        node.apply_expressions(|expression| {
            expression.apply(|part| check_expression(part).map(|()| TreeNodeRecursion::Continue))
        })
    })?;
    if nodes > limits.plan_nodes_max {
        let message = format!("the plan has more than {} nodes", limits.plan_nodes_max);
        return Err(QueryError::new(SqlState::TooComplex, message).hint("use each WITH query and view less often"));
    }
    let reads_only = SQLOptions::new()
        .with_allow_ddl(false)
        .with_allow_dml(false)
        .with_allow_statements(false);
    Ok(reads_only.verify_plan(plan)?)
}

fn check_scan(scan: &TableScan) -> Result<()> {
    if scan.table_name.schema() == Some("information_schema") {
        return Ok(());
    }
    let provider = source_as_provider(&scan.source)?;
    if provider.downcast_ref::<PublishedTable>().is_some() {
        return Ok(());
    }
    tracing::error!(table = %scan.table_name, "a plan scans what is no published table");
    Err(QueryError::new(
        SqlState::NotPermitted,
        format!("table `{}` may not be read", scan.table_name),
    )
    .into())
}

fn check_expression(expression: &Expr) -> Result<()> {
    let name = match expression {
        Expr::ScalarFunction(call) => call.func.name(),
        Expr::AggregateFunction(call) => call.func.name(),
        Expr::WindowFunction(call) => match &call.fun {
            WindowFunctionDefinition::AggregateUDF(function) => function.name(),
            WindowFunctionDefinition::WindowUDF(function) => function.name(),
        },
        _ => return Ok(()),
    };
    if functions::is_allowed(name) {
        return Ok(());
    }
    Err(QueryError::new(SqlState::NotPermitted, format!("function `{name}` is not offered")).into())
}
