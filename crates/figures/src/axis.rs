//! Axes: from values to pixels, and ticks at round values with human units.

/// How an axis lays out its values.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Scale {
    Linear,
    Logarithmic,
}

/// What the values are; decides which are round, and how they are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unit {
    /// Nanoseconds, written in ns, µs, ms or s.
    Nanoseconds,
    /// Bytes, written in B, KiB, MiB, GiB ….
    Bytes,
    /// A multiple of something, written 2×.
    Times,
    /// A part of a whole, written 50 %.
    Share,
}

/// One axis. Values outside its range are drawn at its ends.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Axis {
    scale: Scale,
    unit: Unit,
    low: f64,
    high: f64,
}

impl Axis {
    /// A linear axis from zero to `high`.
    pub(crate) fn linear(unit: Unit, high: f64) -> Axis {
        Axis { scale: Scale::Linear, unit, low: 0.0, high: if high > 0.0 { high } else { 1.0 } }
    }

    /// A logarithmic axis around positive values, with room at both ends, and wide enough for two ticks.
    pub(crate) fn logarithmic(unit: Unit, values: impl IntoIterator<Item = f64>) -> Axis {
        let (mut low, mut high) = (f64::INFINITY, 0.0f64);
        for value in values.into_iter().filter(|value| *value > 0.0 && value.is_finite()) {
            (low, high) = (low.min(value), high.max(value));
        }
        if high == 0.0 {
            (low, high) = (1.0, 10.0);
        }
        let margin = (high / low).powf(0.06).max(1.08);
        let least = if unit == Unit::Bytes { 4.5 } else { 5.5 };
        let widen = (least / (high / low * margin * margin)).max(1.0).sqrt();
        Axis { scale: Scale::Logarithmic, unit, low: low / margin / widen, high: high * margin * widen }
    }

    /// The same axis with its lower end at `low`.
    pub(crate) fn from(self, low: f64) -> Axis {
        let least = if self.unit == Unit::Bytes { 4.5 } else { 2.5 };
        Axis { low, high: self.high.max(low * least), ..self }
    }

    /// Where a value lies, 0 at the lower end and 1 at the upper.
    pub(crate) fn place(&self, value: f64) -> f64 {
        let share = match self.scale {
            Scale::Linear => (value - self.low) / (self.high - self.low),
            Scale::Logarithmic => {
                (value.max(f64::MIN_POSITIVE) / self.low).ln() / (self.high / self.low).ln()
            }
        };
        share.clamp(0.0, 1.0)
    }

    /// The upper end.
    pub(crate) fn high(&self) -> f64 {
        self.high
    }

    /// Round values on the axis, at most `most` (and `most` at least 2), with their labels.
    pub(crate) fn ticks(&self, most: usize) -> Vec<(f64, String)> {
        let values = match (self.scale, self.unit) {
            (Scale::Linear, _) => self.linear_ticks(most),
            (Scale::Logarithmic, Unit::Bytes) => self.powers(2.0, &[&[1.0]], most),
            (Scale::Logarithmic, _) => self.powers(
                10.0,
                &[&[1.0, 1.5, 2.0, 3.0, 5.0, 7.0], &[1.0, 2.0, 5.0], &[1.0, 3.0], &[1.0]],
                most,
            ),
        };
        values.into_iter().map(|value| (value, self.unit.label(value))).collect()
    }

    /// Multiples of powers of `base`: the densest of the `patterns`, or the smallest stride over whole powers,
    /// that gives at most `most`.
    fn powers(&self, base: f64, patterns: &[&[f64]], most: usize) -> Vec<f64> {
        let exponent = |value: f64| value.ln() / base.ln();
        let (first, last) = (exponent(self.low).floor() as i32, exponent(self.high).ceil() as i32);
        let values = |pattern: &[f64], stride: i32| -> Vec<f64> {
            let powers = (first..=last).filter(|e| e.rem_euclid(stride) == 0).map(|e| base.powi(e));
            let all = powers.flat_map(|power| pattern.iter().map(move |multiple| multiple * power));
            all.filter(|value| (self.low * 0.999..=self.high * 1.001).contains(value)).collect()
        };
        let dense = patterns.iter().map(|pattern| values(pattern, 1));
        let sparse = (2..=(last - first).max(2)).map(|stride| values(&[1.0], stride));
        dense.chain(sparse).find(|ticks| ticks.len() <= most).unwrap_or_default()
    }

    /// Multiples of a round step from zero.
    fn linear_ticks(&self, most: usize) -> Vec<f64> {
        let least = self.high / most.max(2) as f64;
        let step = match self.unit {
            Unit::Bytes => least.log2().ceil().exp2(),
            _ => {
                let power = 10f64.powf(least.log10().floor());
                [1.0, 2.0, 5.0, 10.0]
                    .map(|m| m * power)
                    .into_iter()
                    .find(|s| *s >= least)
                    .unwrap_or(10.0 * power)
            }
        };
        (0..=most).map(|i| i as f64 * step).filter(|value| *value <= self.high).collect()
    }
}

