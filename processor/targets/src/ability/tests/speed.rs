//! What the estimates of 10,000 people cost. Nothing is asserted: the machine is not ours alone.

use super::simulation::*;
use crate::ability::*;
use crate::draws::Xoshiro256PlusPlus;

const PEOPLE: usize = 10_000;

/// Nanoseconds that this thread has run, 0 where the system does not say.
#[expect(clippy::disallowed_methods, reason = "a measurement reads its own clock")]
fn spent() -> u64 {
    let stat = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    stat.split(' ')
        .next()
        .and_then(|run| run.parse().ok())
        .unwrap_or_default()
}

#[expect(clippy::print_stderr, reason = "a measurement is there to be read")]
fn measure(what: &str, work: impl FnOnce()) {
    let before = spent();
    work();
    eprintln!("{what}: {:.2} s of CPU", (spent() - before) as f64 / 1e9);
}

fn trials(draws: &mut Xoshiro256PlusPlus, from: f64, to: f64, mu: f64) -> Vec<Trials> {
    let row = |_| {
        let n = between(draws, from, to) as i64;
        let p = beta(draws, mu * 160.0, (1.0 - mu) * 160.0);
        Trials {
            successes: binomial(draws, n, p),
            trials: n,
        }
    };
    (0..PEOPLE).map(row).collect()
}

fn volumes(draws: &mut Xoshiro256PlusPlus, from: f64, to: f64) -> Vec<Volume> {
    let row = |_| {
        let expected = between(draws, from, to);
        let theta = gamma(draws, 12.0) / 12.0;
        Volume {
            observed: poisson(draws, expected * theta),
            expected,
        }
    };
    (0..PEOPLE).map(row).collect()
}

#[test]
#[ignore = "prints CPU time, for a release build"]
fn ten_thousand_people() {
    let mut draws = Xoshiro256PlusPlus::from_seed(1);
    let close = trials(&mut draws, 200.0, 3000.0, 0.05);
    let contact = trials(&mut draws, 3000.0, 16_000.0, 0.2);
    let wins = volumes(&mut draws, 20.0, 100.0);
    let dials = volumes(&mut draws, 300.0, 500.0);
    for size in [PEOPLE, 500, 24] {
        for (name, rows) in [("close_per_contact", &close), ("contact_per_dial", &contact)] {
            measure(&format!("{name}, groups of {size}, with above"), || {
                for rows in rows.chunks(size) {
                    let group = RateGroup::fit(rows);
                    for row in rows {
                        let posterior = group.posterior(*row);
                        std::hint::black_box((posterior.estimate(0.90), posterior.above(group.mean())));
                    }
                }
            });
        }
        for (name, rows) in [("wins", &wins), ("dials", &dials)] {
            measure(&format!("{name}, groups of {size}, with above"), || {
                for rows in rows.chunks(size) {
                    let group = VolumeGroup::fit(rows);
                    for row in rows {
                        let posterior = group.posterior(*row);
                        std::hint::black_box((posterior.estimate(0.90), posterior.above(group.mean())));
                    }
                }
            });
        }
        let amounts: Vec<i64> = (0..20_000)
            .map(|_| (gamma(&mut draws, 2.0) * 50_000.0) as i64)
            .collect();
        let peers = PeerAmounts::new(&amounts).expect("amounts");
        measure(&format!("money, groups of {size}, 60 amounts"), || {
            for rows in wins.chunks(size) {
                let group = VolumeGroup::fit(rows);
                for row in rows {
                    let posterior = peers.posterior(&group.posterior(*row), &amounts[..60], &mut draws);
                    std::hint::black_box(posterior.estimate(0.90));
                }
            }
        });
    }
}
