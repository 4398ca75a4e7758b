//! Rust as tokens, so that words in comments and strings are not taken for code.

use crate::tree::File;
use proc_macro2::{Delimiter, TokenStream, TokenTree};

/// A token; an opening or closing delimiter is one too.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Token {
    /// As written; one character for punctuation.
    pub(crate) text: String,
    /// From 1.
    pub(crate) line: usize,
}

/// The tokens of a file.
///
/// # Errors
/// The file is not Rust: one violation.
pub(crate) fn tokens(file: &File) -> Result<Vec<Token>, String> {
    let stream: TokenStream = file.text.parse().map_err(|error: proc_macro2::LexError| {
        let line = error.span().start().line;
        format!("{}:{line}: {error}, expected the tokens of Rust", file.path)
    })?;
    let mut flat = Vec::new();
    flatten(stream, &mut flat);
    Ok(flat)
}

/// Recursive, as deep as the delimiters of a source file.
fn flatten(stream: TokenStream, flat: &mut Vec<Token>) {
    for token in stream {
        let TokenTree::Group(group) = token else {
            flat.push(Token { text: token.to_string(), line: token.span().start().line });
            continue;
        };
        let (open, close) = match group.delimiter() {
            Delimiter::Brace => ("{", "}"),
            Delimiter::Bracket => ("[", "]"),
            Delimiter::Parenthesis => ("(", ")"),
            Delimiter::None => ("", ""),
        };
        flat.push(Token { text: open.to_string(), line: group.span_open().start().line });
        flatten(group.stream(), flat);
        flat.push(Token { text: close.to_string(), line: group.span_close().start().line });
    }
}

/// The text of the token at this place; empty behind the end.
pub(crate) fn at(tokens: &[Token], place: usize) -> &str {
    tokens.get(place).map_or("", |token| token.text.as_str())
}

/// The place of the delimiter that closes the one at `open`.
pub(crate) fn closing(tokens: &[Token], open: usize) -> usize {
    let mut depth = 0_usize;
    for (place, token) in tokens.iter().enumerate().skip(open) {
        match token.text.as_str() {
            "{" | "[" | "(" => depth += 1,
            "}" | "]" | ")" => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth == 0 {
            return place;
        }
    }
    tokens.len().saturating_sub(1)
}

#[test]
fn comments_and_strings_are_not_code() {
    let source = "// unsafe\nfn f() {\n  g(\"unsafe\"); /* unsafe */\n}\n";
    let file = File { path: "a.rs".into(), text: source.into() };
    let found = tokens(&file).unwrap();
    assert!(!found.iter().any(|token| token.text == "unsafe"));
    assert_eq!(found.last(), Some(&Token { text: "}".into(), line: 4 }));
    assert_eq!(closing(&found, 4), found.len() - 1);
    assert!(tokens(&File { path: "a.rs".into(), text: "fn f( {".into() }).unwrap_err().starts_with("a.rs:1"));
}
