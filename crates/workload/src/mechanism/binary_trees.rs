//! Trees built by function calls, walked with a call for each node, and dropped.

use crate::checksum::Checksum;
use crate::error::WorkloadError;
use crate::parameters::Reader;
use crate::prepared::{Outcome, Program};
use heapbench_heap::{Heap, Introspect, Local, OutOfMemory, Recorder, Shape};
use heapbench_objects::instance;

/// A node: left and right.
const NODE: Shape = instance::slotted(2, 0);

/// Parameters.
#[derive(Debug)]
pub struct BinaryTrees {
    depth: u32,
    iterations: u32,
}

impl BinaryTrees {
    pub(crate) fn prepare(parameters: Reader<'_>, _seed: u64) -> Result<BinaryTrees, WorkloadError> {
        Ok(BinaryTrees {
            depth: parameters.count("depth", 0..=28)?,
            iterations: parameters.count("iterations", 1..=1_000_000)?,
        })
    }
}

impl Program for BinaryTrees {
    fn run<H: Heap + Introspect>(&self, heap: &mut H) -> Result<Outcome, OutOfMemory> {
        let mut checksum = Checksum::default();
        let mut operations = 0;
        for iteration in 0..self.iterations {
            let main = heap.enter(0, 1)?;
            build(heap, self.depth)?;
            if iteration == 0 {
                H::Recorder::at_most(heap);
            }
            // The argument is the last reference: the tree dies when the walk returns.
            let nodes = walk(heap)?;
            checksum.add(nodes);
            operations += nodes;
            heap.leave(main);
            // A region ends here; heaps that reclaim object by object have nothing to do.
            heap.reset();
        }
        Ok(Outcome { checksum: checksum.value(), operations })
    }
}

/// Leaves a tree in the caller's last local, which is nil before.
fn build<H: Heap>(heap: &mut H, depth: u32) -> Result<(), OutOfMemory> {
    const RESULT: Local = Local::new(0);
    const LEFT: Local = Local::new(1);
    const LAST: Local = Local::new(2);
    let frame = heap.enter(1, 3)?;
    if depth > 0 {
        build(heap, depth - 1)?;
        heap.take(LEFT, LAST);
        build(heap, depth - 1)?;
        heap.allocate(RESULT, NODE)?;
        heap.safepoint();
        heap.store_take(RESULT, 0, LEFT);
        heap.store_take(RESULT, 1, LAST);
    } else {
        heap.allocate(RESULT, NODE)?;
        heap.safepoint();
    }
    heap.leave_with(frame, RESULT);
    Ok(())
}

/// Counts the nodes of the tree in the caller's last local, which is the argument and nil afterwards.
fn walk<H: Heap>(heap: &mut H) -> Result<u64, OutOfMemory> {
    const NODE: Local = Local::new(0);
    const CHILD: Local = Local::new(1);
    let frame = heap.enter(1, 2)?;
    heap.safepoint();
    let mut nodes = 1;
    for slot in 0..2 {
        heap.load(CHILD, NODE, slot);
        if heap.is_nil(CHILD) {
            break;
        }
        nodes += walk(heap)?;
    }
    heap.leave(frame);
    Ok(nodes)
}
