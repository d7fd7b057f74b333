use super::assert_near;
use crate::ability::beta::Beta;
use crate::ability::gamma::Gamma;
use crate::ability::mixture::{Component, Mixture};
use crate::ability::special::{beta_cdf, exp, gamma_cdf, ln, ln_gamma, normal_quantile};

fn beta(a: f64, b: f64) -> Mixture<Beta> {
    Mixture::from_rows(std::iter::once(vec![(1.0, Beta::new(a, b, ln_gamma(a + b)))]))
}

#[test]
fn incomplete_beta_agrees_with_30_digits() {
    let table = [
        (0.001, 300.0, 1e-6, 0.992_491_035_119_027_5),
        (0.5, 0.5, 0.3, 0.369_010_119_565_545_4),
        (3.0, 7.0, 0.2, 0.261_802_496),
        (39.0, 721.0, 0.05, 0.453_673_297_861_607_9),
        (43.7, 956.2, 0.06, 0.989_815_278_903_772_6),
        (5000.25, 95000.5, 0.0501, 0.558_147_346_276_647_8),
        (2000.0, 0.01, 0.9999, 0.012_217_190_960_585_6),
        (0.001, 0.001, 0.7, 0.500_423_037_860_323_5),
        (250.0, 250.0, 0.45, 0.012_527_003_030_155_56),
    ];
    for (a, b, x, wanted) in table {
        let ln_beta = ln_gamma(a) + ln_gamma(b) - ln_gamma(a + b);
        let front = exp(a * ln(x) + b * libm::log1p(-x) - ln_beta);
        assert_near(
            beta_cdf(a, b, x, 1.0 - x, front),
            wanted,
            1e-10,
            &format!("I({a}, {b})"),
        );
        assert_near(
            beta_cdf(b, a, 1.0 - x, x, front),
            1.0 - wanted,
            1e-10,
            &format!("I({b}, {a})"),
        );
    }
}

#[test]
fn incomplete_gamma_agrees_with_30_digits() {
    let table = [
        (1.0, 0.05, 0.048_770_575_499_285_99),
        (1.5, 9.0, 0.999_560_150_347_161_2),
        (43.0, 28.75, 0.007_728_184_801_089_432),
        (43.0, 64.4, 0.998_065_466_083_204_4),
        (1031.0, 980.0, 0.054_260_339_830_608_02),
        (1031.0, 1100.0, 0.982_703_552_681_049_3),
        (20_000.0, 20_200.0, 0.921_007_630_011_099_5),
        (0.5, 0.1, 0.345_279_153_981_423),
    ];
    for (a, x, wanted) in table {
        let front = exp(a * ln(x) - x - ln_gamma(a));
        assert_near(gamma_cdf(a, x, front), wanted, 1e-10, &format!("P({a}, {x})"));
    }
}

#[test]
fn one_beta_exceeds_another_as_often_as_stated() {
    let other = beta(30.0, 730.0);
    let values = beta(39.0, 721.0).mid_quantiles(2000);
    let mean = values.iter().map(|value| other.cdf(*value)).sum::<f64>() / 2000.0;
    assert_near(mean, 0.8680, 5e-5, "P(Beta(39,721) > Beta(30,730))");
}

#[test]
fn quantiles_invert_the_distribution_function() {
    for (a, b) in [
        (1e-3, 40.0),
        (0.3, 0.2),
        (1.0, 1.0),
        (2.0, 900.0),
        (400.0, 8.0),
        (3e4, 2e5),
    ] {
        let one = beta(a, b);
        for tail in [0.0005, 0.01, 0.05, 0.2] {
            let (lo, hi) = one.interval(tail);
            if lo > 1e-12 {
                assert_near(one.cdf(lo), tail, 1e-8, &format!("lo of Beta({a}, {b})"));
            }
            if hi > 1e-12 && hi < 1.0 - 1e-12 {
                assert_near(one.cdf(hi), 1.0 - tail, 1e-8, &format!("hi of Beta({a}, {b})"));
            }
        }
    }
    for shape in [1.0, 3.5, 43.0, 2000.0] {
        let row = vec![(1.0, Gamma::new(shape, 1.0, ln_gamma(shape)))];
        let one: Mixture<Gamma> = Mixture::from_rows(std::iter::once(row));
        let (lo, hi) = one.interval(0.05);
        assert_near(one.cdf(lo), 0.05, 1e-8, "lo of a Gamma");
        assert_near(one.cdf(hi), 0.95, 1e-8, "hi of a Gamma");
    }
}

#[test]
fn mid_quantiles_invert_the_distribution_function_of_uneven_parts() {
    let parts = [
        (0.4, 3.0, 2.5),
        (0.3, 1031.0, 1000.0),
        (0.2, 43.0, 64.4),
        (0.1, 40.0, 20.0),
    ];
    let row = |(weight, shape, rate)| vec![(weight, Gamma::new(shape, rate, ln_gamma(shape)))];
    let mixture = Mixture::from_rows(parts.into_iter().map(row));
    let values = mixture.mid_quantiles(1024);
    assert_eq!(values.len(), 1024);
    for (rank, value) in values.iter().enumerate() {
        assert_near(mixture.cdf(*value), (rank as f64 + 0.5) / 1024.0, 2e-6, "mid-quantile");
    }
    assert!(mixture.mid_quantiles(0).is_empty());
    assert_near(Gamma::unscaled(Gamma::scaled(0.7)), 0.7, 1e-15, "scale");
}

#[test]
fn normal_quantiles_are_a_place_to_start_from() {
    for (p, wanted) in [
        (0.05, -1.644_854),
        (0.5, 0.0),
        (0.975, 1.959_964),
        (0.000_5, -3.290_527),
    ] {
        assert_near(normal_quantile(p), wanted, 5e-4, "z");
    }
}
