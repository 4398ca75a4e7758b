//! One collection, in CPython 3.13's steps (`gc_collect_main` in `Python/gc.c`).

use crate::{Generations, head};
use heapbench_heap::{Collected, Generation, Kind, Pause, Recorder, Work};
use heapbench_memory::{Flag, MemorySource, Ref};
use heapbench_strategy_refcount::{RefCount, count};

type Heap<M, R> = RefCount<Generations, M, R>;

/// Collects a generation and the younger ones.
pub(crate) fn collect<M: MemorySource, R: Recorder>(
    heap: &mut Heap<M, R>,
    generation: Generation,
) -> Option<Collected> {
    let g = generation.index();
    let collector = &mut heap.collector;
    if collector.collecting || !gather(collector, g) {
        return None;
    }
    collector.collecting = true;
    heap.begin_pause(Pause::Collection(generation));
    let freed_before = heap.counters.objects_freed;
    heap.counters.collections[g] += 1;
    heap.collector.policy.begin(g);

    let traced = heap.collector.scratch.containers.len() as u64;
    heap.collector.scratch.deduce_unreachable();
    let Parted { survivors, mut unreachable, attached } = part(&mut heap.collector, g);
    heap.collector.policy.survived(g, survivors);
    if !attached.is_empty() {
        clear_weak_references(heap, &attached);
        run_finalizers(heap);
        unreachable = keep_resurrected(&mut heap.collector, g);
    }
    delete_garbage(heap, g);

    let freed = heap.counters.objects_freed - freed_before;
    heap.counters.objects_traced += traced;
    heap.counters.slots_traced += std::mem::take(&mut heap.collector.scratch.slots_traced);
    heap.counters.objects_collected += freed;
    let stats = &mut heap.collector.policy.stats[g];
    stats.collections += 1;
    stats.collected += unreachable;
    heap.collector.scratch.trim();
    heap.collector.collecting = false;
    heap.end_pause(Pause::Collection(generation), Work { traced, freed });
    Some(Collected { objects: freed })
}

/// Steps 1 and 2: merges the younger generations into `g` and notes its containers. False when there is no memory to
/// note them; nothing is lost then.
fn gather(collector: &mut Generations, g: usize) -> bool {
    for younger in 0..g {
        collector.generations[g].append(&collector.generations[younger]);
    }
    collector.scratch.note(&collector.generations[g], count::get).is_ok()
}

/// Step 3's end, 4 and 5: survivors go to the older generation, in their old order, tuples and dicts that hold no
/// container untracked on the way, and immortal ones too, as in 3.13; the unreachable go to a list of their own and stay marked as collecting.
fn part(collector: &mut Generations, g: usize) -> Parted {
    collector.generations[g].take_all();
    let old = &collector.generations[(g + 1).min(2)];
    let mut parted = Parted { survivors: 0, unreachable: 0, attached: Vec::new() };
    for container in collector.scratch.containers_ahead() {
        if head::is_collecting(container) {
            collector.unreachable.push(container, true);
            parted.unreachable += 1;
            if container.has(Flag::Attached) {
                parted.attached.push(container);
            }
        } else if may_be_untracked(container, g == 2) || count::is_immortal(container) {
            head::clear(container);
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
    /// The unreachable with finalizers or weak references, and unreachable weak references.
    attached: Vec<Ref>,
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
fn clear_weak_references<M: MemorySource, R: Recorder>(heap: &mut Heap<M, R>, attached: &[Ref]) {
    let mut called = Vec::new();
    for &object in attached {
        if object.kind() == Kind::Weak {
            heap.attachments.clear_weak(object);
        }
        for (weak, callback) in heap.attachments.clear_weak_references(object) {
            if !head::is_collecting(weak)
                && let Some(callback) = callback
            {
                called.push((weak, callback));
            }
        }
    }
    heap.call_back(called);
}

/// Step 8: each finalizer once. The objects are held meanwhile, because a finalizer may break a cycle and let others
/// die by counting before their turn.
fn run_finalizers<M: MemorySource, R: Recorder>(heap: &mut Heap<M, R>) {
    let attached: Vec<Ref> = heap.collector.unreachable.iter().filter(|o| o.has(Flag::Attached)).collect();
    attached.iter().for_each(|object| heap.retain(Some(*object)));
    for object in &attached {
        if let Some(finalizer) = heap.attachments.take_finalizer(*object) {
            heap.counters.finalizers_run += 1;
            heap.run_hook(*object, finalizer);
        }
    }
    attached.into_iter().for_each(|object| heap.release(Some(object)));
}

/// Step 9: what the hooks made reachable again goes to the older generation; everything does where there is no memory
/// to find out. Gives the number of the others.
fn keep_resurrected(collector: &mut Generations, g: usize) -> u64 {
    let old = &collector.generations[(g + 1).min(2)];
    if collector.scratch.note(&collector.unreachable, count::get).is_err() {
        while let Some(object) = collector.unreachable.first() {
            head::unlink(object);
            old.push(object, false);
        }
        return 0;
    }
    collector.scratch.deduce_unreachable();
    collector.unreachable.take_all();
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

/// Step 11: clears the slots of each; counting does the rest. What is alive afterwards is so by a hook's doing.
fn delete_garbage<M: MemorySource, R: Recorder>(heap: &mut Heap<M, R>, g: usize) {
    while let Some(object) = heap.collector.unreachable.first() {
        heap.retain(Some(object));
        let mut slot = 0;
        // Not an iterator: a hook that runs in a release may resize the object.
        while let Some(cell) = object.slots().get(slot) {
            heap.release(cell.take());
            slot += 1;
        }
        if count::get(object) > 1 {
            head::unlink(object);
            heap.collector.generations[(g + 1).min(2)].push(object, false);
        }
        heap.release(Some(object));
    }
}
