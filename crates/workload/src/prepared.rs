//! A program ready to run. A new program is one variant here, and its module.

use crate::definition::Definition;
use crate::error::WorkloadError;
use crate::mechanism::binary_trees::BinaryTrees;
use crate::mechanism::churn::Churn;
use crate::mechanism::linked_list::LinkedList;
use crate::mechanism::live_graph::LiveGraph;
use crate::mechanism::rings::Rings;
use crate::parameters::{Parameters, Reader};
use crate::program::json::Json;
use crate::program::lru_cache::LruCache;
use crate::program::requests::Requests;
use heapbench_heap::{Heap, Introspect, OutOfMemory};

/// What a program did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// What it read back, folded.
    pub checksum: u64,
    /// Operations, in the definition's unit.
    pub operations: u64,
}

/// A program with its parameters, input and random choices: what is measured.
pub trait Program {
    /// Runs on a fresh heap. At the end every local it used is released.
    ///
    /// # Errors
    /// The heap has no memory for an object. Locals and frames are left as they were then: the heap can only be
    /// dropped.
    fn run<H: Heap + Introspect>(&self, heap: &mut H) -> Result<Outcome, OutOfMemory>;
}

macro_rules! programs {
    ($($variant:ident = $name:literal: $about:literal),* $(,)?) => {
        /// A program ready to run.
        #[derive(Debug)]
        pub enum Prepared {
            $(#[doc = $about] $variant($variant)),*
        }

        impl Prepared {
            pub(crate) fn new(
                definition: &Definition,
                values: &Parameters,
                seed: u64,
            ) -> Result<Prepared, WorkloadError> {
                let reader = Reader { definition, values };
                match definition.program.as_str() {
                    $($name => $variant::prepare(reader, seed).map(Prepared::$variant),)*
                    unknown => Err(WorkloadError::unknown("program", unknown, [$($name),*])),
                }
            }

            /// Runs the program on a fresh heap.
            ///
            /// # Errors
            /// The heap has no memory for an object.
            pub fn run<H: Heap + Introspect>(&self, heap: &mut H) -> Result<Outcome, OutOfMemory> {
                match self {
                    $(Prepared::$variant(program) => program.run(heap)),*
                }
            }
        }
    };
}

programs! {
    BinaryTrees = "binary-trees": "Trees built by function calls, walked and dropped.",
    Rings = "rings": "Cyclic garbage.",
    LiveGraph = "live-graph": "Full collections with everything live.",
    Churn = "churn": "Random replacement in an array.",
    LinkedList = "linked-list": "Destruction of a long list.",
    Json = "json": "A document loaded, walked, changed and dropped.",
    LruCache = "lru-cache": "A dict and a doubly linked list.",
    Requests = "requests": "Requests handled, some with an exception.",
}
