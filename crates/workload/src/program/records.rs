//! Rows of data: read, selected, grouped, totalled, changed, sorted, copied and cut into pages.
//!
//! ```python
//! rows = load(lines)                              def load(lines):
//! chosen = select(rows, limit)                        rows = []
//! groups = group_by_name(chosen)                      for line in lines:
//! for name, count, total in totals(groups): ...           number, name, amount, words = line.split(",")
//! tags = count_tags(rows)                                 rows.append((int(number), name, float(amount),
//! raise_amounts(rows, 1.25)                                            tuple(words.split(" "))))
//! chosen.sort(key=amount)                             return rows
//! copy = rows.copy()
//! copy.sort(key=number_of)                        def read_pages(rows, page):
//! read_pages(chosen, page)                            for start in range(0, len(rows), page):
//! read_pages(copy, page)                                  for row in rows[start : start + page]: ...
//! ```
//! The rows of one round live until those of the next are loaded.

mod groups;
mod order;
mod rows;

use crate::checksum::Checksum;
use crate::error::WorkloadError;
use crate::parameters::Reader;
use crate::prepared::{Outcome, Program};
use crate::random;
use heapbench_heap::{Heap, Immortal, Introspect, Local, OutOfMemory, Recorder};
use heapbench_objects::{Statics, dict, float, int, iterator, list};
use rand::RngExt;

/// Different names and tags.
const NAMES: u32 = 200;
const TAGS: u32 = 24;

/// A row: a tuple of these.
const NUMBER: usize = 0;
const NAME: usize = 1;
const AMOUNT: usize = 2;
const TAG_TUPLE: usize = 3;
const COLUMNS: u32 = 4;

/// A line of the file: its fields, and what they mean.
#[derive(Debug)]
struct Line {
    fields: [String; COLUMNS as usize],
    number: u32,
    amount: f64,
    tags: Vec<String>,
}

/// Parameters, and the file that is read.
#[derive(Debug)]
pub struct Records {
    rounds: u32,
    limit: f64,
    page: u32,
    lines: Vec<Line>,
}

impl Records {
    pub(crate) fn prepare(parameters: Reader<'_>, seed: u64) -> Result<Records, WorkloadError> {
        let rows = parameters.count("rows", 1..=50_000_000)?;
        let mut generator = random::generator(seed);
        let mut draw = |bound: u32| generator.random_range(0..bound);
        let lines = (0..rows)
            .map(|_| {
                let (number, name, cents) = (draw(1 << 30), draw(NAMES), draw(1_000_000));
                let count = draw(4) + 1;
                let tags: Vec<String> = (0..count).map(|_| format!("tag-{:02}", draw(TAGS))).collect();
                let amount = f64::from(cents) / 64.0;
                let fields = [
                    number.to_string(),
                    format!("customer-{name:03}"),
                    format!("{amount:?}"),
                    tags.join(" "),
                ];
                Line { fields, number, amount, tags }
            })
            .collect();
        Ok(Records {
            rounds: parameters.count("rounds", 1..=1_000_000)?,
            limit: parameters.number("limit", 0.0..=1e9)?,
            page: parameters.count("page", 1..=1_000_000)?,
            lines,
        })
    }
}

/// What the module's constants stand for: immortal, since its code refers to them all the time.
struct Module {
    statics: Statics,
    zero: Immortal,
    factor: Immortal,
    mask: Immortal,
}

impl Module {
    fn new<H: Heap>(heap: &mut H, scratch: Local) -> Result<Module, OutOfMemory> {
        let statics = Statics::new(heap, scratch)?;
        float::new(heap, scratch, 0.0)?;
        let zero = heap.immortalize(scratch)?;
        float::new(heap, scratch, 1.25)?;
        let factor = heap.immortalize(scratch)?;
        int::new(heap, scratch, 0xFFFF_FFFF)?;
        let mask = heap.immortalize(scratch)?;
        Ok(Module { statics, zero, factor, mask })
    }
}

/// Locals of `run`.
mod run {
    use heapbench_heap::Local;
    pub(super) const ROWS: Local = Local::new(0);
    pub(super) const CHOSEN: Local = Local::new(1);
    pub(super) const GROUPS: Local = Local::new(2);
    pub(super) const TAGS: Local = Local::new(3);
    pub(super) const COPY: Local = Local::new(4);
    pub(super) const ITERATOR: Local = Local::new(5);
    pub(super) const ITEM: Local = Local::new(6);
    pub(super) const VALUE: Local = Local::new(7);
    pub(super) const SCRATCH: Local = Local::new(8);
    /// The argument of a call, and then its result.
    pub(super) const CALLED: Local = Local::new(9);
    pub(super) const COUNT: usize = 10;
}