impl Unit {
    /// A value with its unit, three digits at most where they matter.
    pub(crate) fn label(self, value: f64) -> String {
        let scaled = |base: f64, names: &[&str]| {
            let mut value = value;
            let mut name = 0;
            // Rounding must not carry a value over the limit of its unit.
            while value >= base * 0.9995 && name + 1 < names.len() {
                value /= base;
                name += 1;
            }
            format!("{} {}", digits(value), names[name])
        };
        match self {
            Unit::Nanoseconds if value >= 999.5e6 => format!("{} s", digits(value / 1e9)),
            Unit::Nanoseconds => scaled(1e3, &["ns", "µs", "ms"]),
            Unit::Bytes => scaled(1024.0, &["B", "KiB", "MiB", "GiB", "TiB", "PiB"]),
            Unit::Times => format!("{}×", digits(value)),
            Unit::Share => format!("{} %", digits(value * 100.0)),
        }
    }
}

/// Three digits that matter, without trailing zeros; from a hundred thousand on with a power of ten.
fn digits(value: f64) -> String {
    if value >= 99_999.5 {
        let exponent = (value.log10() + 1e-9).floor() as i32;
        let multiple = digits(value / 10f64.powi(exponent));
        let power = format!("10{}", superscript(exponent));
        return if multiple == "1" { power } else { format!("{multiple}·{power}") };
    }
    let decimals = match value.abs() {
        v if v == 0.0 || v >= 99.95 => 0,
        v if v >= 9.995 => 1,
        v if v >= 0.9995 => 2,
        v => ((-v.log10()).ceil() as usize + 2).min(12),
    };
    let text = format!("{value:.decimals$}");
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_string() } else { text }
}

/// A whole number in raised digits.
fn superscript(exponent: i32) -> String {
    const RAISED: [char; 10] = ['⁰', '¹', '²', '³', '⁴', '⁵', '⁶', '⁷', '⁸', '⁹'];
    exponent.to_string().bytes().map(|digit| RAISED[usize::from(digit.wrapping_sub(b'0') % 10)]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(axis: &Axis, most: usize) -> Vec<String> {
        axis.ticks(most).into_iter().map(|(_, label)| label).collect()
    }

    #[test]
    fn labels_use_human_units() {
        for (unit, value, label) in [
            (Unit::Nanoseconds, 1.0, "1 ns"),
            (Unit::Nanoseconds, 999.9, "1 µs"),
            (Unit::Nanoseconds, 1_500.0, "1.5 µs"),
            (Unit::Nanoseconds, 2e7, "20 ms"),
            (Unit::Nanoseconds, 3e11, "300 s"),
            (Unit::Nanoseconds, 0.05, "0.05 ns"),
            (Unit::Bytes, 0.0, "0 B"),
            (Unit::Bytes, 4096.0, "4 KiB"),
            (Unit::Bytes, 1.5 * 1024.0 * 1024.0, "1.5 MiB"),
            (Unit::Times, 1.0, "1×"),
            (Unit::Times, 50_000.0, "50000×"),
            (Unit::Times, 1e5, "10⁵×"),
            (Unit::Times, 2e16, "2·10¹⁶×"),
            (Unit::Nanoseconds, 1e18, "10⁹ s"),
        ] {
            assert_eq!(unit.label(value), label);
        }
    }

    #[test]
    fn every_axis_has_two_to_most_round_ticks() {
        for unit in [Unit::Nanoseconds, Unit::Bytes, Unit::Times] {
            for low in [1e-3, 0.9, 7.0, 4096.0, 1e9, 1e15] {
                for ratio in [1.0, 1.01, 3.0, 17.0, 1e3, 1e6, 1e12] {
                    let axis = Axis::logarithmic(unit, [low, low * ratio]);
                    let ticks = axis.ticks(5);
                    assert!((2..=5).contains(&ticks.len()), "{unit:?} {low} {ratio}: {ticks:?}");
                    assert!(ticks.windows(2).all(|w| w[0].0 < w[1].0 && w[0].1 != w[1].1), "{ticks:?}");
                }
                let ticks = Axis::linear(unit, low).ticks(4);
                assert!((2..=5).contains(&ticks.len()), "{unit:?} {low}: {ticks:?}");
            }
        }
    }

    #[test]
    fn ticks_are_the_ones_a_reader_expects() {
        assert_eq!(
            labels(&Axis::logarithmic(Unit::Times, [1.0, 30.0]).from(0.95), 5),
            ["1×", "2×", "5×", "10×", "20×"]
        );
        assert_eq!(labels(&Axis::logarithmic(Unit::Nanoseconds, [1e3, 1e8]), 6).first().unwrap(), "1 µs");
        assert_eq!(
            labels(&Axis::linear(Unit::Bytes, 100.0 * 1048576.0), 4),
            ["0 B", "32 MiB", "64 MiB", "96 MiB"]
        );
    }

    #[test]
    fn places_are_cut_to_the_axis_and_never_nan() {
        let axis = Axis::logarithmic(Unit::Bytes, [0.0, f64::NAN, f64::INFINITY, 8.0, 64.0]);
        for value in [0.0, -1.0, 1e300, 8.0] {
            assert!((0.0..=1.0).contains(&axis.place(value)));
        }
        assert!(axis.place(8.0) > 0.0 && axis.place(64.0) < 1.0);
        assert!(Axis::linear(Unit::Bytes, 0.0).place(0.0) == 0.0);
    }
}
