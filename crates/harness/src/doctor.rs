//! The doctor: is this machine fit to measure on? What harms which number, and how to mend it.
//!
//! Everything is read from what the kernel tells of itself; what it does not tell (in a container, on another kernel) is
//! unknown, and held against nobody. No finding touches the counters: these are the same on every machine.
//!
//! | file | concern |
//! |---|---|
//! | [`processor`] | frequency governor, turbo, processors, virtualization, a group's quota |
//! | [`load`] | load, other busy processes, time stolen by a hypervisor |
//! | [`memory`] | transparent huge pages, swap, memory pressure, address layout |
//! | [`clock`] | where the time comes from, and what a reading costs |

pub mod clock;
pub mod load;
pub mod memory;
pub mod processor;

use heapbench_results::fitness::{Finding, Harmed, Verdict};

/// Examines this machine, which takes half a second.
pub fn examine() -> Vec<Finding> {
    [processor::examine(), load::examine(), memory::examine(), clock::examine()].concat()
}

/// A finding.
fn finding(name: &str, (value, verdict): (String, Verdict), harms: &[Harmed], advice: &str) -> Finding {
    let needs_advice = !matches!(verdict, Verdict::Fit | Verdict::Unknown);
    let advice = if needs_advice { advice.to_string() } else { String::new() };
    Finding { name: name.to_string(), value, verdict, harms: harms.to_vec(), advice }
}

/// What a machine does not tell.
fn unknown() -> (String, Verdict) {
    ("unknown".to_string(), Verdict::Unknown)
}

/// Fit below the first limit, doubtful below the second, unfit from there on.
fn graded(value: f64, [doubtful, unfit]: [f64; 2]) -> Verdict {
    match value {
        value if value >= unfit => Verdict::Unfit,
        value if value >= doubtful => Verdict::Doubtful,
        _ => Verdict::Fit,
    }
}

/// The text of a file without the space around it; `None` where there is none.
fn text(path: &str) -> Option<String> {
    std::fs::read_to_string(path).ok().map(|text| text.trim().to_string())
}

/// The word in brackets: `always [madvise] never`.
fn chosen(text: &str) -> Option<&str> {
    text.split_once('[')?.1.split_once(']').map(|(word, _)| word)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_machine_is_examined_whole_and_each_finding_once() {
        let findings = examine();
        let mut names: Vec<&str> = findings.iter().map(|finding| finding.name.as_str()).collect();
        assert!(
            ["load", "swap", "governor", "clock cost"].iter().all(|name| names.contains(name)),
            "{names:?}"
        );
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), findings.len());
        for finding in &findings {
            assert!(!finding.value.is_empty() && !finding.harms.is_empty(), "{finding:?}");
            let mended =
                matches!(finding.verdict, Verdict::Fit | Verdict::Unknown) == finding.advice.is_empty();
            assert!(mended && !finding.advice.contains('\n'), "{finding:?}");
        }
    }

    #[test]
    fn limits_belong_to_the_worse_side() {
        let grades = [0.0, 1.0, 1.9, 2.0].map(|value| graded(value, [1.0, 2.0]));
        assert_eq!(grades, [Verdict::Fit, Verdict::Doubtful, Verdict::Doubtful, Verdict::Unfit]);
        assert_eq!(chosen("always [madvise] never"), Some("madvise"));
        assert_eq!(chosen("never"), None);
    }
}
