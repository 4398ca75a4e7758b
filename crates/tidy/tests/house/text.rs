//! No text names a machine's folders or a registry's hosts, keeps a note to self, or silences a lint without saying
//! why. Documents that workloads read are others' work and are left as they are.

use crate::tree::{File, Tree};
use crate::{expect_none, expect_one};

/// Folders that exist on one machine only.
const MACHINE_FOLDERS: [&str; 4] = ["/root/", "/home/", "/work/", "/Users/"];

/// Where packages come from is a matter of the machine that builds.
const REGISTRIES: [&str; 10] = [
    "index.crates.io",
    "static.crates.io",
    "registry.npmjs.org",
    "files.pythonhosted.org",
    "pypi.org/simple",
    "proxy.golang.org",
    "--index-url",
    "--registry",
    "replace-with",
    "CARGO_REGISTRIES",
];

/// Notes to self.
const NOTES: [&str; 3] = ["TODO", "FIXME", "XXX"];

/// The one file that must name all these.
const SELF: &str = "crates/tidy/tests/house/text.rs";

fn violations(tree: &Tree) -> Vec<String> {
    let ours = |file: &&File| {
        let is_input = file.path.starts_with("workloads/inputs/") && !file.path.ends_with(".md");
        file.path != SELF && !is_input
    };
    let mut found: Vec<String> = tree.files.iter().filter(ours).flat_map(in_file).collect();
    found.extend(tree.rust().filter(ours).flat_map(silenced));
    found.extend(tree.text("Cargo.lock").map(sources).unwrap_or_default());
    found
}

fn in_file(file: &File) -> Vec<String> {
    let mut found = Vec::new();
    for (number, line) in file.numbered() {
        let folder = MACHINE_FOLDERS.iter().find(|folder| starts_path(line, folder));
        let host = REGISTRIES.iter().find(|host| line.contains(**host));
        let note = NOTES.iter().find(|note| has_word(line, note));
        let faults = [
            folder.map(|folder| format!("{folder}… is one machine's folder, expected a path in the project")),
            host.map(|host| format!("{host}: expected no word of a registry")),
            odd_host(line).map(|host| format!("'{host}': expected the name of a public host")),
            note.map(|note| format!("{note}: expected the work done, or said in the documents")),
        ];
        found.extend(faults.into_iter().flatten().map(|fault| format!("{}:{number}: {fault}", file.path)));
    }
    found
}

/// Whether a path in the line begins with this.
fn starts_path(line: &str, folder: &str) -> bool {
    line.match_indices(folder).any(|(start, _)| {
        !line[..start].ends_with(|before: char| before.is_alphanumeric() || "._-*>})]".contains(before))
    })
}

fn has_word(line: &str, word: &str) -> bool {
    let is_part = |c: char| c.is_alphanumeric() || c == '_';
    line.match_indices(word).any(|(start, _)| {
        !line[..start].ends_with(is_part) && !line[start + word.len()..].starts_with(is_part)
    })
}

/// The host of a link that has a port, a password or no dot: a machine or a network of one's own.
fn odd_host(line: &str) -> Option<&str> {
    let hosts = line.match_indices("://").filter(|(start, _)| line[..*start].ends_with(['p', 's']));
    let hosts = hosts.filter_map(|(start, link)| {
        let is_host = |c: char| c.is_ascii_alphanumeric() || ".-:@_".contains(c);
        line[start + link.len()..].split(|c| !is_host(c)).next().filter(|host| !host.is_empty())
    });
    let is_odd = |host: &&str| {
        let name = host.trim_end_matches([':', '.']);
        let is_address = name.chars().all(|c| c.is_ascii_digit() || c == '.');
        name.contains([':', '@']) || !name.contains('.') || is_address || name.ends_with(".internal")
    };
    hosts.into_iter().find(is_odd)
}

/// Attributes that silence a lint; the compiler refuses them only where the workspace's lints hold.
fn silenced(file: &File) -> Vec<String> {
    let mut found = Vec::new();
    for word in ["#[allow(", "#![allow(", "#[expect(", "#![expect("] {
        for (start, _) in file.text.match_indices(word) {
            let before = &file.text[..start];
            let attribute = file.text[start..].split(']').next().unwrap_or_default();
            // In code an attribute begins its line; elsewhere it is talked about.
            let begins = before.rsplit('\n').next().is_some_and(|indent| indent.trim().is_empty());
            if begins && !attribute.contains("reason = ") {
                let line = before.matches('\n').count() + 1;
                found.push(format!("{}:{line}: {word}…, expected with a reason", file.path));
            }
        }
    }
    found
}

/// Every package comes from the public index.
fn sources(lock: &str) -> Vec<String> {
    const INDEX: &str = "source = \"registry+https://github.com/rust-lang/crates.io-index\"";
    let lines = lock.lines().enumerate().filter(|(_, line)| line.starts_with("source = ") && *line != INDEX);
    lines.map(|(index, line)| format!("Cargo.lock:{}: {line}, expected {INDEX}", index + 1)).collect()
}

#[test]
fn text_is_free_of_machines_and_notes() {
    expect_none(&violations(&Tree::sources()));
}

#[test]
fn planted_words_are_found() {
    let planted = |text: &str| violations(&Tree::of(&[("scripts/a", text)]));
    expect_one(&planted("\ncd /root/x"), &["scripts/a:2", "/root/"]);
    expect_one(&planted("see \"/work/main\""), &["/work/"]);
    expect_one(&planted("pip install --index-url x"), &["--index-url"]);
    expect_one(&planted("curl http://10.0.0.1/x"), &["10.0.0.1"]);
    expect_one(&planted("curl http://mirror:8080/x"), &["mirror:8080"]);
    expect_one(&planted("git clone https://me:word@example.org/x"), &["me:word@example.org"]);
    expect_one(&planted("# TODO later"), &["TODO"]);
    expect_none(&planted(
        "mktemp -d a.XXXXXX; ls crates/work/a https://example.org/home/a; https://doc.rust-lang.org.",
    ));
}

#[test]
fn planted_silence_and_sources_are_found() {
    let planted = |path: &str, text: &str| violations(&Tree::of(&[(path, text)]));
    let file = "crates/heap/src/a.rs";
    expect_one(&planted(file, "\n#[allow(dead_code)]\nfn f() {}"), &["a.rs:2", "reason"]);
    expect_one(&planted(file, "    #![expect(\n dead_code)]"), &["a.rs:1", "reason"]);
    expect_none(&planted(file, "#[allow(\n dead_code,\n reason = \"tests\")]\n/// `#[allow(x)]`\nfn f() {}"));
    expect_one(&planted("Cargo.lock", "source = \"registry+https://example.org/index\""), &["Cargo.lock:1"]);
    expect_none(&planted("workloads/inputs/a.json", "\"/home/a\""));
}
