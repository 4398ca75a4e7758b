//! Which of some containers are unreachable: those whose references all come from among themselves.
//!
//! CPython's `deduce_unreachable` (`Python/gc.c`, 3.13): copy each count to `gc_refs`; subtract the references that come
//! from inside; what has some left is reachable from outside, and so is everything that it reaches.
//! CPython uses its list as the queue of the last step and moves containers between lists as it learns about them
//! (`move_unreachable`); the sets are the same. Here the containers are noted in an array first, because an array,
//! unlike a list, tells what will be looked at in a moment: so its referents can be fetched ahead. The array is
//! scratch, 8 bytes a container while the collection runs, and 8 more for the queue.

use crate::Widths;
use crate::head::{self, List};
use crate::widths::MOST_AHEAD;
use heapbench_heap::OutOfMemory;
use heapbench_memory::{Ref, injection};
use heapbench_strategy_refcount::count;
use std::marker::PhantomData;

/// Entries that the scratch has at first.
const FIRST: usize = 1024;

/// Memory of a collection, kept between collections of young objects.
#[derive(Debug)]
pub(crate) struct Scratch<W> {
    /// The containers being collected, in list order.
    pub(crate) containers: Vec<Ref>,
    queue: Vec<Ref>,
    /// Slots examined so far.
    pub(crate) slots_traced: u64,
    widths: PhantomData<W>,
}

impl<W> Default for Scratch<W> {
    fn default() -> Self {
        Scratch { containers: Vec::new(), queue: Vec::new(), slots_traced: 0, widths: PhantomData }
    }
}

impl<W: Widths> Scratch<W> {
    /// Notes the containers of some lists, which are one-way from here on (`prev` counts references now), until the
    /// caller has put each container into a list again.
    ///
    /// # Errors
    /// No memory; the lists are as they were.
    pub(crate) fn note<'a>(
        &mut self,
        lists: impl Iterator<Item = &'a List> + Clone,
    ) -> Result<(), OutOfMemory> {
        let noted = self.note_each(lists.clone());
        if noted.is_err() {
            lists.for_each(List::relink);
            self.containers.clear();
        }
        noted
    }

    fn note_each<'a>(&mut self, lists: impl Iterator<Item = &'a List>) -> Result<(), OutOfMemory> {
        self.containers.clear();
        for list in lists {
            for container in list.iter() {
                if self.containers.len() == self.containers.capacity() {
                    injection::reserve(&mut self.containers, W::KEPT.clamp(1, FIRST))?;
                }
                self.containers.push(container);
                head::start_refs(container, references(container, W::SATURATED));
            }
        }
        injection::reserve(&mut self.queue, self.containers.len())
    }

    /// The noted containers in order, their own lines fetched ahead.
    pub(crate) fn containers_ahead(&self) -> impl Iterator<Item = Ref> + '_ {
        self.containers.iter().enumerate().map(|(i, container)| {
            if let Some(later) = self.containers.get(i + W::AHEAD) {
                head::prefetch(*later);
            }
            *container
        })
    }

    /// Gives large arrays back.
    pub(crate) fn trim(&mut self) {
        self.containers.clear();
        self.containers.shrink_to(W::KEPT);
        self.queue.shrink_to(W::KEPT);
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
            if let Some(later) = self.containers.get(i + 2 * W::AHEAD) {
                head::prefetch(*later);
            }
            if let Some(later) = self.containers.get(i + W::AHEAD) {
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
        let Scratch { containers, queue, slots_traced, .. } = self;
        const { assert!(0 < W::AHEAD && W::AHEAD <= MOST_AHEAD) };
        let mut ring = [None; MOST_AHEAD];
        let mut turn = 0;
        let mut roots = containers.iter();
        let (mut waiting, mut slots) = (0, 0);
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
                    slots += 1;
                    if is_collecting(child) {
                        head::set_reachable(child);
                        queue.push(child);
                    }
                }
            }
            turn = (turn + 1) % W::AHEAD;
        }
        *slots_traced += slots;
    }
}

/// A container's count, for `gc_refs`. A stuck one has references that nobody knows of: more than can be subtracted.
#[inline(always)]
fn references(container: Ref, saturated: u32) -> usize {
    match count::get(container) {
        stuck if stuck >= saturated => usize::MAX >> 2,
        counted => counted as usize,
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
