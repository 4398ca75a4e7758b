//! A document loaded, walked, changed and dropped, as `json.loads` and two recursive functions do it.
//!
//! ```python
//! for _ in range(rounds):             def fold(container):
//!     document = json.loads(text)         add(len(container))
//!     fold(document)                      for key, item in container.items():
//!     change(document)                        add_text(key)
//!     fold(document)                          if isinstance(item, (list, dict)): fold(item)
//!     del document                            else: …
//! ```
//! CPython's scanner is C: parsing is no work of its heap. So the text is read once, beforehand, into [tokens](read);
//! `run` makes the objects from them as the scanner does, and in the same order.

mod load;
mod read;
mod walk;

use crate::checksum::Checksum;
use crate::error::WorkloadError;
use crate::parameters::Reader;
use crate::prepared::{Outcome, Program};
use heapbench_heap::{Heap, Introspect, Local, OutOfMemory, Recorder};
use heapbench_objects::Statics;
use std::borrow::Cow;

/// The document that is read unless another is given.
const DOCUMENT: &[u8] = include_bytes!("../../../../workloads/inputs/emojibase-bn.json");

/// The document, read, and how often it is loaded.
#[derive(Debug)]
pub struct Json {
    document: read::Document,
    rounds: u32,
}

impl Json {
    pub(crate) fn prepare(parameters: Reader<'_>, _seed: u64) -> Result<Json, WorkloadError> {
        let rounds = parameters.count("rounds", 1..=1_000_000)?;
        let file = parameters.text("input")?;
        let text = match file.as_str() {
            "" => Cow::Borrowed(DOCUMENT),
            path => Cow::Owned(std::fs::read(path).map_err(|error| WorkloadError::Unreadable {
                file: file.clone(),
                message: error.to_string(),
            })?),
        };
        let document = read::read(&text).map_err(|error| {
            let (line, column) = (error.line(), error.column());
            let place = format!(" at line {line} column {column}");
            WorkloadError::Malformed { file, line, column, message: error.to_string().replace(&place, "") }
        })?;
        Ok(Json { document, rounds })
    }
}

impl Program for Json {
    fn run<H: Heap + Introspect>(&self, heap: &mut H) -> Result<Outcome, OutOfMemory> {
        const SCRATCH: Local = Local::new(0);
        const ROOT: Local = Local::new(1);
        let main = heap.enter(0, 2)?;
        let mut statics = Statics::new(heap, SCRATCH)?;
        let visits = statics.intern(heap, "visits", SCRATCH)?;
        let mut checksum = Checksum::default();
        for round in 0..self.rounds {
            heap.safepoint();
            load::load(heap, &statics, &self.document)?;
            heap.safepoint();
            walk::fold(heap, ROOT, &mut checksum)?;
            walk::change(heap, ROOT, &statics, visits)?;
            if round == 0 {
                H::Recorder::at_most(heap);
            }
            walk::fold(heap, ROOT, &mut checksum)?;
            heap.clear(ROOT);
        }
        heap.leave(main);
        let operations = u64::from(self.rounds) * self.document.values;
        Ok(Outcome { checksum: checksum.value(), operations })
    }
}
