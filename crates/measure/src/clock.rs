//! The clock of a measurement: wall time since its start, and the thread's CPU time.
//!
//! A type parameter of [`Measuring`](crate::Measuring), so that what depends on time is tested without waiting for it.

use crate::stopwatch::nanoseconds;
use rustix::time::{ClockId, clock_gettime};
use std::time::{Duration, Instant};

/// Tells the time, in nanoseconds.
pub trait Clock {
    /// From now on, wall time counts from here.
    fn restart(&mut self);

    /// Wall time since the start.
    fn wall_ns(&mut self) -> u64;

    /// CPU time that this thread has used. A reading costs about half a microsecond where the kernel must be asked.
    fn cpu_ns(&mut self) -> u64;

    /// Readings of the wall time that were not later than the one before.
    fn repeats(&self) -> u64;
}

/// The system's monotonic clock, never the time of day.
#[derive(Clone, Copy, Debug)]
pub struct SystemClock {
    start: Instant,
    latest_ns: u64,
    repeats: u64,
}

impl Default for SystemClock {
    fn default() -> SystemClock {
        SystemClock { start: Instant::now(), latest_ns: 0, repeats: 0 }
    }
}

impl Clock for SystemClock {
    fn restart(&mut self) {
        *self = SystemClock::default();
    }

    fn wall_ns(&mut self) -> u64 {
        let now_ns = nanoseconds(self.start.elapsed());
        self.repeats += u64::from(now_ns <= self.latest_ns);
        self.latest_ns = now_ns;
        now_ns
    }

    fn cpu_ns(&mut self) -> u64 {
        let now = clock_gettime(ClockId::ThreadCPUTime);
        nanoseconds(Duration::new(now.tv_sec.unsigned_abs(), now.tv_nsec.unsigned_abs() as u32))
    }

    fn repeats(&self) -> u64 {
        self.repeats
    }
}

/// A clock for tests: each reading takes a microsecond, and the rest is what the test lets pass.
#[cfg(test)]
#[derive(Clone, Debug, Default)]
pub(crate) struct TestClock {
    wall_ns: std::rc::Rc<std::cell::Cell<u64>>,
    cpu_ns: std::rc::Rc<std::cell::Cell<u64>>,
}

#[cfg(test)]
impl TestClock {
    /// Time passes in which the thread runs.
    pub(crate) fn run(&self, nanoseconds: u64) {
        self.cpu_ns.set(self.cpu_ns.get() + nanoseconds);
        self.lose(nanoseconds);
    }

    /// Time passes in which the thread does not run.
    pub(crate) fn lose(&self, nanoseconds: u64) {
        self.wall_ns.set(self.wall_ns.get() + nanoseconds);
    }
}

#[cfg(test)]
impl Clock for TestClock {
    fn restart(&mut self) {
        self.wall_ns.set(0);
    }

    fn wall_ns(&mut self) -> u64 {
        self.run(1000);
        self.wall_ns.get()
    }

    fn cpu_ns(&mut self) -> u64 {
        self.run(1000);
        self.cpu_ns.get()
    }

    fn repeats(&self) -> u64 {
        0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_goes_on_and_readings_that_do_not_are_counted() {
        let mut clock = SystemClock::default();
        let readings: Vec<u64> = (0..1000).map(|_| clock.wall_ns()).collect();
        assert!(readings.is_sorted());
        let equal = readings.windows(2).filter(|pair| pair[0] == pair[1]).count() as u64;
        assert_eq!(clock.repeats(), equal + u64::from(readings[0] == 0));
        let before = clock.cpu_ns();
        std::hint::black_box((0..1_000_000_u64).map(std::hint::black_box).sum::<u64>());
        assert!(clock.cpu_ns() > before);
    }
}
