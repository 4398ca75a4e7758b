//! The plan: which cells are run, in which order.
//!
//! Invocation by invocation, each a block that holds every contender (a configuration on a workload) once. Blocks come in
//! pairs: the first of a pair in a random order, the second in its mirror image (ABBA). Over a pair every contender has
//! the same mean position, so what drifts on a machine (temperature, neighbours) falls on all alike: a linear drift cancels.
//! The order is a function of the seed.
//!
//! Some contenders are there twice, as *null arms*: in their comparison nothing differs, and what it finds is false.

use crate::draw;
use crate::job::Job;
use crate::layout;
use crate::limit::Limit;
use crate::python::find;
use heapbench_results::Injected;
use heapbench_workload::{Definition, Parameters};
use rand::RngExt;
use rand::seq::SliceRandom;
use std::ops::Range;

/// A workload with the parameters it is to be run with.
#[derive(Clone, Debug)]
pub struct Work {
    /// The workload.
    pub definition: Definition,
    /// The value of every parameter.
    pub parameters: Parameters,
    /// The limit on the heap that it is run under.
    pub limit: Limit,
}

/// What all cells of a run have in common.
#[derive(Clone, Debug, Default)]
pub struct Frame {
    /// The run's name.
    pub run: String,
    /// The profile's name.
    pub profile: String,
    /// How often each cell is run.
    pub invocations: u32,
    /// Seed of the workloads' random choices, of the order and of layouts.
    pub seed: u64,
    /// Whether invocations after the first have seeds of their own for the workloads' random choices.
    pub vary_seeds: bool,
    /// How many contenders have a null arm.
    pub null_arms: u32,
    /// Requests that arrive in a second (open loop).
    pub rate: Option<u32>,
    /// Whether cells wait for what becomes of their memory.
    pub drain: bool,
}

/// What is run once in each block.
#[derive(Clone, Copy, Debug)]
pub struct Contender<'a> {
    /// Full configuration text.
    pub strategy: &'a str,
    /// Workload and parameters.
    pub work: &'a Work,
    /// Which of several equal arms.
    pub arm: u32,
    /// An effect to put in.
    pub injected: Injected,
    /// Where an injected pause is: after so many allocated bytes.
    pub pause_after_bytes: u64,
}

impl<'a> Contender<'a> {
    /// A plain one.
    pub fn new(strategy: &'a str, work: &'a Work) -> Contender<'a> {
        Contender { strategy, work, arm: 0, injected: Injected::default(), pause_after_bytes: 0 }
    }
}

/// All cells of a run in the order in which they are run.
pub fn cells(strategies: &[String], works: &[Work], frame: &Frame) -> Vec<Job> {
    schedule(&contenders(strategies, works, frame), frame, 0..frame.invocations)
}

/// Every strategy on every workload, and the null arms: as many as the frame says, drawn from the seed. Outside references
/// have none.
pub fn contenders<'a>(strategies: &'a [String], works: &'a [Work], frame: &Frame) -> Vec<Contender<'a>> {
    let of = |work| strategies.iter().map(move |strategy| Contender::new(strategy, work));
    let mut contenders: Vec<Contender> = works.iter().flat_map(of).collect();
    let mut ours = contenders.clone();
    ours.retain(|contender| !find::is_reference(contender.strategy));
    ours.shuffle(&mut draw::stream(frame.seed, "null arms", ""));
    let null_arms = ours.into_iter().take(frame.null_arms as usize);
    contenders.extend(null_arms.map(|contender| Contender { arm: 1, ..contender }));
    contenders
}

/// The cells of some invocations in the order in which they are run. A cell's position is that in a run of all contenders
/// from invocation 0 on, whichever of them are run here.
pub fn schedule(contenders: &[Contender], frame: &Frame, invocations: Range<u32>) -> Vec<Job> {
    let block = |invocation: u32| {
        let mut block: Vec<&Contender> = contenders.iter().collect();
        block.shuffle(&mut draw::stream(frame.seed, "order", &(invocation / 2).to_string()));
        if invocation % 2 == 1 {
            block.reverse();
        }
        let before = u64::from(invocation) * contenders.len() as u64;
        let numbered = (before..).zip(block);
        numbered.map(move |(position, contender)| job(contender, frame, invocation, position))
    };
    invocations.flat_map(block).collect()
}

fn job(contender: &Contender, frame: &Frame, invocation: u32, position: u64) -> Job {
    let job = Job {
        run: frame.run.clone(),
        strategy: contender.strategy.to_string(),
        workload: contender.work.definition.name.clone(),
        profile: frame.profile.clone(),
        parameters: contender.work.parameters.clone(),
        invocation,
        seed: workload_seed(frame, invocation),
        heap_limit: contender.work.limit.bytes,
        heap_multiple: contender.work.limit.multiple,
        arm: contender.arm,
        injected: contender.injected,
        pause_after_bytes: contender.pause_after_bytes,
        rate: frame.rate,
        drain: frame.drain,
        ..Job::default()
    };
    let layout = layout::of(&job, frame.seed, position);
    Job { layout, ..job }
}

