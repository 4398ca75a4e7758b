//! `json.loads`: the objects are made as CPython's C scanner makes them: one function, no frames, each key once for a
//! document.

use super::read::{Document, Text, Token};
use heapbench_heap::{Heap, Local, OutOfMemory};
use heapbench_objects::{Statics, dict, float, list, text};
use std::slice::Iter;

/// The deepest nesting that serde_json reads.
const MOST_LEVELS: u32 = 128;

const RESULT: Local = Local::new(0);
/// The strs that are keys, so that equal keys are one object.
const MEMO: Local = Local::new(1);
const KNOWN: Local = Local::new(2);
const SCRATCH: Local = Local::new(3);
/// From here on two locals a level: a value, and the key of the value one level deeper.
const LEVELS: u32 = 4;
/// Values lie in containers, at one level more than these.
const LOCALS: u32 = LEVELS + 2 * (MOST_LEVELS + 2);

/// Loads the document into the caller's last local, nil before.
///
/// # Errors
/// Out of memory.
pub(super) fn load<H: Heap>(heap: &mut H, statics: &Statics, document: &Document) -> Result<(), OutOfMemory> {
    let frame = heap.enter(1, LOCALS as usize)?;
    dict::new(heap, MEMO)?;
    Scanner { heap, statics, tokens: document.tokens.iter() }.scan(0)?;
    heap.take(RESULT, value_local(0));
    heap.leave_with(frame, RESULT);
    Ok(())
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
    tokens: Iter<'a, Token>,
}

impl<H: Heap> Scanner<'_, H> {
    /// Makes the next value, in the local of its level. The levels are the text's, so few.
    fn scan(&mut self, level: u32) -> Result<(), OutOfMemory> {
        let value = value_local(level);
        let token = self.tokens.next().expect("a container's token is followed by as many as it says");
        match token {
            Token::Null => self.statics.none(self.heap, value),
            Token::Truth(truth) => self.statics.truth(self.heap, value, *truth),
            Token::Int(number) => self.statics.int(self.heap, value, *number)?,
            Token::Float(number) => float::new(self.heap, value, *number)?,
            Token::Text(text) => self.make_text(value, text)?,
            Token::Key(text) => {
                self.make_text(value, text)?;
                self.memoize(value)?;
            }
            Token::List(items) => self.scan_list(level, *items)?,
            Token::Dict(entries) => self.scan_dict(level, *entries)?,
        }
        Ok(())
    }

    fn scan_list(&mut self, level: u32, items: u32) -> Result<(), OutOfMemory> {
        let (list, item) = (value_local(level), value_local(level + 1));
        list::new(self.heap, list, 0)?;
        for _ in 0..items {
            self.scan(level + 1)?;
            list::append(self.heap, list, item)?;
        }
        Ok(())
    }

    fn scan_dict(&mut self, level: u32, entries: u32) -> Result<(), OutOfMemory> {
        let (dict, key, value) = (value_local(level), key_local(level), value_local(level + 1));
        dict::new(self.heap, dict)?;
        for _ in 0..entries {
            self.scan(level + 1)?;
            self.heap.take(key, value);
            self.scan(level + 1)?;
            dict::insert(self.heap, dict, key, value, SCRATCH)?;
        }
        Ok(())
    }

    fn make_text(&mut self, dst: Local, text: &Text) -> Result<(), OutOfMemory> {
        match text {
            Text::Shared(text) => self.statics.text(self.heap, dst, text),
            Text::New(characters) => text::of(self.heap, dst, characters),
        }
    }

    /// The key in `key` becomes the str that stood for it before, if there is one.
    fn memoize(&mut self, key: Local) -> Result<(), OutOfMemory> {
        if dict::get(self.heap, KNOWN, MEMO, key, SCRATCH) {
            self.heap.take(key, KNOWN);
            return Ok(());
        }
        let (name, value) = (KNOWN, RESULT);
        self.heap.copy(name, key);
        self.heap.copy(value, key);
        dict::insert(self.heap, MEMO, name, value, SCRATCH)
    }
}
