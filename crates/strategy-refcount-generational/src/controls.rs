//! Python's `gc` vocabulary over three generations.

use crate::{Generations, Widths, head};
use heapbench_heap::{Generation, GenerationStats, Unsupported};
use heapbench_memory::Ref;
use heapbench_strategy_refcount::Controls;

impl<W> Generations<W> {
    /// All generations become permanent, and nothing has been allocated since.
    pub(crate) fn freeze_all(&mut self) {
        self.generations.iter().for_each(|generation| self.permanent.append(generation));
        self.policy.counts = [0; 3];
    }
}

impl<W: Widths> Controls for Generations<W> {
    fn set_enabled(&mut self, on: bool) {
        self.policy.enabled = on;
        self.policy.update_trigger();
    }

    fn is_enabled(&self) -> bool {
        self.policy.enabled
    }

    fn thresholds(&self) -> Result<[u32; 3], Unsupported> {
        Ok(self.policy.thresholds)
    }

    fn set_thresholds(&mut self, thresholds: [u32; 3]) -> Result<(), Unsupported> {
        self.policy.thresholds = thresholds;
        self.policy.update_trigger();
        Ok(())
    }

    fn counts(&self) -> Result<[u64; 3], Unsupported> {
        Ok(self.policy.counts)
    }

    fn stats(&self) -> Result<[GenerationStats; 3], Unsupported> {
        Ok(self.policy.stats)
    }

    fn freeze(&mut self) -> Result<(), Unsupported> {
        self.freeze_all();
        Ok(())
    }

    fn unfreeze(&mut self) -> Result<(), Unsupported> {
        self.generations[2].append(&self.permanent);
        Ok(())
    }

    fn freeze_count(&self) -> Result<u64, Unsupported> {
        Ok(self.permanent.iter().count() as u64)
    }

    fn is_tracked(&self, container: Ref) -> Result<bool, Unsupported> {
        Ok(head::is_tracked(container))
    }

    fn tracked(&self, generation: Option<Generation>) -> Result<impl Iterator<Item = Ref> + '_, Unsupported> {
        let chosen = match generation {
            Some(one) => &self.generations[one.index()..=one.index()],
            None => &self.generations[..],
        };
        Ok(chosen.iter().flat_map(|list| list.iter()))
    }

    fn set_save_all(&mut self, on: bool) -> Result<(), Unsupported> {
        self.save_all = on;
        Ok(())
    }

    fn collects(&self) -> Result<(), Unsupported> {
        Ok(())
    }
}
