//! Heap scripts: one small language that says what a program does to its heap, and states what must then be true.
//!
//! ```text
//! heap 1
//! new parent object slots=1
//! new child object
//! set parent.0 = child
//! drop child
//! drop parent
//! expect prompt parent child
//! ```
//!
//! [`load()`] reads text, `Display` writes it: `load(script.to_string())` is the script again, but for positions.
//!
//! | file | concept |
//! |---|---|
//! | [`statement`] | what a script is, loaded |
//! | [`name`] | names and numbers, with rounds in them |
//! | [`mod@limit`] | how much of everything |
//! | [`error`] | what is wrong, and where |
//! | [`mod@load`] | lines and blocks |
//! | `line` | tokens, and which bytes a text may have |
//! | `part` | names, numbers, sizes, slots within tokens |
//! | `grammar` | statements |
//! | `expectation` | `expect` |
//! | `unroll` | how often the block of a `repeat` runs |
//! | `print` | a script as text |
#![forbid(unsafe_code)]

pub mod error;
mod expectation;
mod grammar;
pub mod limit;
mod line;
pub mod load;
pub mod name;
mod part;
mod print;
pub mod statement;
mod unroll;

pub use error::{LoadError, RoundError};
pub use load::load;
pub use name::{Name, Number, Part, Position, Round, Value};
pub use statement::{Action, Audience, Expectation, FinalizerAction, Script, SlotRange, Statement, Step};
