//! Objects of our workloads beside those of real programs: a row for each program, a column for each property.
//!
//! A band in each column spans what the real programs have, from the least to the greatest. Where filled dots leave it,
//! no real program of the census is like that; where hollow dots have no filled ones near, the suite lacks
//! something. A row for each name, and so no label can cover another.

use crate::FigureError;
use crate::axis::{Axis, Unit};
use crate::canvas::{AXIS, Align, Canvas, Drawn, INK, MUTED, Point, draw_page};
use crate::font::Face;
use crate::look::Shape;
use heapbench_results::card::Demographics;
use heapbench_results::{Card, RealPrograms};
use plotters::style::{Color, RGBColor};

const WIDTH: f64 = 1160.0;
const MARGIN: f64 = 24.0;
/// Height of a row.
const ROW: f64 = 21.0;
/// Height of a line of text.
const LINE: f64 = 19.0;
/// Room for the names of programs.
const NAMES: f64 = 148.0;
/// Between columns.
const GAP: f64 = 44.0;
/// A group's title above its rows.
const HEADING: f64 = 30.0;
/// Titles of the columns above the first group.
const TITLES: f64 = 26.0;
/// Tick labels below the last row.
const FOOT: f64 = 26.0;

const REAL: RGBColor = RGBColor(0x5b, 0x64, 0x70);
const PROGRAM: RGBColor = RGBColor(0x00, 0x72, 0xb2);
const MECHANISM: RGBColor = RGBColor(0xd5, 0x5e, 0x00);

/// What a column shows of a program: one value, or a range of two; `None` where it is unknown.
type Values = fn(&Demographics) -> Option<(f64, f64)>;

/// A column.
struct Column {
    title: &'static str,
    values: Values,
    scale: Scale,
}

/// How a column lays out its values.
#[derive(Clone, Copy, PartialEq)]
enum Scale {
    /// Bytes, logarithmic.
    Bytes,
    /// Shares from 0 to 1, linear.
    Shares,
    /// Shares from 0 to 1, stretched towards zero: their square roots are laid out.
    SmallShares,
}

const AGE_64_KIB: usize = 2;
const AGE_1_MIB: usize = 4;

const COLUMNS: [Column; 5] = [
    Column {
        title: "block size, p50 to p90",
        values: |found| Some((found.p50_bytes as f64, found.p90_bytes as f64)),
        scale: Scale::Bytes,
    },
    Column { title: "containers", values: |found| single(found.containers), scale: Scale::Shares },
    Column {
        title: "alive after 64 KiB",
        values: |found| found.survival[AGE_64_KIB].and_then(single),
        scale: Scale::SmallShares,
    },
    Column {
        title: "alive after 1 MiB",
        values: |found| found.survival[AGE_1_MIB].and_then(single),
        scale: Scale::SmallShares,
    },
    Column {
        title: "reclaimed by the collector",
        values: |found| single(found.collected),
        scale: Scale::SmallShares,
    },
];

fn single(value: f64) -> Option<(f64, f64)> {
    value.is_finite().then_some((value, value))
}

/// Programs of one kind, in the order in which they are drawn.
struct Group {
    title: String,
    colour: RGBColor,
    hollow: bool,
    programs: Vec<Demographics>,
}

/// Where a column is drawn.
struct Place {
    left: f64,
    right: f64,
    top: f64,
    bottom: f64,
    axis: Axis,
    scale: Scale,
}

impl Place {
    fn x(&self, value: f64) -> f64 {
        let share = match self.scale {
            Scale::Bytes => self.axis.place(value),
            Scale::Shares => value.clamp(0.0, 1.0),
            Scale::SmallShares => value.clamp(0.0, 1.0).sqrt(),
        };
        self.left + share * (self.right - self.left)
    }

    fn ticks(&self) -> Vec<(f64, String)> {
        let shares = |percents: &[u32]| {
            let label = |percent: u32| if percent == 100 { "100 %".to_string() } else { percent.to_string() };
            percents.iter().map(|percent| (self.x(f64::from(*percent) / 100.0), label(*percent))).collect()
        };
        match self.scale {
            Scale::Bytes => {
                self.axis.ticks(5).into_iter().map(|(value, label)| (self.x(value), label)).collect()
            }
            Scale::Shares => shares(&[0, 50, 100]),
            Scale::SmallShares => shares(&[0, 10, 40, 100]),
        }
    }
}

/// Draws the figure.
pub(crate) fn draw(cards: &[Card], real: &RealPrograms) -> Result<String, FigureError> {
    let groups = groups(cards, real);
    let width = WIDTH - 2.0 * MARGIN;
    let subtitle = Face::SUBTITLE.wrap(
        "One row a program. The band spans the real programs: filled dots outside it are unlike all of them, hollow \
         dots without filled ones near are not covered.",
        width,
    );
    let caption = Face::LABEL.wrap(
        &format!(
            "Real: {}. Sizes are of object blocks with their GC heads, storage of lists and dicts left out; survival is \
             over the allocation of such blocks. Survival and deaths in a collection (a share of all deaths) are \
             laid out by their square roots. No dot: too little is allocated to tell.",
            real.source
        ),
        width,
    );
    let top = 46.0 + LINE * subtitle.len() as f64 + 10.0 + TITLES;
    let rows: usize = groups.iter().map(|group| group.programs.len()).sum();
    let bottom = top + HEADING * groups.len() as f64 + ROW * rows as f64 + 4.0;
    let caption_top = bottom + FOOT + 16.0;
    let height = (caption_top + LINE * caption.len() as f64 + 8.0).ceil();
    draw_page(WIDTH, height, |canvas| {
        canvas.text(
            "Objects of the workloads and of real programs",
            (MARGIN, 28.0),
            Face::TITLE,
            INK,
            Align::Left,
        )?;
        paragraph(canvas, &subtitle, 54.0, Face::SUBTITLE)?;
        paragraph(canvas, &caption, caption_top, Face::LABEL)?;
        let places = places(&groups, top, bottom);
        for (column, place) in COLUMNS.iter().zip(&places) {
            draw_column(canvas, column, place, &real.programs)?;
        }
        draw_groups(canvas, &groups, &places, top)
    })
}

