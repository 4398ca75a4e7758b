//! # The oracle: when each object of a program dies
//!
//! *Idea.* A program is run once on a counting heap, and the exact death of every object is known afterwards: the number of
//! allocations (weak references included) that had been made when the object was last reachable. Counting tells it of
//! everything that no dead cycle holds, at once. For the rest, each object is stamped with the clock whenever it loses a
//! reference. What is garbage at the end became so because it, or something that led to it, lost one: so its death is the
//! latest stamp among the garbage that leads to it, itself included. Visiting the garbage from the latest stamp to the
//! earliest, each object once, gives every object its death in linear time.
//!
//! *Reachable* is what the locals of all frames and the immortal objects lead to, through slots. A weak reference leads
//! nowhere. What a weak reference gave back, or a finalizer put somewhere, is reachable again: only the last death counts.
//!
//! | what | when it dies |
//! |---|---|
//! | an object, a leaf or a weak reference without references | then |
//! | one with a finalizer | when the finalizer is over and has left no reference to it |
//! | one in the slot of a dying object | when that slot is released: after the callbacks of the dying one |
//! | garbage of cycles | when the program last could have reached it |
//! | an immortal object, and what it leads to | never |
//! | what is reachable at the end | never |
//!
//! *Invariants.*
//! 1. An object is reachable when it is stamped, or was until the operation that is under way: no stamp is too late.
//! 2. What gets unreachable leads from an object that lost a reference in the same operation: some stamp is late enough.
//!    A local that is moved into its own object's slot is a reference lost: `stored` stamps too.
//! 3. Garbage of cycles does not change any more: it can be looked at at the end.
//!
//! *What it cannot do.* The program runs as under `refcount`: cycles leak, and finalizers of objects in them do not run.
//! Programs that do something else under another heap (a finalizer that allocates when a collection comes) have other
//! objects there; who uses the deaths compares kinds and numbers. It takes the memory that `refcount` takes, 9 bytes an
//! object allocated, and up to 40 an object alive.
//!
//! *Source.* Hertz, Blackburn, Moss, McKinley, Stefanović, Error-free garbage collection traces: how to cheat and not get
//! caught (SIGMETRICS 2002): Merlin.
//!
//! | file | concept |
//! |---|---|
//! | [`merlin`] | numbers, stamps and burials, while the program runs |
//! | [`propagate`] | the deaths of cyclic garbage, at the end |
#![forbid(unsafe_code)]

pub mod merlin;
pub mod propagate;

pub use merlin::{Merlin, OracleHeap};
pub use propagate::deaths;
