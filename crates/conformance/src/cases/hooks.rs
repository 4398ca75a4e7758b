//! Finalizers, weak references, and what they do in the middle of deaths.

use heapbench_heap::{Family, Heap, Introspect};
use heapbench_model::Event;

use super::{Case, Outcome, Script};
use crate::action::{Action, SHELF};
use crate::{Deaths, Operation};

pub(super) fn cases<H: Heap<Recorder = Deaths> + Introspect>() -> Vec<Case<H>> {
    vec![
        ("finalizer_sees_children", finalizer_sees_children),
        ("resurrect_acyclic", resurrect_acyclic),
        ("resurrect_cycle_once", resurrect_cycle_once),
        ("cycle_of_finalizers", cycle_of_finalizers),
        ("suicidal_cycle", suicidal_cycle),
        ("chain_with_one_suicidal", chain_with_one_suicidal),
        ("resurrect_child", resurrect_child),
        ("collect_in_finalizer", collect_in_finalizer),
        ("allocate_in_finalizer", allocate_in_finalizer),
        ("failing_finalizer", failing_finalizer),
        ("second_finalizer_replaces", second_finalizer_replaces),
        ("no_finalizer_after_one_ran", no_finalizer_after_one_ran),
        ("weak_to_live", weak_to_live),
        ("weak_to_dead", weak_to_dead),
        ("weak_to_dead_cycle", weak_to_dead_cycle),
        ("callback_once", callback_once),
        ("weak_dies_first", weak_dies_first),
        ("weak_in_trash", weak_in_trash),
        ("weak_read_by_finalizer", weak_read_by_finalizer),
        ("weak_after_resurrection", weak_after_resurrection),
    ]
}

/// How often a hook runs on every heap that reclaims what the case let go of.
fn once<H: Heap<Recorder = Deaths> + Introspect>(s: &Script<H>, hook: u64, acyclic: bool) -> Outcome {
    let runs = s.collects() || acyclic && s.family() == Family::RefCount;
    s.expect("runs of the hook", usize::from(runs), s.runs(hook))
}

/// A self loop held by a local, slot 1 free.
fn looped<H: Heap<Recorder = Deaths> + Introspect>(s: &mut Script<H>, local: u32) -> Result<usize, String> {
    let o = s.new_object(local, 2)?;
    s.set(local, 0, local)?;
    Ok(o)
}

fn finalizer_sees_children<H: Heap<Recorder = Deaths> + Introspect>(s: &mut Script<H>) -> Outcome {
    // The hook's digest of object and child is compared with the model's.
    let o = s.new_object(0, 1)?;
    let child = s.new_object(1, 0)?;
    s.perform(Operation::Write { object: s.local(1), seed: 77 })?;
    s.set_take(0, 0, 1)?;
    let hook = s.finalizer(0, Action::Nothing)?;
    s.drop(0)?;
    s.expect_prompt(&[o, child])?;
    s.collect()?;
    once(s, hook, true)
}

fn resurrect_acyclic<H: Heap<Recorder = Deaths> + Introspect>(s: &mut Script<H>) -> Outcome {
    let o = s.new_object(0, 1)?;
    let child = s.new_object(1, 0)?;
    s.set_take(0, 0, 1)?;
    let hook = s.finalizer(0, Action::Keep)?;
    s.drop(0)?;
    s.expect_collect(0, 0)?;
    s.expect_alive(&[o, child])?;
    s.perform(Operation::DropSaved)?;
    s.expect_prompt(&[o, child])?;
    s.expect_collect(0, 2)?;
    once(s, hook, true)
}

fn resurrect_cycle_once<H: Heap<Recorder = Deaths> + Introspect>(s: &mut Script<H>) -> Outcome {
    let o = looped(s, 0)?;
    let hook = s.finalizer(0, Action::Keep)?;
    s.drop(0)?;
    s.expect_collect(0, 0)?;
    s.expect_alive(&[o])?;
    s.perform(Operation::DropSaved)?;
    s.expect_collect(1, 1)?;
    s.expect_collected(&[o])?;
    once(s, hook, false)
}

fn cycle_of_finalizers<H: Heap<Recorder = Deaths> + Introspect>(s: &mut Script<H>) -> Outcome {
    let mut hooks = Vec::new();
    for local in 0..5 {
        s.new_object(local, 1)?;
        hooks.push(s.finalizer(local, Action::Nothing)?);
    }
    (0..5).try_for_each(|local| s.set(local, 0, (local + 1) % 5))?;
    (0..5).try_for_each(|local| s.drop(local))?;
    s.expect_collect(5, 5)?;
    hooks.into_iter().try_for_each(|hook| once(s, hook, false))
}

