//! The clock: where the time comes from, and what a reading costs. Every pause has two readings in it.

use super::{Finding, Harmed, Verdict, finding, graded, text, unknown};
use crate::units;
use std::hint::black_box;
use std::time::Instant;

/// Sources that are read without entering the kernel.
const FAST: [&str; 4] = ["tsc", "kvm-clock", "hyperv_clocksource_tsc_page", "arch_sys_counter"];

/// Devices that take a microsecond and more.
const SLOW: [&str; 2] = ["hpet", "acpi_pm"];

/// Nanoseconds for a reading.
const COST: [f64; 2] = [100.0, 1000.0];

/// Readings of one batch, and batches, of which the fastest counts: a switch to another process is not the clock's.
const READINGS: u32 = 1000;
const BATCHES: usize = 20;

/// Examines the clock.
pub fn examine() -> Vec<Finding> {
    let harms = [Harmed::Wall, Harmed::Pauses];
    let source = text("/sys/devices/system/clocksource/clocksource0/current_clocksource");
    vec![
        finding(
            "clock source",
            judged(source.as_deref()),
            &harms,
            "readings enter the kernel or wait for a device: boot with clocksource=tsc where the processor's is stable",
        ),
        finding(
            "clock cost",
            cost(nanoseconds_a_reading()),
            &harms,
            "short pauses are made longer by the readings that time them: see the clock source",
        ),
    ]
}

fn judged(source: Option<&str>) -> (String, Verdict) {
    match source {
        None | Some("") => unknown(),
        Some(name) if FAST.contains(&name) => (name.to_string(), Verdict::Fit),
        Some(name) if SLOW.contains(&name) => (name.to_string(), Verdict::Unfit),
        Some(name) => (name.to_string(), Verdict::Doubtful),
    }
}

fn cost(nanoseconds: f64) -> (String, Verdict) {
    (format!("{} a reading", units::duration(nanoseconds)), graded(nanoseconds, COST))
}

fn nanoseconds_a_reading() -> f64 {
    let batch = |_| {
        let begun = Instant::now();
        (0..READINGS).for_each(|_| _ = black_box(Instant::now()));
        begun.elapsed().as_nanos() as f64 / f64::from(READINGS)
    };
    (0..BATCHES).map(batch).fold(f64::INFINITY, f64::min)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sources_and_costs_are_judged() {
        assert_eq!(judged(Some("tsc")), ("tsc".to_string(), Verdict::Fit));
        assert_eq!(judged(Some("hpet")).1, Verdict::Unfit);
        assert_eq!(judged(Some("refined-jiffies")).1, Verdict::Doubtful);
        assert_eq!((judged(None), judged(Some(""))), (unknown(), unknown()));
        assert_eq!(cost(25.0), ("25.0 ns a reading".to_string(), Verdict::Fit));
        assert_eq!((cost(500.0).1, cost(2000.0).1), (Verdict::Doubtful, Verdict::Unfit));
        assert!(nanoseconds_a_reading() > 0.0);
    }
}
