//! Below a workload's table, where it has requests: how long they took.

use super::plain;
use crate::units;
use heapbench_results::{LatencySummary, Percentiles, Row};

/// Titles in a closed loop.
const CLOSED: [&str; 9] =
    ["latency", "requests", "p50", "p99", "p99.9", "max", "metered p50", "p99", "p99.9"];

/// Titles where requests arrive at a rate.
const OPEN: [&str; 7] = ["latency from arrival", "requests", "p50", "p99", "p99.9", "max", "utilization"];

/// The block of a workload's rows; `None` where no program marked a request.
pub(super) fn table(rows: &[Row]) -> Option<String> {
    let latency = |row: &Row| Some((row.strategy.clone(), row.measured.as_ref()?.latency.clone()?));
    let latencies: Vec<(String, LatencySummary)> = rows.iter().filter_map(latency).collect();
    let open = latencies.first()?.1.rate.is_some();
    let line = |(strategy, latency): &(String, LatencySummary)| {
        let mut cells = vec![strategy.clone(), units::count(latency.requests)];
        cells.extend(percentiles(&latency.simple));
        cells.push(units::duration(latency.simple.max_ns as f64));
        match latency.utilization {
            Some(utilization) => cells.push(keeping_up(utilization)),
            None => cells.extend(percentiles(&latency.metered.unwrap_or_default())),
        }
        cells
    };
    let titles: &[&str] = if open { &OPEN } else { &CLOSED };
    Some(plain(titles, latencies.iter().map(line).collect()))
}

/// Three percentiles; a stroke where too few requests lie beyond.
fn percentiles(of: &Percentiles) -> [String; 3] {
    [of.p50_ns, of.p99_ns, of.p999_ns].map(|ns| ns.map_or("-".to_string(), |ns| units::duration(ns as f64)))
}

/// The utilization, and what it means where it is too much.
fn keeping_up(utilization: f64) -> String {
    let share = units::share(utilization);
    if utilization < 1.0 { share } else { format!("{share}: cannot keep up with the rate") }
}

#[cfg(test)]
mod tests {
    use crate::job::Job;
    use heapbench_results::{Distribution, Latency, Record, Status, summary::summarize};

    fn text(latency: Option<Latency>) -> String {
        let job = Job { strategy: "some".into(), workload: "requests".into(), ..Job::default() };
        let record = Record { wall_ns: 100, operations: 1, latency, ..job.ended(Status::Ok, "") };
        super::super::summary(&summarize(&[record]), false)
    }

    fn latency() -> Latency {
        let mut histogram = hdrhistogram::Histogram::<u64>::new_with_bounds(1, 1 << 40, 3).unwrap();
        (1..=1000).for_each(|value| histogram.record(value * 1000).unwrap());
        let simple = Distribution::encode(&histogram).unwrap();
        let metered = [(0, simple.clone())].into();
        Latency { requests: 1000, simple, metered, max_ns: 1_000_000, ..Latency::default() }
    }

    #[test]
    fn requests_have_a_block_of_their_own_and_percentiles_only_where_there_is_evidence() {
        assert!(!text(None).contains("latency"));
        let closed = text(Some(latency()));
        let row = closed.lines().skip_while(|line| !line.starts_with("latency")).nth(1).unwrap();
        let words: Vec<&str> = row.split("  ").map(str::trim).filter(|word| !word.is_empty()).collect();
        assert_eq!(words[0], "some");
        assert_eq!(words.iter().filter(|word| **word == "-").count(), 2, "no p99.9: {row}");
        assert_eq!(words.len(), 9, "{row}");
    }

    #[test]
    fn a_rate_that_is_too_much_is_told() {
        let open = |utilization| {
            let (rate, utilization) = (Some(10), Some(utilization));
            text(Some(Latency { rate, utilization, metered: Default::default(), ..latency() }))
        };
        assert!(open(1.5).contains("150 %: cannot keep up with the rate"), "{}", open(1.5));
        assert!(!open(0.5).contains("cannot keep up") && open(0.5).contains("10 requests a second"));
    }
}
