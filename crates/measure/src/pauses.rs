//! Stretches in which the mutator waits, and their distribution.
//!
//! A pause is what the mutator sees: when one contains another (a cascade whose finalizer collects, the
//! cascades that a collection sets off), only the outer one is a pause. Time inside collections is counted
//! whatever contains them. Time spent on measuring inside a pause is not part of it.

use crate::stopwatch::nanoseconds;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hdrhistogram::Histogram;
use hdrhistogram::serialization::{Serializer, V2DeflateSerializer};
use heapbench_heap::Pause;
use std::collections::BTreeMap;
use std::time::Instant;

/// The kinds, in the order of [`kind_of`].
const KINDS: [&str; 5] = ["young", "middle", "full", "cascade", "sweep"];

/// The longest pause that the histogram tells from longer ones: an hour.
const LONGEST_NS: u64 = 3_600_000_000_000;

/// One stretch that has begun.
#[derive(Clone, Copy, Debug)]
struct Begun {
    at: Instant,
    /// Time spent on measuring before it, in nanoseconds.
    measuring_ns: u64,
}

/// Collects pauses.
#[derive(Debug)]
pub struct PauseRecorder {
    open: Vec<Begun>,
    histogram: Histogram<u64>,
    kinds: [u64; KINDS.len()],
    total_ns: u64,
    longest_ns: u64,
    collecting_ns: u64,
}

impl Default for PauseRecorder {
    /// No pause yet. The histogram has fixed bounds, 1 ns to 1 h at three digits, so that it never grows.
    fn default() -> PauseRecorder {
        let histogram =
            Histogram::new_with_bounds(1, LONGEST_NS, 3).expect("the bounds are 1 and more, 3 digits");
        PauseRecorder {
            open: Vec::with_capacity(8),
            histogram,
            kinds: [0; KINDS.len()],
            total_ns: 0,
            longest_ns: 0,
            collecting_ns: 0,
        }
    }
}

impl PauseRecorder {
    /// The mutator begins to wait. `measuring_ns` is the time spent on measuring so far.
    pub fn started(&mut self, measuring_ns: u64) {
        self.open.push(Begun { at: Instant::now(), measuring_ns });
    }

    /// The mutator goes on.
    pub fn stopped(&mut self, pause: Pause, measuring_ns: u64) {
        let now = Instant::now();
        let Some(begun) = self.open.pop() else { return };
        let measuring_ns = measuring_ns.saturating_sub(begun.measuring_ns);
        let waited_ns = nanoseconds(now - begun.at).saturating_sub(measuring_ns);
        if matches!(pause, Pause::Collection(_)) {
            self.collecting_ns += waited_ns;
        }
        if self.open.is_empty() {
            self.record(pause, waited_ns);
        }
    }

    /// A pause that somebody else has timed, in nanoseconds.
    pub fn add(&mut self, pause: Pause, waited_ns: u64) {
        if matches!(pause, Pause::Collection(_)) {
            self.collecting_ns += waited_ns;
        }
        self.record(pause, waited_ns);
    }

    fn record(&mut self, pause: Pause, waited_ns: u64) {
        self.kinds[kind_of(pause)] += 1;
        self.total_ns += waited_ns;
        self.longest_ns = self.longest_ns.max(waited_ns);
        self.histogram.saturating_record(waited_ns.max(1));
    }

    /// Time inside collections, in nanoseconds.
    pub fn collecting_ns(&self) -> u64 {
        self.collecting_ns
    }

    /// The pauses as a record has them.
    pub fn summary(&self) -> heapbench_results::Pauses {
        // The histogram rounds up to three digits: no quantile may pass the longest pause.
        let quantile = |q| self.histogram.value_at_quantile(q).min(self.longest_ns);
        let kinds = KINDS.iter().zip(self.kinds).filter(|(_, count)| *count > 0);
        heapbench_results::Pauses {
            count: self.histogram.len(),
            total_ns: self.total_ns,
            max_ns: self.longest_ns,
            p50_ns: quantile(0.5),
            p99_ns: quantile(0.99),
            p999_ns: quantile(0.999),
            kinds: kinds.map(|(kind, count)| (kind.to_string(), count)).collect::<BTreeMap<_, _>>(),
            histogram: self.encoded_histogram(),
            ..heapbench_results::Pauses::default()
        }
    }

    fn encoded_histogram(&self) -> String {
        let mut bytes = Vec::new();
        if !self.histogram.is_empty() {
            let written = V2DeflateSerializer::new().serialize(&self.histogram, &mut bytes);
            written.expect("the bounds fit the format, and a vector takes every byte");
        }
        STANDARD.encode(bytes)
    }
}

fn kind_of(pause: Pause) -> usize {
    match pause {
        Pause::Collection(generation) => generation.index(),
        Pause::Cascade => 3,
        Pause::Sweep => 4,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use heapbench_heap::Generation;

    const FULL: Pause = Pause::Collection(Generation::FULL);

    #[test]
    fn the_outer_pause_counts_and_collections_inside_it_are_still_collecting_time() {
        let mut pauses = PauseRecorder::default();
        pauses.started(0);
        pauses.started(0);
        pauses.stopped(FULL, 0);
        pauses.stopped(Pause::Cascade, 0);
        let summary = pauses.summary();
        assert_eq!(summary.count, 1);
        assert_eq!(summary.kinds, BTreeMap::from([("cascade".to_string(), 1)]));
        assert!(pauses.collecting_ns() <= summary.total_ns);
    }

    #[test]
    fn measuring_inside_a_pause_is_no_part_of_it() {
        let mut pauses = PauseRecorder::default();
        pauses.started(1);
        pauses.stopped(FULL, 3_600_000_000_001);
        let summary = pauses.summary();
        assert_eq!((summary.count, summary.total_ns, summary.max_ns), (1, 0, 0));
    }

    #[test]
    fn quantiles_are_ordered_and_the_histogram_comes_back_whole() {
        let mut pauses = PauseRecorder::default();
        for waited in 1..=100_000_u64 {
            pauses.record(FULL, waited * 997);
        }
        let summary = pauses.summary();
        let ordered = [summary.p50_ns, summary.p99_ns, summary.p999_ns, summary.max_ns];
        assert!(ordered.is_sorted(), "{ordered:?}");
        assert!(summary.p50_ns.abs_diff(50_000 * 997) < 50_000, "{}", summary.p50_ns);
        let bytes = STANDARD.decode(&summary.histogram).unwrap();
        let mut reader = hdrhistogram::serialization::Deserializer::new();
        let again: Histogram<u64> = reader.deserialize(&mut bytes.as_slice()).unwrap();
        assert_eq!(again.len(), 100_000);
        assert_eq!(again.value_at_quantile(0.99), pauses.histogram.value_at_quantile(0.99));
    }

    #[test]
    fn a_stop_without_a_start_is_no_pause() {
        let mut pauses = PauseRecorder::default();
        pauses.stopped(Pause::Sweep, 0);
        assert_eq!(pauses.summary(), heapbench_results::Pauses::default());
    }
}
