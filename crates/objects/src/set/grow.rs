//! A set's table, made anew.
//!
//! C copies the keys from one table into another. Here they are slots of one object, so they change places among
//! themselves: where each one goes is known before the first one moves.

use super::table::Table;
use heapbench_heap::{Heap, Local, OutOfMemory, Shape};

/// Where a key goes.
struct Target {
    place: usize,
    hash: u64,
}

/// Puts the keys into a table with room for more, which may be smaller when many were discarded. `hands` are two nil
/// locals.
///
/// # Errors
/// Out of memory: no effect.
#[cold]
#[inline(never)]
pub(super) fn rebuild<H: Heap>(
    heap: &mut H,
    set: Local,
    old: Table,
    hands: [Local; 2],
) -> Result<(), OutOfMemory> {
    let new = old.grown();
    let Shape { slots, bytes, .. } = new.shape();
    if new.places() == old.places() && old.fill == old.used {
        return Ok(());
    }
    let targets = targets(heap, set, &old, &new)?;
    if new.places() > old.places() {
        heap.resize(set, slots, bytes)?;
    }
    write_header_and_hashes(heap.payload_mut(set), &new, &targets);
    move_keys(heap, set, targets, hands);
    if new.places() < old.places() {
        // Refused: the set keeps the larger block, of which it uses the beginning.
        let _kept = heap.resize(set, slots, bytes);
    }
    Ok(())
}

/// Where the keys go, by the places where they are: in their order, as if inserted one by one.
fn targets<H: Heap>(
    heap: &H,
    set: Local,
    old: &Table,
    new: &Table,
) -> Result<Vec<Option<Target>>, OutOfMemory> {
    let mut is_taken = with_capacity(new.places())?;
    is_taken.resize(new.places(), false);
    let mut targets = with_capacity(old.places())?;
    for place in 0..old.places() {
        targets.push(heap.peek(set, place).map(|_| {
            let hash = old.hash(heap.payload(set), place);
            let mut probes = new.probes(hash);
            let mut place = probes.next_place();
            while is_taken[place] {
                place = probes.next_place();
            }
            is_taken[place] = true;
            Target { place, hash }
        }));
    }
    Ok(targets)
}

fn with_capacity<T>(length: usize) -> Result<Vec<T>, OutOfMemory> {
    let mut items = Vec::new();
    match items.try_reserve_exact(length) {
        Ok(()) => Ok(items),
        Err(_) => Err(OutOfMemory { requested: length * size_of::<T>() }),
    }
}

fn write_header_and_hashes(payload: &mut [u8], new: &Table, targets: &[Option<Target>]) {
    payload.fill(0);
    new.write(payload);
    for target in targets.iter().flatten() {
        new.set_hash(payload, target.place, target.hash);
    }
}

/// Moves every key to its target: a hand puts one down, the other takes up the one that was there.
fn move_keys<H: Heap>(heap: &mut H, set: Local, mut targets: Vec<Option<Target>>, [full, empty]: [Local; 2]) {
    for place in 0..targets.len() {
        let mut next = targets[place].take();
        if next.is_some() {
            heap.take_slot(full, set, place);
        }
        while let Some(target) = next {
            heap.take_slot(empty, set, target.place);
            heap.store_take(set, target.place, full);
            heap.take(full, empty);
            next = if heap.is_nil(full) { None } else { targets[target.place].take() };
        }
    }
}
