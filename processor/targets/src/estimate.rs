//! Estimates of ability, whether or not there are targets: each rep's results drawn towards those of the peers.
//!
//! A rate is what it is; a count or money is a multiple of what the peers achieve in the same days of work.

use std::collections::BTreeMap;

use paceline_schemas::metrics::{Metric, metrics};
use paceline_schemas::time::Day;

use crate::ability::{PeerAmounts, Posterior, RateGroup, Trials, Volume, VolumeGroup};
use crate::draws::Xoshiro256PlusPlus;
use crate::evidence::{Facts, Group, Rep, as_float, groups, whole};

/// Share of the posterior within the interval of an estimate.
const INTERVAL: f64 = 0.90;

/// What a rep's results say about the rep.
#[derive(Debug, Clone, PartialEq)]
pub struct RepEstimate {
    /// The rep.
    pub rep_id: String,
    /// Metric of the registry.
    pub metric: &'static str,
    /// Currency, of money.
    pub currency: Option<String>,
    /// The peer group.
    pub peer_group: String,
    /// Achieved.
    pub numerator: f64,
    /// Denominator of a rate, expected count or amount of a volume.
    pub denominator: f64,
    /// Denominator, expected count or deals.
    pub evidence: f64,
    /// Posterior mean with the ends of its 90 % interval.
    pub mean: f64,
    /// Lower end.
    pub lo: f64,
    /// Upper end.
    pub hi: f64,
    /// Weight of the own evidence.
    pub weight_own: f64,
    /// Reps of the group.
    pub peers: i64,
    /// Mean of the group.
    pub group_mean: f64,
    /// Probability that the rep lies above it.
    pub above_group: f64,
    /// Strength of the prior.
    pub prior_strength: f64,
}

/// The estimates of every rep who has results, for every metric that may be recalibrated: by metric, rep and currency.
pub fn estimate(facts: &Facts, peers_min: i64) -> Vec<RepEstimate> {
    let group_of = groups(
        facts.reps.iter().map(|(id, rep)| (id.as_str(), rep)),
        facts.as_of,
        peers_min,
    );
    let mut all = Vec::new();
    for metric in metrics().iter().filter(|metric| metric.recalibrate) {
        for currency in currencies(facts, metric) {
            let mut classes: BTreeMap<&Group, Vec<&str>> = BTreeMap::new();
            for (rep_id, group) in &group_of {
                classes.entry(group).or_default().push(rep_id);
            }
            let members = classes.into_iter().map(|(group, reps)| Class {
                facts,
                metric,
                currency,
                group,
                reps,
            });
            let mut of_metric: Vec<RepEstimate> = members.flat_map(|class| class.estimates()).collect();
            of_metric.sort_by(|a, b| a.rep_id.cmp(&b.rep_id));
            all.extend(of_metric);
        }
    }
    all
}

fn currencies<'a>(facts: &'a Facts, metric: &Metric) -> Vec<Option<&'a str>> {
    if !metric.id.ends_with("_minor") {
        return vec![None];
    }
    let mut all: Vec<&str> = facts.deals.keys().map(|(_, currency)| currency.as_str()).collect();
    all.sort_unstable();
    all.dedup();
    all.into_iter().map(Some).collect()
}

/// Reps who are compared.
struct Class<'a> {
    facts: &'a Facts,
    metric: &'static Metric,
    currency: Option<&'a str>,
    group: &'a Group,
    reps: Vec<&'a str>,
}

