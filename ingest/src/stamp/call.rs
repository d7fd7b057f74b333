//! What is stamped on calls: durations from instants, the furthest step, short calls, call-backs kept.

use paceline_schemas::disposition::Undisposed;
use paceline_schemas::event::Call;
use paceline_schemas::field::Milliseconds;
use paceline_schemas::ids::{LegId, RepId};
use paceline_schemas::site::Site;
use paceline_schemas::symbol::{Direction, Flag};
use paceline_schemas::time::Instant;
use sha2::{Digest, Sha256};

use super::SiteClock;

/// Durations further apart than this contradict each other.
const MISMATCH_MS: i64 = 2_000;

/// Names the rep of a leg that had none: one of sixteen per site, so that nobody's calls heat no shard.
pub(super) fn name_rep(data: &mut Call, clock: &SiteClock) {
    if !data.rep_id.is_empty() {
        return;
    }
    let digest = Sha256::digest(data.call_id.as_str().as_bytes());
    let bucket = digest.last().map_or(0, |byte| byte & 15);
    let name = format!("~{}.{bucket}", clock.site().site_id);
    data.rep_id = RepId::new(&name).expect("a site and a number are within the limit of a rep");
    data.flags.raise(Flag::AgentMissing);
}

/// Stamps what follows from the leg's own fields.
pub(super) fn stamp(data: &mut Call, site: &Site, knows_answers: bool) {
    if data.leg_id.is_empty() {
        // Both are identifiers of one length.
        data.leg_id = LegId::new(data.call_id.as_str()).unwrap_or_default();
    }
    data.disposition.get_or_insert_default();
    let in_order = order_answer(data);
    if !knows_answers && data.answered_at.is_none() {
        data.flags.raise(Flag::AnswerUnknown);
    }
    if !data.flags.has(Flag::TimeOfDayAssumed) {
        recompute(data, in_order, knows_answers);
    }
    let talked = data.talk_ms.is_some_and(|talk| talk.0 > 0);
    let answered = data.answered_at.is_some() || (data.flags.has(Flag::AnswerUnknown) && talked);
    let undisposed = Undisposed {
        answered,
        amd: data.amd,
        with_rep: !data.flags.has(Flag::AgentMissing),
        talk_ms: data.talk_ms.map(|talk| talk.0),
        contact_min_ms: site.contact_min_ms,
    };
    let proven = data.disposition.unwrap_or_default().step(undisposed);
    data.step = Some(data.reached.map_or(proven, |reached| reached.max(proven)));
    data.short = match data.talk_ms {
        _ if !answered => Some(false),
        Some(talk) => Some(talk.0 < site.short_call_ms),
        None => None,
    };
    data.callback_on_time = data.callback_for_due_at.zip(data.started_at).map(|(due, started)| {
        let apart_us = started.0.abs_diff(due.0);
        apart_us
            <= u64::try_from(site.callback_on_time_ms)
                .unwrap_or(0)
                .saturating_mul(1_000)
    });
}

// An answer outside of the leg is no answer that anything can be computed from.
fn order_answer(data: &mut Call) -> bool {
    let (Some(answered), Some(started), Some(ended)) = (data.answered_at, data.started_at, data.ended_at) else {
        return true;
    };
    if (started..=ended).contains(&answered) || ended < started {
        return true;
    }
    data.answered_at = None;
    data.flags.raise(Flag::NegativeDuration);
    data.flags.raise(Flag::AnswerUnknown);
    false
}

fn recompute(data: &mut Call, in_order: bool, knows_answers: bool) {
    let (Some(started), Some(ended)) = (data.started_at, data.ended_at) else {
        return;
    };
    if !in_order {
        keep_as_sent(data, "talk_ms", data.talk_ms, None);
        keep_as_sent(data, "ring_ms", data.ring_ms, None);
        (data.talk_ms, data.ring_ms) = (None, None);
        return;
    }
    if let Some(answered) = data.answered_at {
        let hold_ms = data.hold_ms.map_or(0, |hold| hold.0);
        let talk = between(answered, ended).map(|ms| ms - hold_ms);
        data.talk_ms = settled(data, "talk_ms", data.talk_ms, talk);
    }
    if data.answered_at.is_some() || knows_answers {
        // What an inbound caller waits in the queue is no ringing.
        let queued_ms = match data.direction {
            Some(Direction::Inbound) => data.queue_ms.map_or(0, |queue| queue.0),
            _ => 0,
        };
        let ring = between(started, data.answered_at.unwrap_or(ended)).map(|ms| ms - queued_ms);
        data.ring_ms = settled(data, "ring_ms", data.ring_ms, ring);
    }
}

fn between(from: Instant, to: Instant) -> Option<i64> {
    to.0.checked_sub(from.0).map(|us| us.div_euclid(1_000))
}

// The duration by the instants; the source's own is kept beside it where it differs.
fn settled(data: &mut Call, name: &str, sent: Option<Milliseconds>, computed: Option<i64>) -> Option<Milliseconds> {
    let computed = computed?;
    if computed < 0 {
        data.flags.raise(Flag::NegativeDuration);
        keep_as_sent(data, name, sent, None);
        return None;
    }
    if sent.is_some_and(|sent| (sent.0 - computed).abs() > MISMATCH_MS) {
        data.flags.raise(Flag::DurationMismatch);
    }
    keep_as_sent(data, name, sent, Some(computed));
    Some(Milliseconds(computed))
}

fn keep_as_sent(data: &mut Call, name: &str, sent: Option<Milliseconds>, computed: Option<i64>) {
    if let Some(sent) = sent.filter(|sent| computed != Some(sent.0)) {
        data.native.0.insert(name.to_owned(), sent.0.into());
    }
}
