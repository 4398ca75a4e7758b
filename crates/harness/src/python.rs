//! Real Pythons: finding them, and running the workloads' twins under them.
//!
//! | file | concept |
//! |---|---|
//! | [`interpreter`] | one Python: where it is, what it is, how it is started |
//! | [`find`] | the Pythons of this machine, and those that a user names |
//! | [`answer`] | what a twin says of its run |
//! | [`twins`] | the twins in a temporary folder, run one at a time in processes of their own |
//! | [`mod@reference`] | a twin's run as a cell: an outside reference beside the strategies |

pub mod answer;
pub mod find;
pub mod interpreter;
pub mod reference;
pub mod twins;

pub use answer::Answer;
pub use interpreter::Interpreter;
pub use twins::{Mode, Twins};
