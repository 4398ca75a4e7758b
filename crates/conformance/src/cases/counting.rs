//! Deaths that need no collection: immediate, depth first, in order, on prompt heaps; at a collection on others.

use heapbench_heap::{Heap, Introspect, Kind};

use super::{Case, Outcome, Script};
use crate::{Deaths, Operation};

pub(super) fn cases<H: Heap<Recorder = Deaths> + Introspect>() -> Vec<Case<H>> {
    vec![
        ("acyclic_drop", acyclic_drop),
        ("shared_child", shared_child),
        ("overwrite", overwrite),
        ("overwrite_local", overwrite_local),
        ("set_same", set_same),
        ("same_child_twice", same_child_twice),
        ("order_depth_first", order_depth_first),
        ("overlapping_copy", overlapping_copy),
        ("fill_releases_in_order", fill_releases_in_order),
        ("resize_releases_in_order", resize_releases_in_order),
        ("leave_releases_in_order", leave_releases_in_order),
        ("argument_is_moved", argument_is_moved),
        ("result_is_moved", result_is_moved),
        ("immortal", immortal),
        ("region_reset", region_reset),
    ]
}

type Heaps<H> = Script<H>;

fn acyclic_drop<H: Heap<Recorder = Deaths> + Introspect>(s: &mut Heaps<H>) -> Outcome {
    let o = s.new_object(0, 0)?;
    s.drop(0)?;
    s.expect_prompt(&[o])?;
    s.expect_collect(0, 1)?;
    s.expect_reclaimed(&[o])
}

fn shared_child<H: Heap<Recorder = Deaths> + Introspect>(s: &mut Heaps<H>) -> Outcome {
    s.new_object(0, 1)?;
    s.new_object(1, 1)?;
    let child = s.new_object(2, 0)?;
    s.set(0, 0, 2)?;
    s.set_take(1, 0, 2)?;
    s.set_nil(0, 0)?;
    s.collect()?;
    s.expect_alive(&[child])?;
    s.set_nil(1, 0)?;
    s.expect_prompt(&[child])?;
    s.expect_collect(0, 1)
}

fn overwrite<H: Heap<Recorder = Deaths> + Introspect>(s: &mut Heaps<H>) -> Outcome {
    s.new_object(0, 1)?;
    let old = s.new_object(1, 0)?;
    s.set_take(0, 0, 1)?;
    let new = s.new_object(1, 0)?;
    s.set_take(0, 0, 1)?;
    s.expect_prompt(&[old])?;
    s.expect_collect(0, 1)?;
    s.expect_alive(&[new])
}

fn overwrite_local<H: Heap<Recorder = Deaths> + Introspect>(s: &mut Heaps<H>) -> Outcome {
    let first = s.new_object(0, 1)?;
    s.new_object(0, 0)?;
    s.expect_prompt(&[first])?;
    let holder = s.new_object(1, 1)?;
    let child = s.new_object(2, 0)?;
    s.set_take(1, 0, 2)?;
    // The object that is read from dies of being overwritten with what is read.
    s.get(1, 1, 0)?;
    s.expect_prompt(&[holder])?;
    s.expect_alive(&[child])
}

fn set_same<H: Heap<Recorder = Deaths> + Introspect>(s: &mut Heaps<H>) -> Outcome {
    s.new_object(0, 1)?;
    let child = s.new_object(1, 0)?;
    s.set_take(0, 0, 1)?;
    let same = Operation::CopySlots { src: s.local(0), start: 0, end: 1, dst: s.local(0), at: 0 };
    s.perform(same)?;
    s.expect_alive(&[child])?;
    s.get(0, 0, 0)?;
    s.perform(Operation::Copy { dst: s.local(0), src: s.local(0) })?;
    s.expect_collect(0, 1)?;
    s.expect_alive(&[child])
}

fn same_child_twice<H: Heap<Recorder = Deaths> + Introspect>(s: &mut Heaps<H>) -> Outcome {
    s.new_object(0, 2)?;
    let child = s.new_object(1, 0)?;
    s.set(0, 0, 1)?;
    s.set_take(0, 1, 1)?;
    s.set_nil(0, 0)?;
    s.expect_alive(&[child])?;
    s.set_nil(0, 1)?;
    s.expect_prompt(&[child])
}

fn order_depth_first<H: Heap<Recorder = Deaths> + Introspect>(s: &mut Heaps<H>) -> Outcome {
    // a(b(d, e), c): parents before children, slot 0 first.
    let a = s.new_object(0, 2)?;
    let b = s.new_object(1, 2)?;
    let c = s.new_of(2, Kind::List, 3)?;
    let d = s.new_of(3, Kind::Str, 0)?;
    let e = s.new_object(4, 0)?;
    s.set_take(1, 0, 3)?;
    s.set_take(1, 1, 4)?;
    s.set_take(0, 0, 1)?;
    s.set_take(0, 1, 2)?;
    s.drop(0)?;
    s.expect_prompt(&[a, b, d, e, c])?;
    s.collect()?;
    s.expect_reclaimed(&[a, b, c, d, e])
}

