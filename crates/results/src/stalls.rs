//! The machine's own stalls during a cell, as a record keeps them.

use serde::{Deserialize, Serialize};

/// What the machine did meanwhile that was not the cell's doing. Counts of the timed stretch.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stalls {
    /// Times the process gave the processor away.
    pub voluntary_switches: u64,
    /// Times the processor was taken from it.
    pub involuntary_switches: u64,
    /// Times it went on on another processor.
    pub migrations: u64,
    /// Page faults that needed no disk.
    pub minor_faults: u64,
    /// Page faults that waited for a disk.
    pub major_faults: u64,
    /// Nanoseconds in which it was ready and did not run.
    pub waiting_ns: u64,
    /// Nanoseconds that a hypervisor took from all processors.
    pub stolen_ns: u64,
    /// Pauses during which the processor was taken away.
    pub tainted_pauses: u64,
    /// Readings of the clock that were not later than the one before.
    #[serde(default)]
    pub clock_repeats: u64,
}
