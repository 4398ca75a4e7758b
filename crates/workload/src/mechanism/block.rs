//! Objects of the kinds and sizes that real programs make.
//!
//! The mix has the shares of kinds, and nearly the median, the 90th and the 99th percentile of sizes (32, 72 and 304
//! bytes), that twelve programs of pyperformance have on average under CPython 3.13. What they make beside the kinds
//! here (bound methods, iterators, slices, generators, frames) is taken as instances of its size.

use heapbench_heap::{Heap, Kind, Local, OutOfMemory};
use heapbench_objects::{bytes, dict, float, instance, int, list, text, tuple};
use std::iter;

/// What is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Block {
    /// `int`, `float`, `str`, `bytes`, `tuple`, `list`, `dict` or `instance`.
    pub(super) kind: Kind,
    /// Digits of an int, characters of a str, bytes of a bytes, items, attributes. A dict has one key of so many
    /// characters, or, for 0, none.
    pub(super) size: u32,
}

const fn block(kind: Kind, size: u32) -> Block {
    Block { kind, size }
}

/// Of a thousand objects so many are such a block.
const MIX: [(usize, Block); 28] = [
    (220, block(Kind::Int, 1)),
    (120, block(Kind::Int, 2)),
    (20, block(Kind::Int, 3)),
    (180, block(Kind::Float, 1)),
    (50, block(Kind::Str, 8)),
    (30, block(Kind::Str, 15)),
    (20, block(Kind::Str, 31)),
    (8, block(Kind::Str, 79)),
    (2, block(Kind::Str, 415)),
    (30, block(Kind::Bytes, 8)),
    (15, block(Kind::Bytes, 31)),
    (10, block(Kind::Bytes, 63)),
    (5, block(Kind::Bytes, 463)),
    (60, block(Kind::Tuple, 2)),
    (25, block(Kind::Tuple, 3)),
    (10, block(Kind::Tuple, 4)),
    (5, block(Kind::Tuple, 6)),
    (8, block(Kind::List, 0)),
    (10, block(Kind::List, 1)),
    (12, block(Kind::List, 4)),
    (5, block(Kind::List, 16)),
    (5, block(Kind::Dict, 0)),
    (10, block(Kind::Dict, 8)),
    (50, block(Kind::Instance, 2)),
    (40, block(Kind::Instance, 3)),
    (30, block(Kind::Instance, 5)),
    (15, block(Kind::Instance, 7)),
    (5, block(Kind::Instance, 34)),
];

/// A thousand blocks: one of them at random is a block of the mix.
pub(super) fn mix() -> Vec<Block> {
    MIX.iter().flat_map(|(share, block)| iter::repeat_n(*block, *share)).collect()
}

/// Those of the mix that hold no reference.
pub(super) fn leaves() -> Vec<Block> {
    mix().into_iter().filter(|block| block.kind.is_leaf()).collect()
}

/// Ints are made of numbers from here on, as small ones are not made but shared.
pub(super) const FIRST_NUMBER: u32 = 1000;
/// Numbers have 30 bits, one digit of an int.
pub(super) const MOST_NUMBERS: u32 = (1 << 30) - FIRST_NUMBER;
/// What makes ints of one, two and three digits of a number.
const INT_HEADS: [i128; 3] = [0, 1 << 30, 1 << 60];

/// Makes objects.
#[derive(Debug)]
pub(super) struct Maker {
    /// What is in a str and a bytes.
    dashes: String,
}

impl Maker {
    /// Makes objects of these blocks.
    pub(super) fn new(blocks: impl IntoIterator<Item = Block>) -> Maker {
        let sizes = blocks.into_iter().map(|block| block.size as usize);
        Maker { dashes: "-".repeat(sizes.max().unwrap_or(0)) }
    }

    /// `dst =` a new object. Ints and floats have the number in them, items and attributes are nil. `scratch` is nil
    /// before and after.
    #[inline]
    pub(super) fn make<H: Heap>(
        &self,
        heap: &mut H,
        dst: Local,
        block: Block,
        number: u32,
        scratch: [Local; 3],
    ) -> Result<(), OutOfMemory> {
        let size = block.size as usize;
        match block.kind {
            Kind::Int => int::new(heap, dst, INT_HEADS[size - 1] | i128::from(number)),
            Kind::Float => float::new(heap, dst, f64::from(number)),
            Kind::Str => text::new(heap, dst, &self.dashes[..size]),
            Kind::Bytes => bytes::new(heap, dst, &self.dashes.as_bytes()[..size]),
            Kind::Tuple => tuple::new(heap, dst, block.size),
            Kind::List => list::new(heap, dst, block.size),
            Kind::Dict if size == 0 => dict::new(heap, dst),
            Kind::Dict => make_dict(heap, dst, &self.dashes[..size], scratch),
            _ => {
                heap.allocate(dst, instance::slotted(block.size, 0))?;
                heap.safepoint();
                Ok(())
            }
        }
    }
}

/// `key =` a new str; `dst = {key: key}`.
fn make_dict<H: Heap>(heap: &mut H, dst: Local, text: &str, scratch: [Local; 3]) -> Result<(), OutOfMemory> {
    let [key, value, scratch] = scratch;
    text::new(heap, key, text)?;
    dict::new(heap, dst)?;
    heap.copy(value, key);
    dict::insert(heap, dst, key, value, scratch)
}

/// What can be read back from an object: the value of a number, else how many characters, items or attributes it has.
#[inline]
pub(super) fn read<H: Heap>(heap: &H, object: Local) -> u64 {
    let shape = heap.shape(object);
    match shape.kind {
        Kind::Int => int::value(heap, object) as u64,
        Kind::Float => float::value(heap, object) as u64,
        Kind::Str => text::view(heap, object).len() as u64,
        Kind::Bytes => bytes::view(heap, object).len() as u64,
        Kind::Dict => dict::len(heap, object) as u64,
        _ => u64::from(shape.slots),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Bytes that CPython asks its allocator for, a list's and a dict's items apart.
    fn bytes(block: Block) -> u32 {
        match block.kind {
            Kind::Int => 24 + 4 * block.size,
            Kind::Float => 24,
            Kind::Str => 41 + block.size,
            Kind::Bytes => 33 + block.size,
            Kind::Tuple => 40 + 8 * block.size,
            Kind::List => 56,
            Kind::Dict => 64,
            _ => 32 + 8 * block.size,
        }
    }

    #[test]
    fn the_mix_has_the_sizes_and_containers_it_claims() {
        let mix = mix();
        assert_eq!(mix.len(), 1000);
        let mut sizes: Vec<u32> = mix.iter().map(|block| bytes(*block)).collect();
        sizes.sort_unstable();
        assert_eq!([sizes[500], sizes[900], sizes[990]], [32, 72, 304]);
        assert_eq!(1000 - leaves().len(), 290, "containers");
    }
}
