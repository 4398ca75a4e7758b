//! Stretches in which the mutator waits, and their distribution.
//!
//! A pause is what the mutator sees: when one contains another (a cascade whose finalizer collects, the
//! cascades that a collection sets off), only the outer one is a pause. Time inside collections is counted
//! whatever contains them. Times are those of the program's own clock: time spent on measuring is no part of it.
//!
//! The histogram holds every pause. One by one are kept those over a floor, at first [`FIRST_FLOOR_NS`]; when there are
//! [`MOST_RAW`], the floor doubles until some of them fall. So memory is bounded and reserved before the run.

use crate::histogram;
use hdrhistogram::Histogram;
use heapbench_heap::Pause;
use heapbench_results::RawPause;
use std::collections::BTreeMap;

/// The kinds, in the order of [`kind_of`].
const KINDS: [&str; 5] = ["young", "middle", "full", "cascade", "sweep"];

/// Pauses at least so long are kept one by one, as long as they are few.
pub const FIRST_FLOOR_NS: u64 = 10_000;

/// No more pauses than this are kept one by one.
pub const MOST_RAW: usize = 2048;

/// Pauses at least so long are looked into: whether the machine had a part in them.
pub const DOUBTFUL_NS: u64 = 50_000;

/// Collects pauses.
#[derive(Debug)]
pub struct PauseRecorder {
    /// When the pauses that have not ended began.
    open: Vec<u64>,
    histogram: Histogram<u64>,
    kinds: [u64; KINDS.len()],
    total_ns: u64,
    longest_ns: u64,
    collecting_ns: u64,
    raw: Vec<RawPause>,
    raw_floor_ns: u64,
    tainted: u64,
}

impl Default for PauseRecorder {
    /// No pause yet.
    fn default() -> PauseRecorder {
        PauseRecorder {
            open: Vec::with_capacity(8),
            histogram: histogram::of_durations(),
            kinds: [0; KINDS.len()],
            total_ns: 0,
            longest_ns: 0,
            collecting_ns: 0,
            raw: Vec::with_capacity(MOST_RAW),
            raw_floor_ns: FIRST_FLOOR_NS,
            tainted: 0,
        }
    }
}

impl PauseRecorder {
    /// Whether the mutator is not waiting.
    pub fn is_idle(&self) -> bool {
        self.open.is_empty()
    }

    /// The mutator begins to wait, so many nanoseconds after the start.
    pub fn started(&mut self, at_ns: u64) {
        self.open.push(at_ns);
    }

    /// The mutator goes on. Of a pause of at least [`DOUBTFUL_NS`] it is asked whether it is `tainted`.
    pub fn stopped(&mut self, pause: Pause, at_ns: u64, tainted: impl FnOnce(u64) -> bool) {
        let Some(start_ns) = self.open.pop() else { return };
        let ns = at_ns.saturating_sub(start_ns);
        if matches!(pause, Pause::Collection(_)) {
            self.collecting_ns += ns;
        }
        if self.open.is_empty() {
            let tainted = ns >= DOUBTFUL_NS && tainted(ns);
            self.tainted += u64::from(tainted);
            self.record(pause, ns);
            if ns >= self.raw_floor_ns {
                self.keep(RawPause { start_ns, ns, kind: kind_letter(pause), tainted });
            }
        }
    }

    /// A pause that somebody else has timed, in nanoseconds, and of which nobody knows when it was: from then on none is
    /// kept one by one.
    pub fn add(&mut self, pause: Pause, waited_ns: u64) {
        if matches!(pause, Pause::Collection(_)) {
            self.collecting_ns += waited_ns;
        }
        self.record(pause, waited_ns);
        self.raw.clear();
        self.raw_floor_ns = u64::MAX;
    }

    /// Keeps a pause by itself; where there is no room, the shorter ones go.
    fn keep(&mut self, pause: RawPause) {
        self.raw.push(pause);
        while self.raw.len() >= MOST_RAW {
            self.raw_floor_ns *= 2;
            self.raw.retain(|pause| pause.ns >= self.raw_floor_ns);
        }
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

    /// Pauses in which the machine had a part.
    pub fn tainted(&self) -> u64 {
        self.tainted
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
            histogram: histogram::encoded(&self.histogram),
            raw_floor_ns: if self.raw_floor_ns == u64::MAX { 0 } else { self.raw_floor_ns },
            raw: self.raw.clone(),
        }
    }
}

