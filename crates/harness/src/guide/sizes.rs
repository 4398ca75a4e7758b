//! What containers of the same values take: measured by asking the objects themselves, which have CPython's sizes.

use crate::cards::CountedHeap;
use crate::table;
use crate::trouble::Trouble;
use heapbench_heap::{Heap, HeapConfig, Introspect, Local, NoRecorder, OutOfMemory};
use heapbench_objects::{Statics, dict, instance, list, set, text, tuple};

type Maker = fn(&mut CountedHeap<NoRecorder>, &Statics, u32) -> Result<(), OutOfMemory>;

/// What is made, with so many values: `THING` holds it.
const THINGS: [(&str, Maker); 7] = [
    ("tuple", |heap, _, values| tuple::new(heap, THING, values)),
    ("list", |heap, _, values| list::new(heap, THING, values)),
    ("list, appended", appended),
    ("set", with_keys(Keys::Set)),
    ("dict", with_keys(Keys::Dict)),
    ("instance with `__slots__`", |heap, _, values| heap.allocate(THING, instance::slotted(values, 0))),
    ("instance", |heap, _, values| instance::new(heap, THING, values)),
];

const LENGTHS: [u32; 6] = [1, 2, 3, 4, 8, 16];

const THING: Local = Local::new(0);
const KEY: Local = Local::new(1);
const VALUE: Local = Local::new(2);
const SCRATCH: Local = Local::new(3);

#[derive(Clone, Copy)]
enum Keys {
    Set,
    Dict,
}

const fn with_keys(keys: Keys) -> Maker {
    match keys {
        Keys::Set => |heap, _, values| {
            set::new(heap, THING)?;
            (0..values).try_for_each(|number| {
                text::new(heap, KEY, &format!("name{number}"))?;
                set::add(heap, THING, KEY, SCRATCH).map(|_| ())
            })
        },
        Keys::Dict => |heap, statics, values| {
            dict::new(heap, THING)?;
            (0..values).try_for_each(|number| {
                text::new(heap, KEY, &format!("name{number}"))?;
                statics.none(heap, VALUE);
                dict::insert(heap, THING, KEY, VALUE, SCRATCH)
            })
        },
    }
}

fn appended(heap: &mut CountedHeap<NoRecorder>, statics: &Statics, values: u32) -> Result<(), OutOfMemory> {
    list::new(heap, THING, 0)?;
    (0..values).try_for_each(|_| {
        statics.none(heap, VALUE);
        list::append(heap, THING, VALUE)
    })
}

/// Sizes in bytes by number of values, and what follows for the claim that lists and dicts take less than tuples.
///
/// # Errors
/// No memory.
pub(super) fn section() -> Result<String, Trouble> {
    let failed = |error: OutOfMemory| Trouble::failure(error);
    let mut heap: CountedHeap<NoRecorder> = Heap::new(&HeapConfig::default(), NoRecorder)?;
    let frame = heap.enter(0, 4).map_err(failed)?;
    let statics = Statics::new(&mut heap, SCRATCH).map_err(failed)?;
    let mut rows = Vec::new();
    for (name, make) in THINGS {
        let mut sizes = Vec::new();
        for values in LENGTHS {
            make(&mut heap, &statics, values).map_err(failed)?;
            sizes.push(heap.size_of(THING).map_err(Trouble::failure)?);
        }
        rows.push((name, sizes));
    }
    heap.clear(THING);
    heap.leave(frame);
    let titles: Vec<String> = LENGTHS.iter().map(u32::to_string).collect();
    let titles: Vec<&str> = std::iter::once("values").chain(titles.iter().map(String::as_str)).collect();
    let lines = rows.iter().map(|(name, sizes)| {
        std::iter::once(name.to_string()).chain(sizes.iter().map(usize::to_string)).collect()
    });
    let table = table::plain(&titles, lines.collect());
    Ok(format!("```text\n{table}\n```\n\n{}", reading(&rows)))
}

/// The claim against the table: it holds where some list or dict is smaller than the tuple of as many values.
fn reading(rows: &[(&str, Vec<usize>)]) -> String {
    let of = |wanted: &str| rows.iter().find(|(name, _)| *name == wanted).map_or(&[][..], |(_, sizes)| sizes);
    let tuples = of("tuple");
    let smaller = |name: &str| of(name).iter().zip(tuples).filter(|(size, tuple)| size < tuple).count();
    let (lists, dicts, lengths) = (smaller("list"), smaller("dict"), tuples.len());
    let verdict = match (lists, dicts) {
        (0, 0) => "does not hold",
        (lists, dicts) if lists + dicts == 2 * lengths => "holds",
        _ => "holds in part",
    };
    format!(
        "- of {lengths} lengths, a list is smaller than the tuple at {lists}, a dict at {dicts}\n\n**The claim: {verdict}.**\n"
    )
}
