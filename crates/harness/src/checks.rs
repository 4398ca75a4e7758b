//! What must be true of a cell's record. A record that fails one of these is `invalid` and enters no figure.

use heapbench_results::Record;

/// Whether the workload read back what it must, where that is known.
pub fn checksum(found: u64, expected: Option<u64>) -> Option<String> {
    let wrong = |expected| format!("checksum {found:016x}, expected {expected:016x}");
    expected.filter(|expected| *expected != found).map(wrong)
}

/// Clocks, accounting and footprint against each other: the first that is impossible.
pub fn record(record: &Record) -> Option<String> {
    let pauses = &record.pauses;
    let quantiles = [pauses.p50_ns, pauses.p99_ns, pauses.p999_ns, pauses.max_ns, pauses.total_ns];
    let counted = |name: &str| record.counters.get(name).copied().unwrap_or(0);
    let footprint = &record.footprint;
    let sampled = record.samples.iter().find(|sample| sample.live > sample.held);
    let not_more = [
        ("pauses in all", pauses.total_ns, "wall time", record.wall_ns),
        ("time in collections", record.collect_ns, "wall time", record.wall_ns),
        ("objects freed", record.objects_freed, "objects allocated", record.objects_allocated),
        ("bytes freed", counted("bytes_freed"), "bytes allocated", record.bytes_allocated),
        ("live bytes at the end", footprint.end_live_bytes, "their peak", footprint.peak_live_bytes),
        ("held bytes at the end", footprint.end_held_bytes, "their peak", footprint.peak_held_bytes),
        (
            "live bytes of a sample",
            sampled.map_or(0, |s| s.live),
            "held bytes",
            sampled.map_or(0, |s| s.held),
        ),
        ("pauses of each kind", pauses.kinds.values().sum(), "pauses", pauses.count),
    ];
    let exceeds = not_more.iter().find(|(_, less, _, more)| less > more);
    match exceeds {
        Some((what, less, than, more)) => Some(format!("{what} {less}, expected at most the {than}, {more}")),
        None if record.wall_ns == 0 => Some("wall time 0, expected a clock that advances".to_string()),
        None if !quantiles.is_sorted() => {
            Some(format!("pause quantiles {quantiles:?}, expected ascending order"))
        }
        None => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::job::Job;
    use heapbench_results::{Sample, Status};

    fn plausible() -> Record {
        let job = Job {
            run: "r".into(),
            strategy: "bump".into(),
            workload: "rings".into(),
            profile: "smoke".into(),
            seed: 1,
            ..Job::default()
        };
        Record { wall_ns: 100, ..job.ended(Status::Ok, "") }
    }

    #[test]
    fn a_wrong_checksum_is_told() {
        assert_eq!(checksum(1, None), None);
        assert_eq!(checksum(1, Some(1)), None);
        assert_eq!(checksum(1, Some(2)).unwrap(), "checksum 0000000000000001, expected 0000000000000002");
    }

    #[test]
    fn impossible_records_are_told_from_possible_ones() {
        assert_eq!(record(&plausible()), None);
        let damage: [fn(&mut Record); 8] = [
            |r| r.wall_ns = 0,
            |r| r.pauses.total_ns = 101,
            |r| r.collect_ns = 101,
            |r| r.objects_freed = 1,
            |r| _ = r.counters.insert("bytes_freed".into(), 1),
            |r| r.footprint.end_live_bytes = 1,
            |r| r.samples.push(Sample { live: 2, held: 1, ..Sample::default() }),
            |r| (r.pauses.p99_ns, r.pauses.max_ns, r.pauses.total_ns) = (9, 8, 9),
        ];
        for (number, damage) in damage.iter().enumerate() {
            let mut record = plausible();
            damage(&mut record);
            assert!(super::record(&record).is_some(), "damage {number}");
        }
    }
}
