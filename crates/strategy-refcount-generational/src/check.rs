//! The invariants of the collector, checked over its lists by walks of its own.
//!
//! A list whose links lead back to where they come from has each container once, and no other such list has it: so what
//! is left to check is that lists hold live containers only, and that they hold as many as say that they are tracked.

#[cfg(test)]
mod tests;

use crate::head::{self, List};
use crate::{Generations, Widths};
use heapbench_heap::{Corruption, Kind, Level, Recorder};
use heapbench_memory::{Flag, MemorySource, Ref};
use heapbench_strategy_refcount::{RefCount, count};

type Checked = Result<(), Corruption>;

fn expect(holds: bool, what: impl FnOnce() -> String) -> Checked {
    if holds { Ok(()) } else { Err(Corruption::new(what())) }
}

/// Checks the counts at every level, and invariants 1 to 3 of the crate's header at the highest.
pub(crate) fn verify<W: Widths, M: MemorySource, R: Recorder>(
    heap: &RefCount<Generations<W>, M, R>,
    level: Level,
) -> Checked {
    check_counts(heap)?;
    if level < Level::Exact {
        return Ok(());
    }
    let collector = &heap.collector;
    let generations = collector.generations.iter().zip(["generation 0", "generation 1", "generation 2"]);
    let mut listed = 0;
    for (list, name) in generations.chain([(&collector.permanent, "the frozen")]) {
        listed += check_list(heap, list, name, false)?;
    }
    for (list, name) in [(&collector.unreachable, "the unreachable"), (&collector.finalized, "the finalized")]
    {
        let found = check_list(heap, list, name, true)?;
        expect(found == 0 || collector.collecting, || {
            format!("containers of {name} between collections: expected 0, found {found}")
        })?;
        listed += found;
    }
    let noted = collector.scratch.containers.len();
    expect(noted == 0 || collector.collecting, || {
        format!("noted containers between collections: expected 0, found {noted}")
    })?;
    let mut tracked = 0;
    for container in heap.census().filter(|object| !object.is_leaf()) {
        if head::is_tracked(container) {
            tracked += 1;
        } else {
            check_untracked::<W>(container)?;
        }
    }
    expect(!R::OBJECTS || tracked == listed, || {
        format!("tracked containers: expected {listed} as listed, found {tracked}")
    })
}

/// What `gc` tells of counts, thresholds and collections agrees with the heap's counters.
fn check_counts<W: Widths, M: MemorySource, R: Recorder>(heap: &RefCount<Generations<W>, M, R>) -> Checked {
    let (policy, counters) = (&heap.collector.policy, &heap.counters);
    let [young, middle, _] = counters.collections;
    // A collection inside an allocation, whose hook is under way, counts the block of the object that is not there yet.
    let on_its_way = u64::from(!heap.is_between_operations());
    let bounds = [
        ("count of generation 0", policy.counts[0], counters.objects_allocated + on_its_way),
        ("count of generation 1", policy.counts[1], young),
        ("count of generation 2", policy.counts[2], middle),
        ("long-lived objects", policy.long_lived_total, counters.objects_allocated),
    ];
    for (what, found, bound) in bounds {
        expect(found <= bound, || format!("{what}: expected at most {bound}, found {found}"))?;
    }
    let (expected, found) = (policy.triggers(), (policy.trigger, policy.inside));
    expect(found == expected, || format!("triggers of collections: expected {expected:?}, found {found:?}"))?;
    let found = policy.stats.map(|stats| stats.collections);
    expect(found == counters.collections || heap.collector.collecting, || {
        format!("collections: expected {:?} as counted, found {found:?}", counters.collections)
    })
}

/// Follows a list and counts its containers.
fn check_list<W: Widths, M: MemorySource, R: Recorder>(
    heap: &RefCount<Generations<W>, M, R>,
    list: &List,
    name: &str,
    collecting: bool,
) -> Result<u64, Corruption> {
    let mut containers = 0;
    for link in list.links() {
        if let Some(container) = link.container {
            expect(heap.knows(container), || {
                format!("entry {containers} of {name}: expected a live container, found {container:?}")
            })?;
            expect(!container.is_leaf(), || {
                let kind = container.kind().name();
                format!("entry {containers} of {name}: expected a container, found {container:?} ({kind})")
            })?;
            expect(head::is_collecting(container) == collecting, || {
                format!(
                    "{container:?} in {name}: expected marked as collecting {collecting}, found {}",
                    !collecting
                )
            })?;
        }
        expect(link.is_mutual(), || {
            format!(
                "entry {containers} of {name}: expected links both ways, found {:?} linked one way",
                link.container
            )
        })?;
        containers += u64::from(link.container.is_some());
    }
    Ok(containers)
}

/// What no list has must not be able to close a cycle that is ever freed.
fn check_untracked<W: Widths>(container: Ref) -> Checked {
    let holds_container =
        || container.slots().iter().filter_map(|slot| slot.get()).any(|child| !child.is_leaf());
    let may_be = matches!(container.kind(), Kind::Tuple | Kind::Dict)
        && !container.has(Flag::Attached)
        && !holds_container();
    expect(may_be || count::is_stuck(container, W::SATURATED), || {
        format!("{container:?} ({}): expected in a list, found untracked", container.kind().name())
    })
}
