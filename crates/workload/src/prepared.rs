//! A program ready to run. A new program is one variant here, and its module.

use crate::definition::Definition;
use crate::error::WorkloadError;
use crate::mechanism::binary_trees::BinaryTrees;
use crate::mechanism::churn::Churn;
use crate::mechanism::fragmentation::Fragmentation;
use crate::mechanism::linked_list::LinkedList;
use crate::mechanism::live_graph::LiveGraph;
use crate::mechanism::load::Load;
use crate::mechanism::rings::Rings;
use crate::mechanism::size_mix::SizeMix;
use crate::parameters::{Parameters, Reader};
use crate::program::async_tasks::AsyncTasks;
use crate::program::json::Json;
use crate::program::listeners::Listeners;
use crate::program::lru_cache::LruCache;
use crate::program::numbers::Numbers;
use crate::program::orm::Orm;
use crate::program::records::Records;
use crate::program::requests::Requests;
use crate::program::syntax_tree::SyntaxTree;
use crate::program::text_index::TextIndex;
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
    Churn = "churn": "Random replacement in a list.",
    LinkedList = "linked-list": "Destruction of a long list.",
    SizeMix = "size-mix": "The oldest replaced, of Python's sizes.",
    Fragmentation = "fragmentation": "Two lifetimes, and sizes that change.",
    Load = "load": "A load to be dialled.",
    Json = "json": "A document loaded, walked, changed and dropped.",
    LruCache = "lru-cache": "A dict and a doubly linked list.",
    Numbers = "numbers": "Floats and ints, each an object.",
    Orm = "orm": "Objects with back references and an identity map.",
    Records = "records": "Rows of data, grouped, sorted and copied.",
    Requests = "requests": "Requests handled, some with an exception.",
    SyntaxTree = "syntax-tree": "A tree with links to parents.",
    AsyncTasks = "async-tasks": "Trees of tasks under an event loop.",
    TextIndex = "text-index": "A word index built, searched and merged.",
    Listeners = "listeners": "Components that subscribe, and some that forget to unsubscribe.",
}