fn kind_of(pause: Pause) -> usize {
    match pause {
        Pause::Collection(generation) => generation.index(),
        Pause::Cascade => 3,
        Pause::Sweep => 4,
    }
}

/// The first letter of a pause's kind.
fn kind_letter(pause: Pause) -> char {
    char::from(KINDS[kind_of(pause)].as_bytes()[0])
}

#[cfg(test)]
mod tests {
    use super::*;
    use base64::Engine;
    use base64::engine::general_purpose::STANDARD;
    use heapbench_heap::Generation;

    const FULL: Pause = Pause::Collection(Generation::FULL);

    /// A recorder with pauses of these starts and lengths.
    fn recorded(pauses: impl IntoIterator<Item = (u64, u64)>) -> PauseRecorder {
        let mut recorder = PauseRecorder::default();
        for (start_ns, ns) in pauses {
            recorder.started(start_ns);
            recorder.stopped(FULL, start_ns + ns, |_| false);
        }
        recorder
    }

    #[test]
    fn the_outer_pause_counts_and_collections_inside_it_are_still_collecting_time() {
        let mut pauses = PauseRecorder::default();
        pauses.started(1000);
        pauses.started(2000);
        assert!(!pauses.is_idle());
        pauses.stopped(FULL, 5000, |_| false);
        pauses.stopped(Pause::Cascade, 31_000, |_| false);
        let summary = pauses.summary();
        assert_eq!((summary.count, summary.total_ns, pauses.collecting_ns()), (1, 30_000, 3000));
        assert_eq!(summary.kinds, BTreeMap::from([("cascade".to_string(), 1)]));
        assert_eq!(summary.raw, [RawPause { start_ns: 1000, ns: 30_000, kind: 'c', tainted: false }]);
        assert!(pauses.is_idle());
    }

    #[test]
    fn long_pauses_are_kept_one_by_one_and_short_ones_counted() {
        let summary = recorded([(0, FIRST_FLOOR_NS - 1), (20_000, FIRST_FLOOR_NS), (90_000, 5)]).summary();
        assert_eq!((summary.count, summary.raw.len(), summary.raw[0].start_ns), (3, 1, 20_000));
        assert_eq!(summary.raw_floor_ns, FIRST_FLOOR_NS);
    }

    #[test]
    fn where_there_are_too_many_the_floor_doubles_and_all_over_it_are_there() {
        let lengths = |count: u64| (0..count).map(|i| (i * 10_000_000, FIRST_FLOOR_NS + (i * 7919) % 90_000));
        for count in [100, MOST_RAW as u64, 5000, 100_000] {
            let summary = recorded(lengths(count)).summary();
            let over: Vec<(u64, u64)> =
                lengths(count).filter(|(_, ns)| *ns >= summary.raw_floor_ns).collect();
            assert_eq!(summary.raw.iter().map(|p| (p.start_ns, p.ns)).collect::<Vec<_>>(), over);
            assert!(summary.raw.len() < MOST_RAW && summary.raw.capacity() <= MOST_RAW, "{count}");
            assert!((summary.raw_floor_ns / FIRST_FLOOR_NS).is_power_of_two());
        }
    }

    #[test]
    fn only_long_outer_pauses_are_looked_into() {
        let mut pauses = PauseRecorder::default();
        let mut asked = Vec::new();
        for ns in [DOUBTFUL_NS - 1, DOUBTFUL_NS, 4 * DOUBTFUL_NS] {
            pauses.started(0);
            pauses.stopped(FULL, ns, |ns| {
                asked.push(ns);
                ns > DOUBTFUL_NS
            });
        }
        assert_eq!(asked, [DOUBTFUL_NS, 4 * DOUBTFUL_NS]);
        assert_eq!(pauses.tainted(), 1);
        assert_eq!(pauses.summary().raw.iter().filter(|pause| pause.tainted).count(), 1);
    }

    #[test]
    fn pauses_that_nobody_placed_in_time_are_counted_only() {
        let mut pauses = PauseRecorder::default();
        pauses.add(FULL, 70_000);
        let summary = pauses.summary();
        assert_eq!((summary.count, summary.max_ns, summary.raw_floor_ns), (1, 70_000, 0));
        assert_eq!(summary.raw, []);
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
        pauses.stopped(Pause::Sweep, 0, |_| true);
        assert_eq!((pauses.summary().count, pauses.summary().raw.len()), (0, 0));
    }
}
