//! Guard pages: a touch of what is dead, or behind the end, ends the process at once. So it is tried in a child. Without
//! guard pages, only AddressSanitizer sees it, which is told of all free cells.
#![cfg(unix)]

use heapbench_heap::{Generation, Heap, HeapConfig, Kind, Local, NoRecorder, Recorder, Shape};
use heapbench_memory::sanitizer;
use heapbench_strategy_mark_sweep::MarkSweep;
use std::os::unix::process::ExitStatusExt;
use std::process::Command;

const ROLE: &str = "HEAPBENCH_GUARD_ROLE";
const SEGMENT_VIOLATION: i32 = 11;
const NODE: Shape = Shape::new(Kind::Instance, 2, 8);

/// Remembers the addresses of objects.
#[derive(Default)]
struct Addresses(Vec<usize>);

impl Recorder for Addresses {
    const OBJECTS: bool = true;

    fn allocated(&mut self, address: usize, _: Shape, _: usize) {
        self.0.push(address);
    }
}

fn local(index: u32) -> Local {
    Local::new(index)
}

fn heap<R: Recorder>(recorder: R, guard: &str) -> MarkSweep<R> {
    let settings = vec![("guard".to_string(), guard.to_string())];
    let mut heap = MarkSweep::new(&HeapConfig { settings, ..HeapConfig::default() }, recorder).unwrap();
    let _forever = heap.enter(0, 4).unwrap();
    heap
}

fn touch(address: usize) -> u8 {
    // SAFETY: none; that the process ends here is what is tried.
    unsafe { std::ptr::with_exposed_provenance::<u8>(address).read_volatile() }
}

/// What the child does.
fn play(role: &str) {
    let mut heap = heap(Addresses::default(), if role == "dead, unguarded" { "no" } else { "yes" });
    heap.allocate(local(0), NODE).unwrap();
    heap.allocate(local(1), Shape::new(Kind::List, 3, 0)).unwrap();
    heap.allocate(local(2), Shape::new(Kind::Array, 0, 100)).unwrap();
    let object = heap.recorder().0[0];
    let storage = heap.payload(local(2)).as_ptr().expose_provenance();
    touch(object);
    touch(storage);
    match role {
        "alive" => (),
        "dead" | "dead storage" | "dead, unguarded" => {
            heap.clear(local(0));
            heap.clear(local(2));
            heap.collect(Generation::FULL).unwrap();
            touch(if role == "dead storage" { storage } else { object });
        }
        "outgrown storage" => {
            heap.resize(local(2), 0, 200).unwrap();
            touch(storage);
        }
        "behind the end" => drop(touch(object + 32)),
        "as many as may be" => {
            let mut objects = 0;
            while heap.allocate(local(3), NODE).is_ok() {
                heap.store(local(3), 0, local(0));
                heap.take(local(0), local(3));
                objects += 1;
            }
            assert!(objects > 5_000, "{objects}");
            heap.verify().unwrap();
            heap.clear(local(0));
            heap.allocate(local(0), NODE).unwrap();
            heap.collect(Generation::FULL).unwrap();
            heap.verify().unwrap();
        }
        _ => panic!("no such role: {role}"),
    }
}

#[test]
fn child() {
    if let Ok(role) = std::env::var(ROLE) {
        play(&role);
    }
}

#[test]
fn a_touch_of_the_dead_or_behind_the_end_faults() {
    for (role, faults) in [
        ("alive", false),
        ("as many as may be", false),
        ("dead", true),
        ("dead, unguarded", sanitizer::ON),
        ("dead storage", true),
        ("outgrown storage", true),
        ("behind the end", true),
    ] {
        let mut command = Command::new(std::env::current_exe().unwrap());
        let output = command.args(["--exact", "child"]).env(ROLE, role).output().unwrap();
        // The sanitizer makes a report and an exit status of its own of a segment violation.
        let reported = sanitizer::ON && String::from_utf8_lossy(&output.stderr).contains("AddressSanitizer");
        let fault = output.status.signal() == Some(SEGMENT_VIOLATION) || reported;
        let expected = if faults { fault } else { output.status.success() };
        assert!(expected, "{role}: {:?}\n{}", output.status, String::from_utf8_lossy(&output.stdout));
    }
}

#[test]
fn addresses_are_not_used_again() {
    let mut heap = heap(Addresses::default(), "yes");
    for _ in 0..3000 {
        heap.allocate(local(0), NODE).unwrap();
        heap.collect(Generation::FULL).unwrap();
    }
    heap.verify().unwrap();
    let addresses = &heap.recorder().0;
    assert!(addresses.is_sorted_by(|before, after| before < after), "each is a new one");
}

#[test]
fn what_is_reclaimed_is_not_held() {
    let mut heap = heap(NoRecorder, "yes");
    for _ in 0..2000 {
        heap.allocate(local(0), Shape::new(Kind::Bytes, 0, 100_000)).unwrap();
    }
    heap.collect(Generation::FULL).unwrap();
    assert!(heap.footprint().held_bytes < 1 << 20, "{:?}", heap.footprint());
}
