//! Tables for people: plain ones, and the summary of a run.

pub mod memory;
pub mod prefork;
mod requests;

use crate::grid::Grid;
use crate::units;
use comfy_table::Table;
use comfy_table::presets::NOTHING;
use heapbench_results::{Measured, Row, Setting, Summary};

/// Stands behind the best value of a column.
const BEST: char = '*';

/// Stands below the summary.
const LEGEND: &str = "* best of its column. time/op: median over processes, ± half its interval. mutator: at \
    most this share is the program's own.\nin gc: share of the time inside collections. gcs by age: collections of \
    the young, the middle and all.";

/// Stands below that where there are outside references.
const ABOUT_REFERENCES: &str =
    "\nOutside references do more than manage memory: nothing is compared with them.";

/// What an interpreter does not tell: columns that a strategy alone has.
const UNTOLD: [&str; 3] = ["mutator", "peak live", "held"];

/// Stands above the rows of interpreters.
const INTERPRETED: &str = "── outside, interpreted ──";

/// A column of the summary: its title, the number that decides which row is best (the least), and its text.
struct Column {
    title: &'static str,
    number: fn(&Measured) -> Option<f64>,
    text: fn(&Measured) -> String,
}

/// The columns whose best is marked.
const COLUMNS: [Column; 10] = [
    Column {
        title: "time/op",
        number: |m| Some(m.ns_per_operation.median),
        text: |m| units::duration(m.ns_per_operation.median),
    },
    Column { title: "of best", number: |_| None, text: |m| format!("{:.2}x", m.relative_time) },
    Column {
        title: "mutator",
        number: |_| None,
        text: |m| m.manager_share.map_or("-".to_string(), |manager| units::share(1.0 - manager)),
    },
    Column {
        title: "pause p50",
        number: |m| Some(m.pauses.p50_ns.unwrap_or(0) as f64),
        text: |m| pause(m, m.pauses.p50_ns),
    },
    Column {
        title: "p99",
        number: |m| Some(m.pauses.p99_ns.unwrap_or(0) as f64),
        text: |m| pause(m, m.pauses.p99_ns),
    },
    Column {
        title: "max",
        number: |m| Some(m.pauses.max_ns as f64),
        text: |m| pause(m, Some(m.pauses.max_ns)),
    },
    Column { title: "in gc", number: |m| Some(m.collect_share), text: |m| units::share(m.collect_share) },
    Column {
        title: "peak live",
        number: |m| Some(m.peak_live_bytes as f64),
        text: |m| units::bytes(m.peak_live_bytes),
    },
    Column {
        title: "held",
        number: |m| Some(m.peak_held_bytes as f64),
        text: |m| units::bytes(m.peak_held_bytes),
    },
    Column {
        title: "RSS",
        number: |m| Some(m.peak_rss_bytes as f64),
        text: |m| units::bytes(m.peak_rss_bytes),
    },
];

fn pause(measured: &Measured, nanoseconds: Option<u64>) -> String {
    match (measured.pauses.count, nanoseconds) {
        (0, _) => "none".to_string(),
        (_, Some(nanoseconds)) => units::duration(nanoseconds as f64),
        (_, None) => "unknown".to_string(),
    }
}

/// A table with titles, without lines, everything to the left.
pub fn plain(titles: &[&str], rows: Vec<Vec<String>>) -> String {
    let mut table = Table::new();
    table.load_style(NOTHING).set_header(titles.to_vec()).add_rows(rows);
    for column in table.column_iter_mut() {
        column.set_padding((0, 2));
    }
    table.trim_fmt()
}

/// The summary: a table for each workload. The best of each column has a star, and is bold where `bold` is
/// set.
pub fn summary(summary: &Summary, bold: bool) -> String {
    let mut text = String::new();
    for rows in summary.rows.chunk_by(|a, b| a.setting == b.setting) {
        let table = workload_table(rows).plain();
        text += &title(&rows[0].setting, rows);
        text.push('\n');
        text += &if bold { embolden(&table) } else { table };
        text += "\n";
        if let Some(table) = requests::table(rows) {
            text += &format!("\n{table}\n");
        }
        text += &tainted(rows);
        text.push('\n');
    }
    text + &below(summary)
}

