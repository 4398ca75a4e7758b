//! A plain record to start from.

use heapbench_results::{Record, SCHEMA, Status};

/// A cell that ended well after 1000 operations of 100 ns.
pub(crate) fn record(strategy: &str, workload: &str, invocation: u32) -> Record {
    Record {
        schema: SCHEMA,
        run: "quick-1".into(),
        strategy: strategy.into(),
        workload: workload.into(),
        profile: "quick".into(),
        parameters: [("depth".to_string(), 14.into())].into(),
        invocation,
        seed: 1,
        status: Status::Ok,
        checksum: "00000000deadbeef".into(),
        operations: 1000,
        wall_ns: 100_000,
        cpu_ns: 100_000,
        objects_allocated: 10,
        objects_freed: 5,
        bytes_allocated: 1000,
        ..Record::default()
    }
}
