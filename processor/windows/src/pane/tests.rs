use std::collections::BTreeMap;

use paceline_schemas::measure::Measure;
use proptest::prelude::*;

use super::*;
use crate::packed::add_vector;

fn vector(wins: i64, talk_s: i64) -> Vector {
    let mut vector = Vector::ZERO;
    vector[Measure::Wins] = wins;
    vector[Measure::TalkS] = talk_s;
    vector
}

fn unpacked(run: &Run) -> BTreeMap<i32, Vector> {
    let panes = run.panes_after(i32::MIN).map(|(at, bytes)| {
        let mut sum = Vector::ZERO;
        add_packed(&mut sum, bytes, Sign::Plus);
        (at, sum)
    });
    panes.collect()
}

#[derive(Debug, Clone)]
enum Step {
    Add(i32, i64, i64),
    Undo(usize),
    Ascend(i64),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        3 => (-300..300_i32, -3..4_i64, prop_oneof![Just(0), any::<i64>()]).prop_map(|(at, a, b)| Step::Add(at, a, b)),
        2 => any::<prop::sample::Index>().prop_map(|i| Step::Undo(i.index(1000))),
        3 => (0..4_i64).prop_map(Step::Ascend),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]
    #[test]
    fn a_run_holds_what_a_map_holds(steps in proptest::collection::vec(step(), 1..400), lo in -300..300_i32, len in 0..300_i32, shift in -200..200_i32) {
        let (mut run, mut map, mut done) = (Run::default(), BTreeMap::<i32, Vector>::new(), Vec::new());
        for step in steps {
            let (at, added) = match step {
                Step::Add(at, a, b) => (at, vector(a, b)),
                Step::Undo(_) if done.is_empty() => continue,
                Step::Undo(i) => { let i = i % done.len(); let (at, v): (i32, Vector) = done.swap_remove(i); (at, -v) }
                Step::Ascend(a) => (map.keys().next_back().map_or(0, |at| at + 1), vector(a, 7)),
            };
            done.push((at, added));
            run.add(at, &added);
            let sum = map.entry(at).or_default();
            add_vector(sum, &added);
            if sum.is_zero() {
                map.remove(&at);
            }
        }
        prop_assert_eq!(unpacked(&run), map.clone());
        prop_assert!(run.chunks.iter().all(|chunk| !chunk.heads.is_empty() && chunk.heads.len() <= CHUNK_MAX));

        let naive = |edge: Edge| {
            let mut sum = Vector::ZERO;
            for (at, v) in &map {
                if edge.lo < *at && *at <= edge.hi { add_vector(&mut sum, v); }
            }
            sum
        };
        let from = Edge { lo, hi: lo + len };
        let to = Edge { lo: lo + shift, hi: lo + shift + len / 2 };
        let mut sum = Vector::ZERO;
        run.fold(from, &mut sum, Sign::Plus);
        prop_assert_eq!(sum, naive(from));
        run.shift(&mut sum, from, to);
        prop_assert_eq!(sum, naive(to));
        prop_assert_eq!(run.first_after(lo), map.range(lo + 1..).next().map(|(at, _)| *at));
        prop_assert_eq!(run.last(), map.keys().next_back().copied());
        prop_assert_eq!(run.any_in(from), map.keys().any(|at| from.has(*at)));

        let mut copy = Run::default();
        for (at, bytes) in run.panes_after(lo) {
            copy.push_packed(at, bytes);
        }
        prop_assert_eq!(unpacked(&copy), map.range(lo + 1..).map(|(at, v)| (*at, *v)).collect());
        run.forget(lo);
        prop_assert!(run.chunks.iter().all(|chunk| chunk.last() > Some(lo)));
        prop_assert_eq!(run.first_after(lo), map.range(lo + 1..).next().map(|(at, _)| *at));
    }
}
