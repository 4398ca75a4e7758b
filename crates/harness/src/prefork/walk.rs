//! Every object that the current frame can reach, read through the trait: what `for x in everything: x` does to a heap.
//!
//! A walk has to remember what it has seen, and would dirty pages itself. So it is done twice. The first time, in a copy of
//! the process, it finds the objects and plans a way through them: a breadth-first tree, in pre-order, so that few locals
//! hold the path at any time. The second time it only follows the plan, and writes to nothing but those locals; what else
//! is written is the heap's doing.

use heapbench_heap::{Heap, Introspect, Local, OutOfMemory};
use std::collections::{HashMap, VecDeque};
use std::hint::black_box;

/// Locals that the first walk begins with; it takes more when they do not do.
const FIRST_LOCALS: usize = 1024;

/// A way through all objects.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Plan {
    steps: Vec<Step>,
}

/// From the object at a depth to one that it holds. At depth 0: from the frame's local `slot`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Step {
    depth: u32,
    slot: u32,
}

impl Plan {
    /// Plans a walk. To be called in a copy of the process: it enters frames that it does not leave.
    ///
    /// # Errors
    /// The heap does not tell objects apart, or has no room for the path: one line.
    pub fn make<H: Heap + Introspect>(heap: &mut H) -> Result<Plan, String> {
        Ok(Graph::find(heap)?.plan())
    }

    /// Objects that are read.
    pub fn objects(&self) -> usize {
        self.steps.len()
    }

    /// As bytes, for [`Plan::from_bytes`].
    pub fn to_bytes(&self) -> Vec<u8> {
        let word = |step: &Step| u64::from(step.depth) << 32 | u64::from(step.slot);
        self.steps.iter().flat_map(|step| word(step).to_le_bytes()).collect()
    }

    /// From the bytes of [`Plan::to_bytes`].
    pub fn from_bytes(bytes: &[u8]) -> Plan {
        let words = bytes.as_chunks::<8>().0.iter().map(|bytes| u64::from_le_bytes(*bytes));
        Plan { steps: words.map(|word| Step { depth: (word >> 32) as u32, slot: word as u32 }).collect() }
    }

    /// Reads every object: its bytes, and each of its slots into a local. To be called in a copy of the process: it
    /// enters a frame that it does not leave.
    ///
    /// # Errors
    /// No room for the frame.
    pub fn read<H: Heap>(&self, heap: &mut H) -> Result<(), OutOfMemory> {
        let roots = locals(heap)?;
        let depths = self.steps.iter().map(|step| step.depth as usize + 1).max().unwrap_or(0);
        let _never_left = heap.enter(roots, roots + depths + 1)?;
        let at = |depth: usize| Local::new((roots + depth) as u32);
        for step in &self.steps {
            let object = at(step.depth as usize);
            match step.depth {
                0 => heap.copy(object, Local::new(step.slot)),
                depth => heap.load(object, at(depth as usize - 1), step.slot as usize),
            }
            black_box(heap.payload(object).iter().fold(0_u8, |sum, byte| sum ^ byte));
            (0..heap.shape(object).slots as usize).for_each(|slot| heap.load(at(depths), object, slot));
        }
        Ok(())
    }
}

/// How many locals the current frame has.
fn locals<H: Heap>(heap: &mut H) -> Result<usize, OutOfMemory> {
    let frame = heap.enter(0, 0)?;
    let bytes = frame.base - frame.caller_base;
    heap.leave(frame);
    Ok(bytes / size_of::<usize>())
}

/// Objects, numbered in the order in which they were found, and what they hold.
#[derive(Debug, Default)]
struct Graph {
    /// Numbers by identity. Looked up only, so that its order is nobody's concern.
    numbers: HashMap<usize, u32>,
    /// The locals that hold an object.
    roots: Vec<(u32, u32)>,
    /// For each object its slots that hold one: slot and object.
    slots: Vec<Vec<(u32, u32)>>,
}

/// An object on the path of the search, its slots up to `next` done.
struct Visit {
    number: u32,
    next: u32,
    slots: u32,
}

