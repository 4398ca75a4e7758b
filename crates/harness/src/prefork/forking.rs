//! The recorder that forks where the program's objects are at their most, and the process that it does so in.

use super::Forks;
use super::walk::Plan;
use crate::job::Job;
use crate::registry::{self, WithHeap};
use crate::trouble::Trouble;
use heapbench_heap::{Generation, Heap, HeapConfig, Introspect, Recorder};
use heapbench_measure::Dirtied;
use heapbench_memory::fork::in_a_copy;
use heapbench_results::prefork::{Action, Forked};
use heapbench_workload::{Prepared, find};

/// Runs a job's workload in this process, and forks on its way.
///
/// # Errors
/// The job cannot be run here; the system does not fork, or does not count pages.
pub fn run(job: &Job) -> Result<Forks, Trouble> {
    let prepared = find(&job.workload)?.prepare(&job.parameters, job.seed)?;
    let configuration = registry::resolve_measured(&job.strategy)?;
    let config = registry::heap_config(&configuration, None);
    registry::dispatch_measured(&configuration, Run { config, prepared: &prepared })?
}

struct Run<'a> {
    config: HeapConfig,
    prepared: &'a Prepared,
}

impl WithHeap<Forking> for Run<'_> {
    type Output = Result<Forks, Trouble>;

    fn call<H: Heap<Recorder = Forking> + Introspect>(self) -> Self::Output {
        let mut heap = H::new(&self.config, Forking { before: Dirtied::now(), forks: None })?;
        let outcome = self.prepared.run(&mut heap).map_err(Trouble::failure)?;
        let nowhere = || Trouble::failure("the workload does not say where its objects are at their most");
        let forks = heap.recorder_mut().forks.take().ok_or_else(nowhere)?.map_err(Trouble::failure)?;
        Ok(Forks { checksum: format!("{:016x}", outcome.checksum), ..forks })
    }
}

/// Forks once.
#[derive(Debug)]
struct Forking {
    /// The process's pages before the heap was made.
    before: Option<Dirtied>,
    forks: Option<Result<Forks, String>>,
}

impl Recorder for Forking {
    fn at_most<H: Heap<Recorder = Self> + Introspect>(heap: &mut H) {
        if heap.recorder().forks.is_none() {
            let forks = fork_all(heap, heap.recorder().before);
            heap.recorder_mut().forks = Some(forks);
        }
    }
}

/// All children, one after the other: those of a parent that has frozen nothing first. The heap is as before then.
fn fork_all<H: Heap + Introspect>(heap: &mut H, before: Option<Dirtied>) -> Result<Forks, String> {
    let unknown = "this system does not say which pages are a process's own, expected Linux";
    let heap_pages = Dirtied::now().ok_or(unknown)?.since(before.ok_or(unknown)?).private_pages;
    let plan = in_a_copy(|| match Plan::make(heap) {
        Ok(plan) => [b"+", &*plan.to_bytes()].concat(),
        Err(why) => [b"-", why.as_bytes()].concat(),
    });
    let plan = match plan.map_err(|error| error.to_string())?.split_first() {
        Some((b'+', bytes)) => Plan::from_bytes(bytes),
        Some((_, why)) => return Err(String::from_utf8_lossy(why).into_owned()),
        None => return Err("no plan of a walk was made".to_string()),
    };
    let mut children = Vec::new();
    for frozen in [false, true] {
        let is_able = !frozen || heap.freeze().is_ok();
        for action in Action::ALL {
            let dirtied = if is_able { fork_one(heap, &plan, action)? } else { None };
            let (pages, faults) = dirtied.map(|dirtied| (dirtied.private_pages, dirtied.faults)).unzip();
            children.push(Forked { action, frozen, pages, faults });
        }
    }
    // What could not be frozen cannot be unfrozen either.
    let _ = heap.unfreeze();
    let page_bytes = rustix::param::page_size() as u64;
    Ok(Forks { checksum: String::new(), objects: plan.objects() as u64, heap_pages, page_bytes, children })
}

/// One child; `None` when the heap cannot do it.
fn fork_one<H: Heap + Introspect>(
    heap: &mut H,
    plan: &Plan,
    action: Action,
) -> Result<Option<Dirtied>, String> {
    let mut child = || -> Option<Dirtied> {
        let before = Dirtied::now()?;
        if matches!(action, Action::Read | Action::ReadAndCollect) {
            plan.read(heap).ok()?;
        }
        if matches!(action, Action::Collect | Action::ReadAndCollect) {
            heap.collect(Generation::FULL)?;
        }
        Some(Dirtied::now()?.since(before))
    };
    let words = |found: Dirtied| [found.private_pages.to_le_bytes(), found.faults.to_le_bytes()].concat();
    let answer = in_a_copy(|| child().map(words).unwrap_or_default());
    let answer = answer.map_err(|error| format!("a child that was to {}: {error}", action.name()))?;
    Ok(match answer.as_chunks::<8>().0 {
        [pages, faults] => {
            Some(Dirtied { private_pages: u64::from_le_bytes(*pages), faults: u64::from_le_bytes(*faults) })
        }
        _ => None,
    })
}
