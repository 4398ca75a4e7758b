//! Parameters, checked and typed.

use crate::definition::Definition;
use crate::error::WorkloadError;
use serde_json::Value;
use std::collections::BTreeMap;
use std::ops::RangeInclusive;

/// The value of each parameter, by name.
pub type Parameters = BTreeMap<String, Value>;

/// Reads the parameters of one workload.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Reader<'a> {
    pub(crate) definition: &'a Definition,
    pub(crate) values: &'a Parameters,
}

impl Reader<'_> {
    fn get<T>(
        &self,
        key: &str,
        expected: impl FnOnce() -> String,
        read: impl FnOnce(&Value) -> Option<T>,
    ) -> Result<T, WorkloadError> {
        let value = self.values.get(key);
        value.and_then(read).ok_or_else(|| {
            let given = value.map_or("(none)".to_string(), Value::to_string);
            self.definition.invalid(key, &given, expected())
        })
    }

    /// A whole number in a range.
    pub(crate) fn count(&self, key: &str, range: RangeInclusive<u32>) -> Result<u32, WorkloadError> {
        let expected = || format!("a whole number from {} to {}", range.start(), range.end());
        let read = |value: &Value| value.as_u64()?.try_into().ok().filter(|count| range.contains(count));
        self.get(key, expected, read)
    }

    /// A finite number in a range.
    pub(crate) fn number(&self, key: &str, range: RangeInclusive<f64>) -> Result<f64, WorkloadError> {
        let expected = || format!("a number from {} to {}", range.start(), range.end());
        self.get(key, expected, |value| value.as_f64().filter(|number| range.contains(number)))
    }

    /// A truth value.
    pub(crate) fn flag(&self, key: &str) -> Result<bool, WorkloadError> {
        self.get(key, || "true or false".to_string(), Value::as_bool)
    }

    /// Text.
    pub(crate) fn text(&self, key: &str) -> Result<String, WorkloadError> {
        self.get(key, || "text".to_string(), |value| value.as_str().map(str::to_string))
    }

    /// The error of a parameter that does not fit another one.
    pub(crate) fn invalid(&self, key: &str, expected: impl Into<String>) -> WorkloadError {
        let given = self.values.get(key).map_or("(none)".to_string(), Value::to_string);
        self.definition.invalid(key, &given, expected)
    }
}
