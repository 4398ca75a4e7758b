//! A drawing surface in pixels: lines, marks and text on plotters' SVG backend.
//!
//! plotters keeps coordinates in whole units. A page has [`FINENESS`] units to a pixel, and says so in its
//! `viewBox`; so points lie where they belong, and a line can be one and a half pixels thick.

use crate::FigureError;
use crate::font::{FAMILIES, Face, printable};
use crate::look::{Look, Shape};
use plotters::coord::Shift;
use plotters::element::{DashedPathElement, EmptyElement, PathElement, Polygon, Text};
use plotters::prelude::{DrawingArea, IntoDrawingArea, RGBAColor, RGBColor, SVGBackend, ShapeStyle};
use plotters::style::text_anchor::{HPos, Pos, VPos};
use plotters::style::{Color, FontStyle, FontTransform, IntoFont, TextStyle};

/// Units of the backend in a pixel.
const FINENESS: f64 = 8.0;

/// What every drawing step gives.
pub(crate) type Drawn = Result<(), FigureError>;

/// A point in pixels from the top left.
pub(crate) type Point = (f64, f64);

pub(crate) const INK: RGBColor = RGBColor(0x1f, 0x24, 0x2b);
pub(crate) const MUTED: RGBColor = RGBColor(0x5b, 0x64, 0x70);
pub(crate) const GRID: RGBColor = RGBColor(0xe1, 0xe5, 0xea);
pub(crate) const AXIS: RGBColor = RGBColor(0x9a, 0xa3, 0xae);
pub(crate) const ALARM: RGBColor = RGBColor(0xb4, 0x23, 0x18);

/// Where a text stands to its point; vertically it is always centred.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Align {
    /// It begins there.
    Left,
    /// Its middle is there.
    Centre,
    /// It ends there.
    Right,
    /// Its middle is there, and it runs upwards.
    Upwards,
}

/// How a line is drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stroke {
    Solid,
    Dashed,
}

/// A page being drawn.
pub(crate) struct Canvas<'a> {
    area: DrawingArea<SVGBackend<'a>, Shift>,
}

/// Draws a page of the given size in pixels, and gives its SVG.
pub(crate) fn draw_page(
    width: f64,
    height: f64,
    draw: impl FnOnce(&Canvas) -> Drawn,
) -> Result<String, FigureError> {
    let mut svg = String::new();
    let units = (units(width) as u32, units(height) as u32);
    {
        let area = SVGBackend::with_string(&mut svg, units).into_drawing_area();
        area.fill(&plotters::style::WHITE).map_err(FigureError::drawing)?;
        let canvas = Canvas { area };
        draw(&canvas)?;
        canvas.area.present().map_err(FigureError::drawing)?;
    }
    let given = format!(r#"<svg width="{}" height="{}""#, units.0, units.1);
    let wanted = format!(r#"<svg width="{width}" height="{height}" stroke-linejoin="round""#);
    Ok(svg.replacen(&given, &wanted, 1))
}

fn units(pixels: f64) -> i32 {
    (pixels * FINENESS).round() as i32
}

fn at((x, y): Point) -> (i32, i32) {
    (units(x), units(y))
}

impl Canvas<'_> {
    /// A line through points, `width` pixels thick.
    pub(crate) fn line(&self, points: &[Point], colour: RGBAColor, width: f64) -> Drawn {
        let style = ShapeStyle { color: colour, filled: false, stroke_width: units(width) as u32 };
        let mut points: Vec<_> = points.iter().copied().map(at).collect();
        points.dedup();
        self.area.draw(&PathElement::new(points, style)).map_err(FigureError::drawing)
    }

    /// A line through points, `width` pixels thick, whole or in dashes.
    pub(crate) fn stroke(&self, points: &[Point], colour: RGBAColor, width: f64, stroke: Stroke) -> Drawn {
        if stroke == Stroke::Solid {
            return self.line(points, colour, width);
        }
        let style = ShapeStyle { color: colour, filled: false, stroke_width: units(width) as u32 };
        let mut points: Vec<_> = points.iter().copied().map(at).collect();
        points.dedup();
        let dashed = DashedPathElement::new(points, units(5.0), units(4.0), style);
        self.area.draw(&dashed).map_err(FigureError::drawing)
    }

    /// A filled polygon.
    pub(crate) fn fill(&self, points: &[Point], colour: RGBAColor) -> Drawn {
        let points: Vec<_> = points.iter().copied().map(at).collect();
        self.area.draw(&Polygon::new(points, colour.filled())).map_err(FigureError::drawing)
    }

    /// One line of text.
    pub(crate) fn text(&self, text: &str, place: Point, face: Face, colour: RGBColor, align: Align) -> Drawn {
        // The backend takes the size of a font's box, and divides by this to have that of its letters.
        let mut font = (FAMILIES, face.size * FINENESS * 1.24).into_font();
        if face.bold {
            font = font.style(FontStyle::Bold);
        }
        if align == Align::Upwards {
            font = font.transform(FontTransform::Rotate270);
        }
        let horizontal = match align {
            Align::Left => HPos::Left,
            Align::Centre | Align::Upwards => HPos::Center,
            Align::Right => HPos::Right,
        };
        let style = TextStyle::from(font).color(&colour).pos(Pos::new(horizontal, VPos::Center));
        // Drawn through an empty element: a text's own place is a half of its guessed box away.
        let element = EmptyElement::at(at(place)) + Text::new(printable(text), (0, 0), style);
        self.area.draw(&element).map_err(FigureError::drawing)
    }

    /// The mark of a strategy, or, hollow, of an outside reference.
    pub(crate) fn look(&self, look: Look, centre: Point, radius: f64) -> Drawn {
        self.mark(look.shape, centre, radius, look.colour)?;
        if look.hollow {
            self.fill(&look.shape.outline(centre, radius * 0.6), plotters::style::WHITE.to_rgba())?;
        }
        Ok(())
    }

    /// A filled mark, `radius` pixels from its middle to its rim, with a white rim to part it from others.
    pub(crate) fn mark(&self, shape: Shape, centre: Point, radius: f64, colour: RGBColor) -> Drawn {
        self.fill(&shape.outline(centre, radius + 1.2), plotters::style::WHITE.mix(0.9))?;
        self.fill(&shape.outline(centre, radius), colour.to_rgba())
    }

    /// The mark of a cell that ended badly: a cross.
    pub(crate) fn cross(&self, (x, y): Point, radius: f64, colour: RGBColor) -> Drawn {
        let r = radius;
        self.line(&[(x - r, y - r), (x + r, y + r)], colour.to_rgba(), 2.0)?;
        self.line(&[(x - r, y + r), (x + r, y - r)], colour.to_rgba(), 2.0)
    }
}
