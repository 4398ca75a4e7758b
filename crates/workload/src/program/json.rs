//! A document loaded, walked, changed and dropped, as `json.loads` and two recursive functions do it.

mod load;
mod walk;

use crate::checksum::Checksum;
use crate::error::WorkloadError;
use crate::parameters::Reader;
use crate::prepared::{Outcome, Program};
use heapbench_heap::{Heap, Introspect, Local, OutOfMemory};
use heapbench_objects::Statics;
use std::borrow::Cow;

/// The document that is read unless another is given.
const DOCUMENT: &[u8] = include_bytes!("../../../../workloads/inputs/emojibase-bn.json");

/// The deepest nesting that serde_json reads.
const MOST_LEVELS: u32 = 128;

/// The document and how often it is loaded.
#[derive(Debug)]
pub struct Json {
    document: Cow<'static, [u8]>,
    rounds: u32,
}

impl Json {
    pub(crate) fn prepare(parameters: Reader<'_>, _seed: u64) -> Result<Json, WorkloadError> {
        let rounds = parameters.count("rounds", 1..=1_000_000)?;
        let file = parameters.text("input")?;
        let document = match file.as_str() {
            "" => Cow::Borrowed(DOCUMENT),
            path => Cow::Owned(std::fs::read(path).map_err(|error| WorkloadError::Unreadable {
                file: file.clone(),
                message: error.to_string(),
            })?),
        };
        // Read once, so that in the measured region nothing but memory can fail.
        serde_json::from_slice::<serde_json::Value>(&document).map_err(|error| {
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
        let mut operations = 0;
        for _ in 0..self.rounds {
            heap.safepoint();
            operations += load::load(heap, &statics, &self.document)?;
            walk::fold(heap, &mut checksum)?;
            walk::change(heap, &statics, visits)?;
            walk::fold(heap, &mut checksum)?;
            heap.clear(ROOT);
        }
        heap.leave(main);
        Ok(Outcome { checksum: checksum.value(), operations })
    }
}
