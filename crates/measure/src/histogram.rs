//! Histograms of durations: HdrHistograms (Gil Tene), which merge without loss.

use hdrhistogram::Histogram;
use heapbench_results::Distribution;

/// The longest duration that is told from longer ones: an hour.
const LONGEST_NS: u64 = 3_600_000_000_000;

/// An empty one. It has fixed bounds, 1 ns to 1 h at three digits, so that it never grows.
pub(crate) fn of_durations() -> Histogram<u64> {
    Histogram::new_with_bounds(1, LONGEST_NS, 3).expect("the bounds are 1 and more, 3 digits")
}

/// As a record keeps it; empty without values.
pub(crate) fn encoded(histogram: &Histogram<u64>) -> String {
    if histogram.is_empty() {
        return String::new();
    }
    Distribution::encode(histogram).expect("the bounds fit the format, and a vector takes every byte")
}
