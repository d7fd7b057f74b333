use super::assert_near;
use crate::ability::*;
use crate::draws::Xoshiro256PlusPlus;

const KEY: &str = "r-017|revenue_minor|2026-04-01|2026-04-15|tp-7";

fn group() -> VolumeGroup {
    let rows: Vec<Volume> = (0..24)
        .map(|rep| Volume {
            observed: 30 + 2 * rep,
            expected: 52.4,
        })
        .collect();
    VolumeGroup::fit(&rows)
}

fn won(observed: i64) -> Posterior {
    group().posterior(Volume {
        observed,
        expected: 52.4,
    })
}

fn peers() -> PeerAmounts {
    let amounts: Vec<i64> = (1..=200).map(|step| step * 1000).collect();
    PeerAmounts::new(&amounts).expect("amounts")
}

fn money(count: &Posterior, own: &[i64]) -> Posterior {
    peers().posterior(count, own, &mut Xoshiro256PlusPlus::from_key(KEY))
}

#[test]
fn money_is_wins_times_amounts() {
    let count = won(31);
    let wins = count.estimate(0.90);
    for (amount, n, wanted) in [
        (100_500, 31, 1.0),
        (201_000, 31, 82.0 / 51.0),
        (50_250, 300, 170.0 / 320.0),
    ] {
        let got = money(&count, &vec![amount; n]).estimate(0.90);
        assert_near(got.mean / wins.mean, wanted, 0.01, "mean amount");
        assert!(got.lo < got.mean && got.mean < got.hi, "{got:?}");
        assert!(
            (got.hi - got.lo) / got.mean > (wins.hi - wins.lo) / wins.mean,
            "{got:?}"
        );
    }
}

#[test]
fn the_spread_is_that_of_both_factors() {
    let count = won(31);
    let counts = count.mid_quantiles(1024);
    let mean = counts.iter().sum::<f64>() / 1024.0;
    let square = counts.iter().map(|theta| theta * theta).sum::<f64>() / 1024.0;
    for n in [1, 5, 31, 64, 65, 400] {
        let own: Vec<i64> = (0..n).map(|step| 60_000 + 100_000 * (step % 2)).collect();
        let Form::Drawn(values) = money(&count, &own).form else {
            panic!("drawn");
        };
        let slots = own.len() as f64 + 20.0;
        let unit = peers().mean();
        let peer_square = 1.0 + (200.0 * 200.0 - 1.0) / 12.0 / (100.5 * 100.5);
        let first = (own.iter().map(|amount| *amount as f64 / unit).sum::<f64>() + 20.0) / slots;
        let squares = own
            .iter()
            .map(|amount| (*amount as f64 / unit) * (*amount as f64 / unit));
        let second = (squares.sum::<f64>() + 20.0 * peer_square) / slots;
        let of_mean = first * first + (second - first * first) / own.len() as f64;
        let wanted = (square * of_mean - (mean * first) * (mean * first)).sqrt();

        let drawn = values.iter().sum::<f64>() / values.len() as f64;
        let deviations = values.iter().map(|value| (value - drawn) * (value - drawn));
        let got = (deviations.sum::<f64>() / values.len() as f64).sqrt();
        assert_near(
            drawn,
            mean * first,
            4.0 * wanted / 64.0,
            &format!("mean with {n} amounts"),
        );
        assert_near(got / wanted, 1.0, 0.05, &format!("spread with {n} amounts"));
    }
}

#[test]
fn the_same_key_and_amounts_in_any_order_give_the_same_estimate() {
    let count = won(31);
    let own: Vec<i64> = (0..31).map(|step| (step * 7919) % 31 * 9000 - 20_000).collect();
    let backwards: Vec<i64> = own.iter().rev().copied().collect();
    let (one, other) = (money(&count, &own), money(&count, &backwards));
    assert_eq!(one.estimate(0.90), other.estimate(0.90));
    assert_eq!(one.mid_quantiles(16), other.mid_quantiles(16));
    assert!(one.mid_quantiles(16).is_sorted());
}

#[test]
fn the_weight_is_the_mean_of_those_of_the_factors() {
    let count = won(0);
    let wins = count.estimate(0.90).weight_own;
    assert_near(money(&count, &[]).estimate(0.90).weight_own, wins / 2.0, 1e-6, "no win");
    let got = money(&won(60), &[100_000; 60]).estimate(0.90).weight_own;
    assert_near(got, (wins + 0.75) / 2.0, 1e-6, "60 wins");
}

#[test]
fn without_a_reference_there_is_no_estimate() {
    assert!(PeerAmounts::new(&[]).is_none());
    assert!(PeerAmounts::new(&[500, -500]).is_none());
    assert!(PeerAmounts::new(&[-100]).is_none());
    let one = PeerAmounts::new(&[i64::MAX, i64::MAX]).expect("amounts");
    assert_eq!(one.mean(), i64::MAX as f64);
}

#[test]
fn refunds_may_leave_less_than_nothing() {
    let got = money(&won(31), &[-300_000; 31]).estimate(0.90);
    assert!(got.lo <= got.mean && got.mean <= got.hi && got.mean < 0.0, "{got:?}");
    assert_near(money(&won(31), &[-300_000; 31]).above(0.0), 0.0, 0.01, "above 0");
}
