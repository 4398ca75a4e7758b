//! The distribution of pauses on a percentile axis: the length that a share of the pauses does not exceed.
//!
//! A percentile with fewer than ten pauses beyond it says more about luck than about the strategy: from there
//! to the longest pause a line is thin.

use crate::FigureError;
use crate::axis::{Axis, Unit};
use crate::canvas::Stroke;
use crate::evidence::{Entry, Evidence, Work};
use crate::page::{Legend, Page, draw_failures, draw_grid, ticks};
use crate::percentiles::{MOST_NINES, draw_line, nines, percentile_ticks};
use heapbench_results::{Distribution, summary};

/// The pauses of each strategy of a work that has any.
type Pauses<'e, 'a> = Vec<(&'e Entry<'a>, Distribution)>;

/// Draws the figure; `None` when no strategy paused.
pub(crate) fn draw(evidence: &Evidence) -> Result<Option<String>, FigureError> {
    let (works, quiet): (Vec<&Work>, Vec<&Work>) =
        evidence.works.iter().partition(|work| !pauses(work).is_empty());
    if works.is_empty() {
        return Ok(None);
    }
    let all = || works.iter().flat_map(|work| pauses(work));
    let most = all().map(|(_, distribution)| nines(&distribution)).fold(2.0, f64::max).min(MOST_NINES);
    let lengths = all().flat_map(|(_, d)| [d.quantile_ns(0.5), d.max_ns()]).map(|ns| ns.max(1) as f64);
    let y = Axis::logarithmic(Unit::Nanoseconds, lengths);
    let mut caption =
        "Pauses: collections, sweeps, and free cascades of many objects, pooled over processes. Thin: \
                       fewer than ten pauses lie beyond; the last mark is the longest pause."
            .to_string();
    if !quiet.is_empty() {
        let names: Vec<&str> = quiet.iter().map(|work| work.title.as_str()).collect();
        caption = format!("{caption} Without pauses: {}.", names.join(", "));
    }
    let page = Page {
        title: "How long the program waits",
        subtitle: "Pause length that a share of the pauses does not exceed. Lower is better; both axes are \
                   logarithmic, the horizontal one in the share that is longer.",
        caption,
        legend: Legend::Lines,
        columns: 3,
        plot_height: 230.0,
        gutter: 0.0,
        shared_gutter: 84.0,
        own_x: false,
        x_title: "percentile of pauses",
        y_title: "pause",
    };
    let percentiles = percentile_ticks(most);
    let svg = page.draw(evidence, &works, |canvas, work, plot| {
        draw_grid(canvas, plot, &percentiles, plot.lowest, &ticks(&y, 7), plot.leftmost)?;
        draw_failures(canvas, work, plot, plot.left)?;
        pauses(work)
            .iter()
            .try_for_each(|(entry, d)| draw_line(canvas, entry.look, d, plot, &y, most, Stroke::Solid))
    })?;
    Ok(Some(svg))
}

fn pauses<'e, 'a>(work: &'e Work<'a>) -> Pauses<'e, 'a> {
    // A damaged histogram is a warning of the summary; here its strategy has no line.
    let read = |entry: &'e Entry<'a>| Some((entry, summary::pooled_pauses(&entry.good()).ok()??));
    work.entries.iter().filter_map(read).collect()
}
