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
    for setting in SETTINGS {
        println!("cargo:rerun-if-env-changed={}", variable(setting));
    }
    println!("cargo:rustc-env=HEAPBENCH_COMPILER={}", compiler());
    println!("cargo:rustc-env=HEAPBENCH_BUILD={}", build());
}

/// The commit, with `+` behind it when the tree was changed; `None` outside a checkout.
fn commit() -> Option<String> {
    let head = output("git", &["rev-parse", "--short=12", "HEAD"])?;
    let changed = output("git", &["status", "--porcelain", "--untracked-files=no"])?;
    Some(if changed.is_empty() { head } else { head + "+" })
}

/// Settings of the measuring profile that a variable can overrule. The others are those of the commit.
const SETTINGS: [&str; 5] = ["LTO", "CODEGEN_UNITS", "DEBUG", "PANIC", "OPT_LEVEL"];

fn variable(setting: &str) -> String {
    format!("CARGO_PROFILE_RELEASE_{setting}")
}

fn compiler() -> String {
    output(&var("RUSTC").unwrap_or_default(), &["--version"]).unwrap_or_default()
}

/// Target, profile, what was overruled of it, and flags.
fn build() -> String {
    let of = |key: &str| var(key).unwrap_or_default();
    let flags = of("CARGO_ENCODED_RUSTFLAGS").replace('\u{1f}', " ");
    let mut words = vec![of("TARGET"), of("PROFILE"), format!("opt-level={}", of("OPT_LEVEL"))];
    let overruled = SETTINGS.iter().filter_map(|setting| {
        let value = var(variable(setting)).ok()?;
        Some(format!("{}={value}", setting.to_lowercase().replace('_', "-")))
    });
    words.extend(overruled);
    words.push(flags);
    words.join(" ").trim().to_string()
}

fn output(program: &str, arguments: &[&str]) -> Option<String> {
    let output =
        Command::new(program).args(arguments).output().ok().filter(|output| output.status.success())?;
    Some(String::from_utf8_lossy(&output.stdout).trim().to_string())
}
