//! The policy: every bound by which targets are planned and moved, in one versioned document.
//!
//! All numbers are integers: ppm, days, counts. The document itself is [`Policy::canonical`], so that two policies are
//! equal if and only if their bytes are.

use paceline_schemas::time::Day;
use serde::{Deserialize, Serialize};

use crate::canonical;
use crate::error::Class;

/// One key of the policy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Key {
    /// Name.
    pub name: &'static str,
    /// What holds where the document says nothing.
    pub default: i64,
    /// Least value.
    pub min: i64,
    /// Greatest value.
    pub max: i64,
    /// Meaning with unit.
    pub doc: &'static str,
}

macro_rules! policy {
    ($($name:ident = $default:literal, $min:literal ..= $max:literal, $doc:literal;)*) => {
        /// The bounds of decisions about targets.
        #[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
        #[serde(default, deny_unknown_fields)]
        pub struct Policy {
            $(#[doc = $doc] pub $name: i64,)*
            /// Spans in which no target moves.
            pub freezes: Vec<Freeze>,
        }

        impl Policy {
            /// The keys in the order of the document.
            pub const KEYS: &'static [Key] = &[$(Key {
                name: stringify!($name), default: $default, min: $min, max: $max, doc: $doc,
            },)*];

            fn values(&self) -> Vec<(&'static Key, i64)> {
                Self::KEYS.iter().zip([$(self.$name,)*]).collect()
            }
        }

        impl Default for Policy {
            fn default() -> Self {
                Self { $($name: $default,)* freezes: Vec::new() }
            }
        }
    };
}

policy! {
    interval_ppm = 900_000, 800_000..=990_000, "Share of the posterior within the interval, ppm";
    band_ppm = 30_000, 0..=200_000, "Distance from 1 within which performance over target is no reason to move, ppm";
    evidence_days = 56, 14..=180, "Days of evidence, the last one included";
    expected_min = 20, 5..=1_000_000, "Expected count from which the evidence of a count suffices";
    denominator_min = 200, 50..=1_000_000, "Denominator from which the evidence of a rate suffices";
    deals_min = 20, 5..=1_000_000, "Deals from which the evidence of money suffices";
    confirmations = 2, 1..=4, "Evaluations of the same sign before a target moves";
    confirm_gap_workdays = 10, 1..=40, "Working days from one counted evaluation to the next";
    cooldown_workdays = 20, 5..=120, "Working days from one change to the next";
    cap_step_ppm = 150_000, 10_000..=500_000, "Greatest change at once, ppm";
    cap_quarter_ppm = 250_000, 10_000..=500_000, "Greatest change within a quarter, ppm";
    material_ppm = 20_000, 0..=100_000, "Least change of what is left, ppm";
    freeze_tail_workdays = 5, 0..=15, "Working days that must be left of a month that changes";
    notice_workdays = 5, 0..=40, "Working days between the evidence and the change";
    authority_policy_ppm = 50_000, 0..=500_000, "Greatest change without a person, ppm";
    authority_team_ppm = 100_000, 0..=500_000, "Greatest change that the manager of the team approves, ppm";
    authority_site_ppm = 200_000, 0..=500_000, "Greatest change that the manager of the site approves, ppm";
    missing_max_ppm = 10_000, 0..=1_000_000, "Greatest share of events of the window among dead letters, ppm";
    reserve_bounds_ppm = 50_000, 0..=500_000, "Greatest reserve, either sign, as a share of the parent's value, ppm";
    peers_min = 8, 2..=1_000, "Reps of a peer group; a smaller one is widened";
    share_history_ppm = 300_000, 0..=1_000_000, "Weight of past results in the shares of a plan, ppm";
    share_even_ppm = 100_000, 0..=1_000_000, "Weight of equal shares in the shares of a plan, ppm";
    history_days = 365, 28..=1_096, "Days of past results in the shares of a plan";
}

/// A span in which no target moves.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Freeze {
    /// First day.
    pub from: Day,
    /// Last day.
    pub to: Day,
    /// Why.
    pub reason: String,
}

/// A value of a policy that does not stand.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("policy `{key}`: {detail}")]
pub struct PolicyFault {
    /// The key.
    pub key: &'static str,
    /// What is wrong and what is allowed.
    pub detail: String,
}

impl PolicyFault {
    /// A policy is what a person wrote.
    pub fn class(&self) -> Class {
        Class::Input
    }
}

impl Policy {
    /// The document in its one form: RFC 8785.
    pub fn canonical(&self) -> String {
        canonical::of(self)
    }

    /// Everything that is wrong with it.
    pub fn faults(&self) -> Vec<PolicyFault> {
        let ranged = self.values().into_iter().filter_map(|(key, value)| {
            let (min, max) = (key.min, key.max);
            (!(min..=max).contains(&value)).then(|| PolicyFault {
                key: key.name,
                detail: format!("`{value}` is not from {min} to {max}"),
            })
        });
        let ordered =
            self.authority_policy_ppm <= self.authority_team_ppm && self.authority_team_ppm <= self.authority_site_ppm;
        let authority = (!ordered).then(|| PolicyFault {
            key: "authority_team_ppm",
            detail: "the authority of policy, team and site must not fall".to_owned(),
        });
        let shares = (self.share_history_ppm + self.share_even_ppm == 0).then(|| PolicyFault {
            key: "share_even_ppm",
            detail: "past results and equal shares cannot both have no weight".to_owned(),
        });
        let freezes = self.freezes.iter().filter(|freeze| freeze.to < freeze.from);
        let freezes = freezes.map(|freeze| PolicyFault {
            key: "freezes",
            detail: format!("{} lies before {}", freeze.to, freeze.from),
        });
        ranged.chain(authority).chain(shares).chain(freezes).collect()
    }

    /// The freeze that holds on `day`.
    pub fn freeze_on(&self, day: Day) -> Option<&Freeze> {
        self.freezes
            .iter()
            .find(|freeze| (freeze.from..=freeze.to).contains(&day))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_defaults_stand_and_every_key_has_its_range() {
        assert_eq!(Policy::default().faults(), []);
        for key in Policy::KEYS {
            assert!((key.min..=key.max).contains(&key.default), "{}", key.name);
        }
    }

    #[test]
    fn all_faults_are_told_at_once() {
        let policy = Policy {
            band_ppm: -1,
            confirmations: 9,
            authority_policy_ppm: 300_000,
            share_history_ppm: 0,
            share_even_ppm: 0,
            ..Policy::default()
        };
        let keys: Vec<_> = policy.faults().iter().map(|fault| fault.key).collect();
        assert_eq!(
            keys,
            ["band_ppm", "confirmations", "authority_team_ppm", "share_even_ppm"]
        );
    }

    #[test]
    fn a_document_says_only_what_differs_and_unknown_keys_are_refused() {
        let policy: Policy = serde_json::from_str(r#"{"confirmations":1}"#).expect("policy");
        assert_eq!((policy.confirmations, policy.band_ppm), (1, 30_000));
        assert!(serde_json::from_str::<Policy>(r#"{"confirmation":1}"#).is_err());
        let again: Policy = serde_json::from_str(&policy.canonical()).expect("policy");
        assert_eq!(again, policy);
    }
}
