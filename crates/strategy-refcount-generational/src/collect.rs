//! One collection, in CPython 3.13's steps (`gc_collect_main` in `Python/gc.c`).

use crate::policy::Stuck;
use crate::{Generations, Widths, head};
use heapbench_heap::{Collected, CollectionInfo, Generation, Kind, Pause, Phase, Recorder, Work};
use heapbench_memory::{Calls, Flag, MemorySource, Ref};
use heapbench_strategy_refcount::{RefCount, count};
use std::iter;

type Heap<W, M, R> = RefCount<Generations<W>, M, R>;

/// Collects a generation and the younger ones; without effect when one runs already or there is no memory for it. The
/// mutator's callbacks are called before and after it: none of their time is the collection's, and none of them collects.
pub(crate) fn collect<W: Widths, M: MemorySource, R: Recorder>(
    heap: &mut Heap<W, M, R>,
    generation: Generation,
) -> Option<Collected> {
    if heap.collector.collecting {
        return None;
    }
    heap.collector.collecting = true;
    let mut info = CollectionInfo { generation, collected: 0, uncollectable: 0 };
    heap.call_callbacks(Phase::Start, info);
    let done = note(&mut heap.collector, generation.index()).then(|| collect_noted(heap, generation));
    if let Some((_, unreachable)) = done {
        info.collected = unreachable;
    }
    heap.call_callbacks(Phase::Stop, info);
    heap.collector.collecting = false;
    done.map(|(collected, _)| collected)
}

/// Collects what is noted. What it reclaimed, and how many it found unreachable.
fn collect_noted<W: Widths, M: MemorySource, R: Recorder>(
    heap: &mut Heap<W, M, R>,
    generation: Generation,
) -> (Collected, u64) {
    let g = generation.index();
    heap.begin_pause(Pause::Collection(generation));
    let freed_before = heap.counters.objects_freed;
    heap.counters.collections[g] += 1;
    heap.collector.policy.begin(g);

    let traced = heap.collector.scratch.containers.len() as u64;
    heap.collector.scratch.deduce_unreachable();
    let Parted { survivors, mut unreachable, attached } = part(&mut heap.collector, g);
    heap.collector.policy.survived(g, survivors);
    if attached {
        clear_weak_references(heap);
        run_finalizers(heap);
        unreachable = keep_resurrected(&mut heap.collector, g);
    }
    if heap.collector.save_all {
        save_garbage(heap, g);
    } else {
        delete_garbage(heap, g);
    }
    if g == 2 {
        heap.empty_free_lists();
    }

    let freed = heap.counters.objects_freed - freed_before;
    heap.counters.objects_traced += traced;
    heap.counters.slots_traced += std::mem::take(&mut heap.collector.scratch.slots_traced);
    heap.counters.objects_collected += freed;
    let stats = &mut heap.collector.policy.stats[g];
    stats.collections += 1;
    stats.collected += unreachable;
    heap.collector.scratch.trim();
    heap.end_pause(Pause::Collection(generation), Work { traced, freed });
    (Collected { objects: freed }, unreachable)
}

/// Steps 1 and 2: notes the containers of `g` and of the younger generations, oldest first. False when there is no
/// memory to note them; nothing has changed then.
fn note<W: Widths>(collector: &mut Generations<W>, g: usize) -> bool {
    let generations = &collector.generations;
    collector.scratch.note(iter::once(&generations[g]).chain(&generations[..g])).is_ok()
}

/// Step 3's end, 4 and 5: survivors go to the older generation, in their old order, tuples and dicts that hold no
/// container untracked on the way, and what the policy says of those that are never freed; the unreachable go to a
/// list of their own and stay marked as collecting.
fn part<W: Widths>(collector: &mut Generations<W>, g: usize) -> Parted {
    collector.generations[..=g].iter().for_each(|list| list.take_all());
    let old = &collector.generations[(g + 1).min(2)];
    let mut parted = Parted { survivors: 0, unreachable: 0, attached: false };
    for container in collector.scratch.containers_ahead() {
        if head::is_collecting(container) {
            collector.unreachable.push(container, true);
            parted.unreachable += 1;
            parted.attached |= container.has(Flag::Attached);
            continue;
        }
        let stuck =
            if count::is_stuck(container, W::SATURATED) { collector.policy.stuck } else { Stuck::Keep };
        if may_be_untracked(container, g == 2) || stuck == Stuck::Untrack {
            head::clear(container);
        } else if stuck == Stuck::Freeze {
            collector.permanent.push(container, false);
        } else {
            old.push(container, false);
            parted.survivors += 1;
        }
    }
    parted
}

