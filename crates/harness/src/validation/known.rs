//! Tolerances, and the deviations that have a named cause. What is in neither is unexplained, and fails a validation.

use crate::validation::comparison::{Column, Deviation};

/// The peak of memory may differ by this share of Python's without a cause: what a twin's own bookkeeping takes.
pub const PEAK_TOLERANCE: f64 = 0.02;

/// The peak of memory may differ by so many bytes without a cause: the twin's checksum, its functions' frames, the request.
pub const PEAK_FLOOR_BYTES: u64 = 8 << 10;

/// Counts may differ by nothing.
pub const COUNT_TOLERANCE: f64 = 0.0;

/// A deviation with a cause.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Known {
    /// The workload; `*` stands for all.
    pub workload: &'static str,
    /// How the names of the Pythons begin: `cpython:3.11`; all where empty.
    pub python: &'static str,
    /// Where they differ.
    pub column: Column,
    /// The cause, in a line.
    pub cause: &'static str,
    /// The most that the cause explains, relative to Python's number.
    pub tolerance: f64,
}

/// The deviations that have a named cause. The first that fits is taken: special ones stand before general ones.
pub const KNOWN: &[Known] = &[
    known("live-graph", "", Column::Objects, NUMBERS, 1.0),
    known("live-graph", "", Column::Peak, NUMBERS, 0.35),
    known("churn", "", Column::Objects, NUMBERS, 1.0),
    known("churn", "", Column::Peak, NUMBERS, 0.35),
    known("linked-list", "", Column::Objects, NUMBERS, 1.0),
    known("linked-list", "", Column::Peak, NUMBERS, 0.42),
    known(
        "lru-cache",
        "",
        Column::Peak,
        "a dict rebuilt at its size is compacted in place, not copied",
        0.13,
    ),
    known("requests", "", Column::Peak, "frame objects have no places for the evaluation stack", 0.08),
    known("text-index", "", Column::Peak, INTS, 0.08),
    known("listeners", "cpython:3.12", Column::Peak, VALUES, 0.07),
    known("load", "cpython:3.12", Column::Peak, INTS, 0.03),
    known("*", "cpython:3.11", Column::Peak, OLDER, 0.09),
];

const NUMBERS: &str = "the number of an object is in its payload, where Python has an int";
const INTS: &str = "CPython takes 32 bytes for an int of one digit, which `sys.getsizeof` says has 28";
const VALUES: &str = "sizes are 3.13's: before it the values of an instance were a block of their own";
const OLDER: &str =
    "sizes are 3.13's: 3.11 has larger strs, and an instance's values in a block of their own";

const fn known(
    workload: &'static str,
    python: &'static str,
    column: Column,
    cause: &'static str,
    tolerance: f64,
) -> Known {
    Known { workload, python, column, cause, tolerance }
}

/// What is to be thought of a deviation.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Judgement {
    /// It is within the column's tolerance.
    Tolerated,
    /// It has a named cause, and is no greater than that explains.
    Explained(&'static str),
    /// It has a named cause, and is greater than that explains.
    TooGreat(&'static str, f64),
    /// It has none.
    Unexplained,
}

impl Judgement {
    /// Whether it fails a validation.
    pub fn fails(self) -> bool {
        matches!(self, Judgement::TooGreat(..) | Judgement::Unexplained)
    }
}

/// Judges a deviation of a workload under a Python by its column's tolerance and the list of known ones.
pub fn judge(
    known: &[Known],
    workload: &str,
    python: &str,
    column: Column,
    deviation: &Deviation,
) -> Judgement {
    let tolerated = match column {
        Column::Peak => deviation.relative <= PEAK_TOLERANCE || deviation.absolute <= PEAK_FLOOR_BYTES,
        _ => deviation.relative <= COUNT_TOLERANCE,
    };
    if tolerated {
        return Judgement::Tolerated;
    }
    let fits = |known: &&Known| {
        known.column == column
            && (known.workload == "*" || known.workload == workload)
            && python.starts_with(known.python)
    };
    match known.iter().find(fits) {
        None => Judgement::Unexplained,
        Some(known) if deviation.relative <= known.tolerance => Judgement::Explained(known.cause),
        Some(known) => Judgement::TooGreat(known.cause, known.tolerance),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn deviation(relative: f64, absolute: u64) -> Deviation {
        Deviation { shown: String::new(), ours: String::new(), python: String::new(), relative, absolute }
    }

    #[test]
    fn only_what_has_a_cause_is_explained_and_only_as_far_as_it_goes() {
        let known = [Known {
            workload: "churn",
            python: "cpython:3.11",
            column: Column::Objects,
            cause: "why",
            tolerance: 0.5,
        }];
        let judge = |workload, python, column, relative| {
            super::judge(&known, workload, python, column, &deviation(relative, 1))
        };
        assert_eq!(judge("churn", "cpython:3.11.7", Column::Objects, 0.5), Judgement::Explained("why"));
        assert_eq!(judge("churn", "cpython:3.11.7", Column::Objects, 0.6), Judgement::TooGreat("why", 0.5));
        for (workload, python, column) in [
            ("rings", "cpython:3.11.7", Column::Objects),
            ("churn", "cpython:3.13.0", Column::Objects),
            ("churn", "cpython:3.11.7", Column::Collections),
        ] {
            let judged = judge(workload, python, column, 0.1);
            assert!(judged == Judgement::Unexplained && judged.fails());
        }
    }

    #[test]
    fn memory_has_a_tolerance_and_counts_have_none() {
        let judge =
            |column, relative, absolute| super::judge(&[], "w", "p", column, &deviation(relative, absolute));
        assert_eq!(judge(Column::Peak, PEAK_TOLERANCE, u64::MAX), Judgement::Tolerated);
        assert_eq!(judge(Column::Peak, 9.0, PEAK_FLOOR_BYTES), Judgement::Tolerated);
        assert_eq!(judge(Column::Peak, 2.0 * PEAK_TOLERANCE, PEAK_FLOOR_BYTES + 1), Judgement::Unexplained);
        assert_eq!(judge(Column::Collected, 0.001, 1), Judgement::Unexplained);
    }

    #[test]
    fn known_deviations_name_workloads_that_exist() {
        for known in KNOWN {
            assert!(known.workload == "*" || heapbench_workload::find(known.workload).is_ok(), "{known:?}");
            assert!(known.cause.len() > 20 && known.tolerance > 0.0, "{known:?}");
        }
    }
}
