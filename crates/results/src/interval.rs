//! A number with its bootstrap interval.

use crate::statistics::central;
use serde::Serialize;

/// A number with its bootstrap interval.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Interval {
    /// The number.
    pub value: f64,
    /// Lower end.
    pub low: f64,
    /// Upper end.
    pub high: f64,
}

impl Interval {
    /// A number, and what resamples gave in its place: the interval holds [`CONFIDENCE`](crate::statistics::CONFIDENCE) of these.
    pub(crate) fn of(value: f64, drawn: Vec<f64>) -> Interval {
        let (low, high) = central(drawn).unwrap_or((value, value));
        Interval { value, low, high }
    }

    /// The same in another unit.
    pub(crate) fn scaled(self, factor: f64) -> Interval {
        Interval { value: self.value * factor, low: self.low * factor, high: self.high * factor }
    }
}
