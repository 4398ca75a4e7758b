//! Figures: records in, SVG and PNG out. Knows no strategy and no workload by name.
//!
//! Four figures of records, a panel for each workload: `throughput`, `pauses`, `footprint` and `pareto` (time
//! against memory). The same records give the same bytes. Cells that ended badly are marked with a cross and
//! counted; invalid ones are counted only. And one of cards: `census`, our workloads beside real programs.
#![forbid(unsafe_code)]

mod axis;
mod canvas;
mod census;
mod evidence;
mod font;
mod footprint;
mod look;
mod page;
mod pareto;
mod pauses;
mod throughput;

use evidence::Evidence;
use heapbench_results::{Card, RealPrograms, Record};
use resvg::{tiny_skia, usvg};
use std::path::{Path, PathBuf};

/// Pixels of the PNG to a pixel of the figure: sharp in print at 6 inches, and on dense screens.
const PNG_SCALE: f32 = 2.0;

/// Why figures could not be drawn. One line.
#[derive(Debug, thiserror::Error)]
pub enum FigureError {
    /// There is nothing to draw.
    #[error("no figure: there is no record, at least one was expected")]
    NoRecords,
    /// There is no workload to lay beside the real programs.
    #[error("no figure: there is no card, at least one was expected")]
    NoCards,
    /// The drawing itself failed.
    #[error("a figure could not be drawn: {0}")]
    Drawing(String),
    /// The system refused.
    #[error("{path}: cannot write the figure: {source}", path = path.display())]
    System {
        /// The file or folder.
        path: PathBuf,
        /// The system's answer.
        source: std::io::Error,
    },
}

impl FigureError {
    fn drawing(cause: impl std::fmt::Display) -> FigureError {
        FigureError::Drawing(cause.to_string().lines().collect::<Vec<_>>().join(" "))
    }
}

/// Draws all figures into the folder `out`, which is made if need be, and gives the files written, an SVG and
/// a PNG each: `throughput`, `pauses` (only if some strategy paused), `footprint`, `pareto`.
///
/// # Errors
/// No records; a folder or file that cannot be written.
pub fn draw_all(records: &[Record], out: &Path) -> Result<Vec<PathBuf>, FigureError> {
    if records.is_empty() {
        return Err(FigureError::NoRecords);
    }
    let evidence = Evidence::of(records);
    let figures = [
        ("throughput", Some(throughput::draw(&evidence)?)),
        ("pauses", pauses::draw(&evidence)?),
        ("footprint", Some(footprint::draw(&evidence)?)),
        ("pareto", Some(pareto::draw(&evidence)?)),
    ];
    write(figures.into_iter().filter_map(|(name, svg)| Some((name, svg?))), out)
}

/// Draws our workloads beside real programs into the folder `out`, which is made if need be: `census`, as SVG and PNG.
///
/// # Errors
/// No cards; a folder or file that cannot be written.
pub fn draw_census(cards: &[Card], real: &RealPrograms, out: &Path) -> Result<Vec<PathBuf>, FigureError> {
    if cards.is_empty() {
        return Err(FigureError::NoCards);
    }
    write([("census", census::draw(cards, real)?)], out)
}

/// Writes each figure as SVG and PNG.
fn write<'a>(
    figures: impl IntoIterator<Item = (&'a str, String)>,
    out: &Path,
) -> Result<Vec<PathBuf>, FigureError> {
    std::fs::create_dir_all(out).map_err(|source| FigureError::System { path: out.into(), source })?;
    let mut written = Vec::new();
    for (name, svg) in figures {
        let png = rasterise(&svg)?;
        for (extension, bytes) in [("svg", svg.as_bytes()), ("png", &png)] {
            let path = out.join(name).with_extension(extension);
            std::fs::write(&path, bytes)
                .map_err(|source| FigureError::System { path: path.clone(), source })?;
            written.push(path);
        }
    }
    Ok(written)
}

/// Draws an SVG as PNG.
fn rasterise(svg: &str) -> Result<Vec<u8>, FigureError> {
    let tree = usvg::Tree::from_str(svg, &font::options()).map_err(FigureError::drawing)?;
    let (width, height) = (tree.size().width() * PNG_SCALE, tree.size().height() * PNG_SCALE);
    let mut pixels = tiny_skia::Pixmap::new(width.ceil() as u32, height.ceil() as u32)
        .ok_or_else(|| FigureError::drawing(format!("{width} by {height} pixels are too many")))?;
    resvg::render(&tree, tiny_skia::Transform::from_scale(PNG_SCALE, PNG_SCALE), &mut pixels.as_mut());
    pixels.encode_png().map_err(FigureError::drawing)
}
