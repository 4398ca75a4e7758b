//! The recorder that a measured heap reports to: pauses, and memory over the allocation clock.
//!
//! What it costs the run: an addition and a comparison for each allocation, a few clock readings for each
//! pause. What it costs beyond that (footprints and samples) it counts, and it is taken off.

use crate::pauses::PauseRecorder;
use crate::sampler::Sampler;
use crate::stopwatch::Elapsed;
use heapbench_heap::{Footprint, Pause, Recorder, Work};
use heapbench_results::{CellFootprint, Pauses, Sample};

/// Records a cell. Make it before the heap: it takes the resident set of that moment as its baseline.
#[derive(Debug, Default)]
pub struct Measuring {
    pauses: PauseRecorder,
    sampler: Sampler,
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
}

impl Measuring {
    /// Time spent on sampling so far: neither the mutator's nor the manager's.
    pub fn spent(&self) -> Elapsed {
        self.sampler.spent()
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
        }
    }
}

impl Recorder for Measuring {
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
    }

    #[inline]
    fn pause_started(&mut self, _pause: Pause) {
        self.pauses.started(self.sampler.spent().wall_ns);
    }

    #[inline]
    fn pause_stopped(&mut self, pause: Pause, _work: Work) {
        self.pauses.stopped(pause, self.sampler.spent().wall_ns);
    }
}
