//! Reps as rows name them.

use paceline_schemas::ids::{IdError, RepId};
use paceline_schemas::reject::{Reason, Reject};

use super::{CompiledMapping, Namespace};
use crate::stamp::Stamper;

/// The rep whom a row names `native`, and whether the source's own name had to do.
///
/// # Errors
/// Nobody has introduced the rep and the mapping refuses such rows, or the name is no identifier.
pub(super) fn resolve(
    mapping: &CompiledMapping,
    stamper: &Stamper,
    source: &str,
    native: &str,
) -> Result<(RepId, bool), Reject> {
    let refuses = mapping.settings.refuses_unknown_reps;
    let unknown = || {
        Reject::new(
            Reason::UnknownRep,
            "no people event names this rep; import people first",
        )
    };
    let wrong = |error: IdError| Reject::new(Reason::SchemaViolation, error.to_string());
    match mapping.settings.namespace {
        Namespace::Company => {
            let rep_id = RepId::new(native).map_err(wrong)?;
            if refuses && !stamper.directory().is_known(&rep_id) {
                return Err(unknown());
            }
            Ok((rep_id, false))
        }
        Namespace::Aliases => match stamper.directory().resolve(source, native) {
            Some(rep_id) => Ok((rep_id.clone(), false)),
            None if refuses => Err(unknown()),
            None => Ok((
                RepId::new(&format!("{}:{native}", mapping.connection)).map_err(wrong)?,
                true,
            )),
        },
    }
}
