//! Memory in use, over the allocation clock: the bytes allocated so far, the headers of the strategy
//! included.
//!
//! Samples are taken at about equal distances on that clock. When there are [`MOST_SAMPLES`], every second one is
//! dropped and the distance doubles, so that a run of any length has between half as many and all of them. A
//! sample costs microseconds (the heap may walk its pages, the system is asked for the resident set): the
//! sampler keeps count of that time, on both clocks, from the moment that a footprint is expected, so that it
//! can be taken off the run's; and where a sample costs much (glibc walks all its free chunks), it takes
//! fewer, so that sampling stays under a fifth of the run.

use crate::process::{ResidentSet, forget_peak_resident_bytes, peak_resident_bytes};
use crate::stopwatch::{Elapsed, Stopwatch};
use heapbench_heap::Footprint;
use heapbench_results::{CellFootprint, Sample};

/// No more samples than this are kept.
pub const MOST_SAMPLES: usize = 256;

/// Time on sampling that any run can spare.
const CHEAP_NS: u64 = 20_000_000;

/// Bytes allocated between the first samples.
const FIRST_INTERVAL: u64 = 64 << 10;

/// Takes and thins samples.
#[derive(Debug)]
pub struct Sampler {
    clock: u64,
    due_at: u64,
    interval: u64,
    phase: u64,
    expected: Option<Stopwatch>,
    spent: Elapsed,
    started: Stopwatch,
    resident: ResidentSet,
    resident_before: u64,
    peak_is_exact: bool,
    peak_held: u64,
    peak_rss: u64,
    samples: Vec<Sample>,
}

impl Default for Sampler {
    /// At clock 0; what is resident now is the baseline, so the heap must not have been made yet.
    fn default() -> Sampler {
        let samples = Vec::with_capacity(MOST_SAMPLES);
        let resident = ResidentSet::open();
        let peak_is_exact = forget_peak_resident_bytes();
        Sampler {
            clock: 0,
            due_at: FIRST_INTERVAL,
            interval: FIRST_INTERVAL,
            phase: 0,
            expected: None,
            spent: Elapsed::default(),
            started: Stopwatch::start(),
            resident_before: resident.bytes(),
            resident,
            peak_is_exact,
            peak_held: 0,
            peak_rss: 0,
            samples,
        }
    }
}

impl Sampler {
    /// One that never asks for a sample: what a heap does then does not depend on a clock.
    pub fn idle() -> Sampler {
        Sampler { due_at: u64::MAX, ..Sampler::default() }
    }

    /// Bytes allocated so far.
    pub fn clock(&self) -> u64 {
        self.clock
    }

    /// The clock advances; true when a sample is due.
    #[inline(always)]
    pub fn advance(&mut self, bytes: usize) -> bool {
        self.clock += bytes as u64;
        self.clock >= self.due_at && self.ask()
    }

    #[cold]
    fn ask(&mut self) -> bool {
        self.expected = Some(Stopwatch::start());
        true
    }

    /// Memory in use. It becomes a sample when one is due.
    pub fn footprint(&mut self, now: Footprint) {
        self.peak_held = self.peak_held.max(now.held_bytes as u64);
        if self.clock >= self.due_at {
            self.sample(now);
            self.due_at = self.clock + self.distance();
        }
        if let Some(expected) = self.expected.take() {
            self.spent += expected.elapsed();
            if self.spent.wall_ns > CHEAP_NS.max(self.started.elapsed().wall_ns / 5) {
                self.interval *= 2;
            }
        }
    }

    /// From half to one and a half intervals, spread evenly and alike in every run (multiples of the golden ratio,
    /// modulo one): a fixed distance beats with programs that fill and empty their heap in a fixed rhythm.
    fn distance(&mut self) -> u64 {
        self.phase = self.phase.wrapping_add(0x9E37_79B9_7F4A_7C15);
        self.interval / 2 + ((u128::from(self.interval) * u128::from(self.phase)) >> 64) as u64
    }

    /// The resident set now, less what it was at the start.
    pub fn resident_bytes(&self) -> u64 {
        self.resident.bytes().saturating_sub(self.resident_before)
    }

