//! A word index over a real text: built document by document, searched, and merged without what was removed.
//!
//! ```python
//! def build(documents):                              def documents_with(index, word):
//!     index = {}                                         found = set()
//!     for number in range(len(documents)):               if word in index:
//!         position = number << PLACES                        for position in index[word]:
//!         for word in documents[number].split():                 found.add(position >> PLACES)
//!             if word in index:                          return found
//!                 index[word].append(position)
//!             else:                                  def search(index, first, second):
//!                 index[word] = [position]               found = documents_with(index, first)
//!             position += 1                              return found & documents_with(index, second)
//! ```
//! Then `merge` makes a new index without the documents in a set of removed ones. The twin is
//! `workloads/python/text_index.py`.

mod merge;
mod search;

use crate::checksum::Checksum;
use crate::error::WorkloadError;
use crate::parameters::Reader;
use crate::prepared::{Outcome, Program};
use crate::random;
use heapbench_heap::{Heap, Introspect, OutOfMemory, Recorder};
use heapbench_objects::{Statics, dict, iterator, list};
use rand::RngExt;
use std::collections::HashMap;

/// The text that is read unless another is given.
const TEXT: &str = include_str!("../../../../workloads/inputs/python-topics.txt");

/// A position is the number of its document times this power of two, and its place in it.
const PLACES: u32 = 12;

/// Choices are drawn beforehand, this many at most, and used in turn, again and again.
const CHOICES: usize = 1 << 16;

/// The items that `str.split` makes room for before it knows how many there are.
const SPLIT_ROOM: usize = 12;

/// Parameters, text and choices.
#[derive(Debug)]
pub struct TextIndex {
    rounds: u32,
    queries_a_round: u32,
    /// Each different word once.
    vocabulary: Vec<String>,
    /// The documents' words, as numbers in the vocabulary.
    documents: Vec<Vec<u32>>,
    /// Pairs of words.
    queries: Vec<(u32, u32)>,
    /// Whether a merge leaves the document out.
    removed: Vec<bool>,
}

impl TextIndex {
    pub(crate) fn prepare(parameters: Reader<'_>, seed: u64) -> Result<TextIndex, WorkloadError> {
        let rounds = parameters.count("rounds", 1..=1_000_000)?;
        let queries_a_round = parameters.count("queries", 0..=100_000_000)?;
        let removed = parameters.number("removed", 0.0..=1.0)?;
        let file = parameters.text("input")?;
        let read;
        let text = match file.as_str() {
            "" => TEXT,
            path => {
                read = std::fs::read_to_string(path).map_err(|error| WorkloadError::Unreadable {
                    file: file.clone(),
                    message: error.to_string(),
                })?;
                &read
            }
        };
        let (vocabulary, documents) = split(text);
        let words: Vec<u32> = documents.iter().flatten().copied().collect();
        let Ok(count @ 1..) = u32::try_from(words.len()) else {
            return Err(parameters.invalid("input", "a text with at least two words in a paragraph"));
        };
        let mut generator = random::generator(seed);
        let queries = CHOICES.min((u64::from(rounds) * u64::from(queries_a_round)) as usize);
        let mut draw = |_| words[generator.random_range(0..count) as usize];
        let queries = (0..queries).map(|n| (draw(n), draw(n))).collect();
        let removed = documents.iter().map(|_| generator.random_bool(removed)).collect();
        Ok(TextIndex { rounds, queries_a_round, vocabulary, documents, queries, removed })
    }
}

/// The different words of a text, and the words of each of its paragraphs of two words or more.
fn split(text: &str) -> (Vec<String>, Vec<Vec<u32>>) {
    let mut vocabulary = Vec::new();
    let mut numbers = HashMap::new();
    let mut number = |word: &str| {
        *numbers.entry(word.to_ascii_lowercase()).or_insert_with_key(|word| {
            vocabulary.push(word.clone());
            vocabulary.len() as u32 - 1
        })
    };
    let mut documents = vec![Vec::new()];
    for line in text.lines() {
        if line.trim_matches([' ', '\t']).is_empty() {
            documents.push(Vec::new());
        }
        let words = line.split(|c: char| !c.is_ascii_alphabetic()).filter(|word| !word.is_empty());
        documents.last_mut().expect("there is one from the start").extend(words.map(&mut number));
    }
    documents.retain(|words| words.len() >= 2);
    documents.iter_mut().for_each(|words| words.truncate(1 << PLACES));
    (vocabulary, documents)
}

/// Locals of `run`: arguments and results of its calls.
mod main {
    use heapbench_heap::Local;
    pub(super) const INDEX: Local = Local::new(0);
    pub(super) const ARGUMENT: Local = Local::new(1);
    pub(super) const COUNT: usize = 2;
}

