//! Which fields of its family each type carries.

use crate::field::FieldSpec;

use super::{EventType, Family};

impl EventType {
    /// The fields that data of the type carry, in the order of their declaration.
    pub fn fields(self) -> impl Iterator<Item = &'static FieldSpec> {
        let all = self.family().fields().iter();
        all.filter(move |spec| self.carries(spec.name))
    }

    /// True when the field `name` of the family has a meaning for the type. The decoder ignores none of the others.
    pub fn carries(self, name: &str) -> bool {
        match self.family() {
            Family::Call => self == Self::CallAmended || !is_of_correction(name),
            Family::Deal => self.carries_of_deal(name),
            Family::Lead => self.carries_of_lead(name),
            Family::State => true,
            Family::People => self.carries_of_people(name),
            Family::Target => self.carries_of_target(name),
            Family::Tick => false,
        }
    }

    fn carries_of_target(self, name: &str) -> bool {
        let of_all = ["decided_by", "decider_id", "comment", "policy_version", "reason_code"];
        let row = ["parent_target_id", "evidence", "checks", "outcome", "authority"];
        let change = [
            "against",
            "old_value",
            "proposed_value",
            "uncapped_value",
            "supersedes_version",
            "effective_at",
        ];
        let own: &[&[&str]] = match self {
            Self::TargetLocked => &[&["bound", "proposal_id"]],
            Self::TargetProposed => &[&row, &change],
            Self::TargetReviewed => &[&row, &["old_value", "proposed_value", "uncapped_value", "effective_at"]],
            Self::TargetAdjusted => &[&row, &change, &["method"]],
            _ => &[],
        };
        let is_own = own.iter().any(|names| names.contains(&name));
        self.required().contains(&name) || is_own || of_all.contains(&name)
    }

    fn carries_of_deal(self, name: &str) -> bool {
        use EventType as E;
        let outcome = !matches!(self, E::DealOpened | E::DealStageChanged);
        match name {
            "from_stage_id" | "to_stage_id" | "reopened" => self == E::DealStageChanged,
            "stage_rank" | "expected_close_on" | "probability_bp" | "forecast_category" => {
                !outcome || self == E::DealAmended
            }
            "term_months" => matches!(self, E::DealWon | E::DealAmended),
            "reinstated" => self == E::DealWon,
            "lost_reason" | "competitor" => matches!(self, E::DealLost | E::DealAmended),
            "supersedes" | "amends" | "status" | "merged_into" | "credit_refunded_minor" => self == E::DealAmended,
            "cancels" | "in_cooling_off" => self == E::DealCancelled,
            "refunds" | "refund_id" | "refund_minor" | "credit_refund_minor" => self == E::DealRefunded,
            "reason" => matches!(self, E::DealCancelled | E::DealRefunded),
            "full" => matches!(self, E::DealAmended | E::DealRefunded),
            "previous" => self != E::DealOpened,
            _ => true,
        }
    }

    fn carries_of_lead(self, name: &str) -> bool {
        match name {
            "origin" => self != Self::LeadTransferred,
            "from_rep_id" | "to_rep_id" | "reason" | "side" => self == Self::LeadTransferred,
            "supersedes" | "previous" | "retracted" => self == Self::LeadAmended,
            _ => true,
        }
    }

    fn carries_of_people(self, name: &str) -> bool {
        let of_all = ["revision", "flags", "supersedes", "attributes"];
        let own: &[&str] = match self {
            Self::OrgDefined => &[
                "node_id",
                "kind",
                "parent_id",
                "name",
                "site_id",
                "valid_from",
                "valid_to",
            ],
            Self::RepHired => &["display_name", "prior_experience_months", "aliases", "manager_id"],
            Self::RepAssigned => &["valid_from", "valid_to", "aliases", "manager_id"],
            Self::RepRostered => &["on", "shifts"],
            Self::RepAbsent => &["from", "to", "kind", "portion_bp", "retracted"],
            Self::RepLeft => &["left_on", "kind"],
            Self::CustomerObjected => &["scope", "scope_id", "channel", "origin", "event_id"],
            _ => &[],
        };
        self.required().contains(&name) || own.contains(&name) || of_all.contains(&name)
    }
}

fn is_of_correction(name: &str) -> bool {
    matches!(name, "supersedes" | "reason" | "previous" | "retracted")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_type_carries_what_it_requires_and_every_field_has_a_type() {
        for event_type in EventType::ALL {
            for name in event_type.required() {
                assert!(event_type.carries(name), "{} {name}", event_type.name());
            }
        }
        let families = [
            Family::Call,
            Family::Deal,
            Family::Lead,
            Family::State,
            Family::People,
            Family::Target,
        ];
        for family in families {
            for spec in family.fields() {
                let carried = EventType::ALL
                    .iter()
                    .any(|t| t.family() == family && t.carries(spec.name));
                assert!(carried, "{family:?} {}", spec.name);
            }
        }
    }
}
