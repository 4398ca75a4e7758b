//! What an interpreter has for ever: `None`, truth values, small integers, short and interned strings.
//!
//! All are immortal, so they are shared and never counted. Source: CPython 3.13, `Include/internal/
//! pycore_global_objects.h`: integers from -5 to 256, the empty and all one-character Latin-1 strings, `()`.

use crate::{int, text, tuple};
use heapbench_heap::{Heap, Immortal, Kind, Local, OutOfMemory, Shape};
use std::collections::HashMap;
use std::ops::RangeInclusive;

const SMALL_INTS: RangeInclusive<i128> = -5..=256;

/// Handles of the immortal objects of one heap.
#[derive(Debug)]
pub struct Statics {
    none: Immortal,
    truth: [Immortal; 2],
    small_ints: Vec<Immortal>,
    empty_text: Immortal,
    characters: Vec<Immortal>,
    empty_tuple: Immortal,
    /// Looked up only, never walked.
    interned: HashMap<String, Immortal>,
}

impl Statics {
    /// Makes them all. `scratch` is nil before and after.
    ///
    /// # Errors
    /// Out of memory.
    pub fn new<H: Heap>(heap: &mut H, scratch: Local) -> Result<Statics, OutOfMemory> {
        let mut immortal = |make: &dyn Fn(&mut H) -> Result<(), OutOfMemory>| {
            make(heap)?;
            heap.immortalize(scratch)
        };
        Ok(Statics {
            none: immortal(&|heap| heap.allocate(scratch, Shape::new(Kind::Object, 0, 0)))?,
            truth: [
                immortal(&|heap| int::new(heap, scratch, 0))?,
                immortal(&|heap| int::new(heap, scratch, 1))?,
            ],
            small_ints: SMALL_INTS
                .map(|value| immortal(&|heap| int::new(heap, scratch, value)))
                .collect::<Result<_, _>>()?,
            empty_text: immortal(&|heap| text::new(heap, scratch, ""))?,
            characters: ('\0'..='\u{ff}')
                .map(|c| immortal(&|heap| text::new(heap, scratch, c.encode_utf8(&mut [0; 4]))))
                .collect::<Result<_, _>>()?,
            empty_tuple: immortal(&|heap| tuple::new(heap, scratch, 0))?,
            interned: HashMap::new(),
        })
    }

    /// `dst = None`.
    #[inline]
    pub fn none<H: Heap>(&self, heap: &mut H, dst: Local) {
        heap.load_immortal(dst, self.none);
    }

    /// Whether a local holds `None`. `scratch` is nil before and after.
    #[inline]
    pub fn is_none<H: Heap>(&self, heap: &mut H, value: Local, scratch: Local) -> bool {
        heap.load_immortal(scratch, self.none);
        let same = heap.is_same(value, scratch);
        heap.clear(scratch);
        same
    }

    /// `dst = True` or `dst = False`. They are ints of their own.
    #[inline]
    pub fn truth<H: Heap>(&self, heap: &mut H, dst: Local, value: bool) {
        heap.load_immortal(dst, self.truth[usize::from(value)]);
    }

    /// `dst = ()`.
    #[inline]
    pub fn empty_tuple<H: Heap>(&self, heap: &mut H, dst: Local) {
        heap.load_immortal(dst, self.empty_tuple);
    }

    /// `dst = value`: shared when it is small, else a new int.
    ///
    /// # Errors
    /// Out of memory: no effect.
    #[inline]
    pub fn int<H: Heap>(&self, heap: &mut H, dst: Local, value: i128) -> Result<(), OutOfMemory> {
        if SMALL_INTS.contains(&value) {
            heap.load_immortal(dst, self.small_ints[(value - SMALL_INTS.start()) as usize]);
            return Ok(());
        }
        int::new(heap, dst, value)
    }

    /// The immortal int of this value, as a number in a program's source is. `scratch` is nil before and after.
    ///
    /// # Errors
    /// Out of memory: no effect.
    pub fn constant<H: Heap>(
        &self,
        heap: &mut H,
        value: i128,
        scratch: Local,
    ) -> Result<Immortal, OutOfMemory> {
        if SMALL_INTS.contains(&value) {
            return Ok(self.small_ints[(value - SMALL_INTS.start()) as usize]);
        }
        int::new(heap, scratch, value)?;
        heap.immortalize(scratch)
    }

    /// `dst = text`: shared when it is empty or one Latin-1 character, else a new str.
    ///
    /// # Errors
    /// Out of memory: no effect.
    #[inline]
    pub fn text<H: Heap>(&self, heap: &mut H, dst: Local, text: &str) -> Result<(), OutOfMemory> {
        let mut characters = text.chars();
        match (characters.next(), characters.next()) {
            (None, _) => heap.load_immortal(dst, self.empty_text),
            (Some(c @ '\0'..='\u{ff}'), None) => heap.load_immortal(dst, self.characters[c as usize]),
            _ => text::new(heap, dst, text)?,
        }
        Ok(())
    }

    /// The one immortal str of this text, as `sys.intern` and names in a program's source have. `scratch` is nil
    /// before and after.
    ///
    /// # Errors
    /// Out of memory: no effect.
    pub fn intern<H: Heap>(
        &mut self,
        heap: &mut H,
        text: &str,
        scratch: Local,
    ) -> Result<Immortal, OutOfMemory> {
        if let Some(known) = self.interned.get(text) {
            return Ok(*known);
        }
        text::new(heap, scratch, text)?;
        text::hash(heap, scratch);
        let immortal = heap.immortalize(scratch)?;
        self.interned.insert(text.to_string(), immortal);
        Ok(immortal)
    }
}