impl Graph {
    /// Finds everything, depth first; the path is in locals.
    fn find<H: Heap + Introspect>(heap: &mut H) -> Result<Graph, String> {
        let full = |refused: OutOfMemory| format!("no room for the path of a walk: {refused}");
        let roots = locals(heap).map_err(full)?;
        let mut room = roots + FIRST_LOCALS;
        let _never_left = heap.enter(roots, room).map_err(full)?;
        let at = |depth: usize| Local::new((roots + depth) as u32);
        let mut graph = Graph::default();
        let mut path = Vec::new();
        for root in 0..roots as u32 {
            if heap.is_nil(Local::new(root)) {
                continue;
            }
            heap.copy(at(0), Local::new(root));
            let (number, visit) = graph.meet(heap, at(0))?;
            graph.roots.push((root, number));
            path.extend(visit);
            while let Some(Visit { number, next, slots }) = path.last_mut() {
                if next == slots {
                    path.pop();
                    continue;
                }
                let (holder, slot) = (*number, *next);
                *next += 1;
                let depth = path.len();
                if roots + depth >= room {
                    let _never_left = heap.enter(room, 2 * room).map_err(full)?;
                    room *= 2;
                }
                heap.load(at(depth), at(depth - 1), slot as usize);
                if !heap.is_nil(at(depth)) {
                    let (number, visit) = graph.meet(heap, at(depth))?;
                    graph.slots[holder as usize].push((slot, number));
                    path.extend(visit);
                }
            }
        }
        Ok(graph)
    }

    /// An object's number; and a visit, if it was not known.
    fn meet<H: Heap + Introspect>(
        &mut self,
        heap: &H,
        object: Local,
    ) -> Result<(u32, Option<Visit>), String> {
        let identity = heap.identity(object).map_err(|_| "this heap does not tell objects apart")?;
        let new = self.slots.len() as u32;
        let number = *self.numbers.entry(identity).or_insert(new);
        if number != new {
            return Ok((number, None));
        }
        self.slots.push(Vec::new());
        Ok((number, Some(Visit { number, next: 0, slots: heap.shape(object).slots })))
    }

    /// A breadth-first tree from the roots, in pre-order.
    fn plan(&self) -> Plan {
        let mut children = vec![Vec::new(); self.slots.len()];
        let mut seen = vec![false; self.slots.len()];
        let mut queue = VecDeque::new();
        let mut tops = Vec::new();
        for (local, number) in &self.roots {
            if !std::mem::replace(&mut seen[*number as usize], true) {
                tops.push((*local, *number));
                queue.push_back(*number);
            }
        }
        while let Some(holder) = queue.pop_front() {
            for (slot, number) in &self.slots[holder as usize] {
                if !std::mem::replace(&mut seen[*number as usize], true) {
                    children[holder as usize].push((*slot, *number));
                    queue.push_back(*number);
                }
            }
        }
        let mut steps = Vec::with_capacity(self.slots.len());
        let mut waiting: Vec<(Step, u32)> =
            tops.iter().rev().map(|(slot, number)| (Step { depth: 0, slot: *slot }, *number)).collect();
        while let Some((step, number)) = waiting.pop() {
            steps.push(step);
            let below = |(slot, child): &(u32, u32)| (Step { depth: step.depth + 1, slot: *slot }, *child);
            waiting.extend(children[number as usize].iter().rev().map(below));
        }
        Plan { steps }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use heapbench_heap::{HeapConfig, Kind, NoRecorder, Shape};
    use heapbench_memory::Pools;
    use heapbench_strategy_refcount::Plain;

    type Counted = Plain<Pools, NoRecorder>;

    /// In a frame of three locals: a ring of `length` lists, the first of them twice, and nil.
    fn ring(length: u32) -> Counted {
        let [first, last, next] = [0, 1, 2].map(Local::new);
        let mut heap = Counted::new(&HeapConfig::default(), NoRecorder).unwrap();
        let _never_left = heap.enter(0, 3).unwrap();
        heap.allocate(first, Shape::new(Kind::List, 2, 8)).unwrap();
        heap.copy(last, first);
        for _ in 1..length {
            heap.allocate(next, Shape::new(Kind::List, 2, 8)).unwrap();
            heap.store(last, 1, next);
            heap.take(last, next);
        }
        heap.store(last, 1, first);
        heap.copy(last, first);
        heap
    }

    #[test]
    fn each_object_is_in_the_plan_once_however_deep_and_cyclic() {
        for length in [1, 2, 5000] {
            let mut heap = ring(length);
            let plan = Plan::make(&mut heap).unwrap();
            assert_eq!(plan.objects(), length as usize);
            assert_eq!(plan.steps.last(), Some(&Step { depth: length - 1, slot: u32::from(length > 1) }));
            assert_eq!(Plan::from_bytes(&plan.to_bytes()), plan);
            // Each is loaded once on the way, and once from the slot that holds it.
            let mut heap = ring(length);
            let before = heap.counters().increments;
            plan.read(&mut heap).unwrap();
            assert_eq!(heap.counters().increments - before, 2 * u64::from(length));
        }
    }
}
