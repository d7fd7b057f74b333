//! Dispositions: the closed list of call results, the step that each proves, and its names.

use crate::field::{Field, FieldValue, Kind, unfit};
use crate::reject::Reject;
use crate::symbol::{Amd, Step};

macro_rules! dispositions {
    ($($variant:ident = $text:literal, $zh:literal, $step:ident, $marks:literal;)*) => {
        /// Result of a call.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Disposition { $(#[doc = concat!("`", $text, "`: ", $zh)] $variant,)* }

        impl Disposition {
            /// The symbols in order.
            pub const SYMBOLS: &'static [&'static str] = &[$($text,)*];
            /// The dispositions in order.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// The symbol.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text,)* }
            }

            /// The Chinese name.
            pub fn name_zh(self) -> &'static str {
                match self { $(Self::$variant => $zh,)* }
            }

            /// The disposition of exactly that symbol.
            pub fn from_symbol(text: &str) -> Option<Self> {
                match text { $($text => Some(Self::$variant),)* _ => None }
            }

            fn row(self) -> (Step, &'static str) {
                match self { $(Self::$variant => (Step::$step, $marks),)* }
            }
        }
    };
}

// Marks: U = unworkable, do not dial again; O = an objection to being called.
dispositions! {
    Undisposed = "undisposed", "未处置", Dial, "";
    Blocked = "blocked", "外呼拦截", None, "";
    NoAnswer = "no_answer", "无人接听", Dial, "";
    Busy = "busy", "占线", Dial, "";
    Rejected = "rejected", "拒接", Dial, "";
    Cancelled = "cancelled", "主动取消", Dial, "";
    Failed = "failed", "呼叫失败", Dial, "";
    InvalidNumber = "invalid_number", "空号停机", Dial, "U";
    Machine = "machine", "语音信箱", Connect, "";
    MessageLeft = "message_left", "已留言", Connect, "";
    Screened = "screened", "来电助手", Connect, "";
    Fax = "fax", "传真", Connect, "U";
    Abandoned = "abandoned", "呼损", Live, "";
    HungUpEarly = "hung_up_early", "接通即挂", Live, "";
    WrongNumber = "wrong_number", "打错", Contact, "U";
    ThirdParty = "third_party", "他人接听", Contact, "";
    LanguageBarrier = "language_barrier", "语言不通", Contact, "";
    DoNotCall = "do_not_call", "拒绝联系", Contact, "UO";
    Transferred = "transferred", "已转接", Contact, "";
    Callback = "callback", "预约回拨", Rpc, "";
    NotInterestedEarly = "not_interested_early", "未介绍即拒", Rpc, "";
    NotEligible = "not_eligible", "不符条件", Rpc, "U";
    AlreadyCustomer = "already_customer", "已是客户", Rpc, "";
    NotInterested = "not_interested", "无意向", Pitch, "";
    Declined = "declined", "报价后拒绝", Pitch, "";
    FollowUp = "follow_up", "跟进中", Pitch, "";
    InformationSent = "information_sent", "已发资料", Interested, "";
    Interested = "interested", "有意向", Interested, "";
    Appointment = "appointment", "已约见", Interested, "";
    OrderPending = "order_pending", "待签约付款", Interested, "";
    Sale = "sale", "成交", Win, "";
    Service = "service", "售后服务", None, "";
    Test = "test", "测试", None, "";
}

/// What the step of an undisposed leg is judged by.
#[derive(Debug, Clone, Copy, Default)]
pub struct Undisposed {
    /// Whether the customer answered.
    pub answered: bool,
    /// Answering-machine detection.
    pub amd: Option<Amd>,
    /// Whether a rep was on the leg.
    pub with_rep: bool,
    /// Talk in milliseconds.
    pub talk_ms: Option<i64>,
    /// Talk from which a contact is assumed, in milliseconds.
    pub contact_min_ms: i64,
}

impl Disposition {
    /// Whether the number should not be dialled again.
    pub fn is_unworkable(self) -> bool {
        self.row().1.contains('U')
    }

    /// Whether it is an objection to being called.
    pub fn is_objection(self) -> bool {
        self.row().1.contains('O')
    }

    /// The step that the disposition proves; of an undisposed leg the step that its times prove.
    pub fn step(self, undisposed: Undisposed) -> Step {
        if self != Self::Undisposed {
            return self.row().0;
        }
        match undisposed.amd {
            _ if !undisposed.answered => Step::Dial,
            Some(Amd::Machine | Amd::Fax) => Step::Connect,
            Some(Amd::Human | Amd::Undecided) | None => {
                let talked = undisposed
                    .talk_ms
                    .is_some_and(|talk_ms| talk_ms >= undisposed.contact_min_ms);
                if undisposed.with_rep && talked {
                    Step::Contact
                } else {
                    Step::Live
                }
            }
        }
    }
}

#[expect(clippy::derivable_impls, reason = "the macro declares all variants alike")]
impl Default for Disposition {
    fn default() -> Self {
        Self::Undisposed
    }
}

impl serde::Serialize for Disposition {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> serde::Deserialize<'de> for Disposition {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = compact_str::CompactString::deserialize(deserializer)?;
        Ok(Self::from_symbol(&text).unwrap_or_default())
    }
}

impl Field for Disposition {
    const KIND: Kind = Kind::Symbol(Self::SYMBOLS);
    fn is_absent(&self) -> bool {
        false
    }
    fn assign(&mut self, value: &FieldValue) -> Result<(), Reject> {
        let FieldValue::Text(text) = value else {
            return Err(unfit("a disposition"));
        };
        *self = Self::from_symbol(text).ok_or_else(|| unfit(&format!("one of {}", Self::SYMBOLS.join(", "))))?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn undisposed_legs_are_judged_by_their_times() {
        let base = Undisposed {
            answered: true,
            amd: None,
            with_rep: true,
            talk_ms: Some(10_000),
            contact_min_ms: 10_000,
        };
        for (case, step) in [
            (
                Undisposed {
                    answered: false,
                    ..base
                },
                Step::Dial,
            ),
            (
                Undisposed {
                    amd: Some(Amd::Machine),
                    ..base
                },
                Step::Connect,
            ),
            (
                Undisposed {
                    with_rep: false,
                    ..base
                },
                Step::Live,
            ),
            (base, Step::Contact),
            (
                Undisposed {
                    talk_ms: Some(9_999),
                    ..base
                },
                Step::Live,
            ),
            (Undisposed { talk_ms: None, ..base }, Step::Live),
        ] {
            assert_eq!(Disposition::Undisposed.step(case), step, "{case:?}");
        }
    }

    #[test]
    fn only_do_not_call_is_an_objection() {
        let objections: Vec<_> = Disposition::ALL.iter().filter(|d| d.is_objection()).collect();
        assert_eq!(objections, [&Disposition::DoNotCall]);
        assert_eq!(Disposition::ALL.iter().filter(|d| d.is_unworkable()).count(), 5);
    }
}
