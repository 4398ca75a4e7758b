//! Memory: where a strategy's bytes come from, and how objects and the data stack lie in them.
//!
//! | file | concept |
//! |---|---|
//! | [`source`] | what a memory source is |
//! | [`system`] | the system's malloc |
//! | [`bump`] | bump allocation in bumpalo's chunks |
//! | [`pools`] | CPython's pools, pymalloc |
//! | [`mimalloc`] | mimalloc, called directly |
//! | [`poisoned`] | a source around another: canaries, poison, quarantine |
//! | [`guarded`] | a source of blocks on pages of their own |
//! | [`failing`] | a source around another: requests that fail on demand |
//! | [`reservation`] | a reserved range of addresses |
//! | [`blocks`] | runs of blocks in a reserved range |
//! | [`object`] | an object's header, slots, payload and storage |
//! | [`stack`] | the data stack of locals |
//! | [`injection`] | requests that fail on demand, for tests |
//! | [`attachments`] | finalizers and weak references, beside the heap |
//! | [`fork`] | work in a copy of this process |
//! | [`sanitizer`] | what AddressSanitizer is told of our own blocks |

pub mod attachments;
pub mod blocks;
pub mod bump;
pub mod failing;
pub mod fork;
pub mod guarded;
pub mod injection;
mod leftover;
pub mod mimalloc;
pub mod object;
pub mod poisoned;
pub mod pools;
pub mod reservation;
pub mod sanitizer;
pub mod source;
pub mod stack;
pub mod system;

pub use attachments::{Attachments, Calls, WEAK_SHAPE};
pub use blocks::Blocks;
pub use bump::BumpChunks;
pub use failing::Failing;
pub use guarded::Guarded;
pub use mimalloc::Mimalloc;
pub use object::{Block, Flag, Ref};
pub use poisoned::Poisoned;
pub use pools::Pools;
pub use reservation::Reservation;
pub use source::MemorySource;
pub use stack::DataStack;
pub use system::System;
