//! A workload as data: what it stands for, and its parameters for each profile. Read from TOML.
//!
//! ```toml
//! name = "rings"                # what the command calls it
//! program = "rings"             # which program runs; the name when left out
//! group = "mechanism"           # or "program"
//! unit = "node"                 # what one operation is
//! source = "…"                  # the Python program, or the comparison, that it stands for
//! claim = "…"                   # what its numbers show
//! stresses = "…"                # which part of a memory manager works hard
//! requests = true               # whether the program marks where a request ends; false when left out
//!
//! [parameters.nodes]
//! default = 1000
//! about = "nodes built in all"
//!
//! [profile.smoke]               # likewise quick, full: every one is needed
//! checksum = "0123456789abcdef" # of these parameters with the default seed
//! nodes = 10000
//! ```

use crate::error::WorkloadError;
use crate::parameters::Parameters;
use crate::prepared::Prepared;
use serde::Deserialize;
use serde_json::Value;
use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;
use toml::Spanned;

/// How much work a run does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Profile {
    /// Under a tenth of a second: does it run, and is the checksum right?
    Smoke,
    /// About a quarter of a second.
    Quick,
    /// Seconds: what is published.
    Full,
}

impl Profile {
    /// All profiles, from the smallest.
    pub const ALL: [Profile; 3] = [Profile::Smoke, Profile::Quick, Profile::Full];

    /// Its name in files and on the command line.
    pub const fn name(self) -> &'static str {
        match self {
            Profile::Smoke => "smoke",
            Profile::Quick => "quick",
            Profile::Full => "full",
        }
    }
}

impl fmt::Display for Profile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Profile {
    type Err = WorkloadError;

    fn from_str(text: &str) -> Result<Profile, WorkloadError> {
        let known = Profile::ALL.map(Profile::name);
        let found = Profile::ALL.into_iter().find(|profile| profile.name() == text);
        found.ok_or_else(|| WorkloadError::unknown("profile", text, known))
    }
}

/// What kind of workload it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Group {
    /// Stresses one mechanism.
    Mechanism,
    /// Has the shape of a real Python program.
    Program,
}

impl Group {
    /// Its name in files.
    pub const fn name(self) -> &'static str {
        match self {
            Group::Mechanism => "mechanism",
            Group::Program => "program",
        }
    }
}

/// A parameter: what it means, and its value in profiles that do not give one.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Parameter {
    /// The default.
    pub default: Value,
    /// What it means, with its unit.
    pub about: String,
}

/// A workload as data.
#[derive(Clone, Debug, PartialEq)]
pub struct Definition {
    /// Its name.
    pub name: String,
    /// The program that runs.
    pub program: String,
    /// What kind of workload it is.
    pub group: Group,
    /// What one operation is, in the singular: `node`, `step`, `request`.
    pub unit: String,
    /// What it stands for.
    pub source: String,
    /// What its numbers show.
    pub claim: String,
    /// Which part of a memory manager works hard.
    pub stresses: String,
    /// Whether its program marks where each request ends and the next begins: see `heap::Recorder::mark`.
    pub requests: bool,
    /// The parameters, by name.
    pub parameters: BTreeMap<String, Parameter>,
    profiles: BTreeMap<Profile, ProfileValues>,
}

#[derive(Clone, Debug, Default, PartialEq)]
struct ProfileValues {
    checksum: Option<u64>,
    values: Parameters,
}

/// The file, before names and values are checked against each other.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    name: String,
    program: Option<String>,
    group: Group,
    unit: String,
    source: String,
    claim: String,
    stresses: String,
    #[serde(default)]
    requests: bool,
    #[serde(default)]
    parameters: BTreeMap<String, Parameter>,
    profile: BTreeMap<Spanned<String>, BTreeMap<Spanned<String>, Spanned<Value>>>,
}

impl Definition {
    /// Reads a definition. `file` is named in errors.
    ///
    /// # Errors
    /// Text that is not TOML, unknown or missing keys, values of a wrong type: with file, line, column and key.
    pub fn parse(file: &str, text: &str) -> Result<Definition, WorkloadError> {
        let at = |offset: usize, message: String| malformed(file, text, offset, message);
        let raw: File = toml::from_str(text).map_err(|error: toml::de::Error| {
            let offset = error.span().map_or(0, |span| span.start);
            at(offset, with_key(text, offset, &error.message().trim_end().replace('\n', ", ")))
        })?;
        let mut profiles = BTreeMap::new();
        for (name, values) in raw.profile {
            let profile: Profile = name
                .get_ref()
                .parse()
                .map_err(|error: WorkloadError| at(name.span().start, error.to_string()))?;
            profiles.insert(profile, profile_values(&raw.name, &raw.parameters, values, &at)?);
        }
        if let Some(missing) = Profile::ALL.into_iter().find(|profile| !profiles.contains_key(profile)) {
            return Err(at(text.len(), format!("missing table [profile.{missing}]")));
        }
        Ok(Definition {
            program: raw.program.unwrap_or_else(|| raw.name.clone()),
            name: raw.name,
            group: raw.group,
            unit: raw.unit,
            source: raw.source,
            claim: raw.claim,
            stresses: raw.stresses,
            requests: raw.requests,
            parameters: raw.parameters,
            profiles,
        })
    }

    /// Reads a definition from a file.
    ///
    /// # Errors
    /// A file that cannot be read, and what [`Definition::parse`] refuses.
    pub fn read(path: &std::path::Path) -> Result<Definition, WorkloadError> {
        let file = path.display().to_string();
        match std::fs::read_to_string(path) {
            Ok(text) => Definition::parse(&file, &text),
            Err(error) => Err(WorkloadError::Unreadable { file, message: error.to_string() }),
        }
    }

