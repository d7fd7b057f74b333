//! Upcasting: data of an older major version become data of the current one when they are read.
//!
//! Steps are pure functions of the old data and never fail on what the old decoder accepted. Stored events stay as they are.

use std::borrow::Cow;

use serde_json::Value;

use crate::event::EventType;
use crate::reject::{Reason, Reject};

/// One step: data of a major version to data of the next.
pub type Step = fn(Value) -> Value;

/// All steps ever released, by type and by the major version that each reads. Every type is at its first.
pub const RELEASED: Upcasters<'static> = Upcasters(&[]);

/// A table of steps.
#[derive(Debug, Clone, Copy)]
pub struct Upcasters<'a>(&'a [(EventType, u32, Step)]);

impl Upcasters<'_> {
    /// The newest major version of a type.
    pub fn current(&self, event_type: EventType) -> u32 {
        let steps = self.0.iter().filter(|(of, ..)| *of == event_type);
        steps.map(|(_, from, _)| from + 1).max().unwrap_or(1)
    }

    /// Brings data of `major` to the current version of their type; data of the current one are passed on untouched.
    ///
    /// # Errors
    /// `unsupported_version` for a major version that this release does not know, `malformed` for data that are no JSON.
    pub fn raise<'r>(&self, event_type: EventType, major: u32, raw: &'r str) -> Result<Cow<'r, str>, Reject> {
        let current = self.current(event_type);
        if major == current {
            return Ok(Cow::Borrowed(raw));
        }
        let Some(first) = self.step(event_type, major) else {
            let detail = format!("`dataschema`: major version {major}, this release knows 1 to {current}");
            return Err(Reject::new(Reason::UnsupportedVersion, detail));
        };
        let old = serde_json::from_str(raw).map_err(|_| Reject::new(Reason::Malformed, "`data`: no JSON object"))?;
        let next = (major + 1..current).filter_map(|from| self.step(event_type, from));
        let new = next.fold(first(old), |data, step| step(data));
        Ok(Cow::Owned(new.to_string()))
    }

    fn step(&self, event_type: EventType, major: u32) -> Option<Step> {
        self.0
            .iter()
            .find(|(of, from, _)| *of == event_type && *from == major)
            .map(|(.., step)| *step)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const LOST: EventType = EventType::DealLost;

    // Version 2 renames `why`, version 3 splits it into reason and competitor.
    const MADE_UP: Upcasters<'static> = Upcasters(&[(LOST, 2, split), (LOST, 1, rename)]);

    fn rename(mut data: Value) -> Value {
        let why = data.as_object_mut().and_then(|fields| fields.remove("why"));
        data["cause"] = why.unwrap_or_default();
        data
    }

    fn split(mut data: Value) -> Value {
        let cause = data.as_object_mut().and_then(|fields| fields.remove("cause"));
        let text = cause.as_ref().and_then(Value::as_str).unwrap_or_default();
        let (reason, competitor) = text.split_once('/').unwrap_or((text, ""));
        data["lost_reason"] = json!(reason);
        data["competitor"] = json!(competitor);
        data
    }

    fn raised(major: u32, raw: &str) -> Result<Value, Reason> {
        let raised = MADE_UP.raise(LOST, major, raw).map_err(|reject| reject.reason)?;
        Ok(parsed(&raised))
    }

    fn parsed(raw: &str) -> Value {
        serde_json::from_str(raw).expect("JSON")
    }

    #[test]
    fn every_older_version_runs_the_rest_of_the_chain() {
        let now = json!({"deal_id": "D1", "lost_reason": "competitor", "competitor": "Northwind"});
        let first = r#"{"deal_id":"D1","why":"competitor/Northwind"}"#;
        let second = r#"{"deal_id":"D1","cause":"competitor/Northwind"}"#;
        assert_eq!(raised(1, first), Ok(now.clone()));
        assert_eq!(raised(2, second), Ok(now.clone()));
        assert_eq!(raised(3, &now.to_string()), Ok(now));
        assert_eq!(raised(1, "{"), Err(Reason::Malformed));
    }

    #[test]
    fn the_current_version_is_passed_on_byte_for_byte() {
        let raw = "{ \"deal_id\" : \"D1\" }";
        assert!(matches!(RELEASED.raise(LOST, 1, raw), Ok(Cow::Borrowed(same)) if same == raw));
    }

    #[test]
    fn versions_outside_of_the_chain_are_refused() {
        for major in [0, 4, u32::MAX] {
            assert_eq!(raised(major, "{}"), Err(Reason::UnsupportedVersion), "{major}");
        }
        assert_eq!(MADE_UP.current(EventType::DealWon), 1);
        assert!(MADE_UP.raise(EventType::DealWon, 2, "{}").is_err());
    }

    #[test]
    fn released_steps_leave_no_gap() {
        for event_type in EventType::ALL {
            let current = RELEASED.current(*event_type);
            assert!((1..current).all(|major| RELEASED.step(*event_type, major).is_some()));
        }
    }
}
