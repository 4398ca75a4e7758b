//! A new index without the documents that were removed.
//!
//! ```python
//! for word in index:
//!     kept = []
//!     for position in index[word]:
//!         if position >> PLACES not in removed:
//!             kept.append(position)
//!     if kept:
//!         merged[word] = kept
//! ```

use super::PLACES;
use heapbench_heap::{Heap, Local, OutOfMemory};
use heapbench_objects::{Statics, dict, int, iterator, list, set};

/// `removed_documents(removals)`: the set, in the caller's last local.
pub(super) fn removed_documents<H: Heap>(
    heap: &mut H,
    statics: &Statics,
    removals: &[bool],
) -> Result<(), OutOfMemory> {
    const REMOVED: Local = Local::new(0);
    const NUMBER: Local = Local::new(1);
    const SCRATCH: Local = Local::new(2);
    let frame = heap.enter(1, 3)?;
    heap.safepoint();
    set::new(heap, REMOVED)?;
    for (number, removed) in removals.iter().enumerate() {
        if *removed {
            statics.int(heap, NUMBER, number as i128)?;
            set::add(heap, REMOVED, NUMBER, SCRATCH)?;
        }
        heap.safepoint();
    }
    heap.leave_with(frame, REMOVED);
    Ok(())
}

const INDEX: Local = Local::new(0);
const REMOVED: Local = Local::new(1);
const MERGED: Local = Local::new(2);
const WORDS: Local = Local::new(3);
const WORD: Local = Local::new(4);
const POSTINGS: Local = Local::new(5);
const KEPT: Local = Local::new(6);
const ITERATOR: Local = Local::new(7);
const POSITION: Local = Local::new(8);
const DOCUMENT: Local = Local::new(9);
const SCRATCH: Local = Local::new(10);
const COUNT: usize = 11;

/// `index = merge(index, removed)`: the caller's last two locals, the second of them nil afterwards.
pub(super) fn merge<H: Heap>(heap: &mut H, statics: &Statics) -> Result<(), OutOfMemory> {
    let frame = heap.enter(2, COUNT)?;
    heap.safepoint();
    dict::new(heap, MERGED)?;
    iterator::new_dict(heap, WORDS, INDEX)?;
    while iterator::next_dict(heap, WORD, POSTINGS, WORDS, SCRATCH) {
        list::new(heap, KEPT, 0)?;
        keep_positions(heap, statics)?;
        if list::len(heap, KEPT) > 0 {
            let (word, kept) = (DOCUMENT, POSTINGS);
            heap.copy(word, WORD);
            heap.copy(kept, KEPT);
            dict::insert(heap, MERGED, word, kept, SCRATCH)?;
        }
        heap.safepoint();
    }
    heap.leave_with(frame, MERGED);
    Ok(())
}

/// The inner loop: `POSTINGS` is nil afterwards.
fn keep_positions<H: Heap>(heap: &mut H, statics: &Statics) -> Result<(), OutOfMemory> {
    iterator::new_list(heap, ITERATOR, POSTINGS)?;
    heap.clear(POSTINGS);
    while iterator::next_list(heap, POSITION, ITERATOR, SCRATCH) {
        statics.int(heap, DOCUMENT, int::value(heap, POSITION) >> PLACES)?;
        if !set::contains(heap, REMOVED, DOCUMENT, SCRATCH) {
            heap.copy(DOCUMENT, POSITION);
            list::append(heap, KEPT, DOCUMENT)?;
        }
        heap.safepoint();
    }
    heap.clear(ITERATOR);
    heap.clear(DOCUMENT);
    Ok(())
}
