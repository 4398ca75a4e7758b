//! Lower-bound overheads for people: a row for each strategy, a column for each multiple of the least heap.

use crate::registry::ALLOCATES_ONLY;
use crate::table;
use heapbench_results::Record;
use heapbench_results::lower_bound::{Clock, LowerBound, Mean, lower_bound};
use std::collections::BTreeSet;

/// The strategy that frees at the exact death, and so has no collections to take off.
const FREES_AT_DEATH: &str = "manual";

/// Stands below the table.
const LEGEND: &str = "Geometric means of CPU time over the least that any strategy needs outside of its collections; \
    an overhead is at least that. In brackets: 95 % bootstrap intervals over processes.";

/// The table; `None` where nothing makes a base: no limit, and no strategy that hardly manages memory at all.
pub fn overheads(records: &[Record]) -> Option<String> {
    let is_base = |strategy: &str| {
        let name = strategy.split(['@', '+', ':']).next();
        [ALLOCATES_ONLY, FREES_AT_DEATH].map(Some).contains(&name)
    };
    if !records.iter().any(|record| record.heap_limit.is_some() || is_base(&record.strategy)) {
        return None;
    }
    let bound = lower_bound(records, Clock::Cpu);
    // No limit comes last: it is the most memory.
    let order = |mean: &Mean| mean.heap_multiple.unwrap_or(f64::INFINITY).to_bits();
    let multiples: BTreeSet<u64> = bound.means.iter().map(order).collect();
    let strategies: BTreeSet<&str> = bound.means.iter().map(|mean| mean.strategy.as_str()).collect();
    let cell = |strategy: &str, bits: u64| {
        let mean = bound.means.iter().find(|mean| mean.strategy == strategy && order(mean) == bits);
        mean.map_or("-".to_string(), |mean| {
            let overhead = mean.overhead;
            format!("{:.2}x [{:.2}, {:.2}]", overhead.value, overhead.low, overhead.high)
        })
    };
    let row = |strategy: &str| {
        let cells = multiples.iter().map(|bits| cell(strategy, *bits));
        std::iter::once(strategy.to_string()).chain(cells).collect()
    };
    let titles: Vec<String> = std::iter::once("lower-bound overhead".to_string())
        .chain(multiples.iter().map(|bits| title(&bound, *bits, order)))
        .collect();
    let titles: Vec<&str> = titles.iter().map(String::as_str).collect();
    let table = table::plain(&titles, strategies.into_iter().map(row).collect());
    Some(format!("{table}\n{LEGEND}{}", left_out(&bound)))
}

/// A multiple, and how many workloads its means are over.
fn title(bound: &LowerBound, bits: u64, order: impl Fn(&Mean) -> u64) -> String {
    let works = bound.means.iter().find(|mean| order(mean) == bits).map_or(0, |mean| mean.works);
    let multiple = f64::from_bits(bits);
    let name = if multiple.is_finite() { format!("{multiple}x") } else { "no limit".to_string() };
    format!("{name} ({works} of {})", bound.works.len())
}

/// What the means leave out, a line for each multiple.
fn left_out(bound: &LowerBound) -> String {
    let mut text = String::new();
    for exclusions in bound.exclusions.chunk_by(|a, b| a.heap_multiple == b.heap_multiple) {
        let name =
            exclusions[0].heap_multiple.map_or("no limit".to_string(), |multiple| format!("{multiple}x"));
        let works: Vec<String> = exclusions
            .iter()
            .map(|found| format!("{} (not finished by {})", found.workload, found.strategies.join(", ")))
            .collect();
        text += &format!("\n{name} leaves out: {}", works.join("; "));
    }
    if !bound.never.is_empty() {
        text +=
            &format!("\nin no mean under a limit, as they finish nothing there: {}", bound.never.join(", "));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use heapbench_results::Status;

    fn record(strategy: &str, multiple: Option<f64>, cpu_ns: u64, status: Status) -> Record {
        Record {
            strategy: strategy.into(),
            workload: "w".into(),
            heap_multiple: multiple,
            heap_limit: multiple.map(|multiple| (multiple * 1000.0) as u64),
            cpu_ns,
            wall_ns: cpu_ns,
            status,
            ..Record::default()
        }
    }

    #[test]
    fn there_is_a_table_only_where_there_is_a_base() {
        let plain = [record("a", None, 100, Status::Ok), record("b", None, 200, Status::Ok)];
        assert_eq!(overheads(&plain), None);
        let [a, b] = plain;
        let with = |name: &str| overheads(&[a.clone(), b.clone(), record(name, None, 50, Status::Ok)]);
        for name in ["bump", "manual+system"] {
            let text = with(name).unwrap();
            assert!(text.contains("no limit (1 of 1)") && text.contains("4.00x [4.00, 4.00]"), "{text}");
        }
        assert_eq!(with("bumpy"), None);
    }

    #[test]
    fn what_is_left_out_is_said() {
        let records = [
            record("a", Some(1.0), 100, Status::Ok),
            record("b", Some(1.0), 0, Status::OutOfMemory),
            record("a", Some(2.0), 100, Status::Ok),
            record("b", Some(2.0), 300, Status::Ok),
            record("bump", Some(2.0), 0, Status::OutOfMemory),
        ];
        let text = overheads(&records).unwrap();
        assert!(text.contains("2x (1 of 1)") && text.contains("3.00x"), "{text}");
        assert!(text.contains("1x leaves out: w (not finished by b)"), "{text}");
        assert!(text.contains("finish nothing there: bump"), "{text}");
    }
}
