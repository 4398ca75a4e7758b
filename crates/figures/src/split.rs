//! Where the time goes: a stacked bar a strategy, a colour a component, and under the bar the interval of each.
//!
//! What is positive is stacked from zero to the right, what is negative to the left: nothing is clipped. The total stands where
//! all of it adds up to, which is left of the bar's right end where something is negative.

use crate::FigureError;
use crate::axis::{Axis, Unit};
use crate::canvas::{Align, Canvas, Drawn, INK, MUTED, Point, draw_page};
use crate::evidence::{Evidence, Work};
use crate::font::Face;
use crate::page::{Plot, draw_grid, ticks};
use heapbench_results::split::split;
use heapbench_results::{Component, Interval, Record, Split, group};
use plotters::style::{Color, RGBColor, WHITE};

const WIDTH: f64 = 1160.0;
const MARGIN: f64 = 24.0;
/// Between panels beside each other.
const GAP: f64 = 40.0;
const COLUMNS: usize = 3;
/// Height of a line of text.
const LINE: f64 = 19.0;
/// A strategy's name above its bar.
const NAME: f64 = 21.0;
const BAR: f64 = 16.0;
/// From one component's interval down to the next one's.
const STEP: f64 = 3.0;
/// From a strategy to the next.
const ROW: f64 = NAME + BAR + STEP * Component::ALL.len() as f64 + 14.0;
/// A panel's title above its plot.
const HEADER: f64 = 26.0;
/// Tick labels below a plot, and the space to the next one's title.
const FOOT: f64 = 50.0;
/// Of an axis, so much is kept free behind the longest bar, for its total in figures.
const HEADROOM: f64 = 1.2;

const TITLE: &str = "Where the time goes";
const SUBTITLE: &str = "Wall time of a unit of work, split by configurations that differ in one thing each: a region, explicit frees \
                        at the exact deaths, the same with room for a count and a GC head, counting, a cycle collector that \
                        is disabled, and one that is not.";
const CAPTION: &str = "Bars: sums of medians over processes; what comes out negative stands left of zero, and is not clipped. Black \
                       mark and line: the total with its interval. Coloured lines: the interval of each component, at its end \
                       of the bar. Each panel has its own axis. What explicit frees spend on knowing the deaths is in no \
                       component. Sweeping is lazy, and part of allocation.";

fn colour(component: Component) -> RGBColor {
    match component {
        Component::Mutator => RGBColor(0xc3, 0xc9, 0xd1),
        Component::Bump => RGBColor(0x8a, 0x93, 0x9e),
        Component::Allocation => RGBColor(0x00, 0x72, 0xb2),
        Component::Header => RGBColor(0x56, 0xb4, 0xe9),
        Component::Counting => RGBColor(0xd5, 0x5e, 0x00),
        Component::Tracking => RGBColor(0xe0, 0x9b, 0x00),
        Component::Tracing => RGBColor(0x11, 0x77, 0x33),
        Component::Aftermath => RGBColor(0xaa, 0x44, 0x99),
    }
}

/// One work and what can be split of it.
struct Panel<'a> {
    work: &'a Work<'a>,
    splits: Vec<&'a Split>,
}

/// Draws the figure; `None` where no counting strategy can be split: one bar of a tracing heap tells nothing.
pub(crate) fn draw(records: &[Record], evidence: &Evidence) -> Result<Option<String>, FigureError> {
    let splits = split(records).complete;
    let groups = group::group(records);
    let panel = |(group, work)| {
        let group: &group::Group = group;
        let splits: Vec<&Split> = splits.iter().filter(|split| split.setting == group.setting).collect();
        let counts = |split: &&Split| split.parts.iter().any(|part| part.component == Component::Counting);
        splits.iter().any(counts).then_some(Panel { work, splits })
    };
    let panels: Vec<Panel> = groups.iter().zip(&evidence.works).filter_map(panel).collect();
    let Some(rows) = panels.iter().map(|panel| panel.splits.len()).max() else { return Ok(None) };
    let least = splits.iter().map(|split| split.confidence).fold(1.0, f64::min);
    let width = WIDTH - 2.0 * MARGIN;
    let subtitle = Face::SUBTITLE.wrap(SUBTITLE, width);
    let intervals =
        format!(" Intervals cover {:.0} % at least, by bootstrap over invocations.", least * 100.0);
    let caption = format!("{} {CAPTION}{intervals}", evidence.account());
    let caption = Face::LABEL.wrap(&caption, width);
    // The fewest that need no more rows.
    let columns = panels.len().div_ceil(panels.len().div_ceil(COLUMNS)).max(2);
    let legend_top = 46.0 + LINE * subtitle.len() as f64 + 16.0;
    let grid_top = legend_top + 28.0;
    let plot_height = ROW * rows as f64 + 4.0;
    let caption_top =
        grid_top + (HEADER + plot_height + FOOT) * panels.len().div_ceil(columns) as f64 + LINE / 2.0;
    let height = (caption_top + LINE * caption.len() as f64 + 6.0).ceil();
    let svg = draw_page(WIDTH, height, |canvas| {
        canvas.text(TITLE, (MARGIN, 28.0), Face::TITLE, INK, Align::Left)?;
        paragraph(canvas, &subtitle, 54.0, Face::SUBTITLE)?;
        draw_legend(canvas, &panels, legend_top)?;
        for (index, panel) in panels.iter().enumerate() {
            let across = (width - GAP * (columns - 1) as f64) / columns as f64;
            let left = MARGIN + (across + GAP) * (index % columns) as f64;
            let top = grid_top + (HEADER + plot_height + FOOT) * (index / columns) as f64 + HEADER;
            let (right, bottom) = (left + across, top + plot_height);
            draw_panel(
                canvas,
                panel,
                &Plot { left, top, right, bottom, leftmost: index % columns == 0, lowest: true },
            )?;
        }
        paragraph(canvas, &caption, caption_top, Face::LABEL)
    })?;
    Ok(Some(svg))
}

