//! The recorder that a measured heap reports to: pauses, memory over the allocation clock, and requests.
//!
//! What it costs the run: an addition and a comparison for each allocation, a few clock readings for each
//! pause, one for each request. What it costs beyond that (footprints and samples) it counts, and it is taken off; so is
//! the time in which it waits for a request that is not due yet. Pauses are placed on the time that is left.

use crate::absence::Absence;
use crate::clock::{Clock, SystemClock};
use crate::injection::{InjectedPause, wait_for};
use crate::latency::{Arrivals, LatencyRecorder};
use crate::pauses::PauseRecorder;
use crate::sampler::Sampler;
use crate::stalls::StallCounts;
use crate::stopwatch::{Elapsed, Stopwatch};
use heapbench_heap::{Footprint, Generation, Pause, Recorder, Work};
use heapbench_results::{CellFootprint, Latency, Pauses, Sample, Stalls};

/// Records a cell. Make it before the heap: it takes the resident set of that moment as its baseline.
#[derive(Debug, Default)]
pub struct Measuring<C = SystemClock> {
    // Made first: what it reserves is in the sampler's baseline.
    latency: LatencyRecorder,
    pauses: PauseRecorder,
    sampler: Sampler,
    injected: Option<InjectedPause>,
    clock: C,
    absence: Absence,
    waited: Elapsed,
    stalls_before: StallCounts,
    stalls: Stalls,
}

/// What was recorded.
#[derive(Clone, Debug)]
pub struct Observed {
    /// The pauses.
    pub pauses: Pauses,
    /// Time inside collections, in nanoseconds.
    pub collect_ns: u64,
    /// Memory: peaks and end.
    pub footprint: CellFootprint,
    /// Memory over the allocation clock.
    pub samples: Vec<Sample>,
    /// Latency of the requests; `None` when the program sets no marks.
    pub latency: Option<Latency>,
    /// What the machine did meanwhile.
    pub stalls: Stalls,
}

impl<C: Clock + Default> Measuring<C> {
    /// For a program that marks its requests.
    pub fn of_requests(arrivals: Arrivals) -> Measuring<C> {
        // The latency recorder comes first: what it reserves belongs in the baseline of the others.
        let latency = LatencyRecorder::new(arrivals);
        Measuring { latency, ..Measuring::default() }
    }
}

impl Measuring {
    /// One that takes no samples of memory, so that a heap does the same in every process.
    pub fn without_samples() -> Measuring {
        Measuring { sampler: Sampler::idle(), ..Measuring::default() }
    }
}

impl<C: Clock> Measuring<C> {
    /// It pauses once by itself.
    pub fn pausing(self, pause: InjectedPause) -> Measuring<C> {
        Measuring { injected: Some(pause), ..self }
    }

    /// Makes the injected pause if it has not been made yet: the program has ended.
    pub fn pause_at_last(&mut self) {
        if let Some(pause) = self.injected.take() {
            self.pause_started(Pause::Collection(Generation::FULL));
            wait_for(pause.length);
            self.pause_stopped(Pause::Collection(Generation::FULL), Work::default());
        }
    }

    /// Time spent so far on sampling, and on waiting for requests: neither the mutator's nor the manager's.
    pub fn spent(&self) -> Elapsed {
        let mut spent = self.sampler.spent();
        spent += self.waited;
        spent
    }

    /// The timed stretch begins: pauses and requests are placed in time from here on.
    pub fn begin(&mut self) -> Stopwatch {
        self.stalls_before = StallCounts::now();
        let watch = Stopwatch::start();
        // Restarted after the watch: no pause can end after the stretch.
        self.clock.restart();
        watch
    }

    /// The timed stretch ends: how long it was, without the time spent on measuring and waiting.
    pub fn end(&mut self, watch: Stopwatch) -> Elapsed {
        let elapsed = watch.elapsed().without(self.sampler.spent()).without(self.waited);
        self.stalls = StallCounts::now().since(self.stalls_before);
        self.stalls.clock_repeats = self.clock.repeats();
        elapsed
    }

    /// The resident set now, less what it was before the heap was made.
    pub fn resident_bytes(&self) -> u64 {
        self.sampler.resident_bytes()
    }

