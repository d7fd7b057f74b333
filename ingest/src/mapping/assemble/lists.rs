//! Fields that are lists: shares of a deal, other names of a rep, shifts of a day.

use paceline_schemas::event::Data;
use paceline_schemas::event::people::{Alias, Shift};
use paceline_schemas::field::{FieldValue, Milliseconds};
use paceline_schemas::ids::{IdError, Label, RepId, Source};
use paceline_schemas::reject::{Reason, Reject};
use paceline_schemas::symbol::CreditRole;

use super::{Assembly, Notes};
use crate::draft::Share;
use crate::mapping::value::{Converted, Value};

impl<'a> Assembly<'a> {
    pub(super) fn fill_splits(&mut self, items: &'a [(Value, Value, Value)], notes: &mut Notes) -> Result<(), Reject> {
        let mut total_bp = 0;
        for (rep, role, bp) in items {
            let Some(text) = self.read(rep, notes)? else { continue };
            let name = self.rep(&text.value)?;
            let role_text = self.read(role, notes)?.ok_or_else(|| Reject::missing("role"))?;
            let role = CreditRole::from_symbol(&role_text.value)
                .ok_or_else(|| Reject::new(Reason::SchemaViolation, "expected owner, split or overlay"))?;
            let bp_text = self.read(bp, notes)?.ok_or_else(|| Reject::missing("bp"))?;
            let Converted::Ready(FieldValue::Integer(bp)) = bp.convert(&bp_text.value)? else {
                continue;
            };
            let rep_id = RepId::new(&name).map_err(|error| Reject::new(Reason::SchemaViolation, error.to_string()))?;
            total_bp += if role == CreditRole::Overlay { 0 } else { bp };
            self.splits.push(Share { rep_id, role, bp });
        }
        let owners = self
            .splits
            .iter()
            .filter(|share| share.role == CreditRole::Owner)
            .count();
        if !self.splits.is_empty()
            && (owners != 1 || total_bp != 10_000 || self.splits.iter().any(|share| share.bp < 0))
        {
            let detail = format!("{owners} owners, {total_bp} basis points: expected 1 and 10000");
            return Err(Reject::new(Reason::SchemaViolation, detail));
        }
        Ok(())
    }

    pub(super) fn fill_aliases(&mut self, items: &'a [(Value, Value)], notes: &mut Notes) -> Result<(), Reject> {
        let wrong = |error: IdError| Reject::new(Reason::SchemaViolation, error.to_string());
        for (source, native_id) in items {
            let (Some(source), Some(native_id)) = (self.read(source, notes)?, self.read(native_id, notes)?) else {
                continue;
            };
            // A connection of this tenant by its name, or any source in full.
            let source = if source.value.starts_with("//") {
                Source::new(&source.value)
            } else {
                self.stamper.source(&source.value)
            };
            let alias = Alias {
                source: source.map_err(wrong)?,
                native_id: Label::new(&native_id.value).map_err(wrong)?,
            };
            if let Data::People(data) = &mut self.data {
                data.aliases.push(alias);
            }
        }
        Ok(())
    }

    pub(super) fn fill_shifts(&mut self, items: &'a [(Value, Value, Value)], notes: &mut Notes) -> Result<(), Reject> {
        for (start, end, paid) in items {
            let (Some(start), Some(end)) = (self.stated(start, notes)?, self.stated(end, notes)?) else {
                continue;
            };
            let (Some(starts_at), Some(ends_at)) = (self.instant(start, false), self.instant(end, false)) else {
                continue;
            };
            let paid_ms = match self.read(paid, notes)? {
                Some(text) => match paid.convert(&text.value)? {
                    Converted::Ready(FieldValue::Integer(ms)) => ms,
                    _ => return Err(Reject::new(Reason::SchemaViolation, "a paid time below 0")),
                },
                None => (ends_at.0 - starts_at.0) / 1_000,
            };
            if ends_at < starts_at {
                return Err(Reject::new(
                    Reason::SchemaViolation,
                    "`ends_at` lies before `starts_at`",
                ));
            }
            if let Data::People(data) = &mut self.data {
                data.shifts.push(Shift {
                    starts_at,
                    ends_at,
                    paid_ms: Milliseconds(paid_ms),
                });
            }
        }
        Ok(())
    }
}
