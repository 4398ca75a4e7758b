//! Heap scripts: every acceptance case under every strategy, and the rules of the language one by one.

mod cases;
mod death;
mod family;
mod memory;
mod names;
mod stated;
