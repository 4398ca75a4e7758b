//! The columns of the record are described once, in its source; `results/README.md` has the same words. To write them
//! there anew: `HEAPBENCH_WRITE=1 cargo test -p heapbench-tidy`.

use crate::tokens::{Token, at, closing, tokens};
use crate::tree::{File, Tree, root};
use std::fmt::Write;

const SOURCE: &str = "crates/results/src/";
const README: &str = "results/README.md";
const BEGIN: &str = "<!-- BEGIN columns: HEAPBENCH_WRITE=1 cargo test -p heapbench-tidy -->\n";
const END: &str = "<!-- END columns -->";

/// The types of the record, in the order of the document: the file or column where each is found.
const TYPES: [(&str, &str); 20] = [
    ("Record", "`cells.jsonl`, a line for each cell"),
    ("Status", "`status` of a cell"),
    ("Pauses", "`pauses` of a cell"),
    ("RawPause", "one of the `raw` pauses of a cell"),
    ("CellFootprint", "`footprint` of a cell"),
    ("Sample", "one of the `samples` of a cell"),
    ("Drained", "one of `drained` of a cell"),
    ("Floating", "`floating` of a cell"),
    ("FloatingSample", "one of the samples of `floating`"),
    ("Latency", "`latency` of a cell"),
    ("Stalls", "`stalls` of a cell"),
    ("Layout", "`layout` of a cell"),
    ("Injected", "`injected` into a cell"),
    ("RunInfo", "`runs.jsonl` (`RunInfo`), a line for each run"),
    ("Finding", "one of the findings of `doctor` of a run"),
    ("Verdict", "`verdict` of a finding"),
    ("Harmed", "one of the numbers that a finding `harms`"),
    ("Prefork", "`prefork.jsonl` (`Prefork`), a line for each strategy and workload that forked"),
    ("Forked", "one of the `children` of a fork"),
    ("Action", "`action` of a child"),
];

/// A field or variant, as its source has it.
#[derive(Debug, PartialEq)]
struct Column {
    name: String,
    kind: String,
    meaning: String,
}

/// The tables, from the sources of the record.
fn tables<'a>(files: impl IntoIterator<Item = &'a File>) -> Result<String, String> {
    let tokens = files.into_iter().map(tokens).collect::<Result<Vec<_>, _>>()?;
    let mut text = String::new();
    for (name, place) in TYPES {
        let columns = tokens.iter().find_map(|tokens| columns(tokens, name));
        let columns = columns.ok_or_else(|| format!("{SOURCE}: {name} is gone, expected the type"))?;
        write!(text, "\n### {place}\n\n| key | value | meaning |\n|---|---|---|\n")
            .expect("a String takes all text");
        for Column { name, kind, meaning } in columns {
            writeln!(text, "| `{name}` | {} | {meaning} |", value(&kind)?).expect("a String takes all text");
        }
    }
    Ok(text + "\n")
}

/// The fields or variants of a type.
fn columns(tokens: &[Token], name: &str) -> Option<Vec<Column>> {
    let is_type = |place: &usize| {
        ["struct", "enum"].contains(&at(tokens, *place))
            && at(tokens, place + 1) == name
            && at(tokens, place + 2) == "{"
    };
    let start = (0..tokens.len()).find(is_type)?;
    let end = closing(tokens, start + 2);
    let mut place = start + 3;
    let mut columns = Vec::new();
    while place < end {
        let mut lines = Vec::new();
        while at(tokens, place) == "#" {
            if at(tokens, place + 2) == "doc" {
                lines.push(unquoted(at(tokens, place + 4)));
            }
            place = closing(tokens, place + 1) + 1;
        }
        let behind = comma(tokens, place, end);
        let words: Vec<&str> = (place..behind).map(|place| at(tokens, place)).collect();
        let field = words.iter().position(|word| *word == ":");
        let (name, kind) = match field {
            Some(colon) => (words[colon - 1].to_string(), words[colon + 1..].concat()),
            None => (kebab_case(words.first().copied().unwrap_or_default()), "variant".to_string()),
        };
        columns.push(Column { name, kind, meaning: lines.join(" ").replace("[`", "`").replace("`]", "`") });
        place = behind + 1;
    }
    Some(columns)
}

/// The comma behind a field: one that stands in no angle brackets.
fn comma(tokens: &[Token], mut place: usize, end: usize) -> usize {
    let mut depth = 0_i32;
    while place < end {
        match at(tokens, place) {
            "<" => depth += 1,
            ">" => depth -= 1,
            "," if depth == 0 => return place,
            "[" | "(" | "{" => place = closing(tokens, place),
            _ => {}
        }
        place += 1;
    }
    end
}

