//! The program's own functions: one call for each container, as Python's recursion would have it.

use crate::checksum::Checksum;
use heapbench_heap::{Heap, Immortal, Kind, Local, OutOfMemory, Shape};
use heapbench_objects::text::Text;
use heapbench_objects::{Statics, dict, float, int, iterator, list, text, tuple};

/// The argument: a container, in the caller's last local before the call.
const CONTAINER: Local = Local::new(0);
const ITERATOR: Local = Local::new(1);
/// The tuple in which `dict.items()` gives each entry: one for the whole loop.
const PAIR: Local = Local::new(2);
const KEY: Local = Local::new(3);
const SCRATCH: Local = Local::new(4);
/// An item or value, and the argument of a call.
const ITEM: Local = Local::new(5);
const LOCALS: usize = 6;

/// What `dict.items()` is: 40 bytes with the GC head.
const VIEW: Shape = Shape::new(Kind::Object, 1, 0);

/// Folds in the value in `item`, the current frame's last local, and everything in it.
///
/// # Errors
/// Out of memory.
#[inline]
pub(super) fn fold<H: Heap>(heap: &mut H, item: Local, checksum: &mut Checksum) -> Result<(), OutOfMemory> {
    match heap.shape(item).kind {
        Kind::List | Kind::Dict => fold_container(heap, checksum)?,
        Kind::Str => fold_text(text::view(heap, item), checksum),
        Kind::Int => checksum.add(int::value(heap, item) as u64),
        Kind::Float => checksum.add_bytes(&float::value(heap, item).to_le_bytes()),
        _ => checksum.add(0),
    }
    Ok(())
}

/// The length, and how many spaces there are.
fn fold_text(text: Text<'_>, checksum: &mut Checksum) {
    let is_space = |character: &[u8]| character[0] == b' ' && character[1..].iter().all(|byte| *byte == 0);
    let spaces = match text.width {
        1 => text.data.iter().filter(|byte| **byte == b' ').count(),
        width => text.data.chunks_exact(width).filter(|character| is_space(character)).count(),
    };
    checksum.add(text.len() as u64);
    checksum.add(spaces as u64);
}

fn fold_container<H: Heap>(heap: &mut H, checksum: &mut Checksum) -> Result<(), OutOfMemory> {
    let frame = heap.enter(1, LOCALS)?;
    heap.safepoint();
    if heap.shape(CONTAINER).kind == Kind::List {
        checksum.add(list::len(heap, CONTAINER) as u64);
        iterator::new_list(heap, ITERATOR, CONTAINER)?;
        while iterator::next_list(heap, ITEM, ITERATOR, SCRATCH) {
            fold(heap, ITEM, checksum)?;
            heap.safepoint();
        }
    } else {
        checksum.add(dict::len(heap, CONTAINER) as u64);
        start_items(heap)?;
        while next_item(heap) {
            fold_text(text::view(heap, KEY), checksum);
            fold(heap, ITEM, checksum)?;
            heap.safepoint();
        }
    }
    heap.leave_with(frame, CONTAINER);
    Ok(())
}

/// `for key, item in container.items()` begins: the view is gone as soon as its iterator is there.
fn start_items<H: Heap>(heap: &mut H) -> Result<(), OutOfMemory> {
    heap.allocate(SCRATCH, VIEW)?;
    heap.store(SCRATCH, 0, CONTAINER);
    iterator::new_dict(heap, ITERATOR, CONTAINER)?;
    tuple::new(heap, PAIR, 2)?;
    heap.clear(SCRATCH);
    Ok(())
}

/// The next entry's `KEY` and `ITEM`, which the loop's tuple holds too. False at the end, and iterator and tuple are gone.
fn next_item<H: Heap>(heap: &mut H) -> bool {
    let is_there = iterator::next_dict(heap, KEY, ITEM, ITERATOR, SCRATCH);
    if is_there {
        heap.store(PAIR, 0, KEY);
        heap.store(PAIR, 1, ITEM);
    } else {
        heap.clear(ITERATOR);
        heap.clear(PAIR);
    }
    is_there
}

/// Changes the container in `item`, the current frame's last local, and everything in it: adds 1000 to ints, moves the
/// first key of each dict to the end and gives it a key `visits` with its former length, appends its former length
/// to each list.
///
/// # Errors
/// Out of memory.
#[inline]
pub(super) fn change<H: Heap>(
    heap: &mut H,
    item: Local,
    statics: &Statics,
    visits: Immortal,
) -> Result<(), OutOfMemory> {
    match heap.shape(item).kind {
        Kind::List | Kind::Dict => change_container(heap, statics, visits),
        _ => Ok(()),
    }
}

fn change_container<H: Heap>(heap: &mut H, statics: &Statics, visits: Immortal) -> Result<(), OutOfMemory> {
    let frame = heap.enter(1, LOCALS)?;
    heap.safepoint();
    if heap.shape(CONTAINER).kind == Kind::List {
        change_list(heap, statics, visits)?;
    } else {
        change_dict(heap, statics, visits)?;
    }
    heap.leave_with(frame, CONTAINER);
    Ok(())
}

fn change_list<H: Heap>(heap: &mut H, statics: &Statics, visits: Immortal) -> Result<(), OutOfMemory> {
    let length = list::len(heap, CONTAINER);
    for index in 0..length {
        heap.load(ITEM, CONTAINER, index);
        change(heap, ITEM, statics, visits)?;
        if add_1000(heap, statics)? {
            heap.store_take(CONTAINER, index, ITEM);
        }
        heap.safepoint();
    }
    statics.int(heap, ITEM, length as i128)?;
    list::append(heap, CONTAINER, ITEM)
}

fn change_dict<H: Heap>(heap: &mut H, statics: &Statics, visits: Immortal) -> Result<(), OutOfMemory> {
    let length = dict::len(heap, CONTAINER);
    start_items(heap)?;
    while next_item(heap) {
        change(heap, ITEM, statics, visits)?;
        if add_1000(heap, statics)? {
            dict::insert(heap, CONTAINER, KEY, ITEM, SCRATCH)?;
        }
        heap.safepoint();
    }
    if length > 0 {
        // `first = next(iter(container)); container[first] = container.pop(first)`
        iterator::new_dict(heap, ITERATOR, CONTAINER)?;
        iterator::next_dict(heap, KEY, ITEM, ITERATOR, SCRATCH);
        heap.clear(ITERATOR);
        dict::remove(heap, CONTAINER, KEY, SCRATCH);
        dict::insert(heap, CONTAINER, KEY, ITEM, SCRATCH)?;
    }
    heap.load_immortal(KEY, visits);
    statics.int(heap, ITEM, length as i128)?;
    dict::insert(heap, CONTAINER, KEY, ITEM, SCRATCH)
}

/// `ITEM += 1000` where it is an int: whether it is.
#[inline]
fn add_1000<H: Heap>(heap: &mut H, statics: &Statics) -> Result<bool, OutOfMemory> {
    let is_int = heap.shape(ITEM).kind == Kind::Int;
    if is_int {
        let sum = int::value(heap, ITEM).wrapping_add(1000);
        statics.int(heap, ITEM, sum)?;
    }
    Ok(is_int)
}
