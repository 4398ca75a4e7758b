//! Memory some time after a program has let go of everything: what a manager sits on while its process idles.
//!
//! Nothing is called meanwhile: no collection, no trim, and no allocation that would make an allocator look at its own
//! timers. A server that idles calls nothing either, so a manager that gives memory back only when it is called keeps it.

use crate::measuring::Measuring;
use heapbench_heap::Heap;
use heapbench_results::Drained;
use std::thread::sleep;
use std::time::{Duration, Instant};

/// When memory is looked at, in milliseconds after the program's end.
pub const AFTER_MS: [u32; 3] = [100, 1000, 5000];

/// Waits, and looks. The program has returned, and `finish` has been called.
pub fn drained<H: Heap<Recorder = Measuring>>(heap: &H) -> Vec<Drained> {
    let end = Instant::now();
    let look = |after_ms: u32| {
        sleep(Duration::from_millis(u64::from(after_ms)).saturating_sub(end.elapsed()));
        // The resident set first: to ask some sources what they hold takes a little memory.
        let rss = heap.recorder().resident_bytes();
        let now = heap.footprint();
        Drained { after_ms, live: now.live_bytes as u64, held: now.held_bytes as u64, rss }
    };
    AFTER_MS.map(look).into()
}
