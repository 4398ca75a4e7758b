//! What the system says about this process's memory. Linux only; elsewhere everything is 0 or unknown.

use std::fs::{File, read_to_string, write};
use std::os::unix::fs::FileExt;

/// Reads the resident set of this process, over and over.
#[derive(Debug)]
pub struct ResidentSet {
    statm: Option<File>,
    page_bytes: u64,
}

impl ResidentSet {
    /// Opens `/proc/self/statm`, once.
    pub fn open() -> ResidentSet {
        let statm = File::open("/proc/self/statm").ok();
        ResidentSet { statm, page_bytes: rustix::param::page_size() as u64 }
    }

    /// Bytes resident now; 0 where the system does not say. The kernel may lag behind by a few pages a
    /// thread.
    pub fn bytes(&self) -> u64 {
        let mut text = [0; 128];
        let Some(length) = self.statm.as_ref().and_then(|statm| statm.read_at(&mut text, 0).ok()) else {
            return 0;
        };
        let resident = std::str::from_utf8(&text[..length]).ok().and_then(|text| text.split(' ').nth(1));
        resident.and_then(|pages| pages.parse::<u64>().ok()).map_or(0, |pages| pages * self.page_bytes)
    }
}

/// Makes the kernel forget the highest resident set so far. False when it refuses.
pub fn forget_peak_resident_bytes() -> bool {
    write("/proc/self/clear_refs", "5").is_ok()
}

/// The highest resident set since the process began, or since it was forgotten; `None` where unknown.
pub fn peak_resident_bytes() -> Option<u64> {
    let status = read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kibibytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kibibytes * 1024)
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn touched_memory_becomes_resident_and_raises_the_peak() {
        const TOUCHED: usize = 64 << 20;
        let resident = ResidentSet::open();
        let before = resident.bytes();
        let touched = std::hint::black_box(vec![1_u8; TOUCHED]);
        let (during, peak) = (resident.bytes(), peak_resident_bytes().unwrap());
        drop(touched);
        assert!(during >= before + (TOUCHED as u64) * 9 / 10, "{before} {during}");
        assert!(peak >= before + (TOUCHED as u64) * 9 / 10, "{before} {peak}");
    }
}
