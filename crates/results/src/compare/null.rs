//! The null comparison: equal arms of one run against each other. What differs there is the machine's doing, or chance.

use super::{Rule, blocks, compared, well};
use crate::statistics::upper_bound;
use crate::{CellKey, Injected, Record, Setting};
use serde::Serialize;
use std::collections::BTreeMap;

/// What comparing equal arms says.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct NullComparison {
    /// Comparisons of a metric of two equal arms.
    pub comparisons: usize,
    /// How many of them differed at the rule's alpha, each by itself. A share of alpha is to be expected.
    pub different: usize,
    /// The share of such differences that this is compatible with at most, at 95 %.
    pub share_at_most: f64,
    /// The largest ratio, or its inverse.
    pub largest: f64,
}

/// Compares every other arm with the first, in the same run; `None` when there is none.
pub fn null(records: &[Record], rule: &Rule) -> Option<NullComparison> {
    let mut arms: BTreeMap<_, BTreeMap<u32, Vec<&Record>>> = BTreeMap::new();
    for record in records.iter().filter(|record| record.injected == Injected::default()) {
        let CellKey { strategy, setting, arm, .. } = CellKey::of(record);
        let of = (record.run.clone(), Setting::order(&setting), strategy);
        arms.entry(of).or_default().entry(arm).or_default().push(record);
    }
    let mut ratios = Vec::new();
    for mut arms in arms.into_values() {
        let Some(first) = arms.remove(&0).map(|cells| well(&cells)) else { continue };
        for other in arms.into_values().map(|cells| well(&cells)) {
            let compared = |metric: &&'static _| match blocks(&first, &other) {
                Some((a, b)) => compared(metric, &a, &b, true),
                None => compared(metric, &first, &other, false),
            };
            ratios.extend(rule.metrics.iter().filter_map(compared).filter_map(|compared| compared.ratio));
        }
    }
    let different = ratios.iter().filter(|ratio| ratio.p < rule.alpha).count();
    let sizes = ratios.iter().map(|ratio| ratio.ratio.max(ratio.ratio.recip()));
    Some(NullComparison {
        comparisons: ratios.len(),
        different,
        share_at_most: upper_bound(different, ratios.len(), 0.95),
        largest: sizes.max_by(f64::total_cmp)?,
    })
}
