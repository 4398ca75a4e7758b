//! The instruments find something: mistakes planted in processes of their own, and the report that each must cause.
//!
//! `scripts/sanitize` runs this file in a build for AddressSanitizer, and the test under valgrind where there is one.

use heapbench_memory::reservation::PAGE;
use heapbench_memory::{Blocks, BumpChunks, MemorySource, Mimalloc, Pools, System};
use std::hint::black_box;
use std::process::{Command, Output};
use std::ptr::NonNull;

/// The variable that tells the process which mistake to make.
const PLANT: &str = "HEAPBENCH_TEST_PLANT";

/// A mistake, and words of AddressSanitizer's report of it.
type Plant = (&'static str, fn(), &'static str);

const PLANTS: [Plant; 10] = [
    ("system-after-free", after_free::<System>, "heap-use-after-free"),
    ("pools-after-free", after_free::<Pools>, "use-after-poison"),
    ("mimalloc-after-free", after_free::<Mimalloc>, "use-after-poison"),
    ("system-behind", behind::<System>, "heap-buffer-overflow"),
    ("pools-behind", behind::<Pools>, "use-after-poison"),
    ("mimalloc-behind", behind::<Mimalloc>, "use-after-poison"),
    ("bump-behind", behind::<BumpChunks>, "use-after-poison"),
    ("bump-after-reset", after_reset, "use-after-poison"),
    ("blocks-after-free", blocks_after_free, "use-after-poison"),
    ("leak", leak, "detected memory leaks"),
];

fn read(block: NonNull<u8>, at: usize) {
    // SAFETY: none: the mistake is what is tested. The byte is mapped.
    black_box(unsafe { block.add(at).read_volatile() });
}

fn after_free<M: MemorySource>() {
    let mut source = M::new().unwrap();
    let [_before, block, _behind] = [0; 3].map(|_| source.allocate(48).unwrap());
    // SAFETY: the block came from the source with this size.
    unsafe { source.free(block, 48) };
    read(block, 20);
}

/// Reads the byte behind a block of 40 bytes, for which every source takes 48.
fn behind<M: MemorySource>() {
    let block = M::new().map(|mut source| (source.allocate(40).unwrap(), source)).unwrap();
    read(block.0, 40);
}

fn after_reset() {
    let mut source = BumpChunks::<8>::default();
    let block = source.bump(48).unwrap();
    // SAFETY: a lie, and the mistake.
    unsafe { source.reset() };
    read(block, 20);
}

fn blocks_after_free() {
    let mut blocks = Blocks::new(PAGE, 64 * PAGE, PAGE).unwrap();
    let first = blocks.allocate(2, usize::MAX).unwrap();
    let block = blocks.start(first);
    // SAFETY: the run came from `allocate(2)`.
    unsafe { blocks.free(first, 2) };
    read(block, PAGE);
}

fn leak() {
    black_box(vec![0u8; 1 << 10].leak());
}

/// Runs this file's `plant` in a process of its own, behind these words.
fn plant_in(words: &[&str], name: &str) -> Output {
    let program = std::env::current_exe().unwrap();
    let mut line = words.iter().map(std::ffi::OsString::from).chain([program.into_os_string()]);
    let mut child = Command::new(line.next().unwrap());
    child.args(line).args(["--exact", "plant", "--nocapture"]).env(PLANT, name).output().unwrap()
}

fn report(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// Makes the mistake that the environment names: nothing, unless another test started this process.
#[test]
fn plant() {
    if let Ok(wanted) = std::env::var(PLANT) {
        PLANTS.iter().find(|(name, ..)| *name == wanted).unwrap().1();
    }
}

#[test]
#[cfg_attr(not(heapbench_asan), ignore = "needs AddressSanitizer: scripts/sanitize asan")]
fn address_sanitizer_reports_every_mistake() {
    for (name, _, expected) in PLANTS {
        let output = plant_in(&[], name);
        let report = report(&output);
        assert!(
            !output.status.success() && report.contains(expected),
            "{name}: expected {expected}: {report}"
        );
    }
    let none = plant_in(&[], "");
    assert!(!none.status.success(), "an unknown plant is a mistake of this test");
}

#[test]
#[ignore = "needs valgrind: scripts/sanitize valgrind"]
fn valgrind_reports_a_use_after_free() {
    let words = ["valgrind", "--quiet", "--error-exitcode=9"];
    let output = plant_in(&words, "system-after-free");
    let report = report(&output);
    assert!(output.status.code() == Some(9) && report.contains("Invalid read of size 1"), "{report}");
}
