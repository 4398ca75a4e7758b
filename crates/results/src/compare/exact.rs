//! Exact counts: the same for the same work on any machine, so that a difference is a difference.

use crate::Record;
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};

/// An exact count that is not the same in all cells of one seed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Difference {
    /// The count's name.
    pub counter: String,
    /// Seed of the workload's random choices.
    pub seed: u64,
    /// A's values: one, several where its own cells differ, none where it does not count this.
    pub a: Vec<u64>,
    /// B's values.
    pub b: Vec<u64>,
}

/// The counts that differ, by seed and name; only seeds that both sides have.
pub(super) fn differences(a: &[&Record], b: &[&Record]) -> Vec<Difference> {
    let (in_a, in_b) = (counts(a), counts(b));
    let mut found = Vec::new();
    for (seed, of_a) in &in_a {
        let Some(of_b) = in_b.get(seed) else { continue };
        let names: BTreeSet<&String> = of_a.keys().chain(of_b.keys()).collect();
        for name in names {
            let values = |counts: &BTreeMap<String, BTreeSet<u64>>| -> Vec<u64> {
                counts.get(name).into_iter().flatten().copied().collect()
            };
            let (a, b) = (values(of_a), values(of_b));
            if a != b || a.len() > 1 {
                found.push(Difference { counter: name.clone(), seed: *seed, a, b });
            }
        }
    }
    found
}

/// The values of every count, by seed and name.
fn counts(cells: &[&Record]) -> BTreeMap<u64, BTreeMap<String, BTreeSet<u64>>> {
    let mut counts: BTreeMap<u64, BTreeMap<String, BTreeSet<u64>>> = BTreeMap::new();
    for cell in cells {
        let of_seed = counts.entry(cell.seed).or_default();
        let [young, middle, full] = cell.collections;
        let fields = [
            ("operations", cell.operations),
            ("objects_allocated", cell.objects_allocated),
            ("objects_freed", cell.objects_freed),
            ("bytes_allocated", cell.bytes_allocated),
            ("collections.young", young),
            ("collections.middle", middle),
            ("collections.full", full),
        ];
        let fields = fields.map(|(name, value)| (name.to_string(), value));
        let counters = cell.counters.iter().map(|(name, value)| (format!("counters.{name}"), *value));
        for (name, value) in fields.into_iter().chain(counters) {
            of_seed.entry(name).or_default().insert(value);
        }
    }
    counts
}