impl Program for TextIndex {
    fn run<H: Heap + Introspect>(&self, heap: &mut H) -> Result<Outcome, OutOfMemory> {
        use main::{ARGUMENT, INDEX};
        let frame = heap.enter(0, main::COUNT)?;
        let statics = Statics::new(heap, INDEX)?;
        let mut checksum = Checksum::default();
        let first_half = self.queries_a_round / 2;
        for round in 0..self.rounds {
            self.build(heap, &statics)?;
            if round == 0 {
                H::Recorder::at_most(heap);
            }
            let start = round as usize * self.queries_a_round as usize;
            let middle = start + first_half as usize;
            heap.copy(ARGUMENT, INDEX);
            self.answer(heap, &statics, start..middle, &mut checksum)?;
            merge::removed_documents(heap, &statics, &self.removed)?;
            merge::merge(heap, &statics)?;
            let end = start + self.queries_a_round as usize;
            heap.copy(ARGUMENT, INDEX);
            self.answer(heap, &statics, middle..end, &mut checksum)?;
            checksum.add(dict::len(heap, INDEX) as u64);
            heap.safepoint();
        }
        heap.leave(frame);
        let operations = self.documents.len() as u64 + u64::from(self.queries_a_round);
        Ok(Outcome { checksum: checksum.value(), operations: u64::from(self.rounds) * operations })
    }
}

/// Locals of `build`, behind what its caller's two hold meanwhile.
mod building {
    use heapbench_heap::Local;
    pub(super) const INDEX: Local = Local::new(2);
    pub(super) const WORDS: Local = Local::new(3);
    pub(super) const ITERATOR: Local = Local::new(4);
    pub(super) const WORD: Local = Local::new(5);
    pub(super) const POSITION: Local = Local::new(6);
    pub(super) const SCRATCH: [Local; 3] = [Local::new(7), Local::new(8), Local::new(9)];
    pub(super) const COUNT: usize = 10;
}

impl TextIndex {
    /// `index = build(documents)`, in the caller's last local but one.
    fn build<H: Heap>(&self, heap: &mut H, statics: &Statics) -> Result<(), OutOfMemory> {
        use building::{COUNT, INDEX, ITERATOR, POSITION, SCRATCH, WORD, WORDS};
        let frame = heap.enter(2, COUNT)?;
        heap.safepoint();
        dict::new(heap, INDEX)?;
        for (number, document) in self.documents.iter().enumerate() {
            let mut position = (number as i128) << PLACES;
            statics.int(heap, POSITION, position)?;
            self.split(heap, statics, document)?;
            heap.safepoint();
            iterator::new_list(heap, ITERATOR, WORDS)?;
            heap.clear(WORDS);
            while iterator::next_list(heap, WORD, ITERATOR, SCRATCH[0]) {
                add_position(heap)?;
                position += 1;
                statics.int(heap, POSITION, position)?;
                heap.safepoint();
            }
            heap.clear(ITERATOR);
            heap.safepoint();
        }
        heap.leave_with(frame, INDEX);
        Ok(())
    }

    /// `WORDS = documents[number].split()`.
    fn split<H: Heap>(&self, heap: &mut H, statics: &Statics, document: &[u32]) -> Result<(), OutOfMemory> {
        use building::{SCRATCH, WORDS};
        let [word, ..] = SCRATCH;
        list::new(heap, WORDS, document.len().min(SPLIT_ROOM) as u32)?;
        for (place, number) in document.iter().enumerate() {
            statics.text(heap, word, &self.vocabulary[*number as usize])?;
            if place < SPLIT_ROOM {
                heap.store_take(WORDS, place, word);
            } else {
                list::append(heap, WORDS, word)?;
            }
        }
        Ok(())
    }
}

/// `index[word].append(position)`, or `index[word] = [position]` for a new word.
fn add_position<H: Heap>(heap: &mut H) -> Result<(), OutOfMemory> {
    use building::{INDEX, POSITION, SCRATCH, WORD};
    let [postings, value, scratch] = SCRATCH;
    heap.copy(value, POSITION);
    if dict::contains(heap, INDEX, WORD, scratch) {
        dict::get(heap, postings, INDEX, WORD, scratch);
        list::append(heap, postings, value)?;
        heap.clear(postings);
        return Ok(());
    }
    list::new(heap, postings, 1)?;
    heap.store_take(postings, 0, value);
    heap.copy(value, WORD);
    dict::insert(heap, INDEX, value, postings, scratch)
}
