//! The table of pages dirtied after a fork: a block for each workload, a row for each strategy.

use super::plain;
use crate::units;
use heapbench_results::prefork::{Action, Prefork};

/// The columns: what the child did, and whether the parent had frozen its objects.
const COLUMNS: [(Action, bool); 6] = [
    (Action::Read, false),
    (Action::Collect, false),
    (Action::ReadAndCollect, false),
    (Action::Read, true),
    (Action::Collect, true),
    (Action::ReadAndCollect, true),
];

/// Stands below.
const LEGEND: &str = "Memory that a forked child has for itself after it has read every object, collected, or both; and its \
    share of the heap.\nfrozen: after gc.freeze() in the parent. What a child that does nothing dirties is taken off. \
    -: the heap has no such thing.";

/// All forks, workload by workload.
pub fn preforks(lines: &[Prefork]) -> String {
    let mut text = String::new();
    for rows in lines.chunk_by(|a, b| a.workload == b.workload && a.parameters == b.parameters) {
        let mut titles: Vec<String> = ["strategy", "heap"].map(str::to_string).into();
        let frozen = |frozen: bool| if frozen { ", frozen" } else { "" };
        titles.extend(COLUMNS.map(|(action, is_frozen)| format!("{}{}", action.name(), frozen(is_frozen))));
        let titles: Vec<&str> = titles.iter().map(String::as_str).collect();
        text += &format!("{}, {}: {} objects\n", rows[0].workload, rows[0].profile, objects(rows));
        text += &plain(&titles, rows.iter().map(cells).collect());
        text += "\n\n";
    }
    for line in lines.iter().filter(|line| !line.error.is_empty()) {
        text += &format!("{}  {}: {}\n", line.strategy, line.workload, line.error);
    }
    text + LEGEND
}

/// Objects that the strategies' program can reach: the same under each of them.
fn objects(rows: &[Prefork]) -> u64 {
    rows.iter().filter(|row| !row.interpreted).map(|row| row.objects).max().unwrap_or(rows[0].objects)
}

fn cells(line: &Prefork) -> Vec<String> {
    let bytes = |pages: u64| units::bytes(pages * line.page_bytes);
    let cell = |(action, frozen): (Action, bool)| match line.dirtied(action, frozen) {
        Some(pages) => {
            let share = line.dirtied_share(action, frozen).map_or("-".to_string(), units::share);
            format!("{} ({share})", bytes(pages))
        }
        None => "-".to_string(),
    };
    let heap = if line.children.is_empty() { line.status.name().to_string() } else { bytes(line.heap_pages) };
    [line.strategy.clone(), heap].into_iter().chain(COLUMNS.map(cell)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use heapbench_results::Status;
    use heapbench_results::prefork::Forked;

    #[test]
    fn each_strategy_is_a_row_and_what_it_cannot_do_is_a_dash() {
        let children = [(Action::Nothing, Some(2)), (Action::Read, Some(258)), (Action::Collect, None)];
        let children = children.map(|(action, pages)| Forked { action, frozen: false, pages, faults: pages });
        let good = Prefork {
            strategy: "refcount".into(),
            workload: "json".into(),
            heap_pages: 512,
            page_bytes: 4096,
            children: children.into(),
            status: Status::Ok,
            ..Prefork::default()
        };
        let bad = Prefork {
            strategy: "bump".into(),
            children: Vec::new(),
            error: "SIGSEGV".into(),
            ..good.clone()
        };
        let text = preforks(&[good, Prefork { status: Status::Failed, ..bad }]);
        let row = text.lines().find(|line| line.starts_with("refcount")).unwrap();
        assert!(
            row.contains("2.00 MiB") && row.contains("1.00 MiB (50.0 %)") && row.ends_with('-'),
            "{text}"
        );
        assert!(text.contains("failed") && text.contains("bump  json: SIGSEGV"), "{text}");
    }
}
