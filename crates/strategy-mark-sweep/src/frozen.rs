//! The frozen: objects that count as reachable until they are unfrozen, as a bitmap in reserved address space, so that
//! freezing can not fail.

use crate::bitmap::Bitmap;
use crate::runs::Contents;
use crate::space::Space;
use heapbench_heap::HeapError;
use heapbench_memory::Ref;

/// A bit for each frozen object.
#[derive(Debug)]
pub(crate) struct Frozen {
    bits: Bitmap,
    pub(crate) objects: u64,
    /// Units of the heap that bits may be set for.
    units: usize,
}

impl Frozen {
    /// None, of a space.
    ///
    /// # Errors
    /// The system refuses the address space.
    pub(crate) fn new(space: &Space) -> Result<Frozen, HeapError> {
        let bits = Bitmap::new(space.blocks.base(), space.blocks.reserved_bytes())?;
        Ok(Frozen { bits, objects: 0, units: 0 })
    }

    /// Freezes all objects in use. Those frozen before are among them.
    pub(crate) fn freeze(&mut self, space: &Space) {
        self.units = space.blocks.frontier();
        self.objects = space.cells(Contents::Objects).map(|at| self.bits.set(at)).count() as u64;
    }

    /// Unfreezes all.
    pub(crate) fn unfreeze(&mut self) {
        self.bits.clear_all(self.units);
        (self.objects, self.units) = (0, 0);
    }

    /// The frozen objects, in address order.
    pub(crate) fn iter(&self) -> impl Iterator<Item = Ref> + '_ {
        let bytes = self.units * crate::size_class::UNIT;
        // SAFETY: bits are set for objects in use, which a collection keeps as long as they are set.
        self.bits.addresses(None, self.bits.base(), bytes).map(|at| unsafe { Ref::from_address(at) })
    }

    /// Bytes that the bits take.
    pub(crate) fn held_bytes(&self) -> usize {
        Bitmap::bytes_for(self.units)
    }
}
