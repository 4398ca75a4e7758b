//! `set`: 200 bytes with a table of 8 places inside, 216 with the GC head; larger tables stand apart, 16 bytes a place.
//!
//! Open addressing: from the place that a key's hash names, the nine next ones are looked at too, where there are as
//! many up to the table's end; then the probe sequence goes on as a dict's. When three fifths of the places are or were
//! in use, the table becomes the power of two above four times its keys (twice from 50 000 on). Source: CPython 3.13,
//! `Objects/setobject.c`; iteration is in the order of the table, as there.

mod grow;
mod table;

use crate::key;
use heapbench_heap::{Heap, Local, OutOfMemory};
use table::{DELETED, Table};

/// `dst = set()`.
///
/// # Errors
/// Out of memory: no effect.
#[inline]
pub fn new<H: Heap>(heap: &mut H, dst: Local) -> Result<(), OutOfMemory> {
    let table = Table::EMPTY;
    heap.allocate(dst, table.shape())?;
    table.write(heap.payload_mut(dst));
    Ok(())
}

/// `len(set)`.
#[inline]
pub fn len<H: Heap>(heap: &H, set: Local) -> usize {
    Table::read(heap.payload(set)).used
}

/// `key in set`. `scratch` is nil before and after.
#[inline]
pub fn contains<H: Heap>(heap: &mut H, set: Local, key: Local, scratch: Local) -> bool {
    let hash = key::hash(heap, key);
    matches!(find(heap, set, key, hash, scratch), Found::At(_))
}

/// `set.add(key)`; takes `key`. An equal key that is there already stays. `scratch` is nil before and after.
///
/// # Errors
/// Out of memory: no effect.
#[inline]
pub fn add<H: Heap>(heap: &mut H, set: Local, key: Local, scratch: Local) -> Result<(), OutOfMemory> {
    let hash = key::hash(heap, key);
    let (place, is_fresh) = match find(heap, set, key, hash, scratch) {
        Found::At(_) => {
            heap.clear(key);
            return Ok(());
        }
        Found::Nowhere { unused, deleted } => (deleted.unwrap_or(unused), deleted.is_none()),
    };
    let payload = heap.payload_mut(set);
    let mut table = Table::read(payload);
    table.used += 1;
    table.fill += usize::from(is_fresh);
    table.set_hash(payload, place, hash);
    table.write(payload);
    heap.store_take(set, place, key);
    if is_fresh && table.is_full() {
        grow::rebuild(heap, set, table, [scratch, key]).inspect_err(|_| {
            // The table has no room for more after this key: it is taken out again.
            heap.take_slot(key, set, place);
            let payload = heap.payload_mut(set);
            table.set_hash(payload, place, 0);
            table.used -= 1;
            table.fill -= 1;
            table.write(payload);
        })?;
    }
    Ok(())
}

/// `set.discard(key)`: false when the set has no such key. The table keeps its size. `scratch` is nil before and after.
pub fn discard<H: Heap>(heap: &mut H, set: Local, key: Local, scratch: Local) -> bool {
    let hash = key::hash(heap, key);
    let Found::At(place) = find(heap, set, key, hash, scratch) else { return false };
    let payload = heap.payload_mut(set);
    let mut table = Table::read(payload);
    table.used -= 1;
    table.set_hash(payload, place, DELETED);
    table.write(payload);
    heap.take_slot(scratch, set, place);
    heap.clear(scratch);
    true
}

/// The key at `position` or the next one after it: `key` holds it, and the position after it is returned. Begin with 0;
/// `None` at the end, with `key` nil.
#[inline]
pub fn next<H: Heap>(heap: &mut H, set: Local, position: usize, key: Local) -> Option<usize> {
    let places = Table::read(heap.payload(set)).places();
    for place in position..places {
        if heap.peek(set, place).is_some() {
            heap.load(key, set, place);
            return Some(place + 1);
        }
    }
    heap.clear(key);
    None
}

/// Where a key is.
enum Found {
    /// At this place.
    At(usize),
    /// Not in the set: the place that was never in use where the search ended, and the last one on the way there
    /// whose key was discarded.
    Nowhere { unused: usize, deleted: Option<usize> },
}

#[inline]
fn find<H: Heap>(heap: &mut H, set: Local, key: Local, hash: u64, scratch: Local) -> Found {
    let table = Table::read(heap.payload(set));
    let mut deleted = None;
    let mut probes = table.probes(hash);
    loop {
        let place = probes.next_place();
        let known = table.hash(heap.payload(set), place);
        if known == hash
            && (heap.is_in_slot(key, set, place) || key::equal_to_slot(heap, key, set, place, scratch))
        {
            return Found::At(place);
        }
        if known == 0 && heap.peek(set, place).is_none() {
            return Found::Nowhere { unused: place, deleted };
        }
        if known == DELETED {
            deleted = Some(place);
        }
    }
}
