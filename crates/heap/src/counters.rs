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
    /// Cascades of counting that reclaimed more than one object.
    pub cascades: u64,
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
    /// Names and values, for records and tables; collections apart.
    pub fn fields(&self) -> [(&'static str, u64); 15] {
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
            ("cascades", self.cascades),
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