impl Program for Records {
    fn run<H: Heap + Introspect>(&self, heap: &mut H) -> Result<Outcome, OutOfMemory> {
        let main = heap.enter(0, run::COUNT)?;
        let module = Module::new(heap, run::SCRATCH)?;
        let mut checksum = Checksum::default();
        for round in 0..self.rounds {
            heap.safepoint();
            self.round(heap, &module, round, &mut checksum)?;
        }
        heap.leave(main);
        let operations = u64::from(self.rounds) * self.lines.len() as u64;
        Ok(Outcome { checksum: checksum.value(), operations })
    }
}

impl Records {
    fn round<H: Heap + Introspect>(
        &self,
        heap: &mut H,
        module: &Module,
        round: u32,
        checksum: &mut Checksum,
    ) -> Result<(), OutOfMemory> {
        use run::{CALLED, CHOSEN, COPY, GROUPS, ROWS, TAGS};
        rows::load(heap, &module.statics, &self.lines)?;
        heap.take(ROWS, CALLED);
        heap.copy(CALLED, ROWS);
        rows::select(heap, self.limit)?;
        heap.take(CHOSEN, CALLED);
        heap.copy(CALLED, CHOSEN);
        groups::group_by_name(heap)?;
        heap.take(GROUPS, CALLED);
        if round == 0 {
            H::Recorder::at_most(heap);
        }
        heap.copy(CALLED, GROUPS);
        groups::totals(heap, module)?;
        read_totals(heap, checksum)?;
        heap.clear(GROUPS);
        heap.copy(CALLED, ROWS);
        groups::count_tags(heap, &module.statics)?;
        heap.take(TAGS, CALLED);
        read_tags(heap, checksum)?;
        heap.copy(CALLED, ROWS);
        rows::raise_amounts(heap, module)?;
        heap.copy(CALLED, CHOSEN);
        order::sort(heap, AMOUNT, float::value)?;
        let length = list::len(heap, ROWS);
        list::new(heap, CALLED, length as u32)?;
        heap.copy_slots(ROWS, 0..length, CALLED, 0);
        heap.safepoint();
        heap.take(COPY, CALLED);
        heap.copy(CALLED, COPY);
        order::sort(heap, NUMBER, int::value)?;
        for rows in [CHOSEN, COPY] {
            heap.copy(CALLED, rows);
            order::read_pages(heap, module, self.page as usize)?;
            checksum.add(int::value(heap, CALLED) as u64);
            heap.clear(CALLED);
        }
        Ok(())
    }
}

/// Folds in count and total of each name; the list in `CALLED` is taken.
fn read_totals<H: Heap>(heap: &mut H, checksum: &mut Checksum) -> Result<(), OutOfMemory> {
    use run::{CALLED, ITEM, ITERATOR, SCRATCH, VALUE};
    iterator::new_list(heap, ITERATOR, CALLED)?;
    heap.clear(CALLED);
    while iterator::next_list(heap, ITEM, ITERATOR, SCRATCH) {
        heap.safepoint();
        heap.load(VALUE, ITEM, groups::COUNT);
        checksum.add(int::value(heap, VALUE) as u64);
        heap.load(VALUE, ITEM, groups::TOTAL);
        checksum.add(float::value(heap, VALUE) as u64);
        heap.clear(ITEM);
    }
    heap.clear(ITERATOR);
    Ok(())
}

/// Folds in how often each tag was there.
fn read_tags<H: Heap>(heap: &mut H, checksum: &mut Checksum) -> Result<(), OutOfMemory> {
    use run::{ITEM, ITERATOR, SCRATCH, TAGS, VALUE};
    iterator::new_dict(heap, ITERATOR, TAGS)?;
    while iterator::next_dict(heap, ITEM, VALUE, ITERATOR, SCRATCH) {
        heap.safepoint();
        dict::get(heap, VALUE, TAGS, ITEM, SCRATCH);
        checksum.add(int::value(heap, VALUE) as u64);
    }
    heap.clear(ITERATOR);
    Ok(())
}
