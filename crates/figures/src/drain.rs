//! Memory after the program's end: what a manager sits on while its process idles.

use crate::FigureError;
use crate::axis::{Axis, Unit};
use crate::canvas::{Canvas, Drawn, Point};
use crate::evidence::{Evidence, Work};
use crate::page::{Legend, Page, Plot, Ticks, draw_failures, draw_grid, ticks};
use heapbench_results::Measured;
use plotters::style::Color;

/// Left of each plot, for its labels.
const GUTTER: f64 = 66.0;

/// Draws the figure; `None` when no cell waited.
pub(crate) fn draw(evidence: &Evidence) -> Result<Option<String>, FigureError> {
    let works: Vec<&Work> = evidence.works.iter().filter(|work| !times(work).is_empty()).collect();
    if works.is_empty() {
        return Ok(None);
    }
    let page = Page {
        title: "Memory after the program's end",
        subtitle: "Bytes taken from the system (thick) and resident (thin), at the peak, at the program's end, and some time \
                   after it has let go of everything, on a logarithmic axis. Lower is better.",
        caption: "Medians over processes. Nothing is called after the end: no collection, no trim. Memory held is counted in \
                  what the manager took, resident memory in pages of the process less those from before the heap was made."
            .to_string(),
        legend: Legend::Lines,
        columns: 3,
        plot_height: 220.0,
        gutter: GUTTER,
        shared_gutter: 20.0,
        own_x: true,
        x_title: "time after the end",
        y_title: "memory",
    };
    page.draw(evidence, &works, draw_panel).map(Some)
}

/// When cells of a work looked, in milliseconds.
fn times(work: &Work) -> Vec<u32> {
    let mut times: Vec<u32> =
        work.measured().flat_map(|(_, m)| &m.memory.drained).map(|look| look.after_ms).collect();
    times.sort_unstable();
    times.dedup();
    times
}

/// A value for each place of the axis: the peak, the end, and each time; nothing where it is not known.
fn values(measured: &Measured, times: &[u32], resident: bool) -> Vec<Option<u64>> {
    let look = |after_ms: &u32| {
        let found = measured.memory.drained.iter().find(|look| look.after_ms == *after_ms)?;
        Some(if resident { found.rss } else { found.held })
    };
    let first = match resident {
        true => [Some(measured.peak_rss_bytes), None],
        false => [Some(measured.peak_held_bytes), Some(measured.end_held_bytes)],
    };
    first.into_iter().chain(times.iter().map(look)).collect()
}

fn draw_panel(canvas: &Canvas, work: &Work, plot: &Plot) -> Drawn {
    draw_failures(canvas, work, plot, plot.left - GUTTER)?;
    let times = times(work);
    let drained = || work.measured().filter(|(_, m)| !m.memory.drained.is_empty());
    let all = drained().flat_map(|(_, m)| [values(m, &times, false), values(m, &times, true)].concat());
    let y = Axis::logarithmic(Unit::Bytes, all.flatten().map(|bytes| bytes as f64));
    let place = |index: usize| (index as f64 + 0.5) / (times.len() + 2) as f64;
    let after = |ms: &u32| Unit::Nanoseconds.label(f64::from(*ms) * 1e6);
    let labels = ["peak", "end"].map(str::to_string).into_iter().chain(times.iter().map(after));
    let x: Ticks = labels.enumerate().map(|(index, label)| (place(index), label)).collect();
    draw_grid(canvas, plot, &x, true, &ticks(&y, 7), true)?;
    for (entry, measured) in drained() {
        let points = |resident: bool| -> Vec<Point> {
            let values = values(measured, &times, resident).into_iter().enumerate();
            let known = values.filter_map(|(index, value)| Some((index, value?)));
            known.map(|(index, value)| plot.point(place(index), y.place(value as f64))).collect()
        };
        let held = points(false);
        canvas.line(&points(true), entry.look.colour.mix(0.6), 1.0)?;
        canvas.line(&held, entry.look.colour.to_rgba(), 2.0)?;
        held.iter().try_for_each(|point| canvas.look(entry.look, *point, 4.0))?;
    }
    Ok(())
}
