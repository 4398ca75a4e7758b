//! `heapbench tables`: brings the tables in documents up to date.
//!
//! A part of a document that begins with `<!-- BEGIN name: heapbench VERB … --markdown -->` and ends with
//! `<!-- END name -->` is what that command prints, where VERB is summary, compare or rank. Parts of other commands are
//! left alone: what a run took minutes for is not made anew here.

use super::{compare, rank, summary};
use crate::output::say;
use crate::trouble::Trouble;
use clap::Parser;
use std::path::{Path, PathBuf};

/// Which documents.
#[derive(clap::Args, Clone, Debug)]
pub struct TablesArguments {
    /// Documents in Markdown; paths in their commands are from the current folder
    #[arg(required = true, value_name = "FILE.md")]
    pub documents: Vec<PathBuf>,
    /// Write nothing; exit status 1 says that a table is not what its command prints
    #[arg(long)]
    pub check: bool,
}

/// The commands whose tables can be made from results at once.
#[derive(Parser, Debug)]
#[command(name = "heapbench", no_binary_name = true)]
enum TableCommand {
    Summary(summary::SummaryArguments),
    Compare(compare::CompareArguments),
    Rank(rank::RankArguments),
}

/// Writes the tables anew, or checks them; true when all were, or are, as they must be.
///
/// # Errors
/// A document that cannot be read or written, a part without its end, a command that cannot be carried out.
pub fn run(arguments: &TablesArguments) -> Result<bool, Trouble> {
    let mut well = true;
    for path in &arguments.documents {
        let refused = |error| Trouble::request(format!("{}: {error}", path.display()));
        let document = std::fs::read_to_string(path).map_err(refused)?;
        let spliced = spliced(path, &document)?;
        if spliced.parts == 0 {
            say(format_args!("{}: no table that summary, compare or rank --markdown makes", path.display()));
        }
        for name in &spliced.changed {
            let what = if arguments.check { "is not what its command prints" } else { "written anew" };
            say(format_args!("{}: {name}: {what}", path.display()));
        }
        if spliced.changed.is_empty() {
            continue;
        }
        match arguments.check {
            true => well = false,
            false => std::fs::write(path, spliced.text).map_err(refused)?,
        }
    }
    Ok(well)
}

/// A document with its tables made anew.
struct Spliced {
    text: String,
    /// How many tables are made here.
    parts: usize,
    /// The names of those that were not so before.
    changed: Vec<String>,
}

fn spliced(path: &Path, document: &str) -> Result<Spliced, Trouble> {
    let mut made = Spliced { text: String::new(), parts: 0, changed: Vec::new() };
    let mut lines = document.split_inclusive('\n').enumerate();
    while let Some((number, line)) = lines.next() {
        made.text += line;
        let place = || format!("{}:{}", path.display(), number + 1);
        let Some((name, command)) = table_command(line, &place)? else { continue };
        let end = format!("<!-- END {name} -->");
        let mut old = String::new();
        let closing = loop {
            match lines.next() {
                Some((_, line)) if line.trim() == end => break line,
                Some((_, line)) => old += line,
                None => {
                    let what = format!("{}: BEGIN {name} without its end, expected {end}", place());
                    return Err(Trouble::request(what));
                }
            }
        };
        let text = match &command {
            TableCommand::Summary(arguments) => summary::text(arguments),
            TableCommand::Compare(arguments) => compare::text(arguments),
            TableCommand::Rank(arguments) => rank::text(arguments),
        };
        let new =
            format!("\n{}\n\n", text.map_err(|trouble| Trouble::request(format!("{}: {trouble}", place())))?);
        made.parts += 1;
        if new != old {
            made.changed.push(name);
        }
        made.text = made.text + &new + closing;
    }
    Ok(made)
}

/// The name and command of a line that begins a table of ours.
fn table_command(line: &str, place: &dyn Fn() -> String) -> Result<Option<(String, TableCommand)>, Trouble> {
    let mark = line.trim().strip_prefix("<!-- BEGIN ").and_then(|mark| mark.strip_suffix("-->"));
    let Some((name, command)) = mark.and_then(|mark| mark.split_once(':')) else { return Ok(None) };
    // As typed in a shell: a glob may stand in quotes.
    let words: Vec<&str> = command.split_whitespace().map(|word| word.trim_matches('\'')).collect();
    let words = match &*words {
        ["heapbench", words @ ..] | ["cargo", "run", "--release", "--", words @ ..] => words,
        _ => return Ok(None),
    };
    if !matches!(words.first(), Some(&("summary" | "compare" | "rank"))) || !words.contains(&"--markdown") {
        return Ok(None);
    }
    match TableCommand::try_parse_from(words) {
        Ok(command) => Ok(Some((name.trim().to_string(), command))),
        Err(error) => {
            let error = error.to_string();
            let fault = error.lines().next().unwrap_or_default().trim_start_matches("error: ");
            Err(Trouble::request(format!("{}: {fault}", place())))
        }
    }
}
