//! Damage, planted, that each level of the verifier must find, and no level below it.

use super::*;
use heapbench_memory::Flag;

type Damaged = Manual<Pools, Events>;

/// Damages a heap of two pairs and a weak reference, of which none dies. What the level says.
fn damaged(level: Level, damage: fn(&mut Damaged)) -> String {
    let kinds = [Kind::Tuple, Kind::Weak, Kind::Tuple, Kind::List];
    let (mut heap, _frame) = heap::<Pools, Events>(&[("header", "8")], &kinds, &[]);
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

/// A reference into the second pair, to no object.
fn fake(heap: &Damaged) -> Option<Ref> {
    let address = heap.stack.object(B).address() + WORD;
    // SAFETY: no object, but `verify` asks whether it knows the address before it looks there.
    Some(unsafe { Ref::from_address(address) })
}

/// Writes a word of the second pair: its header or a slot.
fn write(heap: &mut Damaged, word: usize, value: u64) {
    let start = heap.stack.object(B).start(0).cast::<u64>();
    // SAFETY: the pair has three words.
    unsafe { start.add(word).write(value) }
}

#[test]
fn verify_finds_planted_damage_at_its_level() {
    type Damage = (Level, &'static str, fn(&mut Damaged));
    let cases: [Damage; 16] = [
        (Level::Counters, "expected no work but", |heap| heap.counters.increments += 1),
        (Level::Counters, "expected no more than there were", |heap| heap.counters.objects_freed += 4),
        (Level::Counters, "expected no more than there were", |heap| heap.counters.bytes_allocated -= 8),
        (Level::Counters, "3 objects are known, expected 4", |heap| heap.counters.objects_allocated += 1),
        (Level::Counters, "another program", |heap| heap.schedule.doubt("another program's".into())),
        (Level::Space, "expected an object's", |heap| write(heap, 0, 31)),
        (Level::Space, "expected words allocated", |heap| write(heap, 0, 2 | 1000 << 9)),
        (Level::Space, "is a block of 32 bytes, expected 24", |heap| write(heap, 0, 2 | 1 << 9)),
        (Level::Space, "bytes in objects, expected", |heap| {
            heap.counters.bytes_allocated += 16;
            heap.source.allocate(16);
        }),
        (Level::Roots, "root 3 refers to", |heap| _ = heap.stack.replace(NIL, fake(heap))),
        (Level::Roots, "immortal 0 refers to", |heap| heap.immortals.extend(fake(heap))),
        (Level::Closure, "slot 1 of", |heap| heap.stack.object(A).slots()[1].set(fake(heap))),
        (Level::Exact, "wrong flag", |heap| heap.stack.object(B).set_flag(Flag::Attached, true)),
        (Level::Exact, "expected its flag set", |heap| heap.stack.object(A).set_flag(Flag::Attached, false)),
        (Level::Exact, "wrong flag", |heap| heap.stack.object(C).set_flag(Flag::Attached, false)),
        (Level::Exact, "wrong flag", |heap| {
            heap.attachments.clear();
        }),
    ];
    for (level, expected, damage) in cases {
        let what = damaged(level, damage);
        assert!(what.contains(expected), "expected '{expected}', found '{what}'");
    }
}
