//! What the module's names stand for: immortal, as constants and functions of a running program are.

use heapbench_heap::{Heap, Immortal, Local, OutOfMemory};
use heapbench_objects::instance::Class;
use heapbench_objects::{Statics, function};

/// Functions by number.
pub(super) const NODE: usize = 0;
pub(super) const LEAF: usize = 1;
pub(super) const SLEEP: usize = 2;
pub(super) const AWAIT: usize = 3;
pub(super) const STEP: usize = 4;
pub(super) const WAKE: usize = 5;
pub(super) const HANDLE_RUN: usize = 6;
pub(super) const RUN_TICK: usize = 7;
pub(super) const RUN_UNTIL_COMPLETE: usize = 8;
pub(super) const RUN: usize = 9;
/// Code that makes functions of its own.
pub(super) const CHILD_DONE: usize = 10;
const NAMES: [&str; 11] = [
    "node",
    "leaf",
    "sleep",
    "__await__",
    "step",
    "wake",
    "Handle.run",
    "run_tick",
    "run_until_complete",
    "run",
    "child_done",
];

/// Names, classes and functions.
pub(super) struct Module {
    pub(super) statics: Statics,
    pub(super) event_loop: Class,
    pub(super) future: Class,
    pub(super) task: Class,
    pub(super) number: Immortal,
    pub(super) depth: Immortal,
    /// A name for each code, as its code object.
    pub(super) codes: Vec<Immortal>,
    pub(super) functions: Vec<Immortal>,
}

impl Module {
    /// Makes them. The locals are nil before and after.
    pub(super) fn new<H: Heap>(heap: &mut H, [made, code, nil]: [Local; 3]) -> Result<Module, OutOfMemory> {
        let mut statics = Statics::new(heap, made)?;
        let mut codes = Vec::new();
        let mut functions = Vec::new();
        for name in NAMES {
            let name = statics.intern(heap, name, made)?;
            heap.load_immortal(code, name);
            function::new(heap, made, code, nil)?;
            codes.push(name);
            functions.push(heap.immortalize(made)?);
        }
        heap.clear(code);
        Ok(Module {
            event_loop: Class::new(1),
            future: Class::new(super::future::FUTURE_ATTRIBUTES),
            task: Class::new(super::future::TASK_ATTRIBUTES),
            number: statics.intern(heap, "number", made)?,
            depth: statics.intern(heap, "depth", made)?,
            statics,
            codes,
            functions,
        })
    }
}