/// The seed of the workloads' random choices: all contenders of a block have the same, so that they do the same work.
fn workload_seed(frame: &Frame, invocation: u32) -> u64 {
    match (frame.vary_seeds, invocation) {
        (false, _) | (_, 0) => frame.seed,
        _ => draw::stream(frame.seed, "workload", &invocation.to_string()).random(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::{BTreeMap, BTreeSet};

    type Cell = (String, String, u32);

    fn works() -> Vec<Work> {
        let work = |definition| Work { definition, parameters: Parameters::new(), limit: Limit::default() };
        heapbench_workload::definitions().unwrap().into_iter().map(work).collect()
    }

    fn jobs(frame: Frame) -> Vec<Job> {
        let strategies: Vec<String> = (0..5).map(|i| format!("strategy{i}")).collect();
        cells(&strategies, &works(), &Frame { run: "r".into(), profile: "smoke".into(), ..frame })
    }

    fn plan(seed: u64) -> Vec<Cell> {
        let jobs = jobs(Frame { seed, invocations: 4, ..Frame::default() });
        jobs.into_iter().map(|j| (j.strategy, j.workload, j.invocation)).collect()
    }

    #[test]
    fn each_block_holds_every_pair_once_and_pairs_of_blocks_have_orders_of_their_own() {
        let plan = plan(1);
        let blocks: Vec<&[_]> = plan.chunks(plan.len() / 4).collect();
        for (invocation, block) in blocks.iter().enumerate() {
            assert!(block.iter().all(|cell| cell.2 == invocation as u32));
            let pairs: BTreeSet<_> = block.iter().map(|cell| (&cell.0, &cell.1)).collect();
            assert_eq!(pairs.len(), block.len());
        }
        let order =
            |block: &[Cell]| block.iter().map(|cell| (cell.0.clone(), cell.1.clone())).collect::<Vec<_>>();
        assert_ne!(order(blocks[0]), order(blocks[2]));
        let mut mirrored = order(blocks[1]);
        mirrored.reverse();
        assert_eq!(order(blocks[0]), mirrored);
    }

    #[test]
    fn a_linear_drift_falls_on_every_contender_alike() {
        let jobs = jobs(Frame { seed: 3, invocations: 4, ..Frame::default() });
        let mut drift: BTreeMap<(String, String), u64> = BTreeMap::new();
        for job in jobs {
            *drift.entry((job.strategy, job.workload)).or_default() += job.layout.position;
        }
        assert_eq!(drift.values().collect::<BTreeSet<_>>().len(), 1, "{drift:?}");
    }

    #[test]
    fn the_order_is_a_function_of_the_seed() {
        assert_eq!(plan(7), plan(7));
        assert_ne!(plan(7), plan(8));
    }

    #[test]
    fn null_arms_are_run_in_every_block_and_are_no_results() {
        let jobs = jobs(Frame { invocations: 2, null_arms: 3, seed: 5, ..Frame::default() });
        let nulls: Vec<&Job> = jobs.iter().filter(|job| job.arm == 1).collect();
        assert_eq!(nulls.len(), 6);
        for null in nulls {
            let twin = Job { arm: 0, layout: null.layout, ..null.clone() };
            let twin = jobs.iter().find(|job| job.key() == twin.key()).unwrap();
            assert_ne!(twin.layout, null.layout, "layouts are drawn for each process");
        }
    }

    #[test]
    fn seeds_vary_between_invocations_and_never_within_a_block() {
        let seeds = |vary_seeds| {
            let jobs = jobs(Frame { invocations: 3, seed: 9, vary_seeds, ..Frame::default() });
            let seeds: BTreeSet<(u32, u64)> = jobs.iter().map(|job| (job.invocation, job.seed)).collect();
            seeds.into_iter().map(|(_, seed)| seed).collect::<Vec<_>>()
        };
        assert_eq!(seeds(false), [9, 9, 9]);
        let varied = seeds(true);
        assert_eq!((varied.len(), varied[0]), (3, 9));
        assert_ne!(varied[1], varied[2]);
    }

    #[test]
    fn later_invocations_are_those_of_the_whole_plan() {
        let (strategies, works) = (vec!["a".to_string(), "b".to_string()], works());
        let frame = Frame { invocations: 6, seed: 2, null_arms: 1, ..Frame::default() };
        let all = cells(&strategies, &works, &frame);
        let contenders = contenders(&strategies, &works, &frame);
        let parts = [schedule(&contenders, &frame, 0..3), schedule(&contenders, &frame, 3..6)].concat();
        assert_eq!(all, parts);
    }
}
