//! Objects with back references, as an object-relational mapper has them: authors and books, orders and lines.
//!
//! ```python
//! class Session:                                       def place(session, choices, number, lines):
//!     def book(self, key):                                 order = Order(number)
//!         book = self.find(self.books, key)                for at in range(start, start + lines):
//!         if book is None:                                     book = session.book(key)
//!             loaded = self.load(key // …)                     order.add(book, quantity)
//!             book = self.find(self.books, key)                book.sell(quantity)
//!         return book                                      session.flush()
//!                                                          return order
//!     def keep(self, identities, key, entity):
//!         identities[key] = ref(entity) if self.weak else entity
//! ```
//! An author has a list of books, a book its author; an order has a list of lines, a line its order and its book: every
//! entity is in a cycle. The session's identity map finds what was loaded before, by references or by weak ones; tables
//! are bytes and numbers, from which a batch of authors with their books is loaded when one is missing. An order is
//! dropped soon; the identity map is emptied now and then.

mod entities;
mod session;

use crate::checksum::Checksum;
use crate::error::WorkloadError;
use crate::parameters::Reader;
use crate::prepared::{Outcome, Program};
use crate::program::call::{SELF, construct};
use crate::random;
use entities::{Classes, ORDER_LINES};
use heapbench_heap::{Heap, Introspect, Local, OutOfMemory, Recorder};
use heapbench_objects::{Statics, int, list};

/// Choices are drawn beforehand, this many at most, and used in turn, again and again.
const CHOICES: usize = 1 << 18;

/// Parameters, tables and choices.
#[derive(Debug)]
pub struct Orm {
    orders: u32,
    lines: u32,
    batch: u32,
    books_each: u32,
    span: u32,
    recent: u32,
    weak: bool,
    /// The keys of the books that are ordered.
    choices: Vec<u32>,
    names: Vec<String>,
    titles: Vec<String>,
    prices: Vec<u32>,
    stock: Vec<u32>,
}

impl Orm {
    pub(crate) fn prepare(parameters: Reader<'_>, seed: u64) -> Result<Orm, WorkloadError> {
        let orders = parameters.count("orders", 1..=1_000_000_000)?;
        let lines = parameters.count("lines", 1..=1000)?;
        let batch = parameters.count("batch", 1..=1000)?;
        let authors = batch * parameters.count("batches", 1..=10_000)?;
        let books_each = parameters.count("books", 1..=1000)?;
        let books = authors.checked_mul(books_each).filter(|books| *books <= 50_000_000);
        let books = books.ok_or_else(|| parameters.invalid("books", "at most 50000000 books in all"))?;
        let mut generator = random::generator(seed);
        let count = CHOICES.min((u64::from(orders) * u64::from(lines)) as usize);
        let skew = parameters.number("skew", 0.0..=4.0)?;
        Ok(Orm {
            orders,
            lines,
            batch,
            books_each,
            span: parameters.count("span", 1..=1_000_000_000)?,
            recent: parameters.count("recent", 1..=10_000_000)?,
            weak: parameters.flag("weak")?,
            choices: random::skewed_indices(&mut generator, count, books, skew),
            names: (0..authors).map(|key| format!("author {key:06}")).collect(),
            titles: (0..books).map(|key| format!("the book with the number {key:08}")).collect(),
            prices: random::indices(&mut generator, books as usize, 5000),
            stock: random::indices(&mut generator, books as usize, 1000),
        })
    }
}

/// The running program.
struct Shop<'a> {
    program: &'a Orm,
    statics: Statics,
    /// The one table that is written to.
    stock: Vec<i64>,
    classes: Classes,
}

/// Locals of `run`.
mod run {
    use heapbench_heap::Local;
    pub(super) const SESSION: Local = Local::new(0);
    pub(super) const RECENT: Local = Local::new(1);
    pub(super) const ORDER: Local = Local::new(2);
    pub(super) const VALUE: Local = Local::new(3);
    /// The arguments of a call, the last ones; the first of them gets its result.
    pub(super) const CALL: [Local; 5] =
        [Local::new(4), Local::new(5), Local::new(6), Local::new(7), Local::new(8)];
    pub(super) const CALLED: Local = CALL[4];
    pub(super) const COUNT: usize = 9;
}

