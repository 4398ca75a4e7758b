//! An axis of multiples of the least heap, logarithmic, with places beside it for what has no multiple: no limit, never.

use crate::axis::{Axis, Unit};
use crate::font::Face;
use crate::page::{Plot, Ticks};
use heapbench_results::Record;
use std::collections::BTreeSet;

/// Pixels between two labels of ticks.
const LABEL_GAP: f64 = 6.0;

/// What stands beside the multiples.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Beside {
    /// What is left of them; empty when nothing is.
    pub(crate) before: &'static str,
    /// What is right of them; empty when nothing is.
    pub(crate) after: &'static str,
}

/// The axis.
#[derive(Clone, Debug)]
pub(crate) struct Multiples {
    values: Vec<f64>,
    axis: Axis,
    beside: Beside,
}

impl Multiples {
    /// The multiples that records were made at; `None` when there are not two.
    pub(crate) fn of(records: &[Record], beside: Beside) -> Option<Multiples> {
        // The bits of positive numbers order as the numbers do.
        let bits: BTreeSet<u64> = records.iter().filter_map(|r| r.heap_multiple).map(f64::to_bits).collect();
        let values: Vec<f64> = bits.into_iter().map(f64::from_bits).filter(|value| *value > 0.0).collect();
        let axis = Axis::logarithmic(Unit::Times, values.iter().copied());
        (values.len() > 1).then_some(Multiples { values, axis, beside })
    }

    /// Where a multiple lies, 0 at the left and 1 at the right.
    pub(crate) fn place(&self, multiple: f64) -> f64 {
        let (first, last) =
            (self.axis.place(self.values[0]), self.axis.place(self.values[self.values.len() - 1]));
        let share = (self.axis.place(multiple) - first) / (last - first);
        let left = if self.beside.before.is_empty() { 0.04 } else { 0.2 };
        let right = if self.beside.after.is_empty() { 0.96 } else { 0.8 };
        left + share.clamp(0.0, 1.0) * (right - left)
    }

    /// Where what stands left of the multiples lies.
    pub(crate) fn before(&self) -> f64 {
        0.06
    }

    /// Where what stands right of the multiples lies.
    pub(crate) fn after(&self) -> f64 {
        0.94
    }

    /// The multiples that were measured, those beside them too; labels that would touch are left out.
    pub(crate) fn ticks(&self, plot: &Plot) -> Ticks {
        let width = plot.right - plot.left;
        let mut ends = f64::NEG_INFINITY;
        let mut label = |(place, text): (f64, String)| {
            let half = Face::LABEL.width(&text) / 2.0;
            if place * width - half < ends + LABEL_GAP {
                return (place, String::new());
            }
            ends = place * width + half;
            (place, text)
        };
        let named = |place: f64, text: &str| Some((place, text.to_string())).filter(|_| !text.is_empty());
        let mut ticks: Ticks = named(self.before(), self.beside.before).map(&mut label).into_iter().collect();
        ticks.extend(self.values.iter().map(|value| label((self.place(*value), format!("{value}×")))));
        ticks.extend(named(self.after(), self.beside.after).map(label));
        ticks
    }
}