    fn sample(&mut self, now: Footprint) {
        let rss = self.resident_bytes();
        self.peak_rss = self.peak_rss.max(rss);
        if self.samples.len() == MOST_SAMPLES {
            self.thin();
        }
        let (live, held) = (now.live_bytes as u64, now.held_bytes as u64);
        self.samples.push(Sample { clock: self.clock, live, held, rss });
    }

    /// Keeps every second sample, the latest among them.
    fn thin(&mut self) {
        let mut keep = true;
        self.samples.retain(|_| {
            keep = !keep;
            keep
        });
        self.interval *= 2;
    }

    /// Time spent on sampling so far.
    pub fn spent(&self) -> Elapsed {
        self.spent
    }

    /// Takes a last sample, of the end, and gives the peaks and all samples. `peak_live_bytes` is the heap's
    /// own, which is exact, and a bound for what was held then, between two samples; the peak of the resident
    /// set is the kernel's where it keeps one, else over the samples.
    pub fn finish(&mut self, end: Footprint, peak_live_bytes: usize) -> (CellFootprint, Vec<Sample>) {
        self.sample(end);
        self.peak_held = self.peak_held.max(end.held_bytes as u64).max(peak_live_bytes as u64);
        let kernel = peak_resident_bytes().filter(|_| self.peak_is_exact);
        let kernel = kernel.map_or(0, |peak| peak.saturating_sub(self.resident_before));
        let footprint = CellFootprint {
            peak_live_bytes: peak_live_bytes as u64,
            peak_held_bytes: self.peak_held,
            peak_rss_bytes: self.peak_rss.max(kernel),
            end_live_bytes: end.live_bytes as u64,
            end_held_bytes: end.held_bytes as u64,
        };
        (footprint, std::mem::take(&mut self.samples))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(bytes: usize, steps: usize) -> Vec<Sample> {
        let mut sampler = Sampler::default();
        for step in 0..steps {
            if sampler.advance(bytes) {
                sampler.footprint(Footprint { live_bytes: step, held_bytes: 2 * step });
            }
        }
        sampler.finish(Footprint { live_bytes: steps, held_bytes: 2 * steps }, steps).1
    }

    #[test]
    fn samples_are_few_evenly_spread_and_end_at_the_end() {
        for steps in [1, 1_000, 100_000, 3_000_000] {
            let samples = run(4096, steps);
            assert!(samples.len() <= MOST_SAMPLES, "{}", samples.len());
            assert!(samples.is_sorted_by_key(|s| s.clock));
            assert_eq!(samples.last().unwrap().clock, 4096 * steps as u64);
            let gaps: Vec<u64> = samples.windows(2).map(|w| w[1].clock - w[0].clock).collect();
            let widest = gaps.iter().max().copied().unwrap_or(0);
            assert!(
                widest <= (4096 * steps as u64 / 32).max(2 * FIRST_INTERVAL),
                "{widest} at {steps} steps"
            );
        }
        assert!(run(4096, 3_000_000).len() >= MOST_SAMPLES / 2);
    }

    #[test]
    fn one_allocation_past_many_intervals_gives_one_sample() {
        assert_eq!(run(1 << 30, 3).len(), 4);
    }

    #[test]
    fn a_footprint_before_its_time_raises_the_peak_only() {
        let mut sampler = Sampler::default();
        sampler.footprint(Footprint { live_bytes: 10, held_bytes: 999 });
        let (footprint, samples) = sampler.finish(Footprint { live_bytes: 1, held_bytes: 2 }, 10);
        assert_eq!((footprint.peak_held_bytes, footprint.peak_live_bytes), (999, 10));
        assert_eq!((footprint.end_live_bytes, footprint.end_held_bytes), (1, 2));
        assert_eq!(samples.len(), 1);
    }

    #[test]
    fn time_spent_counts_only_while_a_footprint_is_expected() {
        let mut sampler = Sampler::default();
        sampler.footprint(Footprint::default());
        assert_eq!(sampler.spent(), Elapsed::default());
        assert!(sampler.advance(FIRST_INTERVAL as usize));
        sampler.footprint(Footprint::default());
        assert!(sampler.spent().wall_ns > 0);
    }

    #[test]
    fn what_was_live_was_held() {
        let (footprint, _) = Sampler::default().finish(Footprint { live_bytes: 1, held_bytes: 2 }, 10);
        assert_eq!((footprint.peak_held_bytes, footprint.peak_live_bytes), (10, 10));
    }
}
