//! Money: the ability to win often times the ability to win much, by seeded draws.
//!
//! The first factor is the posterior of a count of wins on those expected. The second is the mean of as many amounts as were
//! won, each the person's own with probability n/(n + 20) and a peer's otherwise, over the mean of the peers' amounts.

use std::hint::select_unpredictable;

use super::{Form, Posterior};
use crate::draws::Xoshiro256PlusPlus;

/// Draws per posterior; the standard error of a probability is at most 0.0078.
const DRAWS: usize = 4096;
/// Equally likely values of the first factor: 2^10, so that ten bits pick one.
const COUNT_QUANTILES_LOG2: u32 = 10;
/// Amounts of one's own that weigh as much as those of the peers.
const PEERS_WEIGHT: usize = 20;
/// Most amounts per draw: the mean of more is that of so many, its deviation scaled to the variance of all.
const AMOUNTS_MAX: usize = 64;

/// Amounts of deals that a group has won, all in one currency.
#[derive(Debug, Clone)]
pub struct PeerAmounts {
    /// Amounts as multiples of their mean, ascending.
    multiples: Vec<f64>,
    mean: f64,
}

impl PeerAmounts {
    /// Takes `amounts` in minor units, in any order; refunds may be among them.
    ///
    /// None if there are none or their mean is not above 0: then nothing is a multiple of it.
    pub fn new(amounts: &[i64]) -> Option<Self> {
        let total: i128 = amounts.iter().copied().map(i128::from).sum();
        if total <= 0 {
            return None;
        }
        let mean = total as f64 / amounts.len() as f64;
        Some(Self {
            multiples: multiples(amounts, mean),
            mean,
        })
    }

    /// Mean amount per win in minor units, by which a target of money becomes expected wins.
    pub fn mean(&self) -> f64 {
        self.mean
    }

    /// What is believed of a person's money as a multiple of what was expected.
    ///
    /// `count` is the posterior of the person's wins on money target ÷ [`Self::mean`], `own` are the amounts of those wins in
    /// minor units, in any order. Without any, the second factor is the amount of one deal of a peer. The weight of own
    /// evidence is the mean of the factors' weights, that of the second being n/(n + 20): it is what a small deviation, shared
    /// evenly by both, keeps of itself.
    pub fn posterior(&self, count: &Posterior, own: &[i64], draws: &mut Xoshiro256PlusPlus) -> Posterior {
        let counts = count.mid_quantiles(1 << COUNT_QUANTILES_LOG2);
        let pool = Pool::new(multiples(own, self.mean), &self.multiples);
        let values = (0..DRAWS).map(|_| {
            let bits = draws.draw() >> (u64::BITS - COUNT_QUANTILES_LOG2);
            pick(&counts, bits) * pool.mean_of_draw(draws)
        });
        let weight_value = own.len() as f64 / (own.len() + PEERS_WEIGHT) as f64;
        Posterior {
            form: Form::Drawn(values.collect()),
            weight_own: (count.weight_own + weight_value) / 2.0,
        }
    }
}

/// What amounts are drawn from: `own`, and the peers' as if they were [`PEERS_WEIGHT`] amounts more.
struct Pool<'a> {
    own: Vec<f64>,
    peers: &'a [f64],
    slots: u64,
    /// Amounts per draw.
    drawn: u32,
    /// Mean of one amount.
    expected: f64,
    /// What the deviation of the mean of a draw is multiplied by.
    scale: f64,
}

impl<'a> Pool<'a> {
    fn new(own: Vec<f64>, peers: &'a [f64]) -> Self {
        let (count, total) = (own.len(), own.iter().sum::<f64>());
        let slots = count + PEERS_WEIGHT;
        let drawn = count.clamp(1, AMOUNTS_MAX);
        Self {
            expected: (total + PEERS_WEIGHT as f64) / slots as f64,
            scale: (drawn as f64 / count.max(1) as f64).sqrt(),
            drawn: u32::try_from(drawn).unwrap_or_default(),
            slots: slots as u64,
            own,
            peers,
        }
    }

    /// The mean of one draw; one word of 64 bits picks two amounts.
    fn mean_of_draw(&self, draws: &mut Xoshiro256PlusPlus) -> f64 {
        let mut sum = 0.0;
        for _ in 0..self.drawn / 2 {
            let word = draws.draw();
            sum += self.amount(word >> 32) + self.amount(word & u64::from(u32::MAX));
        }
        if !self.drawn.is_multiple_of(2) {
            sum += self.amount(draws.draw() >> 32);
        }
        let mean = sum / f64::from(self.drawn);
        self.expected + (mean - self.expected) * self.scale
    }

    /// The amount that 32 bits pick: a slot, and what is left over of it a peer.
    fn amount(&self, bits: u64) -> f64 {
        let slot = bits * self.slots;
        let rest = slot & u64::from(u32::MAX);
        let (own, peer) = (slot >> 32, (rest * self.peers.len() as u64) >> 32);
        let is_own = own < self.own.len() as u64;
        // A branch that goes either way at random would cost more than all else.
        let values: &[f64] = select_unpredictable(is_own, &self.own, self.peers);
        pick(values, select_unpredictable(is_own, own, peer))
    }
}

/// The value at `index`, which is below the length; 0 of none.
fn pick(values: &[f64], index: u64) -> f64 {
    let found = usize::try_from(index).ok().and_then(|index| values.get(index));
    found.copied().unwrap_or_default()
}

fn multiples(amounts: &[i64], mean: f64) -> Vec<f64> {
    let mut sorted = amounts.to_vec();
    sorted.sort_unstable();
    sorted.into_iter().map(|amount| amount as f64 / mean).collect()
}

/// The values with a share of `tail` of all below and above them.
pub(super) fn interval(values: &[f64], tail: f64) -> (f64, f64) {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "tail is within 0 and ½"
    )]
    let rank = (values.len() as f64 * tail) as usize;
    let mut ranked = values.to_vec();
    let last = ranked.len().saturating_sub(1);
    (
        ranked_at(&mut ranked, rank),
        ranked_at(&mut ranked, last - rank.min(last)),
    )
}

/// The value of a rank, as if `values` were sorted; 0 of none.
fn ranked_at(values: &mut [f64], rank: usize) -> f64 {
    if rank >= values.len() {
        return 0.0;
    }
    let (_, value, _) = values.select_nth_unstable_by(rank, f64::total_cmp);
    *value
}

/// The values in the middle of `count` equal shares of all.
pub(super) fn mid_quantiles(values: &[f64], count: usize) -> Vec<f64> {
    let mut sorted = values.to_vec();
    sorted.sort_unstable_by(f64::total_cmp);
    let ranks = (0..count).map(|rank| ((2 * rank + 1) * sorted.len() / (2 * count.max(1))) as u64);
    ranks.map(|rank| pick(&sorted, rank)).collect()
}
