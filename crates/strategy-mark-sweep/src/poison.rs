//! Poison: free memory has a known content, so that a write to it shows (`poison=yes`, for proof).
//!
//! Cells and runs that are reclaimed are filled with one byte, new blocks with another. Either must still be there
//! when a cell is handed out, and whenever the verifier looks. What is found wrong at handing out is kept for the
//! verifier, because an allocation has no way to say it. In this mode cells are handed out one at a time by the slow
//! path (`Space::singly`), so that the fast path needs no test.

use crate::size_class::{GRANULE, UNIT};
use heapbench_memory::sanitizer;
use std::ptr::NonNull;

/// The content of what was reclaimed.
pub(crate) const FREED: u8 = 0xDD;
/// The content of what was never handed out.
pub(crate) const FRESH: u8 = 0xCD;

/// What was found when memory was handed out.
#[derive(Debug, Default)]
pub(crate) struct Poison {
    /// The first write to free memory.
    pub(crate) damage: Option<String>,
}

impl Poison {
    /// Free memory is about to be handed out: it must be as it was filled.
    pub(crate) fn expect_untouched(&mut self, start: NonNull<u8>, bytes: usize, contents: &[u8]) {
        if self.damage.is_none() {
            self.damage = touched(start, bytes, contents);
        }
    }

    /// A run of units is about to be handed out: each is as it was filled, or as it came from the system.
    pub(crate) fn expect_untouched_units(&mut self, start: NonNull<u8>, units: usize) {
        for unit in 0..units {
            // SAFETY: only computes an address inside the run.
            self.expect_untouched(unsafe { start.add(unit * UNIT) }, UNIT, &[FREED, 0]);
        }
    }
}

/// Fills free memory, which the caller owns.
///
/// # Safety
/// The bytes are mapped, writable, and nobody's.
pub(crate) unsafe fn fill(start: NonNull<u8>, bytes: usize, content: u8) {
    sanitizer::unpoison(start, bytes);
    // SAFETY: by the contract.
    unsafe { start.write_bytes(content, bytes) };
}

/// Says where free memory is not filled with one of `contents` throughout. The memory is mapped and nobody's; for the
/// sanitizer it is accessible afterwards.
pub(crate) fn touched(start: NonNull<u8>, bytes: usize, contents: &[u8]) -> Option<String> {
    sanitizer::unpoison(start, bytes);
    // SAFETY: free memory of the space: mapped, initialised by the system or by us, and written by nobody.
    let memory = unsafe { std::slice::from_raw_parts(start.as_ptr(), bytes) };
    let content = *contents.iter().find(|content| memory.starts_with(&[**content])).or(contents.first())?;
    // By granules, because this reads whole heaps; free memory is whole granules.
    let (granules, rest) = memory.as_chunks::<GRANULE>();
    let clean =
        |granule: &[u8; GRANULE]| u128::from_ne_bytes(*granule) == u128::from_ne_bytes([content; GRANULE]);
    if rest.is_empty() && granules.iter().all(clean) {
        return None;
    }
    let place = memory.iter().position(|byte| *byte != content)?;
    let (address, found) = (start.addr().get() + place, memory[place]);
    Some(format!(
        "{address:#x}, byte {place} of free memory: expected {content:#x}, found {found:#x}: it was written to"
    ))
}
