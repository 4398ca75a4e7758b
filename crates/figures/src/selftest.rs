//! What a self-test found: null comparisons by their ratios, and injected effects beside what should be found.

use crate::FigureError;
use crate::canvas::{ALARM, AXIS, Align, Canvas, Drawn, GRID, INK, MUTED, draw_page};
use crate::font::Face;
use crate::look::Shape;
use heapbench_results::selftest::{Clock, Comparison, comparisons, effect_name, nulls};
use heapbench_results::{Injected, Record};
use plotters::style::{Color, RGBColor};
use std::collections::BTreeMap;

const WIDTH: f64 = 1160.0;
const MARGIN: f64 = 24.0;
/// Height of a line of text.
const LINE: f64 = 19.0;
/// Between panels beside each other.
const GAP: f64 = 40.0;
/// Left of a panel, for tick labels.
const GUTTER: f64 = 46.0;
/// Height of a panel of null comparisons.
const NULL_HEIGHT: f64 = 300.0;
/// Height of a comparison's row among the effects.
const ROW: f64 = 20.0;
/// Found effects are shown from this multiple of the true one …
const LEAST: f64 = -2.0;
/// … to this one.
const MOST: f64 = 4.0;

/// The colours of wall and CPU time.
const COLOURS: [RGBColor; 2] = [RGBColor(0x00, 0x72, 0xb2), RGBColor(0xd5, 0x5e, 0x00)];

/// Where a panel is, in pixels, and the values at its ends.
struct Panel {
    left: f64,
    right: f64,
    top: f64,
    bottom: f64,
    x: (f64, f64),
    y: (f64, f64),
}

impl Panel {
    /// A place for values; those beyond the ends are drawn at the ends.
    fn at(&self, x: f64, y: f64) -> (f64, f64) {
        let share = |value: f64, (low, high): (f64, f64)| ((value - low) / (high - low)).clamp(0.0, 1.0);
        (
            self.left + share(x, self.x) * (self.right - self.left),
            self.bottom - share(y, self.y) * (self.bottom - self.top),
        )
    }

    fn draw_horizontal(&self, canvas: &Canvas, y: f64, label: &str) -> Drawn {
        let (left, right) = (self.at(self.x.0, y), self.at(self.x.1, y));
        canvas.line(&[left, right], GRID.to_rgba(), 1.0)?;
        canvas.text(label, (left.0 - 7.0, left.1), Face::LABEL, MUTED, Align::Right)
    }

    fn draw_vertical(&self, canvas: &Canvas, x: f64, colour: RGBColor, label: &str) -> Drawn {
        let foot = self.at(x, self.y.0);
        canvas.line(&[foot, self.at(x, self.y.1)], colour.to_rgba(), 1.0)?;
        canvas.text(label, (foot.0, foot.1 + 14.0), Face::LABEL, MUTED, Align::Centre)
    }
}

/// The panels of a row, `count` beside each other.
fn columns(count: usize, top: f64, height: f64) -> Vec<Panel> {
    let width = (WIDTH - 2.0 * MARGIN - GAP * (count as f64 - 1.0)) / count as f64;
    let panel = |index: usize| {
        let left = MARGIN + (width + GAP) * index as f64;
        Panel { left, right: left + width, top, bottom: top + height, x: (0.0, 1.0), y: (0.0, 1.0) }
    };
    (0..count).map(panel).collect()
}

