//! The latencies of some cells, pooled: histograms are merged, percentiles never averaged.
//!
//! A percentile with fewer than ten requests beyond it says more about luck than about the strategy: there is none then.

use crate::{Distribution, Record};
use serde::Serialize;

/// Latencies of some cells.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct LatencySummary {
    /// Requests, in all cells.
    pub requests: u64,
    /// Requests that arrived in a second; `None`: one after the other.
    pub rate: Option<u32>,
    /// The most of a cell: from 1 on the strategy could not keep up with the rate. `None` without one.
    pub utilization: Option<f64>,
    /// From a request's start, or its scheduled arrival where there is a rate, to its end.
    pub simple: Percentiles,
    /// Metered, fully smoothed; `None` where there is a rate, or where a cell does not have it.
    pub metered: Option<Percentiles>,
}

/// Percentiles of durations, in nanoseconds; `None` where fewer than ten lie beyond.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Percentiles {
    /// The median.
    pub p50_ns: Option<u64>,
    /// The 99th percentile.
    pub p99_ns: Option<u64>,
    /// The 99.9th percentile.
    pub p999_ns: Option<u64>,
    /// The 99.99th percentile.
    pub p9999_ns: Option<u64>,
    /// The longest.
    pub max_ns: u64,
}

/// A kind of latency.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// From a request's start, or its scheduled arrival, to its end.
    Simple,
    /// Metered in a window of so many milliseconds; 0 is full smoothing.
    Metered(u32),
}

/// The latencies of one kind, pooled; `None` where there are none, or where a cell with requests does not have them.
///
/// # Errors
/// One line that names the cell and its fault.
pub fn pooled(cells: &[&Record], kind: Kind) -> Result<Option<Distribution>, String> {
    let mut texts = Vec::new();
    for latency in cells.iter().filter_map(|cell| cell.latency.as_ref()).filter(|found| found.requests > 0) {
        let text = match kind {
            Kind::Simple => Some(&latency.simple),
            Kind::Metered(window_ms) => latency.metered.get(&window_ms),
        };
        let Some(text) = text else { return Ok(None) };
        texts.push(text.as_str());
    }
    Distribution::merged(texts).map_err(|error| {
        let cell = cells.first().map(|cell| format!("{} under {}: ", cell.workload, cell.strategy));
        format!("{}latencies: {error}", cell.unwrap_or_default())
    })
}

/// Sums up the latencies of some cells; `None` where no program marked a request. Damaged histograms are warned of.
pub fn summarize(cells: &[&Record], warnings: &mut Vec<String>) -> Option<LatencySummary> {
    let latencies = || cells.iter().filter_map(|cell| cell.latency.as_ref());
    let requests = latencies().map(|latency| latency.requests).sum();
    let mut percentiles = |kind| match pooled(cells, kind) {
        Ok(distribution) => distribution.map(|distribution| Percentiles::of(&distribution)),
        Err(warning) => {
            warnings.push(warning);
            None
        }
    };
    let simple = percentiles(Kind::Simple).unwrap_or_default();
    Some(LatencySummary {
        requests,
        rate: latencies().next()?.rate,
        utilization: latencies().filter_map(|latency| latency.utilization).max_by(f64::total_cmp),
        simple: Percentiles { max_ns: latencies().map(|latency| latency.max_ns).max()?, ..simple },
        metered: percentiles(Kind::Metered(0)),
    })
}

impl Percentiles {
    fn of(distribution: &Distribution) -> Percentiles {
        let quantile = |quantile| distribution.trusted_quantile_ns(quantile);
        Percentiles {
            p50_ns: quantile(0.5),
            p99_ns: quantile(0.99),
            p999_ns: quantile(0.999),
            p9999_ns: quantile(0.9999),
            max_ns: distribution.max_ns(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Latency;
    use hdrhistogram::Histogram;

    fn text(values: std::ops::RangeInclusive<u64>) -> String {
        let mut histogram = Histogram::new_with_bounds(1, 1 << 30, 3).unwrap();
        values.for_each(|value| histogram.record(value).unwrap());
        Distribution::encode(&histogram).unwrap()
    }

    fn cell(values: std::ops::RangeInclusive<u64>, metered: bool) -> Record {
        let latency = Latency {
            requests: values.clone().count() as u64,
            simple: text(values.clone()),
            metered: if metered { [(0, text(values.clone()))].into() } else { Default::default() },
            max_ns: *values.end(),
            ..Latency::default()
        };
        Record { latency: Some(latency), ..Record::default() }
    }

    #[test]
    fn cells_are_pooled_and_percentiles_need_ten_requests_beyond() {
        let (first, second) = (cell(1..=500, true), cell(501..=1000, true));
        let summary = summarize(&[&first, &second], &mut Vec::new()).unwrap();
        let expected =
            Percentiles { p50_ns: Some(500), p99_ns: Some(990), max_ns: 1000, ..Percentiles::default() };
        assert_eq!((summary.requests, summary.simple, summary.metered), (1000, expected, Some(expected)));
        let one = summarize(&[&first], &mut Vec::new()).unwrap();
        assert_eq!((one.simple.p50_ns, one.simple.p99_ns), (Some(250), None));
    }

    #[test]
    fn a_part_of_the_metered_latencies_is_none_and_no_requests_are_no_latencies() {
        let (with, without) = (cell(1..=500, true), cell(1..=500, false));
        assert_eq!(summarize(&[&with, &without], &mut Vec::new()).unwrap().metered, None);
        assert_eq!(summarize(&[&Record::default()], &mut Vec::new()), None);
        let none =
            Record { latency: Some(Latency { rate: Some(5), ..Latency::default() }), ..Record::default() };
        let summary = summarize(&[&none], &mut Vec::new()).unwrap();
        assert_eq!((summary.requests, summary.rate, summary.simple), (0, Some(5), Percentiles::default()));
    }

    #[test]
    fn a_damaged_histogram_is_a_warning() {
        let mut damaged = cell(1..=500, false);
        damaged.latency.as_mut().unwrap().simple = "?".into();
        let mut warnings = Vec::new();
        assert_eq!(summarize(&[&damaged], &mut warnings).unwrap().simple.p50_ns, None);
        assert!(warnings[0].contains("latencies: not a histogram"), "{warnings:?}");
    }
}
