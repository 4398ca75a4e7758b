//! Exact counts of work: the clock that is the same on every machine and in every repetition.

/// A generation to collect: 0 is the youngest. Heaps without generations collect everything.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Generation(u8);

impl Generation {
    /// The youngest.
    pub const YOUNG: Generation = Generation(0);
    /// The middle one.
    pub const MIDDLE: Generation = Generation(1);
    /// A full collection.
    pub const FULL: Generation = Generation(2);

    /// Generation 0, 1 or 2; greater numbers mean a full collection.
    pub const fn new(number: u8) -> Generation {
        Generation(if number > 2 { 2 } else { number })
    }

    /// 0, 1 or 2.
    pub const fn index(self) -> usize {
        self.0 as usize
    }
}

/// Classes of cascades by length: class k holds those that reclaimed 4^k to 4^(k+1) - 1 objects (the first: 2 and 3), the last
/// all longer ones too.
pub const CASCADE_CLASSES: usize = 10;

/// What one collection did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Collected {
    /// Objects reclaimed, those that died by counting during the collection included.
    pub objects: u64,
}

/// Work done since the heap was made. Every field only grows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counters {
    /// Objects allocated, weak references included.
    pub objects_allocated: u64,
    /// Objects reclaimed.
    pub objects_freed: u64,
    /// Bytes allocated for objects: headers and item buffers included.
    pub bytes_allocated: u64,
    /// Bytes of reclaimed objects and outgrown item buffers.
    pub bytes_freed: u64,
    /// References taken by counting heaps; those to immortal objects too, whose counts stay.
    pub increments: u64,
    /// References let go of by counting heaps; those to immortal objects too.
    pub decrements: u64,
    /// Collections by generation; heaps without generations count in the last.
    pub collections: [u64; 3],
    /// Objects that collections examined: candidates of a cycle collector, or objects marked.
    pub objects_traced: u64,
    /// Slots that collections examined.
    pub slots_traced: u64,
    /// Objects reclaimed by collections.
    pub objects_collected: u64,
    /// Bytes of contents that were copied: of survivors by collectors that move objects, and of outgrown item buffers.
    pub bytes_copied: u64,
    /// Blocks that the heap took from below: of counting heaps from their memory source (objects and item buffers that no
    /// free list had), of others runs of pages or chunks.
    pub blocks_requested: u64,
    /// Blocks given back.
    pub blocks_returned: u64,
    /// Cascades of counting that reclaimed more than one object, by class of length.
    pub cascade_lengths: [u64; CASCADE_CLASSES],
    /// Most objects that one cascade reclaimed.
    pub longest_cascade: u64,
    /// Blocks swept.
    pub blocks_swept: u64,
    /// Finalizers run.
    pub finalizers_run: u64,
    /// Callbacks of weak references called.
    pub callbacks_run: u64,
    /// Finalizers and callbacks that failed.
    pub hook_failures: u64,
}

impl Counters {
    /// Counts a cascade that reclaimed so many objects, more than one.
    #[inline(always)]
    pub fn count_cascade(&mut self, objects: u64) {
        let class = (objects.max(1).ilog2() / 2) as usize;
        self.cascade_lengths[class.min(CASCADE_CLASSES - 1)] += 1;
        self.longest_cascade = self.longest_cascade.max(objects);
    }

    /// Cascades of counting that reclaimed more than one object.
    pub fn cascades(&self) -> u64 {
        self.cascade_lengths.iter().sum()
    }

    /// Names and values, for records and tables; collections apart. Of the classes of cascades those that had any.
    pub fn fields(&self) -> impl Iterator<Item = (String, u64)> {
        let classes = self.cascade_lengths.into_iter().enumerate().filter(|(_, count)| *count > 0);
        let named =
            |class: usize| format!("cascades_from_{}", if class == 0 { 2 } else { 4_u64.pow(class as u32) });
        let scalars = self.scalars().into_iter().map(|(name, count)| (name.to_string(), count));
        scalars.chain(classes.map(move |(class, count)| (named(class), count)))
    }

    fn scalars(&self) -> [(&'static str, u64); 18] {
        [
            ("objects_allocated", self.objects_allocated),
            ("objects_freed", self.objects_freed),
            ("bytes_allocated", self.bytes_allocated),
            ("bytes_freed", self.bytes_freed),
            ("increments", self.increments),
            ("decrements", self.decrements),
            ("objects_traced", self.objects_traced),
            ("slots_traced", self.slots_traced),
            ("objects_collected", self.objects_collected),
            ("bytes_copied", self.bytes_copied),
            ("blocks_requested", self.blocks_requested),
            ("blocks_returned", self.blocks_returned),
            ("cascades", self.cascades()),
            ("longest_cascade", self.longest_cascade),
            ("blocks_swept", self.blocks_swept),
            ("finalizers_run", self.finalizers_run),
            ("callbacks_run", self.callbacks_run),
            ("hook_failures", self.hook_failures),
        ]
    }
}

/// Memory in use at one moment, in bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Footprint {
    /// In objects not yet reclaimed, headers and item buffers included: floating garbage counts as live.
    pub live_bytes: usize,
    /// Taken from the operating system for objects and metadata, free memory inside included; the data stack
    /// of locals is the mutator's and is not part of it.
    pub held_bytes: usize,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cascades_are_classed_by_powers_of_four() {
        let mut counters = Counters::default();
        for objects in [2, 3, 4, 15, 16, 1 << 20, u64::MAX] {
            counters.count_cascade(objects);
        }
        assert_eq!((counters.cascades(), counters.longest_cascade), (7, u64::MAX));
        let classes: Vec<_> =
            counters.fields().filter(|(name, _)| name.starts_with("cascades_from")).collect();
        let expected = [
            ("cascades_from_2", 2),
            ("cascades_from_4", 2),
            ("cascades_from_16", 1),
            ("cascades_from_262144", 2),
        ];
        assert_eq!(classes, expected.map(|(name, count)| (name.to_string(), count)));
    }
}
