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

/// `dst = dict[key]`: false, and `dst` unchanged, when the dict has no such key. `scratch` is nil before and after.
#[inline]
pub fn get<H: Heap>(heap: &mut H, dst: Local, dict: Local, key: Local, scratch: Local) -> bool {
    match lookup(heap, dict, key, scratch) {
        Some(entry) => {
            heap.load(dst, dict, 2 * entry + 1);
            true
        }
        None => false,
    }
}

/// `key in dict`. `scratch` is nil before and after.
#[inline]
pub fn contains<H: Heap>(heap: &mut H, dict: Local, key: Local, scratch: Local) -> bool {
    lookup(heap, dict, key, scratch).is_some()
}

/// The entry of a key, if it is the same object and at the first place: what most lookups find.
#[inline(always)]
fn first_entry<H: Heap>(heap: &H, dict: Local, key: Local, hash: u64) -> Option<usize> {
    let entry = table::first_entry(heap.payload(dict), hash)?;
    heap.is_in_slot(key, dict, 2 * entry).then_some(entry)
}

/// The entry of a key.
#[inline(always)]
fn lookup<H: Heap>(heap: &mut H, dict: Local, key: Local, scratch: Local) -> Option<usize> {
    let hash = key::hash(heap, key);
    if let Some(entry) = first_entry(heap, dict, key, hash) {
        return Some(entry);
    }
    match find(heap, dict, key, hash, scratch) {
        Found::At { entry, .. } => Some(entry),
        Found::Nowhere { .. } => None,
    }
}

/// `dict[key] = value`; takes `key` and `value`. A key that is there already stays, with its new value. `scratch` is nil
/// before and after.
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
    if let Some(entry) = first_entry(heap, dict, key, hash) {
        heap.store_take(dict, 2 * entry + 1, value);
        heap.clear(key);
        return Ok(());
    }
    let general = heap.shape(key).kind != Kind::Str;
    let (mut table, mut free) = match Table::read(heap.payload(dict)) {
        None => (grow::first_table(heap, dict, 1, general)?, None),
        Some(table) => match find(heap, dict, key, hash, scratch) {
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

/// `del dict[key]`: false when the dict has no such key. The table keeps its size. `scratch` is nil before and after.
pub fn remove<H: Heap>(heap: &mut H, dict: Local, key: Local, scratch: Local) -> bool {
    let Some(entry) = forget(heap, dict, key, scratch) else { return false };
    heap.fill_slots(dict, 2 * entry..2 * entry + 2, scratch);
    true
}

/// `dst = dict.pop(key)`: false, and `dst` unchanged, when the dict has no such key. The table keeps its size.
/// `scratch` is nil before and after.
pub fn pop<H: Heap>(heap: &mut H, dst: Local, dict: Local, key: Local, scratch: Local) -> bool {
    let Some(entry) = forget(heap, dict, key, scratch) else { return false };
    heap.take_slot(scratch, dict, 2 * entry);
    heap.take_slot(dst, dict, 2 * entry + 1);
    heap.clear(scratch);
    true
}

/// `dict.clear()`: without a table, as a new one.
///
/// # Errors
/// Out of memory, where a heap needs some to give memory back: no effect.
pub fn clear<H: Heap>(heap: &mut H, dict: Local) -> Result<(), OutOfMemory> {
    heap.resize(dict, 0, 0)
}

/// Gives a dict without a table, which gets str keys, one of at least so many places.
///
/// # Errors
/// Out of memory: no effect.
pub(crate) fn reserve<H: Heap>(heap: &mut H, dict: Local, places: usize) -> Result<(), OutOfMemory> {
    if Table::read(heap.payload(dict)).is_none() {
        grow::first_table(heap, dict, places, false)?;
    }
    Ok(())
}

/// Takes a key out of the index: its entry, which still has key and value.
fn forget<H: Heap>(heap: &mut H, dict: Local, key: Local, scratch: Local) -> Option<usize> {
    let hash = key::hash(heap, key);
    let mut table = Table::read(heap.payload(dict))?;
    let Found::At { entry, place } = find(heap, dict, key, hash, scratch) else { return None };
    table.used -= 1;
    let payload = heap.payload_mut(dict);
    table.set_entry_at(payload, place, DELETED);
    table.write(payload);
    Some(entry)
}

/// The entry at `position` or the next one after it: `key` and `value` hold it, and the position after it is
/// returned. Begin with 0; `None` at the end, with `key` nil.
#[inline]
pub fn next<H: Heap>(heap: &mut H, dict: Local, position: usize, key: Local, value: Local) -> Option<usize> {
    let entries = Table::read(heap.payload(dict)).map_or(0, |table| table.entries);
    for entry in position..entries {
        if heap.peek(dict, 2 * entry).is_some() {
            heap.load(key, dict, 2 * entry);
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

/// Looks for a key with this hash. In a table of strs, where nothing else is found, there may be no place for it.
#[inline(never)]
fn find<H: Heap>(heap: &mut H, dict: Local, key: Local, hash: u64, scratch: Local) -> Found {
    match Table::read(heap.payload(dict)) {
        None => Found::Nowhere { free: 0 },
        Some(table) if table.general => find_any(heap, dict, &table, key, hash, scratch),
        Some(_) if heap.shape(key).kind != Kind::Str => Found::Nowhere { free: 0 },
        Some(table) => find_text(heap, dict, &table, key, hash),
    }
}

/// Looks for a str in a table of strs.
#[inline(always)]
fn find_text<H: Heap>(heap: &H, dict: Local, table: &Table, key: Local, hash: u64) -> Found {
    let (payload, key) = (heap.payload(dict), heap.payload(key));
    let mut places = table.places(hash);
    let mut free = None;
    loop {
        let place = places.place;
        match table.entry_at(payload, place) {
            EMPTY => return Found::Nowhere { free: free.unwrap_or(place) },
            DELETED => free = free.or(Some(place)),
            entry => {
                let entry = entry as usize;
                if let Some((_, other)) = heap.peek(dict, 2 * entry)
                    && text::known_hash(other) == hash
                    && (std::ptr::eq(other, key) || text::read(other) == text::read(key))
                {
                    return Found::At { entry, place };
                }
            }
        }
        places.advance();
    }
}

/// Looks for a key in a general table.
#[inline(always)]
fn find_any<H: Heap>(
    heap: &mut H,
    dict: Local,
    table: &Table,
    key: Local,
    hash: u64,
    scratch: Local,
) -> Found {
    let mut places = table.places(hash);
    let mut free = None;
    loop {
        let (place, payload) = (places.place, heap.payload(dict));
        match table.entry_at(payload, place) {
            EMPTY => return Found::Nowhere { free: free.unwrap_or(place) },
            DELETED => free = free.or(Some(place)),
            entry => {
                let entry = entry as usize;
                if table.hash(payload, entry) == hash
                    && key::equal_to_slot(heap, key, dict, 2 * entry, scratch)
                {
                    return Found::At { entry, place };
                }
            }
        }
        places.advance();
    }
}

/// The hash of an entry's key: its own while all keys are strs, else the table has it.
#[inline(always)]
fn hash_of_entry<H: Heap>(heap: &H, dict: Local, table: &Table, entry: usize) -> u64 {
    match heap.peek(dict, 2 * entry) {
        Some((_, key)) if !table.general => text::known_hash(key),
        _ => table.hash(heap.payload(dict), entry),
    }
}
