//! Pages that a process has written since it was forked: those that it no longer shares with its parent.
//!
//! Two counts. *Private pages* are what the kernel finds in the page tables of writable mappings: pages that this process
//! alone has, and has written; their growth is exactly what the fork costs in memory at that moment. (Mappings that
//! cannot be written, the program's code, are left out: while a file that was just built is not on its disk yet, its
//! pages count as written.) *Faults* are the copies as they happened, and more: pages of the program that were first
//! looked at, and memory that was taken and given back since. So the first is the result, and the second its check. Where
//! the parent writes to a page before the child does, the child has it for itself without a fault: some pages of stack.

use std::fs::read_to_string;

/// Pages written, and faults taken.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Dirtied {
    /// Pages that this process alone has, and has written.
    pub private_pages: u64,
    /// Page faults that needed no disk.
    pub faults: u64,
}

impl Dirtied {
    /// This process's counts up to now; `None` where the system does not say (Linux only).
    pub fn now() -> Option<Dirtied> {
        let page = rustix::param::page_size() as u64;
        let faults = minor_faults(&read_to_string("/proc/self/stat").ok()?)?;
        let private = private_dirty_bytes(&read_to_string("/proc/self/smaps").ok()?)?;
        Some(Dirtied { private_pages: private / page, faults })
    }

    /// What came since then.
    pub fn since(self, then: Dirtied) -> Dirtied {
        Dirtied {
            private_pages: self.private_pages.saturating_sub(then.private_pages),
            faults: self.faults.saturating_sub(then.faults),
        }
    }
}

/// From the text of `smaps`: a line `start-end rwxp …` for each mapping, and below it its sizes.
fn private_dirty_bytes(smaps: &str) -> Option<u64> {
    let (mut kibibytes, mut found, mut writable) = (0, false, false);
    for line in smaps.lines() {
        let mut words = line.split_ascii_whitespace();
        match (words.next()?, words.next()?) {
            ("Private_Dirty:", size) if writable => kibibytes += size.parse::<u64>().ok()?,
            (name, _) if name.ends_with(':') => {}
            (_, permissions) => {
                found = true;
                writable = permissions.contains('w');
            }
        }
    }
    found.then_some(kibibytes * 1024)
}

/// From the text of `stat`: the tenth field. The second, the program's name in parentheses, may have spaces in it.
fn minor_faults(stat: &str) -> Option<u64> {
    stat.rsplit_once(") ")?.1.split(' ').nth(7)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kernels_texts_are_read() {
        let code = "5604-5605 r-xp 00001000 fe:00 7   /usr/bin/a b\nRss:  16 kB\nPrivate_Dirty:  16 kB\nVmFlags: rd ex\n";
        let data =
            "5606-5607 rw-p 00000000 00:00 0   [heap]\nPrivate_Clean:  36 kB\nPrivate_Dirty:  112 kB\n";
        let stack = "7ffd-7ffe rw-p 00000000 00:00 0 \nPrivate_Dirty:  12 kB\nVmFlags: rd wr\n";
        assert_eq!(private_dirty_bytes(&[code, data, stack].concat()), Some(124 << 10));
        assert_eq!(private_dirty_bytes("Rss: 1 kB\n"), None);
        assert_eq!(private_dirty_bytes("5606-5607 rw-p\nPrivate_Dirty: many\n"), None);
        let stat = "4321 (a name) with) R 1 4321 4321 0 -1 4194304 987 654 3 2 1 0 0 0 20 0 1 0 100 5 6";
        assert_eq!(minor_faults(stat), Some(987));
        assert_eq!(minor_faults("4321 (cut"), None);
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn pages_that_are_written_are_counted_by_both() {
        const PAGES: usize = 1000;
        let page = rustix::param::page_size();
        let before = Dirtied::now().unwrap();
        let mut touched = std::hint::black_box(vec![0_u8; PAGES * page]);
        touched.iter_mut().step_by(page).for_each(|byte| *byte = 1);
        let dirtied = Dirtied::now().unwrap().since(before);
        drop(std::hint::black_box(touched));
        assert!(dirtied.private_pages >= PAGES as u64 * 9 / 10, "{dirtied:?}");
        assert!(dirtied.faults > 0, "{dirtied:?}");
    }
}
