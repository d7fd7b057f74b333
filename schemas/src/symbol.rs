//! Closed lists of symbols, one enum each.

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::field::{Field, FieldValue, Kind, unfit};
use crate::reject::Reject;

macro_rules! symbols {
    ($($(#[$doc:meta])* $name:ident { $($(#[$vdoc:meta])* $variant:ident = $text:literal,)* } else $fallback:tt)*) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $name { $($(#[$vdoc])* #[doc = concat!("`", $text, "`.")] $variant,)* }

        impl $name {
            /// The symbols in order.
            pub const SYMBOLS: &'static [&'static str] = &[$($text,)*];
            /// The values in order.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// The symbol.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text,)* }
            }

            /// The value of exactly that symbol.
            pub fn from_symbol(text: &str) -> Option<Self> {
                match text { $($text => Some(Self::$variant),)* _ => None }
            }

            /// The value of a symbol; one that is not known falls back to `unknown` where the list has it.
            pub fn lenient(text: &str) -> Option<Self> {
                Self::from_symbol(text).or(symbols!(@fallback $fallback))
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.as_str())
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = compact_str::CompactString::deserialize(deserializer)?;
                Self::lenient(&text).ok_or_else(|| serde::de::Error::custom("not a symbol of the list"))
            }
        }

        impl Default for $name {
            fn default() -> Self {
                Self::ALL[0]
            }
        }

        impl Field for $name {
            const KIND: Kind = Kind::Symbol(Self::SYMBOLS);
            fn is_absent(&self) -> bool {
                false
            }
            fn assign(&mut self, value: &FieldValue) -> Result<(), Reject> {
                let FieldValue::Text(text) = value else { return Err(unfit("a symbol")) };
                *self = Self::lenient(text).ok_or_else(|| unfit(&format!("one of {}", Self::SYMBOLS.join(", "))))?;
                Ok(())
            }
        }
    )*};
    (@fallback none) => { None };
    (@fallback $variant:ident) => { Some(Self::$variant) };
}

