//! Documents name what exists: paths in backticks, and links to files. Generated parts stand between markers that say
//! which command made them:
//!
//! ```text
//! <!-- BEGIN table: cargo run --release -- summary results/reference -->
//! …
//! <!-- END table -->
//! ```

use crate::tree::{File, Tree, is_made};
use crate::{expect_none, expect_one};
use globset::GlobBuilder;
use pulldown_cmark::{Event, Parser, Tag};

/// What makes a word without a slash the name of a file.
const EXTENSIONS: [&str; 6] = [".md", ".rs", ".toml", ".py", ".typ", ".lock"];

/// How a command begins that can be typed to make a part anew.
const COMMANDS: [&str; 4] = ["cargo ", "heapbench ", "scripts/", "HEAPBENCH_"];

fn documents(tree: &Tree) -> impl Iterator<Item = &File> {
    tree.files_in("", ".md")
}

fn path_violations(tree: &Tree) -> Vec<String> {
    documents(tree).flat_map(|file| named_paths(tree, file)).collect()
}

fn named_paths(tree: &Tree, file: &File) -> Vec<String> {
    let folder = file.path.rsplit_once('/').map_or("", |(folder, _)| folder);
    let mut found = Vec::new();
    for (event, range) in Parser::new(&file.text).into_offset_iter() {
        let missing = match &event {
            Event::Code(text) => is_path(tree, text) && !is_there(tree, text),
            Event::Start(Tag::Link { dest_url: link, .. } | Tag::Image { dest_url: link, .. }) => {
                !resolves(tree, folder, link)
            }
            _ => false,
        };
        if missing {
            let line = file.text[..range.start].matches('\n').count() + 1;
            let text = file.text[range].replace('\n', " ");
            found.push(format!("{}:{line}: {text} names nothing, expected a file or folder", file.path));
        }
    }
    found
}

/// Whether text in backticks is meant as a path: it starts at a folder of the root, or ends like a file's name.
/// A word
/// in capitals stands for a name of the reader's choice; what builds and runs make is not looked for.
fn is_path(tree: &Tree, text: &str) -> bool {
    let is_word = |c: char| c.is_ascii_alphanumeric() || "/._-*".contains(c);
    let stands_for_another =
        |part: &str| part.chars().any(char::is_alphabetic) && part == part.to_uppercase();
    let is_any = !text.ends_with(".md") && text.split(['/', '.', '-']).any(stands_for_another);
    if !text.chars().all(is_word) || is_made(text) || is_any {
        return false;
    }
    let starts_at_root =
        text.split_once('/').is_some_and(|(first, _)| !first.is_empty() && tree.exists(first));
    starts_at_root || EXTENSIONS.iter().any(|end| text.ends_with(end) && text.len() > end.len())
}

/// Whether a path of the tree is this, or ends in this where it begins at no folder of the root. A crate's name may
/// stand for the folder of its sources: `memory/object.rs`.
fn is_there(tree: &Tree, text: &str) -> bool {
    let text = text.trim_start_matches("./").trim_end_matches('/');
    let pattern = match text.split_once('/') {
        Some((first, _)) if tree.exists(first) => text.to_string(),
        Some((first, rest)) if tree.members().contains(first) => {
            format!("crates/{first}/{{src/{rest},{rest}}}")
        }
        _ => format!("{{{text},**/{text}}}"),
    };
    let Ok(glob) = GlobBuilder::new(&pattern).literal_separator(true).build() else { return false };
    let glob = glob.compile_matcher();
    tree.paths.iter().any(|path| glob.is_match(path))
}

/// Whether a link leads out of the project, within the document, or to a file that is there.
fn resolves(tree: &Tree, folder: &str, link: &str) -> bool {
    let path = link.split('#').next().unwrap_or_default();
    if path.is_empty() || path.contains("://") || path.starts_with("mailto:") {
        return true;
    }
    let mut parts: Vec<&str> = folder.split('/').filter(|part| !part.is_empty()).collect();
    for part in path.trim_end_matches('/').split('/') {
        match part {
            "." => {}
            ".." if parts.pop().is_none() => return false,
            ".." => {}
            name => parts.push(name),
        }
    }
    parts.is_empty() || tree.exists(&parts.join("/"))
}

