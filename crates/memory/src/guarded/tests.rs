//! Faults, in processes of their own; the order in which addresses are used; limits; damage that must be found.

use super::*;
use std::process::Command;

fn source() -> Guarded {
    Guarded::new().unwrap()
}

fn free(source: &mut Guarded, block: NonNull<u8>, size: usize) {
    // SAFETY: tests free what they allocated; where they do not, the source must see it.
    unsafe { source.free(block, size) }
}

#[test]
fn a_block_ends_where_its_pages_do() {
    let mut source = source();
    for size in [1, 15, 16, 17, 100, 4095, 4096, 4097, 1 << 20] {
        let block = source.allocate(size).unwrap();
        assert_eq!(block.addr().get() % ALIGNMENT, 0);
        assert_eq!((block.addr().get() + size + padding(size)) % PAGE, 0);
        // SAFETY: the block is ours.
        unsafe { block.write_bytes(7, size) };
        source.verify().unwrap();
        assert_eq!((source.live_bytes(), source.held), (size, pages(size)));
        free(&mut source, block, size);
        assert_eq!((source.live_bytes(), source.held_bytes()), (0, 0));
    }
    source.verify().unwrap();
}

/// What a process does that must not survive it.
const FAULTS: [(&str, fn()); 4] = [
    ("read-behind", || touch(|block| unsafe_read(block, 32))),
    ("write-behind", || {
        touch(|block| {
            // SAFETY: none: the fault is what is tested.
            unsafe { block.add(32).write_volatile(7) }
        })
    }),
    ("read-after-free", || touch_freed(|block| unsafe_read(block, 0))),
    ("write-after-free", || {
        touch_freed(|block| {
            // SAFETY: none: the fault is what is tested.
            unsafe { block.write_volatile(7) }
        })
    }),
];

fn unsafe_read(block: NonNull<u8>, at: usize) {
    // SAFETY: none: the fault is what is tested.
    unsafe { block.add(at).read_volatile() };
}

fn touch(fault: impl Fn(NonNull<u8>)) {
    fault(source().allocate(32).unwrap());
}

fn touch_freed(fault: impl Fn(NonNull<u8>)) {
    let mut source = source();
    let block = source.allocate(32).unwrap();
    free(&mut source, block, 32);
    // Others come and go in between.
    for _ in 0..100 {
        let other = source.allocate(32).unwrap();
        free(&mut source, other, 32);
    }
    fault(block);
}

const FAULT: &str = "HEAPBENCH_TEST_FAULT";

#[test]
fn a_touch_outside_of_a_block_or_of_a_freed_one_ends_the_process() {
    if let Ok(wanted) = std::env::var(FAULT) {
        // The child.
        FAULTS.iter().find(|(name, _)| *name == wanted).unwrap().1();
        return;
    }
    let run = |fault: &str| {
        let mut child = Command::new(std::env::current_exe().unwrap());
        child.args([
            "--exact",
            "guarded::tests::a_touch_outside_of_a_block_or_of_a_freed_one_ends_the_process",
        ]);
        child.env(FAULT, fault).output().unwrap().status
    };
    for (fault, _) in FAULTS {
        let status = run(fault);
        // AddressSanitizer makes a report and an exit status of the signal.
        let signal = std::os::unix::process::ExitStatusExt::signal(&status);
        let faulted = matches!(signal, Some(libc::SIGSEGV | libc::SIGBUS)) || crate::sanitizer::ON;
        assert!(faulted && !status.success(), "{fault}: {status}");
    }
}

#[test]
fn addresses_are_used_again_in_the_order_in_which_they_were_given_out() {
    let mut source = Guarded::with_range(64 * PAGE).unwrap();
    let kept = source.allocate(1).unwrap();
    let first = source.allocate(1).unwrap();
    free(&mut source, first, 1);
    let mut seen = vec![first];
    for _ in 2..32 {
        let block = source.allocate(1).unwrap();
        assert!(!seen.contains(&block));
        free(&mut source, block, 1);
        seen.push(block);
    }
    for expected in seen {
        let block = source.allocate(1).unwrap();
        assert!(block == expected && block != kept);
        // SAFETY: the block is ours, and zero again.
        assert_eq!(unsafe { block.read() }, 0);
        free(&mut source, block, 1);
    }
    source.verify().unwrap();
}

#[test]
fn a_full_range_gives_none_and_gaps_are_found() {
    let mut source = Guarded::with_range(64 * PAGE).unwrap();
    let blocks: Vec<_> = std::iter::from_fn(|| source.allocate(PAGE)).collect();
    assert_eq!((blocks.len(), source.allocate(1)), (32, None));
    free(&mut source, blocks[7], PAGE);
    assert_eq!(source.allocate(PAGE + 1), None, "a gap of two pages has no room for three");
    free(&mut source, blocks[8], PAGE);
    let larger = source.allocate(3 * PAGE).unwrap();
    assert_eq!(larger, blocks[7]);
    for size in [64 * PAGE, usize::MAX, usize::MAX - PAGE, isize::MAX as usize] {
        assert_eq!(source.allocate(size), None);
    }
    source.verify().unwrap();
}

#[test]
fn many_blocks_in_use_are_refused_and_many_freed_ones_are_not() {
    let mut source = source();
    let mut blocks: Vec<_> = std::iter::from_fn(|| source.allocate(48)).collect();
    assert!(blocks.len() > MOST_BLOCKS / 2 && blocks.len() <= MOST_BLOCKS, "{}", blocks.len());
    // SAFETY: every block is ours.
    blocks.iter().for_each(|block| unsafe { block.write(7) });
    blocks.drain(100..).for_each(|block| free(&mut source, block, 48));
    // More than the mappings that a process may have.
    for _ in 0..70_000 {
        let block = source.allocate(48).unwrap();
        // SAFETY: the block is ours.
        unsafe { block.write(7) };
        free(&mut source, block, 48);
    }
    source.verify().unwrap();
}

#[test]
fn the_limit_is_on_held_bytes() {
    let mut source = source();
    source.set_limit(Some(10 * PAGE));
    let blocks = std::iter::from_fn(|| source.allocate(1)).count();
    assert_eq!((blocks, source.live_bytes(), source.held), (9, 9, 9 * PAGE));
    assert!(source.held_bytes() <= 10 * PAGE);
    source.set_limit(None);
    assert!(source.allocate(1).is_some());
}

#[test]
fn verify_finds_planted_damage() {
    type Damage = fn(&mut Guarded, NonNull<u8>);
    let cases: [(&str, Damage); 4] = [
        ("expected 0xfd behind it, found 0x7 at byte 20", |_, block| {
            // SAFETY: the byte is padding.
            unsafe { block.add(20).write(7) }
        }),
        ("found 0x7 at byte 31", |source, block| {
            // SAFETY: the byte is padding.
            unsafe { block.add(31).write(7) }
            free(source, block, 20);
        }),
        ("a block of 20 bytes", |source, block| {
            free(source, block, 20);
            free(source, block, 20);
        }),
        ("which is not in use", |source, block| free(source, block, 21)),
    ];
    for (expected, damage) in cases {
        let mut source = source();
        let block = source.allocate(20).unwrap();
        source.verify().unwrap();
        damage(&mut source, block);
        let what = source.verify().expect_err("the damage is found").what;
        assert!(what.contains(expected), "expected '{expected}', found '{what}'");
    }
}
