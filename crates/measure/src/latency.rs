//! How long requests take: the times between marks (closed loop), or from a scheduled arrival on (open loop).
//!
//! In a *closed* loop each request begins when the one before has ended: a stall delays one request, where a service would
//! have kept many waiting (coordinated omission; Tene, and Schroeder, Wierman and Harchol-Balter, NSDI 2006). Two
//! remedies, never both at once: [metered] latency, computed afterwards; or an *open* loop, in which
//! request `k` is due at `k / rate` whatever became of those before, and its latency begins there.

use crate::histogram;
use crate::metered;
use hdrhistogram::Histogram;
use heapbench_results::Latency;
use std::collections::BTreeMap;

/// More marks than this are not kept one by one: then there is no metered latency.
pub const MOST_MARKS: usize = 1 << 20;

/// When requests begin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Arrivals {
    /// Each when the one before has ended.
    Closed,
    /// So many in a second, evenly.
    Open(u32),
}

/// Collects the times of requests.
#[derive(Debug)]
pub struct LatencyRecorder {
    rate: Option<u32>,
    /// The marks of a closed loop.
    marks: Vec<u64>,
    marked: u64,
    /// When the first request was due.
    first_ns: u64,
    /// When the current request was due: in a closed loop, when it began.
    due_ns: u64,
    /// When the current request began.
    begun_ns: u64,
    /// Time spent on requests.
    busy_ns: u64,
    longest_ns: u64,
    histogram: Histogram<u64>,
}

impl Default for LatencyRecorder {
    /// For a program that is not known to set marks: nothing is reserved, and nothing metered.
    fn default() -> LatencyRecorder {
        LatencyRecorder {
            rate: None,
            marks: Vec::new(),
            marked: 0,
            first_ns: 0,
            due_ns: 0,
            begun_ns: 0,
            busy_ns: 0,
            longest_ns: 0,
            histogram: histogram::of_durations(),
        }
    }
}

impl LatencyRecorder {
    /// For a program that sets marks. What it needs is resident from now on, so that the run adds nothing.
    pub fn new(arrivals: Arrivals) -> LatencyRecorder {
        match arrivals {
            Arrivals::Closed => {
                // A value other than 0: zeroed pages would not be resident.
                let mut marks = vec![1; MOST_MARKS + 1];
                marks.clear();
                LatencyRecorder { marks, ..LatencyRecorder::default() }
            }
            Arrivals::Open(rate) => LatencyRecorder { rate: Some(rate.max(1)), ..LatencyRecorder::default() },
        }
    }

    /// A request ends, so many nanoseconds after the start, and the next begins: at the answer, if that is still to come.
    pub fn mark(&mut self, at_ns: u64) -> u64 {
        if self.marked == 0 {
            self.first_ns = at_ns;
        } else {
            let latency_ns = at_ns.saturating_sub(self.due_ns);
            self.histogram.saturating_record(latency_ns.max(1));
            self.longest_ns = self.longest_ns.max(latency_ns);
            self.busy_ns += at_ns.saturating_sub(self.begun_ns);
        }
        self.due_ns = match self.rate {
            None => at_ns,
            Some(rate) => self.first_ns.saturating_add(scheduled(self.marked, rate)),
        };
        self.begun_ns = at_ns.max(self.due_ns);
        self.marked += 1;
        if self.rate.is_none() && self.marks.len() < self.marks.capacity() {
            self.marks.push(at_ns);
        }
        self.due_ns
    }

    /// The latencies as a record has them; `None` when the program set no marks, and there is no rate to be told.
    pub fn summary(&self) -> Option<Latency> {
        if self.marked == 0 && self.rate.is_none() {
            return None;
        }
        let requests = self.marked.saturating_sub(1);
        let spacing_ns = |rate| 1e9 / f64::from(rate);
        let mean_ns = self.busy_ns as f64 / requests.max(1) as f64;
        Some(Latency {
            requests,
            rate: self.rate,
            utilization: self.rate.map(|rate| mean_ns / spacing_ns(rate)),
            simple: histogram::encoded(&self.histogram),
            metered: self.metered(),
            max_ns: self.longest_ns,
        })
    }

    /// Metered latency, where every mark was kept.
    fn metered(&self) -> BTreeMap<u32, String> {
        if self.marks.len() as u64 != self.marked {
            return BTreeMap::new();
        }
        let encode = |window_ms: u32| {
            let mut histogram = histogram::of_durations();
            let record = |latency_ns: u64| histogram.saturating_record(latency_ns.max(1));
            metered::latencies(&self.marks, u64::from(window_ms) * 1_000_000).for_each(record);
            (window_ms, histogram::encoded(&histogram))
        };
        metered::WINDOWS_MS.map(encode).into()
    }
}