/// The summary in Markdown: the best of each column is bold.
pub fn summary_in_markdown(summary: &Summary) -> String {
    let mut text = String::new();
    for rows in summary.rows.chunk_by(|a, b| a.setting == b.setting) {
        let mut grid = workload_table(rows);
        for cell in grid.rows.iter_mut().flatten() {
            if let Some(best) = cell.strip_suffix(BEST) {
                *cell = format!("**{best}**");
            }
        }
        text += &format!("{}\n\n{}\n\n", title(&rows[0].setting, rows), grid.markdown());
        if let Some(table) = requests::table(rows) {
            text += &format!("{}\n\n", fenced(&table));
        }
        text += &tainted(rows);
    }
    text + &below(summary).replacen(&BEST.to_string(), "bold:", 1)
}

/// A plain table in Markdown.
pub fn fenced(table: &str) -> String {
    format!("```text\n{}\n```", table.trim_matches('\n'))
}

/// What stands below the tables: errors, disagreements, warnings, and what the columns mean.
fn below(summary: &Summary) -> String {
    let mut text = String::new();
    for row in summary.rows.iter().filter(|row| !row.error.is_empty()) {
        text += &format!("{}  {}: {}\n", row.strategy, row.setting.workload, row.error);
    }
    for found in &summary.disagreements {
        text += &format!(
            "{}: strategies read back different values: {:?}\n",
            found.setting.workload, found.checksums
        );
    }
    summary.warnings.iter().for_each(|warning| text += &format!("warning: {warning}\n"));
    text += LEGEND;
    if summary.rows.iter().any(|row| row.interpreted) {
        text += ABOUT_REFERENCES;
    }
    text
}

/// More than this part of the time in pauses being tainted is told.
const TAINTED: f64 = 0.05;

/// A line for each strategy whose pauses are not its own alone.
fn tainted(rows: &[Row]) -> String {
    let share = |row: &Row| row.measured.as_ref()?.tainted_share.filter(|share| *share > TAINTED);
    let line = |row: &Row| {
        let share = units::share(share(row)?);
        Some(format!(
            "{}: {share} of the time in pauses is tainted: the machine took the processor away\n",
            row.strategy
        ))
    };
    rows.iter().filter_map(line).collect()
}

fn title(setting: &Setting, rows: &[Row]) -> String {
    let unit =
        heapbench_workload::find(&setting.workload).map_or("operation".to_string(), |found| found.unit);
    let mut title = format!("{}, one {unit} an op; {}:", setting.workload, setting.profile);
    for (name, value) in &setting.parameters {
        title += &format!(" {name}={value}");
    }
    if let Some(limit) = setting.heap_limit {
        title += &format!("; heap limit {}", units::bytes(limit));
    }
    if let Some(rate) = setting.rate {
        title += &format!("; {rate} requests a second");
    }
    let mutator = rows.iter().find_map(|row| row.measured.as_ref()?.mutator_ns_per_operation);
    if let Some(nanoseconds) = mutator {
        title += &format!("; the mutator alone: at most {}/op", units::duration(nanoseconds));
    }
    title
}

fn workload_table(rows: &[Row]) -> Grid {
    let mut titles = vec!["strategy"];
    titles.extend(COLUMNS.iter().map(|column| column.title));
    titles.insert(2, "±");
    titles.push("gcs by age");
    // Only where somebody asked for it: it needs valgrind.
    let counted = rows.iter().any(|row| row.measured.as_ref().is_some_and(|m| m.instructions.is_some()));
    titles.extend(counted.then_some("instr/op"));
    titles.push("cells");
    let mut grid = Grid { titles, texts: 1, rows: Vec::new() };
    let best = COLUMNS.each_ref().map(|column| best_of(column, rows));
    for (number, row) in rows.iter().enumerate() {
        if row.interpreted && (number == 0 || !rows[number - 1].interpreted) {
            grid.rows.push(vec![INTERPRETED.to_string()]);
        }
        grid.rows.push(cells(row, &best, counted));
    }
    grid
}

