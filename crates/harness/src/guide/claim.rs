//! A claim as data: what it says, the runs that show it, and what they should show if it is true.

use crate::job::Job;
use crate::limit::Limit;
use crate::plan::{self, Frame, Work};
use crate::registry;
use crate::trouble::Trouble;
use heapbench_workload::{Profile, find};
use serde::Deserialize;
use std::collections::BTreeMap;
use toml::Value;

const FILE: &str = "workloads/guide.toml";
const TEXT: &str = include_str!("../../../../workloads/guide.toml");

/// What a claim compares.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Figure {
    /// Wall time for one of the workload's operations.
    Time,
    /// Highest bytes in objects not yet reclaimed.
    PeakLive,
    /// Highest bytes taken from the system.
    PeakHeld,
    /// Bytes in objects when the program is done.
    EndLive,
    /// Bytes taken from the system when the program is done.
    EndHeld,
    /// The longest pause.
    LongestPause,
    /// Collections of any generation.
    Collections,
}

/// One row of a claim's table.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Run {
    /// What the row is called.
    pub name: String,
    /// Configuration text.
    pub strategy: String,
    /// The workload, where it is not the claim's.
    pub workload: Option<String>,
    /// Parameters that differ from the profile's.
    #[serde(default)]
    pub set: BTreeMap<String, Value>,
}

/// A ratio of two rows that the claim expects.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Expectation {
    /// What is compared.
    pub figure: Figure,
    /// The row above the line.
    pub of: String,
    /// The row below it.
    pub over: String,
    /// The claim holds up to this ratio.
    pub at_most: Option<f64>,
    /// The claim holds from this ratio on.
    pub at_least: Option<f64>,
}

/// A claim.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Claim {
    /// Its title.
    pub title: String,
    /// What introductions say.
    pub says: String,
    /// What is run, and how to read it.
    pub shows: String,
    /// The workload of those rows that name none.
    #[serde(default)]
    pub workload: String,
    /// The columns of the table.
    #[serde(default)]
    pub columns: Vec<Figure>,
    /// The rows.
    #[serde(default)]
    pub runs: Vec<Run>,
    /// What must be true of them if the claim is.
    #[serde(default)]
    pub expect: Vec<Expectation>,
    /// Parameters of the workload under which its growing sites are shown.
    pub sites: Option<Vec<String>>,
    /// Whether the sizes of containers are the evidence.
    #[serde(default)]
    pub sizes: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Guide {
    claim: Vec<Claim>,
}

/// The claims of the guide.
///
/// # Errors
/// A file that is malformed, or an expectation of a row that is not there.
pub fn claims() -> Result<Vec<Claim>, Trouble> {
    let guide: Guide =
        toml::from_str(TEXT).map_err(|error| Trouble::request(format!("{FILE}: {}", one_line(&error))))?;
    for claim in &guide.claim {
        let known = |name: &str| claim.runs.iter().any(|run| run.name == name);
        let missing = claim.expect.iter().flat_map(|e| [&e.of, &e.over]).find(|name| !known(name));
        if let Some(name) = missing {
            let what = format!("{FILE}: claim '{}': no run is called '{name}'", claim.title);
            return Err(Trouble::request(what));
        }
    }
    Ok(guide.claim)
}

fn one_line(error: &toml::de::Error) -> String {
    error.message().replace('\n', " ")
}

impl Claim {
    /// The cells of one row.
    ///
    /// # Errors
    /// A strategy, workload or parameter that is not there.
    pub fn jobs(&self, run: &Run, frame: &Frame) -> Result<Vec<Job>, Trouble> {
        let strategy = registry::resolve_measured(&run.strategy)?.to_string();
        let definition = find(run.workload.as_ref().unwrap_or(&self.workload))?;
        let profile: Profile = frame.profile.parse()?;
        let mut parameters = definition.parameters(profile);
        for (key, value) in &run.set {
            definition.set(&mut parameters, key, &text(value))?;
        }
        Ok(plan::cells(&[strategy], &[Work { definition, parameters, limit: Limit::default() }], frame))
    }
}

/// A value as it would stand on the command line.
fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_string)
}
