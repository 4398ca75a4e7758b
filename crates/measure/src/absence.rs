//! Whether the processor was taken away during a pause: wall time that passed and CPU time that did not.
//!
//! Asking the kernel for a thread's CPU time costs more than a short pause takes. So it is asked before a pause only when
//! the last answer is older than `STALE_NS`, and after a pause only when that was long. Time away between the last
//! answer and the pause's start, at most that long, is then held against the pause: it *may* have been interrupted.
//! A hypervisor's theft is seen where the kernel knows of it.

use crate::clock::Clock;

/// The age at which an answer is too old.
const STALE_NS: u64 = 1_000_000;

/// A pause is tainted when at least one part in so many of its length was spent away.
const TAINTING_PART: u64 = 20;

/// Keeps the last answer.
#[derive(Clone, Copy, Debug, Default)]
pub struct Absence {
    wall_ns: u64,
    cpu_ns: u64,
}

impl Absence {
    /// A pause is about to begin.
    #[inline]
    pub fn before_pause(&mut self, clock: &mut impl Clock) {
        if clock.wall_ns() >= self.wall_ns + STALE_NS {
            self.time_away(clock);
        }
    }

    /// A pause of that length has just ended: whether the machine had a part in it.
    pub fn taints(&mut self, pause_ns: u64, clock: &mut impl Clock) -> bool {
        self.time_away(clock) >= (pause_ns / TAINTING_PART).max(1)
    }

    /// Nanoseconds since the last answer in which the thread did not run.
    fn time_away(&mut self, clock: &mut impl Clock) -> u64 {
        let now = Absence { wall_ns: clock.wall_ns(), cpu_ns: clock.cpu_ns() };
        let ran_ns = now.cpu_ns.saturating_sub(self.cpu_ns);
        let passed_ns = now.wall_ns.saturating_sub(self.wall_ns);
        *self = now;
        passed_ns.saturating_sub(ran_ns)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::TestClock;

    /// A pause of a millisecond, of which the thread did not run so much, after so much lost just before.
    fn tainted(lost_before: u64, lost_within: u64) -> bool {
        let mut clock = TestClock::default();
        let mut absence = Absence::default();
        clock.run(10 * STALE_NS);
        clock.lose(10 * STALE_NS);
        absence.before_pause(&mut clock);
        clock.lose(lost_before);
        absence.before_pause(&mut clock);
        clock.run(1_000_000 - lost_within);
        clock.lose(lost_within);
        absence.taints(1_000_000, &mut clock)
    }

    #[test]
    fn a_pause_is_tainted_by_what_was_lost_within_or_shortly_before() {
        assert!(!tainted(0, 0), "what was lost long ago is forgotten");
        assert!(!tainted(0, 40_000));
        assert!(tainted(0, 60_000));
        assert!(tainted(60_000, 0), "it may have been interrupted");
        assert!(!tainted(STALE_NS, 0), "there was a newer answer");
    }
}
