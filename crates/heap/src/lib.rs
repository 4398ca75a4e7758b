//! The contract between a *mutator* (a program, here a workload) and a *strategy* (a memory manager).
//!
//! A mutator names values by [`Local`], never by pointer: a local is a root slot of the current frame, as in
//! a CPython frame. That lets reference counting see every overwrite, lets a moving collector move, and makes
//! one method call one operation of a heap script or a trace.
//!
//! | file | concept |
//! |---|---|
//! | [`mod@heap`] | the trait: roots, objects, control, evidence |
//! | [`introspect`] | Python's `gc` module, and what `sys` says of objects |
//! | [`shape`] | what an object is: kind, slots, payload bytes |
//! | [`level`] | how deep a heap looks when it checks itself |
//! | [`local`] | locals, frames, immortal handles |
//! | [`hook`] | finalizers and weak-reference callbacks |
//! | [`capabilities`] | what a strategy promises |
//! | [`counters`] | exact counts of work |
//! | [`deaths`] | when each object of a program dies, found by an oracle |
//! | [`recorder`] | events for those who watch: pauses, footprint, deaths |
//! | [`configuration`] | `strategy[@policy][+memory-source][:key=value,…]` |
//! | [`error`] | what can go wrong |
//!
//! This crate depends on no other crate of the workspace.
#![forbid(unsafe_code)]

pub mod capabilities;
pub mod configuration;
pub mod counters;
pub mod deaths;
pub mod error;
pub mod heap;
pub mod hook;
pub mod introspect;
pub mod level;
pub mod local;
pub mod recorder;
pub mod shape;

pub use capabilities::{Capabilities, Family};
pub use configuration::{Configuration, HeapConfig};
pub use counters::{CASCADE_CLASSES, Collected, Counters, Footprint, Generation};
pub use deaths::Deaths;
pub use error::{Corruption, HeapError, OutOfMemory};
pub use heap::Heap;
pub use hook::{Hook, HookFailed};
pub use introspect::{Callback, CollectionInfo, GenerationStats, Introspect, Phase, Refused, Unsupported};
pub use level::Level;
pub use local::{Frame, Immortal, Local};
pub use recorder::{NoRecorder, Pause, Recorder, Site, Work};
pub use shape::{Kind, Shape};