fn suicidal_cycle<H: Heap<Recorder = Deaths> + Introspect>(s: &mut Script<H>) -> Outcome {
    let o = looped(s, 0)?;
    let hook = s.finalizer(0, Action::Clear(0))?;
    s.drop(0)?;
    s.expect_collect(1, 1)?;
    s.expect_collected(&[o])?;
    once(s, hook, false)
}

fn chain_with_one_suicidal<H: Heap<Recorder = Deaths> + Introspect>(s: &mut Script<H>) -> Outcome {
    let mut hooks = Vec::new();
    for local in 0..4 {
        s.new_object(local, 1)?;
        hooks.push(s.finalizer(local, if local == 2 { Action::Clear(0) } else { Action::Nothing })?);
    }
    (0..4).try_for_each(|local| s.set(local, 0, (local + 1) % 4))?;
    (0..4).try_for_each(|local| s.drop(local))?;
    s.expect_collect(4, 4)?;
    hooks.into_iter().try_for_each(|hook| once(s, hook, false))
}

fn resurrect_child<H: Heap<Recorder = Deaths> + Introspect>(s: &mut Script<H>) -> Outcome {
    let o = looped(s, 0)?;
    let (child, grandchild) = (s.new_object(1, 1)?, s.new_object(2, 0)?);
    s.set_take(1, 0, 2)?;
    s.set_take(0, 1, 1)?;
    s.finalizer(0, Action::Move { slot: 1, shelf: 3 })?;
    s.drop(0)?;
    s.expect_collect(1, 1)?;
    s.expect_collected(&[o])?;
    s.expect_alive(&[child, grandchild])
}

fn collect_in_finalizer<H: Heap<Recorder = Deaths> + Introspect>(s: &mut Script<H>) -> Outcome {
    let o = looped(s, 0)?;
    let hook = s.finalizer(0, Action::Collect(2))?;
    s.drop(0)?;
    s.expect_collect(1, 1)?;
    // Inside a collection a collection does nothing.
    s.expect("a nested collection", s.collects(), s.saw(Event::Collected(None)) && s.runs(hook) == 1)?;
    s.expect_collected(&[o])?;
    // Inside a cascade it is real, and must see the dying object's children as they are.
    let (parent, child, other) = (s.new_object(0, 2)?, s.new_object(1, 0)?, s.new_object(2, 0)?);
    let garbage = looped(s, 3)?;
    s.set_take(0, 1, 2)?;
    s.finalizer(1, Action::Collect(2))?;
    s.set_take(0, 0, 1)?;
    s.drop(3)?;
    s.drop(0)?;
    if s.prompt() {
        s.expect_dead(&[parent, child, other])?;
        s.expect_collected(&[garbage])?;
    }
    s.collect()?;
    s.expect_reclaimed(&[parent, child, other])
}

fn allocate_in_finalizer<H: Heap<Recorder = Deaths> + Introspect>(s: &mut Script<H>) -> Outcome {
    let o = looped(s, 0)?;
    s.finalizer(0, Action::Allocate(50))?;
    s.drop(0)?;
    s.expect_collect(1, 1)?;
    s.expect_collected(&[o])?;
    let expected = if s.collects() { 50 } else { 0 };
    let live = s.heap().counters().objects_allocated - s.heap().counters().objects_freed;
    // The suite's two immortals, and a leaked loop where there is no collector.
    s.expect("objects alive", expected + 2 + u64::from(!s.collects()), live)
}

fn failing_finalizer<H: Heap<Recorder = Deaths> + Introspect>(s: &mut Script<H>) -> Outcome {
    let (a, b) = (looped(s, 0)?, looped(s, 1)?);
    s.finalizer(0, Action::Fail)?;
    s.finalizer(1, Action::Nothing)?;
    s.drop(0)?;
    s.drop(1)?;
    s.expect_collect(2, 2)?;
    s.expect_collected(&[a, b])?;
    s.expect("failures", u64::from(s.collects()), s.heap().counters().hook_failures)
}

fn second_finalizer_replaces<H: Heap<Recorder = Deaths> + Introspect>(s: &mut Script<H>) -> Outcome {
    s.new_object(0, 0)?;
    let first = s.finalizer(0, Action::Fail)?;
    let second = s.finalizer(0, Action::Keep)?;
    s.drop(0)?;
    s.collect()?;
    s.expect("runs of the first", 0, s.runs(first))?;
    once(s, second, true)
}

