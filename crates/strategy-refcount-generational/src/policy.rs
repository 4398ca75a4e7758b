//! When to collect which generation: CPython's thresholds and its 25 % rule, by version.

use heapbench_heap::{GenerationStats, HeapConfig, HeapError};

/// Counts and thresholds.
#[derive(Clone, Debug)]
pub struct Policy {
    /// `gc.get_threshold()`; a first one of zero turns automatic collections off.
    pub thresholds: [u32; 3],
    /// `gc.get_count()`: containers allocated less freed since the last collection; collections of generation 0
    /// since the last of 1; of 1 since the last of 2.
    pub counts: [u64; 3],
    /// `gc.isenabled()`.
    pub enabled: bool,
    /// Survivors of middle collections since the last full one.
    pub long_lived_pending: u64,
    /// Survivors of the last full collection.
    pub long_lived_total: u64,
    /// `gc.get_stats()`.
    pub stats: [GenerationStats; 3],
    /// More allocations than this, and a collection is due at the next safe point.
    pub trigger: u64,
}

impl Policy {
    /// The policies by name; the first is the default.
    pub const NAMES: [&'static str; 1] = ["3.13"];
    /// Setting keys.
    pub const KEYS: [&'static str; 4] = ["threshold0", "threshold1", "threshold2", "disabled"];
    /// CPython 3.13, and 3.14.5 and 3.15 again.
    const THRESHOLDS_3_13: [u32; 3] = [2000, 10, 10];

    /// The policy as configured.
    ///
    /// # Errors
    /// An unknown policy or key, or a value that does not fit.
    pub fn new(config: &HeapConfig) -> Result<Policy, HeapError> {
        config.expect_policy(&Self::NAMES)?;
        config.expect_keys(&Self::KEYS)?;
        let mut thresholds = Self::THRESHOLDS_3_13;
        for (threshold, key) in thresholds.iter_mut().zip(Self::KEYS) {
            if let Some(value) = config.setting::<i32>(key, "a number from 0 to 2147483647")? {
                *threshold = u32::try_from(value).map_err(|_| HeapError::Invalid {
                    key: key.to_string(),
                    given: value.to_string(),
                    expected: "a number from 0 to 2147483647".to_string(),
                })?;
            }
        }
        let disabled = config.setting("disabled", "true or false")?.unwrap_or(false);
        let mut policy = Policy {
            thresholds,
            counts: [0; 3],
            enabled: !disabled,
            long_lived_pending: 0,
            long_lived_total: 0,
            stats: Default::default(),
            trigger: 0,
        };
        policy.update_trigger();
        Ok(policy)
    }

    /// Follows a change of `enabled` or `thresholds`.
    pub fn update_trigger(&mut self) {
        let automatic = self.enabled && self.thresholds[0] > 0;
        self.trigger = if automatic { u64::from(self.thresholds[0]) } else { u64::MAX };
    }

    /// The oldest generation that is over its threshold. A full collection also waits until the objects that would
    /// be new to it are a quarter of those that are not, so that its cost stays linear in a growing heap.
    pub fn due_generation(&self) -> Option<u8> {
        (0..3u8).rev().find(|&generation| {
            let i = usize::from(generation);
            self.counts[i] > u64::from(self.thresholds[i])
                && (generation < 2 || self.long_lived_pending >= self.long_lived_total / 4)
        })
    }

    /// A collection of a generation begins.
    pub fn begin(&mut self, generation: usize) {
        if generation < 2 {
            self.counts[generation + 1] += 1;
        }
        self.counts[..=generation].fill(0);
    }

    /// A collection of a generation kept `survivors` containers.
    pub fn survived(&mut self, generation: usize, survivors: u64) {
        match generation {
            0 => {}
            1 => self.long_lived_pending += survivors,
            _ => {
                self.long_lived_pending = 0;
                self.long_lived_total = survivors;
            }
        }
    }
}
