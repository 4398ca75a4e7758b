//! A table: titles and rows, written for a terminal or in Markdown.

use comfy_table::presets::NOTHING;
use comfy_table::{CellAlignment, Table};

/// A table whose first columns are text, to the left, and the others numbers, to the right.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Grid {
    /// The columns' titles.
    pub titles: Vec<&'static str>,
    /// How many columns, from the left, are text.
    pub texts: usize,
    /// The rows. Cells that a short row lacks are empty.
    pub rows: Vec<Vec<String>>,
}

impl Grid {
    /// For a terminal: no lines, two spaces behind texts and one behind numbers.
    pub fn plain(&self) -> String {
        let mut table = Table::new();
        table.load_style(NOTHING).set_header(self.titles.clone()).add_rows(self.rows.clone());
        for (number, column) in table.column_iter_mut().enumerate() {
            let is_text = number < self.texts;
            column.set_padding((0, if is_text { 2 } else { 1 }));
            if !is_text {
                column.set_cell_alignment(CellAlignment::Right);
            }
        }
        table.trim_fmt()
    }

    /// In Markdown: pipes below each other, so that it can be read unrendered too. Needs at least one title.
    pub fn markdown(&self) -> String {
        let titles: Vec<String> = self.titles.iter().map(|title| title.to_string()).collect();
        let lines: Vec<Vec<String>> =
            std::iter::once(&titles).chain(&self.rows).map(|row| self.cells(row)).collect();
        let width =
            |column: usize| lines.iter().map(|line| line[column].chars().count()).max().unwrap_or(0).max(3);
        let widths: Vec<usize> = (0..titles.len()).map(width).collect();
        let written = |line: &Vec<String>| {
            let cells = line.iter().enumerate().map(|(column, cell)| match column < self.texts {
                true => format!("{cell:<width$}", width = widths[column]),
                false => format!("{cell:>width$}", width = widths[column]),
            });
            format!("| {} |\n", cells.collect::<Vec<_>>().join(" | "))
        };
        let rule = widths.iter().enumerate().map(|(column, width)| match column < self.texts {
            true => "-".repeat(width + 2),
            false => format!("{}:", "-".repeat(width + 1)),
        });
        let rule = format!("|{}|\n", rule.collect::<Vec<_>>().join("|"));
        let mut text = written(&lines[0]) + &rule;
        lines[1..].iter().for_each(|line| text += &written(line));
        text.trim_end().to_string()
    }

    /// A cell for each title. A pipe in a text is not the end of a cell.
    fn cells(&self, row: &[String]) -> Vec<String> {
        let cell =
            |column| row.get(column).map_or(String::new(), |cell: &String| cell.trim().replace('|', "\\|"));
        (0..self.titles.len()).map(cell).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn grid() -> Grid {
        let rows = [["a|b", "12.3 µs "], ["c", "7 ns*"]].map(|row| row.map(str::to_string).to_vec());
        Grid { titles: vec!["strategy", "time"], texts: 1, rows: rows.to_vec() }
    }

    #[test]
    fn markdown_is_aligned_and_no_text_ends_a_cell() {
        let expected =
            "| strategy |    time |\n|----------|--------:|\n| a\\|b     | 12.3 µs |\n| c        |   7 ns* |";
        assert_eq!(grid().markdown(), expected);
        let short = Grid { rows: vec![vec!["c".to_string()]], ..grid() };
        assert!(short.markdown().ends_with("| c        |      |"), "{}", short.markdown());
    }

    #[test]
    fn plain_text_has_numbers_to_the_right() {
        assert_eq!(grid().plain(), "strategy      time\na|b       12.3 µs\nc            7 ns*");
    }
}