impl Class<'_> {
    fn estimates(&self) -> Vec<RepEstimate> {
        match (&self.metric.denominator, self.currency) {
            (Some(_), _) => self.rates(),
            (None, None) => self.counts(),
            (None, Some(currency)) => self.money(currency),
        }
    }

    fn rates(&self) -> Vec<RepEstimate> {
        let Some(below) = &self.metric.denominator else {
            return Vec::new();
        };
        let trials_of = |rep: &str| {
            let trials = self.facts.sum(rep, None, below).max(0);
            let successes = self.facts.sum(rep, None, &self.metric.numerator).clamp(0, trials);
            Trials { successes, trials }
        };
        let shown: Vec<(&str, Trials)> = self
            .reps
            .iter()
            .map(|rep| (*rep, trials_of(rep)))
            .filter(|(_, own)| own.trials > 0)
            .collect();
        let trials: Vec<Trials> = shown.iter().map(|(_, own)| *own).collect();
        let group = RateGroup::fit(&trials);
        let each = shown.iter().map(|(rep, own)| {
            let n = as_float(own.trials);
            let sides = (as_float(own.successes), n, n);
            self.row(
                rep,
                sides,
                &group.posterior(*own),
                (shown.len(), group.mean(), group.strength()),
            )
        });
        each.collect()
    }

    /// Weight of the days of the evidence on which a rep was there.
    fn exposure(&self, rep_id: &str) -> i64 {
        let hired = self
            .facts
            .reps
            .get(rep_id)
            .and_then(|rep: &Rep| rep.hired_on)
            .unwrap_or(Day(i32::MIN));
        let days = self
            .facts
            .calendar_of(rep_id)
            .span(self.facts.from.max(hired), self.facts.as_of);
        days.iter().map(|date| date.weight_bp).sum()
    }

    /// The reps with results, each with what is counted and what the peers would have in the same time.
    fn volumes(&self, count: impl Fn(&str) -> i64) -> Vec<(&str, Volume)> {
        let with_results = self.reps.iter().filter(|rep| {
            let from = ((**rep).to_owned(), String::new());
            self.facts
                .results
                .range(from..)
                .next()
                .is_some_and(|((of, _), _)| of == *rep)
        });
        let own: Vec<(&str, i64, i64)> = with_results
            .map(|rep| (*rep, count(rep).max(0), self.exposure(rep)))
            .filter(|(_, _, time)| *time > 0)
            .collect();
        let counted: i64 = own.iter().map(|(_, count, _)| count).sum();
        let time: i64 = own.iter().map(|(_, _, time)| time).sum();
        let rate = as_float(counted) / as_float(time.max(1));
        own.into_iter()
            .map(|(rep, observed, time)| {
                (
                    rep,
                    Volume {
                        observed,
                        expected: rate * as_float(time),
                    },
                )
            })
            .collect()
    }

    fn counts(&self) -> Vec<RepEstimate> {
        let volumes = self.volumes(|rep| self.facts.sum(rep, None, &self.metric.numerator));
        let all: Vec<Volume> = volumes
            .iter()
            .map(|(_, own)| *own)
            .filter(|own| own.expected > 0.0)
            .collect();
        let group = VolumeGroup::fit(&all);
        let each = volumes.iter().filter(|(_, own)| own.expected > 0.0).map(|(rep, own)| {
            let sides = (as_float(own.observed), own.expected, own.expected);
            self.row(
                rep,
                sides,
                &group.posterior(*own),
                (all.len(), group.mean(), group.strength()),
            )
        });
        each.collect()
    }

    fn money(&self, currency: &str) -> Vec<RepEstimate> {
        let amounts = |rep: &str| self.facts.amounts(rep, currency);
        let pool: Vec<i64> = self.reps.iter().flat_map(|rep| amounts(rep).iter().copied()).collect();
        let Some(peers) = PeerAmounts::new(&pool) else {
            return Vec::new();
        };
        let volumes = self.volumes(|rep| i64::try_from(amounts(rep).len()).unwrap_or(i64::MAX));
        let all: Vec<Volume> = volumes
            .iter()
            .map(|(_, own)| *own)
            .filter(|own| own.expected > 0.0)
            .collect();
        let group = VolumeGroup::fit(&all);
        let each = volumes.iter().filter(|(_, own)| own.expected > 0.0).map(|(rep, own)| {
            let key = format!("{rep}|{}|{currency}|{}", self.metric.id, self.facts.as_of);
            let posterior = peers.posterior(
                &group.posterior(*own),
                amounts(rep),
                &mut Xoshiro256PlusPlus::from_key(&key),
            );
            let achieved = self.facts.sum(rep, Some(currency), &self.metric.numerator);
            let sides = (
                as_float(achieved),
                as_float(whole(own.expected * peers.mean())),
                as_float(own.observed),
            );
            self.row(rep, sides, &posterior, (all.len(), group.mean(), group.strength()))
        });
        each.collect()
    }

    fn row(
        &self,
        rep_id: &str,
        (numerator, denominator, evidence): (f64, f64, f64),
        posterior: &Posterior,
        (peers, group_mean, strength): (usize, f64, f64),
    ) -> RepEstimate {
        let estimate = posterior.estimate(INTERVAL);
        RepEstimate {
            rep_id: rep_id.to_owned(),
            metric: self.metric.id,
            currency: self.currency.map(str::to_owned),
            peer_group: self.group.to_string(),
            numerator,
            denominator: crate::ability::quantise(denominator),
            evidence: crate::ability::quantise(evidence),
            mean: estimate.mean,
            lo: estimate.lo,
            hi: estimate.hi,
            weight_own: estimate.weight_own,
            peers: i64::try_from(peers).unwrap_or(i64::MAX),
            group_mean: crate::ability::quantise(group_mean),
            above_group: posterior.above(group_mean),
            prior_strength: crate::ability::quantise(strength),
        }
    }
}
