//! Memory rebuilt from the log, and crashes between append and commit, for a thousand seeds.

use paceline_ingest::draft::Draft;
use paceline_ingest::memory::Volatile;
use paceline_ingest::settle::Options;
use paceline_schemas::event::EventType;
use paceline_schemas::symbol::{CreditRole, Step};

use crate::deals::{options, received};
use crate::floor::{Floor, Published, at, call, cancelled, deal, lead, lost, pause, refunded, share, won};

const SEEDS: u64 = 1_000;

/// xorshift64*: the same drafts for the same seed, everywhere.
struct Seeded(u64);

impl Seeded {
    fn of(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    fn below(&mut self, end: u64) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33) % end
    }

    fn small(&mut self, end: u64) -> u8 {
        u8::try_from(self.below(end)).expect("a small number")
    }

    fn day(&mut self, end: u64) -> i64 {
        i64::try_from(self.below(end)).expect("a day")
    }
}

fn draft(random: &mut Seeded) -> Draft {
    let (number, rep, day) = (random.small(3), random.small(3), random.day(6));
    match random.below(12) {
        0..=3 => {
            let amount = random.day(5) * 100;
            let customer = (random.below(3) > 0).then_some(number % 2);
            let mut draft = won(number, rep, at(day, 9), amount, customer, None);
            if random.below(4) == 0 {
                draft.splits = vec![
                    share(rep, CreditRole::Owner, 6_000),
                    share((rep + 1) % 3, CreditRole::Split, 4_000),
                ];
            }
            draft
        }
        4 => lost(number, rep, at(day, 10)),
        5 => cancelled(number, rep, at(day, 11)),
        6 => refunded(number, rep, at(day, 12), random.small(3), 50),
        7 => deal(EventType::DealOpened, number, rep, at(day, 8), |_| {}),
        8 => lead(number, rep, at(day, 7)),
        9 => pause(rep, at(0, 1), at(0, 2 + random.day(3))),
        _ => call(
            u16::from(number),
            rep,
            at(day, 13),
            Step::Contact,
            random.day(3) * 30_000,
        ),
    }
}

fn run(floor: &mut Floor, drafts: &[Draft], from: usize) {
    for (step, draft) in drafts.iter().enumerate().skip(from) {
        floor.take(draft.clone(), received(step)).ok();
    }
}

fn drafts(random: &mut Seeded) -> Vec<Draft> {
    (0..14).map(|_| draft(random)).collect()
}

fn with_site(follows_owner: bool) -> Options {
    let mut options = options(follows_owner);
    let site = crate::rules::site();
    options.sites.insert(site.site_id.clone(), site);
    options
}

#[test]
fn memory_rebuilt_from_the_log_equals_memory_after_settling() {
    for seed in 0..SEEDS {
        let mut random = Seeded::of(seed);
        let mut floor = Floor::new(with_site(seed % 2 == 0));
        run(&mut floor, &drafts(&mut random), 0);
        floor.commit();
        let mut rebuilt = Floor::over(Options::default(), Volatile::default(), floor.log.clone());
        rebuilt.commit();
        let text = |store: &Volatile| -> Vec<(String, String)> {
            let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
            store
                .all()
                .into_iter()
                .map(|(key, value)| (text(key), text(value)))
                .collect()
        };
        assert_eq!(text(&rebuilt.store), text(&floor.store), "seed {seed}");
    }
}

#[test]
fn a_crash_between_append_and_commit_publishes_nothing_twice() {
    for seed in 0..SEEDS {
        let mut random = Seeded::of(seed);
        let drafts = drafts(&mut random);
        let mut straight = Floor::new(with_site(false));
        run(&mut straight, &drafts, 0);

        let mut floor = Floor::new(with_site(false));
        let mut committed = 0;
        let mut step = 0;
        // A refused draft is a dead letter: it is not read again with the others.
        let mut refused = std::collections::BTreeSet::new();
        while step < drafts.len() {
            if !refused.contains(&step) && floor.take(drafts[step].clone(), received(step)).is_err() {
                refused.insert(step);
            }
            step += 1;
            match random.below(4) {
                0 => {
                    floor.commit();
                    committed = step;
                }
                1 => {
                    let (store, log) = (floor.store.copy(), std::mem::take(&mut floor.log));
                    floor = Floor::over(with_site(false), store, log);
                    step = if random.below(2) == 0 { committed } else { step };
                }
                _ => {}
            }
        }
        assert_eq!(floor.log.ids, straight.log.ids, "seed {seed}");
        assert_eq!(floor.log.sums(), straight.log.sums(), "seed {seed}");
    }
}

/// Cuts the log of each partition after any number of the last events of one settled draft.
#[test]
fn a_crash_within_the_events_of_one_draft_is_completed_by_the_same_draft() {
    for seed in 0..SEEDS {
        let mut random = Seeded::of(seed);
        let drafts = drafts(&mut random);
        let mut straight = Floor::new(with_site(true));
        run(&mut straight, &drafts, 0);

        let mut floor = Floor::new(with_site(true));
        for (step, draft) in drafts.iter().enumerate() {
            let before = floor.log.clone();
            let Ok(settled) = floor.take(draft.clone(), received(step)) else {
                continue;
            };
            if settled.events.len() > 1 {
                let kept = usize::from(random.small(settled.events.len() as u64));
                let mut log: Published = before;
                for event in settled.events.iter().take(kept) {
                    log.append(event);
                }
                floor = Floor::over(with_site(true), Volatile::default(), log);
                floor.take(draft.clone(), received(step)).ok();
            }
        }
        assert_eq!(floor.log.sums(), straight.log.sums(), "seed {seed}");
    }
}
