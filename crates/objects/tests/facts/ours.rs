//! What our objects say.

use heapbench_heap::{Heap, HeapConfig, Introspect, Local, NoRecorder};
use heapbench_memory::Mimalloc;
use heapbench_objects::instance::Class;
use heapbench_objects::{
    Version, bytes, cell, dict, exception, float, function, generator, int, iterator, key, list, method, set,
    text, tuple,
};
use heapbench_strategy_refcount_generational::Generational;

type TestHeap = Generational<Mimalloc, NoRecorder>;

const A: Local = Local::new(0);
const B: Local = Local::new(1);
const C: Local = Local::new(2);
const SCRATCH: Local = Local::new(3);
/// Always nil.
const NIL: Local = Local::new(4);
const GROWTH: i128 = 2000;

/// Facts about growth: the size after each step.
pub(crate) const GROWING: [&str; 6] =
    ["list-append", "list-pop", "dict-str", "dict-int", "dict-replace", "set-add"];

/// Our objects, as large as in a version.
pub(crate) struct Ours {
    heap: TestHeap,
    version: Version,
    class: Class,
}

impl Ours {
    pub(crate) fn new(version: Version) -> Ours {
        let mut heap = TestHeap::new(&HeapConfig::default(), NoRecorder).unwrap();
        let _frame = heap.enter(0, 5).unwrap();
        Ours { heap, version, class: Class::new(0) }
    }

    fn clear(&mut self) {
        [A, B, C, SCRATCH].into_iter().for_each(|local| self.heap.clear(local));
    }

    pub(crate) fn assert_empty(mut self) {
        self.clear();
        self.heap.verify().unwrap();
        assert_eq!(self.heap.footprint().live_bytes, 0);
    }

    fn size(&self) -> usize {
        self.heap.size_of(A).unwrap()
    }

    /// The answer to a fact's question.
    pub(crate) fn answer(&mut self, name: &str, number: usize) -> String {
        self.clear();
        match name.split_once('-') {
            Some(("hash", what)) => self.hash(what, number).to_string(),
            Some(("set", "order" | "size")) => self.set_after_random_steps(name, number),
            Some(("instance", attributes)) => self.instance(attributes.parse().unwrap(), number).to_string(),
            _ => {
                self.make(name, number);
                self.size().to_string()
            }
        }
    }

    /// `A =` an object of this name and number.
    fn make(&mut self, name: &str, number: usize) {
        let (heap, version, count) = (&mut self.heap, self.version, number as u32);
        match name {
            "int" => heap.allocate(A, int::shape(number)),
            "float" => float::new(heap, A, 0.5),
            "bytes" => bytes::new(heap, A, &vec![b'x'; number]),
            "str-ascii" => text::new_of(heap, version, A, &"x".repeat(number)),
            "str-latin" => text::new_of(heap, version, A, &"\u{e9}".repeat(number)),
            "str-two-bytes" => text::new_of(heap, version, A, &"\u{986}".repeat(number)),
            "str-four-bytes" => text::new_of(heap, version, A, &"\u{1f600}".repeat(number)),
            "tuple" => tuple::new(heap, A, count),
            "list" => list::new(heap, A, count),
            "dict" => dict::new(heap, A),
            "set" => set::new(heap, A),
            "cell" => cell::new(heap, A, NIL),
            "exception" => exception::new(heap, A, NIL),
            "generator" => generator::new_of(heap, version, A, NIL, count),
            "function" => function::new_of(heap, version, A, NIL, NIL),
            "method" => method::new(heap, A, NIL, NIL),
            "frame" => exception::new_frame_of(heap, version, A, NIL, NIL, count),
            "traceback" => heap.allocate(A, exception::TRACEBACK_SHAPE),
            "list-iterator" => list::new(heap, B, 0).and_then(|()| iterator::new_list(heap, A, B)),
            "dict-iterator" => dict::new(heap, B).and_then(|()| iterator::new_dict(heap, A, B)),
            "weak" => list::new(heap, B, 0).and_then(|()| heap.weak(A, B, None)),
            _ => panic!("no such object: {name}"),
        }
        .unwrap();
    }

    /// The size of the instance of this number of a class, which the facts ask for in order.
    fn instance(&mut self, attributes: u32, number: usize) -> usize {
        if number == 0 {
            self.class = Class::of(self.version, attributes);
        }
        self.class.instantiate(&mut self.heap, A).unwrap();
        self.size()
    }

