//! The distribution of pauses as it is kept in a record: an HdrHistogram, V2 and DEFLATE, in base64.
//!
//! Histograms of several processes can be merged without loss; percentiles cannot.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hdrhistogram::Histogram;
use hdrhistogram::serialization::{Deserializer, Serializer, V2DeflateSerializer};

/// Values that must lie beyond a quantile for it to be trusted.
pub const TRUSTED_BEYOND: f64 = 10.0;

/// A distribution of durations in nanoseconds.
#[derive(Clone, Debug)]
pub struct Distribution {
    histogram: Histogram<u64>,
}

/// Why a text is not a distribution.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a histogram (base64 of V2 + DEFLATE was expected): {0}")]
pub struct DistributionError(String);

impl Distribution {
    /// Reads the text of [`Pauses::histogram`](crate::Pauses::histogram).
    ///
    /// # Errors
    /// Text that is not base64, or bytes that are not an HdrHistogram.
    pub fn decode(text: &str) -> Result<Distribution, DistributionError> {
        let bytes = STANDARD.decode(text).map_err(|e| DistributionError(e.to_string()))?;
        let mut histogram: Histogram<u64> = Deserializer::new()
            .deserialize(&mut bytes.as_slice())
            .map_err(|e| DistributionError(e.to_string()))?;
        // What is merged into it may have been recorded with wider bounds.
        histogram.auto(true);
        Ok(Distribution { histogram })
    }

    /// Writes a histogram of nanoseconds as a record keeps it.
    ///
    /// # Errors
    /// A histogram whose counts do not fit the format.
    pub fn encode(histogram: &Histogram<u64>) -> Result<String, DistributionError> {
        let mut bytes = Vec::new();
        V2DeflateSerializer::new()
            .serialize(histogram, &mut bytes)
            .map_err(|e| DistributionError(e.to_string()))?;
        Ok(STANDARD.encode(bytes))
    }

    /// Reads and merges several texts; empty ones say that there was nothing. `None` when all are empty.
    ///
    /// # Errors
    /// The first text that cannot be read, or one too wide to be merged.
    pub fn merged<'a>(
        texts: impl IntoIterator<Item = &'a str>,
    ) -> Result<Option<Distribution>, DistributionError> {
        let mut merged: Option<Distribution> = None;
        for text in texts.into_iter().filter(|text| !text.is_empty()) {
            let next = Distribution::decode(text)?;
            match &mut merged {
                None => merged = Some(next),
                Some(sum) => {
                    sum.histogram.add(&next.histogram).map_err(|e| DistributionError(e.to_string()))?;
                }
            }
        }
        Ok(merged.filter(|distribution| distribution.count() > 0))
    }

    /// How many values it holds.
    pub fn count(&self) -> u64 {
        self.histogram.len()
    }

    /// The value, in nanoseconds, that a share `quantile` (0 to 1) of the values do not exceed.
    pub fn quantile_ns(&self, quantile: f64) -> u64 {
        self.histogram.value_at_quantile(quantile).min(self.histogram.max())
    }

    /// The share (0 to 1) of the values that are at most so many nanoseconds, to the histogram's precision.
    pub fn share_at_most(&self, nanoseconds: u64) -> f64 {
        self.histogram.count_between(0, nanoseconds) as f64 / self.histogram.len().max(1) as f64
    }

    /// The quantile where enough values lie beyond it to trust it: ten.
    pub fn trusted_quantile_ns(&self, quantile: f64) -> Option<u64> {
        let beyond = self.count() as f64 * (1.0 - quantile);
        // A thousand times 1 - 0.99 is a little less than ten in binary.
        (beyond > TRUSTED_BEYOND - 1e-6).then(|| self.quantile_ns(quantile))
    }

    /// The greatest value, in nanoseconds, to the histogram's precision.
    pub fn max_ns(&self) -> u64 {
        self.histogram.max()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn text(values: impl IntoIterator<Item = u64>, bound: u64) -> String {
        let mut histogram = Histogram::new_with_bounds(1, bound, 3).unwrap();
        values.into_iter().for_each(|value| histogram.record(value).unwrap());
        Distribution::encode(&histogram).unwrap()
    }

    #[test]
    fn merging_pools_the_values_even_of_different_bounds() {
        let merged = Distribution::merged([&*text(1..=500, 1000), "", &*text(501..=1000, 1 << 40)]);
        let merged = merged.unwrap().unwrap();
        assert_eq!((merged.count(), merged.max_ns()), (1000, 1000));
        assert_eq!(merged.quantile_ns(0.5), 500);
        assert_eq!(merged.quantile_ns(0.99), 990);
    }

    #[test]
    fn a_quantile_is_trusted_with_ten_values_beyond_it() {
        let of = |count: u64| Distribution::decode(&text(1..=count, 1 << 20)).unwrap();
        assert_eq!(of(1000).trusted_quantile_ns(0.99), Some(990));
        assert_eq!((of(999).trusted_quantile_ns(0.99), of(9_999).trusted_quantile_ns(0.999)), (None, None));
        assert!(of(10_000).trusted_quantile_ns(0.999).is_some() && of(20).trusted_quantile_ns(0.5).is_some());
    }

    #[test]
    fn shares_count_the_values_up_to_a_duration() {
        let values = Distribution::decode(&text(1..=1000, 1000)).unwrap();
        assert_eq!((values.share_at_most(500), values.share_at_most(5000)), (0.5, 1.0));
    }

    #[test]
    fn nothing_merges_to_nothing() {
        assert!(Distribution::merged(["", ""]).unwrap().is_none());
        assert!(Distribution::merged([&*text([], 1000)]).unwrap().is_none());
    }

    proptest! {
        #[test]
        fn damaged_text_is_an_error_or_a_histogram(cut in 0usize..60, byte: u8, at in 0usize..60) {
            let mut bytes = STANDARD.decode(text(1..100, 1 << 20)).unwrap();
            let at = at % bytes.len();
            bytes[at] = byte;
            bytes.truncate(bytes.len().saturating_sub(cut));
            if let Ok(distribution) = Distribution::decode(&STANDARD.encode(bytes)) {
                prop_assert!(distribution.quantile_ns(0.5) <= distribution.max_ns());
            }
        }

        #[test]
        fn any_text_is_an_error_or_a_histogram(text in "[ -~]{0,80}") {
            let _ = Distribution::decode(&text);
        }
    }
}
