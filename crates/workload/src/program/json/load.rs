//! `json.loads`: the scanner is serde_json's, the objects are made as CPython's C scanner makes them: one function,
//! no frames, each key once for a document.

use super::MOST_LEVELS;
use heapbench_heap::{Heap, Local, OutOfMemory};
use heapbench_objects::{Statics, dict, float, list};
use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use std::fmt;

const RESULT: Local = Local::new(0);
/// The strs that are keys, so that equal keys are one object.
const MEMO: Local = Local::new(1);
const KNOWN: Local = Local::new(2);
const SCRATCH: Local = Local::new(3);
/// From here on two locals a level: a value, and the key of the value one level deeper.
const LEVELS: u32 = 4;
/// Values lie in containers, at one level more than these.
const LOCALS: u32 = LEVELS + 2 * (MOST_LEVELS + 2);

/// Loads the document into the caller's last local, nil before: the number of values in it.
///
/// # Errors
/// Out of memory.
pub(super) fn load<H: Heap>(heap: &mut H, statics: &Statics, document: &[u8]) -> Result<u64, OutOfMemory> {
    let frame = heap.enter(1, LOCALS as usize)?;
    dict::new(heap, MEMO)?;
    let mut scanner = Scanner { heap, statics, values: 0, refused: None };
    let mut deserializer = serde_json::Deserializer::from_slice(document);
    let scanned = Value { scanner: &mut scanner, level: 0 }.deserialize(&mut deserializer);
    let (values, refused) = (scanner.values, scanner.refused);
    if scanned.is_err() {
        return Err(refused.expect("the document was read in `prepare`: nothing but memory can fail"));
    }
    heap.take(RESULT, value_local(0));
    heap.leave_with(frame, RESULT);
    Ok(values)
}

fn value_local(level: u32) -> Local {
    Local::new(LEVELS + 2 * level)
}

fn key_local(level: u32) -> Local {
    Local::new(LEVELS + 2 * level + 1)
}

struct Scanner<'a, H> {
    heap: &'a mut H,
    statics: &'a Statics,
    values: u64,
    refused: Option<OutOfMemory>,
}

impl<H: Heap> Scanner<'_, H> {
    /// Keeps what the heap said, since serde's error has no room for it.
    fn attempt<E: Error>(
        &mut self,
        work: impl FnOnce(&mut H, &Statics) -> Result<(), OutOfMemory>,
    ) -> Result<(), E> {
        work(self.heap, self.statics).map_err(|refused| {
            self.refused = Some(refused);
            E::custom(refused)
        })
    }
}

/// The key in `key` becomes the str that stood for it before, if there is one.
fn memoize<H: Heap>(heap: &mut H, key: Local) -> Result<(), OutOfMemory> {
    if dict::get(heap, KNOWN, MEMO, key, SCRATCH) {
        heap.take(key, KNOWN);
        return Ok(());
    }
    let (name, value) = (KNOWN, RESULT);
    heap.copy(name, key);
    heap.copy(value, key);
    dict::insert(heap, MEMO, name, value, SCRATCH)
}

/// The next value of the document, to be made in `value_local(level)`.
struct Value<'s, 'a, H> {
    scanner: &'s mut Scanner<'a, H>,
    level: u32,
}

impl<'de, H: Heap> DeserializeSeed<'de> for Value<'_, '_, H> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        self.scanner.values += 1;
        deserializer.deserialize_any(self)
    }
}

impl<'de, H: Heap> Visitor<'de> for Value<'_, '_, H> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value of JSON")
    }

    fn visit_unit<E: Error>(self) -> Result<(), E> {
        self.scanner.statics.none(self.scanner.heap, value_local(self.level));
        Ok(())
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<(), E> {
        self.scanner.statics.truth(self.scanner.heap, value_local(self.level), value);
        Ok(())
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<(), E> {
        self.scanner.attempt(|heap, statics| statics.int(heap, value_local(self.level), value.into()))
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<(), E> {
        self.scanner.attempt(|heap, statics| statics.int(heap, value_local(self.level), value.into()))
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<(), E> {
        self.scanner.attempt(|heap, _| float::new(heap, value_local(self.level), value))
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<(), E> {
        self.scanner.attempt(|heap, statics| statics.text(heap, value_local(self.level), value))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<(), A::Error> {
        let (list, item) = (value_local(self.level), value_local(self.level + 1));
        self.scanner.attempt(|heap, _| list::new(heap, list, 0))?;
        while items.next_element_seed(Value { scanner: self.scanner, level: self.level + 1 })?.is_some() {
            self.scanner.attempt(|heap, _| list::append(heap, list, item))?;
        }
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<(), A::Error> {
        let (dict, key) = (value_local(self.level), key_local(self.level));
        let value = value_local(self.level + 1);
        self.scanner.attempt(|heap, _| dict::new(heap, dict))?;
        while entries.next_key_seed(Key { scanner: self.scanner, level: self.level })?.is_some() {
            entries.next_value_seed(Value { scanner: self.scanner, level: self.level + 1 })?;
            self.scanner.attempt(|heap, _| dict::insert(heap, dict, key, value, SCRATCH))?;
        }
        Ok(())
    }
}

/// The next key, to be made in `key_local(level)`.
struct Key<'s, 'a, H> {
    scanner: &'s mut Scanner<'a, H>,
    level: u32,
}

impl<'de, H: Heap> DeserializeSeed<'de> for Key<'_, '_, H> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl<H: Heap> Visitor<'_> for Key<'_, '_, H> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key")
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<(), E> {
        let key = key_local(self.level);
        self.scanner.attempt(|heap, statics| {
            statics.text(heap, key, value)?;
            memoize(heap, key)
        })
    }
}
