//! Where and how a run is made: what stands beside its cells, so that a number can be asked where it comes
//! from.

use crate::doctor;
use crate::draw;
use crate::layout;
use crate::trouble::Trouble;
use heapbench_results::{RunInfo, SCHEMA};
use rand::RngExt;
use std::fs::read_to_string;
use std::time::SystemTime;

/// Describes this machine, this build and this command; and whether the machine is fit, which takes half a second.
pub fn describe(run: &str, started: SystemTime) -> RunInfo {
    RunInfo {
        schema: SCHEMA,
        run: run.to_string(),
        command: command(),
        version: env!("CARGO_PKG_VERSION").to_string(),
        commit: env!("HEAPBENCH_COMMIT").to_string(),
        dirty: env!("HEAPBENCH_COMMIT").ends_with('+'),
        compiler: env!("HEAPBENCH_COMPILER").to_string(),
        build: env!("HEAPBENCH_BUILD").to_string(),
        machine: machine(),
        cpu: field("/proc/cpuinfo", "model name").unwrap_or_else(|| std::env::consts::ARCH.to_string()),
        cpus: std::thread::available_parallelism().map_or(0, |count| count.get() as u32),
        memory_bytes: memory_bytes(),
        kernel: kernel(),
        huge_pages: huge_pages(),
        started: timestamp(started),
        address_randomisation: layout::address_randomisation().to_string(),
        doctor: doctor::examine(),
    }
}

/// The command line. Where the program lies on this machine is nobody's concern.
fn command() -> Vec<String> {
    ["heapbench".to_string()].into_iter().chain(std::env::args().skip(1)).collect()
}

/// A name that no other run has, wherever it is made: what it is, when it began, and eight digits drawn at random.
///
/// # Errors
/// The system gives no random numbers.
pub fn run_name(what: &str, started: SystemTime) -> Result<String, Trouble> {
    let mut bytes = [0; 4];
    rustix::rand::getrandom(&mut bytes, rustix::rand::GetRandomFlags::empty())
        .map_err(|error| Trouble::failure(format!("no random numbers for the run's name: {error}")))?;
    let time = timestamp(started).replace(':', "");
    Ok(format!("{what}-{time}-{:08x}", u32::from_le_bytes(bytes)))
}

/// UTC, ISO 8601, whole seconds.
pub fn timestamp(time: SystemTime) -> String {
    humantime::format_rfc3339_seconds(time).to_string()
}

/// Whether this build checks what the measuring one does not: then it must not record.
pub fn is_debug_build() -> bool {
    cfg!(debug_assertions)
}

/// Only builds for measuring record, unless it is allowed.
///
/// # Errors
/// This build checks what the measuring one does not.
pub fn expect_release_build(allow_debug: bool) -> Result<(), Trouble> {
    if is_debug_build() && !allow_debug {
        let why =
            "a build with debug assertions does not record, expected a release build: cargo run --release";
        return Err(Trouble::request(why));
    }
    Ok(())
}

/// The value of the first line `key : value`.
fn field(path: &str, key: &str) -> Option<String> {
    let text = read_to_string(path).ok()?;
    let value = |line: &str| {
        line.strip_prefix(key)?.trim_start().strip_prefix(':').map(str::trim).map(str::to_string)
    };
    text.lines().find_map(value)
}

fn memory_bytes() -> u64 {
    let kibibytes =
        field("/proc/meminfo", "MemTotal").and_then(|text| text.strip_suffix("kB")?.trim().parse().ok());
    kibibytes.map_or(0, |count: u64| count * 1024)
}

fn kernel() -> String {
    let read = |name: &str| read_to_string(format!("/proc/sys/kernel/{name}")).ok();
    let words = [read("ostype"), read("osrelease")];
    let text: Vec<_> = words.iter().flatten().map(|word| word.trim()).collect();
    if text.is_empty() { std::env::consts::OS.to_string() } else { text.join(" ") }
}

/// A number drawn from the machine's own names: it tells machines apart and gives no name away.
fn machine() -> String {
    let read = |path: &str| read_to_string(path).unwrap_or_default();
    let names = read("/etc/machine-id") + &read("/proc/sys/kernel/hostname");
    if names.is_empty() {
        return names;
    }
    format!("{:016x}", draw::stream(0, "machine", &names).random::<u64>())
}

/// The word in brackets: `always [madvise] never`.
fn huge_pages() -> String {
    let text = read_to_string("/sys/kernel/mm/transparent_hugepage/enabled").unwrap_or_default();
    let chosen = text.split_once('[').and_then(|(_, rest)| rest.split_once(']'));
    chosen.map_or_else(|| "unknown".to_string(), |(word, _)| word.to_string())
}
