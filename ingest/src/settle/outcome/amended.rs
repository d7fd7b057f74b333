//! What an amendment restates, as far as one word can tell.

use paceline_schemas::symbol::{Amends, Outcome};

use super::{Case, Part};
use crate::memory::Standing;

/// The producer's word, else the first difference.
pub(super) fn what_is_amended(case: &Case, part: &Part, standing: &Standing) -> Amends {
    if let Some(stated) = case.stated.amends {
        return stated;
    }
    let (new, old) = (&part.deal, &standing.deal);
    let moved = if part.deal.lost_reason.is_some() && standing.outcome == Outcome::Lost {
        Amends::LostAt
    } else {
        Amends::WonAt
    };
    let differences = [
        (new.amount_minor != old.amount_minor, Amends::Amount),
        (new.currency != old.currency, Amends::Currency),
        (part.time.0 != standing.time_us, moved),
        (new.product_id != old.product_id, Amends::Product),
        (
            (&new.customer_key, new.customer_kind) != (&old.customer_key, old.customer_kind),
            Amends::Customer,
        ),
        (
            (new.credit_role, new.credit_bp, new.credit_minor) != (old.credit_role, old.credit_bp, old.credit_minor),
            Amends::Credit,
        ),
    ];
    let first = differences.into_iter().find(|(differs, _)| *differs);
    first.map_or(Amends::Error, |(_, what)| what)
}
