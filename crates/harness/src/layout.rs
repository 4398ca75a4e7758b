//! What varies from process to process beside the strategy: where its stack and its heap lie, drawn from the seed.
//!
//! The size of the environment alone, which moves the stack, can shift times by more than what is compared (Mytkowicz and
//! others, "Producing Wrong Data Without Doing Anything Obviously Wrong!", ASPLOS 2009). So layout is a random factor: every
//! process draws its own, and the intervals over processes hold it. Strategies of a block do not share a draw: the same
//! offset lays their objects differently, so sharing would pair nothing, and would make one draw the whole block's luck.
//! The kernel's own randomisation stays on. Placement within a heap is the strategy's and is never touched.

use crate::draw;
use crate::job::Job;
use crate::python::find;
use heapbench_results::Layout;
use rand::RngExt;
use std::hint::black_box;
use std::process::Command;

/// The variable whose value pads the environment.
const PADDING: &str = "HEAPBENCH_PADDING";

/// The environment is padded by at most so many bytes.
const MOST_PADDING: u32 = 4096;

/// Heaps are shifted by less than this.
const MOST_OFFSET: u64 = 1 << 20;

/// What malloc aligns to, and so the least shift.
const GRAIN: u64 = 16;

/// Bytes of a page.
const PAGE: u64 = 4096;

/// What malloc maps by itself rather than take it from its heap.
const MAPPED: u64 = 128 << 10;

/// The layout of a job: a function of the seed and of what names the job, whatever else is run and in which order.
/// Outside references lay out themselves.
pub fn of(job: &Job, seed: u64, position: u64) -> Layout {
    if find::is_reference(&job.strategy) {
        return Layout { position, ..Layout::default() };
    }
    let mut random = draw::stream(seed, "layout", &format!("{:?}", job.key()));
    Layout {
        environment_bytes: random.random_range(0..=MOST_PADDING),
        heap_offset: random.random_range(0..MOST_OFFSET / GRAIN) * GRAIN,
        position,
    }
}

/// Pads the environment of a process that is about to start.
pub fn pad(command: &mut Command, layout: Layout) {
    command.env_remove(PADDING);
    // Name, sign and ending zero belong to the padding: less than that there is none.
    let needed = PADDING.len() + 2;
    if let Some(rest) = (layout.environment_bytes as usize).checked_sub(needed) {
        command.env(PADDING, "=".repeat(rest));
    }
}

/// Memory that is there only to be in the way. Nothing is written to it: no page of it becomes resident but the first.
#[derive(Debug)]
pub struct InTheWay {
    blocks: [Vec<u8>; 2],
}

/// Takes so many bytes: whole pages as a mapping of their own, which moves mappings that come later by pages; the rest
/// from malloc's heap, which moves its blocks by cache lines and less. Keep it as long as the heap.
pub fn shift(heap_offset: u64) -> InTheWay {
    let pages = heap_offset - heap_offset % PAGE;
    let mapped = if pages > 0 { MAPPED + pages } else { 0 };
    let take = |bytes: u64| Vec::with_capacity(usize::try_from(bytes).unwrap_or(0));
    black_box(InTheWay { blocks: [take(heap_offset % PAGE), take(mapped)] })
}

impl Drop for InTheWay {
    fn drop(&mut self) {
        black_box(&self.blocks);
    }
}

/// Whether the kernel moves stacks and heaps: `full`, `partial`, `off` or `unknown`.
pub fn address_randomisation() -> &'static str {
    /// Linux's ADDR_NO_RANDOMIZE: this process and its children asked for none.
    const NOT_FOR_US: u32 = 0x0004_0000;
    let read = |path: &str| std::fs::read_to_string(path).unwrap_or_default();
    let persona = u32::from_str_radix(read("/proc/self/personality").trim(), 16).unwrap_or(0);
    match read("/proc/sys/kernel/randomize_va_space").trim() {
        _ if persona & NOT_FOR_US != 0 => "off",
        "2" => "full",
        "1" => "partial",
        "0" => "off",
        _ => "unknown",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn a_layout_is_a_function_of_seed_and_cell_and_fills_its_range() {
        let job = |invocation| Job { invocation, strategy: "bump".into(), ..Job::default() };
        let drawn: Vec<Layout> = (0..200).map(|invocation| of(&job(invocation), 1, 7)).collect();
        assert_eq!(drawn[3], of(&job(3), 1, 7));
        assert_ne!(drawn[3], of(&job(3), 2, 7));
        assert_eq!(drawn[3].position, 7);
        let lines: BTreeSet<u64> = drawn.iter().map(|layout| layout.heap_offset % PAGE / 64).collect();
        assert!(lines.len() > 50, "cache lines of a page: {}", lines.len());
        assert!(drawn.iter().all(|layout| layout.heap_offset < MOST_OFFSET));
        let (least, most) = drawn.iter().fold((u32::MAX, 0), |(least, most), layout| {
            (least.min(layout.environment_bytes), most.max(layout.environment_bytes))
        });
        assert!(least < 200 && most > 3900 && most <= MOST_PADDING, "{least} {most}");
    }

    #[test]
    fn the_environment_grows_by_what_is_asked_for() {
        for bytes in [0, 18, 19, 20, 4096] {
            let mut command = Command::new("true");
            pad(&mut command, Layout { environment_bytes: bytes, ..Layout::default() });
            let added: usize =
                command.get_envs().filter_map(|(name, value)| Some(name.len() + value?.len() + 2)).sum();
            assert_eq!(added, if bytes < 19 { 0 } else { bytes as usize });
        }
    }

    #[test]
    fn what_is_in_the_way_is_as_large_as_said() {
        let taken = shift(3 * PAGE + 48);
        assert!(taken.blocks[0].capacity() >= 48 && taken.blocks[1].capacity() as u64 >= MAPPED + 3 * PAGE);
        assert!(shift(0).blocks.iter().all(|block| block.capacity() == 0));
    }
}
