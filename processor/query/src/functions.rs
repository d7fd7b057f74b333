//! Which of the engine's functions a query may call.
//!
//! An allow-list: what is not classified here is not registered. Functions whose result can dwarf their input are absent, or
//! stand behind a cap on what they would give, reckoned from their arguments before they run.

mod capped;
mod concat;

use std::sync::Arc;

use datafusion::execution::SessionStateDefaults as Defaults;
use datafusion::logical_expr::planner::ExprPlanner;
use datafusion::logical_expr::{AggregateUDF, ScalarUDF, WindowUDF};

use capped::Capped;

/// Bytes that one call may give for one batch of rows.
pub(crate) const OUTPUT_BYTES_MAX: u64 = 64 * 1024 * 1024;

/// Scalar functions that run as the engine has them.
const SCALAR: &[&str] = &[
    // Conditions and types.
    "arrow_cast",
    "arrow_try_cast",
    "arrow_typeof",
    "coalesce",
    "greatest",
    "least",
    "nullif",
    "nvl",
    "nvl2",
    // Numbers.
    "abs",
    "acos",
    "acosh",
    "asin",
    "asinh",
    "atan",
    "atan2",
    "atanh",
    "cbrt",
    "ceil",
    "cos",
    "cosh",
    "cot",
    "degrees",
    "exp",
    "factorial",
    "floor",
    "gcd",
    "isnan",
    "iszero",
    "lcm",
    "ln",
    "log",
    "log10",
    "log2",
    "nanvl",
    "pi",
    "power",
    "radians",
    "random",
    "round",
    "signum",
    "sin",
    "sinh",
    "sqrt",
    "tan",
    "tanh",
    "trunc",
    // Text.
    "ascii",
    "bit_length",
    "btrim",
    "character_length",
    "chr",
    "contains",
    "ends_with",
    "find_in_set",
    "initcap",
    "left",
    "lower",
    "ltrim",
    "octet_length",
    "overlay",
    "regexp_count",
    "regexp_instr",
    "regexp_like",
    "regexp_match",
    "reverse",
    "right",
    "rtrim",
    "split_part",
    "starts_with",
    "strpos",
    "substr",
    "substr_index",
    "to_hex",
    "translate",
    "upper",
    // Dates and instants.
    "current_date",
    "current_time",
    "date_bin",
    "date_part",
    "date_trunc",
    "from_unixtime",
    "make_date",
    "make_time",
    "now",
    "to_char",
    "to_date",
    "to_local_time",
    "to_time",
    "to_timestamp",
    "to_timestamp_micros",
    "to_timestamp_millis",
    "to_timestamp_nanos",
    "to_timestamp_seconds",
    "to_unixtime",
];

const AGGREGATE: &[&str] = &[
    "any_value",
    "approx_distinct",
    "approx_median",
    "approx_percentile_cont",
    "approx_percentile_cont_with_weight",
    "array_agg",
    "avg",
    "bit_and",
    "bit_or",
    "bit_xor",
    "bool_and",
    "bool_or",
    "corr",
    "count",
    "covar_pop",
    "covar_samp",
    "first_value",
    "grouping",
    "last_value",
    "max",
    "median",
    "min",
    "nth_value",
    "percentile_cont",
    "regr_avgx",
    "regr_avgy",
    "regr_count",
    "regr_intercept",
    "regr_r2",
    "regr_slope",
    "regr_sxx",
    "regr_sxy",
    "regr_syy",
    "stddev",
    "stddev_pop",
    "string_agg",
    "sum",
    "var",
    "var_pop",
];

const WINDOW: &[&str] = &[
    "cume_dist",
    "dense_rank",
    "first_value",
    "lag",
    "last_value",
    "lead",
    "nth_value",
    "ntile",
    "percent_rank",
    "rank",
    "row_number",
];

