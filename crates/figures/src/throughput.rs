//! Time for a unit of work, relative to the fastest strategy of each workload: a dot and its interval a row.

use crate::FigureError;
use crate::axis::{Axis, Unit};
use crate::canvas::{ALARM, AXIS, Align, Canvas, Drawn, INK, MUTED, Point};
use crate::evidence::{Entry, Evidence, Work, words};
use crate::font::Face;
use crate::look::in_order;
use crate::page::{Legend, Page, Plot, Ticks, draw_failed_count, draw_grid, ticks};
use heapbench_results::{Measured, Status};
use plotters::style::{Color, RGBColor, WHITE};

const ROW: f64 = 23.0;
/// The widest that the strategies' names may get.
const NAMES: f64 = 330.0;

/// Draws the figure.
pub(crate) fn draw(evidence: &Evidence) -> Result<String, FigureError> {
    let contenders = in_order(&evidence.looks);
    let names: Vec<String> = contenders.iter().map(|(name, _)| Face::LABEL.fit(name, NAMES)).collect();
    let widest = names.iter().map(|name| Face::LABEL.width(name)).fold(0.0, f64::max);
    let page = Page {
        title: "Time for a unit of work",
        subtitle: "Wall time as a multiple of the fastest strategy's on the same workload, on a logarithmic axis. \
                   Further left is faster.",
        caption:
            "Dot: median over processes. Bar: 95 % bootstrap interval of the median, the whole range where \
                  processes are fewer than six."
                .to_string(),
        legend: Legend::None,
        columns: if widest > 250.0 { 3 } else { 4 },
        plot_height: ROW * names.len() as f64,
        gutter: 0.0,
        shared_gutter: widest + 30.0,
        own_x: false,
        x_title: "multiple of the fastest",
        y_title: "",
    };
    let x = axis(evidence);
    let works: Vec<&Work> = evidence.works.iter().collect();
    page.draw(evidence, &works, |canvas, work, plot| {
        let row = |index: usize| 1.0 - (index as f64 + 0.5) / names.len() as f64;
        let rows: Ticks = names.iter().enumerate().map(|(index, _)| (row(index), String::new())).collect();
        draw_grid(canvas, plot, &ticks(&x, 5), plot.lowest, &rows, false)?;
        draw_fastest(canvas, work, plot)?;
        if let Some(first) = contenders.iter().position(|(_, look)| look.hollow).filter(|first| *first > 0) {
            let y = plot.point(0.0, 1.0 - first as f64 / names.len() as f64).1;
            let left = if plot.leftmost { plot.left - widest - 30.0 } else { plot.left };
            canvas.line(&[(left, y), (plot.right, y)], AXIS.to_rgba(), 1.0)?;
        }
        for (index, (name, look)) in contenders.iter().enumerate() {
            let y = plot.point(0.0, row(index)).1;
            if plot.leftmost {
                canvas.look(**look, (plot.left - 16.0, y), 4.5)?;
                canvas.text(&names[index], (plot.left - 30.0, y), Face::LABEL, INK, Align::Right)?;
            }
            draw_row(canvas, work.entry(name), plot, &x, y)?;
        }
        Ok(())
    })
}

/// One axis for all panels, from the lowest end of an interval to the highest.
fn axis(evidence: &Evidence) -> Axis {
    let measured = || evidence.works.iter().flat_map(Work::measured).map(|(_, measured)| measured);
    let highest = measured().map(|m| relative(m, m.ns_per_operation.high)).fold(1.0, f64::max);
    let lowest = measured().map(|m| relative(m, m.ns_per_operation.low)).fold(1.0, f64::min);
    let margin = (highest / lowest).max(2.5).powf(0.05);
    Axis::logarithmic(Unit::Times, [lowest, highest]).from(lowest / margin)
}

/// A time as a multiple of the fastest median.
fn relative(measured: &Measured, ns_per_operation: f64) -> f64 {
    measured.relative_time * ns_per_operation / measured.ns_per_operation.median
}

/// Under the panel's title: what the multiples are of.
fn draw_fastest(canvas: &Canvas, work: &Work, plot: &Plot) -> Drawn {
    let strategies = work.measured().filter(|(entry, _)| !entry.look.hollow);
    let times = strategies.map(|(_, m)| m.ns_per_operation.median);
    let text = match times.min_by(f64::total_cmp) {
        Some(fastest) => format!("1× is {}", Unit::Nanoseconds.label(fastest)),
        None => "no strategy ended well".to_string(),
    };
    canvas.text(&text, (plot.left, plot.top - 14.0), Face::LABEL, MUTED, Align::Left)
}

fn draw_row(canvas: &Canvas, entry: Option<&Entry>, plot: &Plot, x: &Axis, y: f64) -> Drawn {
    let Some(entry) = entry else { return draw_remark(canvas, (plot.left + 8.0, y), "not run", MUTED) };
    match entry.failure() {
        None => {}
        Some(Status::Invalid) => return draw_remark(canvas, (plot.left + 8.0, y), "invalid", MUTED),
        Some(status) => {
            draw_remark(canvas, (plot.left + 22.0, y), words(status), ALARM)?;
            return canvas.cross((plot.left + 12.0, y), 4.0, ALARM);
        }
    }
    if let Some(m) = entry.measured() {
        let place = |ns| plot.point(x.place(relative(m, ns)), 0.0).0;
        let (low, high) = (place(m.ns_per_operation.low), place(m.ns_per_operation.high));
        canvas.line(&[(low, y), (high, y)], entry.look.colour.mix(0.45), 5.0)?;
        canvas.look(entry.look, (place(m.ns_per_operation.median), y), 5.0)?;
    }
    match entry.failed_cells() {
        0 => Ok(()),
        count => draw_failed_count(canvas, plot, y, count),
    }
}

/// Words in the place of a row, with the row's grid line hidden behind them.
fn draw_remark(canvas: &Canvas, (left, y): Point, text: &str, colour: RGBColor) -> Drawn {
    let right = left + Face::LABEL.width(text) + 4.0;
    let (above, below) = (y - 8.0, y + 8.0);
    let behind = [(left - 4.0, above), (right, above), (right, below), (left - 4.0, below)];
    canvas.fill(&behind, WHITE.to_rgba())?;
    canvas.text(text, (left, y), Face::LABEL, colour, Align::Left)
}
