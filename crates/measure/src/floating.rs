//! Floating garbage: bytes of objects that are unreachable and not yet reclaimed, counted at every allocation.
//!
//! The oracle's deaths say which objects are unreachable when each object is allocated; the heap's events say which are
//! reclaimed, and how many bytes each takes there. Both are exact, so the count is, and it is the same in every run. The
//! time to multiply by is the heap's allocation clock: bytes allocated, headers and growth included. Objects count as
//! reclaimed when the heap says that they are: a heap that sweeps lazily says so when it has found them.
//!
//! The watched program must be the oracle's: kinds and numbers of objects are compared. That none is reclaimed before its
//! death is compared too, which is a proof of the heap and of the oracle.

use heapbench_heap::{Deaths, Recorder, Shape};
use heapbench_results::{Floating, FloatingSample};
use rustc_hash::FxBuildHasher;
use std::collections::HashMap;
use std::sync::Arc;

/// No more samples than this are kept.
const MOST_SAMPLES: u64 = 256;

/// Watches a heap and counts what floats.
#[derive(Debug)]
pub struct FloatingGarbage {
    deaths: Arc<Deaths>,
    /// Numbers of the objects that are not reclaimed, by address.
    numbers: HashMap<usize, u32, FxBuildHasher>,
    /// By number: bytes, 0 when reclaimed.
    bytes: Vec<u64>,
    /// By number: whether the oracle said that it is dead.
    dead: Vec<bool>,
    /// Reclaimed since the last allocation. The oracle says with the next one that they are dead.
    reclaimed: Vec<u32>,
    live: u64,
    reachable: u64,
    clock: u64,
    peak: u64,
    byte_bytes: u128,
    curve: Curve,
    trouble: Option<String>,
}

impl FloatingGarbage {
    /// A watcher of a program whose objects die at these times.
    pub fn new(deaths: Arc<Deaths>) -> FloatingGarbage {
        let objects = deaths.objects();
        FloatingGarbage {
            deaths,
            numbers: HashMap::default(),
            bytes: Vec::with_capacity(objects),
            dead: Vec::with_capacity(objects),
            reclaimed: Vec::new(),
            live: 0,
            reachable: 0,
            clock: 0,
            peak: 0,
            byte_bytes: 0,
            curve: Curve::default(),
            trouble: None,
        }
    }

    fn floating(&self) -> u64 {
        self.live - self.reachable
    }

    fn report(&mut self, trouble: impl FnOnce() -> String) {
        self.trouble.get_or_insert_with(trouble);
    }

    /// Takes what died until now from the reachable.
    fn bury(&mut self) {
        let next = self.bytes.len();
        for number in self.deaths.before(next) {
            let number = *number as usize;
            if number < next && !std::mem::replace(&mut self.dead[number], true) {
                self.reachable -= self.bytes[number];
            }
        }
        if let Some(number) = self.reclaimed.iter().find(|number| !self.dead[**number as usize]).copied() {
            self.report(|| {
                format!("object {number} is reclaimed, expected it to be alive at allocation {next}")
            });
        }
        self.reclaimed.clear();
        self.peak = self.peak.max(self.floating());
    }

    /// What was counted; the program has ended.
    ///
    /// # Errors
    /// The program was not the oracle's, or an object was reclaimed before its death: one line.
    pub fn finish(&mut self) -> Result<Floating, String> {
        self.bury();
        let (objects, expected) = (self.bytes.len(), self.deaths.objects());
        if objects != expected {
            self.report(|| format!("{objects} objects were allocated, expected the oracle's {expected}"));
        }
        if let Some(trouble) = self.trouble.take() {
            return Err(trouble);
        }
        self.curve.add(self.clock, self.live, self.reachable);
        let byte_bytes = self.byte_bytes as f64;
        Ok(Floating {
            peak_bytes: self.peak,
            mean_bytes: if self.clock == 0 { 0.0 } else { byte_bytes / self.clock as f64 },
            byte_bytes,
            end_bytes: self.floating(),
            samples: std::mem::take(&mut self.curve.samples),
        })
    }
}

impl Recorder for FloatingGarbage {
    const OBJECTS: bool = true;

    fn allocated(&mut self, address: usize, shape: Shape, bytes: usize) {
        self.bury();
        let number = self.bytes.len();
        let expected = self.deaths.kind(number);
        if expected != Some(shape.kind) {
            let expected = expected.map_or("the program's end", |kind| kind.name());
            let kind = shape.kind.name();
            self.report(|| {
                format!("allocation {number} is of kind {kind}, expected {expected}: the oracle's")
            });
        }
        self.numbers.insert(address, number as u32);
        self.bytes.push(bytes as u64);
        self.dead.push(false);
        self.live += bytes as u64;
        self.reachable += bytes as u64;
    }

    fn resized(&mut self, address: usize, _shape: Shape, bytes: usize) {
        let Some(number) = self.numbers.get(&address).map(|number| *number as usize) else { return };
        let before = std::mem::replace(&mut self.bytes[number], bytes as u64);
        self.live = self.live - before + bytes as u64;
        if !self.dead[number] {
            self.reachable = self.reachable - before + bytes as u64;
        }
    }

    fn died(&mut self, address: usize) {
        let Some(number) = self.numbers.remove(&address) else { return };
        let bytes = std::mem::take(&mut self.bytes[number as usize]);
        self.live -= bytes;
        if !self.dead[number as usize] {
            self.reachable -= bytes;
            self.reclaimed.push(number);
        }
    }

