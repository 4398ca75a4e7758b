//! What must be true of a cell's record. A record that fails one of these is `invalid` and enters no figure.

use heapbench_results::{Pauses, RawPause, Record};

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
        (
            "pauses one by one",
            pauses.raw.iter().map(|pause| pause.ns).sum(),
            "pauses in all",
            pauses.total_ns,
        ),
        ("tainted pauses", record.stalls.tainted_pauses, "pauses", pauses.count),
    ];
    let exceeds = not_more.iter().find(|(_, less, _, more)| less > more);
    match exceeds {
        Some((what, less, than, more)) => Some(format!("{what} {less}, expected at most the {than}, {more}")),
        None if record.wall_ns == 0 => Some("wall time 0, expected a clock that advances".to_string()),
        None if raw_pauses(pauses, record.wall_ns).is_some() => raw_pauses(pauses, record.wall_ns),
        None if !quantiles.is_sorted() => {
            Some(format!("pause quantiles {quantiles:?}, expected ascending order"))
        }
        None => None,
    }
}

/// The pauses that are kept one by one: inside the stretch, one after the other, and the longest among them.
fn raw_pauses(pauses: &Pauses, wall_ns: u64) -> Option<String> {
    let (raw, floor_ns) = (&pauses.raw, pauses.raw_floor_ns);
    let longest_ns = raw.iter().map(|pause| pause.ns).max().unwrap_or(0);
    let end_ns = |pause: &RawPause| pause.start_ns.saturating_add(pause.ns);
    let overlap = raw.windows(2).find(|pair| end_ns(&pair[0]) > pair[1].start_ns);
    if let Some(pair) = overlap {
        return Some(format!("a pause from {} ns on, expected it after that before it", pair[1].start_ns));
    }
    if let Some(last) = raw.last().filter(|last| end_ns(last) > wall_ns) {
        return Some(format!("a pause until {} ns, expected its end within {wall_ns}", end_ns(last)));
    }
    if let Some(short) = raw.iter().find(|pause| pause.ns < floor_ns) {
        return Some(format!("a pause of {} ns, expected at least the floor, {floor_ns}", short.ns));
    }
    // A floor of 0: nobody knows when the pauses were, and none is kept.
    let missing = floor_ns > 0 && pauses.max_ns >= floor_ns && longest_ns != pauses.max_ns;
    missing
        .then(|| format!("the longest pause kept {longest_ns} ns, expected the longest, {}", pauses.max_ns))
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
        let pause = |start_ns, ns| RawPause { start_ns, ns, kind: 'f', tainted: false };
        let paused = |raw: &[RawPause]| {
            let mut record = plausible();
            record.pauses =
                Pauses { count: 9, total_ns: 90, max_ns: 30, raw_floor_ns: 10, ..Pauses::default() };
            record.pauses.raw = raw.to_vec();
            super::record(&record)
        };
        assert_eq!(paused(&[pause(0, 10), pause(10, 30), pause(60, 40 - 10)]), None);
        for raw in [
            &[pause(0, 10), pause(9, 30)][..],
            &[pause(80, 30)],
            &[pause(20, 30), pause(60, 9)],
            &[pause(20, 29)],
            &[pause(0, 30), pause(30, 30), pause(60, 31)],
            &[],
        ] {
            assert!(paused(raw).is_some(), "{raw:?}");
        }
        let damage: [fn(&mut Record); 9] = [
            |r| r.stalls.tainted_pauses = 1,
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
