//! Limits on heaps: sizes, and multiples of a workload's least heap, which evidence resolves.
//!
//! One strategy, the reference, says what the least heap of a workload is, so that a multiple is the same number of
//! bytes for every strategy. The base is the least limit that was enough for it: at 1x the reference finishes.

use crate::folders::RESULTS;
use crate::output::shell_word;
use crate::plan::Work;
use crate::trouble::Trouble;
use heapbench_heap::configuration::parse_size;
use heapbench_results::Evidence;
use heapbench_results::minheap::{self, MINHEAP};
use heapbench_workload::Profile;
use std::path::{Path, PathBuf};

/// The strategy whose least heap multiples are of.
pub const REFERENCE: &str = "mark-sweep";

/// The greatest multiple that is understood.
const MOST: f64 = 1000.0;

/// A limit of one cell, resolved; none by default.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Limit {
    /// In bytes.
    pub bytes: Option<u64>,
    /// As a multiple of the least heap, where it was given as one.
    pub multiple: Option<f64>,
}

/// A limit as it was given.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Given {
    /// `none`.
    Unlimited,
    /// Such as `64MiB`.
    Bytes(u64),
    /// Such as `1.5x`.
    Multiple(f64),
}

impl Given {
    /// The bytes of a size.
    pub(crate) fn bytes(&self) -> Option<usize> {
        match self {
            Given::Bytes(bytes) => usize::try_from(*bytes).ok(),
            _ => None,
        }
    }
}

/// Understands a list of limits, each once; no list is one limit, none.
///
/// # Errors
/// The first that is neither a size nor a multiple.
pub fn parse(list: Option<&str>) -> Result<Vec<Given>, Trouble> {
    let Some(list) = list else { return Ok(vec![Given::Unlimited]) };
    let mut limits = Vec::new();
    for text in list.split(',') {
        let limit = parse_one(text).ok_or_else(|| {
            Trouble::request(format!(
                "--heap-limit '{text}': expected a size such as 64MiB, from 1 to 1024GiB, a multiple of the least \
                 heap such as 1.5x, up to {MOST}x, or none"
            ))
        })?;
        if !limits.contains(&limit) {
            limits.push(limit);
        }
    }
    Ok(limits)
}

fn parse_one(text: &str) -> Option<Given> {
    if text == "none" {
        return Some(Given::Unlimited);
    }
    match text.strip_suffix('x') {
        Some(factor) => {
            let factor: f64 = factor.parse().ok()?;
            (factor > 0.0 && factor <= MOST).then_some(Given::Multiple(factor))
        }
        None => parse_size(text).filter(|bytes| *bytes > 0).map(|bytes| Given::Bytes(bytes as u64)),
    }
}

/// Each work under each limit. Multiples are of the least heap in the file of evidence that is named, or in the usual
/// ones.
///
/// # Errors
/// A multiple of a least heap that nobody has searched for: with the command that does.
pub fn apply(works: Vec<Work>, limits: &[Given], named: Option<&Path>) -> Result<Vec<Work>, Trouble> {
    let wanted = limits.iter().any(|limit| matches!(limit, Given::Multiple(_)));
    let evidence = if wanted { evidence(named)? } else { Vec::new() };
    let mut limited = Vec::new();
    for work in works {
        for limit in limits {
            let limit = match limit {
                Given::Unlimited => Limit::default(),
                Given::Bytes(bytes) => Limit { bytes: Some(*bytes), multiple: None },
                Given::Multiple(factor) => {
                    let bytes = (least(&evidence, &work, named)? as f64 * factor).round() as u64;
                    Limit { bytes: Some(bytes), multiple: Some(*factor) }
                }
            };
            limited.push(Work { limit, ..work.clone() });
        }
    }
    Ok(limited)
}

