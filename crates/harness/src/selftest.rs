//! The plan of a self-test: comparisons whose answer is known, made as a run makes its own.
//!
//! A *round* is what a run would be: blocks of cells, each block in a random order and then in its mirror image. In the rounds
//! of null comparisons every chosen (configuration, workload) stands in a block twice, as two equal arms; in the round of
//! effects one of two arms has an effect. The cells are those of the smoke profile: comparisons of short processes are as
//! true as those of long ones, only less certain, and there can be hundreds.

use crate::draw;
use crate::job::Job;
use crate::plan::{Contender, Frame, Work, schedule};
use heapbench_results::Injected;
use rand::seq::SliceRandom;

/// The effects that are put in: +1, +2 and +5 % work, and a pause of 10 ms.
pub const EFFECTS: [Injected; 4] =
    [work(10), work(20), work(50), Injected { work_permille: 0, pause_us: 10_000 }];

const fn work(permille: u32) -> Injected {
    Injected { work_permille: permille, pause_us: 0 }
}

/// How much is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Size {
    /// How many pairs of configuration and workload.
    pub pairs: usize,
    /// How many null comparisons of each.
    pub rounds: u32,
    /// Processes on a side of a null comparison. Even: every block has its mirror image.
    pub processes: u32,
    /// Of how many of the pairs an effect is put in.
    pub effect_pairs: usize,
    /// Processes on a side of a comparison with an effect. Even.
    pub effect_processes: u32,
}

impl Size {
    /// 200 null comparisons of ten processes a side, and 40 of effects of 30.
    pub const FULL: Size =
        Size { pairs: 20, rounds: 10, processes: 10, effect_pairs: 10, effect_processes: 30 };

    /// 40 null comparisons, and 24 of effects of ten processes a side: too few to prove a rate of 5 %.
    pub const QUICK: Size =
        Size { pairs: 10, rounds: 4, processes: 10, effect_pairs: 6, effect_processes: 10 };
}

/// A configuration and a workload that are compared with themselves.
#[derive(Clone, Debug)]
pub struct Pair {
    /// Full configuration text.
    pub strategy: String,
    /// Workload and parameters.
    pub work: Work,
    /// The middle of its run: so many bytes allocated. There an injected pause is.
    pub middle_bytes: u64,
}

/// The pairs, drawn from all by the seed.
pub fn pairs(strategies: &[String], works: &[Work], size: Size, seed: u64) -> Vec<Pair> {
    let of = |work: &Work| {
        let pair =
            |strategy: &String| Pair { strategy: strategy.clone(), work: work.clone(), middle_bytes: 0 };
        strategies.iter().map(pair).collect::<Vec<_>>()
    };
    let mut pairs: Vec<Pair> = works.iter().flat_map(of).collect();
    pairs.shuffle(&mut draw::stream(seed, "pairs", ""));
    pairs.truncate(size.pairs);
    pairs
}

/// All cells, round after round.
pub fn cells(pairs: &[Pair], size: Size, frame: &Frame) -> Vec<Job> {
    let mut jobs = Vec::new();
    for round in 0..size.rounds {
        let invocations = round * size.processes..(round + 1) * size.processes;
        let contenders: Vec<Contender> =
            pairs.iter().flat_map(|pair| sides(pair, round, Injected::default())).collect();
        jobs.extend(schedule(&contenders, frame, invocations));
    }
    let of_effects = EFFECTS.into_iter().zip(size.rounds..);
    let contenders: Vec<Contender> = of_effects
        .flat_map(|(effect, number)| {
            pairs.iter().take(size.effect_pairs).flat_map(move |pair| sides(pair, number, effect))
        })
        .collect();
    let first = size.rounds * size.processes;
    jobs.extend(schedule(&contenders, frame, first..first + size.effect_processes));
    jobs
}

/// The two sides of a comparison: the arms that belong to its number, the effect in the odd one.
fn sides(pair: &Pair, number: u32, injected: Injected) -> [Contender<'_>; 2] {
    let even = Contender { arm: 2 * number, ..Contender::new(&pair.strategy, &pair.work) };
    let pause_after_bytes = if injected.pause_us > 0 { pair.middle_bytes } else { 0 };
    [even, Contender { arm: 2 * number + 1, injected, pause_after_bytes, ..even }]
}

#[cfg(test)]
mod tests {
    use super::*;
    use heapbench_workload::{Parameters, definitions};
    use std::collections::{BTreeMap, BTreeSet};

    fn planned(size: Size) -> Vec<Job> {
        let works: Vec<Work> = definitions()
            .unwrap()
            .into_iter()
            .map(|definition| Work { definition, parameters: Parameters::new(), limit: Default::default() })
            .collect();
        let strategies: Vec<String> = ["a", "b", "c"].map(String::from).to_vec();
        let mut pairs = pairs(&strategies, &works, size, 1);
        pairs.iter_mut().for_each(|pair| pair.middle_bytes = 77);
        cells(&pairs, size, &Frame { seed: 1, ..Frame::default() })
    }

    #[test]
    fn a_full_one_has_two_hundred_null_comparisons_and_every_effect() {
        for (size, nulls) in [(Size::FULL, 200), (Size::QUICK, 40)] {
            let mut sides: BTreeMap<(String, String, u32), (Injected, u32)> = BTreeMap::new();
            for job in planned(size) {
                let side = sides.entry((job.strategy, job.workload, job.arm)).or_default();
                *side = (job.injected, side.1 + 1);
                assert_eq!(job.pause_after_bytes, if job.injected.pause_us > 0 { 77 } else { 0 });
            }
            let plain = sides.values().filter(|side| **side == (Injected::default(), size.processes)).count();
            let odd: BTreeMap<_, _> = sides.iter().filter(|(key, _)| key.2 % 2 == 1).collect();
            let effects: Vec<&Injected> = odd
                .values()
                .map(|(effect, _)| effect)
                .filter(|effect| **effect != Injected::default())
                .collect();
            assert_eq!(odd.len() - effects.len(), nulls);
            assert_eq!(effects.len(), 4 * size.effect_pairs);
            assert_eq!(effects.into_iter().collect::<BTreeSet<_>>(), EFFECTS.iter().collect());
            assert!(plain >= 2 * nulls, "{plain}");
        }
    }

    #[test]
    fn cells_are_all_different_and_blocks_have_mirror_images() {
        let jobs = planned(Size::QUICK);
        let keys: std::collections::HashSet<_> = jobs.iter().map(Job::key).collect();
        assert_eq!(keys.len(), jobs.len());
        let block = |invocation: u32| -> Vec<(String, String, u32)> {
            let cells = jobs.iter().filter(|job| job.invocation == invocation);
            cells.map(|job| (job.strategy.clone(), job.workload.clone(), job.arm)).collect()
        };
        for invocation in (0..Size::QUICK.processes * Size::QUICK.rounds).step_by(2) {
            let mut mirrored = block(invocation + 1);
            mirrored.reverse();
            assert_eq!(block(invocation), mirrored);
        }
    }
}
