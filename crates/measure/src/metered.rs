//! Metered latency: what requests would have waited, had they arrived as evenly as they do on the whole.
//!
//! After DaCapo (Blackburn et al., *Rethinking Java Performance Analysis*, ASPLOS 2025). Each request has an artificial
//! arrival; its latency is counted from there or from its own start, whichever is earlier.
//! *Full* smoothing, window 0 here: arrivals are spread evenly between the first start and the last, by rank.
//! *In a window*: an arrival is the mean of the starts of the requests around it, as many before as behind, as are in the
//! window on average; at both ends the window is cut on both sides, so that even starts stay what they are.
//! Ours are 64-bit nanoseconds, and requests that start together have ranks of their own.

/// The windows that are recorded, in milliseconds. 0 is full smoothing.
pub const WINDOWS_MS: [u32; 4] = [0, 1, 10, 100];

/// The metered latency of each request. Requests lie between marks, which are in order.
pub fn latencies(marks: &[u64], window_ns: u64) -> Box<dyn Iterator<Item = u64> + '_> {
    let Some((_, starts)) = marks.split_last().filter(|(_, starts)| !starts.is_empty()) else {
        return Box::new(std::iter::empty());
    };
    let metered = |(request, arrival): (usize, u64)| {
        let (start, end) = (marks[request], marks[request + 1]);
        end.saturating_sub(start.min(arrival))
    };
    match window_ns {
        0 => Box::new(even_arrivals(starts).enumerate().map(metered)),
        _ => Box::new(smooth_arrivals(starts, reach(starts, window_ns)).enumerate().map(metered)),
    }
}

/// Arrivals spread evenly from the first start to the last.
fn even_arrivals(starts: &[u64]) -> impl Iterator<Item = u64> {
    let (first, count) = (starts[0], starts.len() as u128);
    let span = u128::from(starts[starts.len() - 1] - first);
    (0..count).map(move |rank| first + (span * rank / count) as u64)
}

/// How many requests lie in half a window on average.
fn reach(starts: &[u64], window_ns: u64) -> usize {
    let span = u128::from(starts[starts.len() - 1] - starts[0]).max(1);
    let within = u128::from(window_ns) * starts.len() as u128 / span / 2;
    usize::try_from(within).unwrap_or(usize::MAX)
}

/// The mean of the starts of up to `reach` requests before each, as many behind it, and its own.
fn smooth_arrivals(starts: &[u64], reach: usize) -> impl Iterator<Item = u64> {
    let last = starts.len() - 1;
    let (mut from, mut to, mut sum) = (0, 0, 0_u128);
    (0..starts.len()).map(move |request| {
        let reach = reach.min(request).min(last - request);
        // Neither end of the window ever goes back.
        while to <= request + reach {
            sum += u128::from(starts[to]);
            to += 1;
        }
        while from < request - reach {
            sum -= u128::from(starts[from]);
            from += 1;
        }
        (sum / (to - from) as u128) as u64
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn metered(marks: &[u64], window_ns: u64) -> Vec<u64> {
        latencies(marks, window_ns).collect()
    }

    fn simple(marks: &[u64]) -> Vec<u64> {
        marks.windows(2).map(|pair| pair[1] - pair[0]).collect()
    }

    /// Marks of requests of so many nanoseconds each, with one stall in the request `at`.
    fn stalled(requests: u64, service: u64, at: u64, stall: u64) -> Vec<u64> {
        (0..=requests).map(|mark| mark * service + if mark > at { stall } else { 0 }).collect()
    }

    #[test]
    fn no_requests_have_no_latencies() {
        assert!(metered(&[], 0).is_empty() && metered(&[5], 0).is_empty() && metered(&[5], 100).is_empty());
        assert_eq!((metered(&[5, 9], 0), metered(&[5, 9], 100)), (vec![4], vec![4]));
        assert_eq!(metered(&[7, 7, 7], 0), [0, 0]);
    }

    #[test]
    fn even_requests_stay_what_they_are_in_every_window() {
        let marks = stalled(1000, 100, 0, 0);
        for window in [1, 200, 10_000, u64::MAX] {
            assert_eq!(metered(&marks, window), simple(&marks), "{window}");
        }
        // Full smoothing has one interval less between the starts than there are requests.
        assert!(metered(&marks, 0).iter().all(|ns| (100..=200).contains(ns)));
    }

    #[test]
    fn a_stall_delays_those_after_it_by_up_to_itself() {
        let (requests, service, stall) = (10_000, 100, 100_000);
        let full = metered(&stalled(requests, service, 0, stall), 0);
        let delayed = full.iter().filter(|ns| **ns > 2 * service).count();
        assert!(full[1] >= stall - 2 * service && full.iter().all(|ns| *ns <= stall + 2 * service));
        assert!(delayed > 9_900, "until the end, for the loop never idles: {delayed}");
        // A window of 100 us reaches over 500 requests behind the stall or so, and halves it.
        let windowed = metered(&stalled(requests, service, 5000, stall), 100_000);
        let delayed = windowed.iter().filter(|ns| **ns > 2 * service).count();
        assert!((400..600).contains(&delayed), "{delayed}");
        assert!(windowed[5001] > stall * 4 / 10 && windowed[5001] < stall * 6 / 10, "{}", windowed[5001]);
    }

    /// Straight from the definition.
    fn by_hand(marks: &[u64], window_ns: u64) -> Vec<u64> {
        let starts = &marks[..marks.len() - 1];
        let count = starts.len();
        let span = u128::from(starts[count - 1] - starts[0]);
        let half = (u128::from(window_ns) * count as u128 / span.max(1) / 2) as usize;
        let arrival = |k: usize| match window_ns {
            0 => starts[0] + (span * k as u128 / count as u128) as u64,
            _ => {
                let reach = half.min(k).min(count - 1 - k);
                let around = &starts[k - reach..=k + reach];
                (around.iter().map(|s| u128::from(*s)).sum::<u128>() / around.len() as u128) as u64
            }
        };
        (0..count).map(|k| (marks[k + 1] - marks[k]).max(marks[k + 1].saturating_sub(arrival(k)))).collect()
    }

    proptest! {
        #[test]
        fn latencies_are_as_defined_and_never_less_than_simple(
            gaps in prop::collection::vec(0u64..1000, 1..80), first: u32, window in 0u64..20_000,
        ) {
            let marks: Vec<u64> = std::iter::once(0).chain(gaps).scan(u64::from(first), |sum, gap| {
                *sum += gap;
                Some(*sum)
            }).collect();
            let found = metered(&marks, window);
            prop_assert_eq!(&found, &by_hand(&marks, window));
            prop_assert!(found.iter().zip(simple(&marks)).all(|(metered, simple)| *metered >= simple));
            let span = u128::from(marks[marks.len() - 2] - marks[0]).max(1);
            if window > 0 && u128::from(window) * ((marks.len() - 1) as u128) < 2 * span {
                prop_assert_eq!(found, simple(&marks), "a window of less than a request on each side changes nothing");
            }
        }
    }
}
