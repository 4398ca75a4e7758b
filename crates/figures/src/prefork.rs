//! Pages dirtied after a fork: for each strategy and action two bars, with the parent's objects frozen and not.

use crate::FigureError;
use crate::axis::Unit;
use crate::canvas::{ALARM, AXIS, Align, Canvas, Drawn, GRID, INK, MUTED, draw_page};
use crate::evidence::words;
use crate::font::Face;
use heapbench_results::Status;
use heapbench_results::prefork::{Action, Prefork};
use plotters::style::{Color, RGBColor};

const WIDTH: f64 = 1160.0;
const MARGIN: f64 = 24.0;
/// Height of a row: two bars.
const ROW: f64 = 27.0;
const BAR: f64 = 9.0;
/// Height of a line of text.
const LINE: f64 = 19.0;
/// Room for the names of strategies.
const NAMES: f64 = 270.0;
/// Between columns, and for the number behind a full bar.
const GAP: f64 = 76.0;
/// A workload's title above its rows.
const HEADING: f64 = 34.0;
/// Tick labels below the last row.
const FOOT: f64 = 42.0;
/// Titles of the columns above the first workload.
const TITLES: f64 = 28.0;

const WARM: RGBColor = RGBColor(0xd5, 0x5e, 0x00);
const FROZEN: RGBColor = RGBColor(0x56, 0xb4, 0xe9);

/// A column each.
const ACTIONS: [Action; 3] = [Action::Read, Action::Collect, Action::ReadAndCollect];

/// Draws the figure.
pub(crate) fn draw(forks: &[Prefork]) -> Result<String, FigureError> {
    let mut ordered: Vec<&Prefork> = forks.iter().collect();
    let key =
        |fork: &Prefork| (fork.workload.clone(), fork.profile.clone(), format!("{:?}", fork.parameters));
    ordered.sort_by_cached_key(|fork| (key(fork), fork.interpreted));
    let works: Vec<&[&Prefork]> = ordered.chunk_by(|a, b| key(a) == key(b)).collect();
    let width = WIDTH - 2.0 * MARGIN;
    let subtitle = Face::SUBTITLE.wrap(
        "The share of the heap's pages that a forked child has for itself after it has read every object, collected once, or \
         both. Upper bar: forked as it is; lower bar: after gc.freeze() in the parent. Shorter is better.",
        width,
    );
    let caption = Face::LABEL.wrap(
        "One process each, forked where the workload's objects are at their most; the number is the memory. What a child \
         dirties that does nothing is taken off. No bar and a dash: the heap has no such thing. Interpreters run the \
         workload's twin: their heap is the whole process, and its objects are read by taking and giving back a reference.",
        width,
    );
    let top = 46.0 + LINE * subtitle.len() as f64 + 10.0 + TITLES;
    let bottom = top + HEADING * works.len() as f64 + ROW * ordered.len() as f64;
    let height = (bottom + FOOT + LINE * caption.len() as f64 + 8.0).ceil();
    draw_page(WIDTH, height, |canvas| {
        canvas.text("Memory of forked workers", (MARGIN, 28.0), Face::TITLE, INK, Align::Left)?;
        draw_lines(canvas, &subtitle, 54.0, Face::SUBTITLE)?;
        draw_lines(canvas, &caption, bottom + FOOT, Face::LABEL)?;
        for (index, action) in ACTIONS.iter().enumerate() {
            let (left, right) = column(index);
            canvas.text(action.name(), (left, top - 14.0), Face::PANEL, INK, Align::Left)?;
            for share in [0.0, 0.5, 1.0] {
                let x = left + share * (right - left);
                let colour = if share == 0.0 { AXIS } else { GRID };
                canvas.line(&[(x, top), (x, bottom)], colour.to_rgba(), 1.0)?;
                let label = format!("{:.0} %", 100.0 * share);
                canvas.text(&label, (x, bottom + 12.0), Face::LABEL, MUTED, Align::Centre)?;
            }
        }
        let mut y = top;
        for rows in &works {
            let title = format!("{}, {}", rows[0].workload, rows[0].profile);
            canvas.text(&title, (MARGIN, y + HEADING / 2.0 + 3.0), Face::PANEL, INK, Align::Left)?;
            y += HEADING;
            for fork in *rows {
                draw_row(canvas, fork, y)?;
                y += ROW;
            }
        }
        Ok(())
    })
}

/// Left and right end of a column.
fn column(index: usize) -> (f64, f64) {
    let count = ACTIONS.len() as f64;
    let width = (WIDTH - 2.0 * MARGIN - NAMES - GAP * count) / count;
    let left = MARGIN + NAMES + (width + GAP) * index as f64;
    (left, left + width)
}

fn draw_lines(canvas: &Canvas, lines: &[String], top: f64, face: Face) -> Drawn {
    let at = |index: usize| (MARGIN, top + LINE * index as f64);
    lines
        .iter()
        .enumerate()
        .try_for_each(|(index, line)| canvas.text(line, at(index), face, MUTED, Align::Left))
}

fn draw_row(canvas: &Canvas, fork: &Prefork, top: f64) -> Drawn {
    let middle = top + ROW / 2.0;
    let name = Face::LABEL.fit(&fork.strategy, NAMES - 14.0);
    let colour = if fork.interpreted { MUTED } else { INK };
    canvas.text(&name, (MARGIN, middle), Face::LABEL, colour, Align::Left)?;
    if fork.status != Status::Ok {
        let (left, _) = column(0);
        canvas.cross((left + 12.0, middle), 4.0, ALARM)?;
        return canvas.text(words(fork.status), (left + 22.0, middle), Face::LABEL, ALARM, Align::Left);
    }
    for (index, action) in ACTIONS.into_iter().enumerate() {
        for (frozen, colour, y) in [(false, WARM, middle - BAR - 1.0), (true, FROZEN, middle + 1.0)] {
            draw_bar(canvas, fork, action, frozen, column(index), y, colour)?;
        }
    }
    Ok(())
}

/// One bar, `BAR` high from `y` down, and what it is in bytes.
fn draw_bar(
    canvas: &Canvas,
    fork: &Prefork,
    action: Action,
    frozen: bool,
    (left, right): (f64, f64),
    y: f64,
    colour: RGBColor,
) -> Drawn {
    let small = Face { size: 11.0, bold: false };
    let label = |text: &str, x: f64| canvas.text(text, (x + 5.0, y + BAR / 2.0), small, MUTED, Align::Left);
    let Some(pages) = fork.dirtied(action, frozen) else { return label("–", left) };
    let end = left + fork.dirtied_share(action, frozen).unwrap_or(0.0) * (right - left);
    canvas.fill(&[(left, y), (end, y), (end, y + BAR), (left, y + BAR)], colour.to_rgba())?;
    label(&Unit::Bytes.label(pages as f64 * fork.page_bytes as f64), end)
}
