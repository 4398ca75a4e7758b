//! What a twin says of its run: the JSON object on the last line of its standard output.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A collection that callbacks saw.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LoggedCollection(
    /// The generation.
    pub u8,
    /// Containers found unreachable and reclaimed.
    pub u64,
    /// How long it took, in nanoseconds.
    pub u64,
);

/// The answer. What a mode or an implementation does not observe is absent.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Answer {
    /// What the program read back: 16 hexadecimal digits.
    pub checksum: String,
    /// Operations, in the workload's unit.
    pub operations: u64,
    /// Wall time of the run, in nanoseconds.
    #[serde(default)]
    pub wall_ns: u64,
    /// CPU time of the process in the same stretch, in nanoseconds.
    #[serde(default)]
    pub cpu_ns: u64,
    /// Collections, by generation.
    pub collections: Option<[u64; 3]>,
    /// Containers reclaimed by collections, by generation.
    pub collected: Option<[u64; 3]>,
    /// Each collection.
    pub log: Option<Vec<LoggedCollection>>,
    /// Objects by kind where the program has the most.
    pub census: Option<BTreeMap<String, u64>>,
    /// The most bytes in objects at once.
    pub peak_live_bytes: Option<u64>,
    /// The most bytes of the process in memory at once, less what it had before the run.
    pub peak_rss_bytes: Option<u64>,
}

impl Answer {
    /// Reads the last line that is not blank.
    ///
    /// # Errors
    /// There is none, or it is no answer: one line.
    pub fn parse(text: &str) -> Result<Answer, String> {
        const EXPECTED: &str = "expected a JSON object on the last line of standard output";
        let last = text.lines().rev().find(|line| !line.trim().is_empty());
        let last = last.ok_or_else(|| format!("no answer, {EXPECTED}"))?;
        serde_json::from_str(last).map_err(|error| {
            let mut shown: String = last.chars().filter(|c| !c.is_control()).take(60).collect();
            if shown.len() < last.len() {
                shown.push('…');
            }
            format!("'{shown}' is no answer ({error}), {EXPECTED}")
        })
    }

    /// The number that the checksum's digits are; `None` where they are none.
    pub fn checksum(&self) -> Option<u64> {
        u64::from_str_radix(&self.checksum, 16).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_line_is_the_answer() {
        let text = "warming up\n{\"checksum\": \"0f\", \"operations\": 3, \"log\": [[0, 5, 900]], \"version\": \"3\"}\n\n";
        let answer = Answer::parse(text).unwrap();
        assert_eq!((answer.checksum(), answer.operations), (Some(15), 3));
        assert_eq!(answer.log, Some(vec![LoggedCollection(0, 5, 900)]));
        assert_eq!(answer.collections, None);
    }

    #[test]
    fn anything_else_is_told_in_a_line() {
        for text in
            ["", "\n \n", "{", "done", "[1]", "{\"checksum\": \"0\"}", "{\"checksum\": 0, \"operations\": 1}"]
        {
            let told = Answer::parse(text).unwrap_err();
            assert!(told.contains("expected a JSON object") && told.lines().count() == 1, "{text}: {told}");
        }
    }
}
