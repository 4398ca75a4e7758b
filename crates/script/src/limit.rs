//! The limits of the language. Numbers in a script are at most these.

use heapbench_heap::Shape;

/// Slots of an object, and slot numbers.
pub const SLOTS: u64 = Shape::MAX_SLOTS as u64;
/// Sizes in bytes: payloads and heap limits.
pub const BYTES: u64 = Shape::MAX_BYTES as u64;
/// Rounds of one `repeat`.
pub const ROUNDS: u64 = 100_000_000;
/// Objects that one finalizer allocates.
pub const ALLOCATE: u64 = 1_000_000;
/// Generations.
pub const GENERATION: u64 = 2;
/// Thresholds of automatic collection.
pub const THRESHOLD: u64 = (1 << 31) - 1;
/// Counts in expectations.
pub const COUNT: u64 = (1 << 63) - 1;
/// Statements that a script may unroll to; `heap`, `repeat` and `end` are not counted.
pub const STATEMENTS: u64 = 100_000_000;
/// Bytes of a name, its rounds written out.
pub const NAME: usize = 64;
/// Bytes of a line without its end.
pub const LINE: usize = 65_536;
/// Levels of `repeat`.
pub const LEVELS: usize = 3;
/// Digits of a number.
pub const DIGITS: usize = 20;
