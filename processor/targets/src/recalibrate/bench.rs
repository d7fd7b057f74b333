//! Performance over target, θ, of every row: peers are fitted once, then each row is drawn towards its own.

use std::collections::BTreeMap;

use paceline_schemas::metrics::{Metric, metric};
use paceline_schemas::time::Day;

use super::{Run, case};
use crate::ability::{Estimate, PeerAmounts, RateGroup, Trials, Volume, VolumeGroup, ppm};
use crate::draws::Xoshiro256PlusPlus;
use crate::evidence::{Group, Kind, Measured, as_float, groups, measure};
use crate::row::Row;

/// What the evidence says about one row.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(super) struct Judged {
    /// What was measured.
    pub(super) measured: Measured,
    /// Performance over target with the ends of its interval, ppm; 1,000,000 where nothing can be said.
    pub(super) theta: i64,
    /// Lower end.
    pub(super) low: i64,
    /// Upper end.
    pub(super) high: i64,
    /// Weight of the own evidence, ppm.
    pub(super) weight_own: i64,
    /// Reps of the peer group.
    pub(super) peers: i64,
    /// Strength of the prior in millionths of a count.
    pub(super) prior_strength: i64,
}

/// The evidence about all rows.
#[derive(Debug)]
pub(super) struct Bench(BTreeMap<String, Judged>);

/// Rows that are compared: metric, unit, plan year, peer group.
type Class<'a> = (&'a str, &'a str, Day, Group);

struct Member<'a> {
    row: &'a Row,
    measured: Measured,
    rate_ppm: i64,
}

impl Bench {
    pub(super) fn new(run: Run<'_>) -> Self {
        let reps = run.facts.reps.iter().map(|(rep_id, rep)| (rep_id.as_str(), rep));
        let group_of = groups(reps, run.facts.as_of, run.policy.peers_min);
        let mut classes: BTreeMap<Class<'_>, Vec<Member<'_>>> = BTreeMap::new();
        for row in run.known.rows().filter(|row| case::is_open(run, row)) {
            let Some(metric) = metric(&row.metric) else { continue };
            let group = group_of.get(row.node_id.as_str()).cloned().unwrap_or(Group::All);
            let class = (row.metric.as_str(), row.unit.as_str(), row.period_start, group);
            classes.entry(class).or_default().push(Member::new(run, row, metric));
        }
        let judged = classes.values().flat_map(|members| judge(run, members));
        Self(judged.collect())
    }

    /// What the evidence says about a row.
    pub(super) fn judged(&self, row: &Row) -> Judged {
        let nothing = Judged {
            theta: 1_000_000,
            low: 0,
            high: 1_000_000,
            ..Judged::default()
        };
        self.0.get(&row.target_id).copied().unwrap_or(nothing)
    }
}

impl<'a> Member<'a> {
    fn new(run: Run<'_>, row: &'a Row, metric: &Metric) -> Self {
        let effective = case::effective(run, row);
        let level_on = effective
            .unwrap_or(run.facts.as_of)
            .clamp(row.period_start, row.period_end);
        let cell = row.month(crate::calendar::month_start(level_on));
        Self {
            row,
            measured: measure(run.facts, row, metric, level_on),
            rate_ppm: cell.map_or(0, |(_, cell)| cell.value),
        }
    }

    fn trials(&self) -> Trials {
        let trials = crate::evidence::whole(self.measured.expected).max(0);
        Trials {
            successes: self.measured.numerator.clamp(0, trials),
            trials,
        }
    }
}

fn judge(run: Run<'_>, members: &[Member<'_>]) -> Vec<(String, Judged)> {
    let Some(first) = members.first() else {
        return Vec::new();
    };
    match Kind::of(first.row) {
        Kind::Rate => rates(run, members),
        Kind::Count => volumes(run, members),
        Kind::Money => money(run, members),
    }
}

fn interval(run: Run<'_>) -> f64 {
    as_float(run.policy.interval_ppm) / 1e6
}

fn judged(member: &Member<'_>, estimate: Estimate, over: f64, peers: usize, strength: f64) -> (String, Judged) {
    let judged = Judged {
        measured: member.measured,
        theta: ppm(estimate.mean / over),
        low: ppm(estimate.lo / over),
        high: ppm(estimate.hi / over),
        weight_own: ppm(estimate.weight_own),
        peers: i64::try_from(peers).unwrap_or(i64::MAX),
        prior_strength: ppm(strength),
    };
    (member.row.target_id.clone(), judged)
}

fn rates(run: Run<'_>, members: &[Member<'_>]) -> Vec<(String, Judged)> {
    let trials: Vec<Trials> = members
        .iter()
        .map(Member::trials)
        .filter(|own| own.trials > 0)
        .collect();
    let group = RateGroup::fit(&trials);
    let with_target = members.iter().filter(|member| member.rate_ppm > 0);
    let each = with_target.map(|member| {
        let estimate = group.estimate(member.trials(), interval(run));
        judged(
            member,
            estimate,
            as_float(member.rate_ppm) / 1e6,
            trials.len(),
            group.strength(),
        )
    });
    each.collect()
}

fn volumes(run: Run<'_>, members: &[Member<'_>]) -> Vec<(String, Judged)> {
    let volume = |member: &Member<'_>| Volume {
        observed: member.measured.events.max(0),
        expected: member.measured.expected,
    };
    let all: Vec<Volume> = members.iter().map(volume).filter(|own| own.expected > 0.0).collect();
    let group = VolumeGroup::fit(&all);
    let with_target = members.iter().filter(|member| member.measured.expected > 0.0);
    let each = with_target.map(|member| {
        let estimate = group.estimate(volume(member), interval(run));
        judged(member, estimate, 1.0, all.len(), group.strength())
    });
    each.collect()
}

fn money(run: Run<'_>, members: &[Member<'_>]) -> Vec<(String, Judged)> {
    let amounts = |member: &Member<'_>| {
        run.facts
            .amounts(&member.row.node_id, member.row.currency().unwrap_or_default())
    };
    let all: Vec<i64> = members
        .iter()
        .flat_map(|member| amounts(member).iter().copied())
        .collect();
    let Some(peers) = PeerAmounts::new(&all) else {
        return Vec::new();
    };
    let volume = |member: &Member<'_>| Volume {
        observed: member.measured.events,
        expected: member.measured.expected / peers.mean(),
    };
    let counts: Vec<Volume> = members.iter().map(volume).filter(|own| own.expected > 0.0).collect();
    let group = VolumeGroup::fit(&counts);
    let with_target = members.iter().filter(|member| member.measured.expected > 0.0);
    let each = with_target.map(|member| {
        let key = format!(
            "{}|{}|{}|{}|{}",
            member.row.node_id, member.row.metric, member.row.period_start, run.facts.as_of, run.policy_version
        );
        let count = group.posterior(volume(member));
        let posterior = peers.posterior(&count, amounts(member), &mut Xoshiro256PlusPlus::from_key(&key));
        judged(
            member,
            posterior.estimate(interval(run)),
            1.0,
            counts.len(),
            group.strength(),
        )
    });
    each.collect()
}
