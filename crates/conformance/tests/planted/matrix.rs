//! The detection matrix: bug by test, as a table of README.md between two markers.

use crate::bug::Bug;
use crate::suite::Test;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

const BEGIN: &str = "<!-- BEGIN planted bugs: scripts/planted -->";
const END: &str = "<!-- END planted bugs -->";

/// Which tests found a bug.
#[derive(Clone)]
pub(crate) struct Row {
    pub(crate) bug: String,
    /// By kind of test: how many failed of how many. Kinds that found nothing are left out.
    found: BTreeMap<String, String>,
}

impl Row {
    pub(crate) fn new(bug: &Bug, tests: &[Test]) -> Row {
        let mut counts = BTreeMap::new();
        for test in tests {
            let (failed, all) = counts.entry(test.column.clone()).or_insert((0, 0));
            *failed += usize::from(!test.outcome.is_passed());
            *all += 1;
        }
        let found = counts.into_iter().filter(|(_, (failed, _))| *failed > 0);
        Row {
            bug: bug.name.clone(),
            found: found.map(|(column, (failed, all))| (column, format!("● {failed}/{all}"))).collect(),
        }
    }

    pub(crate) fn is_found(&self) -> bool {
        !self.found.is_empty()
    }
}

/// The rows of the table, of bugs that were found and of others.
pub(crate) fn read(readme: &str) -> Result<Vec<Row>, String> {
    let (_, table, _) = split(readme)?;
    let mut lines = table.lines().filter(|line| line.starts_with('|')).map(cells);
    let columns = lines.next().unwrap_or_default();
    let row = |cells: Vec<String>| Row {
        bug: cells.first().map_or("", |cell| cell.trim_matches('`')).to_string(),
        found: columns.iter().cloned().zip(cells).skip(2).filter(|(_, cell)| !cell.is_empty()).collect(),
    };
    Ok(lines.skip(1).map(row).collect())
}

fn cells(line: &str) -> Vec<String> {
    line.trim_matches('|').split('|').map(|cell| cell.trim().to_string()).collect()
}

/// Writes the table: a row for each bug that was tried now or stands in the table already.
pub(crate) fn write(readme: &Path, bugs: &[Bug], tried: &[Row]) -> Result<(), String> {
    let text = std::fs::read_to_string(readme).map_err(|error| format!("{}: {error}", readme.display()))?;
    let before = read(&text)?;
    let row = |bug: &Bug| tried.iter().chain(&before).find(|row| row.bug == bug.name).cloned();
    let rows: Vec<_> = bugs.iter().filter_map(|bug| Some((bug, row(bug)?))).collect();
    let (head, _, tail) = split(&text)?;
    let text = format!("{head}{BEGIN}\n\n{}\n{END}{tail}", table(&rows));
    std::fs::write(readme, text).map_err(|error| format!("{}: {error}", readme.display()))
}

fn split(text: &str) -> Result<(&str, &str, &str), String> {
    let missing = || format!("the markers of the table, expected '{BEGIN}' and '{END}'");
    let (head, rest) = text.split_once(BEGIN).ok_or_else(missing)?;
    let (table, tail) = rest.split_once(END).ok_or_else(missing)?;
    Ok((head, table, tail))
}

fn table(rows: &[(&Bug, Row)]) -> String {
    let columns: BTreeSet<&String> = rows.iter().flat_map(|(_, row)| row.found.keys()).collect();
    let line = |first: String, about: &str, rest: Vec<&str>| {
        let rest: String = rest.iter().map(|cell| format!(" {cell} |")).collect();
        format!("| {first} | {about} |{rest}\n")
    };
    let names = columns.iter().map(|column| column.as_str()).collect();
    let mut table = line("bug".into(), "what is wrong", names);
    table += &line("---".into(), "---", vec!["---"; columns.len()]);
    for (bug, row) in rows {
        let found = columns.iter().map(|column| row.found.get(*column).map_or("", String::as_str));
        table += &line(format!("`{}`", bug.name), &bug.about, found.collect());
    }
    table
}
