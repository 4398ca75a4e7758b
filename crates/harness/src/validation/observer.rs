//! Our side: a workload on a heap that is watched, in a process of its own, answering as a twin does.
//!
//! The interpreter's own objects (small integers, interned names) are immortal, and the only ones alive after the run and a
//! full collection: what is alive then is left out of census and peak, as a twin leaves out what was there before.

use crate::child::{self, Conversation};
use crate::python::Answer;
use crate::python::answer::LoggedCollection;
use crate::registry::{self, Mirror};
use crate::trouble::Trouble;
use heapbench_heap::{CollectionInfo, Generation, Heap, Introspect, Kind, Phase, Recorder, Shape};
use heapbench_workload::{Parameters, find};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

/// The hidden verb under which the command observes one run.
pub const VERB: &str = "observe";

/// One run to be observed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Request {
    /// Full configuration text.
    pub strategy: String,
    /// The workload's name.
    pub workload: String,
    /// The value of every parameter.
    pub parameters: Parameters,
    /// Seed of the workload's random choices.
    pub seed: u64,
}

/// Observes a run in a process of its own. `None` when the user interrupted it.
///
/// # Errors
/// It crashed or took too long: one line.
pub fn ask(request: &Request, timeout: Duration) -> Result<Option<Answer>, String> {
    let text = serde_json::to_string(request).expect("a request is strings and numbers");
    let conversed =
        child::command(&[VERB]).and_then(|mut command| child::converse(&mut command, &text, timeout));
    match conversed.map_err(|error| error.to_string())? {
        Conversation::Interrupted => Ok(None),
        Conversation::TimedOut => Err(child::stopped_after(timeout)),
        Conversation::Ended { exit, last_words, .. } if !exit.success() => {
            Err(child::ending(exit, &last_words))
        }
        Conversation::Ended { text, .. } => Answer::parse(&text).map(Some),
    }
}

/// Observes a run in this process.
///
/// # Errors
/// The request cannot be understood, or memory runs out.
pub fn observe(request: &Request) -> Result<Answer, Trouble> {
    let prepared = find(&request.workload)?.prepare(&request.parameters, request.seed)?;
    let configuration = registry::resolve_measured(&request.strategy)?;
    let mut heap: Mirror<Watch> = Heap::new(&registry::heap_config(&configuration, None), Watch::default())?;
    let is_logged = heap.add_callback(log).is_ok();
    let outcome = prepared.run(&mut heap).map_err(Trouble::failure)?;
    let collected = heap.stats().ok().map(|stats| stats.map(|generation| generation.collected));
    let collections = heap.counters().collections;
    let log = is_logged.then(|| heap.recorder().log.clone());
    let (_, peak) = heap.traced_memory().map_err(Trouble::failure)?;
    heap.collect(Generation::FULL);
    let own = heap.footprint().live_bytes;
    Ok(Answer {
        checksum: format!("{:016x}", outcome.checksum),
        operations: outcome.operations,
        collections: Some(collections),
        collected,
        log,
        census: heap.recorder().census_without_the_living(),
        peak_live_bytes: Some(peak.saturating_sub(own) as u64),
        ..Answer::default()
    })
}

fn log(heap: &mut Mirror<Watch>, phase: Phase, info: CollectionInfo) {
    if phase == Phase::Stop {
        let generation = info.generation.index() as u8;
        heap.recorder_mut().log.push(LoggedCollection(generation, info.collected, 0));
    }
}

/// Keeps the kind of each object alive, counts them when asked to, and logs collections.
#[derive(Debug, Default)]
pub struct Watch {
    /// By address. Looked up and counted, so that its order is nobody's concern.
    alive: HashMap<usize, Living>,
    censuses: u32,
    counted: BTreeMap<&'static str, u64>,
    log: Vec<LoggedCollection>,
}

#[derive(Clone, Copy, Debug)]
struct Living {
    kind: Kind,
    /// Whether the census counted it.
    counted: bool,
}

impl Watch {
    /// Objects by kind that were alive at the census and are not now; `None` when there was no census.
    fn census_without_the_living(&self) -> Option<BTreeMap<String, u64>> {
        let mut counts = self.counted.clone();
        for living in self.alive.values().filter(|living| living.counted) {
            counts.entry(living.kind.name()).and_modify(|count| *count -= 1);
        }
        let named =
            counts.into_iter().filter(|(_, count)| *count > 0).map(|(kind, count)| (kind.to_string(), count));
        (self.censuses > 0).then(|| named.collect())
    }
}

impl Recorder for Watch {
    const OBJECTS: bool = true;

    fn allocated(&mut self, address: usize, shape: Shape, _bytes: usize) {
        self.alive.insert(address, Living { kind: shape.kind, counted: false });
    }

    fn died(&mut self, address: usize) {
        self.alive.remove(&address);
    }

    fn moved(&mut self, from: usize, to: usize) {
        if let Some(living) = self.alive.remove(&from) {
            self.alive.insert(to, living);
        }
    }

    /// The first census of a run counts.
    fn census(&mut self) {
        self.censuses += 1;
        if self.censuses > 1 {
            return;
        }
        for living in self.alive.values_mut() {
            living.counted = true;
            *self.counted.entry(living.kind.name()).or_default() += 1;
        }
    }
}
