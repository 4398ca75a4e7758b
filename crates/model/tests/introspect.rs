//! What the model answers of `gc` and `sys`, so that heaps can be compared with it.

use heapbench_heap::{
    Capabilities, Family, Heap, HeapConfig, Hook, Introspect, Kind, Local, NoRecorder, Shape, Unsupported,
};
use heapbench_model::{Model, Promise};

struct Counting;

impl Promise for Counting {
    const CAPABILITIES: Capabilities = Capabilities {
        family: Family::RefCount,
        prompt: true,
        collects_cycles: false,
        moves: false,
        generations: 1,
        thresholds: false,
        freezes: false,
    };
}

type Counted = Model<Counting, NoRecorder>;

const A: Local = Local::new(0);
const B: Local = Local::new(1);
const LIST: Local = Local::new(2);

#[test]
fn referents_counts_and_the_finalized_are_told() {
    let mut model = Counted::new(&HeapConfig::default(), NoRecorder).unwrap();
    let _forever = model.enter(0, 3).unwrap();
    model.allocate(A, Shape::new(Kind::Tuple, 3, 0)).unwrap();
    model.allocate(B, Shape::new(Kind::Instance, 1, 0)).unwrap();
    model.store(A, 0, B);
    model.store(A, 2, B);
    assert_eq!((model.reference_count(B), model.size_of(B)), (Ok(3), Err(Unsupported)));
    model.referents(LIST, A).unwrap();
    assert_eq!((model.shape(LIST), model.reference_count(B)), (Shape::new(Kind::List, 2, 0), Ok(5)));
    model.load(A, LIST, 1);
    assert!(model.is_same(A, B));
    model.clear(A);
    model.clear(LIST);
    assert_eq!((model.reference_count(B), model.is_finalized(B)), (Ok(1), Ok(false)));
    let save = |model: &mut Counted, object: Local, _: u64| {
        model.copy(A, object);
        Ok(())
    };
    model.set_finalizer(B, Hook { run: save, data: 0 }).unwrap();
    model.clear(B);
    assert_eq!(model.is_finalized(A), Ok(true));
}