fn no_finalizer_after_one_ran<H: Heap<Recorder = Deaths> + Introspect>(s: &mut Script<H>) -> Outcome {
    let o = looped(s, 0)?;
    let first = s.finalizer(0, Action::Keep)?;
    s.drop(0)?;
    s.collect()?;
    if s.collects() {
        s.perform(Operation::LoadImmortal { dst: s.local(1), immortal: 1 })?;
        s.get(0, 1, SHELF)?;
        s.drop(1)?;
        let second = s.finalizer(0, Action::Keep)?;
        s.drop(0)?;
        s.perform(Operation::DropSaved)?;
        s.expect_collect(1, 1)?;
        s.expect("runs of the second", 0, s.runs(second))?;
    }
    s.expect_collected(&[o])?;
    once(s, first, false)
}

fn weak_to_live<H: Heap<Recorder = Deaths> + Introspect>(s: &mut Script<H>) -> Outcome {
    s.new_object(0, 0)?;
    s.weak(1, 0, None)?;
    s.collect()?;
    let gives = s.gives(1)?;
    s.expect("the weak reference gives its target:", true, gives)
}

fn weak_to_dead<H: Heap<Recorder = Deaths> + Introspect>(s: &mut Script<H>) -> Outcome {
    s.new_object(0, 0)?;
    s.weak(1, 0, None)?;
    s.weak(2, 0, None)?;
    s.drop(0)?;
    if !s.prompt() {
        s.collect()?;
    }
    let gives = s.gives(1)? || s.gives(2)?;
    s.expect("a weak reference gives its target:", s.family() == Family::Region, gives)
}

fn weak_to_dead_cycle<H: Heap<Recorder = Deaths> + Introspect>(s: &mut Script<H>) -> Outcome {
    looped(s, 0)?;
    s.weak(1, 0, None)?;
    s.drop(0)?;
    s.collect()?;
    let gives = s.gives(1)?;
    s.expect("the weak reference gives its target:", !s.collects(), gives)
}

fn callback_once<H: Heap<Recorder = Deaths> + Introspect>(s: &mut Script<H>) -> Outcome {
    looped(s, 0)?;
    s.weak(1, 0, Some(Action::Nothing))?;
    s.weak(2, 0, Some(Action::Allocate(3)))?;
    s.drop(0)?;
    s.expect_collect(1, 1)?;
    s.collect()?;
    once(s, 0, false)?;
    once(s, 1, false)
}

fn weak_dies_first<H: Heap<Recorder = Deaths> + Introspect>(s: &mut Script<H>) -> Outcome {
    let o = s.new_object(0, 0)?;
    let weak = s.weak(1, 0, Some(Action::Nothing))?;
    s.drop(1)?;
    s.expect_prompt(&[weak])?;
    s.collect()?;
    s.drop(0)?;
    s.expect_prompt(&[o])?;
    s.collect()?;
    s.expect("calls", 0, s.runs(0))
}

fn weak_in_trash<H: Heap<Recorder = Deaths> + Introspect>(s: &mut Script<H>) -> Outcome {
    let o = looped(s, 0)?;
    let weak = s.weak(1, 0, Some(Action::Keep))?;
    s.set_take(0, 1, 1)?;
    s.drop(0)?;
    s.expect_collect(2, 2)?;
    s.expect_collected(&[o, weak])?;
    s.expect("calls", 0, s.runs(0))
}

fn weak_read_by_finalizer<H: Heap<Recorder = Deaths> + Introspect>(s: &mut Script<H>) -> Outcome {
    // By counting the weak reference still gives the object; in a collection it is cleared before finalizers.
    s.new_object(0, 2)?;
    s.weak(1, 0, None)?;
    s.set_take(0, 1, 1)?;
    s.finalizer(0, Action::Read(1))?;
    s.drop(0)?;
    if s.prompt() {
        s.expect("the finalizer saw", true, s.saw(Event::Upgraded(true)))?;
    }
    looped(s, 0)?;
    s.weak(1, 0, None)?;
    s.set_take(0, 1, 1)?;
    s.finalizer(0, Action::Read(1))?;
    s.drop(0)?;
    s.collect()?;
    s.expect("the finalizer saw", s.collects(), s.saw(Event::Upgraded(false)))
}

fn weak_after_resurrection<H: Heap<Recorder = Deaths> + Introspect>(s: &mut Script<H>) -> Outcome {
    let o = looped(s, 0)?;
    s.weak(1, 0, Some(Action::Nothing))?;
    s.finalizer(0, Action::Keep)?;
    s.drop(0)?;
    s.expect_collect(0, 0)?;
    s.expect_alive(&[o])?;
    let gives = s.gives(1)?;
    s.expect("the weak reference gives its target:", !s.collects(), gives)?;
    once(s, 0, false)
}
