//! Out of memory at every point: the k-th request fails, for k = 1, 2, … until a run in which none did.
//!
//! As SQLite's tests do it (its page on testing): every request fails once by itself, and once with all that follow.
//! A heap that is refused memory must answer so, without an effect, stay intact, and go on when memory is given back:
//! each run performs random operations while requests fail, more when they no longer do, lets go of everything, and
//! compares with the model throughout.

use heapbench_heap::{Heap, HeapConfig, Introspect};
use heapbench_memory::injection::{self, Request};

use crate::check::check;
use crate::operation::Injection;
use crate::{Deaths, Operation, Plan, Violation};

/// Every k up to this; from there on steps of 1 in so many. A run asks for objects by the hundred.
const DENSE: u64 = 128;

/// What was tried.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Exhaustion {
    /// Runs in which requests failed, by what was asked for: objects, blocks, metadata.
    pub runs: [u64; 3],
    /// Requests that failed.
    pub struck: u64,
    /// Operations that failed of it.
    pub out_of_memory: u64,
    /// Those inside finalizers and callbacks.
    pub out_of_memory_in_hooks: u64,
    /// Heaps that could not be made.
    pub not_made: u64,
}

/// Runs a plan of random operations with failing requests, at every point and of every kind.
///
/// # Errors
/// The first violation of the contract, with a shrunk list of operations that replays one.
pub fn check_exhaustion<H: Heap<Recorder = Deaths> + Introspect>(
    config: &HeapConfig,
    plan: &Plan,
) -> Result<Exhaustion, Box<Violation>> {
    let mut total = Exhaustion::default();
    for (place, request) in [Request::Object, Request::Block, Request::Metadata].into_iter().enumerate() {
        for forever in [false, true] {
            total.not_made += refused_heaps::<H>(config, request, forever, plan)?;
            let mut number = 1;
            loop {
                let report = check::<H>(config, plan, Some(Injection { request, number, forever }))?;
                if report.struck == 0 {
                    break;
                }
                total.runs[place] += 1;
                total.struck += report.struck;
                total.out_of_memory += report.out_of_memory;
                total.out_of_memory_in_hooks += report.out_of_memory_in_hooks;
                number += 1 + number / DENSE;
            }
        }
    }
    Ok(total)
}

/// Makes heaps while requests fail, until one is made without a failure: how many were refused. A heap that cannot be
/// made says so.
fn refused_heaps<H: Heap<Recorder = Deaths>>(
    config: &HeapConfig,
    request: Request,
    forever: bool,
    plan: &Plan,
) -> Result<u64, Box<Violation>> {
    let mut refused = 0;
    for number in 1.. {
        injection::arm(request, number, forever);
        let made = H::new(config, Deaths::default()).map(|_| ());
        let struck = injection::disarm();
        match made {
            Ok(()) if struck == 0 => break,
            Ok(()) => {}
            Err(_) if struck > 0 => refused += 1,
            Err(error) => {
                let difference = ("a heap, where no request failed".to_string(), error.to_string());
                return Err(Box::new(Violation::of_heap(plan, Operation::Prepare, difference)));
            }
        }
    }
    Ok(refused)
}
