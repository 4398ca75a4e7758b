//! The latency of requests on a percentile axis, as HdrHistogram plots it: simple, and metered.
//!
//! One request after the other, a stall delays only one: simple latency shows what a pause does to it. Metered latency shows
//! what it would do to those who had arrived meanwhile. Where requests arrive at a rate, latency counts from the arrival.

use crate::FigureError;
use crate::axis::{Axis, Unit};
use crate::canvas::Stroke;
use crate::evidence::{Entry, Evidence, Work};
use crate::page::{Legend, Page, draw_failures, draw_grid, ticks};
use crate::percentiles::{MOST_NINES, draw_line, nines, percentile_ticks};
use heapbench_results::Distribution;
use heapbench_results::latency_summary::{Kind, pooled};

/// The lines of each strategy.
const KINDS: [(Kind, Stroke); 2] = [(Kind::Simple, Stroke::Solid), (Kind::Metered(0), Stroke::Dashed)];

/// Draws the figure; `None` when no workload has requests.
pub(crate) fn draw(evidence: &Evidence) -> Result<Option<String>, FigureError> {
    let works: Vec<&Work> = evidence.works.iter().filter(|work| !latencies(work).is_empty()).collect();
    if works.is_empty() {
        return Ok(None);
    }
    let all = || works.iter().flat_map(|work| latencies(work));
    let most = all().map(|(_, distribution, _)| nines(&distribution)).fold(2.0, f64::max).min(MOST_NINES);
    let lengths = all().flat_map(|(_, d, _)| [d.quantile_ns(0.5), d.max_ns()]).map(|ns| ns.max(1) as f64);
    let y = Axis::logarithmic(Unit::Nanoseconds, lengths);
    let page = Page {
        title: "How long a request takes",
        subtitle: "Latency that a share of the requests does not exceed. Solid: simple, from a request's start, or from its \
                   scheduled arrival where there is a rate. Dashed: metered, as if requests had arrived evenly. Lower is better.",
        caption: "Pooled over processes. Metered: fully smoothed; in a loop that never idles a delay stays until the end. \
                  Thin: fewer than ten requests lie beyond; the last mark is the longest."
            .to_string(),
        legend: Legend::Lines,
        columns: 2,
        plot_height: 340.0,
        gutter: 0.0,
        shared_gutter: 84.0,
        own_x: false,
        x_title: "percentile of requests",
        y_title: "latency",
    };
    let percentiles = percentile_ticks(most);
    let svg = page.draw(evidence, &works, |canvas, work, plot| {
        draw_grid(canvas, plot, &percentiles, plot.lowest, &ticks(&y, 9), plot.leftmost)?;
        draw_failures(canvas, work, plot, plot.left)?;
        latencies(work).iter().try_for_each(|(entry, distribution, stroke)| {
            draw_line(canvas, entry.look, distribution, plot, &y, most, *stroke)
        })
    })?;
    Ok(Some(svg))
}

/// The lines of a work. A damaged histogram is a warning of the summary; here it has no line.
fn latencies<'e, 'a>(work: &'e Work<'a>) -> Vec<(&'e Entry<'a>, Distribution, Stroke)> {
    let line = |entry: &'e Entry<'a>, (kind, stroke): (Kind, Stroke)| {
        Some((entry, pooled(&entry.good(), kind).ok()??, stroke))
    };
    work.entries.iter().flat_map(|entry| KINDS.iter().filter_map(move |kind| line(entry, *kind))).collect()
}
