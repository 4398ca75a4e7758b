//! Memory: how large pages are, whether memory is short, and where it lies.

use super::{Finding, Harmed, Verdict, chosen, finding, graded, text, unknown};
use crate::units;

/// Percent of the last ten seconds in which something waited for memory.
const PRESSURE: [f64; 2] = [1.0, 10.0];

/// Swap in use as a share of memory.
const SWAPPED: [f64; 2] = [0.001, 0.1];

/// Examines memory.
pub fn examine() -> Vec<Finding> {
    let meminfo = text("/proc/meminfo").unwrap_or_default();
    vec![
        finding(
            "huge pages",
            huge_pages(text("/sys/kernel/mm/transparent_hugepage/enabled").as_deref()),
            &[Harmed::Wall, Harmed::Cpu, Harmed::Rss],
            "the kernel backs any heap with pages of 2 MiB when it has some free, so that RSS and time depend on the \
             machine's past: write madvise to transparent_hugepage/enabled",
        ),
        finding(
            "swap",
            swap(&meminfo),
            &[Harmed::Wall, Harmed::Pauses, Harmed::Rss],
            "pages that are swapped out are not resident, and come back in the middle of a pause: swapoff -a",
        ),
        finding(
            "memory pressure",
            pressure(text("/proc/pressure/memory").as_deref()),
            &[Harmed::Wall, Harmed::Pauses, Harmed::Rss],
            "processes wait for the kernel to find memory: end what needs it",
        ),
        finding(
            "address layout",
            layout(text("/proc/sys/kernel/randomize_va_space").as_deref()),
            &[Harmed::Wall],
            "every process has the same layout, so that one lucky or unlucky layout is measured over and over: write 2 to \
             kernel.randomize_va_space",
        ),
    ]
}

fn huge_pages(enabled: Option<&str>) -> (String, Verdict) {
    match enabled.and_then(chosen) {
        None => unknown(),
        Some("always") => ("always".to_string(), Verdict::Doubtful),
        Some(word) => (word.to_string(), Verdict::Fit),
    }
}

fn swap(meminfo: &str) -> (String, Verdict) {
    let bytes = |key: &str| -> Option<u64> {
        let line = meminfo.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix(':'))?;
        Some(line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok()? * 1024)
    };
    let (Some(total), Some(free), Some(memory)) = (bytes("SwapTotal"), bytes("SwapFree"), bytes("MemTotal"))
    else {
        return unknown();
    };
    let used = total.saturating_sub(free);
    let value = match total {
        0 => "none".to_string(),
        _ => format!("{} of {} in use", units::bytes(used), units::bytes(total)),
    };
    (value, graded(used as f64 / memory.max(1) as f64, SWAPPED))
}

/// From the line `some avg10=0.00 avg60=…`.
fn pressure(text: Option<&str>) -> (String, Verdict) {
    let some = text.and_then(|text| text.lines().find_map(|line| line.strip_prefix("some avg10=")));
    let percent = some.and_then(|rest| rest.split(' ').next()?.parse::<f64>().ok());
    percent.map_or_else(unknown, |percent| {
        (format!("{percent:.1} % of the last 10 s"), graded(percent, PRESSURE))
    })
}

fn layout(randomized: Option<&str>) -> (String, Verdict) {
    match randomized {
        Some("0") => ("fixed".to_string(), Verdict::Doubtful),
        Some("1") => ("random, but for the break".to_string(), Verdict::Fit),
        Some("2") => ("random".to_string(), Verdict::Fit),
        _ => unknown(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn swap_that_is_used_harms_and_swap_that_is_not_does_not() {
        let meminfo = |total: u64, free: u64| {
            format!(
                "MemTotal:       8000000 kB\nSwapCached: 0 kB\nSwapTotal: {total} kB\nSwapFree: {free} kB\n"
            )
        };
        assert_eq!(swap(&meminfo(0, 0)), ("none".to_string(), Verdict::Fit));
        assert_eq!(swap(&meminfo(1 << 20, 1 << 20)), ("0 B of 1.00 GiB in use".to_string(), Verdict::Fit));
        assert_eq!(swap(&meminfo(1 << 20, 1_000_000)).1, Verdict::Doubtful);
        assert_eq!(swap(&meminfo(2 << 20, 1000)).1, Verdict::Unfit);
        assert_eq!(swap("MemTotal: 1 kB\n"), unknown());
    }

    #[test]
    fn pressure_is_that_of_the_last_seconds() {
        let text = "some avg10=12.50 avg60=0.00 avg300=0.02 total=4019645\nfull avg10=0.00 avg60=0 avg300=0 total=3\n";
        assert_eq!(pressure(Some(text)), ("12.5 % of the last 10 s".to_string(), Verdict::Unfit));
        assert_eq!(pressure(Some("some avg10=0.00 avg60=9.00")).1, Verdict::Fit);
        assert_eq!((pressure(None), pressure(Some("full"))), (unknown(), unknown()));
    }

    #[test]
    fn pages_and_layout_are_what_the_kernel_says() {
        assert_eq!(huge_pages(Some("[always] madvise never")).1, Verdict::Doubtful);
        assert_eq!(huge_pages(Some("always [madvise] never")), ("madvise".to_string(), Verdict::Fit));
        assert_eq!((huge_pages(None), huge_pages(Some(""))), (unknown(), unknown()));
        assert_eq!((layout(Some("2")).1, layout(Some("0")).1), (Verdict::Fit, Verdict::Doubtful));
        assert_eq!(layout(None), unknown());
    }
}