    /// Ends the recording with the heap's footprint at the end and its own peak of live bytes. The resident
    /// set is read once more: nothing else should have happened since the end.
    pub fn finish(&mut self, end: Footprint, peak_live_bytes: usize) -> Observed {
        let (footprint, samples) = self.sampler.finish(end, peak_live_bytes);
        Observed {
            pauses: self.pauses.summary(),
            collect_ns: self.pauses.collecting_ns(),
            footprint,
            samples,
            latency: self.latency.summary(),
            stalls: Stalls { tainted_pauses: self.pauses.tainted(), ..self.stalls },
        }
    }

    /// Nanoseconds since the start, without the time spent on measuring.
    fn now_ns(&mut self) -> u64 {
        self.clock.wall_ns().saturating_sub(self.sampler.spent().wall_ns)
    }

    /// Spins until the request is due. A processor that sleeps wakes up late, and slow.
    fn wait_until(&mut self, due_ns: u64, from_ns: u64) {
        let cpu_ns = self.clock.cpu_ns();
        loop {
            // The CPU time is read first: then the last reading of the wall time is the last thing done.
            let ran_ns = self.clock.cpu_ns().saturating_sub(cpu_ns);
            let now_ns = self.now_ns();
            if now_ns >= due_ns {
                self.waited += Elapsed { wall_ns: now_ns - from_ns, cpu_ns: ran_ns };
                return;
            }
        }
    }
}

impl<C: Clock> Recorder for Measuring<C> {
    /// A cascade is timed from its 257th object on: nearly all are shorter, and reading a clock for each
    /// would cost more than they do. The time of the first 256 objects is missing from a cascade's pause:
    /// some microseconds.
    const CASCADE_FLOOR: u64 = 256;

    #[inline(always)]
    fn advance(&mut self, bytes: usize) -> bool {
        self.sampler.advance(bytes)
    }

    #[inline]
    fn footprint(&mut self, now: Footprint) {
        self.sampler.footprint(now);
        if self.injected.is_some_and(|pause| self.sampler.clock() >= pause.after_bytes) {
            self.pause_at_last();
        }
    }

    #[inline]
    fn mark(&mut self) {
        let now_ns = self.now_ns();
        let due_ns = self.latency.mark(now_ns);
        if due_ns > now_ns {
            self.wait_until(due_ns, now_ns);
        }
    }

    #[inline]
    fn pause_started(&mut self, _pause: Pause) {
        if self.pauses.is_idle() {
            self.absence.before_pause(&mut self.clock);
        }
        let now_ns = self.now_ns();
        self.pauses.started(now_ns - self.waited.wall_ns.min(now_ns));
    }

