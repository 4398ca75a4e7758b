//! Which strategy stands for a Python, and which parts of that Python it mirrors.

use crate::python::Interpreter;
use crate::python::interpreter::Implementation;
use crate::registry::STRATEGIES;

/// The strategy that mirrors CPython's reference counting and cycle collector.
const STRATEGY: &str = "refcount-generational";

/// The policy of versions that have the generational collector and no policy of their own: nothing changed since.
const NEWEST: &str = "3.13";

/// Setting that keeps freed objects in free lists as CPython does.
const FREE_LISTS: &str = "free-lists";

/// A strategy to compare a Python with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Counterpart {
    /// Full configuration text.
    pub strategy: String,
    /// Why collections, and the memory that depends on them, are not compared; `None` when they are.
    pub other_collector: Option<&'static str>,
    /// Why objects and memory are not compared; `None` when they are.
    pub other_objects: Option<&'static str>,
}

impl Counterpart {
    /// The strategy for a Python.
    pub fn of(python: &Interpreter) -> Counterpart {
        let generational = STRATEGIES.iter().find(|strategy| strategy.name == STRATEGY);
        let (policies, keys) = generational.map_or((&[][..], &[][..]), |found| (found.policies, found.keys));
        let (major, minor, _) = python.version;
        let own = format!("{major}.{minor}");
        let policy = policies.iter().copied().find(|policy| *policy == own).unwrap_or(NEWEST);
        let other_collector = match python.implementation {
            Implementation::PyPy => Some("PyPy has another collector"),
            Implementation::CPython if python.is_free_threaded() => {
                Some("free-threaded builds have another collector")
            }
            Implementation::CPython if is_incremental(python.version) => Some("its collector is incremental"),
            Implementation::CPython if minor < 13 && policy != own => Some("no policy of this version yet"),
            Implementation::CPython => None,
        };
        let is_pypy = python.implementation == Implementation::PyPy;
        let free_lists =
            if keys.contains(&FREE_LISTS) { format!(":{FREE_LISTS}=true") } else { String::new() };
        Counterpart {
            strategy: format!("{STRATEGY}@{policy}+pymalloc{free_lists}"),
            other_collector,
            other_objects: is_pypy.then_some("PyPy has other objects"),
        }
    }
}

/// CPython 3.14.0 to 3.14.4 were released with an incremental collector, which 3.14.5 took back.
fn is_incremental(version: (u32, u32, u32)) -> bool {
    matches!(version, (3, 14, 0..=4))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn python(implementation: Implementation, version: (u32, u32, u32), release: &str) -> Counterpart {
        Counterpart::of(&Interpreter { path: "".into(), implementation, version, release: release.into() })
    }

    #[test]
    fn each_python_has_the_strategy_of_its_collector() {
        let cpython = |version, release| python(Implementation::CPython, version, release);
        let same = cpython((3, 13, 0), "3.13.0");
        assert!(same.strategy.starts_with("refcount-generational@3.13+pymalloc"), "{same:?}");
        assert_eq!((same.other_collector, same.other_objects), (None, None));
        assert_eq!(cpython((3, 15, 1), "3.15.1"), same);
        assert_eq!(cpython((3, 14, 5), "3.14.5"), same);
        assert!(cpython((3, 14, 4), "3.14.4").other_collector.is_some());
        assert!(cpython((3, 13, 0), "3.13.0t").other_collector.is_some());
        let pypy = python(Implementation::PyPy, (3, 11, 13), "3.11-v7.3.20");
        assert!(pypy.other_collector.is_some() && pypy.other_objects.is_some());
    }

    #[test]
    fn every_counterpart_can_run() {
        for minor in 11..=16 {
            let counterpart = python(Implementation::CPython, (3, minor, 9), "3");
            let configuration = crate::registry::resolve_measured(&counterpart.strategy).unwrap();
            assert_eq!(configuration.to_string(), counterpart.strategy);
            crate::registry::check(&configuration, None).unwrap();
        }
    }
}
