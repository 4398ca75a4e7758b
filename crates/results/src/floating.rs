//! Floating garbage, as a record keeps it: unreachable bytes that are not yet reclaimed.
//!
//! Counted in a run that is not timed, against the exact deaths that an oracle run of the same program found. All bytes
//! are the strategy's own, headers included.

use crate::Record;
use crate::statistics::median;
use serde::{Deserialize, Serialize};

/// Floating garbage of one cell.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Floating {
    /// The most at any allocation, in bytes.
    pub peak_bytes: u64,
    /// The mean over the allocation clock, in bytes.
    pub mean_bytes: f64,
    /// Bytes times bytes allocated: how much floated for how long.
    pub byte_bytes: f64,
    /// At the program's end, in bytes.
    pub end_bytes: u64,
    /// Over the allocation clock.
    pub samples: Vec<FloatingSample>,
}

/// One sample of what is live and what need not be.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct FloatingSample {
    /// The allocation clock: bytes allocated so far.
    pub clock: u64,
    /// Bytes of objects not yet reclaimed.
    pub live: u64,
    /// Bytes of the reachable ones among them.
    pub reachable: u64,
}

/// The floating garbage of a row's cells: medians, of numbers that are the same in all cells with the same seed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct FloatingSummary {
    /// The most at any allocation, in bytes.
    pub peak_bytes: f64,
    /// The mean over the allocation clock, in bytes.
    pub mean_bytes: f64,
    /// Bytes times bytes allocated: how much floated for how long.
    pub byte_bytes: f64,
    /// At the program's end, in bytes.
    pub end_bytes: f64,
}

impl FloatingSummary {
    /// Of the cells in which it was counted; `None` without any.
    pub fn of<'a>(cells: impl IntoIterator<Item = &'a Record>) -> Option<FloatingSummary> {
        let counted: Vec<&Floating> = cells.into_iter().filter_map(|cell| cell.floating.as_ref()).collect();
        let middle = |value: fn(&Floating) -> f64| {
            median(&counted.iter().map(|floating| value(floating)).collect::<Vec<_>>())
        };
        Some(FloatingSummary {
            peak_bytes: middle(|floating| floating.peak_bytes as f64)?,
            mean_bytes: middle(|floating| floating.mean_bytes)?,
            byte_bytes: middle(|floating| floating.byte_bytes)?,
            end_bytes: middle(|floating| floating.end_bytes as f64)?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_without_a_count_do_not_matter() {
        let counted = |peak_bytes| {
            let floating =
                Floating { peak_bytes, end_bytes: 1, mean_bytes: 2.5, byte_bytes: 1e30, ..<_>::default() };
            Record { floating: Some(floating), ..Record::default() }
        };
        let cells = [Record::default(), counted(10), counted(30), counted(20)];
        let expected =
            FloatingSummary { peak_bytes: 20.0, mean_bytes: 2.5, byte_bytes: 1e30, end_bytes: 1.0 };
        assert_eq!(FloatingSummary::of(&cells), Some(expected));
        assert_eq!(FloatingSummary::of(&cells[..1]), None);
    }
}
