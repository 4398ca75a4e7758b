//! Minimum and bounded mutator utilization over the width of the window: what is left to the program where pauses are
//! thickest.

use crate::FigureError;
use crate::axis::{Axis, Unit};
use crate::canvas::{Canvas, Drawn, Point, Stroke};
use crate::evidence::{Entry, Evidence, Work};
use crate::page::{Legend, Page, Plot, draw_failures, draw_grid, ticks};
use heapbench_results::mutator_utilization::{Utilization, Utilizations, worst};
use plotters::style::Color;

/// A panel: the strategies of a work whose pauses are known one by one.
type Curves<'e, 'a> = Vec<(&'e Entry<'a>, Utilizations)>;

/// Draws the figure; `None` when no strategy is known to have paused.
pub(crate) fn draw(evidence: &Evidence) -> Result<Option<String>, FigureError> {
    let (panels, works): (Vec<Curves>, Vec<&Work>) = evidence
        .works
        .iter()
        .map(|work| (curves(work), work))
        .filter(|(curves, _)| curves.iter().any(|(_, found)| found.windows.iter().any(|u| u.bmu < 1.0)))
        .unzip();
    if works.is_empty() {
        return Ok(None);
    }
    let all = || panels.iter().flatten().map(|(_, found)| found);
    let windows = all().flat_map(|found| &found.windows).map(|u| u.window_ns as f64);
    let narrowest = windows.clone().fold(f64::INFINITY, f64::min);
    let x = Axis::logarithmic(Unit::Nanoseconds, windows).from(narrowest);
    let y = Axis::linear(Unit::Share, 1.0);
    let left_out = all().map(|found| found.left_out).fold(0.0, f64::max);
    let page = Page {
        title: "What is left to the program",
        subtitle: "The part of the time that is the program's in the worst window of each width (solid), and of that width or \
                   more (dashed). Higher is better; a line that starts to rise further left has shorter pauses.",
        caption: format!(
            "Minimum and bounded mutator utilization, of the worst process. Pauses too short to be kept one by one are left \
             out, at most {} of a process's time: the lines are upper bounds by that.",
            Unit::Share.label(left_out)
        ),
        legend: Legend::Lines,
        columns: 3,
        plot_height: 230.0,
        gutter: 0.0,
        shared_gutter: 84.0,
        own_x: false,
        x_title: "width of the window",
        y_title: "utilization",
    };
    let svg = page.draw(evidence, &works, |canvas, work, plot| {
        draw_grid(canvas, plot, &ticks(&x, 6), plot.lowest, &ticks(&y, 5), plot.leftmost)?;
        draw_failures(canvas, work, plot, plot.left)?;
        let Some(place) = works.iter().position(|other| std::ptr::eq(*other, work)) else { return Ok(()) };
        let count = panels[place].len();
        panels[place].iter().enumerate().try_for_each(|(index, (entry, found))| {
            draw_curve(canvas, entry, &found.windows, plot, (&x, &y), (index, count))
        })
    })?;
    Ok(Some(svg))
}

fn curves<'e, 'a>(work: &'e Work<'a>) -> Curves<'e, 'a> {
    work.entries.iter().filter_map(|entry| Some((entry, worst(&entry.good())?))).collect()
}

/// Draws the two lines of a strategy, one of so many; its mark stands where no other's does.
fn draw_curve(
    canvas: &Canvas,
    entry: &Entry,
    windows: &[Utilization],
    plot: &Plot,
    (x, y): (&Axis, &Axis),
    (index, count): (usize, usize),
) -> Drawn {
    let line = |value: fn(&Utilization) -> f64| -> Vec<Point> {
        windows.iter().map(|u| plot.at((x, u.window_ns as f64), (y, value(u)))).collect()
    };
    let (mmu, bmu) = (line(|u| u.mmu), line(|u| u.bmu));
    canvas.stroke(&bmu, entry.look.colour.mix(0.7), 1.2, Stroke::Dashed)?;
    canvas.line(&mmu, entry.look.colour.to_rgba(), 2.0)?;
    let rising = windows.iter().position(|u| u.mmu > 0.0).unwrap_or(windows.len() - 1);
    let place = rising + (windows.len() - rising) * (2 * index + 1) / (2 * count);
    canvas.look(entry.look, mmu[place.min(mmu.len() - 1)], 4.5)
}
