//! The entities and their methods. Attributes are slots, in the order in which `__init__` assigns them.
//!
//! A method's arguments are the caller's last locals, the first of them gets its result. What is `None` is nil here.

use crate::program::call::{Callable, SELF, construct};
use heapbench_heap::{Heap, Local, OutOfMemory};
use heapbench_objects::{Statics, int, iterator, list};

/// An author: session, key and name; then
pub(super) const AUTHOR_SESSION: usize = 0;
pub(super) const AUTHOR_KEY: usize = 1;
pub(super) const AUTHOR_BOOKS: usize = 3;

/// A book: author, key, title, price and stock; then
pub(super) const BOOK_AUTHOR: usize = 0;
pub(super) const BOOK_KEY: usize = 1;
const BOOK_PRICE: usize = 3;
pub(super) const BOOK_STOCK: usize = 4;
pub(super) const BOOK_DIRTY: usize = 5;

/// An order: its key; then
pub(super) const ORDER_LINES: usize = 1;

/// A line: order, book and quantity.
const LINE_BOOK: usize = 1;
const LINE_QUANTITY: usize = 2;

/// The session: what it is configured with is not the heap's.
pub(super) const SESSION_AUTHORS: usize = 4;
pub(super) const SESSION_BOOKS: usize = 5;
pub(super) const SESSION_DIRTY: usize = 6;

/// The classes: how many attributes each has.
pub(super) struct Classes {
    pub(super) session: Callable,
    pub(super) author: Callable,
    pub(super) book: Callable,
    pub(super) order: Callable,
    pub(super) line: Callable,
}

impl Classes {
    pub(super) const fn new() -> Classes {
        Classes {
            session: Callable::new(7),
            author: Callable::new(4),
            book: Callable::new(6),
            order: Callable::new(2),
            line: Callable::new(3),
        }
    }
}

/// `order.add(book, quantity)`.
pub(super) fn add_line<H: Heap>(heap: &mut H, class: &mut Callable) -> Result<(), OutOfMemory> {
    const BOOK: Local = Local::new(1);
    const QUANTITY: Local = Local::new(2);
    const LINES: Local = Local::new(3);
    const LINE: Local = Local::new(4);
    let frame = heap.enter(3, 8)?;
    heap.safepoint();
    heap.load(LINES, SELF, ORDER_LINES);
    for (argument, value) in [SELF, BOOK, QUANTITY].into_iter().enumerate() {
        heap.copy(Local::new(LINE.index() as u32 + 1 + argument as u32), value);
    }
    construct(heap, class, 3, |_, _| Ok(()))?;
    list::append(heap, LINES, LINE)?;
    heap.leave(frame);
    Ok(())
}

/// `order.total()`.
pub(super) fn total<H: Heap>(heap: &mut H, statics: &Statics) -> Result<(), OutOfMemory> {
    const TOTAL: Local = Local::new(1);
    const ITERATOR: Local = Local::new(2);
    const LINE: Local = Local::new(3);
    const QUANTITY: Local = Local::new(4);
    const VALUE: Local = Local::new(5);
    let frame = heap.enter(1, 6)?;
    heap.safepoint();
    statics.int(heap, TOTAL, 0)?;
    heap.load(VALUE, SELF, ORDER_LINES);
    iterator::new_list(heap, ITERATOR, VALUE)?;
    heap.clear(VALUE);
    while iterator::next_list(heap, LINE, ITERATOR, VALUE) {
        heap.load(QUANTITY, LINE, LINE_QUANTITY);
        heap.load(VALUE, LINE, LINE_BOOK);
        heap.load(VALUE, VALUE, BOOK_PRICE);
        statics.int(heap, VALUE, int::value(heap, QUANTITY) * int::value(heap, VALUE))?;
        heap.clear(QUANTITY);
        statics.int(heap, TOTAL, int::value(heap, TOTAL) + int::value(heap, VALUE))?;
        heap.clear(VALUE);
        heap.safepoint();
    }
    heap.leave_with(frame, TOTAL);
    Ok(())
}

/// `book.sell(quantity)`.
pub(super) fn sell<H: Heap>(heap: &mut H, statics: &Statics) -> Result<(), OutOfMemory> {
    const QUANTITY: Local = Local::new(1);
    const VALUE: Local = Local::new(2);
    const DIRTY: Local = Local::new(3);
    let frame = heap.enter(2, 4)?;
    heap.safepoint();
    heap.load(VALUE, SELF, BOOK_STOCK);
    statics.int(heap, VALUE, int::value(heap, VALUE) - int::value(heap, QUANTITY))?;
    if int::value(heap, VALUE) < 0 {
        heap.store_take(SELF, BOOK_STOCK, VALUE);
        heap.load(VALUE, SELF, BOOK_STOCK);
        statics.int(heap, VALUE, int::value(heap, VALUE) + 1000)?;
    }
    heap.store_take(SELF, BOOK_STOCK, VALUE);
    heap.load(VALUE, SELF, BOOK_DIRTY);
    if int::value(heap, VALUE) == 0 {
        statics.truth(heap, VALUE, true);
        heap.store_take(SELF, BOOK_DIRTY, VALUE);
        heap.load(DIRTY, SELF, BOOK_AUTHOR);
        heap.load(DIRTY, DIRTY, AUTHOR_SESSION);
        heap.load(DIRTY, DIRTY, SESSION_DIRTY);
        heap.copy(VALUE, SELF);
        list::append(heap, DIRTY, VALUE)?;
    }
    heap.leave(frame);
    Ok(())
}