/// Draws title, subtitle and caption around panels of a height; gives the panels' top to `draw`.
fn page(
    title: &str,
    subtitle: &str,
    caption: &str,
    height: f64,
    draw: impl FnOnce(&Canvas, f64) -> Drawn,
) -> Result<String, FigureError> {
    let width = WIDTH - 2.0 * MARGIN;
    let (subtitle, caption) = (Face::SUBTITLE.wrap(subtitle, width), Face::LABEL.wrap(caption, width));
    let top = 54.0 + LINE * subtitle.len() as f64 + 30.0;
    let below = top + height + 48.0;
    draw_page(WIDTH, (below + LINE * caption.len() as f64 + 4.0).ceil(), |canvas| {
        canvas.text(title, (MARGIN, 28.0), Face::TITLE, INK, Align::Left)?;
        for (lines, from, face) in [(&subtitle, 54.0, Face::SUBTITLE), (&caption, below, Face::LABEL)] {
            for (index, line) in lines.iter().enumerate() {
                canvas.text(line, (MARGIN, from + LINE * index as f64), face, MUTED, Align::Left)?;
            }
        }
        draw(canvas, top)
    })
}

/// Draws the null comparisons: by clock, in the order of their ratios. `None` without any.
pub(crate) fn draw_nulls(records: &[Record]) -> Result<Option<String>, FigureError> {
    let by_clock = Clock::ALL.map(|clock| {
        let mut found = comparisons(records, clock);
        found.retain(|comparison| comparison.injected == Injected::default());
        found.sort_by(|a, b| a.found.ratio.total_cmp(&b.found.ratio));
        found
    });
    if by_clock.iter().all(Vec::is_empty) {
        return Ok(None);
    }
    let farthest = by_clock.iter().flatten().flat_map(|c| [c.found.low, c.found.high]);
    let farthest = farthest.map(|end| (end - 1.0).abs() * 100.0).fold(1.0, f64::max).min(25.0);
    let subtitle = "Two arms of the same configuration, in which nothing differs, by the ratio of their times. Red: the \
                    interval says that they differ, which is false.";
    let caption =
        "One line a comparison: its ratio, and its 95 % interval over processes. At most 5 % may be red.";
    let page = page("Comparisons of equals", subtitle, caption, NULL_HEIGHT, |canvas, top| {
        let panels = columns(2, top, NULL_HEIGHT);
        for ((clock, found), panel) in Clock::ALL.into_iter().zip(&by_clock).zip(panels) {
            let count = found.len() as f64;
            let ends = ((0.0, count.max(1.0)), (-farthest, farthest));
            let panel = Panel { left: panel.left + GUTTER, x: ends.0, y: ends.1, ..panel };
            draw_null_panel(canvas, &panel, clock, found, &null_title(records, clock))?;
        }
        Ok(())
    })?;
    Ok(Some(page))
}

fn null_title(records: &[Record], clock: Clock) -> String {
    let name = clock.name();
    nulls(records, clock).map_or(name.to_string(), |n| {
        let (rate, at_most) = (n.rate * 100.0, n.at_most * 100.0);
        format!("{name} time: {} of {} differ, {rate:.1} % (at most {at_most:.1} %)", n.alarms, n.comparisons)
    })
}

fn draw_null_panel(canvas: &Canvas, panel: &Panel, clock: Clock, found: &[Comparison], title: &str) -> Drawn {
    canvas.text(title, (panel.left, panel.top - 16.0), Face::PANEL, INK, Align::Left)?;
    let step =
        [0.5, 1.0, 2.0, 5.0, 10.0, 20.0].into_iter().find(|step| panel.y.1 / step <= 4.0).unwrap_or(20.0);
    for index in -4_i32..=4 {
        let value = f64::from(index) * step;
        if value.abs() <= panel.y.1 {
            let sign = if value > 0.0 { "+" } else { "" };
            panel.draw_horizontal(canvas, value, &format!("{sign}{value} %"))?;
        }
    }
    canvas.line(&[panel.at(panel.x.0, 0.0), panel.at(panel.x.1, 0.0)], AXIS.to_rgba(), 1.0)?;
    for (index, comparison) in found.iter().enumerate() {
        let x = index as f64 + 0.5;
        let percent = |ratio: f64| panel.at(x, (ratio - 1.0) * 100.0);
        let colour = if comparison.differs() { ALARM } else { COLOURS[clock as usize] };
        let ends = [percent(comparison.found.low), percent(comparison.found.high)];
        canvas.line(&ends, colour.mix(if comparison.differs() { 0.9 } else { 0.35 }), 1.5)?;
        canvas.mark(Shape::Circle, percent(comparison.found.ratio), 1.8, colour)?;
    }
    let below = (f64::midpoint(panel.left, panel.right), panel.bottom + 14.0);
    canvas.text("comparisons, by their ratio", below, Face::LABEL, MUTED, Align::Centre)
}

