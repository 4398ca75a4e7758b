//! Configuration text, `strategy[@policy][+memory-source][:key=value,…]`, and what a heap is told of it.

use crate::{Deaths, HeapError};
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

/// Configuration text, taken apart. `Display` gives the text back.
///
/// ```
/// use heapbench_heap::Configuration;
/// let c: Configuration = "refcount-generational@3.13+mimalloc:threshold0=50000".parse().unwrap();
/// assert_eq!(c.strategy, "refcount-generational");
/// assert_eq!(c.policy.as_deref(), Some("3.13"));
/// assert_eq!(c.memory.as_deref(), Some("mimalloc"));
/// assert_eq!(c.settings, [("threshold0".to_string(), "50000".to_string())]);
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Configuration {
    /// The strategy's name.
    pub strategy: String,
    /// After `@`: a version or variant of the strategy.
    pub policy: Option<String>,
    /// After `+`: where bytes come from.
    pub memory: Option<String>,
    /// After `:`, in order.
    pub settings: Vec<(String, String)>,
}

impl FromStr for Configuration {
    type Err = HeapError;

    fn from_str(text: &str) -> Result<Self, HeapError> {
        let malformed =
            |at: usize, expected| HeapError::Malformed { given: text.to_string(), column: at + 1, expected };
        let (head, tail) = match text.split_once(':') {
            Some((head, tail)) => (head, Some(tail)),
            None => (text, None),
        };
        let (names, memory) = match head.split_once('+') {
            Some((names, memory)) => (names, Some(memory)),
            None => (head, None),
        };
        let (strategy, policy) = match names.split_once('@') {
            Some((strategy, policy)) => (strategy, Some(policy)),
            None => (names, None),
        };
        if strategy.is_empty() {
            return Err(malformed(0, "a strategy's name"));
        }
        if policy == Some("") {
            return Err(malformed(names.len(), "a policy's name after '@'"));
        }
        if memory.is_some_and(|m| m.is_empty() || m.contains(['+', '@'])) {
            return Err(malformed(names.len() + 1, "one memory source's name after '+', policy before it"));
        }
        let mut settings = Vec::new();
        let mut at = head.len() + 1;
        for part in tail.into_iter().flat_map(|t| t.split(',')) {
            match part.split_once('=') {
                Some((key, value)) if !key.is_empty() && !value.is_empty() => {
                    settings.push((key.to_string(), value.to_string()));
                }
                _ => return Err(malformed(at, "key=value after ':' and ','")),
            }
            at += part.len() + 1;
        }
        Ok(Configuration {
            strategy: strategy.to_string(),
            policy: policy.map(str::to_string),
            memory: memory.map(str::to_string),
            settings,
        })
    }
}

impl fmt::Display for Configuration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.strategy)?;
        if let Some(policy) = &self.policy {
            write!(f, "@{policy}")?;
        }
        if let Some(memory) = &self.memory {
            write!(f, "+{memory}")?;
        }
        for (i, (key, value)) in self.settings.iter().enumerate() {
            write!(f, "{}{key}={value}", if i == 0 { ':' } else { ',' })?;
        }
        Ok(())
    }
}

/// What a heap is told when it is made.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HeapConfig {
    /// The policy, `None` for the strategy's default.
    pub policy: Option<String>,
    /// Limit on held memory, in bytes.
    pub limit: Option<usize>,
    /// The settings, in order; a later one of the same key wins.
    pub settings: Vec<(String, String)>,
    /// When the program's objects die, for a strategy that frees them then; others ignore it.
    pub deaths: Option<Arc<Deaths>>,
}

impl HeapConfig {
    /// Refuses keys that the strategy does not know.
    ///
    /// # Errors
    /// The first unknown key.
    pub fn expect_keys(&self, known: &[&str]) -> Result<(), HeapError> {
        match self.settings.iter().find(|(key, _)| !known.contains(&key.as_str())) {
            None => Ok(()),
            Some((key, _)) => Err(HeapError::Unknown {
                part: "key",
                given: key.clone(),
                known: known.iter().map(|k| k.to_string()).collect(),
            }),
        }
    }

    /// Refuses policies that the strategy does not know.
    ///
    /// # Errors
    /// An unknown policy.
    pub fn expect_policy(&self, known: &[&str]) -> Result<(), HeapError> {
        match &self.policy {
            Some(policy) if !known.contains(&policy.as_str()) => Err(HeapError::Unknown {
                part: "policy",
                given: policy.clone(),
                known: known.iter().map(|k| k.to_string()).collect(),
            }),
            _ => Ok(()),
        }
    }

    /// Refuses a limit under which not even one object fits.
    ///
    /// # Errors
    /// A limit under 64 bytes.
    pub fn expect_limit(&self) -> Result<(), HeapError> {
        match self.limit {
            Some(limit) if limit < 64 => Err(HeapError::Invalid {
                key: "limit".to_string(),
                given: limit.to_string(),
                expected: "at least 64 bytes: one object".to_string(),
            }),
            _ => Ok(()),
        }
    }

    /// The text of a setting.
    pub fn text(&self, key: &str) -> Option<&str> {
        self.settings.iter().rev().find(|(k, _)| k == key).map(|(_, value)| value.as_str())
    }

    /// A setting's value, `None` when it was not given.
    ///
    /// # Errors
    /// A value that is not of the type; `expected` says what would be.
    pub fn setting<T: FromStr>(&self, key: &str, expected: &str) -> Result<Option<T>, HeapError> {
        let Some(text) = self.text(key) else { return Ok(None) };
        let invalid = || HeapError::Invalid {
            key: key.to_string(),
            given: text.to_string(),
            expected: expected.to_string(),
        };
        text.parse().map(Some).map_err(|_| invalid())
    }
}

/// Reads a size: digits, then nothing, `KiB`, `MiB` or `GiB`. At most 2^40 bytes.
///
/// ```
/// use heapbench_heap::configuration::parse_size;
/// assert_eq!(parse_size("64MiB"), Some(64 << 20));
/// assert_eq!(parse_size("2TiB"), None);
/// ```
pub fn parse_size(text: &str) -> Option<usize> {
    let digits = text.len() - text.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    let unit = match &text[digits..] {
        "" => 1,
        "KiB" => 1 << 10,
        "MiB" => 1 << 20,
        "GiB" => 1 << 30,
        _ => return None,
    };
    text[..digits].parse::<usize>().ok()?.checked_mul(unit).filter(|bytes| *bytes <= 1 << 40)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_survives_a_round_trip() {
        for text in ["bump", "refcount+mimalloc", "a@1+m:x=1,y=2", "mark-sweep:heap=2x"] {
            assert_eq!(text.parse::<Configuration>().unwrap().to_string(), text);
        }
    }

    #[test]
    fn malformed_text_names_its_column() {
        for (text, column) in
            [("", 1), ("@3", 1), ("a@", 3), ("a+", 3), ("a:k", 3), ("a:k=1,", 7), ("a:=1", 3)]
        {
            match text.parse::<Configuration>() {
                Err(HeapError::Malformed { column: c, .. }) => assert_eq!(c, column, "{text}"),
                other => panic!("{text}: {other:?}"),
            }
        }
    }
}