symbols! {
    /// How far a call went; each step includes the ones before it.
    Step {
        None = "none", Dial = "dial", Connect = "connect", Live = "live", Contact = "contact", Rpc = "rpc",
        Pitch = "pitch", Interested = "interested", Win = "win",
    } else none
    /// Part of a leg in its conversation.
    LegRole {
        First = "first", TransferIn = "transfer_in", Consult = "consult", Conference = "conference", Unknown = "unknown",
    } else Unknown
    /// Where a leg was passed on to.
    TransferredTo {
        Rep = "rep", Queue = "queue", External = "external", Voicemail = "voicemail", Unknown = "unknown",
    } else Unknown
    /// Who called whom.
    Direction {
        Outbound = "outbound", Inbound = "inbound", Callback = "callback", Internal = "internal", Unknown = "unknown",
    } else Unknown
    /// How the dialer placed the call.
    DialMode {
        Manual = "manual", Preview = "preview", Click = "click", Progressive = "progressive", Predictive = "predictive",
        Unknown = "unknown",
    } else Unknown
    /// Answering-machine detection.
    Amd { Human = "human", Machine = "machine", Fax = "fax", Undecided = "undecided", } else Undecided
    /// Who ended the call.
    EndedBy {
        Customer = "customer", Rep = "rep", System = "system", Transfer = "transfer", Unknown = "unknown",
    } else Unknown
    /// Why a later version of a call was made.
    CallReason {
        DispositionSet = "disposition_set", VendorUpdate = "vendor_update", Correction = "correction",
        Reattributed = "reattributed", Merged = "merged", Unknown = "unknown",
    } else Unknown
    /// A rep's part in a deal.
    CreditRole { Owner = "owner", Split = "split", Overlay = "overlay", } else none
    /// Whether a customer is new.
    CustomerKind {
        Unknown = "unknown", New = "new", Retained = "retained", Reactivated = "reactivated",
    } else Unknown
    /// The outcome of a deal.
    Outcome { Open = "open", Won = "won", Lost = "lost", Cancelled = "cancelled", } else none
    /// Forecast category.
    ForecastCategory {
        Pipeline = "pipeline", BestCase = "best_case", Commit = "commit", Omitted = "omitted", Unknown = "unknown",
    } else Unknown
    /// Why a deal was lost.
    LostReason {
        Price = "price", Competitor = "competitor", NoNeed = "no_need", NoBudget = "no_budget", Timing = "timing",
        Unreachable = "unreachable", NotEligible = "not_eligible", Duplicate = "duplicate", Other = "other",
        Unknown = "unknown",
    } else Unknown
    /// Why a win was cancelled or refunded.
    CancelReason {
        Customer = "customer", PaymentFailed = "payment_failed", CheckFailed = "check_failed", Voided = "voided",
        Duplicate = "duplicate", Reopened = "reopened", Merged = "merged", Unknown = "unknown",
    } else Unknown
    /// What an amendment of a deal restates.
    Amends {
        Amount = "amount", Currency = "currency", WonAt = "won_at", LostAt = "lost_at", Product = "product",
        Customer = "customer", Credit = "credit", Stage = "stage", Merge = "merge", Error = "error",
    } else none
    /// How a lead came to its rep.
    LeadOrigin {
        List = "list", Website = "website", Inbound = "inbound", Referral = "referral", Pool = "pool",
        Manual = "manual", Unknown = "unknown",
    } else Unknown
    /// Why a lead was transferred.
    TransferReason {
        Absence = "absence", Left = "left", Workload = "workload", Skill = "skill", PoolReturn = "pool_return",
        Request = "request", Unknown = "unknown",
    } else Unknown
    /// Which of two reps a transfer counts for.
    Side { Out = "out", In = "in", } else none
    /// State of a rep.
    RepStateKind {
        Ready = "ready", Dialing = "dialing", Ringing = "ringing", Talking = "talking", Holding = "holding",
        Wrapping = "wrapping", Paused = "paused", Offline = "offline", Unknown = "unknown",
    } else Unknown
    /// Class of a pause.
    PauseClass { Productive = "productive", Unproductive = "unproductive", Break = "break", } else none
    /// Kind of a node, of an absence, or of how employment ended; each type takes its own.
    PeopleKind {
        Company = "company", Site = "site", Team = "team", Leave = "leave", Sick = "sick", Training = "training",
        Holiday = "holiday", Other = "other", Resigned = "resigned", Dismissed = "dismissed",
        Transferred = "transferred", Ended = "ended", Unknown = "unknown",
    } else Unknown
    /// Role of a rep.
    Role {
        Seller = "seller", Closer = "closer", Setter = "setter", Lead = "lead", Manager = "manager", Other = "other",
    } else Other
    /// Kind of a node that has targets.
    NodeKind { Rep = "rep", Reserve = "reserve", Team = "team", Site = "site", Company = "company", } else none
    /// Kind of a period, by the fiscal calendar.
    PeriodKind {
        Day = "day", Week = "week", Month = "month", Quarter = "quarter", Half = "half", Year = "year",
    } else none
    /// Who decided about a target.
    DecidedBy { Policy = "policy", Person = "person", Import = "import", } else none
    /// What the value of a node and period is held to; `entered` and `value` are met exactly.
    Lock { None = "none", Entered = "entered", Value = "value", Floor = "floor", Ceiling = "ceiling", } else none
    /// How a recalibration ended.
    Recalibrated {
        Applied = "applied", Proposed = "proposed", Watching = "watching", Kept = "kept",
        NeedsParent = "needs_parent", Routed = "routed_to_market",
    } else none
    /// Whose approval a change needs, the least first.
    Authority { Policy = "policy", Team = "team", Site = "site", Company = "company", } else none
    /// What an objection covers.
    ObjectionScope { Tenant = "tenant", Campaign = "campaign", Product = "product", } else none
    /// Channel of an objection.
    ObjectionChannel { Call = "call", Sms = "sms", All = "all", } else none
    /// How an objection was made.
    ObjectionOrigin {
        Call = "call", Web = "web", Letter = "letter", Regulator = "regulator", Import = "import",
    } else none
    /// What `ingest` assumed or mended.
    Flag {
        AgentMissing = "agent_missing", AmountRounded = "amount_rounded", AnswerUnknown = "answer_unknown",
        Clamped = "clamped", CurrencyDefaulted = "currency_defaulted", DispositionUnmapped = "disposition_unmapped",
        DurationMismatch = "duration_mismatch", EnumUnknown = "enum_unknown", KindDerived = "kind_derived",
        LegOrphaned = "leg_orphaned", LocalTimeAmbiguous = "local_time_ambiguous", LocalTimeGap = "local_time_gap",
        NegativeDuration = "negative_duration", NumberMasked = "number_masked", NumberUnparsed = "number_unparsed",
        RepUnmapped = "rep_unmapped", RevisionByArrival = "revision_by_arrival", SiteDefaulted = "site_defaulted",
        TimeAssumed = "time_assumed", TimeOfDayAssumed = "time_of_day_assumed",
    } else none
}

/// A set of flags, kept in the order of the list.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Flags(pub Vec<Flag>);

impl Flags {
    /// Adds `flag` once.
    pub fn raise(&mut self, flag: Flag) {
        if let Err(at) = self.0.binary_search(&flag) {
            self.0.insert(at, flag);
        }
    }

    /// True when `flag` is raised.
    pub fn has(&self, flag: Flag) -> bool {
        self.0.contains(&flag)
    }

    /// The flags as one text, space separated.
    pub fn joined(&self) -> String {
        self.0.iter().map(|flag| flag.as_str()).collect::<Vec<_>>().join(" ")
    }
}

impl Field for Flags {
    const KIND: Kind = Kind::Symbols(Flag::SYMBOLS);
    fn is_absent(&self) -> bool {
        self.0.is_empty()
    }
    fn assign(&mut self, _: &FieldValue) -> Result<(), Reject> {
        Err(unfit("no value: ingest stamps this field"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_symbol_that_is_not_known_becomes_unknown_where_the_list_has_it() {
        assert_eq!(Direction::lenient("sideways"), Some(Direction::Unknown));
        assert_eq!(Outcome::lenient("sideways"), None);
        assert_eq!(Role::lenient("sideways"), Some(Role::Other));
    }

    #[test]
    fn steps_are_ordered() {
        assert!(Step::Dial < Step::Connect && Step::Contact < Step::Rpc && Step::Interested < Step::Win);
    }

    #[test]
    fn flags_are_kept_once_and_in_order() {
        let mut flags = Flags::default();
        flags.raise(Flag::TimeAssumed);
        flags.raise(Flag::AgentMissing);
        flags.raise(Flag::TimeAssumed);
        assert_eq!(flags.joined(), "agent_missing time_assumed");
    }
}