/// The least number of a strategy in a column, unless more than half of the rows have it: then it marks nothing.
fn best_of(column: &Column, rows: &[Row]) -> Option<f64> {
    let strategies = rows.iter().filter(|row| !row.interpreted);
    let numbers: Vec<f64> = strategies.filter_map(|row| (column.number)(row.measured.as_ref()?)).collect();
    let best = numbers.iter().copied().min_by(f64::total_cmp)?;
    let sharers = numbers.iter().filter(|number| **number == best).count();
    (2 * sharers <= numbers.len()).then_some(best)
}

fn cells(row: &Row, best: &[Option<f64>; COLUMNS.len()], counted: bool) -> Vec<String> {
    let statuses: Vec<String> = row.statuses.iter().map(|(name, count)| format!("{count} {name}")).collect();
    let mut cells = vec![row.strategy.clone()];
    match &row.measured {
        Some(measured) => {
            cells.extend(COLUMNS.iter().zip(best).map(|(column, best)| {
                if row.interpreted && UNTOLD.contains(&column.title) {
                    return "- ".to_string();
                }
                let is_best = !row.interpreted && best.is_some() && (column.number)(measured) == *best;
                format!("{}{}", (column.text)(measured), if is_best { BEST } else { ' ' })
            }));
            let time = &measured.ns_per_operation;
            cells.insert(2, units::share((time.high - time.low) / 2.0 / time.median.max(f64::MIN_POSITIVE)));
            cells.push(measured.collections.map(units::count).join("/"));
            cells.extend(counted.then(|| instructions(measured)));
        }
        None => cells.resize(COLUMNS.len() + 3 + usize::from(counted), "-".to_string()),
    }
    cells.push(statuses.join(", "));
    cells
}

/// Instructions for a unit of work.
fn instructions(measured: &Measured) -> String {
    let of = |count: u64| units::count((count as f64 / measured.operations.max(1) as f64).round() as u64);
    measured.instructions.map_or("-".to_string(), of)
}

/// Makes what carries a star bold: the number and, behind its space, the unit.
fn embolden(table: &str) -> String {
    let mut text = String::with_capacity(table.len());
    let mut rest = table;
    while let Some(star) = rest.find(BEST) {
        let cell = rest[..star].rfind("  ").map_or(0, |gap| gap + 2);
        text += &format!("{}\x1b[1m{}\x1b[0m", &rest[..cell], &rest[cell..=star]);
        rest = &rest[star + 1..];
    }
    text + rest
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::job::Job;
    use heapbench_results::{Record, Status, summary::summarize};

    fn record(strategy: &str, wall_ns: u64, status: Status) -> Record {
        let job = Job {
            run: "r".into(),
            strategy: strategy.into(),
            workload: "rings".into(),
            profile: "smoke".into(),
            seed: 1,
            ..Job::default()
        };
        let error = if status == Status::Ok { "" } else { "SIGSEGV" };
        Record { wall_ns, operations: 10, checksum: "0".into(), ..job.ended(status, error) }
    }

    #[test]
    fn the_best_is_marked_and_failures_are_rows() {
        let (ok, failed) = (Status::Ok, Status::Failed);
        let records = [record("fast", 100, ok), record("slow", 5000, ok), record("broken", 0, failed)];
        let text = summary(&summarize(&records), false);
        let row = |name: &str| text.lines().find(|line| line.starts_with(name)).unwrap().to_string();
        assert!(row("fast").contains("10.0 ns*"), "{text}");
        assert!(row("slow").contains("500 ns "), "{text}");
        assert!(row("broken ").contains("1 failed"), "{text}");
        assert!(text.contains("broken  rings: SIGSEGV"), "{text}");
        assert_eq!(text.matches('*').count(), 2, "ties of all and failures carry no star: {text}");
    }

    #[test]
    fn bold_is_the_starred_cell_alone() {
        assert_eq!(
            embolden("a  1.00 ns*  2.00 ns \nb  3 B  "),
            "a  \x1b[1m1.00 ns*\x1b[0m  2.00 ns \nb  3 B  "
        );
        assert_eq!(embolden("nothing"), "nothing");
    }
}