fn overlapping_copy<H: Heap<Recorder = Deaths> + Introspect>(s: &mut Heaps<H>) -> Outcome {
    s.new_of(0, Kind::List, 4)?;
    let mut items = Vec::new();
    for slot in 0..4 {
        items.push(s.new_object(1, 0)?);
        s.set_take(0, slot, 1)?;
    }
    let list = s.local(0);
    // [a b c d] -> [a a b c]: d dies.
    s.perform(Operation::CopySlots { src: list, start: 0, end: 3, dst: list, at: 1 })?;
    s.expect_prompt(&items[3..])?;
    // -> [a b c c]: nobody dies.
    s.perform(Operation::CopySlots { src: list, start: 1, end: 4, dst: list, at: 0 })?;
    s.expect_prompt(&[])?;
    s.perform(Operation::CopySlots { src: list, start: 4, end: 4, dst: list, at: 4 })?;
    s.collect()?;
    s.expect_alive(&items[..3])?;
    s.expect_reclaimed(&items[3..])
}

fn fill_releases_in_order<H: Heap<Recorder = Deaths> + Introspect>(s: &mut Heaps<H>) -> Outcome {
    s.new_of(0, Kind::Dict, 5)?;
    let mut items = Vec::new();
    for slot in 0..5 {
        items.push(s.new_object(1, 0)?);
        s.set_take(0, slot, 1)?;
    }
    s.get(1, 0, 2)?;
    s.perform(Operation::FillSlots { object: s.local(0), start: 1, end: 5, value: s.local(1) })?;
    s.expect_prompt(&[items[1], items[3], items[4]])?;
    s.perform(Operation::FillSlots { object: s.local(0), start: 0, end: 5, value: s.local(11) })?;
    s.expect_prompt(&[items[0]])?;
    s.drop(1)?;
    s.expect_prompt(&[items[2]])
}

fn resize_releases_in_order<H: Heap<Recorder = Deaths> + Introspect>(s: &mut Heaps<H>) -> Outcome {
    s.new_of(0, Kind::List, 4)?;
    let mut items = Vec::new();
    for slot in 0..4 {
        items.push(s.new_object(1, 0)?);
        s.set_take(0, slot, 1)?;
    }
    s.perform(Operation::Resize { object: s.local(0), slots: 1, bytes: 100 })?;
    s.expect_prompt(&items[1..])?;
    s.perform(Operation::Resize { object: s.local(0), slots: 900, bytes: 0 })?;
    s.collect()?;
    s.expect_alive(&items[..1])?;
    s.expect_reclaimed(&items[1..])
}

fn leave_releases_in_order<H: Heap<Recorder = Deaths> + Introspect>(s: &mut Heaps<H>) -> Outcome {
    let argument = s.new_object(11, 0)?;
    s.perform(Operation::Enter { arguments: 1, locals: 8 })?;
    // Locals 1 to 4 are the suite's own.
    let shape = heapbench_heap::Shape::new(Kind::Cell, 1, 0);
    for dst in [6, 5, 7] {
        s.perform(Operation::Allocate { dst, shape })?;
    }
    s.perform(Operation::Leave)?;
    s.expect_prompt(&[argument, argument + 2, argument + 1, argument + 3])
}

fn argument_is_moved<H: Heap<Recorder = Deaths> + Introspect>(s: &mut Heaps<H>) -> Outcome {
    let argument = s.new_object(11, 0)?;
    s.perform(Operation::Enter { arguments: 1, locals: 6 })?;
    s.perform(Operation::Clear { local: 0 })?;
    s.expect_prompt(&[argument])?;
    s.perform(Operation::Leave)
}

fn result_is_moved<H: Heap<Recorder = Deaths> + Introspect>(s: &mut Heaps<H>) -> Outcome {
    let argument = s.new_object(11, 0)?;
    s.perform(Operation::Enter { arguments: 1, locals: 6 })?;
    let shape = heapbench_heap::Shape::new(Kind::Tuple, 1, 0);
    s.perform(Operation::Allocate { dst: 5, shape })?;
    s.perform(Operation::LeaveWith { result: 5 })?;
    s.expect_prompt(&[argument])?;
    s.drop(11)?;
    s.expect_prompt(&[argument + 1])
}

fn immortal<H: Heap<Recorder = Deaths> + Introspect>(s: &mut Heaps<H>) -> Outcome {
    let o = s.new_object(0, 1)?;
    let child = s.new_object(1, 0)?;
    s.set_take(0, 0, 1)?;
    s.perform(Operation::Immortalize { object: s.local(0) })?;
    s.collect()?;
    s.expect_alive(&[o, child])?;
    s.perform(Operation::LoadImmortal { dst: s.local(0), immortal: 2 })?;
    s.set_nil(0, 0)?;
    s.expect_prompt(&[child])?;
    s.drop(0)?;
    s.collect()?;
    s.expect_alive(&[o])
}

fn region_reset<H: Heap<Recorder = Deaths> + Introspect>(s: &mut Heaps<H>) -> Outcome {
    // The suite's own immortals stand in the way: nothing is freed. The random suite resets without them.
    let o = s.new_object(0, 0)?;
    s.perform(Operation::Reset)?;
    s.expect_alive(&[o])
}