/// Functions of the engine that are not offered, and why.
pub const REFUSED: &[(&str, &str)] = &[
    ("decode", "gives bytes, which no column of the contract is"),
    ("encode", "takes bytes, which no column of the contract is"),
    ("arrow_field", "gives a structure"),
    ("arrow_metadata", "gives a structure"),
    ("cast_to_type", "an internal form of CAST"),
    ("file_row_index", "shows how files are laid out"),
    ("get_field", "the contract has no structures"),
    ("input_file_name", "shows how files are laid out"),
    (
        "levenshtein",
        "takes time in the square of its arguments and cannot be interrupted",
    ),
    ("named_struct", "the contract has no structures"),
    (
        "regexp_replace",
        "the result can dwarf the arguments in ways that they do not show",
    ),
    ("struct", "the contract has no structures"),
    ("try_cast_to_type", "an internal form of TRY_CAST"),
    ("union_extract", "the contract has no unions"),
    ("union_tag", "the contract has no unions"),
    ("uuid", "gives another value on every read"),
    ("version", "names the engine"),
    ("with_metadata", "changes what clients are told about a column"),
];

/// Whether a query may call the function of that name.
pub fn is_allowed(name: &str) -> bool {
    name == concat::NAME
        || Capped::is_capped(name)
        || [SCALAR, AGGREGATE, WINDOW].iter().any(|list| list.contains(&name))
}

pub(crate) fn scalar() -> Vec<Arc<ScalarUDF>> {
    let engine = Defaults::default_scalar_functions().into_iter();
    let offered = engine.filter_map(|function| match function.name() {
        name if SCALAR.contains(&name) => Some(function),
        name if Capped::is_capped(name) => Some(Arc::new(Capped::of(function))),
        _ => None,
    });
    offered.chain([concat::function()]).collect()
}

pub(crate) fn aggregate() -> Vec<Arc<AggregateUDF>> {
    let engine = Defaults::default_aggregate_functions();
    engine
        .into_iter()
        .filter(|function| AGGREGATE.contains(&function.name()))
        .collect()
}

pub(crate) fn window() -> Vec<Arc<WindowUDF>> {
    let engine = Defaults::default_window_functions();
    engine
        .into_iter()
        .filter(|function| WINDOW.contains(&function.name()))
        .collect()
}

/// The engine's planners after ours, which puts `||` behind the cap.
pub(crate) fn planners() -> Vec<Arc<dyn ExprPlanner>> {
    let mut planners: Vec<Arc<dyn ExprPlanner>> = vec![Arc::new(concat::Planner)];
    planners.extend(Defaults::default_expr_planners());
    planners
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_function_of_the_engine_is_classified_and_every_name_here_exists() {
        let scalar: BTreeSet<String> = Defaults::default_scalar_functions()
            .iter()
            .map(|function| function.name().to_owned())
            .collect();
        let aggregate = Defaults::default_aggregate_functions();
        let window = Defaults::default_window_functions();
        let known = |name: &str| is_allowed(name) || REFUSED.iter().any(|(refused, _)| *refused == name);
        let all = scalar
            .iter()
            .map(String::as_str)
            .chain(aggregate.iter().map(|f| f.name()))
            .chain(window.iter().map(|f| f.name()));
        let unclassified: Vec<&str> = all.filter(|name| !known(name)).collect();
        assert!(unclassified.is_empty(), "{unclassified:?}");
        let listed = SCALAR.iter().chain(REFUSED.iter().map(|(name, _)| name));
        let gone: Vec<_> = listed.filter(|name| !scalar.contains(**name)).collect();
        assert!(gone.is_empty(), "{gone:?}");
        assert_eq!(super::aggregate().len(), AGGREGATE.len());
        assert_eq!(super::window().len(), WINDOW.len());
    }

    #[test]
    fn no_function_is_both_offered_and_refused() {
        assert!(REFUSED.iter().all(|(name, _)| !is_allowed(name)));
    }
}
