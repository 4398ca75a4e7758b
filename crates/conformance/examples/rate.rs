//! Checked operations of the random suite on `refcount`, to be timed from outside: the rate of proof.
//!
//! `time cargo run --release -p heapbench-conformance --example rate -- [SEEDS] [OPERATIONS]`

use heapbench_conformance::{Deaths, Plan, check_random};
use heapbench_heap::HeapConfig;
use heapbench_memory::Mimalloc;
use heapbench_strategy_refcount::Plain;

fn main() {
    let mut numbers = std::env::args().skip(1).filter_map(|text| text.parse::<u64>().ok());
    let (seeds, operations) = (numbers.next().unwrap_or(20), numbers.next().unwrap_or(200_000));
    let (mut performed, mut hash) = (0, 0);
    for seed in 0..seeds {
        let plan = Plan::new(seed, operations as usize);
        match check_random::<Plain<Mimalloc, Deaths>>(&HeapConfig::default(), &plan) {
            Ok(report) => (performed, hash) = (performed + report.operations, hash ^ report.hash),
            Err(violation) => return println!("{violation}"),
        }
    }
    println!("{performed} operations, hash {hash:016x}");
}
