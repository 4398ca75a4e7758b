//! `heapbench list strategies | workloads | profiles`.

use crate::output::{print, print_json};
use crate::python::{Interpreter, find};
use crate::registry::{DEFAULT_CONFIGURATIONS, STRATEGIES};
use crate::table;
use crate::trouble::Trouble;
use heapbench_workload::{Profile, definitions};
use serde_json::json;

/// What to list.
#[derive(clap::Args, Clone, Debug)]
pub struct ListArguments {
    /// strategies, workloads or profiles
    pub what: What,
    /// One object a line
    #[arg(long)]
    pub json: bool,
}

/// What can be listed.
#[derive(clap::ValueEnum, Clone, Copy, Debug)]
pub enum What {
    /// Memory managers, their policies, memory sources and settings.
    Strategies,
    /// Programs and their parameters.
    Workloads,
    /// Sizes of work.
    Profiles,
}

/// Lists.
///
/// # Errors
/// A workload's definition is malformed; standard output cannot be written.
pub fn run(arguments: &ListArguments) -> Result<(), Trouble> {
    match arguments.what {
        What::Strategies => strategies(arguments.json),
        What::Workloads => workloads(arguments.json),
        What::Profiles => profiles(arguments.json),
    }
}

fn strategies(json: bool) -> Result<(), Trouble> {
    let references = find::everywhere();
    if json {
        STRATEGIES.iter().try_for_each(print_json)?;
        return references.iter().try_for_each(|python| {
            let about = "an outside reference: the workloads' twins, interpreted";
            print_json(
                &json!({"name": python.name(), "path": python.path, "interpreted": true, "about": about}),
            )
        });
    }
    let row = |s: &crate::registry::Strategy| {
        let with = |sign: char, names: &[&str]| {
            names.iter().map(|name| format!("{sign}{name}")).collect::<Vec<_>>().join(" ")
        };
        vec![s.name.into(), with('@', s.policies), with('+', s.memory), s.keys.join(" "), s.about.into()]
    };
    let rows = STRATEGIES.iter().map(row).collect();
    print(&table::plain(&["strategy", "policies", "memory sources", "settings", "what it does"], rows))?;
    let proof = |s: &crate::registry::Strategy| {
        let memory = s.proof_memory.iter().map(|name| format!("+{name}"));
        let words: Vec<String> = memory.chain(s.proof_keys.iter().map(|key| key.to_string())).collect();
        (!words.is_empty()).then(|| format!("{} ({})", s.name, words.join(" ")))
    };
    let proof: Vec<String> = STRATEGIES.iter().filter_map(proof).collect();
    print(&format!("\nFor check and verify only: {}", proof.join(", ")))?;
    let names = match &references[..] {
        [] => "none found; expected a Python 3.11 or newer on PATH or in pyenv".to_string(),
        found => found.iter().map(Interpreter::name).collect::<Vec<_>>().join(", "),
    };
    print(&format!("\nOutside references, interpreted, that can be run beside them: {names}"))?;
    print(&format!("\nRun by default: {}", DEFAULT_CONFIGURATIONS.join(", ")))
}

fn workloads(json: bool) -> Result<(), Trouble> {
    let definitions = definitions()?;
    if json {
        return definitions.iter().try_for_each(|d| {
            let parameters: serde_json::Map<String, serde_json::Value> = d
                .parameters
                .iter()
                .map(|(name, parameter)| {
                    (name.clone(), json!({"default": parameter.default, "about": parameter.about}))
                })
                .collect();
            let profiles: serde_json::Map<String, serde_json::Value> = Profile::ALL
                .into_iter()
                .map(|profile| (profile.name().to_string(), json!(d.parameters(profile))))
                .collect();
            print_json(&json!({
                "name": d.name, "group": d.group.name(), "unit": d.unit, "source": d.source, "claim": d.claim,
                "stresses": d.stresses, "parameters": parameters, "profiles": profiles,
            }))
        });
    }
    let row = |d: &heapbench_workload::Definition| {
        let parameters = d.parameters.keys().cloned().collect::<Vec<_>>().join(" ");
        vec![d.name.clone(), d.group.name().into(), d.unit.clone(), parameters, d.claim.clone()]
    };
    let rows = definitions.iter().map(row).collect();
    print(&table::plain(&["workload", "group", "operation", "parameters", "what it shows"], rows))
}

fn profiles(json: bool) -> Result<(), Trouble> {
    let about = |profile| match profile {
        Profile::Smoke => "under a tenth of a second a cell: does it run, and is the checksum right?",
        Profile::Quick => "about a quarter of a second a cell: a first look",
        Profile::Full => "seconds a cell: what is published",
    };
    if json {
        let line = |profile: Profile| print_json(&json!({"name": profile.name(), "about": about(profile)}));
        return Profile::ALL.into_iter().try_for_each(line);
    }
    let rows =
        Profile::ALL.into_iter().map(|profile| vec![profile.name().into(), about(profile).into()]).collect();
    print(&table::plain(&["profile", "what it is for"], rows))
}