    fn moved(&mut self, from: usize, to: usize) {
        if let Some(number) = self.numbers.remove(&from) {
            self.numbers.insert(to, number);
        }
    }

    fn advance(&mut self, bytes: usize) -> bool {
        self.byte_bytes += u128::from(self.floating()) * bytes as u128;
        self.clock += bytes as u64;
        self.curve.add(self.clock, self.live, self.reachable);
        false
    }
}

/// The curve over the clock: of each stretch of equal length the sample with the most floating garbage. When there are
/// too many stretches, each two become one.
#[derive(Debug)]
struct Curve {
    stretch: u64,
    samples: Vec<FloatingSample>,
}

impl Default for Curve {
    fn default() -> Curve {
        Curve { stretch: 1 << 10, samples: Vec::new() }
    }
}

impl Curve {
    fn add(&mut self, clock: u64, live: u64, reachable: u64) {
        while clock / self.stretch >= MOST_SAMPLES {
            self.stretch *= 2;
            let stretch = |sample: &FloatingSample| sample.clock / self.stretch;
            let chunks = self.samples.chunk_by(|a, b| stretch(a) == stretch(b));
            self.samples = chunks.filter_map(|chunk| chunk.iter().copied().reduce(worse)).collect();
        }
        let sample = FloatingSample { clock, live, reachable };
        match self.samples.last_mut() {
            Some(last) if last.clock / self.stretch == clock / self.stretch => *last = worse(*last, sample),
            _ => self.samples.push(sample),
        }
    }
}

/// The sample with more floating garbage; of equals the later one.
fn worse(earlier: FloatingSample, later: FloatingSample) -> FloatingSample {
    let floating = |sample: &FloatingSample| sample.live - sample.reachable;
    if floating(&earlier) > floating(&later) { earlier } else { later }
}

#[cfg(test)]
mod tests {
    use super::*;
    use heapbench_heap::Kind;

    const FLOAT: Shape = Shape::new(Kind::Float, 0, 8);

    fn watcher(objects: usize, deaths: &[(u32, u32)]) -> FloatingGarbage {
        FloatingGarbage::new(Arc::new(Deaths::new(vec![Kind::Float; objects], deaths).unwrap()))
    }

    fn allocate(watcher: &mut FloatingGarbage, address: usize, bytes: usize) {
        watcher.allocated(address, FLOAT, bytes);
        watcher.advance(bytes);
    }

    #[test]
    fn the_dead_float_until_they_are_reclaimed() {
        let mut watcher = watcher(4, &[(0, 2), (1, 3)]);
        allocate(&mut watcher, 16, 10);
        allocate(&mut watcher, 32, 20);
        // Object 0 is dead from here on: it floats while 30 bytes are allocated, and 40.
        allocate(&mut watcher, 48, 30);
        watcher.resized(16, FLOAT, 12);
        watcher.moved(16, 64);
        // Object 1 dies, and floats with it.
        allocate(&mut watcher, 80, 40);
        watcher.died(64);
        let floating = watcher.finish().unwrap();
        assert_eq!((floating.peak_bytes, floating.end_bytes), (32, 20));
        assert_eq!(floating.byte_bytes, (10 * 30 + (12 + 20) * 40) as f64);
        assert_eq!(floating.mean_bytes, floating.byte_bytes / 100.0);
        assert_eq!(floating.samples.last(), Some(&FloatingSample { clock: 100, live: 102, reachable: 70 }));
    }

    #[test]
    fn what_is_reclaimed_at_its_death_never_floats() {
        let mut watcher = watcher(2, &[(0, 1), (1, 2)]);
        allocate(&mut watcher, 16, 10);
        watcher.died(16);
        allocate(&mut watcher, 16, 10);
        watcher.died(16);
        let floating = watcher.finish().unwrap();
        assert_eq!((floating.peak_bytes, floating.byte_bytes, floating.end_bytes), (0, 0.0, 0));
    }

    #[test]
    fn another_program_and_an_early_death_are_told() {
        let mut other = watcher(1, &[]);
        other.allocated(16, Shape::new(Kind::List, 0, 0), 40);
        let trouble = other.finish().unwrap_err();
        assert_eq!(trouble, "allocation 0 is of kind list, expected float: the oracle's");
        let mut short = watcher(2, &[]);
        allocate(&mut short, 16, 8);
        assert_eq!(short.finish().unwrap_err(), "1 objects were allocated, expected the oracle's 2");
        let mut long = watcher(1, &[]);
        allocate(&mut long, 16, 8);
        allocate(&mut long, 32, 8);
        assert!(long.finish().unwrap_err().ends_with("expected the program's end: the oracle's"));
        for deaths in [&[(0, 2)][..], &[]] {
            let mut early = watcher(2, deaths);
            allocate(&mut early, 16, 8);
            early.died(16);
            allocate(&mut early, 32, 8);
            let trouble = early.finish().unwrap_err();
            assert_eq!(trouble, "object 0 is reclaimed, expected it to be alive at allocation 1");
        }
    }

    #[test]
    fn the_curve_is_short_and_keeps_the_peaks() {
        let mut curve = Curve::default();
        for clock in 1..=1_000_000 {
            curve.add(clock, if clock == 654_321 { 900 } else { clock % 800 }, 0);
        }
        assert!((128..=256).contains(&curve.samples.len()), "{}", curve.samples.len());
        assert!(curve.samples.windows(2).all(|pair| pair[0].clock < pair[1].clock));
        assert!(curve.samples.contains(&FloatingSample { clock: 654_321, live: 900, reachable: 0 }));
    }
}
