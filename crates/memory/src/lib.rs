//! Memory: where a strategy's bytes come from, and how objects and the data stack lie in them.
//!
//! | file | concept |
//! |---|---|
//! | [`source`] | what a memory source is |
//! | [`mimalloc`] | mimalloc, called directly |
//! | [`object`] | an object's header, slots, payload and storage |
//! | [`stack`] | the data stack of locals |
//! | [`attachments`] | finalizers and weak references, beside the heap |

pub mod attachments;
pub mod mimalloc;
pub mod object;
pub mod source;
pub mod stack;

pub use attachments::{Attachments, WEAK_SHAPE};
pub use mimalloc::Mimalloc;
pub use object::{Block, Flag, Ref};
pub use source::MemorySource;
pub use stack::DataStack;
