//! When to collect: the heap sizing policy.
//!
//! `heap=2x` (the default, with `min=4MiB`): when allocation has brought the heap to twice the bytes that the last
//! collection left alive, and to `min` at least. `heap=64MiB`: only when an allocation would take more than that
//! from the system, metadata included. The measure of the first is bytes allocated, not the live bytes of the
//! moment: an item buffer that a list has outgrown is reused after the next collection only.

use crate::size_class::UNIT;
use heapbench_heap::configuration::parse_size;
use heapbench_heap::{HeapConfig, HeapError};

const DEFAULT_LEAST: usize = 4 << 20;

#[derive(Clone, Copy, Debug, PartialEq)]
enum Policy {
    Fixed,
    Proportional { factor: f64, least: usize },
}

/// The policy and when it is due next.
#[derive(Clone, Debug)]
pub(crate) struct Sizing {
    policy: Policy,
    /// The limit that the policy itself sets, in bytes held.
    pub(crate) limit: Option<usize>,
    /// A collection is due when the bytes allocated since the heap was made reach this.
    due_at: u64,
    planned: usize,
}

impl Sizing {
    /// Reads `heap` and `min`.
    pub(crate) fn from_config(config: &HeapConfig) -> Result<Sizing, HeapError> {
        let invalid = |key: &str, given: &str, expected: &str| HeapError::Invalid {
            key: key.to_string(),
            given: given.to_string(),
            expected: expected.to_string(),
        };
        let least = config.text("min").map(|given| match parse_size(given) {
            Some(bytes) if bytes >= UNIT => Ok(bytes),
            _ => Err(invalid("min", given, "a size of at least 4KiB, such as 4MiB")),
        });
        let least = least.transpose()?;
        let text = config.text("heap").unwrap_or("2x");
        let refused =
            || invalid("heap", text, "a factor over 1 and up to 1000 such as 2x, or a size such as 64MiB");
        let (policy, limit) = match (text.strip_suffix('x'), parse_size(text)) {
            (Some(factor), _) => match factor.parse::<f64>() {
                Ok(factor) if factor > 1.0 && factor <= 1000.0 => {
                    (Policy::Proportional { factor, least: least.unwrap_or(DEFAULT_LEAST) }, None)
                }
                _ => return Err(refused()),
            },
            (None, Some(bytes)) => match (least, config.text("min")) {
                (Some(_), Some(given)) => {
                    return Err(invalid("min", given, "no min beside a fixed heap size"));
                }
                _ => (Policy::Fixed, Some(bytes)),
            },
            (None, None) => return Err(refused()),
        };
        let mut sizing = Sizing { policy, limit, due_at: 0, planned: 0 };
        sizing.restart(0, 0);
        Ok(sizing)
    }

    /// Whether a collection is due when `allocated` bytes have been allocated in all.
    #[inline]
    pub(crate) fn is_due(&self, allocated: u64) -> bool {
        allocated >= self.due_at
    }

    /// A collection left `live` bytes. Gives the bytes of heap that are worth keeping: what the next cycle is
    /// planned with, or the last one was, so that a heap that swings does not give back what it takes again.
    pub(crate) fn restart(&mut self, live: usize, allocated: u64) -> usize {
        let planned = match self.policy {
            Policy::Fixed => usize::MAX,
            Policy::Proportional { factor, least } => ((live as f64 * factor) as usize).max(least),
        };
        // A factor of hardly over 1 must not make a collection due that has just been.
        let due_after = planned.saturating_sub(live).max(UNIT);
        self.due_at = allocated.saturating_add(due_after as u64);
        std::mem::replace(&mut self.planned, planned).max(planned)
    }

    /// `bytes` went back to the system's pages outside a collection: that much more may be allocated.
    pub(crate) fn credit(&mut self, bytes: usize) {
        self.due_at = self.due_at.saturating_add(bytes as u64);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sizing(text: &str) -> Result<Sizing, HeapError> {
        let settings = text.split_terminator(',').map(|part| {
            let (key, value) = part.split_once('=').unwrap();
            (key.to_string(), value.to_string())
        });
        Sizing::from_config(&HeapConfig { settings: settings.collect(), ..HeapConfig::default() })
    }

    #[test]
    fn settings_are_read() {
        let default = Policy::Proportional { factor: 2.0, least: 4 << 20 };
        assert_eq!(sizing("").unwrap().policy, default);
        let other = Policy::Proportional { factor: 1.5, least: 65536 };
        assert_eq!(sizing("heap=1.5x,min=64KiB").unwrap().policy, other);
        assert_eq!(sizing("heap=64MiB").unwrap().limit, Some(64 << 20));
        for text in
            ["heap=1x", "heap=NaNx", "heap=x", "heap=-2x", "heap=infx", "heap=2", "heap=2TiB", "min=1"]
        {
            assert!(sizing(text).is_err() || text == "heap=2", "{text}");
        }
        assert!(sizing("heap=64MiB,min=1MiB").is_err());
    }

    #[test]
    fn a_collection_makes_no_other_due() {
        let mut sizing = sizing("heap=1.0000001x,min=4KiB").unwrap();
        sizing.restart(1 << 20, 1 << 20);
        assert!(!sizing.is_due(1 << 20) && sizing.is_due((1 << 20) + UNIT as u64));
    }

    #[test]
    fn due_when_the_factor_is_reached() {
        let mut sizing = sizing("heap=2x,min=1MiB").unwrap();
        assert!(!sizing.is_due((1 << 20) - 1) && sizing.is_due(1 << 20));
        assert_eq!(sizing.restart(3 << 20, 10 << 20), 6 << 20);
        assert_eq!(sizing.clone().restart(0, 0), 6 << 20, "kept for one cycle more");
        assert!(!sizing.is_due((13 << 20) - 1) && sizing.is_due(13 << 20));
        sizing.credit(100);
        assert!(!sizing.is_due(13 << 20) && sizing.is_due((13 << 20) + 100));
    }
}