/// When a request is due, in nanoseconds after the first.
fn scheduled(request: u64, rate: u32) -> u64 {
    u64::try_from(u128::from(request) * 1_000_000_000 / u128::from(rate)).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use heapbench_results::Distribution;

    const MILLISECOND: u64 = 1_000_000;

    /// Requests of these lengths, waited for where they are not due yet.
    fn run(arrivals: Arrivals, services: impl IntoIterator<Item = u64>) -> Latency {
        let mut recorder = LatencyRecorder::new(arrivals);
        let mut now = 5 * MILLISECOND;
        now = now.max(recorder.mark(now));
        for service in services {
            now += service;
            now = now.max(recorder.mark(now));
        }
        recorder.summary().unwrap()
    }

    fn simple(latency: &Latency) -> Distribution {
        Distribution::decode(&latency.simple).unwrap()
    }

    /// A stall of 200 ms under 1000 requests a second of 20 us each.
    fn stalled(arrivals: Arrivals) -> Latency {
        run(arrivals, (0..10_000).map(|request| if request == 5000 { 200 * MILLISECOND } else { 20_000 }))
    }

    #[test]
    fn an_open_loop_tells_of_every_request_that_a_stall_kept_waiting() {
        let latency = stalled(Arrivals::Open(1000));
        assert_eq!((latency.requests, latency.rate, latency.metered.len()), (10_000, Some(1000), 0));
        // The stalled one; and each behind it that was due before those before it were done with.
        let done = |before: u64| 200 * MILLISECOND + before * 20_000;
        let late = 1 + (1..10_000).take_while(|behind| done(behind - 1) > behind * MILLISECOND).count();
        assert_eq!(late, 205);
        let delayed = 10_000.0 - 10_000.0 * simple(&latency).share_at_most(21_000);
        assert_eq!(delayed.round(), late as f64);
        assert!(simple(&latency).quantile_ns(0.999) > 190 * MILLISECOND);
        assert_eq!(latency.max_ns, 200 * MILLISECOND);
        assert!((latency.utilization.unwrap() - 0.04).abs() < 1e-4, "{:?}", latency.utilization);
    }

    #[test]
    fn a_closed_loop_tells_of_one_request_and_metered_latency_of_the_others() {
        let latency = stalled(Arrivals::Closed);
        assert_eq!((latency.requests, latency.rate, latency.utilization), (10_000, None, None));
        assert!(simple(&latency).quantile_ns(0.9999) < 21_000);
        let full = Distribution::decode(&latency.metered[&0]).unwrap();
        assert!(full.quantile_ns(0.99) > 90 * MILLISECOND, "half of the stall: it came in the middle");
        assert_eq!(latency.metered.keys().copied().collect::<Vec<_>>(), metered::WINDOWS_MS);
    }

    #[test]
    fn a_rate_that_cannot_be_kept_up_with_is_over_one() {
        let latency = run(Arrivals::Open(1000), [2 * MILLISECOND; 100]);
        assert_eq!((latency.utilization, latency.max_ns), (Some(2.0), 101 * MILLISECOND));
    }

    #[test]
    fn without_marks_there_is_no_latency_and_with_one_there_is_no_request() {
        let mut recorder = LatencyRecorder::new(Arrivals::Closed);
        assert_eq!(recorder.summary(), None);
        recorder.mark(7);
        let latency = recorder.summary().unwrap();
        assert_eq!((latency.requests, latency.simple.as_str(), latency.max_ns), (0, "", 0));
    }

    #[test]
    fn more_marks_than_are_kept_have_no_metered_latency() {
        assert_eq!(run(Arrivals::Closed, vec![10; MOST_MARKS]).metered.len(), metered::WINDOWS_MS.len());
        let latency = run(Arrivals::Closed, vec![10; MOST_MARKS + 1]);
        assert_eq!((latency.requests, latency.metered.len()), (MOST_MARKS as u64 + 1, 0));
        assert_eq!(simple(&latency).count(), latency.requests);
    }

    #[test]
    fn schedules_do_not_drift() {
        assert_eq!(
            [0, 1, 3, 3_000_000_000].map(|k| scheduled(k, 3)),
            [0, 333_333_333, 1_000_000_000, 1_000_000_000_000_000_000]
        );
    }
}
