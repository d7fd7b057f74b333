//! Ratios of two sums over the same rows.

use crate::measure::Measure as M;

use super::{Basis, Better, Metric, Sum, Unit};

const HANDLING: &[M] = &[M::TalkS, M::HoldS, M::AcwS];
const BUSY: &[M] = &[M::TalkS, M::HoldS, M::AcwS, M::RingS];
const BUSY_OR_READY: &[M] = &[M::TalkS, M::HoldS, M::AcwS, M::RingS, M::ReadyS];

/// Ten hours, of ratios whose denominator is time.
const TEN_HOURS_S: i64 = 36_000;

const SHARE: Metric = Metric {
    id: "",
    numerator: Sum::of(&[]),
    denominator: None,
    unit: Unit::Ppm,
    better: Better::Up,
    basis: Basis::Neutral,
    min_evidence: 100,
    maturity_days: 0,
    recalibrate: false,
    pairs_with: None,
    name_en: "",
    name_zh: "",
    definition_en: "",
    definition_zh: "",
};

const fn over(numerator: &'static [M], denominator: &'static [M]) -> Metric {
    Metric {
        numerator: Sum::of(numerator),
        denominator: Some(Sum::of(denominator)),
        ..SHARE
    }
}

/// The ratios, from the first step of the funnel to the last, then money and time.
pub(super) const ALL: &[Metric] = &[
    Metric {
        id: "connect_per_dial",
        min_evidence: 200,
        name_en: "connects per dial",
        name_zh: "接通率（含语音信箱）",
        definition_en: "Connects / dials of the same period; voicemail counts as answered. Meant for outbound campaigns",
        definition_zh: "同期接通数 / 拨打数；语音信箱也算应答。适用于外呼活动",
        ..over(&[M::Connects], &[M::Dials])
    },
    Metric {
        id: "live_answer_per_dial",
        min_evidence: 200,
        name_en: "live answers per dial",
        name_zh: "应答率",
        definition_en: "Live answers / dials of the same period. Exceeds 1 where inbound legs are mixed in",
        definition_zh: "同期真人应答数 / 拨打数。混有呼入时可能大于 1",
        ..over(&[M::LiveAnswers], &[M::Dials])
    },
    Metric {
        id: "contact_per_dial",
        min_evidence: 200,
        name_en: "contacts per dial",
        name_zh: "有效接触率",
        definition_en: "Contacts / dials of the same period. Exceeds 1 where inbound legs are mixed in",
        definition_zh: "同期有效接触数 / 拨打数。混有呼入时可能大于 1",
        ..over(&[M::Contacts], &[M::Dials])
    },
    Metric {
        id: "rpc_per_contact",
        name_en: "right-party contacts per contact",
        name_zh: "本人接通率",
        definition_en: "Right-party contacts / contacts of the same period",
        definition_zh: "同期本人接通数 / 有效接触数",
        ..over(&[M::Rpc], &[M::Contacts])
    },
    Metric {
        id: "pitch_per_rpc",
        min_evidence: 50,
        name_en: "pitches per right-party contact",
        name_zh: "讲解率（按本人接通）",
        definition_en: "Pitches / right-party contacts of the same period",
        definition_zh: "同期讲解数 / 本人接通数",
        ..over(&[M::Pitches], &[M::Rpc])
    },
    Metric {
        id: "pitch_per_contact",
        name_en: "pitches per contact",
        name_zh: "讲解率（按有效接触）",
        definition_en: "Pitches / contacts of the same period",
        definition_zh: "同期讲解数 / 有效接触数",
        ..over(&[M::Pitches], &[M::Contacts])
    },
    Metric {
        id: "interested_per_contact",
        name_en: "interested per contact",
        name_zh: "意向率",
        definition_en: "Interested / contacts of the same period; interest is the rep's opinion of a call",
        definition_zh: "同期有意向数 / 有效接触数；意向是坐席对一次通话的判断",
        ..over(&[M::Interested], &[M::Contacts])
    },
    Metric {
        id: "close_per_contact",
        basis: Basis::Restated,
        recalibrate: true,
        name_en: "wins per contact",
        name_zh: "转化率（接触到成交）",
        definition_en: "Wins / contacts of the same period, not of a cohort. Can exceed 1",
        definition_zh: "同期成交数 / 有效接触数，不按线索批次计。可能大于 1",
        ..over(&[M::Wins], &[M::Contacts])
    },
    Metric {
        id: "win_per_decided",
        basis: Basis::Restated,
        recalibrate: true,
        name_en: "wins per decided deal",
        name_zh: "赢单率（按已决商机）",
        definition_en: "Wins / (wins + losses) of the same period: of the deals decided in it, those won",
        definition_zh: "同期成交数 /（成交数 + 丢单数）：当期已决商机中赢下的部分",
        ..over(&[M::Wins], &[M::Wins, M::Losses])
    },
    Metric {
        id: "close_per_pitch",
        basis: Basis::Restated,
        min_evidence: 50,
        name_en: "wins per pitch",
        name_zh: "成单率（按讲解）",
        definition_en: "Wins / pitches of the same period. Can exceed 1",
        definition_zh: "同期成交数 / 讲解数。可能大于 1",
        ..over(&[M::Wins], &[M::Pitches])
    },
    Metric {
        id: "close_per_rpc",
        basis: Basis::Restated,
        min_evidence: 50,
        name_en: "wins per right-party contact",
        name_zh: "成单率（按本人接通）",
        definition_en: "Wins / right-party contacts of the same period. Can exceed 1",
        definition_zh: "同期成交数 / 本人接通数。可能大于 1",
        ..over(&[M::Wins], &[M::Rpc])
    },
    Metric {
        id: "value_per_win_minor",
        unit: Unit::Minor,
        basis: Basis::Restated,
        min_evidence: 20,
        name_en: "value per win",
        name_zh: "客单价",
        definition_en: "Revenue / wins of the same period and currency, in minor units",
        definition_zh: "同期同币种销售额 / 成交数，以最小货币单位计",
        ..over(&[M::RevenueMinor], &[M::Wins])
    },
    Metric {
        id: "dials_per_hour",
        numerator: Sum {
            measures: &[M::Dials],
            factor: 3600,
        },
        unit: Unit::Count,
        min_evidence: TEN_HOURS_S,
        name_en: "dials per hour",
        name_zh: "每小时拨打数",
        definition_en: "Dials per hour of talk, hold, wrap-up, ring and ready time",
        definition_zh: "每小时（通话、保持、话后处理、振铃、就绪时长之和）的拨打数",
        ..over(&[], BUSY_OR_READY)
    },
    Metric {
        id: "aht_s",
        unit: Unit::Seconds,
        better: Better::Neither,
        min_evidence: 50,
        name_en: "average handling time",
        name_zh: "平均处理时长",
        definition_en: "(Talk + hold + wrap-up time) / connects, in seconds",
        definition_zh: "（通话 + 保持 + 话后处理时长）/ 接通数，单位秒",
        ..over(HANDLING, &[M::Connects])
    },
    Metric {
        id: "occupancy",
        better: Better::Neither,
        min_evidence: TEN_HOURS_S,
        name_en: "occupancy",
        name_zh: "占用率",
        definition_en: "(Talk + hold + wrap-up + ring time) / (the same + ready time)",
        definition_zh: "（通话 + 保持 + 话后处理 + 振铃时长）/（前者 + 就绪时长）",
        ..over(BUSY, BUSY_OR_READY)
    },
];
