//! The versions of CPython whose sizes differ.

/// A version of CPython. Functions that do not ask for one mean 3.13.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Version {
    /// 3.11.
    V3_11,
    /// 3.12.
    V3_12,
    /// 3.13.
    V3_13,
}

impl Version {
    /// All of them, the oldest first.
    pub const ALL: [Version; 3] = [Version::V3_11, Version::V3_12, Version::V3_13];

    /// `3.11`, `3.12` or `3.13`.
    pub const fn name(self) -> &'static str {
        match self {
            Version::V3_11 => "3.11",
            Version::V3_12 => "3.12",
            Version::V3_13 => "3.13",
        }
    }
}
