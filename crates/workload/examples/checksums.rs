//! Prints the checksums of a profile, to be written into `workloads/` when a program changed on purpose:
//! `cargo run --release -p heapbench-workload --example checksums -- [PROFILE [WORKLOAD]]`.

use heapbench_heap::{Heap, HeapConfig, NoRecorder};
use heapbench_memory::Mimalloc;
use heapbench_strategy_refcount::Plain;
use heapbench_workload::{DEFAULT_SEED, Profile, definitions};
use std::error::Error;

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let profile = arguments.next().map_or(Ok(Profile::Smoke), |name| name.parse())?;
    let only = arguments.next();
    for definition in definitions()? {
        if only.as_ref().is_some_and(|name| *name != definition.name) {
            continue;
        }
        let prepared = definition.prepare(&definition.parameters(profile), DEFAULT_SEED)?;
        let mut heap = Plain::<Mimalloc, NoRecorder>::new(&HeapConfig::default(), NoRecorder)?;
        let outcome = prepared.run(&mut heap)?;
        let (checksum, operations, unit) = (outcome.checksum, outcome.operations, &definition.unit);
        println!("{:<14} {profile:<6} {checksum:016x} {operations} {unit}", definition.name);
    }
    Ok(())
}
