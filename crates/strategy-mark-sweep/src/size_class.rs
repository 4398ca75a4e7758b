//! Size classes: which cell an object or an item buffer gets.
//!
//! ```text
//! class  0..32   16, 32, 48 … 512          every granule
//! class 32..64   576, 640 … 1024, 1152 …   eight to a doubling, so at most 1/8 is wasted
//! above 8 KiB                              a run of pages of its own
//! ```

/// Bytes of a granule: cells are multiples of it, and one side bit stands for it.
pub(crate) const GRANULE: usize = 16;
/// Bytes of a unit of the reservation.
pub(crate) const UNIT: usize = 4096;
/// The largest cell in bytes; what is larger is *large*.
pub(crate) const LARGEST_CELL: usize = 8192;
/// Number of size classes.
pub(crate) const CLASSES: usize = 64;

/// The greatest size that has a class for every granule.
const FINE: usize = 512;
const FINE_CLASSES: usize = FINE / GRANULE;

/// The class of a size from 1 to [`LARGEST_CELL`] bytes.
#[inline(always)]
pub(crate) const fn class_of(size: usize) -> usize {
    debug_assert!(size > 0 && size <= LARGEST_CELL);
    let last = size - 1;
    if size <= FINE {
        return last / GRANULE;
    }
    let doubling = last.ilog2();
    FINE_CLASSES + (doubling - FINE.ilog2()) as usize * 8 + ((last >> (doubling - 3)) & 7)
}

/// Bytes of the cells of a class.
#[inline(always)]
pub(crate) const fn cell_size(class: usize) -> usize {
    if class < FINE_CLASSES {
        return (class + 1) * GRANULE;
    }
    let (doubling, eighth) = ((class - FINE_CLASSES) / 8, (class - FINE_CLASSES) % 8);
    (9 + eighth) << (doubling + FINE.ilog2() as usize - 3)
}

/// How large blocks are: few units for small cells, so that a size that is seldom used holds little memory, and four
/// times as many for cells over 512 bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct BlockSize {
    /// Units of a block of small cells, at least 1.
    pub(crate) small: usize,
}

impl BlockSize {
    /// 16 KiB and 64 KiB.
    pub(crate) const DEFAULT: BlockSize = BlockSize { small: 4 };

    /// Units of a block of the class.
    #[inline(always)]
    pub(crate) const fn units(self, class: usize) -> usize {
        if class < FINE_CLASSES { self.small } else { 4 * self.small }
    }

    /// Cells that fit into a block of the class.
    #[inline(always)]
    pub(crate) const fn cells(self, class: usize) -> usize {
        self.units(class) * UNIT / cell_size(class)
    }
}

/// Bytes of a window: the part of the heap that one word of a bitmap describes.
pub(crate) const WINDOW: usize = 64 * GRANULE;

/// For each class, the bits of a word at multiples of its cell.
const STARTS: [u64; CLASSES] = {
    let mut starts = [0; CLASSES];
    let mut class = 0;
    while class < CLASSES {
        let mut granule = 0;
        while granule < 64 {
            starts[class] |= 1 << granule;
            granule += cell_size(class) / GRANULE;
        }
        class += 1;
    }
    starts
};

/// The granules of a window at which cells of the class start; the window begins `offset` bytes into a block, the last
/// cell of which ends after `end` bytes.
#[inline(always)]
pub(crate) const fn starts_in_window(class: usize, offset: usize, end: usize) -> u64 {
    let cell = cell_size(class);
    let first = (cell - offset % cell) % cell / GRANULE;
    let within = (end - offset) / GRANULE;
    let starts = if first < 64 { STARTS[class] << first } else { 0 };
    if within < 64 { starts & ((1 << within) - 1) } else { starts }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_size_gets_the_smallest_cell_that_holds_it() {
        for size in 1..=LARGEST_CELL {
            let class = class_of(size);
            let cell = cell_size(class);
            assert!(cell >= size && cell.is_multiple_of(GRANULE), "{size} in {cell}");
            assert!(class == 0 || cell_size(class - 1) < size, "{size} in {cell}");
            assert!(size <= FINE || (cell - size) * 8 <= cell, "{size} wastes too much of {cell}");
        }
        assert_eq!(class_of(LARGEST_CELL), CLASSES - 1);
    }

    #[test]
    fn windows_show_the_start_of_every_cell() {
        for small in [1, 2, 4, 64] {
            for class in 0..CLASSES {
                let cells = BlockSize { small }.cells(class);
                let end = cells * cell_size(class);
                let starts: Vec<usize> = (0..end)
                    .step_by(WINDOW)
                    .flat_map(|offset| (0..64).map(move |granule| (offset, granule)))
                    .filter(|(offset, granule)| starts_in_window(class, *offset, end) >> granule & 1 == 1)
                    .map(|(offset, granule)| offset + granule * GRANULE)
                    .collect();
                assert!(cells > 0 && starts.into_iter().eq((0..cells).map(|cell| cell * cell_size(class))));
            }
        }
    }

    #[test]
    fn no_block_wastes_an_eighth_at_its_end() {
        for class in 0..CLASSES {
            let block = BlockSize::DEFAULT.units(class) * UNIT;
            let used = BlockSize::DEFAULT.cells(class) * cell_size(class);
            assert!((block - used) * 8 < block, "class {class}");
        }
    }
}
