//! The invariants, checked over the heap by a walk of its own.

use crate::Bump;
use heapbench_heap::{Corruption, Recorder};
use heapbench_memory::Ref;
use heapbench_memory::object::WORD;
use indexmap::IndexSet;
use std::ops::Range;

impl<R: Recorder> Bump<R> {
    /// Checks invariants 1 to 3 of the crate's header. With a recorder that wants objects the heap knows them all,
    /// and the totals are exact; without, the walk sees the reachable, which take at most as much.
    pub(crate) fn check(&self) -> Result<(), Corruption> {
        let mut ranges = self.chunks.ranges();
        ranges.sort_unstable_by_key(|range| range.start);
        let objects = self.find_objects(&ranges)?;
        let mut pieces = pieces(&objects, &ranges)?;
        pieces.sort_unstable_by_key(|piece| piece.start);
        if let Some(pair) = pieces.windows(2).find(|pair| pair[0].end > pair[1].start) {
            return Err(Corruption::new(format!("{:#x?} and {:#x?} overlap", pair[0], pair[1])));
        }
        let bytes = pieces.iter().map(ExactSizeIterator::len).sum();
        self.check_total("objects", objects.len(), self.objects_alive())?;
        self.check_total("bytes", bytes, self.live_bytes())?;
        self.attachments.verify()
    }

    fn objects_alive(&self) -> usize {
        (self.counters.objects_allocated - self.counters.objects_freed) as usize
    }

    /// All objects that are known or reachable, each at an address in a chunk.
    fn find_objects(&self, ranges: &[Range<usize>]) -> Result<IndexSet<Ref>, Corruption> {
        let mut objects = IndexSet::new();
        let roots = self.stack.roots().iter().filter_map(|word| word.get());
        for object in self.objects.iter().chain(&self.immortals).copied().chain(roots) {
            expect_inside(ranges, object.address()..object.address() + WORD)?;
            objects.insert(object);
        }
        let mut next = 0;
        while let Some(&object) = objects.get_index(next) {
            expect_inside(ranges, object.address()..object.address() + object.size())?;
            for child in object.slots().iter().filter_map(|slot| slot.get()) {
                expect_inside(ranges, child.address()..child.address() + WORD)?;
                objects.insert(child);
            }
            next += 1;
        }
        Ok(objects)
    }

    fn check_total(&self, what: &str, found: usize, counted: usize) -> Result<(), Corruption> {
        let right = if R::OBJECTS { found == counted } else { found <= counted };
        let words = if R::OBJECTS { "" } else { "at most " };
        if right {
            return Ok(());
        }
        Err(Corruption::new(format!("{found} {what} are in the heap, expected {words}{counted}")))
    }
}

/// The addresses that objects and their storages take.
fn pieces(objects: &IndexSet<Ref>, ranges: &[Range<usize>]) -> Result<Vec<Range<usize>>, Corruption> {
    let mut pieces = Vec::with_capacity(objects.len());
    for object in objects {
        pieces.push(object.address()..object.address() + object.size());
        if let Some(storage) = object.storage_block() {
            let start = storage.start.addr().get();
            expect_inside(ranges, start..start + storage.size)?;
            pieces.push(start..start + storage.size);
        }
    }
    Ok(pieces)
}

/// Whether a piece lies inside what one chunk has given out; `ranges` are sorted.
fn expect_inside(ranges: &[Range<usize>], piece: Range<usize>) -> Result<(), Corruption> {
    let after = ranges.partition_point(|range| range.start <= piece.start);
    if piece.start.is_multiple_of(WORD) && after > 0 && piece.end <= ranges[after - 1].end {
        return Ok(());
    }
    Err(Corruption::new(format!("{piece:#x?} is referred to, expected words allocated in a chunk")))
}
