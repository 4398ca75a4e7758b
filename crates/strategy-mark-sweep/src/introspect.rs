//! Python's `gc` vocabulary, as far as a heap without generations and thresholds has it.

use crate::MarkSweep;
use heapbench_heap::{Generation, GenerationStats, Introspect, Recorder, Unsupported};

impl<R: Recorder> Introspect for MarkSweep<R> {
    fn enable(&mut self) {
        self.enabled = true;
    }

    fn disable(&mut self) {
        self.enabled = false;
    }

    fn is_enabled(&self) -> bool {
        self.enabled
    }

    fn stats(&self) -> Result<[GenerationStats; 3], Unsupported> {
        let mut stats = [GenerationStats::default(); 3];
        let full = Generation::FULL.index();
        stats[full].collections = self.counters.collections[full];
        stats[full].collected = self.counters.objects_collected;
        Ok(stats)
    }

    /// All objects in use become roots. Those frozen before are among them.
    fn freeze(&mut self) -> Result<(), Unsupported> {
        self.frozen.freeze(&self.space);
        self.space.outside = self.outside_bytes();
        Ok(())
    }

    fn unfreeze(&mut self) -> Result<(), Unsupported> {
        self.frozen.unfreeze();
        self.space.outside = self.outside_bytes();
        Ok(())
    }

    fn freeze_count(&self) -> Result<u64, Unsupported> {
        Ok(self.frozen.objects)
    }
}
