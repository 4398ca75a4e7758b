//! What results have, by the names that people ask for it.

use crate::names::{self, is_glob};
use crate::registry;
use crate::trouble::Trouble;
use heapbench_results::Record;
use std::collections::BTreeSet;

/// The configurations of these records that a list of names and globs selects; all when there is no list.
///
/// # Errors
/// A name that no record has, a glob that matches none.
pub fn strategies<'a>(
    list: Option<&str>,
    records: impl Iterator<Item = &'a Record>,
) -> Result<Vec<String>, Trouble> {
    let known = distinct(records.map(|record| &record.strategy));
    let given = list.map(names::split_configurations).unwrap_or_default();
    let full = given.into_iter().map(|name| if is_glob(&name) { name } else { full_text(name, &known) });
    chosen("strategy of these results", &full.collect::<Vec<_>>(), known)
}

/// The one configuration of these records that a name stands for.
///
/// # Errors
/// A name that no record has.
pub fn strategy<'a>(name: &str, records: impl Iterator<Item = &'a Record>) -> Result<String, Trouble> {
    let known = distinct(records.map(|record| &record.strategy));
    let full = full_text(name.to_string(), &known);
    if known.contains(&full) {
        Ok(full)
    } else {
        Err(names::unknown("strategy of these results", name, &known))
    }
}

/// The workloads of these records that names and globs select; all when there are none.
///
/// # Errors
/// A name that no record has, a glob that matches none.
pub fn workloads<'a>(
    given: &[String],
    records: impl Iterator<Item = &'a Record>,
) -> Result<Vec<String>, Trouble> {
    chosen("workload of these results", given, distinct(records.map(|record| &record.workload)))
}

/// The text that a record has for this configuration: the default policy and memory source may be left out.
fn full_text(name: String, known: &[String]) -> String {
    match registry::resolve(&name) {
        Ok(configuration) if !known.contains(&name) => configuration.to_string(),
        _ => name,
    }
}

fn distinct<'a>(all: impl Iterator<Item = &'a String>) -> Vec<String> {
    all.collect::<BTreeSet<_>>().into_iter().cloned().collect()
}

fn chosen(what: &str, given: &[String], known: Vec<String>) -> Result<Vec<String>, Trouble> {
    if given.is_empty() { Ok(known) } else { names::select(what, given, &known) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_may_leave_out_what_is_the_default() {
        let records = ["refcount+pymalloc", "refcount+mimalloc", "bump"].map(|strategy| Record {
            strategy: strategy.into(),
            workload: "orm".into(),
            ..Record::default()
        });
        assert_eq!(strategy("refcount", records.iter()).unwrap(), "refcount+pymalloc");
        assert_eq!(strategies(Some("bump,refcount"), records.iter()).unwrap(), ["bump", "refcount+pymalloc"]);
        assert_eq!(strategies(Some("refcount*"), records.iter()).unwrap().len(), 2);
        assert_eq!(strategies(None, records.iter()).unwrap().len(), 3);
        assert!(strategy("mark-sweep", records.iter()).unwrap_err().to_string().contains("expected one of"));
        assert!(workloads(&["orn".to_string()], records.iter()).unwrap_err().to_string().contains("'orm'"));
    }
}