fn marker_violations(tree: &Tree) -> Vec<String> {
    documents(tree).flat_map(marked_parts).collect()
}

fn marked_parts(file: &File) -> Vec<String> {
    let mut found = Vec::new();
    let mut open: Option<(usize, &str, bool)> = None;
    for (number, line) in file.numbered() {
        let mut fault = |at: usize, fault: &str| found.push(format!("{}:{at}: {fault}", file.path));
        if let Some(mark) = line.trim().strip_prefix("<!-- BEGIN ") {
            let mark = mark.trim_end_matches("-->").trim();
            let (name, command) = mark.split_once(':').unwrap_or((mark, ""));
            if !COMMANDS.iter().any(|start| command.trim().starts_with(start)) {
                fault(number, "a marker without its command, expected <!-- BEGIN name: command -->");
            }
            if let Some((at, ..)) = open.replace((number, name, false)) {
                fault(at, "BEGIN without END, expected an END with its name");
            }
        } else if let Some(mark) = line.trim().strip_prefix("<!-- END ") {
            match open.take() {
                Some((at, name, filled)) if name == mark.trim_end_matches("-->").trim() => {
                    if !filled {
                        fault(at, "an empty part, expected what the command makes");
                    }
                }
                _ => fault(number, "END without BEGIN, expected a BEGIN with its name"),
            }
        } else if let Some((_, _, filled)) = &mut open {
            *filled |= !line.trim().is_empty();
        }
    }
    found.extend(
        open.map(|(at, ..)| format!("{}:{at}: BEGIN without END, expected an END with its name", file.path)),
    );
    found
}

#[test]
fn what_documents_name_exists() {
    expect_none(&path_violations(&Tree::sources()));
}

#[test]
fn generated_parts_are_filled_and_name_their_command() {
    expect_none(&marker_violations(&Tree::sources()));
}

#[test]
fn planted_paths_to_nothing_are_found() {
    let planted = |text: &str| {
        let files = [
            ("docs/a.md", text),
            ("crates/heap/src/local.rs", ""),
            ("results/README.md", ""),
            ("LICENSE", ""),
        ];
        path_violations(&Tree::of(&files))
    };
    expect_one(&planted("\nSee `crates/heap/src/gone.rs`."), &["docs/a.md:2", "gone.rs"]);
    expect_one(&planted("`gone.rs`"), &["gone.rs"]);
    expect_one(&planted("`GONE.md`"), &["GONE.md"]);
    expect_one(&planted("`crates/gone-*`"), &["gone-*"]);
    expect_one(&planted("`heap/gone.rs`"), &["heap/gone.rs"]);
    expect_one(&planted("[a](gone.md)"), &["gone.md"]);
    expect_one(&planted("![a](../gone.svg)"), &["gone.svg"]);
    expect_one(&planted("[a](../../LICENSE)"), &["LICENSE"]);
    expect_none(&planted(
        "`crates/heap`, `crates/heap/`, `local.rs`, `heap/local.rs`, `crates/*/src/local.rs`",
    ));
    expect_none(&planted("[a](../LICENSE) [b](#c) [c](https://example.org/gone.md) [d](a.md#e) [f](..)"));
    expect_none(&planted("`wall_ns/cpu_ns`, `crates/NAME/src`, `results/quick-1`, `a b/c.rs`, `.rs`"));
    expect_none(&planted("```sh\ncat `gone.rs`\n```\n"));
}

#[test]
fn planted_markers_out_of_order_are_found() {
    let planted = |text: &str| marker_violations(&Tree::of(&[("README.md", text)]));
    let (begin, end) = ("<!-- BEGIN table: heapbench summary -->", "<!-- END table -->");
    expect_none(&planted(&format!("{begin}\n| a |\n{end}\n")));
    expect_one(&planted(&format!("{begin}\n\n{end}\n")), &["README.md:1", "empty"]);
    expect_one(&planted("<!-- BEGIN table -->\n| a |\n<!-- END table -->"), &["its command"]);
    expect_one(&planted(&format!("{begin}\n| a |\n")), &["BEGIN without END"]);
    expect_one(&planted(&format!("| a |\n{end}\n")), &["README.md:2", "END without BEGIN"]);
    expect_one(&planted(&format!("{begin}\n| a |\n<!-- END other -->\n")), &["END without BEGIN"]);
}
