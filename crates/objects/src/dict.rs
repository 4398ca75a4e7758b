//! `dict`: 48 bytes, and a key table that keeps insertion order.
//!
//! An empty dict has no table. A table has 8 places or more, a power of two, and room for entries in two thirds of
//! them; when that is used up, a table of at least three times as many places as there are keys takes its place,
//! without the deleted entries. While all keys are strs an entry is 16 bytes, else 24. A dict of 1 to 5 strs: 168
//! bytes, 184 with the GC head. Source: CPython 3.13, `Objects/dictobject.c`.
//!
//! A key that was equal at its insertion must stay so: nothing here changes a str or a number.

mod grow;
mod table;

use crate::{key, text};
use heapbench_heap::{Heap, Kind, Local, OutOfMemory, Shape};
use table::{DELETED, EMPTY, Table};

/// `dst = {}`.
///
/// # Errors
/// Out of memory: no effect.
#[inline]
pub fn new<H: Heap>(heap: &mut H, dst: Local) -> Result<(), OutOfMemory> {
    heap.allocate(dst, Shape::new(Kind::Dict, 0, 0))
}

/// `len(dict)`.
#[inline]
pub fn len<H: Heap>(heap: &H, dict: Local) -> usize {
    Table::read(heap.payload(dict)).map_or(0, |table| table.used)
}

/// `dst = dict[key]`: false, and `dst` unchanged, when the dict has no such key.
#[inline]
pub fn get<H: Heap>(heap: &mut H, dst: Local, dict: Local, key: Local, scratch: Local) -> bool {
    let hash = key::hash(heap, key);
    let Some(table) = Table::read(heap.payload(dict)) else { return false };
    match find(heap, dict, &table, key, hash, scratch) {
        Found::At { entry, .. } => {
            heap.load(dst, dict, 2 * entry + 1);
            true
        }
        Found::Nowhere { .. } => false,
    }
}

/// `key in dict`.
#[inline]
pub fn contains<H: Heap>(heap: &mut H, dict: Local, key: Local, scratch: Local) -> bool {
    let hash = key::hash(heap, key);
    let Some(table) = Table::read(heap.payload(dict)) else { return false };
    matches!(find(heap, dict, &table, key, hash, scratch), Found::At { .. })
}

/// `dict[key] = value`; takes `key` and `value`. A key that is there already stays, with its new value.
///
/// # Errors
/// Out of memory: no effect.
#[inline]
pub fn insert<H: Heap>(
    heap: &mut H,
    dict: Local,
    key: Local,
    value: Local,
    scratch: Local,
) -> Result<(), OutOfMemory> {
    let hash = key::hash(heap, key);
    let general = heap.shape(key).kind != Kind::Str;
    let (mut table, mut free) = match Table::read(heap.payload(dict)) {
        None => (grow::first_table(heap, dict, general)?, None),
        Some(table) => match find(heap, dict, &table, key, hash, scratch) {
            Found::At { entry, .. } => {
                heap.store_take(dict, 2 * entry + 1, value);
                heap.clear(key);
                return Ok(());
            }
            Found::Nowhere { free } => (table, Some(free)),
        },
    };
    if table.usable == 0 || (general && !table.general) {
        table = grow::rebuild(heap, dict, table, general, scratch)?;
        free = None;
    }
    let payload = heap.payload_mut(dict);
    let place = free.unwrap_or_else(|| table.free_place(payload, hash));
    let entry = table.entries;
    table.set_entry_at(payload, place, entry as i32);
    table.set_hash(payload, entry, hash);
    table.used += 1;
    table.entries += 1;
    table.usable -= 1;
    table.write(payload);
    heap.store_take(dict, 2 * entry, key);
    heap.store_take(dict, 2 * entry + 1, value);
    Ok(())
}

/// `del dict[key]`: false when the dict has no such key. The table keeps its size.
pub fn remove<H: Heap>(heap: &mut H, dict: Local, key: Local, scratch: Local) -> bool {
    let hash = key::hash(heap, key);
    let Some(mut table) = Table::read(heap.payload(dict)) else { return false };
    let Found::At { entry, place } = find(heap, dict, &table, key, hash, scratch) else { return false };
    table.used -= 1;
    let payload = heap.payload_mut(dict);
    table.set_entry_at(payload, place, DELETED);
    table.write(payload);
    heap.fill_slots(dict, 2 * entry..2 * entry + 2, scratch);
    true
}

/// The entry at `position` or the next one after it: `key` and `value` hold it, and the position after it is
/// returned. Begin with 0; `None` at the end, with `key` nil.
#[inline]
pub fn next<H: Heap>(heap: &mut H, dict: Local, position: usize, key: Local, value: Local) -> Option<usize> {
    let entries = Table::read(heap.payload(dict)).map_or(0, |table| table.entries);
    for entry in position..entries {
        heap.load(key, dict, 2 * entry);
        if !heap.is_nil(key) {
            heap.load(value, dict, 2 * entry + 1);
            return Some(entry + 1);
        }
    }
    heap.clear(key);
    None
}

/// Where a key is.
enum Found {
    /// In this entry, found at this place of the index.
    At { entry: usize, place: usize },
    /// Not in the dict; here it can be inserted.
    Nowhere { free: usize },
}

#[inline]
fn find<H: Heap>(heap: &mut H, dict: Local, table: &Table, key: Local, hash: u64, scratch: Local) -> Found {
    let mut places = table.places(hash);
    let mut free = None;
    loop {
        let place = places.place;
        match table.entry_at(heap.payload(dict), place) {
            EMPTY => return Found::Nowhere { free: free.unwrap_or(place) },
            DELETED => free = free.or(Some(place)),
            entry => {
                let entry = entry as usize;
                let same = is_key(heap, dict, table, entry, key, hash, scratch);
                if same {
                    return Found::At { entry, place };
                }
            }
        }
        places.advance();
    }
}

/// Whether an entry's key is this key, which has this hash.
#[inline]
fn is_key<H: Heap>(
    heap: &mut H,
    dict: Local,
    table: &Table,
    entry: usize,
    key: Local,
    hash: u64,
    scratch: Local,
) -> bool {
    if table.general && table.hash(heap.payload(dict), entry) != hash {
        return false;
    }
    heap.load(scratch, dict, 2 * entry);
    let same = heap.is_same(scratch, key)
        || ((table.general || text::hash(heap, scratch) == hash) && key::equal(heap, scratch, key));
    heap.clear(scratch);
    same
}