/// What `part` found.
struct Parted {
    survivors: u64,
    unreachable: u64,
    /// Some of the unreachable have a finalizer or weak references, or are weak references.
    attached: bool,
}

/// Tuples lose their place in any collection, dicts in a full one. CPython also untracks tuples of untracked tuples;
/// here a mutator may change a tuple, so only what holds no container at all is safe to leave out.
fn may_be_untracked(container: Ref, full: bool) -> bool {
    let kind = container.kind();
    (kind == Kind::Tuple || full && kind == Kind::Dict)
        && !container.has(Flag::Attached)
        && container.slots().iter().filter_map(|slot| slot.get()).all(Ref::is_leaf)
}

/// Step 7: clears all weak references to the unreachable, and the unreachable ones themselves; then calls the callbacks
/// of those cleared that are reachable.
fn clear_weak_references<W: Widths, M: MemorySource, R: Recorder>(heap: &mut Heap<W, M, R>) {
    let mut calls = Calls::default();
    for object in heap.collector.unreachable.iter().filter(|object| object.has(Flag::Attached)) {
        if object.kind() == Kind::Weak {
            heap.attachments.clear_weak(object);
        }
        heap.attachments.clear_weak_references(object, &mut calls, |weak| !head::is_collecting(weak));
    }
    heap.call_back(calls);
}

/// Step 8: each finalizer once, its object held meanwhile. A finalizer may break a cycle and let others die by counting
/// before their turn: so the list is taken from its front, and counting finalizes those.
fn run_finalizers<W: Widths, M: MemorySource, R: Recorder>(heap: &mut Heap<W, M, R>) {
    while let Some(object) = heap.collector.unreachable.first() {
        head::unlink(object);
        heap.collector.finalized.push(object, true);
        if let Some(finalizer) = heap.take_finalizer(object) {
            heap.retain(Some(object));
            heap.run_hook(object, finalizer);
            heap.release(Some(object));
        }
    }
    heap.collector.unreachable.append(&heap.collector.finalized);
}

/// Step 9: what the hooks made reachable again goes to the older generation. Gives the number of the others.
fn keep_resurrected<W: Widths>(collector: &mut Generations<W>, g: usize) -> u64 {
    let noted = collector.scratch.note(iter::once(&collector.unreachable));
    noted.expect("there was room for these among others when the collection began");
    collector.scratch.deduce_unreachable();
    collector.unreachable.take_all();
    let old = &collector.generations[(g + 1).min(2)];
    let mut garbage = 0;
    for container in collector.scratch.containers_ahead() {
        if head::is_collecting(container) {
            collector.unreachable.push(container, true);
            garbage += 1;
        } else {
            old.push(container, false);
        }
    }
    garbage
}

/// Step 11 under `DEBUG_SAVEALL`: they stay, and can be looked at.
fn save_garbage<W: Widths, M: MemorySource, R: Recorder>(heap: &mut Heap<W, M, R>, g: usize) {
    while let Some(object) = heap.collector.unreachable.first() {
        head::unlink(object);
        heap.collector.generations[(g + 1).min(2)].push(object, false);
        heap.save(object);
    }
}

/// Step 11: clears the slots of each; counting does the rest. What is alive afterwards is so by a hook's doing.
fn delete_garbage<W: Widths, M: MemorySource, R: Recorder>(heap: &mut Heap<W, M, R>, g: usize) {
    while let Some(object) = heap.collector.unreachable.first() {
        heap.retain(Some(object));
        heap.tell_references(object);
        let mut slot = 0;
        // Not an iterator: a hook that runs in a release may resize the object.
        while let Some(cell) = object.slots().get(slot) {
            heap.release(cell.take());
            slot += 1;
        }
        // A hook may even have made it immortal: then no list has it any more.
        if count::get(object) > 1 && head::is_tracked(object) {
            head::unlink(object);
            heap.collector.generations[(g + 1).min(2)].push(object, false);
        }
        heap.release(Some(object));
    }
}
