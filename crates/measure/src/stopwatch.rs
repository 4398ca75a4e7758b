//! Wall and CPU time of a stretch.

use rustix::time::{ClockId, clock_gettime};
use std::time::{Duration, Instant};

/// Two clocks, running.
#[derive(Clone, Copy, Debug)]
pub struct Stopwatch {
    wall: Instant,
    cpu: Duration,
}

/// What the clocks showed, in nanoseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Elapsed {
    /// Wall time.
    pub wall_ns: u64,
    /// CPU time of the whole process: user and system, all threads.
    pub cpu_ns: u64,
}

impl Stopwatch {
    /// Starts both clocks, the wall's last.
    pub fn start() -> Stopwatch {
        let cpu = process_cpu_time();
        Stopwatch { wall: Instant::now(), cpu }
    }

    /// Reads both clocks, the wall's first.
    pub fn elapsed(&self) -> Elapsed {
        let wall = self.wall.elapsed();
        let cpu = process_cpu_time().saturating_sub(self.cpu);
        Elapsed { wall_ns: nanoseconds(wall), cpu_ns: nanoseconds(cpu) }
    }
}

impl Elapsed {
    /// What is left of a stretch without a part of it.
    pub fn without(self, part: Elapsed) -> Elapsed {
        Elapsed {
            wall_ns: self.wall_ns.saturating_sub(part.wall_ns),
            cpu_ns: self.cpu_ns.saturating_sub(part.cpu_ns),
        }
    }
}

impl std::ops::AddAssign for Elapsed {
    fn add_assign(&mut self, more: Elapsed) {
        self.wall_ns += more.wall_ns;
        self.cpu_ns += more.cpu_ns;
    }
}

/// Whole nanoseconds: 584 years fit.
pub(crate) fn nanoseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

/// CPU time that this process has used.
fn process_cpu_time() -> Duration {
    let now = clock_gettime(ClockId::ProcessCPUTime);
    Duration::new(now.tv_sec.unsigned_abs(), now.tv_nsec.unsigned_abs() as u32)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_clocks_advance_and_a_part_comes_off_without_turning_negative() {
        let watch = Stopwatch::start();
        std::hint::black_box((0..1_000_000_u64).map(std::hint::black_box).sum::<u64>());
        let all = watch.elapsed();
        assert!(all.wall_ns > 0 && all.cpu_ns > 0, "{all:?}");
        let part = Elapsed { wall_ns: 1, cpu_ns: u64::MAX };
        assert_eq!(all.without(part), Elapsed { wall_ns: all.wall_ns - 1, cpu_ns: 0 });
    }
}
