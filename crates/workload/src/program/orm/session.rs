//! The session: what was loaded is found again, what is missing is loaded, what was changed is written.
//!
//! A method's arguments are the caller's last locals, the first of them gets its result. What is `None` is nil here.

use super::Shop;
use super::entities::{
    AUTHOR_BOOKS, AUTHOR_KEY, BOOK_DIRTY, BOOK_KEY, BOOK_STOCK, SESSION_AUTHORS, SESSION_BOOKS, SESSION_DIRTY,
};
use crate::program::call::{SELF, construct};
use heapbench_heap::{Heap, Local, OutOfMemory};
use heapbench_objects::{dict, int, iterator, list, text};

/// `session.authors = {}; session.books = {}`.
pub(super) fn empty_maps<H: Heap>(heap: &mut H, session: Local, scratch: Local) -> Result<(), OutOfMemory> {
    for map in [SESSION_AUTHORS, SESSION_BOOKS] {
        dict::new(heap, scratch)?;
        heap.store_take(session, map, scratch);
    }
    Ok(())
}

/// `session.clear()`.
pub(super) fn clear<H: Heap>(heap: &mut H) -> Result<(), OutOfMemory> {
    let frame = heap.enter(1, 2)?;
    heap.safepoint();
    empty_maps(heap, SELF, Local::new(1))?;
    heap.leave(frame);
    Ok(())
}