    #[inline]
    fn pause_stopped(&mut self, pause: Pause, _work: Work) {
        let now_ns = self.now_ns();
        let at_ns = now_ns - self.waited.wall_ns.min(now_ns);
        self.pauses.stopped(pause, at_ns, |ns| self.absence.taints(ns, &mut self.clock));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::TestClock;
    use heapbench_heap::Generation;
    use heapbench_results::Distribution;
    use std::time::Duration;

    const FULL: Pause = Pause::Collection(Generation::FULL);
    const MILLISECOND: u64 = 1_000_000;

    #[test]
    fn pauses_are_placed_from_the_start_and_tainted_when_the_processor_was_gone() {
        let mut recorder = Measuring::<TestClock>::default();
        let clock = recorder.clock.clone();
        clock.run(99 * MILLISECOND);
        let watch = recorder.begin();
        for lost in [0, MILLISECOND] {
            clock.run(10 * MILLISECOND);
            recorder.pause_started(FULL);
            clock.run(MILLISECOND);
            clock.lose(lost);
            recorder.pause_stopped(FULL, Work::default());
        }
        recorder.end(watch);
        let observed = recorder.finish(Footprint::default(), 0);
        let [first, second] = observed.pauses.raw[..] else { panic!("{:?}", observed.pauses.raw) };
        assert!(first.start_ns.abs_diff(10 * MILLISECOND) < 10_000, "{first:?}");
        assert!(first.ns.abs_diff(MILLISECOND) < 10_000 && !first.tainted, "{first:?}");
        assert!(second.start_ns.abs_diff(21 * MILLISECOND) < 20_000, "{second:?}");
        assert!(second.ns.abs_diff(2 * MILLISECOND) < 10_000 && second.tainted, "{second:?}");
        assert_eq!(observed.stalls.tainted_pauses, 1);
    }

    /// 1000 requests a second of 100 us each, of which one stalls for 200 ms: a collection.
    #[test]
    fn waiting_for_requests_is_nobodys_time_and_a_stall_delays_those_that_were_due() {
        let mut recorder = Measuring::<TestClock>::of_requests(Arrivals::Open(1000));
        let clock = recorder.clock.clone();
        let watch = recorder.begin();
        recorder.mark();
        for request in 0..2000 {
            clock.run(100_000);
            if request == 1000 {
                recorder.pause_started(FULL);
                clock.run(200 * MILLISECOND);
                recorder.pause_stopped(FULL, Work::default());
            }
            recorder.mark();
        }
        // 2000 requests of 100 us and the stall take 400 ms; the rest of the 2 s went by waiting.
        assert!(
            recorder.waited.wall_ns.abs_diff(1600 * MILLISECOND) < 20 * MILLISECOND,
            "{:?}",
            recorder.waited
        );
        assert!(
            recorder.waited.wall_ns.abs_diff(recorder.waited.cpu_ns) < 5 * MILLISECOND,
            "{:?}",
            recorder.waited
        );
        recorder.end(watch);
        let observed = recorder.finish(Footprint::default(), 0);
        let pause = observed.pauses.raw[0];
        assert!(pause.start_ns.abs_diff(100 * MILLISECOND) < 5 * MILLISECOND, "not 1000 ms: {pause:?}");
        let latency = observed.latency.unwrap();
        let simple = Distribution::decode(&latency.simple).unwrap();
        // Due in the stall: 200. Served while those were caught up with, a tenth more, and a tenth of these.
        let delayed = 2000.0 * (1.0 - simple.share_at_most(150_000));
        assert!((220.0..226.0).contains(&delayed), "{delayed}");
        assert!(simple.quantile_ns(0.999) > 195 * MILLISECOND);
    }

    #[test]
    fn a_late_request_is_not_waited_for() {
        let mut recorder = Measuring::<TestClock>::of_requests(Arrivals::Open(1_000_000));
        let clock = recorder.clock.clone();
        for _ in 0..100 {
            recorder.mark();
            clock.run(MILLISECOND);
        }
        assert_eq!(recorder.waited, Elapsed::default());
        let latency = recorder.latency.summary().unwrap();
        assert!(latency.utilization.unwrap() > 999.0, "{latency:?}");
    }

    #[test]
    fn measuring_inside_a_pause_is_no_part_of_it() {
        let mut recorder = Measuring::<TestClock>::default();
        assert!(recorder.advance(1 << 20));
        recorder.footprint(Footprint::default());
        let spent_ns = recorder.sampler.spent().wall_ns;
        recorder.clock.run(spent_ns + 10 * MILLISECOND);
        let now_ns = recorder.now_ns();
        assert!(now_ns.abs_diff(10 * MILLISECOND) < 10_000, "{now_ns}");
    }

    #[test]
    fn an_injected_pause_is_made_once_and_recorded_as_any_other() {
        let length = Duration::from_millis(1);
        let mut measuring =
            Measuring::<SystemClock>::default().pausing(InjectedPause { after_bytes: 1000, length });
        assert!(!measuring.advance(999));
        measuring.footprint(Footprint::default());
        assert_eq!(measuring.finish(Footprint::default(), 0).pauses.count, 0);
        measuring.advance(1);
        measuring.footprint(Footprint::default());
        measuring.footprint(Footprint::default());
        measuring.pause_at_last();
        let pauses = measuring.finish(Footprint::default(), 0).pauses;
        assert_eq!((pauses.count, pauses.kinds.get("full")), (1, Some(&1)));
        assert!(pauses.max_ns >= 1_000_000, "{}", pauses.max_ns);
    }

    #[test]
    fn one_without_samples_never_asks_for_one() {
        let mut measuring = Measuring::without_samples();
        assert!(!measuring.advance(1 << 40));
    }
}
