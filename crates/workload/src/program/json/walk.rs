//! The program's own functions: one call for each container, as Python's recursion would have it.

use crate::checksum::Checksum;
use heapbench_heap::{Heap, Immortal, Kind, Local, OutOfMemory};
use heapbench_objects::{Statics, dict, float, int, list, text};

/// The argument: a container, in the caller's last local before the call.
const CONTAINER: Local = Local::new(0);
const KEY: Local = Local::new(1);
const SCRATCH: Local = Local::new(2);
const OTHER: Local = Local::new(3);
/// An item or value, and the argument of a call.
const VALUE: Local = Local::new(4);
const LOCALS: usize = 5;

/// Folds in the value in the caller's last local, which keeps it.
///
/// # Errors
/// The nesting is too deep for the data stack.
pub(super) fn fold<H: Heap>(heap: &mut H, checksum: &mut Checksum) -> Result<(), OutOfMemory> {
    let frame = heap.enter(1, LOCALS)?;
    heap.safepoint();
    match heap.shape(CONTAINER).kind {
        Kind::List => {
            checksum.add(list::len(heap, CONTAINER) as u64);
            for index in 0..list::len(heap, CONTAINER) {
                heap.safepoint();
                heap.load(VALUE, CONTAINER, index);
                fold_value(heap, checksum)?;
            }
        }
        Kind::Dict => {
            checksum.add(dict::len(heap, CONTAINER) as u64);
            let mut position = 0;
            while let Some(next) = dict::next(heap, CONTAINER, position, KEY, VALUE) {
                heap.safepoint();
                checksum.add_bytes(text::view(heap, KEY).data);
                fold_value(heap, checksum)?;
                position = next;
            }
        }
        _ => {
            heap.copy(VALUE, CONTAINER);
            fold_value(heap, checksum)?;
        }
    }
    heap.leave_with(frame, CONTAINER);
    Ok(())
}

/// Folds in `VALUE`.
#[inline]
fn fold_value<H: Heap>(heap: &mut H, checksum: &mut Checksum) -> Result<(), OutOfMemory> {
    match heap.shape(VALUE).kind {
        Kind::List | Kind::Dict => fold(heap, checksum)?,
        Kind::Str => checksum.add_bytes(text::view(heap, VALUE).data),
        Kind::Int => checksum.add(int::value(heap, VALUE) as u64),
        Kind::Float => checksum.add(float::value(heap, VALUE).to_bits()),
        _ => checksum.add(0),
    }
    Ok(())
}

/// Changes the value in the caller's last local, which keeps it, and everything in it: adds 1000 to ints, moves the
/// first key of each dict to the end and gives it a key `visits` with its former length, appends its former length
/// to each list.
///
/// # Errors
/// Out of memory.
pub(super) fn change<H: Heap>(heap: &mut H, statics: &Statics, visits: Immortal) -> Result<(), OutOfMemory> {
    let frame = heap.enter(1, LOCALS)?;
    heap.safepoint();
    match heap.shape(CONTAINER).kind {
        Kind::List => change_list(heap, statics, visits)?,
        Kind::Dict => change_dict(heap, statics, visits)?,
        _ => {}
    }
    heap.leave_with(frame, CONTAINER);
    Ok(())
}

fn change_list<H: Heap>(heap: &mut H, statics: &Statics, visits: Immortal) -> Result<(), OutOfMemory> {
    let length = list::len(heap, CONTAINER);
    for index in 0..length {
        heap.safepoint();
        heap.load(VALUE, CONTAINER, index);
        if change_value(heap, statics, visits)? {
            heap.store_take(CONTAINER, index, VALUE);
        }
    }
    statics.int(heap, VALUE, length as i128)?;
    list::append(heap, CONTAINER, VALUE)
}

fn change_dict<H: Heap>(heap: &mut H, statics: &Statics, visits: Immortal) -> Result<(), OutOfMemory> {
    let length = dict::len(heap, CONTAINER);
    let mut position = 0;
    while let Some(next) = dict::next(heap, CONTAINER, position, KEY, VALUE) {
        heap.safepoint();
        if change_value(heap, statics, visits)? {
            dict::insert(heap, CONTAINER, KEY, VALUE, SCRATCH)?;
        }
        position = next;
    }
    if dict::next(heap, CONTAINER, 0, OTHER, VALUE).is_some() {
        dict::remove(heap, CONTAINER, OTHER, SCRATCH);
        dict::insert(heap, CONTAINER, OTHER, VALUE, SCRATCH)?;
    }
    heap.load_immortal(KEY, visits);
    statics.int(heap, VALUE, length as i128)?;
    dict::insert(heap, CONTAINER, KEY, VALUE, SCRATCH)
}

/// Changes `VALUE`: true when it is another object now.
#[inline]
fn change_value<H: Heap>(heap: &mut H, statics: &Statics, visits: Immortal) -> Result<bool, OutOfMemory> {
    match heap.shape(VALUE).kind {
        Kind::List | Kind::Dict => change(heap, statics, visits).map(|()| false),
        Kind::Int => {
            let sum = int::value(heap, VALUE).wrapping_add(1000);
            statics.int(heap, VALUE, sum).map(|()| true)
        }
        _ => Ok(false),
    }
}