/// A comparison by both clocks; the wall's first.
type BothClocks = Vec<[Option<Comparison>; 2]>;

/// Draws the comparisons with injected effects, a panel each. `None` without any.
pub(crate) fn draw_effects(records: &[Record]) -> Result<Option<String>, FigureError> {
    let effects = by_effect(records);
    let Some(most) = effects.values().map(Vec::len).max() else { return Ok(None) };
    let height = ROW * most as f64 + 8.0;
    let subtitle = "What comparisons found of an effect that was put in, as a multiple of what it truly was: at 1 it has \
                    the right size, at 0 nothing is there.";
    let caption = "One row a comparison: wall time (blue, above) and CPU time (orange, below), with 95 % intervals over \
                   processes; hollow where the interval holds 0. What lies farther out is drawn at the edge.";
    let page = page("Injected effects, found", subtitle, caption, height, |canvas, top| {
        for ((effect, rows), panel) in effects.iter().zip(columns(effects.len(), top, height)) {
            let panel = Panel { x: (LEAST, MOST), ..panel };
            draw_effect_panel(canvas, &panel, *effect, rows)?;
        }
        Ok(())
    })?;
    Ok(Some(page))
}

fn by_effect(records: &[Record]) -> BTreeMap<Injected, BothClocks> {
    let mut effects: BTreeMap<Injected, BTreeMap<_, [Option<Comparison>; 2]>> = BTreeMap::new();
    for clock in Clock::ALL {
        for found in comparisons(records, clock) {
            if found.injected != Injected::default() {
                let setting = &found.setting;
                let key = (found.strategy.clone(), setting.workload.clone(), found.number);
                let rows = effects.entry(found.injected).or_default();
                rows.entry(key).or_default()[clock as usize] = Some(found);
            }
        }
    }
    effects.into_iter().map(|(effect, rows)| (effect, rows.into_values().collect())).collect()
}

fn draw_effect_panel(canvas: &Canvas, panel: &Panel, effect: Injected, rows: &BothClocks) -> Drawn {
    canvas.text(&effect_name(effect), (panel.left, panel.top - 16.0), Face::PANEL, INK, Align::Left)?;
    for multiple in LEAST as i32..=MOST as i32 {
        let colour = if (0..=1).contains(&multiple) { AXIS } else { GRID };
        panel.draw_vertical(canvas, f64::from(multiple), colour, &format!("{multiple}×"))?;
    }
    let below = (f64::midpoint(panel.left, panel.right), panel.bottom + 32.0);
    canvas.text("found, of what is true", below, Face::LABEL, MUTED, Align::Centre)?;
    for (index, clocks) in rows.iter().enumerate() {
        let middle = panel.top + 4.0 + ROW * (index as f64 + 0.5);
        for (clock, found) in clocks.iter().enumerate() {
            let Some(found) = found else { continue };
            let y = middle + if clock == 0 { -3.5 } else { 3.5 };
            let x = |ratio: f64| panel.at((ratio - 1.0) / (found.truth - 1.0), 0.0).0;
            let ends = [(x(found.found.low), y), (x(found.found.high), y)];
            canvas.line(&ends, COLOURS[clock].mix(0.45), 3.0)?;
            canvas.mark(Shape::Circle, (x(found.found.ratio), y), 3.4, COLOURS[clock])?;
            if found.found.low <= 1.0 {
                canvas.mark(Shape::Circle, (x(found.found.ratio), y), 1.2, RGBColor(0xff, 0xff, 0xff))?;
            }
        }
    }
    Ok(())
}
