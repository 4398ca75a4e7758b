//! When to collect which generation: CPython's thresholds and its 25 % rule, by version.
//!
//! | policy | thresholds | a collection that is due runs | containers that are never freed |
//! |---|---|---|---|
//! | `3.11` | 700, 10, 10 | inside the allocation | stay where they are |
//! | `3.12` | 700, 10, 10 | at the next safe point | are frozen by the collection that meets them |
//! | `3.13` | 2000, 10, 10 | at the next safe point | are untracked by it |
//!
//! The setting `freeze=N` is what a server does that forks its workers: collections are off while it loads; once N
//! containers more were allocated than freed, all of them are frozen, and collections are on from then on
//! (`gc.disable()`, `gc.freeze()`, `gc.enable()`: the advice in the documentation of `gc.freeze`).
//!
//! *Source.* CPython 3.11, `Modules/gcmodule.c` (`gc_collect_generations`, `gc_alloc`), 3.12 (`_PyObject_GC_Link`), 3.13,
//! `Python/gc.c` (`gc_select_generation`, `update_refs`).

use heapbench_heap::{GenerationStats, HeapConfig, HeapError};

/// What a collection does with a container whose count is stuck, immortal or saturated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stuck {
    /// As with all others.
    Keep,
    /// It joins the frozen.
    Freeze,
    /// It is tracked no more.
    Untrack,
}

/// What one version of CPython does.
#[derive(Clone, Copy, Debug)]
struct Version {
    name: &'static str,
    thresholds: [u32; 3],
    collects_inside: bool,
    stuck: Stuck,
    /// Up to 3.12 tuples of 20 items were put into their free list and never taken out.
    longest_tuple_taken: usize,
}

/// The versions; the first is the default. 3.14.5 and 3.15 are as 3.13.
const VERSIONS: [Version; 3] = [
    Version {
        name: "3.13",
        thresholds: [2000, 10, 10],
        collects_inside: false,
        stuck: Stuck::Untrack,
        longest_tuple_taken: 20,
    },
    Version {
        name: "3.12",
        thresholds: [700, 10, 10],
        collects_inside: false,
        stuck: Stuck::Freeze,
        longest_tuple_taken: 19,
    },
    Version {
        name: "3.11",
        thresholds: [700, 10, 10],
        collects_inside: true,
        stuck: Stuck::Keep,
        longest_tuple_taken: 19,
    },
];

/// Counts and thresholds.
#[derive(Clone, Debug)]
pub struct Policy {
    /// `gc.get_threshold()`; a first one of zero turns automatic collections off.
    pub thresholds: [u32; 3],
    /// `gc.get_count()`: containers allocated less freed since the last collection; collections of generation 0
    /// since the last of 1; of 1 since the last of 2.
    pub counts: [u64; 3],
    /// `gc.isenabled()`.
    pub enabled: bool,
    /// Survivors of middle collections since the last full one.
    pub long_lived_pending: u64,
    /// Survivors of the last full collection.
    pub long_lived_total: u64,
    /// `gc.get_stats()`.
    pub stats: [GenerationStats; 3],
    /// More containers than this, and a collection is due at the next safe point.
    pub trigger: u64,
    /// With so many containers, the next one's allocation makes a collection due inside it.
    pub inside: u64,
    /// What becomes of containers that are never freed.
    pub stuck: Stuck,
    /// The longest tuples that free lists give.
    pub longest_tuple_taken: usize,
    /// Whether a collection that is due runs inside the allocation.
    collects_inside: bool,
    /// With more containers than this, the first time, they are frozen.
    freeze: Option<u32>,
}

const EXPECTED: &str = "a number from 0 to 2147483647";

impl Policy {
    /// The policies by name; the first is the default.
    pub const NAMES: &[&str] = &{
        let [first, second, third] = VERSIONS;
        [first.name, second.name, third.name]
    };
    /// Setting keys: the thresholds', and others.
    pub const KEYS: &[&str] = &["threshold0", "threshold1", "threshold2", "disabled", "freeze"];

    /// The policy as configured; one that is not known is the default.
    ///
    /// # Errors
    /// A value that does not fit.
    pub fn new(config: &HeapConfig) -> Result<Policy, HeapError> {
        let named = |version: &&Version| config.policy.as_deref() == Some(version.name);
        let version = VERSIONS.iter().find(named).unwrap_or(&VERSIONS[0]);
        let mut thresholds = version.thresholds;
        for (threshold, key) in thresholds.iter_mut().zip(Self::KEYS) {
            *threshold = number(config, key)?.unwrap_or(*threshold);
        }
        let disabled = config.setting("disabled", "true or false")?.unwrap_or(false);
        let mut policy = Policy {
            thresholds,
            counts: [0; 3],
            enabled: !disabled,
            long_lived_pending: 0,
            long_lived_total: 0,
            stats: Default::default(),
            trigger: 0,
            inside: 0,
            stuck: version.stuck,
            longest_tuple_taken: version.longest_tuple_taken,
            collects_inside: version.collects_inside,
            freeze: number(config, "freeze")?,
        };
        policy.update_trigger();
        Ok(policy)
    }

    /// Follows a change of `enabled` or `thresholds`.
    pub fn update_trigger(&mut self) {
        (self.trigger, self.inside) = self.triggers();
    }

    /// What `trigger` and `inside` should be.
    pub fn triggers(&self) -> (u64, u64) {
        let threshold = match self.freeze {
            Some(loaded) => Some(loaded),
            None => Some(self.thresholds[0]).filter(|threshold| *threshold > 0),
        };
        let trigger = threshold.filter(|_| self.enabled).map_or(u64::MAX, u64::from);
        if self.collects_inside { (u64::MAX, trigger) } else { (trigger, u64::MAX) }
    }

    /// Whether it is now that the program has loaded, and all that it has is to be frozen: once, and instead of a
    /// collection.
    pub fn has_loaded(&mut self) -> bool {
        let loaded = self.freeze.take().is_some();
        if loaded {
            self.update_trigger();
        }
        loaded
    }

    /// The oldest generation that is over its threshold. A full collection also waits until the objects that would
    /// be new to it are a quarter of those that are not, so that its cost stays linear in a growing heap.
    pub fn due_generation(&self) -> Option<u8> {
        (0..3u8).rev().find(|&generation| {
            let i = usize::from(generation);
            self.counts[i] > u64::from(self.thresholds[i])
                && (generation < 2 || self.long_lived_pending >= self.long_lived_total / 4)
        })
    }

    /// A collection of a generation begins.
    pub fn begin(&mut self, generation: usize) {
        if generation < 2 {
            self.counts[generation + 1] += 1;
        }
        self.counts[..=generation].fill(0);
    }

    /// A collection of a generation kept `survivors` containers.
    pub fn survived(&mut self, generation: usize, survivors: u64) {
        match generation {
            0 => {}
            1 => self.long_lived_pending += survivors,
            _ => {
                self.long_lived_pending = 0;
                self.long_lived_total = survivors;
            }
        }
    }
}

/// The value of a setting that is a number as `gc` takes them.
fn number(config: &HeapConfig, key: &str) -> Result<Option<u32>, HeapError> {
    let Some(value) = config.setting::<i32>(key, EXPECTED)? else { return Ok(None) };
    u32::try_from(value).map(Some).map_err(|_| HeapError::Invalid {
        key: key.to_string(),
        given: value.to_string(),
        expected: EXPECTED.to_string(),
    })
}
