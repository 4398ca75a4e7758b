//! What must be known of the runs behind a table before one believes it; each in a line.

use heapbench_results::RunInfo;
use std::collections::BTreeSet;

/// Something to tell runs apart by.
type Fact = fn(&RunInfo) -> String;

/// What is odd about these runs, taken by themselves.
pub fn of(runs: &[RunInfo]) -> Vec<String> {
    let mut cautions = Vec::new();
    for run in runs.iter().filter(|run| run.commit.ends_with('+')) {
        cautions.push(format!("{}: built from a changed tree ({})", run.run, run.commit));
    }
    cautions
}

/// What keeps two sets of runs from being compared in time alone.
pub fn between(a: &[RunInfo], b: &[RunInfo]) -> Vec<String> {
    let mut cautions = Vec::new();
    let of = |runs: &[RunInfo], what: Fact| runs.iter().map(what).collect::<BTreeSet<_>>();
    let facts: [(&str, Fact); 2] = [("machines", machine), ("builds", |run| run.build.clone())];
    for (what, fact) in facts {
        let (in_a, in_b) = (of(a, fact), of(b, fact));
        if in_a != in_b && !in_a.is_empty() && !in_b.is_empty() {
            let list = |facts: BTreeSet<String>| Vec::from_iter(facts).join("; ");
            cautions.push(format!("A and B are of different {what}: {} and {}", list(in_a), list(in_b)));
        }
    }
    let names = |runs: &[RunInfo]| of(runs, |run| run.run.clone());
    if names(a).is_disjoint(&names(b)) {
        let what =
            "A and B are different runs: what drifted between them is in the ratios, not in the intervals";
        cautions.push(what.to_string());
    }
    cautions
}

fn machine(run: &RunInfo) -> String {
    format!("{}, {} processors, {}", run.cpu, run.cpus, run.kernel)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn other_machines_builds_and_changed_trees_are_told() {
        let run = |name: &str, cpu: &str, commit: &str| RunInfo {
            run: name.into(),
            cpu: cpu.into(),
            commit: commit.into(),
            ..RunInfo::default()
        };
        let (a, b) = (run("a", "x", "1"), run("b", "y", "2+"));
        assert_eq!(of(std::slice::from_ref(&a)), [""; 0]);
        let found = of(&[a.clone(), b.clone()]);
        assert!(found.len() == 1 && found[0].contains("changed tree"), "{found:?}");
        let found = between(std::slice::from_ref(&a), std::slice::from_ref(&b));
        assert!(
            found.len() == 2 && found[0].contains("machines") && found[1].contains("drifted"),
            "{found:?}"
        );
        assert_eq!(between(std::slice::from_ref(&a), std::slice::from_ref(&a)), [""; 0]);
    }
}
