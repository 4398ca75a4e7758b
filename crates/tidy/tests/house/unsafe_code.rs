//! `unsafe` is only in `memory` and the strategies; every other crate forbids it. Every block and `impl` has a
//! `SAFETY:` comment above it, every function and trait a `# Safety` section; methods of a trait have the trait's.

use crate::tokens::{Token, at, closing, tokens};
use crate::tree::{File, Tree};
use crate::{expect_none, expect_one};

/// How far above, in lines, a comment may begin that speaks of a block.
const REACH: usize = 8;

const FORBID: &str = "#![forbid(unsafe_code)]";

fn may_be_unsafe(member: &str) -> bool {
    member == "memory" || member.starts_with("strategy-")
}

fn violations(tree: &Tree) -> Vec<String> {
    let mut found: Vec<String> = tree.rust().flat_map(in_file).collect();
    let roots = tree.rust().filter(|file| is_root(&file.path) && !file.member().is_some_and(may_be_unsafe));
    let silent = roots.filter(|file| !file.text.lines().any(|line| line == FORBID));
    found.extend(
        silent.map(|file| format!("{}: no {FORBID}, expected in every root of this crate", file.path)),
    );
    found
}

/// Whether a crate of its own begins in the file.
fn is_root(path: &str) -> bool {
    path.ends_with("/src/lib.rs") || path.ends_with("/src/main.rs") || path.contains("/src/bin/")
}

fn in_file(file: &File) -> Vec<String> {
    let tokens = match tokens(file) {
        Ok(tokens) => tokens,
        Err(violation) => return vec![violation],
    };
    let trait_impls = trait_impls(&tokens);
    let lines: Vec<&str> = file.text.lines().collect();
    let mut found = Vec::new();
    for (place, token) in tokens.iter().enumerate().filter(|(_, token)| token.text == "unsafe") {
        let inherits = trait_impls.iter().any(|body| body.contains(&place));
        let fault = if file.member().is_some_and(may_be_unsafe) {
            fault(&tokens, place, inherits, &lines)
        } else {
            Some("unsafe, expected only in memory and strategy-*")
        };
        found.extend(fault.map(|fault| format!("{}:{}: {fault}", file.path, token.line)));
    }
    found
}

/// What is missing beside the `unsafe` at this place.
fn fault(tokens: &[Token], place: usize, inherits: bool, lines: &[&str]) -> Option<&'static str> {
    let line = tokens[place].line;
    let mut next = place + 1;
    // `unsafe extern "C" fn`, `unsafe extern "C" {`
    while at(tokens, next) == "extern" || at(tokens, next).starts_with('"') {
        next += 1;
    }
    match at(tokens, next) {
        // A type: a pointer to an unsafe function.
        "fn" if at(tokens, next + 1) == "(" => None,
        "fn" if inherits => None,
        "fn" | "trait" if is_documented(lines, line) => None,
        "fn" | "trait" => Some("an unsafe fn or trait, expected a '# Safety' section above it"),
        _ if is_argued(lines, line) => None,
        _ => Some("unsafe, expected a 'SAFETY:' comment within the lines above it"),
    }
}

fn is_argued(lines: &[&str], line: usize) -> bool {
    lines[line.saturating_sub(1 + REACH)..line].iter().any(|text| text.contains("// SAFETY: "))
}

/// Whether the comments and attributes right above the line have a section on safety.
fn is_documented(lines: &[&str], line: usize) -> bool {
    let above = lines[..line - 1].iter().rev().map(|text| text.trim_start());
    above
        .take_while(|text| text.starts_with("//") || text.starts_with('#'))
        .any(|text| text == "/// # Safety")
}

/// The bodies of `impl Trait for Type`, as ranges of places.
fn trait_impls(tokens: &[Token]) -> Vec<std::ops::Range<usize>> {
    let mut bodies = Vec::new();
    for place in 0..tokens.len() {
        let is_item = place == 0 || ["}", "{", ";", "]", "unsafe"].contains(&at(tokens, place - 1));
        if at(tokens, place) != "impl" || !is_item {
            continue;
        }
        let open = (place..tokens.len()).find(|place| at(tokens, *place) == "{").unwrap_or(tokens.len());
        if (place..open).any(|place| at(tokens, place) == "for" && at(tokens, place + 1) != "<") {
            bodies.push(open..closing(tokens, open));
        }
    }
    bodies
}

#[test]
fn unsafe_code_is_where_it_may_be_and_is_argued() {
    expect_none(&violations(&Tree::sources()));
}

#[test]
fn planted_unsafe_code_is_found() {
    let planted = |text: &str| violations(&Tree::of(&[("crates/memory/src/a.rs", text)]));
    expect_one(&planted("fn f() {\n unsafe { g() }\n}"), &["a.rs:2", "SAFETY:"]);
    expect_one(&planted("unsafe impl Send for A {}"), &["a.rs:1", "SAFETY:"]);
    expect_one(&planted("unsafe extern \"C\" {\n fn g();\n}"), &["SAFETY:"]);
    expect_one(&planted("/// Frees.\nunsafe fn f() {}"), &["a.rs:2", "# Safety"]);
    expect_one(&planted("impl A {\n unsafe extern \"C\" fn f() {}\n}"), &["# Safety"]);
    expect_one(&planted("unsafe trait A {}"), &["# Safety"]);
    let far = format!("// SAFETY: far.\n{}fn f() {{ unsafe {{ g() }} }}", "\n".repeat(REACH));
    expect_one(&planted(&far), &["SAFETY:"]);

    expect_none(&planted("fn f() {\n // SAFETY: g is pure.\n unsafe { g() }\n}"));
    expect_none(&planted("/// Frees.\n///\n/// # Safety\n/// Once.\n#[inline]\npub unsafe fn f() {}"));
    expect_none(&planted("impl<'a> A for B<'a> {\n unsafe fn f() {}\n}"));
    expect_none(&planted("type A = unsafe extern \"C\" fn(u8);"));
}

#[test]
fn unsafe_code_elsewhere_is_found() {
    let planted = |path: &str, text: &str| violations(&Tree::of(&[(path, text)]));
    let argued = "// SAFETY: none.\nfn f() { unsafe { g() } }";
    expect_one(&planted("crates/model/src/a.rs", argued), &["crates/model/src/a.rs:2", "only in memory"]);
    expect_one(&planted("crates/model/src/lib.rs", "//! Model."), &[FORBID]);
    expect_one(&planted("crates/harness/src/main.rs", "// #![forbid(unsafe_code)]"), &[FORBID]);
    expect_none(&planted("crates/model/src/lib.rs", "//! Model.\n#![forbid(unsafe_code)]\n"));
    expect_none(&planted("crates/strategy-new/src/lib.rs", argued));
}