    fn hash(&mut self, what: &str, number: usize) -> i64 {
        let heap = &mut self.heap;
        match what {
            "str" => text::new(heap, A, &format!("key {number}")),
            "latin" => text::new(heap, A, &format!("\u{e9}{number}")),
            "wide" => text::new(heap, A, &format!("\u{986}{number}")),
            "bytes" => bytes::new(heap, A, &vec![b'x'; number]),
            "int" => int::new(heap, A, integer(number)),
            "float" => {
                let scale = 2f64.powi(5 * number as i32 - 150);
                float::new(heap, A, (number as f64 - 30.0) / 7.0 * scale)
            }
            "tuple" => {
                tuple::new(heap, A, 3 * (number % 3) as u32).unwrap();
                for item in (0..number % 3 * 3).step_by(3) {
                    int::new(heap, B, number as i128).unwrap();
                    heap.store_take(A, item, B);
                    text::new(heap, B, &format!("key {number}")).unwrap();
                    heap.store_take(A, item + 1, B);
                    float::new(heap, B, number as f64 / 8.0).unwrap();
                    heap.store_take(A, item + 2, B);
                }
                Ok(())
            }
            _ => panic!("no such hash: {what}"),
        }
        .unwrap();
        key::hash(heap, A) as i64
    }

    /// A set after random additions and removals: the same generator as in Python.
    fn set_after_random_steps(&mut self, fact: &str, bound: usize) -> String {
        let heap = &mut self.heap;
        set::new(heap, A).unwrap();
        let mut state = bound as u64;
        for _ in 0..4 * bound {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            let key = (state >> 33) % bound as u64 * if state >> 22 & 1 == 1 { 64 } else { 1 };
            int::new(heap, B, key.into()).unwrap();
            if state >> 20 & 3 == 0 {
                set::discard(heap, A, B, SCRATCH);
            } else {
                set::add(heap, A, B, SCRATCH).unwrap();
            }
        }
        if fact == "set-size" {
            return self.size().to_string();
        }
        let (mut keys, mut position) = (Vec::new(), 0);
        while let Some(next) = set::next(heap, A, position, B) {
            keys.push(int::value(heap, B).to_string());
            position = next;
        }
        assert_eq!(keys.len(), set::len(heap, A));
        keys.join(",")
    }

    /// Sizes after each step.
    pub(crate) fn growth(&mut self, name: &str) -> Vec<usize> {
        let mut sizes = Vec::new();
        match name {
            "list-append" | "list-pop" => list::new(&mut self.heap, A, 0),
            "set-add" => set::new(&mut self.heap, A),
            _ => dict::new(&mut self.heap, A),
        }
        .unwrap();
        if name != "dict-replace" {
            sizes.push(self.size());
        }
        for number in 0..GROWTH {
            self.grow(name, number);
            sizes.push(self.size());
        }
        if name == "list-pop" {
            sizes = vec![self.size()];
            while list::pop(&mut self.heap, B, A).unwrap() {
                sizes.push(self.size());
            }
        }
        sizes
    }

    fn grow(&mut self, name: &str, number: i128) {
        let heap = &mut self.heap;
        match name {
            "dict-str" => text::new(heap, B, &format!("key {number}")).unwrap(),
            _ => int::new(heap, B, number).unwrap(),
        }
        match name {
            "list-append" | "list-pop" => list::append(heap, A, B).unwrap(),
            "set-add" => set::add(heap, A, B, SCRATCH).unwrap(),
            _ => dict::insert(heap, A, B, NIL, SCRATCH).unwrap(),
        }
        if name == "dict-replace" && number >= 40 {
            int::new(heap, B, number - 40).unwrap();
            assert!(dict::remove(heap, A, B, SCRATCH));
            heap.clear(B);
        }
    }
}

/// `7919**number % (1 << 120) * (-1) ** number`.
fn integer(number: usize) -> i128 {
    let magnitude = (0..number).fold(1i128, |power, _| times_7919(power));
    if number.is_multiple_of(2) { magnitude } else { -magnitude }
}

fn times_7919(power: i128) -> i128 {
    let half = 1i128 << 60;
    let (high, low) = (power / half, power % half);
    let low = low * 7919;
    ((high * 7919 + low / half) % half) * half + low % half
}
