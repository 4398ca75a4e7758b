//! The timed stretch: one function with a name that profilers and valgrind can find, around what is measured and nothing
//! else.

/// The name by which valgrind finds [`counted_stretch`], whatever stands around it in a symbol.
pub const NAME: &str = "*counted_stretch*";

/// Runs what is measured. Not generic and never inlined, so that it is one symbol; its callers' closures are named after
/// their callers.
#[inline(never)]
pub fn counted_stretch(run: &mut dyn FnMut()) {
    run();
}
