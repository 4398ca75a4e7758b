//! Characters that wait to become a str: what a program has read and decoded before it makes objects.

use super::{ASCII, ASCII_DATA, LENGTH, OTHER_DATA, STATE};
use crate::word::write_word;
use heapbench_heap::{Heap, Kind, Local, OutOfMemory, Shape};

/// The characters of a str, all as wide as the widest: making the str is one copy of memory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Characters {
    /// What the payload of the str will be.
    payload: Box<[u8]>,
}

impl Characters {
    /// The characters of a text.
    pub fn new(text: &str) -> Characters {
        let length = text.chars().count();
        let (state, data) = match text.chars().max().unwrap_or('\0') {
            '\0'..='\x7f' => (1 | ASCII, ASCII_DATA),
            '\u{80}'..='\u{ff}' => (1, OTHER_DATA),
            '\u{100}'..='\u{ffff}' => (2, OTHER_DATA),
            _ => (4, OTHER_DATA),
        };
        let width = usize::from(state & !ASCII);
        let mut payload = vec![0; data + width * (length + 1)].into_boxed_slice();
        write_word(&mut payload, LENGTH, length as u64);
        payload[STATE] = state;
        for (place, character) in payload[data..].chunks_exact_mut(width).zip(text.chars()) {
            place.copy_from_slice(&u32::from(character).to_le_bytes()[..width]);
        }
        Characters { payload }
    }
}

/// `dst =` a new str of these characters.
///
/// # Errors
/// Out of memory: no effect.
#[inline]
pub fn of<H: Heap>(heap: &mut H, dst: Local, characters: &Characters) -> Result<(), OutOfMemory> {
    heap.allocate(dst, Shape::new(Kind::Str, 0, characters.payload.len()))?;
    heap.payload_mut(dst).copy_from_slice(&characters.payload);
    Ok(())
}
