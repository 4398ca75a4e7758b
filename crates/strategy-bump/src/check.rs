//! The invariants, checked level by level, over a map of the chunks.
//!
//! With a recorder that wants objects the heap knows them all: from `Space` on they are what is there, and a reference
//! to anything else is a mistake. Without, the walk finds the reachable, and totals are at most what was counted.

use crate::Bump;
use crate::map::Map;
use heapbench_heap::{Corruption, Counters, Kind, Level, Recorder};
use heapbench_memory::{Flag, Ref};

/// The objects found so far, and where they lie.
struct Walk {
    map: Map,
    objects: Vec<Ref>,
    bytes: usize,
    /// All objects have been found: those that the heap knows.
    is_complete: bool,
}

impl<R: Recorder> Bump<R> {
    /// Checks invariants 1 to 3 of the crate's header, up to a level.
    pub(crate) fn check(&self, level: Level) -> Result<(), Corruption> {
        self.check_counters()?;
        if level < Level::Space {
            return Ok(());
        }
        let mut walk = self.check_space()?;
        if level >= Level::Roots {
            self.check_roots(&mut walk)?;
        }
        if level >= Level::Closure {
            walk.follow()?;
        }
        if level >= Level::Exact { self.check_tables(&mut walk) } else { Ok(()) }
    }

    fn check_counters(&self) -> Result<(), Corruption> {
        let Counters { objects_allocated, objects_freed, bytes_allocated, bytes_freed, bytes_copied, .. } =
            self.counters;
        let expected = Counters {
            objects_allocated,
            objects_freed,
            bytes_allocated,
            bytes_freed,
            bytes_copied,
            ..Counters::default()
        };
        ensure(self.counters == expected, || {
            format!("{:?}, expected no work but allocation", self.counters)
        })?;
        let (objects, bytes) =
            (objects_allocated.checked_sub(objects_freed), bytes_allocated.checked_sub(bytes_freed));
        let (Some(objects), Some(bytes)) = (objects, bytes) else {
            return Err(Corruption::new(format!(
                "{:?}, expected no more freed than allocated",
                self.counters
            )));
        };
        let held = self.chunks.held() as u64;
        ensure(bytes <= held && objects <= bytes, || {
            format!(
                "{objects} objects with {bytes} bytes are alive, expected room for them, held are {held} bytes"
            )
        })?;
        let known = self.objects.len() as u64;
        ensure(!R::OBJECTS || objects == known, || format!("{objects} objects are alive, expected {known}"))
    }

    /// The chunks, and the objects that are known to be in them.
    fn check_space(&self) -> Result<Walk, Corruption> {
        self.chunks.verify_chunks()?;
        let map = Map::new(self.chunks.ranges());
        let mut walk = Walk { map, objects: Vec::new(), bytes: 0, is_complete: false };
        self.objects.iter().try_for_each(|object| walk.add(*object))?;
        walk.is_complete = R::OBJECTS;
        Ok(walk)
    }

    fn check_roots(&self, walk: &mut Walk) -> Result<(), Corruption> {
        for (number, object) in self.stack.roots().iter().enumerate() {
            object.get().map_or(Ok(()), |object| walk.meet(object, || format!("root {number}")))?;
        }
        let mut immortals = self.immortals.iter().enumerate();
        immortals.try_for_each(|(number, object)| walk.meet(*object, || format!("immortal {number}")))
    }

    /// Weak references and their targets, the flags that tell of them, and the totals.
    fn check_tables(&self, walk: &mut Walk) -> Result<(), Corruption> {
        ensure(self.attachments.finalizable().next().is_none(), || {
            "a finalizer is kept, expected none".into()
        })?;
        let mut weak_references = 0;
        for target in self.attachments.targets() {
            walk.meet(target, || "a weak reference".into())?;
            for weak in self.attachments.weak_references(target) {
                walk.meet(weak, || format!("the list of {target:?}"))?;
                weak_references += 1;
            }
        }
        self.attachments.verify()?;
        walk.follow()?;
        let mut found = 0;
        for object in &walk.objects {
            let is_weak = object.kind() == Kind::Weak;
            let is_target = self.attachments.weak_references(*object).next().is_some();
            ensure(object.has(Flag::Attached) == (is_weak || is_target), || {
                format!(
                    "{object:?} has the wrong flag: weak reference {is_weak}, weakly referenced {is_target}"
                )
            })?;
            found += is_weak as usize;
        }
        ensure(found == weak_references, || format!("{found} weak references, expected {weak_references}"))?;
        let objects = self.counters.objects_allocated - self.counters.objects_freed;
        check_total("objects", walk.objects.len(), objects as usize, walk.is_complete)?;
        check_total("bytes", walk.bytes, self.live_bytes(), walk.is_complete)
    }
}

impl Walk {
    /// Adds an object that was not found before.
    fn add(&mut self, object: Ref) -> Result<(), Corruption> {
        // SAFETY: the ranges that the map was made of are mapped, and full of objects, initialised but for the bytes that
        // round a size up to whole words, which are numbers as good as any here.
        let extent = unsafe { object.extent(|piece| self.map.is_given(piece)) }?;
        self.map.add(&extent)?;
        self.bytes += extent.bytes();
        self.objects.push(object);
        Ok(())
    }

    /// Follows a reference to an object.
    fn meet(&mut self, object: Ref, from: impl Fn() -> String) -> Result<(), Corruption> {
        if self.map.is_object(object.address()) {
            return Ok(());
        }
        if self.is_complete {
            return Err(Corruption::new(format!(
                "{} refers to {object:?}, expected an object alive",
                from()
            )));
        }
        self.add(object).map_err(|Corruption { what }| Corruption::new(format!("{}: {what}", from())))
    }

    /// Follows the slots of all objects, those that are found by it included.
    fn follow(&mut self) -> Result<(), Corruption> {
        let mut next = 0;
        while let Some(&object) = self.objects.get(next) {
            for (slot, child) in object.slots().iter().enumerate() {
                child
                    .get()
                    .map_or(Ok(()), |child| self.meet(child, || format!("slot {slot} of {object:?}")))?;
            }
            next += 1;
        }
        Ok(())
    }
}

fn check_total(what: &str, found: usize, counted: usize, is_exact: bool) -> Result<(), Corruption> {
    let right = if is_exact { found == counted } else { found <= counted };
    let words = if is_exact { "" } else { "at most " };
    ensure(right, || format!("{found} {what} are in the heap, expected {words}{counted}"))
}

fn ensure(right: bool, what: impl FnOnce() -> String) -> Result<(), Corruption> {
    if right { Ok(()) } else { Err(Corruption::new(what())) }
}