    /// The value of every parameter in a profile.
    pub fn parameters(&self, profile: Profile) -> Parameters {
        let mut values: Parameters = self
            .parameters
            .iter()
            .map(|(name, parameter)| (name.clone(), parameter.default.clone()))
            .collect();
        if let Some(own) = self.profiles.get(&profile) {
            values.extend(own.values.clone());
        }
        values
    }

    /// The checksum that a profile gives, with its own parameters and the default seed.
    pub fn expected_checksum(&self, profile: Profile) -> Option<u64> {
        self.profiles.get(&profile).and_then(|values| values.checksum)
    }

    /// The checksum that these parameters and this seed give, when it is known.
    pub fn expected(&self, parameters: &Parameters, seed: u64) -> Option<u64> {
        let known = |profile: &Profile| self.parameters(*profile) == *parameters;
        let profile = Profile::ALL.into_iter().find(known).filter(|_| seed == crate::DEFAULT_SEED)?;
        self.expected_checksum(profile)
    }

    /// Sets a parameter from text, as a command line gives it: a number or a truth value where the default is one.
    ///
    /// # Errors
    /// A parameter that the workload does not have; text that is not of the parameter's type.
    pub fn set(&self, parameters: &mut Parameters, key: &str, text: &str) -> Result<(), WorkloadError> {
        let default = &self.known(key)?.default;
        let value = if default.is_string() {
            Some(Value::from(text))
        } else {
            serde_json::from_str(text).ok().filter(|value| same_type(value, default))
        };
        let invalid = || self.invalid(key, &format!("'{text}'"), type_name(default));
        parameters.insert(key.to_string(), value.ok_or_else(invalid)?);
        Ok(())
    }

    /// Does everything that is not measured: checks the parameters, reads the input, draws the random choices.
    ///
    /// # Errors
    /// Unknown, missing or absurd parameters; input that cannot be read or understood.
    pub fn prepare(&self, parameters: &Parameters, seed: u64) -> Result<Prepared, WorkloadError> {
        parameters.keys().try_for_each(|key| self.known(key).map(drop))?;
        Prepared::new(self, parameters, seed)
    }

    /// The error of a parameter whose value does not fit.
    pub(crate) fn invalid(&self, key: &str, given: &str, expected: impl Into<String>) -> WorkloadError {
        WorkloadError::Invalid {
            workload: self.name.clone(),
            key: key.to_string(),
            given: given.to_string(),
            expected: expected.into(),
        }
    }

    fn known(&self, key: &str) -> Result<&Parameter, WorkloadError> {
        known_parameter(&self.name, &self.parameters, key)
    }
}

fn known_parameter<'a>(
    workload: &str,
    parameters: &'a BTreeMap<String, Parameter>,
    key: &str,
) -> Result<&'a Parameter, WorkloadError> {
    let unknown = || {
        let known = parameters.keys().map(String::as_str);
        WorkloadError::unknown(format!("parameter of {workload}"), key, known)
    };
    parameters.get(key).ok_or_else(unknown)
}

fn profile_values(
    workload: &str,
    parameters: &BTreeMap<String, Parameter>,
    given: BTreeMap<Spanned<String>, Spanned<Value>>,
    at: &impl Fn(usize, String) -> WorkloadError,
) -> Result<ProfileValues, WorkloadError> {
    let mut profile = ProfileValues::default();
    for (key, value) in given {
        let (start, name) = (value.span().start, key.get_ref());
        if name == "checksum" {
            let number = value.get_ref().as_str().and_then(|hex| u64::from_str_radix(hex, 16).ok());
            let expected = || at(start, format!("{name} = {}, expected hexadecimal digits", value.get_ref()));
            profile.checksum = Some(number.ok_or_else(expected)?);
            continue;
        }
        let known = known_parameter(workload, parameters, name)
            .map_err(|error| at(key.span().start, error.to_string()))?;
        if !same_type(value.get_ref(), &known.default) {
            let expected = type_name(&known.default);
            return Err(at(start, format!("{name} = {}, expected {expected}", value.get_ref())));
        }
        profile.values.insert(name.clone(), value.into_inner());
    }
    Ok(profile)
}

/// Whether a value can stand where the default stands: whole numbers may stand for others.
fn same_type(value: &Value, default: &Value) -> bool {
    match default {
        Value::Number(number) if number.is_f64() => value.is_number(),
        Value::Number(_) => value.is_u64() || value.is_i64(),
        _ => std::mem::discriminant(value) == std::mem::discriminant(default),
    }
}

fn type_name(default: &Value) -> &'static str {
    match default {
        Value::Bool(_) => "true or false",
        Value::Number(number) if number.is_f64() => "a number",
        Value::Number(_) => "a whole number",
        Value::String(_) => "text",
        _ => "a value like its default",
    }
}

/// The message, after the key of the line that it speaks of; not where it names a field itself.
fn with_key(text: &str, offset: usize, message: &str) -> String {
    let line = text.get(..offset).and_then(|before| before.rsplit('\n').next()).unwrap_or("");
    match line.split_once('=') {
        Some((key, _)) if !message.contains("field `") => format!("{}: {message}", key.trim()),
        _ => message.to_string(),
    }
}

fn malformed(file: &str, text: &str, offset: usize, message: String) -> WorkloadError {
    let before = text.get(..offset.min(text.len())).unwrap_or(text);
    let line = before.matches('\n').count() + 1;
    let column = before.chars().rev().take_while(|c| *c != '\n').count() + 1;
    WorkloadError::Malformed { file: file.to_string(), line, column, message }
}
