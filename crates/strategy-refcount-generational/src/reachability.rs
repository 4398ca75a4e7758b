//! Which of some containers are unreachable: those whose references all come from among themselves.
//!
//! CPython's `deduce_unreachable` (`Python/gc.c`, 3.13): copy each count to `gc_refs`; subtract the references that come
//! from inside; what has some left is reachable from outside, and so is everything that it reaches.
//! CPython uses its list as the queue of the last step and moves containers between lists as it learns about them
//! (`move_unreachable`); the sets are the same. Here the containers are noted in an array first, because an array,
//! unlike a list, tells what will be looked at in a moment: so its referents can be fetched ahead. The array is
//! scratch, 8 bytes a container while the collection runs, and 8 more for the queue.

use crate::head::{self, List};
use heapbench_memory::Ref;

/// Containers whose referents are fetched ahead of their turn: enough to cover a miss, few enough for the first cache.
const AHEAD: usize = 16;

/// Memory of a collection, kept between collections of young objects.
#[derive(Debug, Default)]
pub(crate) struct Scratch {
    /// The containers being collected, in list order.
    pub(crate) containers: Vec<Ref>,
    queue: Vec<Ref>,
    /// Slots examined so far.
    pub(crate) slots_traced: u64,
}

/// The system has no memory for the scratch arrays.
#[derive(Debug)]
pub(crate) struct NoScratch;

impl Scratch {
    /// Most entries that are kept for the next collection.
    const KEPT: usize = 1 << 16;

    /// Notes the containers of a list, which is one-way from here on (`prev` counts references now), until the caller
    /// has put each container into a list again. `references` gives a container's count.
    ///
    /// # Errors
    /// No memory; the list is as it was.
    pub(crate) fn note(&mut self, list: &List, references: impl Fn(Ref) -> u32) -> Result<(), NoScratch> {
        self.containers.clear();
        for container in list.iter() {
            if self.containers.len() == self.containers.capacity() {
                let more = self.containers.len().max(1024);
                self.containers.try_reserve(more).map_err(|_| self.give_up(list))?;
            }
            self.containers.push(container);
            head::start_refs(container, references(container));
        }
        self.queue.try_reserve(self.containers.len()).map_err(|_| self.give_up(list))
    }

    fn give_up(&self, list: &List) -> NoScratch {
        list.relink();
        NoScratch
    }

    /// The noted containers in order, their own lines fetched ahead.
    pub(crate) fn containers_ahead(&self) -> impl Iterator<Item = Ref> + '_ {
        self.containers.iter().enumerate().map(|(i, container)| {
            if let Some(later) = self.containers.get(i + AHEAD) {
                head::prefetch(*later);
            }
            *container
        })
    }

    /// Gives large arrays back.
    pub(crate) fn trim(&mut self) {
        self.containers.clear();
        self.containers.shrink_to(Self::KEPT);
        self.queue.shrink_to(Self::KEPT);
    }

    /// Bytes held.
    pub(crate) fn held_bytes(&self) -> usize {
        (self.containers.capacity() + self.queue.capacity()) * size_of::<Ref>()
    }

    /// After this `head::is_collecting` holds exactly for the unreachable among the noted containers.
    pub(crate) fn deduce_unreachable(&mut self) {
        self.subtract_refs();
        self.reach();
    }

    fn subtract_refs(&mut self) {
        let mut slots = 0;
        for (i, container) in self.containers.iter().enumerate() {
            if let Some(later) = self.containers.get(i + 2 * AHEAD) {
                head::prefetch(*later);
            }
            if let Some(later) = self.containers.get(i + AHEAD) {
                referents(*later).for_each(head::prefetch);
            }
            for child in referents(*container) {
                slots += 1;
                if is_collecting(child) {
                    head::subtract_ref(child);
                }
            }
        }
        self.slots_traced += slots;
    }

    /// Finds what is reachable from the containers that have references from outside. A container is queued once,
    /// when it turns out to be reachable; before its referents are looked at it waits in a ring while they are
    /// fetched.
    fn reach(&mut self) {
        let Scratch { containers, queue, slots_traced } = self;
        let mut ring = [None; AHEAD];
        let mut turn = 0;
        let mut roots = containers.iter();
        let mut waiting = 0;
        loop {
            let next = queue.pop().or_else(|| {
                let root = roots
                    .find(|container| head::is_collecting(**container) && head::refs(**container) > 0)?;
                head::set_reachable(*root);
                Some(*root)
            });
            if let Some(container) = next {
                referents(container).for_each(head::prefetch);
                waiting += 1;
            } else if waiting == 0 {
                break;
            }
            if let Some(fetched) = std::mem::replace(&mut ring[turn], next) {
                waiting -= 1;
                for child in referents(fetched) {
                    *slots_traced += 1;
                    if is_collecting(child) {
                        head::set_reachable(child);
                        queue.push(child);
                    }
                }
            }
            turn = (turn + 1) % AHEAD;
        }
    }
}

#[inline(always)]
fn referents(container: Ref) -> impl Iterator<Item = Ref> {
    container.slots().iter().filter_map(|slot| slot.get())
}

#[inline(always)]
fn is_collecting(child: Ref) -> bool {
    !child.is_leaf() && head::is_collecting(child)
}