/// Real programs, programs, mechanisms; those without rows left out.
fn groups(cards: &[Card], real: &RealPrograms) -> Vec<Group> {
    let of = |group: &str| -> Vec<Demographics> {
        cards.iter().filter(|card| card.group == group).map(Card::demographics).collect()
    };
    let ours = |title: &str, colour, programs| Group { title: title.into(), colour, hollow: false, programs };
    let real =
        Group { title: "real programs".into(), colour: REAL, hollow: true, programs: real.programs.clone() };
    let mut groups = vec![
        real,
        ours("our programs", PROGRAM, of("program")),
        ours("our mechanisms", MECHANISM, of("mechanism")),
    ];
    groups.retain(|group| !group.programs.is_empty());
    groups
}

fn places(groups: &[Group], top: f64, bottom: f64) -> Vec<Place> {
    let programs = || groups.iter().flat_map(|group| &group.programs);
    let sizes = programs().flat_map(|found| [found.p50_bytes as f64, found.p90_bytes as f64]);
    let axis = Axis::logarithmic(Unit::Bytes, sizes);
    let room = WIDTH - 2.0 * MARGIN - NAMES;
    let count = COLUMNS.len() as f64;
    let width = (room - GAP * (count - 1.0) - 14.0) / count;
    let at = |(index, column): (usize, &Column)| {
        let left = MARGIN + NAMES + (width + GAP) * index as f64;
        Place { left, right: left + width, top, bottom, axis: axis.clone(), scale: column.scale }
    };
    COLUMNS.iter().enumerate().map(at).collect()
}

fn paragraph(canvas: &Canvas, lines: &[String], top: f64, face: Face) -> Drawn {
    for (index, line) in lines.iter().enumerate() {
        canvas.text(line, (MARGIN, top + LINE * index as f64), face, MUTED, Align::Left)?;
    }
    Ok(())
}

/// Title, band, grid and ticks.
fn draw_column(canvas: &Canvas, column: &Column, place: &Place, real: &[Demographics]) -> Drawn {
    let ends = real.iter().filter_map(column.values).flat_map(|(low, high)| [low, high]);
    let (low, high) =
        ends.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), end| (low.min(end), high.max(end)));
    if low <= high {
        let (left, right) = (place.x(low) - 4.0, place.x(high) + 4.0);
        let corners = [(left, place.top), (right, place.top), (right, place.bottom), (left, place.bottom)];
        canvas.fill(&corners, REAL.mix(0.12))?;
    }
    for (x, label) in place.ticks() {
        canvas.line(&[(x, place.top), (x, place.bottom)], AXIS.mix(0.45), 1.0)?;
        canvas.line(&[(x, place.bottom), (x, place.bottom + 4.0)], AXIS.to_rgba(), 1.0)?;
        canvas.text(&label, (x, place.bottom + 14.0), Face::LABEL, MUTED, Align::Centre)?;
    }
    canvas.line(&[(place.left, place.bottom), (place.right, place.bottom)], AXIS.to_rgba(), 1.0)?;
    canvas.text(column.title, (place.left, place.top - 14.0), Face::PANEL, INK, Align::Left)
}

fn draw_groups(canvas: &Canvas, groups: &[Group], places: &[Place], top: f64) -> Drawn {
    let mut y = top;
    for group in groups {
        let middle = y + HEADING / 2.0 + 3.0;
        dot(canvas, (MARGIN + 5.0, middle), group, 4.5)?;
        canvas.text(&group.title, (MARGIN + 16.0, middle), Face::PANEL, group.colour, Align::Left)?;
        y += HEADING;
        for program in &group.programs {
            let middle = y + ROW / 2.0;
            let name = Face::LABEL.fit(&program.name, NAMES - 12.0);
            canvas.text(&name, (MARGIN, middle), Face::LABEL, INK, Align::Left)?;
            for (column, place) in COLUMNS.iter().zip(places) {
                if let Some((low, high)) = (column.values)(program) {
                    draw_value(canvas, group, place, (low, high), middle)?;
                }
            }
            y += ROW;
        }
    }
    Ok(())
}

/// A dot at the value; for a range a line to its end.
fn draw_value(canvas: &Canvas, group: &Group, place: &Place, (low, high): (f64, f64), y: f64) -> Drawn {
    let (from, to) = (place.x(low), place.x(high));
    if to > from {
        canvas.line(&[(from, y), (to, y)], group.colour.to_rgba(), 1.5)?;
        canvas.line(&[(to, y - 4.0), (to, y + 4.0)], group.colour.to_rgba(), 1.5)?;
    }
    dot(canvas, (from, y), group, 4.5)
}

fn dot(canvas: &Canvas, centre: Point, group: &Group, radius: f64) -> Drawn {
    if !group.hollow {
        return canvas.mark(Shape::Circle, centre, radius, group.colour);
    }
    canvas.mark(Shape::Circle, centre, radius, RGBColor(0xff, 0xff, 0xff))?;
    let mut rim = Shape::Circle.outline(centre, radius - 0.6);
    rim.extend(rim.first().copied());
    canvas.line(&rim, group.colour.to_rgba(), 1.5)
}
