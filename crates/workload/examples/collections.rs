//! Prints what a workload's collections did, as JSON: to be compared with its twin under CPython.
//! `cargo run --release -p heapbench-workload --example collections -- WORKLOAD [PROFILE [POLICY [KEY=VALUE,…]]]`.

use heapbench_heap::{Heap, HeapConfig, Introspect, NoRecorder};
use heapbench_memory::Mimalloc;
use heapbench_strategy_refcount_generational::Generational;
use heapbench_workload::{DEFAULT_SEED, Profile, find};
use std::error::Error;

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let definition = find(&arguments.next().ok_or("expected the name of a workload")?)?;
    let profile = arguments.next().map_or(Ok(Profile::Smoke), |name| name.parse())?;
    let policy = arguments.next();
    let settings = arguments.next().unwrap_or_default();
    let settings = settings.split(',').filter_map(|setting| setting.split_once('='));
    let settings = settings.map(|(key, value)| (key.to_string(), value.to_string())).collect();

    let parameters = definition.parameters(profile);
    let prepared = definition.prepare(&parameters, DEFAULT_SEED)?;
    let config = HeapConfig { policy, settings, ..HeapConfig::default() };
    let mut heap = Generational::<Mimalloc, NoRecorder>::new(&config, NoRecorder)?;
    let outcome = prepared.run(&mut heap)?;
    let stats = heap.stats()?;
    let answer = serde_json::json!({
        "parameters": parameters,
        "checksum": format!("{:016x}", outcome.checksum),
        "operations": outcome.operations,
        "collections": stats.map(|generation| generation.collections),
        "collected": stats.map(|generation| generation.collected),
        "uncollectable": stats.map(|generation| generation.uncollectable),
        "peak_live_bytes": heap.peak_live_bytes(),
    });
    println!("{answer}");
    Ok(())
}
