//! The one font of all figures, Inter (SIL Open Font License, `fonts/OFL.txt`), and what text needs of space.
//!
//! The font is part of the program, so a figure is the same on a machine without any fonts. Widths are those
//! of the renderer's own layout, so what fits here fits in the picture.

use resvg::usvg::{self, fontdb};
use std::sync::{Arc, LazyLock};

/// The font families named in an SVG; viewers without the first fall back on the others.
pub(crate) const FAMILIES: &str = "Inter, Helvetica, Arial, sans-serif";

static FONTS: LazyLock<Arc<fontdb::Database>> = LazyLock::new(|| {
    let mut fonts = fontdb::Database::new();
    fonts.load_font_data(include_bytes!("../fonts/Inter-Regular.otf").to_vec());
    fonts.load_font_data(include_bytes!("../fonts/Inter-Bold.otf").to_vec());
    Arc::new(fonts)
});

/// How SVG is read here: with the one font, and nothing from the system.
pub(crate) fn options() -> usvg::Options<'static> {
    usvg::Options { font_family: "Inter".into(), fontdb: FONTS.clone(), ..usvg::Options::default() }
}

/// Size and weight of a text.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Face {
    /// Size in pixels.
    pub(crate) size: f64,
    /// Whether it is bold.
    pub(crate) bold: bool,
}

impl Face {
    pub(crate) const TITLE: Face = Face { size: 20.0, bold: true };
    pub(crate) const SUBTITLE: Face = Face { size: 14.0, bold: false };
    pub(crate) const PANEL: Face = Face { size: 14.0, bold: true };
    pub(crate) const LABEL: Face = Face { size: 13.0, bold: false };

    /// Width of a text in pixels.
    pub(crate) fn width(self, text: &str) -> f64 {
        let weight = if self.bold { "bold" } else { "normal" };
        let svg = format!(
            r#"<svg xmlns="http://www.w3.org/2000/svg"><text font-family="Inter" font-weight="{weight}" font-size="{}">{}</text></svg>"#,
            self.size,
            escape(text)
        );
        let laid_out = usvg::Tree::from_str(&svg, &options()).ok();
        let width = laid_out.and_then(|tree| match tree.root().children() {
            [usvg::Node::Text(text)] => Some(f64::from(text.bounding_box().width())),
            _ => None,
        });
        width.unwrap_or(0.0)
    }

    /// The text if it fits into `width` pixels, else its beginning and its end with an ellipsis between: the
    /// names of configurations differ at either end.
    pub(crate) fn fit(self, text: &str, width: f64) -> String {
        let text = printable(text);
        if self.width(&text) <= width {
            return text;
        }
        let characters: Vec<char> = text.chars().collect();
        let shortened = |kept: usize| -> String {
            let head = &characters[..kept.div_ceil(2)];
            let tail = &characters[characters.len() - kept / 2..];
            head.iter().chain(&['…']).chain(tail).collect()
        };
        let (mut fits, mut fails) = (0, characters.len());
        while fails - fits > 1 {
            let middle = usize::midpoint(fits, fails);
            if self.width(&shortened(middle)) <= width { fits = middle } else { fails = middle }
        }
        shortened(fits)
    }

    /// Breaks a text at spaces into lines of at most `width` pixels; a longer word stands alone.
    pub(crate) fn wrap(self, text: &str, width: f64) -> Vec<String> {
        let mut lines: Vec<String> = Vec::new();
        for word in text.split_whitespace() {
            match lines.last_mut() {
                Some(line) if self.width(&format!("{line} {word}")) <= width => {
                    line.push(' ');
                    line.push_str(word);
                }
                _ => lines.push(word.to_string()),
            }
        }
        lines
    }
}

/// The text with characters that XML cannot hold, or nobody can see, replaced by question marks.
pub(crate) fn printable(text: &str) -> String {
    text.chars()
        .map(|c| if c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}') { '?' } else { c })
        .collect()
}

fn escape(text: &str) -> String {
    printable(text).replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn widths_are_those_of_the_font() {
        let face = Face::LABEL;
        let one = face.width("m");
        assert!(one > 8.0 && one < 16.0, "{one}");
        assert!((face.width("mmmm") - 4.0 * one).abs() < 0.5);
        assert!(face.width("il") < face.width("mw") && face.width("a<b&c\u{1}") > one);
        assert!(Face { bold: true, ..face }.width("mmmm") > face.width("mmmm"));
    }

    #[test]
    fn long_names_keep_both_ends() {
        let name = format!("refcount{}threshold0=9", "x".repeat(200));
        let fitted = Face::LABEL.fit(&name, 150.0);
        assert!(Face::LABEL.width(&fitted) <= 150.0);
        assert!(fitted.starts_with("refc") && fitted.ends_with("=9") && fitted.contains('…'), "{fitted}");
        assert_eq!(Face::LABEL.fit("bump", 150.0), "bump");
    }

    #[test]
    fn wrapping_loses_no_word() {
        let text = "one two three four five six seven";
        let lines = Face::LABEL.wrap(text, 80.0);
        assert!(lines.len() > 2 && lines.iter().all(|line| Face::LABEL.width(line) <= 80.0));
        assert_eq!(lines.join(" "), text);
    }
}
