//! Volumes: every measure is one.

use crate::measure::Measure as M;

use super::{Basis, Better, Metric, Sum, Unit};

/// English name, Chinese name and Chinese definition of every measure, in the order of the measures.
static WORDS: [(M, &str, &str, &str); 29] = [
    (M::Dials, "dials", "拨打数", "外呼或系统回拨的首段通话；被拦截的不算"),
    (
        M::Connects,
        "connects",
        "接通数（含语音信箱）",
        "被任何一方应答的拨打：真人、语音信箱、传真、来电助手",
    ),
    (
        M::LiveAnswers,
        "live answers",
        "真人应答数",
        "真人应答的首段通话，无论坐席是否接上",
    ),
    (
        M::Contacts,
        "contacts",
        "有效接触数",
        "坐席与真人通上话的通话段；含首段与转入段",
    ),
    (M::Rpc, "right-party contacts", "本人接通数", "接触到能做决定的人"),
    (M::Pitches, "pitches", "讲解数", "已向对方介绍产品的接触"),
    (
        M::Interested,
        "interested",
        "有意向数",
        "记录了意向的接触；按通话计，不是客户数",
    ),
    (
        M::Wins,
        "wins",
        "成交数",
        "归属为主办人的成交，扣除退单与全额退款，计入成交当日",
    ),
    (
        M::Losses,
        "losses",
        "丢单数",
        "归属为主办人的丢单，扣除重新打开的，计入丢单当日",
    ),
    (
        M::Cancels,
        "cancellations",
        "退单数",
        "因退单而收回的成交，计入退单当日",
    ),
    (
        M::Refunds,
        "refunds",
        "退款数",
        "未退单成交的退款，归属为主办人，计入退款当日",
    ),
    (
        M::CustomersNew,
        "new customers",
        "新客户数",
        "客户为新客户且归属为主办人的成交，随退单与全额退款扣除",
    ),
    (
        M::RevenueMinor,
        "revenue",
        "销售额",
        "成交归属金额（最小货币单位，不含税），扣除退单与退款，计入成交当日",
    ),
    (
        M::WinsBooked,
        "wins booked",
        "签单数",
        "归属为主办人的成交，不因退单或退款收回",
    ),
    (
        M::RevenueBookedMinor,
        "revenue booked",
        "签单额",
        "成交归属金额（最小货币单位），不因退单或退款收回",
    ),
    (
        M::CancelledMinor,
        "revenue cancelled",
        "退单金额",
        "因退单而收回的销售额（最小货币单位），计入退单当日",
    ),
    (
        M::RefundedMinor,
        "revenue refunded",
        "退款金额",
        "退还的销售额（最小货币单位），计入退款当日",
    ),
    (
        M::TalkS,
        "talk time",
        "通话时长",
        "从客户应答到结束的通话秒数，不含保持",
    ),
    (M::HoldS, "hold time", "保持时长", "客户被保持的秒数"),
    (M::RingS, "ring time", "振铃时长", "从发起拨打到应答或结束的秒数"),
    (M::AcwS, "wrap-up time", "话后处理时长", "通话结束后整理的秒数"),
    (
        M::ReadyS,
        "ready time",
        "就绪时长",
        "就绪状态的秒数，取自已结束的状态区间",
    ),
    (
        M::PauseProductiveS,
        "productive pause",
        "生产性小休时长",
        "生产性小休的秒数，取自已结束的状态区间",
    ),
    (
        M::PauseUnproductiveS,
        "unproductive pause",
        "非生产性小休时长",
        "非生产性小休的秒数，取自已结束的状态区间",
    ),
    (M::BreakS, "break", "休息时长", "休息的秒数，取自已结束的状态区间"),
    (
        M::ShortCalls,
        "short calls",
        "超短通话数",
        "已应答但通话短于站点下限（默认 10 秒）的通话段",
    ),
    (
        M::CallbacksDue,
        "call-backs due",
        "预约回拨数",
        "承诺的回拨，计入作出承诺的通话当日",
    ),
    (
        M::CallbacksOnTime,
        "call-backs on time",
        "准时回拨数",
        "在站点时限（默认 15 分钟）内兑现的回拨，计入兑现的通话当日",
    ),
    (M::LeadsAssigned, "leads assigned", "分配线索数", "分配或转入的线索"),
];

/// Every measure as a metric.
pub(super) fn all() -> impl Iterator<Item = Metric> {
    WORDS.iter().map(|(measure, name_en, name_zh, definition_zh)| Metric {
        id: measure.name(),
        numerator: Sum::of(std::slice::from_ref(measure)),
        denominator: None,
        unit: unit(*measure),
        better: better(*measure),
        basis: basis(*measure),
        min_evidence: 0,
        maturity_days: 0,
        recalibrate: matches!(measure, M::Dials | M::Contacts | M::Wins | M::RevenueMinor),
        pairs_with: matches!(measure, M::Dials | M::Connects | M::Contacts).then_some("wins"),
        name_en,
        name_zh,
        definition_en: measure.comment(),
        definition_zh,
    })
}

fn unit(measure: M) -> Unit {
    let name = measure.name();
    if name.ends_with("_minor") {
        Unit::Minor
    } else if name.ends_with("_s") {
        Unit::Seconds
    } else {
        Unit::Count
    }
}

fn better(measure: M) -> Better {
    match measure {
        M::Dials
        | M::Connects
        | M::LiveAnswers
        | M::Contacts
        | M::Rpc
        | M::Pitches
        | M::Interested
        | M::Wins
        | M::CustomersNew
        | M::RevenueMinor
        | M::WinsBooked
        | M::RevenueBookedMinor
        | M::CallbacksOnTime => Better::Up,
        M::Losses
        | M::Cancels
        | M::Refunds
        | M::CancelledMinor
        | M::RefundedMinor
        | M::PauseUnproductiveS
        | M::ShortCalls => Better::Down,
        M::TalkS
        | M::HoldS
        | M::RingS
        | M::AcwS
        | M::ReadyS
        | M::PauseProductiveS
        | M::BreakS
        | M::CallbacksDue
        | M::LeadsAssigned => Better::Neither,
    }
}

fn basis(measure: M) -> Basis {
    match measure {
        M::Wins | M::Losses | M::CustomersNew | M::RevenueMinor => Basis::Restated,
        M::Cancels | M::Refunds | M::WinsBooked | M::RevenueBookedMinor | M::CancelledMinor | M::RefundedMinor => {
            Basis::Booked
        }
        M::Dials
        | M::Connects
        | M::LiveAnswers
        | M::Contacts
        | M::Rpc
        | M::Pitches
        | M::Interested
        | M::TalkS
        | M::HoldS
        | M::RingS
        | M::AcwS
        | M::ReadyS
        | M::PauseProductiveS
        | M::PauseUnproductiveS
        | M::BreakS
        | M::ShortCalls
        | M::CallbacksDue
        | M::CallbacksOnTime
        | M::LeadsAssigned => Basis::Neutral,
    }
}
