//! Damage, planted, that each level of the verifier must find, and no level below it.

use super::*;
use heapbench_memory::Flag;

/// Beyond every chunk.
const FAR: isize = 1 << 40;

/// Damages a heap of two pairs and a weak reference, with or without a recorder that knows its objects. The levels
/// below must not see it: they do not look. What the level says.
fn damaged<R: Recorder + Default>(level: Level, damage: fn(&mut Bump<R>)) -> String {
    let (mut heap, _frame) = heap::<R>();
    heap.allocate(A, PAIR).unwrap();
    heap.weak(C, A, None).unwrap();
    heap.allocate(B, PAIR).unwrap();
    for level in Level::ALL {
        heap.verify_to(level).unwrap();
    }
    damage(&mut heap);
    for below in Level::ALL.into_iter().filter(|below| *below < level) {
        assert_eq!(heap.verify_to(below), Ok(()), "{below:?}");
    }
    heap.verify().expect_err("the highest level contains all others");
    heap.verify_to(level).expect_err("the damage is found").what
}

/// A reference to this many bytes from the second pair's header.
fn fake<R: Recorder>(heap: &Bump<R>, offset: isize) -> Option<Ref> {
    let address = heap.stack.object(B).address().wrapping_add_signed(offset);
    // SAFETY: no object, but `verify` looks at the address first, and at words inside the chunk only.
    Some(unsafe { Ref::from_address(address) })
}

/// Puts such a reference into a local.
fn hold<R: Recorder>(heap: &mut Bump<R>, object: Option<Ref>) {
    heap.stack.replace(NIL, object);
}

/// Writes a word of the second pair: its header or a slot.
fn write<R: Recorder>(heap: &mut Bump<R>, word: usize, value: u64) {
    let start = heap.stack.object(B).start(0).cast::<u64>();
    // SAFETY: the pair has three words.
    unsafe { start.add(word).write(value) }
}

#[test]
fn verify_finds_planted_damage_at_its_level() {
    type Damage = (Level, &'static str, fn(&mut Bump<Events>));
    let cases: [Damage; 17] = [
        (Level::Counters, "expected no work but allocation", |heap| heap.counters.increments += 1),
        (Level::Counters, "expected no more freed", |heap| heap.counters.objects_freed += 4),
        (Level::Counters, "expected no more freed", |heap| heap.counters.bytes_freed += 1000),
        (Level::Counters, "4 objects are alive, expected 3", |heap| heap.counters.objects_allocated += 1),
        (Level::Counters, "expected room", |heap| heap.counters.bytes_allocated += 1 << 20),
        (Level::Space, "expected an object's", |heap| write(heap, 0, 31)),
        (Level::Space, "expected words allocated", |heap| write(heap, 0, 2 | 1000 << 9)),
        (Level::Space, "overlaps", |heap| heap.objects[1] = heap.objects[0]),
        (Level::Roots, "root 3 refers to", |heap| hold(heap, fake(heap, 8))),
        (Level::Roots, "root 3 refers to", |heap| hold(heap, fake(heap, FAR))),
        (Level::Roots, "immortal 0 refers to", |heap| heap.immortals.extend(fake(heap, 8))),
        (Level::Closure, "slot 1 of", |heap| heap.stack.object(A).slots()[1].set(fake(heap, -4))),
        (Level::Closure, "slot 1 of", |heap| heap.stack.object(A).slots()[1].set(fake(heap, 8))),
        (Level::Exact, "expected 80", |heap| heap.counters.bytes_allocated -= 24),
        (Level::Exact, "wrong flag", |heap| heap.stack.object(B).set_flag(Flag::Attached, true)),
        (Level::Exact, "expected its flag set", |heap| heap.stack.object(A).set_flag(Flag::Attached, false)),
        (Level::Exact, "1 weak references, expected 0", |heap| {
            heap.attachments.clear_weak(heap.stack.object(C));
        }),
    ];
    for (level, expected, damage) in cases {
        let what = damaged(level, damage);
        assert!(what.contains(expected), "expected '{expected}', found '{what}'");
    }
}

#[test]
fn verify_finds_what_the_walk_meets_without_a_census() {
    type Damage = (Level, &'static str, fn(&mut Bump<NoRecorder>));
    let cases: [Damage; 6] = [
        (Level::Roots, "root 3: ", |heap| hold(heap, fake(heap, FAR))),
        (Level::Roots, "root 3: ", |heap| hold(heap, fake(heap, -8))),
        (Level::Roots, "expected an object's", |heap| write(heap, 0, 31)),
        (Level::Closure, "slot 1 of", |heap| heap.stack.object(A).slots()[1].set(fake(heap, -(1 << 20)))),
        (Level::Exact, "at most 2", |heap| heap.counters.objects_allocated -= 1),
        (Level::Exact, "at most 90", |heap| heap.counters.bytes_allocated -= 14),
    ];
    for (level, expected, damage) in cases {
        let what = damaged(level, damage);
        assert!(what.contains(expected), "expected '{expected}', found '{what}'");
    }
}
