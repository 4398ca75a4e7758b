//! A map of the chunks, for the verifier: a bit for each word that belongs to an object, and one for each object.

use heapbench_heap::Corruption;
use heapbench_memory::object::{Extent, WORD};
use std::ops::Range;

/// What has been found so far.
#[derive(Debug)]
pub(crate) struct Map {
    /// In order of address.
    chunks: Vec<Chunk>,
}

#[derive(Debug)]
struct Chunk {
    addresses: Range<usize>,
    /// Words that belong to an object or its storage.
    taken: Vec<u64>,
    /// Words that an object starts with.
    objects: Vec<u64>,
}

impl Map {
    /// A map of these addresses without an object.
    pub(crate) fn new(mut ranges: Vec<Range<usize>>) -> Map {
        ranges.sort_unstable_by_key(|range| range.start);
        let chunk = |addresses: Range<usize>| {
            let empty = vec![0; addresses.len().div_ceil(WORD * 64)];
            Chunk { addresses, taken: empty.clone(), objects: empty }
        };
        Map { chunks: ranges.into_iter().map(chunk).collect() }
    }

    /// Whether all of a piece was given out, by one chunk.
    pub(crate) fn is_given(&self, piece: &Range<usize>) -> bool {
        self.chunk(piece.start).is_some_and(|chunk| piece.end <= self.chunks[chunk].addresses.end)
    }

    /// Whether an object was found that starts at an address.
    pub(crate) fn is_object(&self, address: usize) -> bool {
        let Some(chunk) = self.chunk(address) else { return false };
        let (chunk, place) = (&self.chunks[chunk], self.place(chunk, address));
        address.is_multiple_of(WORD) && chunk.objects[place / 64] >> (place % 64) & 1 == 1
    }

    /// Notes an object, which was given out.
    ///
    /// # Errors
    /// Another one lies where it does.
    pub(crate) fn add(&mut self, object: &Extent) -> Result<(), Corruption> {
        for piece in [&object.object, &object.storage] {
            if !self.take(piece) {
                let address = object.object.start;
                return Err(Corruption::new(format!("{piece:#x?} of {address:#x} overlaps another object")));
            }
        }
        if let Some(chunk) = self.chunk(object.object.start) {
            let place = self.place(chunk, object.object.start);
            self.chunks[chunk].objects[place / 64] |= 1 << (place % 64);
        }
        Ok(())
    }

    /// The chunk that gave an address out.
    fn chunk(&self, address: usize) -> Option<usize> {
        let behind = self.chunks.partition_point(|chunk| chunk.addresses.start <= address);
        let chunk = behind.checked_sub(1)?;
        (address < self.chunks[chunk].addresses.end).then_some(chunk)
    }

    /// The bit of an address's word.
    fn place(&self, chunk: usize, address: usize) -> usize {
        (address - self.chunks[chunk].addresses.start) / WORD
    }

    /// Takes the words of a piece; false when one is taken already.
    fn take(&mut self, piece: &Range<usize>) -> bool {
        if piece.is_empty() {
            return true;
        }
        let Some(chunk) = self.chunk(piece.start) else { return false };
        let (first, last) = (self.place(chunk, piece.start), self.place(chunk, piece.end - 1));
        for index in first / 64..=last / 64 {
            let low = if index == first / 64 { first % 64 } else { 0 };
            let high = if index == last / 64 { last % 64 } else { 63 };
            let mask = u64::MAX << low & u64::MAX >> (63 - high);
            let word = &mut self.chunks[chunk].taken[index];
            if *word & mask != 0 {
                return false;
            }
            *word |= mask;
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn object(object: Range<usize>, storage: Range<usize>) -> Extent {
        Extent { object, storage }
    }

    #[test]
    fn a_word_belongs_to_one_object() {
        let mut map = Map::new(vec![0x8000..0x9000, 0x1000..0x2000]);
        map.add(&object(0x1000..0x1018, 0..0)).unwrap();
        map.add(&object(0x1018..0x1800, 0x8000..0x9000)).unwrap();
        map.add(&object(0x1ff0..0x2000, 0..0)).unwrap();
        for taken in [0x1000..0x1001, 0x17ff..0x1810, 0x1800..0x2000, 0x8800..0x8810] {
            assert!(map.add(&object(taken, 0..0)).is_err());
        }
        assert!(map.add(&object(0x1900..0x1908, 0x1900..0x1908)).is_err(), "it lies in itself");
        let objects = (0..0xa000).filter(|address| map.is_object(*address)).collect::<Vec<_>>();
        assert_eq!(objects, [0x1000, 0x1018, 0x1ff0]);
    }

    #[test]
    fn what_no_chunk_gave_out_is_known() {
        let map = Map::new(vec![0x1000..0x2000, 0x2000..0x3000]);
        assert!(map.is_given(&(0x1000..0x2000)) && map.is_given(&(0x2ff8..0x3000)));
        for piece in [0xff8..0x1008, 0x2ff8..0x3008, 0x1ff8..0x2008, 0..8, 0x3000..0x3000] {
            assert!(!map.is_given(&piece), "{piece:#x?}");
        }
    }
}
