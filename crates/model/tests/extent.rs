//! Long chains and rings on a stack of 256 KiB, and memory that follows the living.

use heapbench_heap::{Capabilities, Family, Generation, Heap, HeapConfig, Kind, Local, NoRecorder, Shape};
use heapbench_model::{Model, Promise};

struct Counting;

impl Promise for Counting {
    const CAPABILITIES: Capabilities = Capabilities {
        family: Family::Cycles,
        prompt: true,
        collects_cycles: true,
        moves: false,
        generations: 3,
        thresholds: false,
        freezes: false,
    };
}

type Counted = Model<Counting, NoRecorder>;

const HEAD: Local = Local::new(0);
const NEW: Local = Local::new(1);
const LAST: Local = Local::new(2);

fn on_small_stack(work: impl FnOnce() + Send + 'static) {
    std::thread::Builder::new().stack_size(256 << 10).spawn(work).unwrap().join().unwrap();
}

fn chain(model: &mut Counted, length: usize) {
    for _ in 0..length {
        model.allocate(NEW, Shape::new(Kind::Instance, 1, 0)).unwrap();
        if model.is_nil(HEAD) {
            model.copy(LAST, NEW);
        }
        model.store_take(NEW, 0, HEAD);
        model.take(HEAD, NEW);
    }
}

fn extent(length: usize) {
    let mut model = Counted::new(&HeapConfig::default(), NoRecorder).unwrap();
    let _frame = model.enter(0, 3).unwrap();
    chain(&mut model, length);
    model.clear(LAST);
    model.clear(HEAD);
    assert_eq!(model.live(), 0, "a chain dies by counting");
    chain(&mut model, length);
    model.store_take(LAST, 0, HEAD);
    model.clear(LAST);
    assert_eq!(model.live(), length);
    assert_eq!(model.collect(Generation::FULL).map(|collected| collected.objects), Some(length as u64));
    chain(&mut model, length);
}

#[test]
fn a_million_deep() {
    on_small_stack(|| extent(1_000_000));
}

#[test]
#[ignore = "ten million objects take a gigabyte"]
fn ten_million_deep() {
    on_small_stack(|| extent(10_000_000));
}