fn paragraph(canvas: &Canvas, lines: &[String], top: f64, face: Face) -> Drawn {
    for (index, line) in lines.iter().enumerate() {
        canvas.text(line, (MARGIN, top + LINE * index as f64), face, MUTED, Align::Left)?;
    }
    Ok(())
}

/// The components that are anywhere.
fn draw_legend(canvas: &Canvas, panels: &[Panel], y: f64) -> Drawn {
    let mut x = MARGIN;
    let parts = || panels.iter().flat_map(|panel| &panel.splits).flat_map(|split| &split.parts);
    for component in Component::ALL.into_iter().filter(|c| parts().any(|part| part.component == *c)) {
        rectangle(canvas, (x, y - 6.0), (x + 14.0, y + 6.0), colour(component))?;
        canvas.text(component.name(), (x + 20.0, y), Face::LABEL, INK, Align::Left)?;
        x += 20.0 + Face::LABEL.width(component.name()) + 20.0;
    }
    Ok(())
}

fn rectangle(canvas: &Canvas, (left, top): Point, (right, bottom): Point, colour: RGBColor) -> Drawn {
    canvas.fill(&[(left, top), (right, top), (right, bottom), (left, bottom)], colour.to_rgba())
}

fn draw_panel(canvas: &Canvas, panel: &Panel, plot: &Plot) -> Drawn {
    let title = Face::PANEL.fit(&panel.work.title, plot.right - plot.left);
    canvas.text(&title, (plot.left, plot.top - 16.0), Face::PANEL, INK, Align::Left)?;
    let beside = plot.left + Face::PANEL.width(&title) + 8.0;
    let qualifier = Face::LABEL.fit(&panel.work.qualifier, (plot.right - beside).max(0.0));
    canvas.text(&qualifier, (beside, plot.top - 16.0), Face::LABEL, MUTED, Align::Left)?;
    let x = axis(&panel.splits);
    draw_grid(canvas, plot, &ticks(&x, 5), true, &Vec::new(), false)?;
    for (row, split) in panel.splits.iter().enumerate() {
        draw_row(canvas, split, plot, &x, plot.top + ROW * row as f64)?;
    }
    Ok(())
}

/// From the lowest end to the highest of all bars and intervals, with room for the totals.
fn axis(splits: &[&Split]) -> Axis {
    let mut ends = (0.0f64, 0.0f64);
    for split in splits {
        for (start, time) in
            stacked(split).into_iter().map(|(start, _, time)| (start, time)).chain([(0.0, split.total)])
        {
            ends = (ends.0.min(start + time.low), ends.1.max(start + time.high));
        }
    }
    Axis::linear(Unit::Nanoseconds, ends.1 * HEADROOM).from(ends.0)
}

/// Where each component's piece begins: at the end of those before it on its side of zero.
fn stacked(split: &Split) -> Vec<(f64, Component, Interval)> {
    let (mut below, mut above) = (0.0, 0.0);
    let place = |part: &heapbench_results::split::Part| {
        let side = if part.time.value < 0.0 { &mut below } else { &mut above };
        let start = *side;
        *side += part.time.value;
        (start, part.component, part.time)
    };
    split.parts.iter().map(place).collect()
}

/// A strategy: its name, its bar, its total, and the intervals of the components.
fn draw_row(canvas: &Canvas, split: &Split, plot: &Plot, x: &Axis, top: f64) -> Drawn {
    let at = |value: f64| plot.point(x.place(value), 0.0).0;
    let name = Face::LABEL.fit(&split.strategy, plot.right - plot.left);
    // The name is read above the grid's lines, not through them.
    let width = Face::LABEL.width(&name);
    rectangle(canvas, (plot.left, top + 4.0), (plot.left + width + 6.0, top + NAME - 1.0), WHITE)?;
    canvas.text(&name, (plot.left + 2.0, top + NAME / 2.0 + 2.0), Face::LABEL, INK, Align::Left)?;
    let (bar_top, bar_bottom) = (top + NAME, top + NAME + BAR);
    for (index, (start, component, time)) in stacked(split).into_iter().enumerate() {
        let (one, other) = (at(start), at(start + time.value));
        rectangle(canvas, (one.min(other), bar_top), (one.max(other), bar_bottom), colour(component))?;
        let y = bar_bottom + 3.0 + STEP * index as f64;
        let ends = [(at(start + time.low), y), (at(start + time.high), y)];
        canvas.line(&ends, colour(component).to_rgba(), 2.0)?;
    }
    let (middle, total) = (top + NAME + BAR / 2.0, at(split.total.value));
    canvas.line(&[(at(split.total.low), middle), (at(split.total.high), middle)], INK.to_rgba(), 1.5)?;
    canvas.line(&[(total, bar_top - 3.0), (total, bar_bottom + 3.0)], INK.to_rgba(), 2.0)?;
    let furthest =
        stacked(split).iter().map(|(start, _, time)| start + time.value).fold(split.total.high, f64::max);
    let label = Unit::Nanoseconds.label(split.total.value);
    canvas.text(&label, (at(furthest) + 7.0, middle), Face::LABEL, INK, Align::Left)
}
