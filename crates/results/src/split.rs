//! The cost split: where the time of a strategy goes, told by configurations that differ in one thing each.
//!
//! ```text
//! bump                                  the program, and the cheapest allocation there is
//!   -> manual                           + allocation and free of the memory source, at exact deaths
//!   -> manual:header=8                  + the room of a count word
//!   -> refcount                         + counting
//!   -> generational:disabled=true       + tracking of containers, and the room of their GC head
//!   -> generational                     + collections: time inside them, and what they change outside
//! ```
//!
//! A component is a sum of medians over processes, with signs: so components add up to the median of the strategy exactly, and
//! none is clipped: one that comes out negative says that the step saves time (a cache that is used again), or that it is
//! smaller than its error. What `manual` spends on looking up its schedule (`walk` less `ignore`) is taken out where it is, and is
//! in no component. The error is a bootstrap over whole invocations: one draws all configurations of a block, which ran
//! beside each other. It does not hold what no repetition shows: two effects that only come together are told to the second.

mod steps;

pub use steps::{SOURCES, configurations};

use crate::group::{Setting, group};
use crate::interval::Interval;
use crate::statistics;
use crate::{Injected, Record, Status};
use rand::{RngExt, SeedableRng};
use rand_pcg::Pcg64Mcg;
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};
use steps::{Ladder, Number, Recipe, Term, tracing_recipe};

/// Seed of the bootstrap: fixed, so that a split is a function of its records.
const SEED: u64 = 0x0073_706c_6974;

/// A part of a strategy's time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Component {
    /// The program: a run in a region less a replay of its allocations.
    Mutator,
    /// Bump allocation, in memory that is never used again.
    Bump,
    /// What allocation and free of the strategy's own memory cost beyond that; lazy sweeping is part of it.
    Allocation,
    /// The room that counts and GC heads take, by nothing but its size.
    Header,
    /// Counting: increments, decrements, and following the dead.
    Counting,
    /// Keeping the collector's lists: the write barrier and linking of a counting collector.
    Tracking,
    /// Inside collections.
    Tracing,
    /// What collections change outside themselves: caches, memory that is used again.
    Aftermath,
}

impl Component {
    /// All, in the order in which they are stacked.
    pub const ALL: [Component; 8] = [
        Component::Mutator,
        Component::Bump,
        Component::Allocation,
        Component::Header,
        Component::Counting,
        Component::Tracking,
        Component::Tracing,
        Component::Aftermath,
    ];

    /// Its name for people.
    pub fn name(self) -> &'static str {
        match self {
            Component::Mutator => "program",
            Component::Bump => "bump allocation",
            Component::Allocation => "allocation and free",
            Component::Header => "header bytes",
            Component::Counting => "counting",
            Component::Tracking => "tracking",
            Component::Tracing => "tracing",
            Component::Aftermath => "after collections",
        }
    }

    /// The exact counters of the strategy whose sum is this component's work, where there are some.
    fn counters(self) -> &'static [&'static str] {
        match self {
            Component::Bump | Component::Allocation | Component::Header => &["objects_allocated"],
            Component::Counting => &["increments", "decrements"],
            Component::Tracking => &["objects_allocated"],
            Component::Tracing => &["slots_traced"],
            Component::Mutator | Component::Aftermath => &[],
        }
    }
}

/// How the time of one strategy on one work is made up.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Split {
    /// The work and the limit.
    #[serde(flatten)]
    pub setting: Setting,
    /// Full configuration text.
    pub strategy: String,
    /// Nanoseconds a unit of work, all components together: the median of the strategy; of `manual`, less what it takes to
    /// know.
    pub total: Interval,
    /// The components in the order of [`Component::ALL`].
    pub parts: Vec<Part>,
    /// Invocations that all configurations have.
    pub invocations: usize,
    /// What the intervals cover: 95 %, or less where invocations are too few.
    pub confidence: f64,
}

/// One component of a split.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Part {
    /// Which.
    pub component: Component,
    /// Nanoseconds a unit of work.
    pub time: Interval,
    /// Its exact work a unit of work: allocations, increments and decrements, slots traced; `None` where nothing is counted.
    pub work: Option<f64>,
    /// Nanoseconds for each of these; `None` where there are none.
    pub ns_each: Option<Interval>,
}

/// A strategy that was run and cannot be split.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Incomplete {
    /// The work and the limit.
    #[serde(flatten)]
    pub setting: Setting,
    /// Full configuration text.
    pub strategy: String,
    /// What is missing, in a line.
    pub missing: String,
}

/// What can be split, and what cannot.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Splits {
    /// By setting, then in the order of the steps.
    pub complete: Vec<Split>,
    /// Likewise.
    pub incomplete: Vec<Incomplete>,
}

/// Splits every strategy of the records that the steps know, where all that it needs was run.
pub fn split(records: &[Record]) -> Splits {
    let mut splits = Splits::default();
    for group in group(records) {
        let has = |strategy: &str| group.strategies.contains_key(strategy);
        let recipes = SOURCES.iter().flat_map(|source| Ladder::over(source).recipes());
        let tracing = group.strategies.keys().filter(|name| name.split(':').next() == Some("mark-sweep"));
        for recipe in recipes.chain(tracing.map(|name| tracing_recipe(name))).filter(|r| has(&r.strategy)) {
            match Blocks::of(&recipe, &group.strategies) {
                Ok(blocks) => splits.complete.push(blocks.split(&recipe, &group.setting)),
                Err(missing) => splits.incomplete.push(Incomplete {
                    setting: group.setting.clone(),
                    strategy: recipe.strategy,
                    missing,
                }),
            }
        }
    }
    splits
}