impl Shop<'_> {
    /// `Session(database, books_each, batch, weak)`: the caller's last locals are one that gets it, and four that are
    /// nil. The database is not the heap's.
    pub(super) fn new_session<H: Heap>(&mut self, heap: &mut H, call: [Local; 5]) -> Result<(), OutOfMemory> {
        let [_, _, books_each, batch, weak] = call;
        self.statics.int(heap, books_each, i128::from(self.program.books_each))?;
        self.statics.int(heap, batch, i128::from(self.program.batch))?;
        self.statics.truth(heap, weak, self.program.weak);
        construct(heap, &mut self.classes.session, 4, |heap, value| {
            empty_maps(heap, SELF, value)?;
            list::new(heap, value, 0)?;
            heap.store_take(SELF, SESSION_DIRTY, value);
            Ok(())
        })
    }

    /// `session.find(identities, key)`.
    fn find<H: Heap>(&self, heap: &mut H) -> Result<(), OutOfMemory> {
        const IDENTITIES: Local = Local::new(1);
        const KEY: Local = Local::new(2);
        const FOUND: Local = Local::new(3);
        const SCRATCH: Local = Local::new(4);
        let frame = heap.enter(3, 5)?;
        heap.safepoint();
        let found = dict::get(heap, FOUND, IDENTITIES, KEY, SCRATCH);
        heap.safepoint();
        if found && self.program.weak {
            heap.upgrade(SCRATCH, FOUND);
            heap.take(FOUND, SCRATCH);
            heap.safepoint();
        }
        heap.leave_with(frame, FOUND);
        Ok(())
    }

    /// `session.keep(identities, key, entity)`.
    fn keep<H: Heap>(&self, heap: &mut H) -> Result<(), OutOfMemory> {
        const IDENTITIES: Local = Local::new(1);
        const KEY: Local = Local::new(2);
        const ENTITY: Local = Local::new(3);
        const VALUE: Local = Local::new(4);
        const SCRATCH: Local = Local::new(5);
        let frame = heap.enter(4, 6)?;
        heap.safepoint();
        if self.program.weak {
            heap.weak(VALUE, ENTITY, None)?;
            heap.safepoint();
        } else {
            heap.copy(VALUE, ENTITY);
        }
        dict::insert(heap, IDENTITIES, KEY, VALUE, SCRATCH)?;
        heap.leave(frame);
        Ok(())
    }

    /// `session.book(key)`.
    pub(super) fn find_book<H: Heap>(&mut self, heap: &mut H) -> Result<(), OutOfMemory> {
        const KEY: Local = Local::new(1);
        const LOADED: Local = Local::new(2);
        /// The arguments of a call; the first of them gets its result.
        const CALL: [Local; 3] = [Local::new(3), Local::new(4), Local::new(5)];
        let frame = heap.enter(2, 6)?;
        heap.safepoint();
        let find = |shop: &Self, heap: &mut H| {
            heap.copy(CALL[0], SELF);
            heap.load(CALL[1], SELF, SESSION_BOOKS);
            heap.copy(CALL[2], KEY);
            shop.find(heap)
        };
        find(self, heap)?;
        if heap.is_nil(CALL[0]) {
            let key = int::value(heap, KEY) as u32;
            heap.copy(CALL[1], SELF);
            let batch = key / self.program.books_each / self.program.batch;
            self.statics.int(heap, CALL[2], i128::from(batch))?;
            self.load(heap)?;
            heap.take(LOADED, CALL[1]);
            find(self, heap)?;
        }
        heap.leave_with(frame, CALL[0]);
        Ok(())
    }

    /// `session.load(number)`: the caller keeps the list until it has what it needs.
    fn load<H: Heap>(&mut self, heap: &mut H) -> Result<(), OutOfMemory> {
        const NUMBER: Local = Local::new(1);
        const LOADED: Local = Local::new(2);
        const KEY: Local = Local::new(3);
        const AUTHOR: Local = Local::new(4);
        /// The arguments of a call; the first of them gets its result.
        const CALL: [Local; 4] = [Local::new(5), Local::new(6), Local::new(7), Local::new(8)];
        let frame = heap.enter(2, 9)?;
        heap.safepoint();
        list::new(heap, LOADED, 0)?;
        let first = int::value(heap, NUMBER) as u32 * self.program.batch;
        for key in first..first + self.program.batch {
            self.statics.int(heap, KEY, i128::from(key))?;
            heap.copy(CALL[1], SELF);
            heap.load(CALL[2], SELF, SESSION_AUTHORS);
            heap.copy(CALL[3], KEY);
            self.find(heap)?;
            heap.take(AUTHOR, CALL[1]);
            if heap.is_nil(AUTHOR) {
                heap.copy(CALL[1], SELF);
                heap.copy(CALL[2], KEY);
                text::new(heap, CALL[3], &self.program.names[key as usize])?;
                heap.safepoint();
                construct(heap, &mut self.classes.author, 3, |heap, value| {
                    list::new(heap, value, 0)?;
                    heap.store_take(SELF, AUTHOR_BOOKS, value);
                    Ok(())
                })?;
                heap.take(AUTHOR, CALL[0]);
                heap.copy(CALL[0], SELF);
                heap.load(CALL[1], SELF, SESSION_AUTHORS);
                heap.copy(CALL[2], KEY);
                heap.copy(CALL[3], AUTHOR);
                self.keep(heap)?;
                heap.copy(CALL[2], SELF);
                heap.copy(CALL[3], AUTHOR);
                self.load_books(heap)?;
            }
            heap.copy(CALL[0], AUTHOR);
            list::append(heap, LOADED, CALL[0])?;
            heap.safepoint();
        }
        heap.leave_with(frame, LOADED);
        Ok(())
    }

    /// `session.load_books(author)`.
    fn load_books<H: Heap>(&mut self, heap: &mut H) -> Result<(), OutOfMemory> {
        const AUTHOR: Local = Local::new(1);
        const KEY: Local = Local::new(2);
        const BOOK: Local = Local::new(3);
        /// The arguments of a call; the first of them gets its result.
        const CALL: [Local; 6] =
            [Local::new(4), Local::new(5), Local::new(6), Local::new(7), Local::new(8), Local::new(9)];
        let frame = heap.enter(2, 10)?;
        heap.safepoint();
        heap.load(KEY, AUTHOR, AUTHOR_KEY);
        let first = int::value(heap, KEY) as u32 * self.program.books_each;
        for key in first..first + self.program.books_each {
            let row = key as usize;
            self.statics.int(heap, KEY, i128::from(key))?;
            heap.copy(CALL[1], AUTHOR);
            heap.copy(CALL[2], KEY);
            text::new(heap, CALL[3], &self.program.titles[row])?;
            heap.safepoint();
            self.statics.int(heap, CALL[4], i128::from(self.program.prices[row]))?;
            self.statics.int(heap, CALL[5], i128::from(self.stock[row]))?;
            let statics = &self.statics;
            construct(heap, &mut self.classes.book, 5, |heap, value| {
                statics.truth(heap, value, false);
                heap.store_take(SELF, BOOK_DIRTY, value);
                Ok(())
            })?;
            heap.take(BOOK, CALL[0]);
            heap.load(CALL[0], AUTHOR, AUTHOR_BOOKS);
            heap.copy(CALL[1], BOOK);
            list::append(heap, CALL[0], CALL[1])?;
            heap.clear(CALL[0]);
            heap.copy(CALL[2], SELF);
            heap.load(CALL[3], SELF, SESSION_BOOKS);
            heap.copy(CALL[4], KEY);
            heap.copy(CALL[5], BOOK);
            self.keep(heap)?;
            heap.safepoint();
        }
        heap.leave(frame);
        Ok(())
    }

    /// `session.flush()`.
    pub(super) fn flush<H: Heap>(&mut self, heap: &mut H) -> Result<(), OutOfMemory> {
        const DIRTY: Local = Local::new(1);
        const ITERATOR: Local = Local::new(2);
        const BOOK: Local = Local::new(3);
        const VALUE: Local = Local::new(4);
        let frame = heap.enter(1, 5)?;
        heap.safepoint();
        heap.load(DIRTY, SELF, SESSION_DIRTY);
        iterator::new_list(heap, ITERATOR, DIRTY)?;
        while iterator::next_list(heap, BOOK, ITERATOR, VALUE) {
            heap.load(VALUE, BOOK, BOOK_KEY);
            let row = int::value(heap, VALUE) as usize;
            heap.load(VALUE, BOOK, BOOK_STOCK);
            self.stock[row] = int::value(heap, VALUE) as i64;
            self.statics.truth(heap, VALUE, false);
            heap.store_take(BOOK, BOOK_DIRTY, VALUE);
            heap.safepoint();
        }
        heap.clear(ITERATOR);
        heap.resize(DIRTY, 0, 0)?;
        heap.safepoint();
        heap.leave(frame);
        Ok(())
    }
}
