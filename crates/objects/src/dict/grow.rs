//! A dict's key table, made and made anew.

use super::table::Table;
use heapbench_heap::{Heap, Local, OutOfMemory};

/// The table of a dict that gets its first key, with at least so many places.
///
/// # Errors
/// Out of memory: no effect.
pub(super) fn first_table<H: Heap>(
    heap: &mut H,
    dict: Local,
    places: usize,
    general: bool,
) -> Result<Table, OutOfMemory> {
    let table = Table::new(Table::log2_for(places), general);
    heap.resize(dict, table.slots(), table.bytes())?;
    let payload = heap.payload_mut(dict);
    table.clear_index(payload);
    table.write(payload);
    Ok(table)
}

/// Makes room for another key: a table for three times as many places as there are keys, which may be smaller when
/// many were deleted; general if asked for, or before.
///
/// # Errors
/// Out of memory: no effect.
#[cold]
pub(super) fn rebuild<H: Heap>(
    heap: &mut H,
    dict: Local,
    old: Table,
    general: bool,
    scratch: Local,
) -> Result<Table, OutOfMemory> {
    let mut new = Table::new(Table::log2_for(3 * old.used), general || old.general);
    let mut refused = None;
    let grows = new.slots() > old.slots() || new.bytes() > old.bytes();
    if grows {
        heap.resize(dict, new.slots().max(old.slots()), new.bytes().max(old.bytes()))?;
    }
    if old.used < old.entries {
        close_gaps(heap, dict, &old, scratch);
    }
    let shape = heap.shape(dict);
    if (new.slots(), new.bytes()) != (shape.slots, shape.bytes)
        && let Err(out_of_memory) = heap.resize(dict, new.slots(), new.bytes())
        && !grows
    {
        // The old block stays, and without gaps it has room; but it has none for the hashes of a general table.
        refused = (new.general && !old.general).then_some(out_of_memory);
        new = Table::new(old.log2, old.general);
    }
    new.used = old.used;
    new.entries = old.used;
    new.usable = new.capacity() - old.used;
    index_entries(heap, dict, &old, &new);
    refused.map_or(Ok(new), Err)
}

/// Moves the entries together, hashes included, in order; the rest is nil then.
fn close_gaps<H: Heap>(heap: &mut H, dict: Local, table: &Table, scratch: Local) {
    let mut kept = 0;
    for entry in 0..table.entries {
        if heap.peek(dict, 2 * entry).is_none() {
            continue;
        }
        if kept < entry {
            for (from, to) in [(2 * entry, 2 * kept), (2 * entry + 1, 2 * kept + 1)] {
                heap.take_slot(scratch, dict, from);
                heap.store_take(dict, to, scratch);
            }
            let payload = heap.payload_mut(dict);
            if table.general {
                let hash = table.hash(payload, entry);
                table.set_hash(payload, kept, hash);
            }
        }
        kept += 1;
    }
}

/// Writes header and index of the table that takes the place of `old`.
fn index_entries<H: Heap>(heap: &mut H, dict: Local, old: &Table, new: &Table) {
    new.clear_index(heap.payload_mut(dict));
    for entry in 0..new.entries {
        let hash = super::hash_of_entry(heap, dict, old, entry);
        let payload = heap.payload_mut(dict);
        new.set_hash(payload, entry, hash);
        new.set_entry_at(payload, new.free_place(payload, hash), entry as i32);
    }
    new.write(heap.payload_mut(dict));
}