/// Names one invocation of a run.
type Invocation<'a> = (&'a str, u64, u32);

/// The records of all configurations that a recipe needs, invocation by invocation.
struct Blocks<'a> {
    /// By configuration, each in the same order of invocations.
    records: BTreeMap<&'a str, Vec<&'a Record>>,
    invocations: usize,
}

impl<'a> Blocks<'a> {
    /// Those invocations in which every configuration ended well; or what is missing.
    fn of(recipe: &Recipe, strategies: &BTreeMap<&'a str, Vec<&'a Record>>) -> Result<Blocks<'a>, String> {
        let mut found: BTreeMap<&'a str, BTreeMap<Invocation<'a>, &'a Record>> = BTreeMap::new();
        let mut missing = BTreeSet::new();
        for (_, configuration, _) in recipe.parts.iter().flat_map(|(_, terms)| terms) {
            let entry = strategies.get_key_value(configuration.as_str());
            let cells = entry.iter().flat_map(|(_, records)| records.iter().copied()).filter(|r| counts(r));
            let cells: BTreeMap<Invocation, &Record> =
                cells.map(|record| ((record.run.as_str(), record.seed, record.invocation), record)).collect();
            match entry {
                Some((name, _)) if !cells.is_empty() => _ = found.insert(name, cells),
                _ => _ = missing.insert(configuration.as_str()),
            }
        }
        if !missing.is_empty() {
            let missing: Vec<&str> = missing.into_iter().collect();
            return Err(format!("no cell that ended well of {}", missing.join(", ")));
        }
        let mut shared: Vec<Invocation> =
            found.values().next().into_iter().flatten().map(|(i, _)| *i).collect();
        shared.retain(|invocation| found.values().all(|cells| cells.contains_key(invocation)));
        if shared.is_empty() {
            return Err("no invocation in which all configurations ran beside each other".to_string());
        }
        let records =
            found.into_iter().map(|(name, cells)| (name, shared.iter().map(|i| cells[i]).collect()));
        let blocks = Blocks { records: records.collect(), invocations: shared.len() };
        let mut operations: Vec<u64> = blocks.records.values().flatten().map(|r| r.operations).collect();
        operations.dedup();
        match operations[..] {
            [0] | [] => Err("no operations, expected some".to_string()),
            [_] => Ok(blocks),
            _ => Err(format!("configurations did {operations:?} operations, expected the same")),
        }
    }

    fn split(&self, recipe: &Recipe, setting: &Setting) -> Split {
        let operations = self.records[recipe.strategy.as_str()][0].operations as f64;
        let all: Vec<usize> = (0..self.invocations).collect();
        let mut drawn = vec![Vec::with_capacity(statistics::RESAMPLES); recipe.parts.len() + 1];
        let mut random = Pcg64Mcg::seed_from_u64(SEED);
        for _ in 0..statistics::RESAMPLES {
            let draw: Vec<usize> = all.iter().map(|_| random.random_range(0..self.invocations)).collect();
            let values = self.values(recipe, &draw, operations);
            drawn.iter_mut().zip(values).for_each(|(drawn, value)| drawn.push(value));
        }
        let mut times = self
            .values(recipe, &all, operations)
            .into_iter()
            .zip(drawn)
            .map(|(value, drawn)| Interval::of(value, drawn));
        let parts = recipe.parts.iter().zip(&mut times).map(|((component, _), time)| {
            let work = self.work(*component, &recipe.strategy).map(|work| work / operations);
            let ns_each = work.filter(|work| *work > 0.0).map(|work| time.scaled(1.0 / work));
            Part { component: *component, time, work, ns_each }
        });
        let parts = parts.collect();
        Split {
            setting: setting.clone(),
            strategy: recipe.strategy.clone(),
            total: times.next().unwrap_or_default(),
            parts,
            invocations: self.invocations,
            confidence: statistics::attainable(self.invocations),
        }
    }

    /// Each component, and the total last, of these invocations: nanoseconds a unit of work.
    fn values(&self, recipe: &Recipe, invocations: &[usize], operations: f64) -> Vec<f64> {
        let median = |configuration: &str, number: Number| {
            let records = &self.records[configuration];
            let values: Vec<f64> = invocations.iter().map(|i| number(records[*i])).collect();
            statistics::median(&values).unwrap_or_default() / operations
        };
        let sum = |terms: &[Term]| terms.iter().map(|(sign, of, number)| sign * median(of, *number)).sum();
        let mut values: Vec<f64> = recipe.parts.iter().map(|(_, terms)| sum(terms)).collect();
        values.push(values.iter().sum());
        values
    }

    /// The component's exact work, which is the same in every invocation.
    fn work(&self, component: Component, strategy: &str) -> Option<f64> {
        let counters = &self.records[strategy][0].counters;
        let counts: Option<Vec<u64>> =
            component.counters().iter().map(|name| counters.get(*name).copied()).collect();
        counts.filter(|counts| !counts.is_empty()).map(|counts| counts.iter().sum::<u64>() as f64)
    }
}

/// Whether a record is a result.
fn counts(record: &Record) -> bool {
    record.status == Status::Ok && record.arm == 0 && record.injected == Injected::default()
}
