//! Great depth and width on a small stack: no strategy may recurse over the object graph.

use heapbench_heap::{Family, Generation, Heap, HeapConfig, Introspect, Kind, Local, OutOfMemory, Shape};

use crate::Deaths;

const STACK: usize = 256 << 10;
const DEEP: u64 = 1_000_000;
const WIDE: u32 = 100_000;

const HEAD: Local = Local::new(0);
const NEW: Local = Local::new(1);
const LAST: Local = Local::new(2);

type Build<H> = fn(&mut H) -> Result<u64, OutOfMemory>;

/// Builds each structure, lets go of it, collects, and counts the living; how many structures there are.
pub(super) fn check<H: Heap<Recorder = Deaths> + Introspect>(config: &HeapConfig) -> Result<usize, String> {
    // The structure, and whether counting alone reclaims it.
    let structures: [(&str, Build<H>, bool); 4] = [
        ("deep_chain", chain, true),
        ("deep_ring", ring, false),
        ("deep_doubly_linked", linked, false),
        ("wide", wide, true),
    ];
    for (name, build, acyclic) in structures {
        on_small_stack(|| run(config, build, acyclic))
            .map_err(|problem| format!("case {name}: {problem}"))?;
    }
    Ok(structures.len())
}

fn on_small_stack(work: impl FnOnce() -> Result<(), String> + Send) -> Result<(), String> {
    std::thread::scope(|scope| {
        let thread = std::thread::Builder::new().stack_size(STACK).spawn_scoped(scope, work);
        let thread = thread.map_err(|error| format!("no thread: {error}"))?;
        thread.join().unwrap_or_else(|_| Err("panic, expected none".into()))
    })
}

fn run<H: Heap<Recorder = Deaths> + Introspect>(
    config: &HeapConfig,
    build: Build<H>,
    acyclic: bool,
) -> Result<(), String> {
    let mut heap = H::new(config, Deaths::default()).map_err(|error| error.to_string())?;
    heap.disable();
    let frame = heap.enter(0, 3).map_err(|error| error.to_string())?;
    let objects = build(&mut heap).map_err(|error| error.to_string())?;
    expect_live(&heap, "built", objects)?;
    heap.collect(Generation::FULL);
    expect_live(&heap, "collected", objects)?;
    heap.verify().map_err(|corruption| corruption.to_string())?;
    heap.clear(HEAD);
    if H::CAPABILITIES.prompt && acyclic {
        expect_live(&heap, "let go", 0)?;
    }
    heap.collect(Generation::FULL);
    let rest = match H::CAPABILITIES.family {
        Family::Cycles | Family::Tracing => 0,
        Family::RefCount if acyclic => 0,
        Family::RefCount | Family::Region => objects,
    };
    expect_live(&heap, "let go and collected", rest)?;
    heap.verify().map_err(|corruption| corruption.to_string())?;
    heap.leave(frame);
    Ok(())
}

fn expect_live<H: Heap>(heap: &H, when: &str, expected: u64) -> Result<(), String> {
    let counters = heap.counters();
    let live = counters.objects_allocated - counters.objects_freed;
    if live == expected {
        Ok(())
    } else {
        Err(format!("{live} objects alive when {when}, expected {expected}"))
    }
}

fn chain<H: Heap>(heap: &mut H) -> Result<u64, OutOfMemory> {
    for _ in 0..DEEP {
        heap.allocate(NEW, Shape::new(Kind::Cell, 1, 0))?;
        heap.store_take(NEW, 0, HEAD);
        heap.take(HEAD, NEW);
    }
    Ok(DEEP)
}

fn ring<H: Heap>(heap: &mut H) -> Result<u64, OutOfMemory> {
    heap.allocate(HEAD, Shape::new(Kind::Cell, 1, 0))?;
    heap.copy(LAST, HEAD);
    for _ in 1..DEEP {
        heap.allocate(NEW, Shape::new(Kind::Cell, 1, 0))?;
        heap.store_take(NEW, 0, HEAD);
        heap.take(HEAD, NEW);
    }
    heap.store(LAST, 0, HEAD);
    heap.clear(LAST);
    Ok(DEEP)
}

fn linked<H: Heap>(heap: &mut H) -> Result<u64, OutOfMemory> {
    for _ in 0..DEEP / 4 {
        heap.allocate(NEW, Shape::new(Kind::Instance, 2, 0))?;
        if !heap.is_nil(HEAD) {
            heap.store(HEAD, 1, NEW);
        }
        heap.store_take(NEW, 0, HEAD);
        heap.take(HEAD, NEW);
    }
    Ok(DEEP / 4)
}

fn wide<H: Heap>(heap: &mut H) -> Result<u64, OutOfMemory> {
    heap.allocate(HEAD, Shape::new(Kind::List, WIDE, 0))?;
    for slot in 0..WIDE as usize {
        heap.allocate(NEW, Shape::new(Kind::Int, 0, 8))?;
        heap.store_take(HEAD, slot, NEW);
    }
    Ok(u64::from(WIDE) + 1)
}
