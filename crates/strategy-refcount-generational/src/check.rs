//! The invariants of the collector, checked over its lists by a walk of its own.

use crate::{Generations, head};
use heapbench_heap::{Corruption, Recorder};
use heapbench_memory::{Flag, MemorySource, Ref};
use heapbench_strategy_refcount::{RefCount, count};
use std::collections::HashSet;

/// Checks invariants 1 to 3 of the crate's header.
pub(crate) fn verify<M: MemorySource, R: Recorder>(
    heap: &RefCount<Generations, M, R>,
) -> Result<(), Corruption> {
    let collector = &heap.collector;
    let mut tracked = HashSet::new();
    let lists = [
        ("generation", &collector.generations[..]),
        ("permanent", std::slice::from_ref(&collector.permanent)),
    ];
    for (name, lists) in lists {
        for (i, list) in lists.iter().enumerate() {
            if !list.is_consistent() {
                return Err(Corruption::new(format!("{name} list {i}: prev and next disagree")));
            }
            for container in list.iter() {
                if !tracked.insert(container) {
                    return Err(Corruption::new(format!("{container:?} is in two lists, or in one twice")));
                }
                check_tracked(heap, container)?;
            }
        }
    }
    if !collector.collecting && !collector.unreachable.is_empty() {
        return Err(Corruption::new("the unreachable list has entries between collections, expected none"));
    }
    let containers = heap.census().filter(|object| !object.is_leaf());
    containers
        .filter(|container| !tracked.contains(container))
        .try_for_each(|c| check_untracked(collector, c))
}

fn check_tracked<M: MemorySource, R: Recorder>(
    heap: &RefCount<Generations, M, R>,
    container: Ref,
) -> Result<(), Corruption> {
    if !heap.knows(container) {
        return Err(Corruption::new(format!("{container:?} is tracked but not alive")));
    }
    if container.is_leaf() {
        return Err(Corruption::new(format!(
            "{container:?} is tracked, but {} is a leaf",
            container.kind().name()
        )));
    }
    if head::is_collecting(container) && !heap.collector.collecting {
        return Err(Corruption::new(format!("{container:?} is marked as collecting between collections")));
    }
    Ok(())
}

/// What no list has must not be able to close a cycle.
fn check_untracked(collector: &Generations, container: Ref) -> Result<(), Corruption> {
    if count::is_immortal(container) || collector.collecting {
        return Ok(());
    }
    let holds_container =
        container.slots().iter().filter_map(|slot| slot.get()).any(|child| !child.is_leaf());
    if head::is_tracked(container) || holds_container || container.has(Flag::Attached) {
        let kind = container.kind().name();
        return Err(Corruption::new(format!(
            "{container:?} ({kind}) is in no list, expected in a generation's"
        )));
    }
    Ok(())
}
