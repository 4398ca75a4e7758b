//! Python's objects on any heap: their sizes, their growth and their hashing are CPython's, of 3.13 where no
//! [`Version`] is asked for.
//!
//! | module | Python |
//! |---|---|
//! | [`int`], [`float`], [`text`], [`bytes`] | `int`, `float`, `str`, `bytes` |
//! | [`list`], [`mod@tuple`], [`dict`], [`set`] | `list`, `tuple`, `dict`, `set` |
//! | [`instance`] | an instance of a class, with or without `__slots__`, and its `__dict__` |
//! | [`function`], [`cell`], [`method`] | a function, what its closure shares, a bound method |
//! | [`generator`] | a generator or coroutine |
//! | [`iterator`] | what a `for` loop over a list or dict makes |
//! | [`exception`] | an exception, its traceback, and frames that outlive their call |
//! | [`key`] | hash and equality |
//! | [`statics`] | `None`, small integers, one-character and interned strings |
//!
//! # Values, frames and scratch locals
//! Values are named by [`Local`](heapbench_heap::Local)s of the current frame; functions take the heap and locals.
//! A Python call has a frame, so a program enters one; what the interpreter does in C has none, so the functions
//! here enter none. A function that needs a temporary takes a *scratch* local of the caller's: nil before, nil
//! after. Where CPython steals a reference, the function *takes* a local: it is nil afterwards (on an error it
//! keeps its value). Where C looks at an item without counting it, it is not counted here either.
//!
//! Weak references are the heap's: [`Heap::weak`](heapbench_heap::Heap::weak) makes one, 80 bytes with the GC head.
//!
//! Sizes hold where a header and a count are 16 bytes together, as in the refcounting strategies.
#![forbid(unsafe_code)]

pub mod bytes;
pub mod cell;
pub mod dict;
pub mod exception;
pub mod float;
pub mod function;
pub mod generator;
mod identity;
pub mod instance;
pub mod int;
pub mod iterator;
pub mod key;
pub mod list;
pub mod method;
pub mod set;
pub mod statics;
pub mod text;
pub mod tuple;
mod version;
mod word;

pub use statics::Statics;
pub use version::Version;
