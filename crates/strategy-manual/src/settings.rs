//! The keys of the configuration text.

use heapbench_heap::{HeapConfig, HeapError};
use heapbench_memory::object::WORD;

/// The most padding of each of the two kinds.
const MOST_PADDING: usize = 64;

/// What is done with the schedule of deaths.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Use {
    /// The dead are freed.
    #[default]
    Follow,
    /// They are looked up, and nothing is freed.
    Walk,
    /// It is not looked at.
    Ignore,
}

/// The settings.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Settings {
    /// `schedule`.
    pub(crate) schedule: Use,
    /// `check`: each free is proven first.
    pub(crate) check: bool,
    /// `header`: bytes in front of every object.
    header: usize,
    /// `container-header`: bytes in front of those that can hold references, besides.
    container_header: usize,
}

impl Settings {
    /// Reads them.
    ///
    /// # Errors
    /// A key that is not known, a value that does not fit.
    pub(crate) fn new(config: &HeapConfig) -> Result<Settings, HeapError> {
        config.expect_keys(&["check", "container-header", "header", "schedule"])?;
        Ok(Settings {
            schedule: choice(
                config,
                "schedule",
                &[("follow", Use::Follow), ("walk", Use::Walk), ("ignore", Use::Ignore)],
            )?,
            check: choice(config, "check", &[("no", false), ("yes", true)])?,
            header: padding(config, "header")?,
            container_header: padding(config, "container-header")?,
        })
    }

    /// Bytes in front of an object's header.
    #[inline(always)]
    pub(crate) fn prefix(&self, is_leaf: bool) -> usize {
        if is_leaf { self.header } else { self.header + self.container_header }
    }
}

/// A value by its word; the first one where none is given.
fn choice<T: Copy>(config: &HeapConfig, key: &str, words: &[(&str, T)]) -> Result<T, HeapError> {
    let given = config.text(key).unwrap_or(words[0].0);
    words.iter().find(|(word, _)| *word == given).map(|(_, value)| *value).ok_or_else(|| HeapError::Invalid {
        key: key.to_string(),
        given: given.to_string(),
        expected: words.iter().map(|(word, _)| *word).collect::<Vec<_>>().join(" or "),
    })
}

fn padding(config: &HeapConfig, key: &str) -> Result<usize, HeapError> {
    let expected = format!("a multiple of {WORD} up to {MOST_PADDING}");
    let bytes = config.setting::<usize>(key, &expected)?.unwrap_or(0);
    if bytes <= MOST_PADDING && bytes.is_multiple_of(WORD) {
        return Ok(bytes);
    }
    Err(HeapError::Invalid { key: key.to_string(), given: bytes.to_string(), expected })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(text: &[(&str, &str)]) -> Result<Settings, String> {
        let settings = text.iter().map(|(key, value)| (key.to_string(), value.to_string())).collect();
        Settings::new(&HeapConfig { settings, ..HeapConfig::default() }).map_err(|error| error.to_string())
    }

    #[test]
    fn padding_of_containers_comes_on_top() {
        let none = settings(&[]).unwrap();
        assert_eq!((none.prefix(true), none.prefix(false), none.schedule), (0, 0, Use::Follow));
        let padded = settings(&[("header", "8"), ("container-header", "16"), ("schedule", "walk")]).unwrap();
        assert_eq!((padded.prefix(true), padded.prefix(false), padded.schedule), (8, 24, Use::Walk));
    }

    #[test]
    fn what_does_not_fit_is_told_in_a_line() {
        for (key, value, expected) in [
            ("header", "12", "a multiple of 8 up to 64"),
            ("container-header", "72", "a multiple of 8 up to 64"),
            ("header", "-8", "a multiple of 8 up to 64"),
            ("schedule", "guess", "follow or walk or ignore"),
            ("check", "true", "no or yes"),
        ] {
            let told = settings(&[(key, value)]).unwrap_err();
            assert_eq!(told, format!("invalid value '{value}' of {key}, expected {expected}"));
        }
    }
}
