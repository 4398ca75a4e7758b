//! Cycles: leaked by counting alone, reclaimed by a collection, prompt by nobody.

use heapbench_heap::{Heap, Introspect, Kind};

use super::{Case, Outcome, Script};
use crate::{Deaths, Operation};

pub(super) fn cases<H: Heap<Recorder = Deaths> + Introspect>() -> Vec<Case<H>> {
    vec![
        ("self_loop", self_loop),
        ("self_loop_taken", self_loop_taken),
        ("two_cycle", two_cycle),
        ("ring_with_one_root", ring_with_one_root),
        ("garbage_to_live", garbage_to_live),
        ("cycle_with_tail", cycle_with_tail),
        ("live_to_cycle", live_to_cycle),
        ("old_to_young", old_to_young),
        ("minor_spares_old", minor_spares_old),
        ("freeze", freeze),
        ("disabled_collects_on_request", disabled_collects_on_request),
        ("statistics", statistics),
    ]
}

fn self_loop<H: Heap<Recorder = Deaths> + Introspect>(s: &mut Script<H>) -> Outcome {
    let o = s.new_object(0, 1)?;
    s.set(0, 0, 0)?;
    s.drop(0)?;
    s.expect_alive(&[o])?;
    s.expect_collect(1, 1)?;
    s.expect_collected(&[o])
}

fn self_loop_taken<H: Heap<Recorder = Deaths> + Introspect>(s: &mut Script<H>) -> Outcome {
    let o = s.new_of(0, Kind::List, 1)?;
    s.set_take(0, 0, 0)?;
    s.expect_alive(&[o])?;
    s.expect_collect(1, 1)
}

fn two_cycle<H: Heap<Recorder = Deaths> + Introspect>(s: &mut Script<H>) -> Outcome {
    let (a, b) = (s.new_object(0, 1)?, s.new_of(1, Kind::Tuple, 1)?);
    s.set(0, 0, 1)?;
    s.set(1, 0, 0)?;
    s.drop(0)?;
    s.drop(1)?;
    s.expect_alive(&[a, b])?;
    s.expect_collect(2, 2)?;
    s.expect_collected(&[a, b])
}

fn ring<H: Heap<Recorder = Deaths> + Introspect>(
    s: &mut Script<H>,
    nodes: u32,
) -> Result<Vec<usize>, String> {
    let ids = (0..nodes).map(|local| s.new_object(local, 2)).collect::<Result<Vec<_>, _>>()?;
    (0..nodes).try_for_each(|local| s.set(local, 0, (local + 1) % nodes))?;
    Ok(ids)
}

fn ring_with_one_root<H: Heap<Recorder = Deaths> + Introspect>(s: &mut Script<H>) -> Outcome {
    let ids = ring(s, 3)?;
    s.drop(1)?;
    s.drop(2)?;
    s.expect_collect(0, 0)?;
    s.expect_alive(&ids)?;
    s.drop(0)?;
    s.expect_collect(3, 3)?;
    s.expect_collected(&ids)
}

fn garbage_to_live<H: Heap<Recorder = Deaths> + Introspect>(s: &mut Script<H>) -> Outcome {
    let o = s.new_object(0, 2)?;
    let kept = s.new_object(1, 0)?;
    s.set(0, 0, 0)?;
    s.set(0, 1, 1)?;
    s.drop(0)?;
    s.expect_collect(1, 1)?;
    s.expect_collected(&[o])?;
    s.expect_alive(&[kept])?;
    s.drop(1)?;
    // Counting alone: the leaked loop keeps it.
    if s.collects() { s.expect_prompt(&[kept]) } else { s.expect_alive(&[kept]) }
}

fn cycle_with_tail<H: Heap<Recorder = Deaths> + Introspect>(s: &mut Script<H>) -> Outcome {
    let o = s.new_object(0, 2)?;
    let tail = s.new_of(1, Kind::Bytes, 0)?;
    s.set(0, 0, 0)?;
    s.set_take(0, 1, 1)?;
    s.drop(0)?;
    s.expect_collect(2, 2)?;
    s.expect_collected(&[o, tail])
}

fn live_to_cycle<H: Heap<Recorder = Deaths> + Introspect>(s: &mut Script<H>) -> Outcome {
    s.new_object(0, 1)?;
    let o = s.new_object(1, 1)?;
    s.set(1, 0, 1)?;
    s.set_take(0, 0, 1)?;
    s.expect_collect(0, 0)?;
    s.expect_alive(&[o])
}

fn old_to_young<H: Heap<Recorder = Deaths> + Introspect>(s: &mut Script<H>) -> Outcome {
    s.new_object(0, 2)?;
    s.collect()?;
    s.collect()?;
    let young = s.new_object(1, 1)?;
    s.set(1, 0, 1)?;
    s.set_take(0, 0, 1)?;
    let other = s.new_object(1, 0)?;
    s.drop(1)?;
    s.collect_generation(0)?;
    s.collect_generation(1)?;
    s.expect_alive(&[young])?;
    s.collect()?;
    s.expect_alive(&[young])?;
    s.expect_reclaimed(&[other])
}

fn minor_spares_old<H: Heap<Recorder = Deaths> + Introspect>(s: &mut Script<H>) -> Outcome {
    let o = s.new_object(0, 1)?;
    s.set(0, 0, 0)?;
    s.collect_generation(1)?;
    s.collect_generation(1)?;
    s.drop(0)?;
    if H::CAPABILITIES.generations == 3 {
        s.collect_generation(0)?;
        s.collect_generation(1)?;
        s.expect_alive(&[o])?;
    }
    s.collect()?;
    s.expect_collected(&[o])
}

fn freeze<H: Heap<Recorder = Deaths> + Introspect>(s: &mut Script<H>) -> Outcome {
    let o = s.new_object(0, 1)?;
    s.set(0, 0, 0)?;
    s.perform(Operation::Freeze)?;
    s.drop(0)?;
    let young = s.new_object(1, 1)?;
    s.set(1, 0, 1)?;
    s.drop(1)?;
    if H::CAPABILITIES.freezes {
        s.expect_collect(1, 1)?;
        s.expect_alive(&[o])?;
        s.expect_collected(&[young])?;
        s.perform(Operation::Unfreeze)?;
        s.expect_collect(1, 1)?;
    } else {
        s.expect_collect(2, 2)?;
    }
    s.expect_collected(&[o, young])
}

fn disabled_collects_on_request<H: Heap<Recorder = Deaths> + Introspect>(s: &mut Script<H>) -> Outcome {
    // Disabled from the start; the model refuses any collection that begins on its own.
    for _ in 0..3000 {
        s.new_object(0, 1)?;
        s.set(0, 0, 0)?;
        if s.heap().counters().objects_allocated.is_multiple_of(1000) {
            s.perform(Operation::Safepoint)?;
        }
    }
    s.drop(0)?;
    s.expect_collect(3000, 3000)
}

fn statistics<H: Heap<Recorder = Deaths> + Introspect>(s: &mut Script<H>) -> Outcome {
    let before = s.heap().counters();
    s.collect_generation(0)?;
    s.collect_generation(2)?;
    let after = s.heap().counters();
    let runs: u64 = after.collections.iter().sum::<u64>() - before.collections.iter().sum::<u64>();
    s.expect("collections", if s.collects() { 2 } else { 0 }, runs)?;
    s.expect("full collections at least", true, !s.collects() || after.collections[2] > before.collections[2])
}
