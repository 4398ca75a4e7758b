//! Queries: the documents that have two words.

use super::{PLACES, TextIndex};
use crate::checksum::Checksum;
use heapbench_heap::{Heap, Kind, Local, OutOfMemory, Shape};
use heapbench_objects::{Statics, dict, int, iterator, list, set};
use std::ops::Range;

/// What `for document in found` makes: set, position, and how many are left.
const SET_ITERATOR: Shape = Shape::new(Kind::Object, 1, 24);

impl TextIndex {
    /// `answer(index, queries, …)`: the index is the caller's last local.
    pub(super) fn answer<H: Heap>(
        &self,
        heap: &mut H,
        statics: &Statics,
        queries: Range<usize>,
        checksum: &mut Checksum,
    ) -> Result<(), OutOfMemory> {
        const INDEX: Local = Local::new(0);
        const ITERATOR: Local = Local::new(1);
        const DOCUMENT: Local = Local::new(2);
        const WORDS: Local = Local::new(3);
        const FOUND: Local = Local::new(4);
        const CALLED: Local = Local::new(5);
        const FIRST: Local = Local::new(6);
        const SECOND: Local = Local::new(7);
        let frame = heap.enter(1, 8)?;
        heap.safepoint();
        for query in queries {
            let (first, second) = self.queries[query % self.queries.len()];
            list::new(heap, CALLED, 2)?;
            for (place, word) in [first, second].into_iter().enumerate() {
                statics.text(heap, FIRST, &self.vocabulary[word as usize])?;
                heap.store_take(CALLED, place, FIRST);
            }
            heap.take(WORDS, CALLED);
            heap.safepoint();
            heap.copy(CALLED, INDEX);
            heap.load(FIRST, WORDS, 0);
            heap.load(SECOND, WORDS, 1);
            search(heap, statics)?;
            heap.take(FOUND, CALLED);
            heap.safepoint();
            checksum.add(set::len(heap, FOUND) as u64);
            heap.allocate(ITERATOR, SET_ITERATOR)?;
            heap.store(ITERATOR, iterator::ITERABLE, FOUND);
            checksum.add(sum(heap, FOUND, DOCUMENT));
            heap.clear(ITERATOR);
            heap.safepoint();
        }
        heap.leave(frame);
        Ok(())
    }
}

/// `sum(found)`. `scratch` is nil before and after.
fn sum<H: Heap>(heap: &mut H, found: Local, scratch: Local) -> u64 {
    let (mut total, mut position) = (0, 0);
    while let Some(next) = set::next(heap, found, position, scratch) {
        total += int::value(heap, scratch) as u64;
        position = next;
    }
    total
}

/// `search(index, first, second)`: the caller's last three locals; the first of them gets what was found.
fn search<H: Heap>(heap: &mut H, statics: &Statics) -> Result<(), OutOfMemory> {
    const INDEX: Local = Local::new(0);
    const FIRST: Local = Local::new(1);
    const SECOND: Local = Local::new(2);
    const FOUND: Local = Local::new(3);
    const BOTH: Local = Local::new(4);
    const SCRATCH: [Local; 2] = [Local::new(5), Local::new(6)];
    const CALLED: Local = Local::new(7);
    const WORD: Local = Local::new(8);
    let frame = heap.enter(3, 9)?;
    heap.safepoint();
    heap.copy(CALLED, INDEX);
    heap.copy(WORD, FIRST);
    documents_with(heap, statics)?;
    heap.take(FOUND, CALLED);
    heap.copy(CALLED, INDEX);
    heap.copy(WORD, SECOND);
    documents_with(heap, statics)?;
    intersect(heap, BOTH, [FOUND, CALLED], SCRATCH)?;
    heap.clear(CALLED);
    heap.leave_with(frame, BOTH);
    Ok(())
}

/// `documents_with(index, word)`: the caller's last two locals; the first of them gets the set.
fn documents_with<H: Heap>(heap: &mut H, statics: &Statics) -> Result<(), OutOfMemory> {
    const INDEX: Local = Local::new(0);
    const WORD: Local = Local::new(1);
    const FOUND: Local = Local::new(2);
    const POSTINGS: Local = Local::new(3);
    const ITERATOR: Local = Local::new(4);
    const POSITION: Local = Local::new(5);
    const DOCUMENT: Local = Local::new(6);
    const SCRATCH: Local = Local::new(7);
    let frame = heap.enter(2, 8)?;
    heap.safepoint();
    set::new(heap, FOUND)?;
    if dict::contains(heap, INDEX, WORD, SCRATCH) {
        dict::get(heap, POSTINGS, INDEX, WORD, SCRATCH);
        iterator::new_list(heap, ITERATOR, POSTINGS)?;
        heap.clear(POSTINGS);
        while iterator::next_list(heap, POSITION, ITERATOR, SCRATCH) {
            statics.int(heap, DOCUMENT, int::value(heap, POSITION) >> PLACES)?;
            set::add(heap, FOUND, DOCUMENT, SCRATCH)?;
            heap.safepoint();
        }
        heap.clear(ITERATOR);
    }
    heap.leave_with(frame, FOUND);
    Ok(())
}

/// `dst = a & b`: goes through the smaller set. The scratch locals are nil before and after.
fn intersect<H: Heap>(
    heap: &mut H,
    dst: Local,
    [a, b]: [Local; 2],
    [key, scratch]: [Local; 2],
) -> Result<(), OutOfMemory> {
    let (smaller, larger) = if set::len(heap, b) > set::len(heap, a) { (a, b) } else { (b, a) };
    set::new(heap, dst)?;
    let mut position = 0;
    while let Some(next) = set::next(heap, smaller, position, key) {
        if set::contains(heap, larger, key, scratch) {
            set::add(heap, dst, key, scratch)?;
        }
        position = next;
    }
    heap.clear(key);
    Ok(())
}
