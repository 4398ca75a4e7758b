//! The settings of a configuration, read and refused.
//!
//! | key | value | default |
//! |---|---|---|
//! | `heap`, `min` | when to collect, see `sizing` | `2x`, `4MiB` |
//! | `block` | size of a block of small cells, 4KiB to 1MiB; blocks of larger cells are four times that | `16KiB` |
//! | `queue` | entries that the mark queue may have, see `mark` | no bound |
//! | `poison` | `yes`: free memory has a known content, which is checked, see `poison` | `no` |
//! | `guard` | `yes`: each object on pages of its own, see `guard` | `no` |
//!
//! The last three are for proof: none costs anything where it is not given.

use crate::size_class::{BlockSize, CLASSES, UNIT};
use crate::sizing::Sizing;
use heapbench_heap::configuration::parse_size;
use heapbench_heap::{HeapConfig, HeapError};

const KEYS: [&str; 6] = ["heap", "min", "block", "queue", "poison", "guard"];

/// Bytes of the tables and bitmaps that a heap starts with, at most.
const TABLES: usize = 64 << 10;

/// What a heap is made with.
#[derive(Clone, Debug)]
pub(crate) struct Settings {
    pub(crate) sizing: Sizing,
    pub(crate) block_size: BlockSize,
    pub(crate) queue: usize,
    pub(crate) poison: bool,
    pub(crate) guard: bool,
}

impl Settings {
    /// Reads the settings.
    ///
    /// # Errors
    /// A policy, an unknown key, a value that does not fit, a limit under which no block fits.
    pub(crate) fn from_config(config: &HeapConfig) -> Result<Settings, HeapError> {
        config.expect_policy(&[])?;
        config.expect_keys(&KEYS)?;
        let settings = Settings {
            sizing: Sizing::from_config(config)?,
            block_size: block_size(config)?,
            queue: queue(config)?,
            poison: is_on(config, "poison")?,
            guard: is_on(config, "guard")?,
        };
        let least = settings.block_size.units(CLASSES - 1) * UNIT + TABLES;
        for (key, limit) in [("heap", settings.sizing.limit), ("limit", config.limit)] {
            if let Some(limit) = limit.filter(|limit| *limit < least) {
                let expected = format!("at least {}KiB: one block and its tables", least >> 10);
                return Err(HeapError::Invalid { key: key.to_string(), given: limit.to_string(), expected });
            }
        }
        Ok(settings)
    }
}

fn invalid(key: &str, given: &str, expected: &str) -> HeapError {
    HeapError::Invalid { key: key.to_string(), given: given.to_string(), expected: expected.to_string() }
}

fn block_size(config: &HeapConfig) -> Result<BlockSize, HeapError> {
    let Some(given) = config.text("block") else { return Ok(BlockSize::DEFAULT) };
    match parse_size(given) {
        Some(bytes) if bytes.is_multiple_of(UNIT) && (UNIT..=1 << 20).contains(&bytes) => {
            Ok(BlockSize { small: bytes / UNIT })
        }
        _ => Err(invalid("block", given, "a multiple of 4KiB up to 1MiB, such as 16KiB")),
    }
}

fn queue(config: &HeapConfig) -> Result<usize, HeapError> {
    let expected = "a number of entries from 1 to 4294967295";
    let Some(given) = config.setting::<u32>("queue", expected)? else { return Ok(usize::MAX) };
    if given == 0 { Err(invalid("queue", "0", expected)) } else { Ok(given as usize) }
}

fn is_on(config: &HeapConfig, key: &str) -> Result<bool, HeapError> {
    match config.text(key) {
        Some("yes") => Ok(true),
        None | Some("no") => Ok(false),
        Some(given) => Err(invalid(key, given, "yes or no")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(text: &str, limit: Option<usize>) -> Result<Settings, HeapError> {
        let parts = text.split_terminator(',').map(|part| part.split_once('=').unwrap());
        let settings = parts.map(|(key, value)| (key.to_string(), value.to_string())).collect();
        Settings::from_config(&HeapConfig { settings, limit, ..HeapConfig::default() })
    }

    #[test]
    fn settings_are_read() {
        let given = settings("block=4KiB,queue=1,poison=yes,guard=no", None).unwrap();
        assert_eq!((given.block_size.small, given.queue, given.poison, given.guard), (1, 1, true, false));
        let none = settings("", None).unwrap();
        assert_eq!((none.block_size, none.queue), (BlockSize::DEFAULT, usize::MAX));
        assert!(!none.poison && !none.guard);
        assert!(settings("block=4KiB", Some(80 << 10)).is_ok());
    }

    #[test]
    fn nonsense_is_refused_in_one_line() {
        for (text, limit, speaks_of) in [
            ("block=5KiB", None, "multiple of 4KiB"),
            ("block=0", None, "multiple of 4KiB"),
            ("block=2MiB", None, "up to 1MiB"),
            ("queue=0", None, "from 1"),
            ("queue=-1", None, "from 1"),
            ("queue=4294967296", None, "from 1"),
            ("poison=maybe", None, "yes or no"),
            ("guard=1", None, "yes or no"),
            ("quard=yes", None, "unknown key"),
            ("", Some(100 << 10), "at least 128KiB"),
            ("block=1MiB", Some(1 << 20), "at least 4160KiB"),
            ("heap=127KiB", None, "at least 128KiB"),
        ] {
            let refused = settings(text, limit).expect_err(text).to_string();
            assert!(refused.contains(speaks_of) && !refused.contains('\n'), "{text}: {refused}");
        }
    }
}
