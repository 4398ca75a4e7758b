//! Tells the program what it was built from: the commit, and how. The sources may change under a finished
//! build, so this is asked when it is built and whenever a source or the checkout's history changes.

use std::env::var;
use std::process::Command;

fn main() {
    for path in
        ["../../crates", "../../workloads", "../../Cargo.toml", "../../Cargo.lock", "../../.git/logs/HEAD"]
    {
        if std::path::Path::new(path).exists() {
            println!("cargo:rerun-if-changed={path}");
        }
    }
    println!("cargo:rustc-env=HEAPBENCH_COMMIT={}", commit().unwrap_or_default());
    println!("cargo:rustc-env=HEAPBENCH_BUILD={}", build());
}

/// The commit, with `+` behind it when the tree was changed; `None` outside a checkout.
fn commit() -> Option<String> {
    let head = output("git", &["rev-parse", "--short=12", "HEAD"])?;
    let changed = output("git", &["status", "--porcelain", "--untracked-files=no"])?;
    Some(if changed.is_empty() { head } else { head + "+" })
}

/// Compiler, target, profile and flags.
fn build() -> String {
    let of = |key: &str| var(key).unwrap_or_default();
    let compiler = output(&of("RUSTC"), &["--version"]).unwrap_or_default();
    let flags = of("CARGO_ENCODED_RUSTFLAGS").replace('\u{1f}', " ");
    let words = [&compiler, &of("TARGET"), &of("PROFILE"), &format!("opt-level={}", of("OPT_LEVEL")), &flags];
    words.map(|word| word.trim()).join(" ").trim().to_string()
}

fn output(program: &str, arguments: &[&str]) -> Option<String> {
    let output =
        Command::new(program).args(arguments).output().ok().filter(|output| output.status.success())?;
    Some(String::from_utf8_lossy(&output.stdout).trim().to_string())
}
