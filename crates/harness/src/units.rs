//! Numbers for people: three significant digits and a unit.

/// Time from nanoseconds: `12.3 ns`, `1.23 ms`.
pub fn duration(nanoseconds: f64) -> String {
    scaled(nanoseconds, &[(1.0, "ns"), (1e3, "µs"), (1e6, "ms"), (1e9, "s")])
}

/// Memory from bytes: `512 B`, `1.23 MiB`.
pub fn bytes(bytes: u64) -> String {
    let kibi = 1024.0_f64;
    scaled(
        bytes as f64,
        &[(1.0, "B"), (kibi, "KiB"), (kibi.powi(2), "MiB"), (kibi.powi(3), "GiB"), (kibi.powi(4), "TiB")],
    )
}

/// A count: `950`, `1.23 M`.
pub fn count(count: u64) -> String {
    match count {
        0..10_000 => count.to_string(),
        _ => scaled(count as f64, &[(1.0, ""), (1e3, "k"), (1e6, "M"), (1e9, "G"), (1e12, "T")]),
    }
}

/// A share: `12.3 %`.
pub fn share(share: f64) -> String {
    format!("{} %", digits(share * 100.0))
}

/// The greatest unit that leaves at least 1, after rounding.
fn scaled(value: f64, units: &[(f64, &str)]) -> String {
    let fits = |(size, _): &&(f64, &str)| value.abs() >= size * 0.9995;
    let (size, unit) = units.iter().rev().find(fits).unwrap_or(&units[0]);
    format!("{} {unit}", digits(value / size))
}

/// Three significant digits; more before the point stay, zeros after nothing go.
fn digits(value: f64) -> String {
    let places = match value.abs() {
        0.0 => 0,
        size if size < 9.995 => 2,
        size if size < 99.95 => 1,
        _ => 0,
    };
    format!("{value:.places$}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_digits_and_the_unit_that_fits() {
        assert_eq!(duration(0.0), "0 ns");
        assert_eq!(duration(12.345), "12.3 ns");
        assert_eq!(duration(999.9), "1.00 µs");
        assert_eq!(duration(1_234_567.0), "1.23 ms");
        assert_eq!(duration(3.6e12), "3600 s");
        assert_eq!(bytes(512), "512 B");
        assert_eq!(bytes(1 << 20), "1.00 MiB");
        assert_eq!(bytes(1023), "1023 B");
        assert_eq!(count(9_999), "9999");
        assert_eq!(count(1_234_567), "1.23 M");
        assert_eq!(share(0.1234), "12.3 %");
    }
}
