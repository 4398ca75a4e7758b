//! Latency, as a record keeps it: how long a workload's requests took.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Latencies of one cell. Distributions are HdrHistograms of nanoseconds, V2 + DEFLATE, base64.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Latency {
    /// Requests that ended.
    pub requests: u64,
    /// Requests that were to arrive in a second, whatever became of those before (open loop); `None`: each began when
    /// the one before had ended (closed loop).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rate: Option<u32>,
    /// Time that a request takes, over the time between arrivals: from 1 on the strategy cannot keep up, and requests wait
    /// ever longer. `None` without a rate.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub utilization: Option<f64>,
    /// From a request's start, or its scheduled arrival where there is a rate, to its end.
    pub simple: String,
    /// Metered, by the width of the smoothing window in milliseconds; 0 is full smoothing. Empty where there is a rate:
    /// one correction is enough; and where there were more than 2^20 requests.
    #[serde(default)]
    pub metered: BTreeMap<u32, String>,
    /// The longest simple latency.
    pub max_ns: u64,
}
