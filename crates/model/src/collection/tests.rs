//! Partial collections: as much work as they reclaim, and nothing but garbage.

use heapbench_heap::{
    Capabilities, Family, Frame, Generation, Heap, HeapConfig, Kind, Local, Pause, Recorder, Shape, Work,
};

use crate::{Event, Guide, Id, Model, Promise};

struct Generational;

impl Promise for Generational {
    const CAPABILITIES: Capabilities = Capabilities {
        family: Family::Cycles,
        prompt: true,
        collects_cycles: true,
        moves: false,
        generations: 3,
        thresholds: false,
        freezes: true,
    };
}

/// A heap that says it did this.
#[derive(Default)]
struct Told {
    ahead: Vec<Event>,
    died: Vec<Id>,
}

impl Told {
    fn reached(&mut self, event: Event) {
        if self.ahead.first() == Some(&event) {
            self.ahead.remove(0);
        }
    }
}

impl Recorder for Told {
    const OBJECTS: bool = true;

    fn died(&mut self, id: usize) {
        self.died.push(id);
        self.reached(Event::Died(id));
    }

    fn pause_started(&mut self, _: Pause) {
        self.reached(Event::CollectionStarted(Generation::YOUNG));
    }

    fn pause_stopped(&mut self, _: Pause, _: Work) {
        self.reached(Event::CollectionStopped);
    }
}

impl Guide for Told {
    fn ahead(&self) -> Option<&[Event]> {
        Some(&self.ahead)
    }
}

type Guided = Model<Generational, Told>;

const HEAD: Local = Local::new(0);
const NEW: Local = Local::new(1);
const VALUE: Local = Local::new(2);

fn model() -> (Guided, Frame) {
    let mut model = Guided::new(&HeapConfig::default(), Told::default()).unwrap();
    let frame = model.enter(0, 4).unwrap();
    (model, frame)
}

fn new(model: &mut Guided, dst: Local) {
    model.allocate(dst, Shape::new(Kind::Instance, 2, 0)).unwrap();
}

/// What dies when the heap says that these died in a young collection.
fn collect(model: &mut Guided, told: &[Id]) -> Vec<Id> {
    let died = told.iter().map(|id| Event::Died(*id));
    let start = [Event::CollectionStarted(Generation::YOUNG)];
    model.recorder.ahead = start.into_iter().chain(died).chain([Event::CollectionStopped]).collect();
    model.collect(Generation::YOUNG).unwrap();
    model.recorder.ahead.clear();
    model.check().unwrap();
    std::mem::take(&mut model.recorder.died)
}

#[test]
fn a_young_collection_does_not_walk_the_living() {
    let (mut model, _frame) = model();
    for _ in 0..1_000 {
        new(&mut model, NEW);
        model.store_take(NEW, 0, HEAD);
        model.take(HEAD, NEW);
    }
    // A ring of two with a tail, and the ring refers to the living.
    new(&mut model, NEW);
    new(&mut model, VALUE);
    model.store(NEW, 0, VALUE);
    model.store(VALUE, 0, NEW);
    model.store(NEW, 1, HEAD);
    model.clear(NEW);
    model.clear(VALUE);
    assert_eq!(collect(&mut model, &[1_001, 1_000]), [1_001, 1_000]);
    assert_eq!((model.live(), model.walks.get()), (1_000, 0), "no walk of the whole graph");
    assert_eq!(model.unreachable(), []);
}

#[test]
fn what_is_referred_to_from_outside_does_not_die() {
    let (mut model, _frame) = model();
    new(&mut model, HEAD);
    new(&mut model, NEW);
    model.store(NEW, 0, NEW);
    new(&mut model, VALUE);
    model.store(VALUE, 0, VALUE);
    model.store_take(HEAD, 0, VALUE);
    model.clear(NEW);
    // 0 is held by a local, 2 by 0; 1 is garbage.
    assert_eq!(collect(&mut model, &[0, 1]), Vec::<Id>::new(), "0 is refused, and what follows it");
    assert_eq!(collect(&mut model, &[2, 1]), Vec::<Id>::new());
    assert_eq!(collect(&mut model, &[1, 2]), [1]);
}

#[test]
fn a_frozen_ring_does_not_die_but_what_garbage_alone_holds_does() {
    let (mut model, _frame) = model();
    new(&mut model, HEAD);
    model.store(HEAD, 0, HEAD);
    new(&mut model, VALUE);
    heapbench_heap::Introspect::freeze(&mut model).unwrap();
    new(&mut model, NEW);
    model.store(NEW, 0, NEW);
    model.store_take(NEW, 1, VALUE);
    model.clear(HEAD);
    model.clear(NEW);
    assert_eq!(collect(&mut model, &[0]), Vec::<Id>::new(), "frozen");
    assert_eq!(collect(&mut model, &[2, 1]), [2, 1], "1 is frozen too, but counting reclaims it");
}
