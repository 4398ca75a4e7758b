//! Effects put into a cell on purpose, to see whether comparisons find them: work of an exact size, and one pause.
//!
//! Work is measured by the clock of CPU time, of which it is a share: both clocks grow by it, whatever else the machine
//! does meanwhile. A pause is one of wall time. What must be the same in every process (instructions) is counted in
//! rounds of a fixed loop.

use crate::stopwatch::Stopwatch;
use std::hint::black_box;
use std::time::{Duration, Instant};

/// Rounds between two looks at a clock: less than a microsecond.
const ROUNDS: u64 = 200;

/// A pause that is to come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InjectedPause {
    /// At the first sample of memory after so many bytes have been allocated, or else at the end.
    pub after_bytes: u64,
    /// How long it is.
    pub length: Duration,
}

/// Works for so many nanoseconds of CPU time.
pub fn work_for(cpu_ns: u64) {
    let watch = Stopwatch::start();
    while watch.elapsed().cpu_ns < cpu_ns {
        work_rounds(ROUNDS);
    }
}

/// Waits, working, until so much time has passed.
pub fn wait_for(length: Duration) {
    let begun = Instant::now();
    while begun.elapsed() < length {
        work_rounds(ROUNDS);
    }
}

/// Does so many rounds of work: as many instructions each, in every process of one build.
#[inline(never)]
pub fn work_rounds(rounds: u64) {
    for round in 0..rounds {
        black_box(round);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn work_and_waiting_last_as_long_as_they_should() {
        let watch = Stopwatch::start();
        work_for(3_000_000);
        assert!(watch.elapsed().cpu_ns >= 3_000_000);
        let begun = Instant::now();
        wait_for(Duration::from_millis(2));
        assert!(begun.elapsed() >= Duration::from_millis(2));
    }
}