impl Program for Orm {
    fn run<H: Heap + Introspect>(&self, heap: &mut H) -> Result<Outcome, OutOfMemory> {
        use run::{CALL, CALLED, ORDER, RECENT, SESSION, VALUE};
        let main = heap.enter(0, run::COUNT)?;
        let mut shop = Shop {
            program: self,
            statics: Statics::new(heap, VALUE)?,
            stock: self.stock.iter().map(|count| i64::from(*count)).collect(),
            classes: Classes::new(),
        };
        let mut checksum = Checksum::default();
        shop.new_session(heap, CALL)?;
        heap.take(SESSION, CALL[0]);
        list::new(heap, RECENT, self.recent)?;
        shop.statics.none(heap, VALUE);
        heap.fill_slots(RECENT, 0..self.recent as usize, VALUE);
        for number in 0..self.orders {
            heap.copy(CALLED, SESSION);
            shop.place(heap, number)?;
            heap.take(ORDER, CALLED);
            heap.copy(CALLED, ORDER);
            entities::total(heap, &shop.statics)?;
            checksum.add(int::value(heap, CALLED) as u64);
            heap.clear(CALLED);
            heap.store(RECENT, (number % self.recent) as usize, ORDER);
            if number + 1 == self.recent.min(self.span).min(self.orders) {
                H::Recorder::at_most(heap);
            }
            if (number + 1) % self.span == 0 {
                heap.copy(CALLED, SESSION);
                session::clear(heap)?;
            }
            heap.safepoint();
        }
        checksum.add(shop.stock.iter().sum::<i64>() as u64);
        heap.leave(main);
        Ok(Outcome { checksum: checksum.value(), operations: u64::from(self.orders) })
    }
}

impl Shop<'_> {
    /// `place(session, choices, number, lines)`: the session is in the caller's last local, and then the order.
    fn place<H: Heap>(&mut self, heap: &mut H, number: u32) -> Result<(), OutOfMemory> {
        const SESSION: Local = Local::new(0);
        const ORDER: Local = Local::new(1);
        const KEY: Local = Local::new(2);
        const QUANTITY: Local = Local::new(3);
        const BOOK: Local = Local::new(4);
        /// The arguments of a call, the last ones; the first of them gets its result.
        const CALL: [Local; 3] = [Local::new(5), Local::new(6), Local::new(7)];
        let frame = heap.enter(1, 8)?;
        heap.safepoint();
        self.statics.int(heap, CALL[2], i128::from(number))?;
        construct(heap, &mut self.classes.order, 1, |heap, value| {
            list::new(heap, value, 0)?;
            heap.store_take(SELF, ORDER_LINES, value);
            Ok(())
        })?;
        heap.take(ORDER, CALL[1]);
        let start = u64::from(number) * u64::from(self.program.lines);
        for at in start..start + u64::from(self.program.lines) {
            let key = self.program.choices[at as usize % self.program.choices.len()];
            self.statics.int(heap, KEY, i128::from(key))?;
            self.statics.int(heap, QUANTITY, i128::from(key % 3 + 1))?;
            heap.copy(CALL[1], SESSION);
            heap.copy(CALL[2], KEY);
            self.find_book(heap)?;
            heap.take(BOOK, CALL[1]);
            for (argument, value) in CALL.into_iter().zip([ORDER, BOOK, QUANTITY]) {
                heap.copy(argument, value);
            }
            entities::add_line(heap, &mut self.classes.line)?;
            heap.copy(CALL[1], BOOK);
            heap.copy(CALL[2], QUANTITY);
            entities::sell(heap, &self.statics)?;
            heap.safepoint();
        }
        heap.copy(CALL[2], SESSION);
        self.flush(heap)?;
        heap.leave_with(frame, ORDER);
        Ok(())
    }
}
