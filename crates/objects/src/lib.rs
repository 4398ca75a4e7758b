//! Python's objects on any heap: their sizes, their growth and their hashing are CPython 3.13's.
//!
//! | module | Python |
//! |---|---|
//! | [`int`], [`float`], [`text`] | `int`, `float`, `str` |
//! | [`list`], [`mod@tuple`], [`dict`] | `list`, `tuple`, `dict` |
//! | [`instance`] | an instance of a class, with or without `__slots__` |
//! | [`exception`] | an exception, its traceback, and frames that outlive their call |
//! | [`key`] | hash and equality |
//! | [`statics`] | `None`, small integers, one-character and interned strings |
//!
//! # Values, frames and scratch locals
//! Values are named by [`Local`](heapbench_heap::Local)s of the current frame; functions take the heap and locals.
//! A Python call has a frame, so a program enters one; what the interpreter does in C has none, so the functions
//! here enter none. A function that needs a temporary takes a *scratch* local of the caller's: nil before, nil
//! after. Where CPython steals a reference, the function *takes* a local: it is nil afterwards (on an error it
//! keeps its value). One difference cannot be avoided: C looks at an item without counting it, here it is loaded
//! into the scratch local, so a dict lookup costs an increment and a decrement for each key that it looks at.
//!
//! Sizes hold where a header and a count are 16 bytes together, as in the refcounting strategies.
#![forbid(unsafe_code)]

mod bytes;
pub mod dict;
pub mod exception;
pub mod float;
pub mod instance;
pub mod int;
pub mod key;
pub mod list;
pub mod statics;
pub mod text;
pub mod tuple;

pub use statics::Statics;