/// The least heap of a work under the reference.
fn least(evidence: &[Evidence], work: &Work, named: Option<&Path>) -> Result<u64, Trouble> {
    let name = &work.definition.name;
    let found = minheap::newest(evidence, REFERENCE, name, &work.parameters);
    if let Some(bytes) = found.and_then(|found| found.high_bytes) {
        return Ok(bytes);
    }
    let profiles = [Profile::Smoke, Profile::Quick, Profile::Full];
    let profile =
        profiles.into_iter().find(|profile| work.definition.parameters(*profile) == work.parameters);
    let settings = match profile {
        Some(profile) => format!(" --profile {profile}"),
        None => work.parameters.iter().map(|(key, value)| format!(" --set {key}={value}")).collect(),
    };
    let out =
        named.map_or(String::new(), |file| format!(" --out {}", shell_word(&file.display().to_string())));
    Err(Trouble::request(format!(
        "{name}: the least heap under {REFERENCE} is not known; to find it: \
         heapbench minheap --strategies {REFERENCE} --workloads {name}{settings}{out}"
    )))
}

/// Where a search's evidence goes when no file is named.
pub fn usual_file() -> PathBuf {
    Path::new(RESULTS).join("minheap").join(MINHEAP)
}

/// The named evidence; else what is kept with the sources, and after it, as newer, what was found here.
fn evidence(named: Option<&Path>) -> Result<Vec<Evidence>, Trouble> {
    if let Some(file) = named {
        return minheap::read(file).map_err(Trouble::request);
    }
    let kept = Path::new(RESULTS).join("reference").join("minheap").join(MINHEAP);
    let mut evidence = Vec::new();
    for file in [kept, usual_file()].iter().filter(|file| file.is_file()) {
        evidence.extend(minheap::read(file).map_err(Trouble::request)?);
    }
    Ok(evidence)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_of_sizes_and_multiples_are_understood_each_once() {
        let expected =
            [Given::Unlimited, Given::Bytes(64 << 20), Given::Multiple(1.0), Given::Multiple(1.25)];
        assert_eq!(parse(Some("none,64MiB,1x,1.25x,1.0x")).unwrap(), expected);
        assert_eq!(parse(None).unwrap(), [Given::Unlimited]);
        for text in ["0", "x", "0x", "-1x", "NaNx", "infx", "1001x", "2y", "", "1x,,2x", "2TiB"] {
            let error = parse(Some(text)).unwrap_err();
            assert_eq!(error.exit_status(), 2, "{text}");
            assert!(error.to_string().contains("expected a size"), "{error}");
        }
    }

    #[test]
    fn multiples_are_of_the_newest_evidence_about_the_same_work() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join(MINHEAP);
        let definition = heapbench_workload::find("rings").unwrap();
        let parameters = definition.parameters(Profile::Smoke);
        let work = Work { definition, parameters: parameters.clone(), limit: Limit::default() };
        let evidence = |strategy: &str, high| Evidence {
            strategy: strategy.into(),
            workload: "rings".into(),
            parameters: parameters.clone(),
            high_bytes: high,
            ..Evidence::default()
        };
        let resolve = || apply(vec![work.clone()], &[Given::Unlimited, Given::Multiple(1.5)], Some(&file));
        assert_eq!(resolve().unwrap_err().exit_status(), 2, "no file");
        minheap::append(&file, &evidence("refcount+system", Some(7))).unwrap();
        let error = resolve().unwrap_err().to_string();
        assert!(
            error.contains(
                "heapbench minheap --strategies mark-sweep --workloads rings --profile smoke --out"
            ),
            "{error}"
        );
        for bytes in [1000, 2001] {
            minheap::append(&file, &evidence(REFERENCE, Some(bytes))).unwrap();
        }
        let limits: Vec<Limit> = resolve().unwrap().iter().map(|work| work.limit).collect();
        assert_eq!(limits, [Limit::default(), Limit { bytes: Some(3002), multiple: Some(1.5) }]);
        minheap::append(&file, &evidence(REFERENCE, None)).unwrap();
        assert!(resolve().is_err(), "a search that found nothing is no base");
    }
}
