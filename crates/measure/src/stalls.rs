//! What the machine does to a process meanwhile: the kernel's counts, at the beginning and the end of a stretch.
//!
//! Linux only; elsewhere, and where the kernel does not say, all is 0. Nothing is read in between.

use heapbench_results::Stalls;
use std::fs::read_to_string;

/// The kernel's counts so far, for this thread, this process and all processors.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct StallCounts(Stalls);

impl StallCounts {
    /// Reads them.
    pub fn now() -> StallCounts {
        let read = |path: &str| read_to_string(path).unwrap_or_default();
        parse(
            &read("/proc/thread-self/status"),
            &read("/proc/thread-self/sched"),
            &read("/proc/thread-self/schedstat"),
            &read("/proc/self/stat"),
            &read("/proc/stat"),
            rustix::param::clock_ticks_per_second(),
        )
    }

    /// What happened from an earlier reading to this one.
    pub fn since(self, earlier: StallCounts) -> Stalls {
        let difference = |count: fn(&Stalls) -> u64| count(&self.0).saturating_sub(count(&earlier.0));
        Stalls {
            voluntary_switches: difference(|s| s.voluntary_switches),
            involuntary_switches: difference(|s| s.involuntary_switches),
            migrations: difference(|s| s.migrations),
            minor_faults: difference(|s| s.minor_faults),
            major_faults: difference(|s| s.major_faults),
            waiting_ns: difference(|s| s.waiting_ns),
            stolen_ns: difference(|s| s.stolen_ns),
            ..Stalls::default()
        }
    }
}

/// Understands the kernel's files; what is not in them is 0.
fn parse(status: &str, sched: &str, schedstat: &str, stat: &str, machine: &str, ticks: u64) -> StallCounts {
    // The process's name, in brackets, may hold anything, spaces too; the numbers behind it begin with the third.
    let behind_name = stat.rsplit_once(')').map_or("", |(_, rest)| rest);
    let processors = machine.lines().find_map(|line| line.strip_prefix("cpu ")).unwrap_or_default();
    let stolen_ticks = word(processors, 7);
    StallCounts(Stalls {
        voluntary_switches: named(status, "voluntary_ctxt_switches"),
        involuntary_switches: named(status, "nonvoluntary_ctxt_switches"),
        migrations: named(sched, "se.nr_migrations"),
        minor_faults: word(behind_name, 10 - 3),
        major_faults: word(behind_name, 12 - 3),
        waiting_ns: word(schedstat, 1),
        stolen_ns: stolen_ticks.saturating_mul(1_000_000_000) / ticks.max(1),
        ..Stalls::default()
    })
}

/// The number behind a name and a colon.
fn named(text: &str, name: &str) -> u64 {
    let value = text.lines().filter_map(|line| line.split_once(':')).find(|(key, _)| key.trim() == name);
    value.and_then(|(_, value)| value.trim().parse().ok()).unwrap_or(0)
}

/// The number that is the word at this place.
fn word(text: &str, place: usize) -> u64 {
    text.split_whitespace().nth(place).and_then(|word| word.parse().ok()).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kernels_files_are_understood() {
        let status = "Name:\tx\nvoluntary_ctxt_switches:\t7\nnonvoluntary_ctxt_switches:\t9\n";
        let sched = "x (1, #threads: 1)\n---\nse.nr_migrations    :      3\nnr_switches : 16\n";
        let stat = "1234 (a ) name) S 1 1 1 0 -1 4194560 500 0 11 0 1 2 0 0";
        let machine = "cpu  10 20 30 40 50 60 70 250 0 0\ncpu0 1 2 3 4 5 6 7 8 9 0\n";
        let counts = parse(status, sched, "100 42 5\n", stat, machine, 100);
        let expected = Stalls {
            voluntary_switches: 7,
            involuntary_switches: 9,
            migrations: 3,
            minor_faults: 500,
            major_faults: 11,
            waiting_ns: 42,
            stolen_ns: 2_500_000_000,
            ..Stalls::default()
        };
        assert_eq!(counts.since(StallCounts::default()), expected);
        assert_eq!(counts.since(counts), Stalls::default());
    }

    #[test]
    fn files_that_are_not_there_count_nothing() {
        assert_eq!(parse("", "", "", "", "", 0), StallCounts::default());
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn touching_fresh_memory_is_faults_and_sleeping_is_a_switch() {
        let before = StallCounts::now();
        let touched = std::hint::black_box(vec![1_u8; 64 << 20]);
        std::thread::sleep(std::time::Duration::from_millis(1));
        let stalls = StallCounts::now().since(before);
        drop(touched);
        assert!(stalls.minor_faults > 0 && stalls.voluntary_switches > 0, "{stalls:?}");
    }
}