/// The text of a line of documentation, as the literal that it is to the compiler.
fn unquoted(literal: &str) -> String {
    let text = literal.trim_start_matches('r').trim_matches('#');
    let text = text.strip_prefix('"').and_then(|text| text.strip_suffix('"')).unwrap_or(text);
    text.replace("\\\"", "\"").replace("\\'", "'").trim().to_string()
}

/// How a variant is written in the record.
fn kebab_case(name: &str) -> String {
    let hyphen = |(place, c): (usize, char)| {
        if c.is_uppercase() && place > 0 { format!("-{c}") } else { c.to_string() }
    };
    name.chars().enumerate().map(hyphen).collect::<String>().to_lowercase()
}

/// What a type is in JSON.
fn value(kind: &str) -> Result<&'static str, String> {
    match kind {
        "u32" | "u64" => Ok("integer"),
        "Option<u32>" | "Option<u64>" => Ok("integer, null or left out"),
        "f64" => Ok("number"),
        "Option<f64>" => Ok("number, null or left out"),
        "bool" => Ok("true or false"),
        "String" | "Status" | "Verdict" | "Action" | "char" => Ok("text"),
        "variant" => Ok("text"),
        "[u64;3]" => Ok("three integers"),
        "Vec<u64>" => Ok("list of integers"),
        "Vec<String>" | "Vec<Harmed>" => Ok("list of texts"),
        "Vec<Sample>" | "Vec<RawPause>" | "Vec<Drained>" | "Vec<FloatingSample>" => Ok("list, see below"),
        "Vec<Finding>" | "Vec<Forked>" => Ok("list, see below"),
        "Pauses" | "CellFootprint" | "Stalls" | "Layout" | "Injected" => Ok("see below"),
        "Option<Floating>" | "Option<Latency>" => Ok("see below, null or left out"),
        "BTreeMap<u32,String>" => Ok("object of texts"),
        "BTreeMap<String,u64>" => Ok("object of integers"),
        "BTreeMap<String,serde_json::Value>" => Ok("object"),
        _ => Err(format!("{SOURCE}: no word for {kind} in JSON, expected one in the table of crates/tidy")),
    }
}

/// The document with these tables between its markers.
fn spliced(document: &str, tables: &str) -> Option<String> {
    let (before, rest) = document.split_once(BEGIN)?;
    let (_, after) = rest.split_once(END)?;
    Some(format!("{before}{BEGIN}{tables}{END}{after}"))
}

#[test]
fn the_document_has_the_columns_of_the_record() {
    let tree = Tree::sources();
    let sources = tree.files.iter().filter(|file| file.path.starts_with(SOURCE));
    let document = tree.text(README).expect("results are described");
    let expected = spliced(document, &tables(sources).unwrap()).expect("the document has the markers");
    if std::env::var_os("HEAPBENCH_WRITE").is_some() {
        std::fs::write(root().join(README), expected).unwrap();
    } else {
        assert!(document == expected, "{README} is not what {SOURCE} says, expected:\n{expected}");
    }
}

#[test]
fn planted_changes_of_the_record_are_found() {
    let source = |fields: &str| {
        let others = "pub enum Status { /// All \"well\".\n Ok, /// None left.\n OutOfMemory } struct Pauses {} \
            struct RawPause {} struct CellFootprint {} struct Sample {} struct Drained {} struct Floating {} \
            struct FloatingSample {} struct Latency {} struct Stalls {} struct Layout {} struct Injected {} \
            struct RunInfo {} struct Finding {} enum Verdict {} enum Harmed {} struct Prefork {} struct Forked {} \
            enum Action {}";
        File {
            path: format!("{SOURCE}record.rs"),
            text: format!("pub struct Record {{ {fields} }} {others}"),
        }
    };
    let one = "/// See [`SCHEMA`],\n/// and more.\n#[serde(default)]\npub a: BTreeMap<String, u64>, /// B.\n pub b: [u64; 3],";
    let made = tables([&source(one)]).unwrap();
    assert!(
        made.contains(
            "| `a` | object of integers | See `SCHEMA`, and more. |\n| `b` | three integers | B. |\n"
        )
    );
    assert!(made.contains("| `ok` | text | All \"well\". |\n| `out-of-memory` | text | None left. |\n"));
    let document = format!("# Results\n{BEGIN}{made}{END}\nMore.\n");
    assert_eq!(spliced(&document, &made).as_ref(), Some(&document));
    for changed in
        [one.replace("B.", "C."), one.replace("pub b", "pub c"), format!("{one} /// C.\n pub c: u32,")]
    {
        assert_ne!(spliced(&document, &tables([&source(&changed)]).unwrap()).as_ref(), Some(&document));
    }
    assert!(tables([&source("pub a: Mutex<u8>")]).unwrap_err().contains("Mutex<u8>"));
    assert!(
        tables([&File { path: SOURCE.into(), text: String::new() }]).unwrap_err().contains("Record is gone")
    );
    assert_eq!(spliced("# Results\n", &made), None);
}
